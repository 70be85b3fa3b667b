"""Talk time against the clock: which calls are off, and which routes are off as a habit."""

from __future__ import annotations

import polars as pl

SLACK_SECONDS = 1
"""Rounding two instants to whole seconds can make this much."""

FEWEST_CALLS = 20
BIASED_SHARE = 0.5
"""A route is biased when at least so many calls, and this share of them, are off to the same side."""

ROUTE = ("source", "destination", "currency")
SECOND = 1_000_000
_GARBLED = 10**9


def by_clock() -> pl.Expr:
    """Microseconds from answer to end; null where nobody answered or an instant is unknown."""
    lasted = (pl.col("ended_at") - pl.col("answered_at")).dt.total_microseconds()
    return pl.when(pl.col("call_duration") > 0).then(lasted)


def too_long() -> pl.Expr:
    """Whether a call talked longer than the clock allows."""
    talk = pl.col("call_duration")
    # Garbled seconds times a million leave 64 bits; so many are too long for any clock.
    longer = (talk > _GARBLED) | (talk * SECOND - by_clock() > SLACK_SECONDS * SECOND)
    return by_clock().is_not_null() & longer


def too_short() -> pl.Expr:
    """Whether a call talked for less time than the clock says."""
    talk = pl.col("call_duration")
    return (talk <= _GARBLED) & (talk * SECOND - by_clock() < -SLACK_SECONDS * SECOND)


def biased_routes(records: pl.LazyFrame) -> pl.DataFrame:
    """Find the routes most of whose calls are off to the same side.

    Returns
    -------
    pl.DataFrame
        `ROUTE`, calls with a clock, how many of them are longer and shorter; sorted by route.
    """
    return (
        records.filter(by_clock().is_not_null())
        .group_by(ROUTE)
        .agg(
            pl.len().cast(pl.Int64).alias("calls"),
            too_long().sum().cast(pl.Int64).alias("longer"),
            too_short().sum().cast(pl.Int64).alias("shorter"),
        )
        .filter(pl.col("calls") >= FEWEST_CALLS)
        .filter(pl.max_horizontal("longer", "shorter") >= BIASED_SHARE * pl.col("calls"))
        .sort(ROUTE, nulls_last=True)
        .collect(engine="streaming")
    )
