"""Arguments that several parts of callkit take, read the same way everywhere."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["instant", "period", "time_zone"]


def time_zone(name: str) -> str:
    """Check the name of a time zone.

    Raises
    ------
    ValueError
        If this machine knows no zone of that name.

    Examples
    --------
    >>> from callkit.arguments import time_zone
    >>> time_zone("Asia/Shanghai")
    'Asia/Shanghai'
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise ValueError(
            f"tz must be the name of a time zone, such as 'Europe/Berlin'; got {name!r}"
        ) from None
    return name


def instant(value: object, name: str) -> datetime:
    """Read an instant: an aware datetime, or ISO 8601 text with an offset.

    Parameters
    ----------
    value
        What was given.
    name
        The argument's name, with which messages begin.

    Raises
    ------
    ValueError, TypeError
        If it is none, cannot be read, or has no zone: a wall clock alone could be many instants.

    Examples
    --------
    >>> from callkit.arguments import instant
    >>> instant("2026-10-01T00:00:00+08:00", "fetched_at").isoformat()
    '2026-10-01T00:00:00+08:00'
    """
    if not isinstance(value, datetime | str):
        raise TypeError(
            f"{name} must be a datetime or ISO 8601 text with an offset, got {type(value).__name__}"
        )
    expected = f"{name} must be an instant with an offset, like 2026-10-01T00:00:00+08:00"
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"{expected}; cannot read {value!r:.60}") from None
    if read.utcoffset() is None:
        raise ValueError(f"{expected}; {value!s} has no zone")
    return read


def period(value: object, name: str = "period") -> tuple[datetime, datetime]:
    """Read a period [start, end) between two instants.

    Parameters
    ----------
    value
        What was given: a pair of what `instant` reads.
    name
        The argument's name, with which messages begin.

    Raises
    ------
    ValueError, TypeError
        If it is no pair of instants, or does not start before it ends.

    Examples
    --------
    >>> from callkit.arguments import period
    >>> start, end = period(("2026-09-01T00:00:00Z", "2026-10-01T00:00:00Z"))
    >>> (end - start).days
    30
    """
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise TypeError(f"{name} must be a pair (start, end), got {value!r}")
    for edge in value:
        if not isinstance(edge, datetime | str):
            raise TypeError(
                f"{name} must be a pair of instants (start, end): expected datetimes or ISO 8601 text, "
                f"got {type(edge).__name__}"
            )
    start, end = instant(value[0], f"{name}: the start"), instant(value[1], f"{name}: the end")
    if start >= end:
        raise ValueError(
            f"{name}: the start ({start.isoformat()}) must lie before the end ({end.isoformat()})"
        )
    return start, end
