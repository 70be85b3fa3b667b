"""A user's rate deck into rows: each cell exactly, or named as unreadable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import polars as pl

from callkit.cdr import INSTANT, MONEY
from callkit.errors import SchemaError
from callkit.files.amounts import Sign, amounts
from callkit.files.cells import Unreadable
from callkit.files.columns import ColumnMap
from callkit.files.dates import Ends, dates
from callkit.files.sheets import Sheet, name_of, sheets
from callkit.rates import increments, prefixes
from callkit.rates.names import NAMES, currency_in_header, in_hundredths, unit_in_header, unit_of
from callkit.rates.schema import ROWS

Unit = int | Literal["block"]

_DIRECTIONS = {
    **dict.fromkeys(("out", "outbound", "outgoing", "termination", "mt", "o", "呼出"), "out"),
    **dict.fromkeys(("in", "inbound", "incoming", "origination", "mo", "i", "呼入"), "in"),
    **dict.fromkeys(("both", "any", "all", "*", "in/out", "out/in"), None),
}
_ONE_RATE = "one rate of 0 or more, like 0.0799, with at most 10 decimals"
_SHEET_DATE = r"(\d{4}-\d\d-\d\d|\d{8})"


@dataclass(frozen=True, slots=True)
class Stated:
    """What the user says about a deck."""

    columns: ColumnMap | None = None
    sheet: str | Sequence[str] | None = None
    date_format: str | None = None
    tz: str = "UTC"
    currency: str | None = None
    direction: Literal["out", "in"] | None = None
    per_seconds: Unit = 60
    decimal: Sign | None = None
    ends: Ends = "inclusive"
    valid_from: datetime | None = None
    prefix_lists: bool | None = None


@dataclass(slots=True)
class _Part:
    """One sheet on its way into rows: a column at a time, and what could not be read."""

    sheet: Sheet
    stated: Stated
    where: str
    unreadable: list[Unreadable] = field(default_factory=list)

    def named(self, name: str) -> str:
        """What the file calls a column."""
        return self.sheet.of.get(name, name)

    def refuse(self, at: int, name: str, value: object, expected: str) -> None:
        shown = "" if value is None else str(value)
        self.unreadable.append(Unreadable(self.sheet.rows[at], self.named(name), shown, expected))


def rows_of(source: object, stated: Stated) -> tuple[list[pl.DataFrame], list[Unreadable]]:
    """Read a deck: the rows of each sheet (without the column `row`), and every cell that could not be read.

    Raises
    ------
    SchemaError
        If a choice is open that would change the money, with the argument that makes it.
    """
    found = sheets(source, NAMES, ["prefix|country_code", "rate"], columns=stated.columns, sheet=stated.sheet)
    frames, unreadable = [], []
    for sheet in found:
        where = f"{name_of(source)}, sheet {sheet.name!r}" if sheet.name else name_of(source)
        part = _Part(sheet, stated, where)
        frames.append(_rows(part))
        told = {(cell.row, cell.column) for cell in sheet.unreadable}
        others = [cell for cell in part.unreadable if (cell.row, cell.column) not in told]
        cells = sorted([*sheet.unreadable, *others], key=lambda cell: cell.row)
        unreadable += [
            Unreadable(cell.row, cell.column, cell.value, cell.expected, sheet.place) for cell in cells
        ]
    return frames, unreadable


def _rows(part: _Part) -> pl.DataFrame:
    sheet = part.sheet
    _no_other_fees(part)
    _same_unit(part)
    told = pl.DataFrame(
        {
            "prefix": _prefixes(part),
            "destination": sheet.text("destination"),
            "rate": _rates(part),
            "bill_period": _bill_periods(part),
            "currency": _currencies(part),
            "direction": _directions(part),
            **_validity(part),
            "place": pl.Series([f"{sheet.place}row {row}" for row in sheet.rows.to_list()], dtype=pl.String),
        },
    )
    bad = {cell.row for cell in [*part.unreadable, *sheet.unreadable]}
    kept = told.filter(~sheet.rows.is_in(list(bad)))
    return kept.explode("prefix", empty_as_null=True).select(list(ROWS)[1:])


def _prefixes(part: _Part) -> pl.Series:
    sheet = part.sheet
    codes = sheet.text("country_code").to_list()
    name, cells = "prefix", sheet.text("prefix").to_list()
    before: list[str | None] = [None] * len(cells)
    if "prefix" not in sheet.of and "area_code" in sheet.of:
        name, cells, before = "area_code", sheet.text("area_code").to_list(), codes
    elif "prefix" not in sheet.of:
        name, cells = "country_code", codes
    elif "area_code" in sheet.of:
        raise SchemaError(
            f"{part.where}: columns {part.named('prefix')!r} and {part.named('area_code')!r} both tell the digits of a "
            f"number. Say which to leave out, e.g. columns={{{part.named('area_code')!r}: None}}."
        )
    else:
        _complete(part, cells, codes)
    lists = part.stated.prefix_lists
    if lists is None:
        lists = True if prefixes.shows_lists(cells) else None
    read: list[list[str]] = []
    for at, (cell, code) in enumerate(zip(cells, before, strict=True)):
        try:
            ahead = prefixes.prefixes(code)[0] if code else ""
            if name == "area_code" and not ahead:
                part.refuse(at, "country_code", code, "the country code before the area code")
            # A country code without an area code is the prefix of the whole country.
            read.append([ahead] if ahead and not cell else prefixes.prefixes(cell or "", ahead, lists=lists))
        except prefixes.Unclear as unclear:
            part.refuse(at, name, cell, str(unclear))
            read.append([])
    return pl.Series("prefix", read, dtype=pl.List(pl.String))


def _complete(part: _Part, cells: Sequence[str | None], codes: Sequence[str | None]) -> None:
    """Whether the prefix holds the country code that stands beside it: in every row, or it must be said."""
    for at, (cell, code) in enumerate(zip(cells, codes, strict=True)):
        digits = "".join(sign for sign in code or "" if sign.isdigit())
        if (
            digits
            and digits == (code or "").lstrip("+0 ")
            and cell
            and not cell.lstrip("+0' ").startswith(digits)
        ):
            prefix, country = part.named("prefix"), part.named("country_code")
            raise SchemaError(
                f"{part.where}, row {part.sheet.rows[at]}: prefix {cell!r} does not begin with the country "
                f"code {code!r} beside it. Say whether it stands alone, columns={{{country!r}: None}}, or follows the "
                f"country code, columns={{{prefix!r}: 'area_code'}}."
            )


def _rates(part: _Part) -> pl.Series:
    sheet, name = part.sheet, part.named("rate")
    cells = sheet.frame[name]
    if cells.dtype == pl.String:
        cells = (
            cells.str.strip_chars()
            .str.replace(r"^[A-Z]{3}\s*([\d.,])", "$1")
            .str.replace(r"([\d.,])\s*[A-Z]{3}$", "$1")
        )
    values, bad = amounts(
        cells, sheet.rows, name, decimal=part.stated.decimal, expected=_ONE_RATE, where=part.where
    )
    part.unreadable += bad
    unread = {cell.row for cell in bad}
    for at in values.is_null().arg_true():
        if sheet.rows[at] not in unread:
            part.refuse(at, "rate", "", _ONE_RATE)
    for at in (values < 0).fill_null(value=False).arg_true():
        part.refuse(at, "rate", sheet.frame[name][at], _ONE_RATE)
    return values


def _bill_periods(part: _Part) -> pl.Series:
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


def _each(part: _Part, name: str, cells: Sequence[str | None], read: object) -> pl.Series:
    known = {cell: read(cell) for cell in set(cells) if cell is not None}  # type: ignore[operator]  # a plain function
    for at, cell in enumerate(cells):
        if cell is not None and known[cell] is None:
            part.refuse(at, name, cell, increments.expected(cell))
    values = [None if cell is None else known[cell] for cell in cells]
    return pl.Series(name, values, dtype=pl.String)


def _currencies(part: _Part) -> pl.Series:
    sheet, stated = part.sheet, part.stated
    name = part.named("rate")
    cells = sheet.frame[name].cast(pl.String).str.strip_chars()
    beside = (
        cells.str.extract(r"^([A-Z]{3})\s*[\d.,]")
        .to_frame("a")
        .with_columns(b=cells.str.extract(r"[\d.,]\s*([A-Z]{3})$"))
    )
    in_cells = beside.select(pl.coalesce("a", "b")).to_series()
    in_header = currency_in_header(name)
    column = sheet.text("currency").str.to_uppercase()
    said = [("in its column " + repr(part.named("currency")), column), ("in its cells", in_cells)]
    if in_header:
        said.append((f"in the header {name!r}", pl.Series([in_header] * sheet.frame.height, dtype=pl.String)))
    if stated.currency:
        said.append(("with currency=", pl.Series([stated.currency] * sheet.frame.height, dtype=pl.String)))
    answer = pl.Series("currency", [None] * sheet.frame.height, dtype=pl.String)
    for how, values in said:
        odd = ((answer != values) & answer.is_not_null() & values.is_not_null()).arg_true()
        if odd.len():
            at = odd[0]
            raise SchemaError(
                f"{part.where}, row {sheet.rows[at]}: the currency is {values[at]} {how}, but {answer[at]} by the "
                f"rest of the row. Leave out the column that is wrong, columns={{…: None}}, or mend the file."
            )
        answer = answer.to_frame("a").with_columns(b=values).select(pl.coalesce("a", "b")).to_series()
    if answer.null_count() == answer.len() and answer.len():
        raise SchemaError(
            f"{part.where}: the deck does not say in which currency its rates are. Say it: currency='USD' (or "
            f"whichever it is), or which column tells it, columns={{'…': 'currency'}}."
        )
    valid = answer.str.contains("^[A-Z]{3}$")
    for at in (~valid.fill_null(value=False)).arg_true():
        part.refuse(at, "currency", column[at], "a currency code like USD")
    return answer


def _directions(part: _Part) -> pl.Series:
    cells = part.sheet.text("direction").str.to_lowercase().to_list()
    values = []
    for at, cell in enumerate(cells):
        if cell is not None and cell not in _DIRECTIONS:
            part.refuse(at, "direction", cell, "out, in or both")
        values.append(part.stated.direction if cell is None else _DIRECTIONS.get(cell))
    return pl.Series("direction", values, dtype=pl.String)


def _validity(part: _Part) -> dict[str, pl.Series]:
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
    start = stated.valid_from or _in_sheet_name(part)
    if start is not None:
        edges["valid_from"] = edges["valid_from"].fill_null(start)
    never = (edges["valid_to"] <= edges["valid_from"]).fill_null(value=False)
    for at in never.arg_true():
        part.refuse(at, "valid_to", sheet.frame[part.named("valid_to")][at], "an end after the beginning")
    return edges


def _in_sheet_name(part: _Part) -> datetime | None:
    """The date in a sheet's name, where its rows have none of their own: a workbook with one sheet per date."""
    sheet, stated = part.sheet, part.stated
    if "valid_from" in sheet.of or not sheet.name:
        return None
    names = [sheet.name, pl.Series([sheet.name]).str.extract(_SHEET_DATE)[0]]
    cells = pl.Series(names, dtype=pl.String)
    found, _ = dates(cells, pl.Series([0, 0]), "", date_format=stated.date_format, tz=stated.tz)
    told: list[datetime] = found.drop_nulls().to_list()
    return told[0] if told else None


def _no_other_fees(part: _Part) -> None:
    """A fee per call is no part of a rate: the rating states it, or the money would be wrong."""
    taken = part.sheet.column("connect_fee")
    if taken is None:
        return
    cells, rows, name = taken
    fees, bad = amounts(cells, rows, name, decimal=part.stated.decimal, where=part.where)
    charged = (fees != 0).fill_null(value=False).arg_true()
    if charged.len() or bad:
        row, value = (bad[0].row, bad[0].value) if bad else (rows[charged[0]], str(cells[charged[0]]))
        raise SchemaError(
            f"{part.where}, row {row}: column {name!r} has {value!r}, a fee per call, which a rate deck does not hold. "
            f"State it as Rating(connect_fee=…) and leave the column out: columns={{{name!r}: None}}."
        )


def _same_unit(part: _Part) -> None:
    """Refuse rates per another unit than the rating's, and in hundredths."""
    name, wanted = part.named("rate"), part.stated.per_seconds
    if in_hundredths(name):
        raise SchemaError(
            f"{part.where}: column {name!r} holds hundredths of the currency (cents, pence). Divide the rates by 100 "
            f"in the file and name the column after the currency."
        )
    said: dict[str, Unit | None] = {}
    if unit_in_header(name) is not None:
        said[f"the header {name!r}"] = unit_in_header(name)
    for text in part.sheet.text("rate_unit").unique(maintain_order=True).drop_nulls():
        said[f"column {part.named('rate_unit')!r} with {text!r}"] = unit_of(text)
    for how, unit in said.items():
        if unit is None:
            raise SchemaError(
                f"{part.where}: {how} names no unit that is known. Say what the rates are per with per_seconds=, and "
                f"leave the column out: columns={{{part.named('rate_unit')!r}: None}}."
            )
        if unit != wanted:
            raise SchemaError(
                f"{part.where}: by {how} the rates are per {_unit_text(unit)}, but per_seconds={wanted!r} asks for "
                f"rates per {_unit_text(wanted)}. If the rating's rates are like the deck's, say so in both: "
                f"per_seconds={unit!r} here and Rating(per_seconds={unit!r}). Else convert the file."
            )


def _unit_text(unit: Unit) -> str:
    return {1: "second", 60: "minute", 3600: "hour", "block": "block"}.get(unit, f"{unit} s")


def numbered(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Put the rows of several sheets under one another and number them."""
    rows = pl.concat(frames) if frames else pl.DataFrame(schema=ROWS).drop("row")
    return (
        rows.with_row_index("row")
        .with_columns(pl.col("row").cast(pl.Int64), pl.col("rate").cast(MONEY))
        .select(pl.col(name).cast(dtype) for name, dtype in ROWS.items())
    )
