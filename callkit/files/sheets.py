"""The tables in a user's file or frame: every sheet's, below whatever stands above the header.

Price lists and invoices are made by people: a title and an address above the header, notes below the last row, one
sheet per month. A table here begins at the first row in which every column that it must have is recognised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from callkit.errors import SchemaError
from callkit.files.cells import Unreadable
from callkit.files.columns import ColumnMap, Names
from callkit.files.grids import SEARCHED, Grid, grids

_LONGEST = 360

WHOLE_ROW = "(the whole row)"
"""Stands for the column where a row does not fit the header."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of a file.

    Attributes
    ----------
    frame
        The rows below the header, under the file's own names, without rows that hold nothing. Cells of files are text
        (dates of a workbook like "2026-09-01 00:00:00", numbers by their shortest text); those of a frame or of Parquet
        keep their dtype.
    rows
        The number of each row, as a spreadsheet shows it; in a frame, the number of the record.
    of
        callkit's names of columns against the file's.
    name
        The sheet's name; empty where there are no sheets.
    place
        What goes before a row in a message: "sheet 'Rates', ", or nothing.
    unreadable
        Cells of recognised columns that are not even text, and rows that do not fit the header.
    """

    frame: pl.DataFrame
    rows: pl.Series
    of: Mapping[str, str]
    name: str = ""
    unreadable: list[Unreadable] = field(default_factory=list)

    @property
    def place(self) -> str:
        """What goes before a row in a message."""
        return f"sheet {self.name!r}, " if self.name else ""

    def column(self, name: str) -> tuple[pl.Series, pl.Series, str] | None:
        """Give a column's cells, the rows, and the file's name of it; None where the table does not have it."""
        if name not in self.of:
            return None
        return self.frame[self.of[name]], self.rows, self.of[name]

    def text(self, name: str) -> pl.Series:
        """Give a column as text without blanks around it; null where it is empty or not there."""
        if name not in self.of:
            return pl.Series(name, [None] * self.frame.height, dtype=pl.String)
        cells = self.frame[self.of[name]].cast(pl.String).str.strip_chars()
        return cells.set(cells == "", None).rename(name)


def name_of(source: object) -> str:
    """Name a source for messages: the file without its folder, or "frame"."""
    return Path(source).name if isinstance(source, str | Path) else "frame"


def sheets(
    source: object,
    names: Names,
    required: Sequence[str],
    *,
    columns: ColumnMap | None = None,
    sheet: str | Sequence[str] | None = None,
) -> list[Sheet]:
    """Read the tables of a kind in a CSV file, a workbook, a Parquet file or a frame.

    Parameters
    ----------
    source
        The path of a `.csv`, `.xlsx` or `.parquet` file, or any frame with the Arrow C stream interface.
    names
        What the kind of table's columns are called.
    required
        Columns without which it is no such table, such as "rate"; "prefix|code" where either will do. A sheet without
        them is passed over if another has them.
    columns
        The user's own map.
    sheet
        The sheet to read, or several of them, each of which must then hold such a table. None: all that do.

    Returns
    -------
    list of Sheet
        At least one, in the file's order.

    Raises
    ------
    SchemaError
        If there is no such table, or its columns are not clear: with what was found, and the argument to pass.
    ValueError, TypeError
        If an argument names what is not there.
    """
    where = name_of(source)
    own = names.checked(columns)
    found_in = grids(source, where)
    if sheet is not None:
        found_in = _chosen(found_in, [sheet] if isinstance(sheet, str) else list(sheet), where)
    found = [(grid, at) for grid in found_in if (at := _header(grid, names, required, own)) is not None]
    if not found or (sheet is not None and len(found) < len(found_in)):
        without = next(grid for grid in found_in if grid not in [each for each, _ in found])
        raise SchemaError(_no_header(without, names, required, where))
    made = [_sheet(grid, at, names, own, where) for grid, at in found]
    everywhere = {header for each in made for header in each.frame.columns}
    absent = [theirs for theirs in own if theirs not in everywhere]
    if absent:
        raise ValueError(
            f"columns: {where} has no column {', '.join(map(repr, absent))}; it has {', '.join(sorted(everywhere))}"
        )
    return made


def _chosen(grids: Sequence[Grid], wanted: Sequence[str], where: str) -> list[Grid]:
    by_name = {grid.name: grid for grid in grids if grid.name}
    absent = [name for name in wanted if name not in by_name]
    if absent or not wanted:
        there = f"it has {', '.join(map(repr, by_name))}" if by_name else "only a workbook has sheets"
        raise ValueError(f"sheet: {where} has no sheet {', '.join(map(repr, absent)) or 'at all'}; {there}")
    return [by_name[name] for name in wanted]


def _header(grid: Grid, names: Names, required: Sequence[str], own: Mapping[str, str | None]) -> int | None:
    """The first row in which every required column is recognised or stated."""
    for at, row in enumerate(grid.rows[:SEARCHED]):
        cells = {cell.strip() for cell in row if cell}
        stated = {ours for theirs, ours in own.items() if theirs in cells}
        meant = {name for cell in cells - set(own) for name in names.meant(cell)}
        if all((stated | meant) & set(either.split("|")) for either in required):
            return at
    return None


def _no_header(grid: Grid, names: Names, required: Sequence[str], where: str) -> str:
    filled = [[cell.strip() for cell in row if cell and cell.strip()] for row in grid.rows[:SEARCHED]]
    widest = max(filled, key=len, default=[])
    place = f"{where}, sheet {grid.name!r}" if grid.name else where
    if not widest:
        return f"{place} is empty: {names.one} needs a row that names its columns"
    example = required[0].split("|")[0]
    needed = " and ".join(either.replace("|", " or ") for either in required)
    shown = ", ".join(map(repr, widest))
    shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
    return (
        f"{place}: no row names the columns of {names.one}, which needs {needed}; the fullest row "
        f"has {shown}. Say which of the file's columns are which, e.g. columns={{{widest[0]!r}: {example!r}}}."
    )


def _sheet(grid: Grid, at: int, names: Names, own: Mapping[str, str | None], where: str) -> Sheet:
    place = f"{where}, sheet {grid.name!r}" if grid.name else where
    header = [(cell or "").strip() for cell in grid.rows[at]]
    for name in header:
        if name and header.count(name) > 1 and (own.get(name) or (name not in own and names.meant(name))):
            raise SchemaError(
                f"{place}, row {at + 1}: two columns are named {name!r}. Rename or delete one of them."
            )
    labels = _distinct(header)
    if grid.frame is not None:
        frame, rows, bad = (
            grid.frame,
            pl.Series(range(1, grid.frame.height + 1), dtype=pl.Int64),
            list[Unreadable](),
        )
        frame.columns = labels
    else:
        frame, rows, bad = _below(grid, at, labels)
    of = names.recognised(labels, own, place)
    used = {*of.values(), WHOLE_ROW}
    return Sheet(frame, rows, of, grid.name, [cell for cell in bad if cell.column in used])


def _distinct(header: Sequence[str]) -> list[str]:
    """Columns without a name, or with one that is there before, are named by their place."""
    labels: list[str] = []
    for at, name in enumerate(header, 1):
        label = name or f"(column {at})"
        labels.append(label if label not in labels else f"{label} (column {at})")
    return labels


def _below(grid: Grid, at: int, labels: Sequence[str]) -> tuple[pl.DataFrame, pl.Series, list[Unreadable]]:
    place = f"sheet {grid.name!r}, " if grid.name else ""
    bad = [
        Unreadable(cell.row, labels[int(cell.column)], cell.value, cell.expected, place)
        for cell in grid.unreadable
        if cell.row > at + 1
    ]
    taken, numbers = [], []
    for number, row in enumerate(grid.rows[at + 1 :], at + 2):
        cells = row
        while len(cells) > len(labels) and not cells[-1]:
            cells = cells[:-1]
        if not any(cell and cell.strip() for cell in cells):
            continue
        if len(cells) != len(labels):
            shown = " | ".join(cell or "" for cell in cells)
            bad.append(Unreadable(number, WHOLE_ROW, shown, f"{len(labels)} cells, got {len(cells)}", place))
            continue
        taken.append(cells)
        numbers.append(number)
    schema = dict.fromkeys(labels, pl.String)
    return pl.DataFrame(taken, schema=schema, orient="row"), pl.Series(numbers, dtype=pl.Int64), bad
