"""Frames into files that others open: CSV, workbooks of one sheet, Parquet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from callkit.export.cells import LONGEST_TEXT, MOST_ROWS, write_number, write_text
from callkit.export.whole import whole_file

__all__ = ["ENDINGS", "write", "write_csv", "write_xlsx"]

# A spreadsheet takes a cell that begins so for a formula, also in a CSV file. What begins like a guarded text is
# guarded as well, so that a reader can take the guard off again.
_FORMULA = r"^'*[=+\-@\t\r]"


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
    frame.with_columns(guarded.name.keep()).write_csv(target, datetime_format="%Y-%m-%dT%H:%M:%S%.f%:z")
    return target


def write_xlsx(frame: pl.DataFrame, path: str | Path) -> Path:
    """Write a frame as a workbook of one sheet, in which nothing runs and no digit is lost.

    Text is text: no formula, no link, and an id of twenty digits keeps them. Instants are dates in UTC, as the
    header says. An amount is a number where a spreadsheet's can hold it exactly, else text.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    ValueError
        If a workbook cannot hold the frame: more than 1,048,575 rows, or a text longer than 32,767 characters.
    """
    from xlsxwriter import Workbook  # noqa: PLC0415 - most uses of callkit write no workbook

    target = Path(path)
    if frame.height > MOST_ROWS:
        raise ValueError(f"a workbook holds {MOST_ROWS:,} rows, not {frame.height:,}: write .parquet or .csv")
    text = pl.col(pl.String).str
    # As a workbook counts: in units of UTF-16, of which an emoji takes two.
    lengths = text.len_chars() + text.count_matches(r"[\x{10000}-\x{10FFFF}]")
    longest = frame.select(lengths.max()).to_dicts() or [{}]
    for column, length in longest[0].items():
        if (length or 0) > LONGEST_TEXT:
            raise ValueError(f"a text in {column} is longer than a workbook's cell: write .parquet or .csv")
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(str(target), options) as workbook:
        # The same frame, the same bytes.
        workbook.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC)})
        sheet = workbook.add_worksheet("calls")
        bold = workbook.add_format({"bold": True})
        instant = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.freeze_panes(1, 0)
        for place, (name, dtype) in enumerate(frame.schema.items()):
            sheet.set_column(place, place, 20)
            sheet.write_string(0, place, f"{name} (UTC)" if isinstance(dtype, pl.Datetime) else name, bold)
        for at, row in enumerate(frame.iter_rows(), 1):
            for place, value in enumerate(row):
                _write_cell(sheet, at, place, value, instant)
    return target


def _write_cell(sheet: Any, row: int, column: int, value: object, instant: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | Decimal):
        write_number(sheet, row, column, value)
    elif isinstance(value, datetime) and value.year >= 1900 and not value.microsecond:
        sheet.write_datetime(row, column, value.astimezone(UTC).replace(tzinfo=None), instant)
    else:
        write_text(sheet, row, column, value.isoformat() if isinstance(value, datetime) else str(value))


def _write_parquet(frame: pl.DataFrame, path: str | Path) -> Path:
    frame.write_parquet(path)
    return Path(path)


_WRITERS: dict[str, Callable[[pl.DataFrame, Path], Path]] = {
    ".csv": write_csv,
    ".parquet": _write_parquet,
    ".xlsx": write_xlsx,
}
ENDINGS = tuple(_WRITERS)
"""The file endings that `write` knows."""


def write(frame: pl.DataFrame, path: str | Path) -> Path:
    """Write a frame in the form that the file's ending names: the whole file, or none.

    It is written beside its place under another name and moved there when it is complete, so that nobody ever finds
    half of one.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    ValueError
        If the ending is none of `ENDINGS`, or a workbook cannot hold the frame.

    Examples
    --------
    >>> import polars as pl
    >>> from tempfile import TemporaryDirectory
    >>> from callkit.export import write
    >>> with TemporaryDirectory() as folder:
    ...     pl.read_parquet(write(pl.DataFrame({"calls": [2]}), f"{folder}/calls.parquet"))["calls"].to_list()
    [2]
    """
    target = Path(path)
    writer = _WRITERS.get(target.suffix.lower())
    if writer is None:
        raise ValueError(f"{target.name} ends in none of {', '.join(ENDINGS)}")
    with whole_file(target) as partial:
        writer(frame, partial)
    return target
