"""Sums of calls between two instants, for any number of intervals: by running totals, not by looking at calls again."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl


class Prefixes:
    """Calls in the order of key and instant, with running totals of what they measure.

    Parameters
    ----------
    calls
        `key` (Int64, from 0), `t` (Int64, an instant), and the measures, integers.
    measures
        The columns to sum up.

    Examples
    --------
    >>> import polars as pl
    >>> from callkit.invoice.prefixes import Prefixes
    >>> calls = pl.DataFrame({"key": [0, 0, 1], "t": [10, 20, 15], "seconds": [6, 12, 60]})
    >>> wanted = pl.DataFrame({"key": [0, 0, 1, 1], "start": [0, 11, 0, 16], "end": [20, 99, 99, 20]})
    >>> Prefixes(calls, ["seconds"]).between(wanted)["seconds"].to_list()
    [6, 12, 60, 0]
    """

    def __init__(self, calls: pl.DataFrame, measures: Sequence[str]) -> None:
        first, last = calls["t"].min(), calls["t"].max()
        self._base = first if isinstance(first, int) else 0
        self._span = (last if isinstance(last, int) else 0) - self._base + 2
        ordered = calls.select(self._place("t").alias("_place"), *measures).sort("_place")
        self._places = ordered["_place"]
        self._totals = ordered.select(pl.col(name).cum_sum() for name in measures)
        self._totals = pl.concat([self._totals.clear(1).fill_null(0), self._totals])

    def between(self, intervals: pl.DataFrame) -> pl.DataFrame:
        """Sum the measures of the calls of each `key` with `start` <= t < `end`, one row per interval."""
        places = intervals.select(self._place(edge).alias(edge) for edge in ("start", "end"))
        first, last = (self._places.search_sorted(places[edge], side="left") for edge in ("start", "end"))
        return pl.DataFrame([total.gather(last) - total.gather(first) for total in self._totals])

    def _place(self, instant: str) -> pl.Expr:
        """One number for key and instant, so that one sorted column has all of them."""
        within = (pl.col(instant) - self._base).clip(0, self._span - 1)
        return pl.col("key").cast(pl.Int128) * self._span + within
