"""Arguments that several parts of callkit take, read the same way everywhere."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["time_zone"]


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
