"""Records from beyond the period asked for: which clock a vendor's window filters by is nowhere documented."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from callkit.fetch.windows import Window

__all__ = ["Outside"]


class Outside:
    """What comes from beyond the period asked for: at exactly `end` left out, else kept and told about."""

    _clocks = ("submitted_at", "called_at", "ringing_at", "answered_at", "ended_at")

    def __init__(self, asked: Window) -> None:
        self._start = datetime.fromisoformat(asked.start_text).astimezone(UTC)
        self._end = datetime.fromisoformat(asked.end_text).astimezone(UTC)
        self._count = 0
        self._inside = set(self._clocks)

    def seen(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Leave out what is the next period's, and look at the rest."""
        if not self._within(frame["submitted_at"]):
            frame = frame.filter(pl.col("submitted_at").ne_missing(pl.lit(self._end)))
            submitted = frame["submitted_at"]
            self._count += int(((submitted < self._start) | (submitted > self._end)).sum())
        self._inside = {clock for clock in self._inside if self._within(frame[clock])}
        return frame

    def _within(self, instants: pl.Series) -> bool:
        """Whether all of them lie in the period, its end left out for the clock that we cut by."""
        first, last = instants.min(), instants.max()
        if instants.null_count() or not isinstance(first, datetime) or not isinstance(last, datetime):
            return not instants.len()
        return self._start <= first and (
            last < self._end if instants.name == "submitted_at" else last <= self._end
        )

    def warning(self) -> str:
        """Say it, and which clock explains it."""
        if not self._count:
            return ""
        fitting = [clock for clock in self._clocks if clock in self._inside]
        by = (
            f"the vendor seems to filter by {' or '.join(fitting)}"
            if fitting
            else "no clock of the records explains which ones the vendor chose"
        )
        return (
            f"{self._count} record(s) were submitted outside of {self._start.isoformat()} to "
            f"{self._end.isoformat()} and are kept: {by}."
        )
