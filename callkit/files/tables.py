"""Files into tables: Parquet as it is, CSV and workbooks as text."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from callkit.errors import SchemaError
from callkit.files.cells import Unreadable, error_value

if TYPE_CHECKING:
    from fastexcel import ExcelReader

GUARDED = r"^'('*[=+\-@\t\r])"
"""An apostrophe that `callkit.export.write_csv` put before what a spreadsheet would have run."""

_SURE_DIGITS = 15
"""So many digits of a number come back from a spreadsheet as they went in; more may not."""


@dataclass(frozen=True, slots=True)
class Table:
    """What a file holds.

    Attributes
    ----------
    frame
        The columns under the names that the file gives them.
    rows
        The number of each row, as a spreadsheet shows it; in Parquet, the number of the record.
    place
        What goes before a row in a message: the sheet, where there is one.
    unreadable
        Cells that are not even text.
    """

    frame: pl.DataFrame
    rows: pl.Series
    place: str = ""
    unreadable: list[Unreadable] = field(default_factory=list)


def table(path: Path, wanted: Sequence[str]) -> Table:
    """Read the table in a file; of several sheets the first that has one of the `wanted` columns.

    Raises
    ------
    ValueError
        If the file's ending names no form that can be read.
    SchemaError
        If the file is not what its ending says, or its rows and columns do not make a table.
    """
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise ValueError(
            f"{path}: cannot read {path.suffix or 'a file without an ending'}; there are {ENDINGS}"
        )
    return read(path, wanted)


def _parquet(path: Path, wanted: Sequence[str]) -> Table:
    del wanted
    try:
        frame = pl.read_parquet(path, glob=False)
    except pl.exceptions.PolarsError as error:
        raise SchemaError(f"{path} is not a Parquet file that can be read: {error}") from None
    return Table(frame, pl.Series(range(1, frame.height + 1), dtype=pl.Int64))


def _csv(path: Path, wanted: Sequence[str]) -> Table:
    del wanted
    header, separator, count = _checked_csv(path)
    try:
        frame = pl.read_csv(path, infer_schema=False, separator=separator, glob=False)
    except pl.exceptions.PolarsError as error:
        raise SchemaError(f"{path} is not a CSV file that can be read: {error}") from None
    if (frame.width, frame.height) != (len(header), count):
        raise SchemaError(
            f"{path} can be read in more than one way: {count:,} rows or {frame.height:,}. Are its line ends or quotes "
            f"broken? Save it again as CSV in UTF-8."
        )
    frame.columns = _named(path, header)
    unguarded = frame.with_columns(pl.col(pl.String).str.replace(GUARDED, "${1}"))
    return _without_empty_rows(Table(unguarded, _numbered(frame)))


def _checked_csv(path: Path) -> tuple[list[str], str, int]:
    """Take the header, the separator and the number of rows, blank ones among them.

    Done by another reader than the one that reads the cells: that one fills up a row with too few without a word.
    """
    longest = csv.field_size_limit(sys.maxsize)
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            first = lines.readline()
            lines.seek(0)
            separator = next((sign for sign in ",;\t" if sign in first), ",")
            reader = csv.reader(lines, delimiter=separator, strict=True)
            header = next(reader, [])
            count = 0
            for cells in reader:
                count += 1
                if cells and len(cells) != len(header):
                    raise SchemaError(
                        f"{path}, line {reader.line_num}: {len(cells)} cells, but the header names {len(header)} "
                        f"columns. Was the file cut off, or edited by hand?"
                    )
    except UnicodeDecodeError:
        raise SchemaError(f"{path} is not text in UTF-8: save it as CSV in UTF-8") from None
    except csv.Error as error:
        raise SchemaError(f"{path} is not a CSV file that can be read: {error}") from None
    finally:
        csv.field_size_limit(longest)
    if not header:
        raise SchemaError(f"{path} is empty: the first line should name the columns")
    return header, separator, count


def workbook(path: Path) -> ExcelReader:
    """Open a workbook.

    Raises
    ------
    ImportError
        Without the extra `callkit[excel]`.
    SchemaError
        If the file is no workbook.
    """
    # fastexcel tells of error cells only through pyarrow.
    if find_spec("fastexcel") is None or find_spec("pyarrow") is None:
        raise ImportError(
            "reading a workbook needs fastexcel and pyarrow: pip install 'callkit[excel]', or save it as CSV"
        )
    import fastexcel  # noqa: PLC0415 - an extra that only workbooks need

    try:
        return fastexcel.read_excel(path)
    except fastexcel.FastExcelError as error:
        raise SchemaError(f"{path} is not a workbook that can be read: {error}") from None


def _workbook(path: Path, wanted: Sequence[str]) -> Table:
    book = workbook(path)
    heads = {name: _header(book, name) for name in book.sheet_names}
    fitting = [name for name, head in heads.items() if set(head) & set(wanted)]
    sheet = fitting[0] if fitting else book.sheet_names[0]
    header = heads[sheet]
    if not header:
        raise SchemaError(f"{path}, sheet {sheet!r} is empty: the first row should name the columns")
    return _sheet(path, book, sheet, header)


def _header(book: ExcelReader, sheet: str) -> list[str]:
    first = book.load_sheet(sheet, header_row=None, n_rows=1, dtypes="string").to_polars()
    return [cell or "" for cell in first.row(0)] if first.height else []


def _sheet(path: Path, book: ExcelReader, sheet: str, header: list[str]) -> Table:
    """Read a sheet as text. Text cells are taken as they are; numbers by their shortest decimal text.

    fastexcel writes a number with nine decimals, so that numbers are read as numbers. Which cells are numbers shows
    where it reads flags: there a text is never one, and a number always is.
    """
    loaded = book.load_sheet(sheet, header_row=0, dtypes="string")
    arrow, errors = loaded.to_arrow_with_errors()
    cells = pl.DataFrame(arrow)
    flags = book.load_sheet(sheet, header_row=0, dtypes="boolean").to_polars()
    floats = book.load_sheet(sheet, header_row=0, dtypes="float").to_polars()
    names = _named(path, header)
    for other in (cells, flags, floats):
        other.columns = names
    place = f"sheet {sheet!r}, "
    rows = _numbered(cells)
    unreadable = [
        Unreadable(
            error.offset_position[0] + 2,
            names[error.offset_position[1]],
            error_value(error.detail),
            "a value",
        )
        for error in (errors.errors if errors else [])
    ]
    columns = []
    for name in names:
        numbers = flags[name].is_not_null() & ~cells[name].is_in(["true", "false"])
        text, ambiguous = shortest(cells[name], floats[name], numbers, rows)
        columns.append(text)
        unreadable += ambiguous
    return _without_empty_rows(Table(pl.DataFrame(columns), rows, place, unreadable))


def shortest(
    cells: pl.Series, floats: pl.Series, numbers: pl.Series, rows: pl.Series
) -> tuple[pl.Series, list[Unreadable]]:
    """Write numbers by their shortest decimal text; beyond 15 digits several texts make the same number.

    The zeros at the end of a whole number count: they are what a spreadsheet makes of the last digits of an id.
    """
    values = floats.filter(numbers).unique().to_list()
    texts = {value: _plain(value) for value in values}
    unsure = {
        value for value, text in texts.items() if len(text.lstrip("-0.").replace(".", "")) > _SURE_DIGITS
    }
    written = floats.replace_strict(list(texts), list(texts.values()), default=None, return_dtype=pl.String)
    frame = pl.DataFrame(
        {"cells": cells, "floats": floats, "numbers": numbers, "rows": rows, "written": written}
    )
    text = frame.select(pl.when("numbers").then("written").otherwise("cells").alias(cells.name)).to_series()
    found = frame.filter(pl.col("numbers") & pl.col("floats").is_in(list(unsure))).select("rows", "written")
    expected = f"text, because a number of more than {_SURE_DIGITS} digits is not exact in a workbook"
    return text, [Unreadable(row, cells.name, value, expected) for row, value in found.rows()]


def _plain(value: float) -> str:
    """`0.07998`, `31`, `0.0000001`: without an exponent, and without a fraction that says nothing."""
    return f"{Decimal(repr(value)):f}".removesuffix(".0")


def _numbered(frame: pl.DataFrame) -> pl.Series:
    """Rows as a spreadsheet numbers them: the header is row 1."""
    return pl.Series(range(2, frame.height + 2), dtype=pl.Int64)


def _without_empty_rows(read: Table) -> Table:
    """Leave out rows in which no cell holds anything, such as blank lines at the end."""
    filled = read.frame.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    return Table(read.frame.filter(filled), read.rows.filter(filled), read.place, read.unreadable)


def _named(path: Path, header: list[str]) -> list[str]:
    names = [name.strip() for name in header]
    twice = sorted({name for name in names if names.count(name) > 1})
    if "" in names or twice:
        what = f"the name {twice[0]!r} twice" if twice and twice[0] else "a column without a name"
        raise SchemaError(f"{path}: the first row has {what}. Name each column once, or delete it.")
    return names


_READERS: dict[str, Callable[[Path, Sequence[str]], Table]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".xlsx": _workbook,
}
ENDINGS = ", ".join(_READERS)
