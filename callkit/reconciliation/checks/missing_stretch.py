"""Hours without a single record at a time of the week at which the other weeks have many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from callkit.cdr import MONEY
from callkit.reconciliation.findings import GroupCheck
from callkit.reconciliation.wording import instant

if TYPE_CHECKING:
    from callkit.reconciliation.facts import Facts

FEWEST_EXPECTED = 14
"""Where so many calls are expected, an hour is empty by chance once in a million."""

FEWEST_WEEKS = 3
"""Fewer other weeks are no habit."""

_CLOCK = pl.coalesce("submitted_at", "answered_at", "ended_at")
_HOUR = 3_600
_WEEK = 168


def _stretches(ledger: pl.LazyFrame, facts: Facts) -> pl.DataFrame:
    """Tell adjoining missing hours in one finding."""
    hours = (
        ledger.select("source", hour=_CLOCK.dt.epoch("s") // _HOUR)
        .drop_nulls("hour")
        .group_by("source", "hour")
        .agg(pl.len().cast(pl.Int64).alias("calls"))
        .collect(engine="streaming")
    )
    missing = _missing(hours).sort("source", "hour", nulls_last=True)
    apart = (pl.col("hour").diff() != 1) | pl.col("source").ne_missing(pl.col("source").shift())
    stretches = missing.group_by(stretch=apart.fill_null(value=True).cum_sum(), maintain_order=True).agg(
        pl.col("source").first(),
        pl.col("hour").min().alias("first"),
        (pl.col("hour").max() + 1).alias("last"),
        # The mean of the other weeks, to the nearest call.
        ((2 * pl.col("calls") + pl.col("others")) // (2 * pl.col("others"))).sum().alias("expected"),
        pl.col("others").min(),
    )
    start, end = (
        instant(pl.from_epoch(pl.col(name) * _HOUR).dt.replace_time_zone("UTC"), facts.asked.tz)
        for name in ("first", "last")
    )
    return stretches.select(
        pl.lit(None, pl.String).alias("call_id"),
        "source",
        pl.lit("0").alias("reported"),
        pl.col("expected").cast(pl.String),
        pl.lit(None, MONEY).alias("amount"),
        pl.lit(None, pl.String).alias("currency"),
        pl.format(
            "{} has no call from {} to {}. The {} other weeks let expect about {} at that time of the week. "
            "Fetch it again; if it stays empty and you did call, ask whether records were lost.",
            pl.col("source").fill_null("The source"),
            start,
            end,
            "others",
            "expected",
        ).alias("explanation"),
    )


def _missing(hours: pl.DataFrame) -> pl.DataFrame:
    """List the hours that should not be empty: source, hour, the calls of all other weeks, and how many these are.

    Between the first and the last record an hour without a row is empty. Hours are listed only once it is known that
    they are few: a single garbled instant would otherwise open up centuries.
    """
    slot = pl.col("hour") % _WEEK
    first, last = pl.col("hour").min().over("source"), pl.col("hour").max().over("source")
    earliest = first + (slot - first) % _WEEK
    habits = (
        hours.with_columns(slot=slot, earliest=earliest, last=last)
        .group_by("source", "slot", "earliest", "last")
        .agg(
            pl.len().cast(pl.Int64).alias("present"),
            pl.col("calls").sum(),
            (pl.col("calls") >= FEWEST_EXPECTED).sum().cast(pl.Int64).alias("many"),
        )
        .with_columns(others=(pl.col("last") - pl.col("earliest")) // _WEEK)
        .filter(
            pl.col("present") <= pl.col("others"),
            pl.col("calls") >= FEWEST_EXPECTED * pl.col("others"),
            # Campaigns in some weeks let nothing be expected in the others.
            pl.col("many") >= FEWEST_WEEKS,
            2 * pl.col("many") > pl.col("others"),
        )
    )
    weekly = pl.int_ranges(pl.col("earliest"), pl.col("last") + 1, _WEEK).alias("hour")
    listed = habits.select("source", weekly, "calls", "others").explode("hour", empty_as_null=True)
    return listed.join(hours, on=["source", "hour"], how="anti", nulls_equal=True)


CHECKS = (GroupCheck("missing_stretch", "warning", "D", of_records=True, find=_stretches),)
