"""Stretches of absolute time: how a period is read from the user and cut for the vendor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

__all__ = ["Window", "cut", "period"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


class Window(NamedTuple):
    """From `start` to `end`, in Unix seconds."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"window {self.start_text} to {self.end_text}"

    @property
    def seconds(self) -> int:
        """Its length."""
        return self.end - self.start

    @property
    def start_text(self) -> str:
        """ISO 8601 with offset."""
        return (_EPOCH + timedelta(seconds=self.start)).isoformat()

    @property
    def end_text(self) -> str:
        """ISO 8601 with offset."""
        return (_EPOCH + timedelta(seconds=self.end)).isoformat()

    def parts(self, count: int) -> list[Window]:
        """Cut into adjoining parts of nearly equal length, none shorter than a second."""
        count = max(1, min(count, self.seconds))
        edges = [self.start + self.seconds * i // count for i in range(count + 1)]
        return [Window(a, b) for a, b in pairwise(edges)]


def period(start: object, end: object) -> Window:
    """Read the user's period and widen it to whole seconds.

    Parameters
    ----------
    start, end
        Aware datetimes, or ISO 8601 text with an offset (`2022-01-01T00:00:00+08:00`, `…Z`).

    Raises
    ------
    TypeError
        If one is neither a datetime nor text.
    ValueError
        If one is no date that exists, has no offset, or if `start` is after `end`.
    """
    first, last = _instant("start", start), _instant("end", end)
    if first > last:
        raise ValueError(f"start is after end: {first.isoformat()} > {last.isoformat()}")
    if first == last:
        whole = (first - _EPOCH) // _SECOND
        return Window(whole, whole)
    return Window((first - _EPOCH) // _SECOND, -((_EPOCH - last) // _SECOND))


def cut(window: Window, longest: timedelta) -> Sequence[Window]:
    """Cut a period into equal windows no longer than the vendor allows."""
    return window.parts(-(-window.seconds // (longest // _SECOND))) if window.seconds else []


def _instant(name: str, value: object) -> datetime:
    if isinstance(value, str):
        problem = ""
        instant = _EPOCH
        try:
            instant = datetime.fromisoformat(value.strip())
        except ValueError as error:
            problem = str(error)
        if problem:
            raise ValueError(
                f"{name} {value[:60]!r} cannot be read as a date and time ({problem}): write it like "
                f"2022-01-01T00:00:00+08:00"
            )
    elif isinstance(value, datetime):
        instant = value
    else:
        raise TypeError(
            f"{name} must be an aware datetime or ISO text with an offset, got {type(value).__name__}"
        )
    if instant.utcoffset() is None:
        raise ValueError(
            f"{name} has no zone: {value!s:.60}. Say which one, e.g. datetime(…, tzinfo=timezone.utc) or "
            f"2022-01-01T00:00:00+08:00"
        )
    moment: datetime | None = None
    try:
        moment = instant.astimezone(UTC)
        _ = moment + _SECOND
    except OverflowError:
        moment = None
    if moment is None:
        raise ValueError(f"{name} is outside of the years that can be told: {value!s:.60}")
    return moment
