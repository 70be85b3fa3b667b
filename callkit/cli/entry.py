"""Which commands there are, and what becomes of their errors."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from callkit.cli.options import fetch_arguments, status_arguments, sync_arguments, traffic_arguments
from callkit.cli.reconcile_options import reconcile_arguments
from callkit.cli.values import port
from callkit.errors import CallkitError

_ABOUT = """\
Fetch voice call detail records (CDRs) from ITNIO Tech and NXCloud, recompute every charge
from the bill periods, and see what was overcharged, by how much and why.

New here? `callkit demo` shows the whole job on a built-in sandbox of both vendors' APIs, no account needed.
Then `callkit lab` opens the notebooks."""

_AFTER = """\
In Python the same takes two lines:
  import callkit as ck
  result = ck.reconcile(ck.ItnioVoice.from_env().fetch("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"))"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Exit code 0: done; 1: it failed, as the message says; 2: wrong arguments; 130: Ctrl-C."""
    arguments = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("always", category=UserWarning)
            warnings.showwarning = _note
            code = run(arguments)
            sys.stdout.flush()
            return code
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # What is buffered still has nobody to go to, and Python would complain about it once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        what = (
            "what reads the output has ended, so this ended, too: files that it did not name are not written"
        )
        print(f"callkit {arguments.command}: {what}", file=sys.stderr)
        return 1
    except (CallkitError, OSError, ValueError) as error:
        print(f"callkit {arguments.command}: {_sentence(error)}", file=sys.stderr)
        return 1


def _sentence(error: Exception) -> str:
    """Say what the system says of a file without its number."""
    if isinstance(error, OSError) and error.strerror and isinstance(error.filename, str):
        missing = isinstance(error, FileNotFoundError)
        return f"there is no file {error.filename}" if missing else f"{error.filename}: {error.strerror}"
    return str(error)


def _note(message: Warning | str, *_: object, **__: object) -> None:
    """Show a warning as a sentence: where in the code it was raised helps nobody in a terminal."""
    print(f"Note: {message}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="callkit",
        description=_ABOUT,
        epilog=_AFTER,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"callkit {version('callkit')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")

    demo = _command(
        commands, "demo", _demo, "the whole job on the sandbox: fetch a month, recompute, explain"
    )
    traffic_arguments(demo)
    demo.add_argument(
        "--out",
        type=Path,
        default=Path("callkit-findings.csv"),
        metavar="FILE",
        help="where the findings go (default: %(default)s; replaced if it is there)",
    )

    fetch_arguments(_command(commands, "fetch", _fetch, "call records from a vendor's API into a file"))

    sync_arguments(
        _command(commands, "sync", _sync, "read what an archive does not hold yet from a vendor, and keep it")
    )
    status_arguments(
        _command(commands, "status", _status, "what an archive holds, and what the vendor will forget next")
    )

    reconcile_arguments(
        _command(commands, "reconcile", _reconcile, "recompute every charge of the call records in files")
    )

    sandbox = _command(commands, "sandbox", _sandbox, "serve both vendors' APIs on 127.0.0.1 until Ctrl-C")
    traffic_arguments(sandbox)
    sandbox.add_argument("--port", type=port, default=0, help="default: any free one")

    lab = _command(commands, "lab", _lab, "copy the notebooks here and open JupyterLab on them")
    lab.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path("callkit-notebooks"),
        help="where the notebooks go (default: %(default)s); a notebook that is there already is left as it is",
    )
    lab.add_argument(
        "--no-browser", action="store_true", help="print the address instead of opening a browser"
    )
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[argparse.Namespace], int],
    what: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
    parser.set_defaults(run=run)
    return parser


# The commands import what they need when they run, so that `callkit --help` answers at once.


def _demo(arguments: argparse.Namespace) -> int:
    from callkit.cli.demo import demo  # noqa: PLC0415 - see above

    return demo(calls=arguments.calls, seed=arguments.seed, out=arguments.out)


def _fetch(arguments: argparse.Namespace) -> int:
    from callkit.cli.fetch import fetch  # noqa: PLC0415 - see above
    from callkit.fetch.windows import period  # noqa: PLC0415 - see above

    if arguments.vendor == "itnio":
        try:
            period(arguments.start, arguments.end)
        except ValueError as error:
            arguments.parser.error(str(error).replace("start", "--from").replace("end", "--to"))
    return fetch(arguments)


def _sync(arguments: argparse.Namespace) -> int:
    from callkit.cli.sync import sync  # noqa: PLC0415 - see above
    from callkit.fetch.windows import period  # noqa: PLC0415 - see above

    if arguments.vendor == "itnio" and arguments.start and arguments.end:
        try:
            period(arguments.start, arguments.end)
        except ValueError as error:
            arguments.parser.error(str(error).replace("start", "--from").replace("end", "--to"))
    return sync(arguments)


def _status(arguments: argparse.Namespace) -> int:
    from callkit.cli.sync import status  # noqa: PLC0415 - see above

    return status(arguments)


def _sandbox(arguments: argparse.Namespace) -> int:
    from callkit.sandbox import Sandbox, serve  # noqa: PLC0415 - see above

    serve(Sandbox(calls=arguments.calls, seed=arguments.seed, port=arguments.port))
    return 0


def _reconcile(arguments: argparse.Namespace) -> int:
    from callkit.cli.reconcile import reconcile_files  # noqa: PLC0415 - see above
    from callkit.fetch.windows import period  # noqa: PLC0415 - see above

    if arguments.period is not None:
        try:
            period(*arguments.period)
        except ValueError as error:
            arguments.parser.error(f"--period: {error}")
    return reconcile_files(arguments)


def _lab(arguments: argparse.Namespace) -> int:
    from callkit.cli.lab import lab  # noqa: PLC0415 - see above

    return lab(arguments.folder, browser=not arguments.no_browser)
