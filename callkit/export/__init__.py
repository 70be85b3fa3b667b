"""Frames and results into files that others open."""

from callkit.export.frames import ENDINGS, write, write_csv, write_xlsx

__all__ = ["ENDINGS", "write", "write_csv", "write_xlsx"]
