"""When an invoice's periods begin and end: on a wall clock, because only the vendor knows in whose zone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from callkit.errors import SchemaError
from callkit.files.dates import Ends

LOCAL = pl.Datetime("us")
"""What a clock shows, in a zone that is not part of the value."""

DAY = timedelta(days=1)
_LAST_MOMENTS = (time(23, 59), time(23, 59, 59))


def first_outside(
    periods: Iterable[tuple[datetime, datetime]], stated: Ends | None, where: str
) -> dict[tuple[datetime, datetime], datetime]:
    """Find the first moment after each period, from how the invoice writes its ends.

    An end in the last minute or second of a day is the end of that day; at another time it is the first moment outside.
    A day without a time is its period's last one or the first one outside: what is stated, else what the invoice shows.
    It shows it where exactly one of the two makes every period whole months, half months or weeks, where a period
    begins and ends on one day, or where the end of one is the start of another or the day before.

    Raises
    ------
    SchemaError
        If neither is stated nor shown, with both readings.
    """
    written = {pair: _at_midnight(pair[1]) for pair in periods}
    days = sorted(pair for pair in written if _is_day(pair[1]) and pair[0] <= pair[1])
    ends = stated or (_shown(days, where) if days else "exclusive")
    return {
        pair: end + DAY if ends == "inclusive" and _is_day(pair[1]) else end for pair, end in written.items()
    }


def instants(local: Iterable[datetime], zone: str) -> dict[datetime, datetime]:
    """Place moments of a wall clock in a zone.

    What the clock shows twice is its first time, so that periods that adjoin on the wall adjoin in time; what it never
    shows is the moment at which it jumps.
    """
    placed = ZoneInfo(zone)
    return {moment: moment.replace(tzinfo=placed, fold=0).astimezone(UTC) for moment in local}


def told_period(start: datetime, end: datetime) -> tuple[str, str]:
    """Tell a period as people do: whole days by the first and the last, else by moments."""
    if _is_day(start) and _is_day(end):
        return f"{start:%Y-%m-%d}", f"{end - DAY:%Y-%m-%d}"
    return f"{start:%Y-%m-%d %H:%M:%S}", f"{end:%Y-%m-%d %H:%M:%S}"


def _at_midnight(end: datetime) -> datetime:
    if end.time().replace(microsecond=0) in _LAST_MOMENTS:
        return datetime.combine(end.date(), time(0)) + DAY
    return end


def _is_day(moment: datetime) -> bool:
    return moment.time() == time(0)


def _shown(days: list[tuple[datetime, datetime]], where: str) -> Ends:
    if any(start == end for start, end in days):
        return "inclusive"
    exclusive = all(_whole(start, end) for start, end in days)
    inclusive = all(_whole(start, end + DAY) for start, end in days)
    if exclusive == inclusive:
        starts = {start for start, _ in days}
        exclusive = any(end in starts for _, end in days)
        inclusive = any(end + DAY in starts for _, end in days)
    if exclusive != inclusive:
        return "exclusive" if exclusive else "inclusive"
    start, end = days[0]
    raise SchemaError(
        f"{where}: a period is written {start:%Y-%m-%d} to {end:%Y-%m-%d}, and it does not show whether "
        f"{end:%Y-%m-%d} belongs to it. Say which: period_end='inclusive' ({(end - start).days + 1} days, the last one "
        f"in full) or period_end='exclusive' ({(end - start).days} days, until the day begins)."
    )


def _whole(start: datetime, stop: datetime) -> bool:
    """Whether a period is made of months, half months or weeks."""
    if stop <= start:
        return False
    halves = {(1, 16), (16, 1)} if (stop - start).days <= 16 else set()
    return (
        start.day == stop.day
        or (start.day, stop.day) in halves
        or (stop - start) % timedelta(weeks=1) == timedelta()
    )
