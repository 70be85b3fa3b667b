"""Spans of time as people write them."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_PART = r"(\d+)(ms|[dhms])"


def span(value: object, name: str) -> timedelta:
    """Read a span of time: a timedelta, or text like "10s", "-8h" or "1h30m".

    Raises
    ------
    ValueError, TypeError
        If it is neither.

    Examples
    --------
    >>> from callkit.matching.spans import span
    >>> span("-1h30m", "clock_offset").total_seconds(), span("250ms", "window").total_seconds()
    (-5400.0, 0.25)
    """
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a timedelta or text like '10s', got {value!r}")
    told = value.strip().lower().replace(" ", "")
    sign, told = (-1 if told.startswith("-") else 1), told.lstrip("+-")
    if not re.fullmatch(f"(?:{_PART})+", told):
        raise ValueError(f"{name} must be a span like '10s', '-8h' or '1h30m', got {value!r}")
    return sign * sum((int(count) * _UNITS[unit] for count, unit in re.findall(_PART, told)), timedelta())
