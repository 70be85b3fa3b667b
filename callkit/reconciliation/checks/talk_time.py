"""The talk time is not the time between answer and end.

Vendors' clocks and counters differ a little, so single calls are only worth a warning. Where most calls of a route are
off to the same side, that is a habit, told once, with what it costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from callkit.billing import money_of, seconds_charged
from callkit.cdr import MONEY
from callkit.reconciliation.findings import TOLD, CallCheck, GroupCheck
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
_SECOND = 1_000_000
_GARBLED = 10**9


def _by_clock() -> pl.Expr:
    """Microseconds from answer to end; null where nobody answered or an instant is unknown."""
    return pl.when(answered()).then((pl.col("ended_at") - pl.col("answered_at")).dt.total_microseconds())


def _too_long() -> pl.Expr:
    talk = pl.col("call_duration")
    # Garbled seconds times a million leave 64 bits; so many are too long for any clock.
    return _by_clock().is_not_null() & (
        (talk > _GARBLED) | (talk * _SECOND - _by_clock() > SLACK_SECONDS * _SECOND)
    )


def _too_short() -> pl.Expr:
    talk = pl.col("call_duration")
    return (talk <= _GARBLED) & (talk * _SECOND - _by_clock() < -SLACK_SECONDS * _SECOND)


def _routes(ledger: pl.LazyFrame, facts: Facts) -> pl.DataFrame:
    """Tell each biased route in one finding, with the money that the bias costs."""
    known = ledger.filter(_by_clock().is_not_null())
    biased = (
        known.group_by(_ROUTE)
        .agg(
            pl.len().cast(pl.Int64).alias("calls"),
            _too_long().sum().cast(pl.Int64).alias("longer"),
            _too_short().sum().cast(pl.Int64).alias("shorter"),
        )
        .filter(pl.col("calls") >= FEWEST_CALLS)
        .filter(pl.max_horizontal("longer", "shorter") >= BIASED_SHARE * pl.col("calls"))
        .collect(engine="streaming")
    )
    if biased.is_empty():
        return pl.DataFrame(schema=TOLD)
    return _told(biased.join(_worth(known, biased, facts), on=_ROUTE, nulls_equal=True))


def _worth(known: pl.LazyFrame, biased: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """Count how far the calls of the biased routes are off, and what they would cost by the clock."""
    by_clock = _by_clock() // _SECOND
    seconds = facts.rated(
        lambda rating: seconds_charged(by_clock, pl.col("_first"), pl.col("_step"), rating.increments)
    )
    cost = pl.col("_due") - cost_of(pl.col("_clocked"), facts)
    off = pl.col("call_duration").cast(pl.Int128) * _SECOND - _by_clock()
    return (
        known.join(biased.lazy().select(_ROUTE), on=_ROUTE, how="semi", nulls_equal=True)
        .with_columns(_clocked=seconds)
        .group_by(_ROUTE)
        .agg(
            (off / _SECOND).median().round(0).cast(pl.Int128).alias("typical"),
            cost.filter(_too_long() | _too_short()).sum().alias("worth"),
        )
        .collect(engine="streaming")
    )


def _told(routes: pl.DataFrame) -> pl.DataFrame:
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
        instant(pl.col("answered_at"), facts.asked.tz),
        instant(pl.col("ended_at"), facts.asked.tz),
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
