"""Our own call records held against the vendor's: which of theirs is which of ours, and which is none."""

from callkit.matching.match import Match, match

__all__ = ["Match", "match"]
