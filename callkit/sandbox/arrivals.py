"""When calls begin: working days and weekends, a day's rhythm, and campaigns."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import accumulate
from random import Random

from callkit.sandbox.calls import epoch
from callkit.sandbox.settings import PERIOD, Settings

__all__ = ["Arrivals"]

HOUR = 3_600

# Share of a working day's calls by hour of the day in UTC: an Asian morning to a European afternoon.
_RHYTHM = (3, 8, 17, 24, 27, 25, 26, 28, 30, 29, 25, 20, 16, 14, 12, 10, 8, 6, 4, 3, 2, 1, 1, 1)


class Arrivals:
    """Draws instants at which calls are submitted.

    Parameters
    ----------
    seed, settings
        As for the whole sandbox.
    calls
        How many ITNIO calls the month will have: with enough of them, one busy hour is left empty, as if the
        vendor had lost its records.

    Attributes
    ----------
    start, end
        The period in epoch seconds.
    gap
        The start of the empty hour, or None.
    """

    def __init__(self, seed: int, settings: Settings, calls: int) -> None:
        self.start, self.end = epoch(PERIOD[0]), epoch(PERIOD[1])
        self._settings = settings
        rng = Random(f"{seed}/campaigns")
        hours = range(self.start, self.end, HOUR)
        weights = [self._weight(hour) for hour in hours]
        self.bursts = self._campaigns(rng)
        expected = calls * (1 - settings.bursts * settings.burst_share) / sum(weights)
        # Twenty-five expected calls are so many that fourteen can be counted on in every other week.
        candidates = [
            hour
            for hour, weight in zip(hours, weights, strict=True)
            if weight * expected >= 25
            and datetime.fromtimestamp(hour, UTC).weekday() < 5
            and all(abs(burst - hour) > 2 * HOUR for burst in self.bursts)
            and self.start + 86_400 < hour < self.end - 86_400
        ]
        self.gap = rng.choice(candidates) if candidates and settings.billing_faults else None
        self._hours = [hour for hour in hours if hour != self.gap]
        self._cumulated = list(accumulate(self._weight(hour) for hour in self._hours))

    def _weight(self, hour: int) -> float:
        moment = datetime.fromtimestamp(hour, UTC)
        return _RHYTHM[moment.hour] * (self._settings.weekend if moment.weekday() >= 5 else 1.0)

    def _campaigns(self, rng: Random) -> list[int]:
        """Campaigns start on working days at hours that are busy anyway, no two on one day."""
        days = [
            day
            for day in range(self.start, self.end, 86_400)
            if datetime.fromtimestamp(day, UTC).weekday() < 5
        ]
        chosen = rng.sample(days, min(self._settings.bursts, len(days)))
        return sorted(day + rng.randrange(3 * HOUR, 11 * HOUR, 600) for day in chosen)

    def draw(self, rng: Random) -> Iterator[int]:
        """Give instants within the period without end, in no order, none of them in the empty hour."""
        share = self._settings.burst_share * len(self.bursts)
        total = self._cumulated[-1]
        length = self._settings.burst_minutes * 60
        while True:
            if rng.random() < share:
                instant = rng.choice(self.bursts) + rng.randrange(length)
                if not self.lost(instant):
                    yield instant
            else:
                hour = self._hours[bisect_right(self._cumulated, rng.random() * total)]
                yield hour + rng.randrange(HOUR)

    def margins(self, rng: Random, calls: int) -> list[int]:
        """Draw instants just outside of the period, at the density of `calls` within it."""
        length = self._settings.margin_hours * HOUR
        outside = [*range(self.start - length, self.start, HOUR), *range(self.end, self.end + length, HOUR)]
        if not outside:
            return []
        weights = [self._weight(hour) for hour in outside]
        count = round(calls * sum(weights) / self._cumulated[-1])
        hours = rng.choices(outside, weights, k=count)
        return [hour + rng.randrange(HOUR) for hour in hours]

    def lost(self, instant: int) -> bool:
        """Whether an instant lies in the hour whose records are missing."""
        return self.gap is not None and self.gap <= instant < self.gap + HOUR
