"""The talk time is not the time between answer and end.

Vendors' clocks and counters differ a little, so single calls are only worth a warning. Where most calls of a route are
off to the same side, that is a habit, told once, with what it costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from callkit.billing import money_of, seconds_charged
from callkit.cdr import MONEY
from callkit.reconciliation.findings import CallCheck, GroupCheck
from callkit.reconciliation.ledger import answered, cost_of
from callkit.reconciliation.wording import instant, money

if TYPE_CHECKING:
    from callkit.reconciliation.facts import Facts

SLACK_SECONDS = 1
"""Rounding two instants to whole seconds can make this much."""

FEWEST_CALLS = 20
BIASED_SHARE = 0.5
"""A route is biased when at least so many calls, and this share of them, are off to the same side."""

_ROUTE = ("source", "destination", "currency")


def _off() -> pl.Expr:
    """Talk time minus the time by the clock, in microseconds; null where either is unknown."""
    by_clock = pl.col("ended_at") - pl.col("answered_at")
    talk = pl.col("call_duration").cast(pl.Int128)  # garbled seconds times a million leave 64 bits
    return pl.when(answered()).then(talk * 1_000_000 - by_clock.dt.total_microseconds())


def _too_long() -> pl.Expr:
    return _off() > SLACK_SECONDS * 1_000_000


def _too_short() -> pl.Expr:
    return _off() < -SLACK_SECONDS * 1_000_000


def _routes(ledger: pl.LazyFrame, facts: Facts) -> pl.DataFrame:
    """Tell each biased route in one finding, with the money that the bias costs."""
    by_clock = (pl.col("ended_at") - pl.col("answered_at")).dt.total_seconds()
    seconds = seconds_charged(by_clock, pl.col("_first"), pl.col("_step"), facts.rating.increments)
    cost = pl.col("_due") - cost_of(pl.col("_by_clock"), facts)
    longer, shorter = _too_long().sum().alias("longer"), _too_short().sum().alias("shorter")
    routes = (
        ledger.filter(_off().is_not_null())
        .with_columns(_by_clock=seconds)
        .group_by(_ROUTE)
        .agg(
            pl.len().alias("calls"),
            longer,
            shorter,
            (_off() / 1_000_000).median().round(0).cast(pl.Int128).alias("typical"),
            cost.filter(_too_long() | _too_short()).sum().alias("worth"),
        )
        .filter(pl.col("calls") >= FEWEST_CALLS)
        .filter(pl.max_horizontal("longer", "shorter") >= BIASED_SHARE * pl.col("calls"))
        .sort(_ROUTE, nulls_last=True)
        .collect(engine="streaming")
    )
    off = pl.max_horizontal("longer", "shorter")
    side = pl.when(pl.col("longer") >= pl.col("shorter")).then(pl.lit("longer")).otherwise(pl.lit("shorter"))
    return routes.select(
        pl.lit(None, pl.String).alias("call_id"),
        "source",
        pl.format("{} s {} as a rule", pl.col("typical").abs(), side).alias("reported"),
        pl.lit("the time from answer to end").alias("expected"),
        pl.lit(None, MONEY).alias("amount"),
        "currency",
        pl.format(
            "{}: {} of {} answered calls have a talk time {} than the time from answer to end, typically by {} s. "
            "By the clock they would cost {} {} {}.",
            pl.coalesce("destination", "source"),
            off,
            "calls",
            side,
            pl.col("typical").abs(),
            money(money_of(pl.col("worth").abs())),
            pl.col("currency").fill_null(""),
            pl.when(pl.col("worth") >= 0).then(pl.lit("less")).otherwise(pl.lit("more")),
        ).alias("explanation"),
    )


def _explanation(facts: Facts) -> pl.Expr:
    return pl.format(
        "Answered {}, ended {}: {} s by the clock, {} s of talk in the record.",
        instant(pl.col("answered_at"), facts.tz),
        instant(pl.col("ended_at"), facts.tz),
        (pl.col("ended_at") - pl.col("answered_at")).dt.total_seconds(),
        "call_duration",
    )


CHECKS = (
    CallCheck(
        "talk_time",
        "warning",
        "D",
        fires=lambda _: _too_long() | _too_short(),
        reported=pl.col("call_duration"),
        expected=(pl.col("ended_at") - pl.col("answered_at")).dt.total_seconds(),
        explanation=_explanation,
    ),
    GroupCheck("talk_time", "warning", "D", find=_routes),
)
