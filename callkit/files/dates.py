"""Dates and times of a user's table into instants: by a stated format, and never guessed between day and month."""

from __future__ import annotations

import re
from datetime import MINYEAR, UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl

from callkit.cdr import INSTANT
from callkit.files.cells import Unreadable

Ends = Literal["inclusive", "exclusive"]
"""Whether a day that is given as an end belongs to the period."""

_ISO = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6})0*)?)? ?(Z|[+-]\d\d:?(?:\d\d)?)?)?",
    re.ASCII,
)
# A month that is spelt out says by itself which number is the day; two digits of a year do not.
_SPELT = ("%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%Y-%b-%d")
_EITHER_WAY = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}.*", re.ASCII)


def dates(
    cells: pl.Series,
    rows: pl.Series,
    column: str,
    *,
    date_format: str | None = None,
    tz: str = "UTC",
    end: Ends | None = None,
) -> tuple[pl.Series, list[Unreadable]]:
    """Read a column of dates or times; an empty cell is a missing value.

    Always read are dates and times in ISO order (2026-09-01, 20260901, 2026-09-01 12:00, with an offset or without),
    dates with the month spelt out (1-Sep-2026, September 1, 2026), and cells that are dates already.

    Parameters
    ----------
    cells
        Text, dates or datetimes.
    rows, column
        Where the cells are: row numbers, and what the file calls the column.
    date_format
        A `strptime` format like "%d/%m/%Y". It goes before the forms above.
    tz
        The zone of what is written without an offset. A day begins at its first instant there.
    end
        None for a beginning. As an end, a day without a time is the last one ("inclusive": the instant is the
        beginning of the next day) or the first one outside ("exclusive"). A time that is the last second or minute
        of a day is the end of that day; every other time is the first instant outside.

    Returns
    -------
    pl.Series, list of Unreadable
        `INSTANT`, UTC; null where the cell is empty or unreadable.

    Raises
    ------
    ValueError
        If the format is none of `strptime`'s.
    """
    if date_format is not None and "%" not in str(date_format):
        raise ValueError(f"date_format must be a strptime format such as '%d/%m/%Y', got {date_format!r}")
    reader = _Reader(date_format, ZoneInfo(tz), end)
    told = {value: reader.read(value) for value in cells.unique().to_list() if not _empty(value)}
    values = [told.get(value) for value in cells.to_list()]
    unreadable = [
        Unreadable(row, column, str(cell), reader.expected(cell))
        for row, cell, value in zip(rows.to_list(), cells.to_list(), values, strict=True)
        if value is None and not _empty(cell)
    ]
    return pl.Series(cells.name, values, dtype=INSTANT), unreadable


def _empty(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


class _Reader:
    def __init__(self, date_format: str | None, zone: ZoneInfo, end: Ends | None) -> None:
        self.format = date_format
        self.zone = zone
        self.end = end

    def read(self, cell: object) -> datetime | None:
        written = self._parsed(cell.strip()) if isinstance(cell, str) else cell
        try:
            if isinstance(written, datetime):
                return self._edge(written)
            if isinstance(written, date):
                day = written + timedelta(days=1) if self.end == "inclusive" else written
                return self._first_instant(day)
        except OverflowError:  # an end of time such as 0001-01-01 or 9999-12-31 is none at all
            if isinstance(written, date) and written.year == MINYEAR:
                return datetime.min.replace(tzinfo=UTC)
            return datetime.max.replace(tzinfo=UTC)
        return None

    def expected(self, cell: object) -> str:
        if self.format is not None:
            return f"a date in the form {self.format} (date_format=), or like 2026-09-01"
        if isinstance(cell, str) and _EITHER_WAY.fullmatch(cell.strip()):
            return (
                "a date that can be read in one way only; say which form it has, e.g. date_format='%d/%m/%Y' (day "
                "first) or '%m/%d/%Y' (month first)"
            )
        return "a date like 2026-09-01 (or say which form it has: date_format='%d.%m.%Y')"

    def _parsed(self, text: str) -> date | datetime | None:
        for form in (self.format, "", *_SPELT):
            if form is None:
                continue
            try:
                if form == "":
                    found = _iso(text)
                    if found is not None:
                        return found
                    continue
                read = datetime.strptime(text, form)  # noqa: DTZ007 - the zone follows in _edge
            except ValueError:
                continue
            return read if re.search(r"%[HIMSTRXcfs]", form) else read.date()
        return None

    def _edge(self, written: datetime) -> datetime | None:
        if self.end is not None and written.time().replace(microsecond=0) in (time(23, 59, 59), time(23, 59)):
            written = (written + timedelta(minutes=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        if written.tzinfo is not None:
            return written.astimezone(UTC)
        first, second = (written.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1))
        if first.utcoffset() != second.utcoffset():  # the clock shows it twice, or never
            return self._first_instant(written.date()) if written.time() == time(0) else None
        return first.astimezone(UTC)

    def _first_instant(self, day: date) -> datetime:
        """The beginning of a day; an hour later where the clock is put forward at midnight."""
        return datetime.combine(day, time(0), tzinfo=self.zone).astimezone(UTC)


def _iso(text: str) -> date | datetime | None:
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    on = date(int(year), int(month), int(day))
    if hour is None:
        return on
    at = time(int(hour), int(minute), int(second or 0), int((fraction or "").ljust(6, "0")))
    if offset is None:
        return datetime.combine(on, at)
    return datetime.fromisoformat(f"{datetime.combine(on, at).isoformat()}{offset}")
