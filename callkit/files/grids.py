"""The cells of a user's file or frame, as text where it is a file: each sheet from its first row on."""

from __future__ import annotations

import csv
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from callkit.cdr import as_lazy
from callkit.errors import SchemaError
from callkit.files.cells import Unreadable, error_value
from callkit.files.tables import ENDINGS, GUARDED, shortest, workbook

SEARCHED = 50
"""So many rows from the top are looked at for the header."""

_SURE = 15
"""A number that is written in so few characters has no digits that a spreadsheet does not show."""

_A_DAY = r"^(\d{4}-\d\d-\d\d) 00:00:00$"
"""How a cell comes that is a date without a time."""


@dataclass(slots=True, eq=False)
class Grid:
    """Cells before it is known where the table begins; a frame's header is not among its rows."""

    name: str
    rows: list[list[str | None]]
    frame: pl.DataFrame | None = None
    unreadable: list[Unreadable] = field(default_factory=list)


def grids(source: object, where: str) -> list[Grid]:
    """Take the cells of every sheet; of a frame, its header."""
    if not isinstance(source, str | Path):
        if not (isinstance(source, pl.LazyFrame) or hasattr(source, "__arrow_c_stream__")):
            raise TypeError(
                f"expected the path of a file, or a frame (Polars, or anything with the Arrow C stream interface such "
                f"as pandas, pyarrow or DuckDB), got {type(source).__name__}"
            )
        frame = as_lazy(source).collect()
        return [Grid("", [list(frame.columns)], frame)]
    path = Path(source)
    match path.suffix.lower():
        case ".csv":
            return [Grid("", _csv(path))]
        case ".xlsx":
            return _workbook(path)
        case ".parquet":
            try:
                frame = pl.read_parquet(path, glob=False)
            except pl.exceptions.PolarsError as error:
                raise SchemaError(f"{where} is not a Parquet file that can be read: {error}") from None
            return [Grid("", [list(frame.columns)], frame)]
        case other:
            raise ValueError(
                f"{where}: cannot read {other or 'a file without an ending'}; there are {ENDINGS}"
            )


def _csv(path: Path) -> list[list[str | None]]:
    longest = csv.field_size_limit(sys.maxsize)
    try:
        text = path.read_text(encoding="utf-8-sig")
        top = text[:20_000].splitlines()[:SEARCHED]
        # The sign that parts the most lines alike: a decimal comma does not, and neither does one in a title.
        separator = max(
            ";\t|,", key=lambda sign: (len([line for line in top if line.count(sign) > 0]), sign == ";")
        )
        rows = list(csv.reader(text.splitlines(keepends=True), delimiter=separator, strict=True))
    except UnicodeDecodeError:
        raise SchemaError(f"{path.name} is not text in UTF-8: save it as CSV in UTF-8") from None
    except csv.Error as error:
        raise SchemaError(f"{path.name} is not a CSV file that can be read: {error}") from None
    finally:
        csv.field_size_limit(longest)
    return [[re.sub(GUARDED, r"\1", cell) or None for cell in row] for row in rows]


def _workbook(path: Path) -> list[Grid]:
    book = workbook(path)
    grids = []
    for name in book.sheet_names:
        # From the first row on: else rows are counted from the first that holds anything.
        loaded = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
        if not loaded.height or not loaded.width:
            grids.append(Grid(name, []))
            continue
        arrow, errors = loaded.to_arrow_with_errors()
        cells = pl.DataFrame(arrow)
        flags = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="boolean").to_polars()
        floats = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="float").to_polars()
        rows = pl.Series(range(1, cells.height + 1), dtype=pl.Int64)
        columns, unreadable = [], []
        for at, column in enumerate(cells.columns):
            numbers = flags.to_series(at).is_not_null() & ~cells[column].is_in(["true", "false"])
            text, unsure = shortest(cells[column], _without_noise(floats.to_series(at)), numbers, rows)
            columns.append(text.str.replace(_A_DAY, "$1"))
            unreadable += [(at, cell) for cell in unsure]
        unreadable += [
            (
                error.offset_position[1],
                Unreadable(error.offset_position[0] + 1, "", error_value(error.detail), "a value"),
            )
            for error in (errors.errors if errors else [])
        ]
        texts = pl.DataFrame(columns)
        grid = Grid(name, [list(row) for row in texts.rows()])
        grid.unreadable = [
            Unreadable(cell.row, str(at), cell.value, cell.expected) for at, cell in unreadable
        ]
        grids.append(grid)
    return grids


def _without_noise(floats: pl.Series) -> pl.Series:
    """Take a computed 0.11000000000000001 for the 0.11 that a spreadsheet shows.

    Only fractions, and only where fifteen digits make an amount of at most ten decimals: the sixteenth digit of a whole
    number may be an id's.
    """
    values = floats.drop_nulls().unique().to_list()
    shown = {value: float(f"{value:.15g}") for value in values if value % 1 and len(repr(value)) > _SURE}
    told = {value: near for value, near in shown.items() if near != value and near == round(near, 10)}
    return floats.replace(list(told), list(told.values())) if told else floats
