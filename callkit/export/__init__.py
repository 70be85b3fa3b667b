"""Frames and results into files that others open."""

from callkit.export.cover import Cover
from callkit.export.decided import read_decisions
from callkit.export.frames import ENDINGS, write, write_csv, write_xlsx
from callkit.export.materiality import Materiality

__all__ = ["ENDINGS", "Cover", "Materiality", "read_decisions", "write", "write_csv", "write_xlsx"]
