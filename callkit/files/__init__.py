"""Call records that somebody else keeps in files: read strictly, or not at all."""

from callkit.files.ids import read_ids
from callkit.files.reading import read_cdrs

__all__ = ["read_cdrs", "read_ids"]
