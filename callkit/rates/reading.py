"""A user's rate deck into rows: each cell exactly, or named as unreadable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import polars as pl

from callkit.cdr import INSTANT
from callkit.errors import SchemaError
from callkit.files.cells import Unreadable
from callkit.files.dates import dates
from callkit.files.sheets import WHOLE_ROW, Sheet, name_of, sheets
from callkit.rates import increments
from callkit.rates.names import NAMES
from callkit.rates.numbering import prefix_lists
from callkit.rates.overlooked import refuse_overlooked
from callkit.rates.part import Part
from callkit.rates.pricing import currencies, no_other_fees, rates, unit_of_part
from callkit.rates.schema import ROWS
from callkit.rates.stated import Stated, Unit

_DIRECTIONS = {
    **dict.fromkeys(("out", "outbound", "outgoing", "termination", "mt", "o", "呼出"), "out"),
    **dict.fromkeys(("in", "inbound", "incoming", "origination", "mo", "i", "呼入"), "in"),
    **dict.fromkeys(("both", "any", "all", "*", "in/out", "out/in"), None),
}
_FIRST_YEAR, _LAST_YEAR = 2, 9998
_SHEET_DATE = r"(\d{4}-\d\d-\d\d|\d{8})"


def rows_of(source: object, stated: Stated) -> tuple[list[pl.DataFrame], list[Unreadable], Unit | None]:
    """Read a deck: the rows of each sheet (without the column `row`), every unreadable cell, and the rates' unit.

    Raises
    ------
    SchemaError
        If a choice is open that would change the money, with the argument that makes it.
    """
    found = sheets(source, NAMES, ["prefix|country_code", "rate"], columns=stated.columns, sheet=stated.sheet)
    frames, unreadable = [], []
    units: dict[Unit | None, str] = {}
    for sheet in map(_without_notes, found):
        where = f"{name_of(source)}, sheet {sheet.name!r}" if sheet.name else name_of(source)
        part = Part(sheet, stated, where)
        units.setdefault(unit_of_part(part), where)
        frames.append(_rows(part))
        told = {(cell.row, cell.column) for cell in sheet.unreadable}
        others = [cell for cell in part.unreadable if (cell.row, cell.column) not in told]
        cells = sorted([*sheet.unreadable, *others], key=lambda cell: cell.row)
        unreadable += [
            Unreadable(cell.row, cell.column, cell.value, cell.expected, sheet.place) for cell in cells
        ]
    if len(units) > 1:
        raise SchemaError(
            f"the rates of {' and '.join(units.values())} are not said to be per the same unit: say it with "
            f"per_seconds=, or read the sheets one by one with sheet=."
        )
    return frames, unreadable, next(iter(units), stated.per_seconds)


def _without_notes(sheet: Sheet) -> Sheet:
    """Take out rows that tell neither a number nor a price, such as terms below the table, and list each as a whole."""
    empty = [sheet.text(name).is_null() for name in ("prefix", "country_code", "area_code", "rate")]
    notes = empty[0] & empty[1] & empty[2] & empty[3]
    if not notes.any():
        return sheet
    listed = [
        Unreadable(
            row, WHOLE_ROW, " | ".join(str(cell) for cell in cells if cell is not None), "a prefix and a rate"
        )
        for row, cells in zip(
            sheet.rows.filter(notes).to_list(), sheet.frame.filter(notes).rows(), strict=True
        )
    ]
    return replace(
        sheet,
        frame=sheet.frame.filter(~notes),
        rows=sheet.rows.filter(~notes),
        unreadable=[*sheet.unreadable, *listed],
    )


def _rows(part: Part) -> pl.DataFrame:
    sheet = part.sheet
    no_other_fees(part)
    refuse_overlooked(part)
    told = pl.DataFrame(
        {
            "prefix": prefix_lists(part),
            "destination": sheet.text("destination"),
            "rate": rates(part),
            "bill_period": _bill_periods(part),
            "currency": currencies(part),
            "direction": _directions(part),
            **_validity(part),
            "place": pl.Series([f"{sheet.place}row {row}" for row in sheet.rows.to_list()], dtype=pl.String),
        },
    )
    bad = {cell.row for cell in [*part.unreadable, *sheet.unreadable]}
    kept = told.filter(~sheet.rows.is_in(list(bad)))
    return kept.explode("prefix", empty_as_null=True).select(list(ROWS)[1:])


def _bill_periods(part: Part) -> pl.Series:
    sheet = part.sheet
    one, two = sheet.text("initial"), sheet.text("subsequent")
    alone = [name for name in ("initial", "subsequent") if name in sheet.of]
    if "bill_period" in sheet.of:
        if alone:
            raise SchemaError(
                f"{part.where}: columns {part.named('bill_period')!r} and {part.named(alone[0])!r} both tell "
                f"increments. Say which to leave out, e.g. columns={{{part.named('bill_period')!r}: None}}."
            )
        cells = sheet.text("bill_period").to_list()
        return _each(part, "bill_period", cells, increments.bill_period)
    if len(alone) == 1:
        raise SchemaError(
            f"{part.where}: column {part.named(alone[0])!r} tells one of the two increments. Say which column has the "
            f"other, or that this one tells both, columns={{{part.named(alone[0])!r}: 'bill_period'}}."
        )
    first = _each(part, "initial", one.to_list(), increments.seconds)
    step = _each(part, "subsequent", two.to_list(), increments.seconds)
    for at in (one.is_null() != two.is_null()).arg_true():
        part.refuse(at, "initial" if one[at] is None else "subsequent", "", increments.EXPECTED)
    pairs = pl.DataFrame({"first": first, "step": step})
    return pairs.select(pl.concat_str("first", pl.lit("+"), "step").alias("bill_period")).to_series()


def _each(part: Part, name: str, cells: Sequence[str | None], read: Callable[[str], str | None]) -> pl.Series:
    known = {cell: read(cell) for cell in set(cells) if cell is not None}
    for at, cell in enumerate(cells):
        if cell is not None and known[cell] is None:
            part.refuse(at, name, cell, increments.expected(cell))
    values = [None if cell is None else known[cell] for cell in cells]
    return pl.Series(name, values, dtype=pl.String)


def _directions(part: Part) -> pl.Series:
    cells = part.sheet.text("direction").str.to_lowercase().to_list()
    values = []
    for at, cell in enumerate(cells):
        if cell is not None and cell not in _DIRECTIONS:
            part.refuse(at, "direction", cell, "out, in or both")
        values.append(part.stated.direction if cell is None else _DIRECTIONS.get(cell))
    return pl.Series("direction", values, dtype=pl.String)


def _validity(part: Part) -> dict[str, pl.Series]:
    sheet, stated = part.sheet, part.stated
    height = sheet.frame.height
    edges = {}
    for name in ("valid_from", "valid_to"):
        edges[name] = pl.Series(name, [None] * height, dtype=INSTANT)
        if name in sheet.of:
            edges[name], bad = dates(
                sheet.frame[part.named(name)],
                sheet.rows,
                part.named(name),
                date_format=stated.date_format,
                tz=stated.tz,
                end=stated.ends if name == "valid_to" else None,
            )
            part.unreadable += bad
    # What stands for no date at all, such as 0001-01-01 and 9999-12-31, is an open beginning and an open end.
    for at in (edges["valid_from"].dt.year() > _LAST_YEAR).fill_null(value=False).arg_true():
        cell = sheet.frame[part.named("valid_from")][at]
        part.refuse(at, "valid_from", cell, "a beginning that comes, or none where the price always held")
    edges = {
        name: edge.set(~edge.dt.year().is_between(_FIRST_YEAR, _LAST_YEAR).fill_null(value=True), None)
        for name, edge in edges.items()
    }
    start = stated.valid_from or _in_sheet_name(part)
    if start is not None:
        edges["valid_from"] = edges["valid_from"].fill_null(start)
    never = (edges["valid_to"] <= edges["valid_from"]).fill_null(value=False)
    for at in never.arg_true():
        part.refuse(at, "valid_to", sheet.frame[part.named("valid_to")][at], "an end after the beginning")
    return edges


def _in_sheet_name(part: Part) -> datetime | None:
    """The date in a sheet's name, where its rows have none of their own: a workbook with one sheet per date."""
    sheet, stated = part.sheet, part.stated
    if "valid_from" in sheet.of or not sheet.name:
        return None
    names = [sheet.name, pl.Series([sheet.name]).str.extract(_SHEET_DATE)[0]]
    cells = pl.Series(names, dtype=pl.String)
    found, _ = dates(cells, pl.Series([0, 0]), "", date_format=stated.date_format, tz=stated.tz)
    told: list[datetime] = found.drop_nulls().to_list()
    return told[0] if told else None
