"""The rows of an invoice's table into lines: every cell exactly, or named as unreadable."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal

import polars as pl

from callkit.cdr import MONEY
from callkit.errors import SchemaError
from callkit.files.amounts import Sign, amounts
from callkit.files.cells import Unreadable
from callkit.files.columns import plain
from callkit.files.dates import Ends, dates
from callkit.files.sheets import Sheet
from callkit.invoice.kinds import KINDS, TOTAL, is_total, kind_by_label, kind_of
from callkit.invoice.periods import DAY, LOCAL, first_outside
from callkit.invoice.schema import CURRENCY_OF_HEADER, LABELS, LINES

Period = tuple[datetime, datetime]

_OPTIONAL = ("direction", "source")
_CODES = {"€": "EUR"}
_COUNT = "a whole number like 36"
_MOST = 10**10


@dataclass(frozen=True, slots=True)
class Told:
    """What the user says of an invoice that the file does not."""

    where: str
    date_format: str | None = None
    decimal: Sign | None = None
    currency: str | Mapping[str, str] | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    period: tuple[object, object] | None = None
    period_end: Ends | None = None


@dataclass(slots=True)
class _Reading:
    """One table on its way into lines, and what of it could not be read."""

    sheet: Sheet
    told: Told
    bad: list[Unreadable]

    def cells(self, name: str) -> tuple[pl.Series, pl.Series, str]:
        """Give a column; nulls where the table does not have it."""
        empty = pl.Series(name, [None] * self.sheet.frame.height, dtype=pl.String)
        found = self.sheet.column(name)
        return (empty, self.sheet.rows, name) if found is None else found

    def refuse(self, at: int, name: str, value: object, expected: str) -> None:
        """Name a cell by its place in the table."""
        column = self.sheet.of.get(name, name)
        self.bad.append(
            Unreadable(self.sheet.rows[at], column, "" if value is None else str(value), expected)
        )


def lines_of(sheet: Sheet, told: Told) -> tuple[pl.DataFrame, list[Unreadable]]:
    """Read a table's lines, totals among them as lines of the kind `total`.

    Returns
    -------
    pl.DataFrame, list of Unreadable
        `LINES` without `line`, then the columns that callkit does not know; and the cells that cannot be read.
        A total's currency and period may be null.
    """
    sheet = _with_label(sheet)
    reading = _Reading(sheet, told, list(sheet.unreadable))
    totals = _totals(sheet)
    values: dict[str, pl.Series] = {
        "place": pl.Series("place", [f"{sheet.place}row {row}" for row in sheet.rows], dtype=pl.String),
        "destination": sheet.text("destination"),
        "call_id": sheet.text("call_id"),
        "amount": _amounts(reading),
    }
    for name in ("calls", "charged_seconds"):
        values[name] = _counts(reading, name)
    values["charged_minutes"] = _minutes(reading)
    values["kind"] = _kinds(reading, values, totals)
    values["currency"] = _currencies(reading, values["kind"])
    values["period_start"], values["period_end"] = _periods(reading, values["kind"])
    known = [values[name].rename(name) for name in LINES if name != "line"]
    extra = [sheet.text(name) for name in _OPTIONAL if name in sheet.of]
    taken = {*sheet.of.values(), *LINES, *(column.name for column in extra)}
    others = [sheet.frame[name] for name in sheet.frame.columns if name not in taken]
    bad = [replace(cell, place=cell.place or sheet.place) for cell in reading.bad]
    return pl.DataFrame([*known, *extra, *others]), bad


def _with_label(sheet: Sheet) -> Sheet:
    """Take a column such as "Description" for the destination where no other is one."""
    labels = [
        name
        for name in sheet.frame.columns
        if name not in sheet.of.values() and re.fullmatch(LABELS, plain(name))
    ]
    if "destination" in sheet.of or len(labels) != 1:
        return sheet
    return replace(sheet, of={**sheet.of, "destination": labels[0]})


def _totals(sheet: Sheet) -> list[bool]:
    """Find the rows in which a cell says that they are totals."""
    texts = sheet.frame.select(pl.col(pl.String))
    said = {text for name in texts.columns for text in texts[name].unique().drop_nulls() if is_total(text)}
    if not said:
        return [False] * sheet.frame.height
    found: list[bool] = (
        texts.select(pl.any_horizontal(pl.all().is_in(list(said))))
        .to_series()
        .fill_null(value=False)
        .to_list()
    )
    return found


def _amounts(reading: _Reading) -> pl.Series:
    cells, rows, column = reading.cells("amount")
    read, bad = amounts(cells, rows, column, decimal=reading.told.decimal, where=reading.told.where)
    reading.bad += bad
    named = {cell.row for cell in bad}
    for at, value in enumerate(read):
        if value is None and rows[at] not in named:
            reading.refuse(at, "amount", cells[at], "the line's amount")
    return read


def _counts(reading: _Reading, name: Literal["calls", "charged_seconds"]) -> pl.Series:
    cells, rows, column = reading.cells(name)
    if cells.dtype.is_float() and bool((cells.floor() == cells).all()):
        cells = cells.cast(pl.Int64)  # pandas has no other form for whole numbers of which some are missing
    sign = _decimal_sign(reading)
    read, bad = amounts(cells, rows, column, decimal=sign, expected=_COUNT, where=reading.told.where)
    reading.bad += bad
    whole = read.cast(pl.Int64, strict=False)
    sensible = (read == whole.cast(MONEY)) & (read.abs() <= _MOST)
    for at in (read.is_not_null() & ~sensible.fill_null(value=False)).arg_true():
        other = "." if sign == "," else ","
        thousands = f" (say decimal={other!r} if the file writes thousands with {sign!r})"
        reading.refuse(at, name, cells[at], _COUNT + (thousands if cells.dtype == pl.String else ""))
    return whole


def _decimal_sign(reading: _Reading) -> Sign:
    """Say which sign the amounts show to be the decimal one: in a count it can only part thousands."""
    cells, _, _ = reading.cells("amount")
    commas = cells.dtype == pl.String and cells.str.contains(r",(\d{1,2}|\d{4,})\D*$").any()
    return reading.told.decimal or ("," if commas else ".")


def _minutes(reading: _Reading) -> pl.Series:
    cells, rows, column = reading.cells("charged_minutes")
    if cells.dtype.is_float() and bool((cells.floor() == cells).all()):
        cells = cells.cast(pl.Int64)
    expected = "minutes like 12.35, with at most 10 decimals"
    read, bad = amounts(
        cells, rows, column, decimal=reading.told.decimal, expected=expected, where=reading.told.where
    )
    reading.bad += bad
    for at in (read.abs() > _MOST).fill_null(value=False).arg_true():
        reading.refuse(at, "charged_minutes", cells[at], expected)
    return read


def _kinds(reading: _Reading, values: Mapping[str, pl.Series], totals: list[bool]) -> pl.Series:
    cells = reading.sheet.text("kind")
    words = {word: kind_of(word, reading.told.kinds) for word in cells.unique().drop_nulls()}
    measured = pl.DataFrame([values[name] for name in ("calls", "charged_seconds", "charged_minutes")])
    usage = measured.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    kinds = []
    for at, word in enumerate(cells):
        kind = None if word is None else words[word]
        if totals[at]:
            kind = TOTAL
        elif word is None:
            kind = "usage" if usage[at] else kind_by_label(values["destination"][at])
        elif kind is None:
            reading.refuse(
                at, "kind", word, f"one of {', '.join(KINDS)}; say what it is: kinds={{{word!r}: 'fee'}}"
            )
        kinds.append(kind)
    return pl.Series("kind", kinds, dtype=pl.String)


def _currencies(reading: _Reading, kinds: pl.Series) -> pl.Series:
    cells, stated = reading.sheet.text("currency"), reading.told.currency
    own = stated if isinstance(stated, Mapping) else {}
    named = re.fullmatch(CURRENCY_OF_HEADER, plain(reading.sheet.of["amount"]))
    default = stated if isinstance(stated, str) else named[1].upper() if named else None
    if "currency" not in reading.sheet.of and default is None:
        raise SchemaError(
            f"{reading.told.where}: no column says which currency the amounts are in. Say it: currency='USD', or name "
            f"the column: columns={{'…': 'currency'}}."
        )
    codes = {text: own.get(text, _CODES.get(text, text.upper())) for text in cells.unique().drop_nulls()}
    found = []
    for at, text in enumerate(cells):
        code = default if text is None else codes[text]
        if code is not None and not re.fullmatch("[A-Z]{3}", code):
            expected = f"a currency code like USD; say which one it is: currency={{{text!r}: 'USD'}}"
            reading.refuse(at, "currency", text, expected)
        elif code is None and kinds[at] != TOTAL:
            reading.refuse(at, "currency", None, "a currency code like USD, or currency='USD' for such cells")
        found.append(code)
    return pl.Series("currency", found, dtype=pl.String)


def _periods(reading: _Reading, kinds: pl.Series) -> tuple[pl.Series, pl.Series]:
    start, end, day = (_local(reading, name, kinds) for name in ("period_start", "period_end", "day"))
    stated = stated_period(reading.told)
    if (
        stated is None
        and not {"period_start", "period_end", "day"} & set(reading.sheet.of)
        and "usage" in kinds
    ):
        raise SchemaError(
            f"{reading.told.where}: no column says what period the lines are of. Say it: "
            f"period=('2026-09-01', '2026-09-30'), or name the columns: columns={{'…': 'period_start', "
            f"'…': 'period_end'}}, or 'day' for lines of one day."
        )
    pairs: list[Period | None] = []
    written = {(a, b) for a, b in zip(start, end, strict=True) if a is not None and b is not None}
    outside = first_outside(written, reading.told.period_end, reading.told.where)
    named = {cell.row for cell in reading.bad}
    for at, (a, b, on) in enumerate(zip(start, end, day, strict=True)):
        pair = (a, outside[a, b]) if a is not None and b is not None else None
        if on is not None:
            from_day = datetime(on.year, on.month, on.day)  # noqa: DTZ001 - a wall clock's
            if pair is not None and not pair[0] <= from_day < pair[1]:
                reading.refuse(
                    at, "day", on, f"a day of the line's period, {pair[0]:%Y-%m-%d} to {pair[1]:%Y-%m-%d}"
                )
            pair = (from_day, from_day + DAY)
        if pair is not None and pair[0] >= pair[1]:
            reading.refuse(at, "period_end", b, f"an end after the start, {pair[0]:%Y-%m-%d %H:%M}")
        if pair is None and (a is None) != (b is None) and reading.sheet.rows[at] not in named:
            lacks = "period_start" if a is None else "period_end"
            reading.refuse(at, lacks, None, "both ends of the line's period")
        pair = pair or stated
        if pair is None and kinds[at] == "usage" and reading.sheet.rows[at] not in named:
            reading.refuse(
                at, "period_start", None, "the line's period; or say it: period=('2026-09-01', '2026-09-30')"
            )
        pairs.append(pair)
    return tuple(  # type: ignore[return-value]  # two of them
        pl.Series(name, [pair and pair[place] for pair in pairs], dtype=LOCAL)
        for place, name in enumerate(("period_start", "period_end"))
    )


def stated_period(told: Told) -> Period | None:
    """Read the period that the user states.

    Raises
    ------
    ValueError, TypeError
        If it is not a pair of dates, the first before the second.
    """
    if told.period is None:
        return None
    pair: object = told.period
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise TypeError(f"period must be a pair (start, end), got {pair!r}")
    edges = [_edge(edge, told) for edge in pair]
    start, end = edges
    last = first_outside([(start, end)], told.period_end, "period")[start, end]
    if start >= last:
        raise ValueError(f"period: the start ({start}) must lie before the end ({last})")
    return start, last


def _edge(edge: object, told: Told) -> datetime:
    if isinstance(edge, datetime):
        return edge.replace(tzinfo=None)
    if isinstance(edge, date):
        return datetime(edge.year, edge.month, edge.day)  # noqa: DTZ001 - a wall clock's
    read, bad = dates(
        pl.Series([edge], dtype=pl.String, strict=False),
        pl.Series([1]),
        "period",
        date_format=told.date_format,
    )
    if bad or read[0] is None:
        expected = bad[0].expected if bad else "a date like 2026-09-01"
        raise ValueError(f"period: cannot read {edge!r}, expected {expected}")
    moment: datetime = read[0].replace(tzinfo=None)
    return moment


def _local(reading: _Reading, name: str, kinds: pl.Series) -> pl.Series:
    """Read what the wall clock shows; a total's cells are not asked for."""
    cells, rows, column = reading.cells(name)
    if isinstance(cells.dtype, pl.Datetime) or cells.dtype == pl.Date:
        return cells.cast(LOCAL) if cells.dtype == pl.Date else cells.dt.replace_time_zone(None).cast(LOCAL)
    if cells.dtype not in (pl.String, pl.Null):
        raise SchemaError(
            f"{reading.told.where}: column {column!r}: expected dates or text, got {cells.dtype}"
        )
    asked = cells.cast(pl.String).set((kinds == TOTAL).fill_null(value=False), None)
    read, bad = dates(asked, rows, column, date_format=reading.told.date_format)
    reading.bad += bad
    return read.dt.replace_time_zone(None).cast(LOCAL)
