"""Where an invoice's period is cut out of time: in a zone, by a clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from callkit.cdr import INSTANT
from callkit.invoice.asked import Asked
from callkit.invoice.calls import Clock
from callkit.invoice.periods import instants


@dataclass(frozen=True, slots=True)
class Cut:
    """A zone and a clock, and the period between two instants that they make.

    Attributes
    ----------
    tz, clock
        The zone on whose wall clock the invoice's periods are, and the instant of a call that counts.
    start, end
        The invoice's whole period, [start, end), in UTC.
    """

    tz: str
    clock: Clock
    start: datetime
    end: datetime

    def marked(self, calls: pl.LazyFrame, itemised: pl.DataFrame) -> pl.LazyFrame:
        """Mark calls that are lines of their own (`_itemised`), and those or what is in the period (`_inside`).

        The calls have their instant in `_at`.
        """
        if itemised.height:
            lines = itemised.select("currency", "call_id").with_columns(_itemised=True).lazy()
            calls = calls.join(lines, on=["currency", "call_id"], how="left").with_columns(
                pl.col("_itemised").fill_null(value=False)
            )
        else:
            calls = calls.with_columns(_itemised=pl.lit(value=False))
        when = pl.col("_at")
        inside = (when >= pl.lit(self.start, INSTANT)) & (when < pl.lit(self.end, INSTANT))
        return calls.with_columns((pl.col("_itemised") | inside.fill_null(value=False)).alias("_inside"))


def cut_of(usage: Asked, tz: str, clock: Clock) -> Cut:
    """Place an invoice's period in time."""
    placed = instants(usage.period, tz)
    start, end = (placed[edge] for edge in usage.period)
    return Cut(tz, clock, start, end)
