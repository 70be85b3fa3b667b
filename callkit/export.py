"""Frames into files that others open."""

from __future__ import annotations

from pathlib import Path

import polars as pl

__all__ = ["write_csv"]

# A spreadsheet takes a cell that begins so for a formula, also in a CSV file.
_FORMULA = r"^[=+\-@\t\r]"


def write_csv(frame: pl.DataFrame, path: str | Path) -> Path:
    """Write a frame as CSV that is safe to open in a spreadsheet.

    Text that a spreadsheet would take for a formula gets an apostrophe in front, so that nothing a vendor or caller
    sent is ever run. Amounts keep all their decimals, instants are ISO 8601.

    Returns
    -------
    Path
        Where it was written.

    Examples
    --------
    >>> import polars as pl
    >>> from tempfile import TemporaryDirectory
    >>> from callkit.export import write_csv
    >>> with TemporaryDirectory() as folder:
    ...     file = write_csv(pl.DataFrame({"note": ["=cmd()", "hello"], "calls": [-1, 2]}), f"{folder}/notes.csv")
    ...     print(file.read_text(), end="")
    note,calls
    '=cmd(),-1
    hello,2
    """
    target = Path(path)
    text = pl.col(pl.String)
    guarded = pl.when(text.str.contains(_FORMULA)).then("'" + text).otherwise(text)
    frame.with_columns(guarded.name.keep()).write_csv(target, datetime_format="%Y-%m-%dT%H:%M:%S%:z")
    return target
