"""The talk time is not the time between answer and end.

Vendors' clocks and counters differ a little, so single calls are only worth a warning. Where most calls of a route are
off to the same side, that is a habit, told once, with what it costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from callkit.billing import money_of, seconds_charged
from callkit.cdr import MONEY
from callkit.reconciliation.clocks import ROUTE, SECOND, by_clock, too_long, too_short
from callkit.reconciliation.findings import TOLD, CallCheck, GroupCheck
from callkit.reconciliation.ledger import cost_of
from callkit.reconciliation.wording import instant, money

if TYPE_CHECKING:
    from callkit.reconciliation.facts import Facts


def _habitual(facts: Facts) -> pl.Expr:
    """Whether a call's route is off as a habit, which is told once."""
    return pl.any_horizontal(
        pl.lit(value=False),
        *(
            pl.all_horizontal(
                pl.col(name).eq_missing(pl.lit(value, pl.String)) for name, value in route.items()
            )
            for route in facts.biased.select(ROUTE).iter_rows(named=True)
        ),
    )


def _routes(ledger: pl.LazyFrame, facts: Facts) -> pl.DataFrame:
    """Tell each biased route in one finding, with the money that the bias costs."""
    if facts.biased.is_empty():
        return pl.DataFrame(schema=TOLD)
    known = ledger.filter(by_clock().is_not_null())
    return _told(facts.biased.join(_worth(known, facts), on=ROUTE, nulls_equal=True))


def _worth(known: pl.LazyFrame, facts: Facts) -> pl.DataFrame:
    """Count how far the calls of the biased routes are off, and what they would cost by the clock."""
    whole = by_clock() // SECOND
    seconds = facts.rated(
        lambda rating: seconds_charged(whole, pl.col("_first"), pl.col("_step"), rating.increments)
    )
    cost = pl.col("_due") - cost_of(pl.col("_clocked"), facts)
    off = pl.col("call_duration").cast(pl.Int128) * SECOND - by_clock()
    return (
        known.join(facts.biased.lazy().select(ROUTE), on=ROUTE, how="semi", nulls_equal=True)
        .with_columns(_clocked=seconds)
        .group_by(ROUTE)
        .agg(
            (off / SECOND).median().round(0).cast(pl.Int128).alias("typical"),
            cost.filter(too_long() | too_short()).sum().alias("worth"),
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
        fires=lambda facts: (too_long() | too_short()) & ~_habitual(facts),
        reported=pl.col("call_duration"),
        expected=(pl.col("ended_at") - pl.col("answered_at")).dt.total_seconds(),
        explanation=_explanation,
    ),
    GroupCheck("talk_time", "warning", "D", find=_routes),
)
