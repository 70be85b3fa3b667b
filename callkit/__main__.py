"""`python -m callkit` is `callkit`."""

import sys

from callkit.cli import main

if __name__ == "__main__":
    sys.exit(main())
