"""The periods of an invoice's lines: in their cells, in the lines' days, or stated for all of them."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl

from callkit.errors import SchemaError
from callkit.files.dates import dates
from callkit.invoice.kinds import TOTAL
from callkit.invoice.periods import DAY, LOCAL, first_outside
from callkit.invoice.reading import Reading, Told

Period = tuple[datetime, datetime]

_YEARS = (1900, 9998)
_SENSIBLE = f"a date of the years {_YEARS[0]} to {_YEARS[1]}"


def periods(reading: Reading, kinds: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Read the first moment of every line's period, and the first after it; null where a line needs none.

    Raises
    ------
    SchemaError
        If nobody tells the lines' periods, or how their ends are meant.
    """
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
    start, end = (_edge(edge, told) for edge in pair)
    for edge in (start, end):
        if not _YEARS[0] <= edge.year <= _YEARS[1]:
            raise ValueError(f"period: {edge:%Y-%m-%d} is not {_SENSIBLE}")
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


def _local(reading: Reading, name: str, kinds: pl.Series) -> pl.Series:
    """Read what the wall clock shows; a total's cells are not asked for."""
    cells, rows, column = reading.cells(name)
    if isinstance(cells.dtype, pl.Datetime) or cells.dtype == pl.Date:
        whole = cells.cast(LOCAL) if cells.dtype == pl.Date else cells.dt.replace_time_zone(None).cast(LOCAL)
        return _sensible(reading, name, whole)
    if cells.dtype not in (pl.String, pl.Null):
        raise SchemaError(
            f"{reading.told.where}: column {column!r}: expected dates or text, got {cells.dtype}"
        )
    asked = cells.cast(pl.String).set((kinds == TOTAL).fill_null(value=False), None)
    read, bad = dates(asked, rows, column, date_format=reading.told.date_format)
    reading.bad += bad
    return _sensible(reading, name, read.dt.replace_time_zone(None).cast(LOCAL))


def _sensible(reading: Reading, name: str, moments: pl.Series) -> pl.Series:
    """Refuse the years that programs write for no date at all, such as 0001 and 9999."""
    odd = ~moments.dt.year().is_between(*_YEARS).fill_null(value=True)
    for at in odd.arg_true():
        reading.refuse(at, name, moments[at], _SENSIBLE)
    return moments.set(odd, None)
