"""A call without a rate costs another price a second than nearly all its peers.

A cost is known to half a unit of its last decimal, so a call's price a second is an interval, not a number. The
consensus of the peers is where most of their intervals meet. All of it is integers: a fraction whose denominator is at
most 2²¹, times 2⁴² and rounded down, keeps its place among all such fractions, and equal ones stay equal, because two
different ones are more than 2⁻⁴² apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from callkit.billing import DIGITS, money_of, units_of
from callkit.cdr import MONEY
from callkit.numbers import country, country_name
from callkit.reconciliation.doubles import KEY as DOUBLE_KEY
from callkit.reconciliation.findings import GroupCheck
from callkit.reconciliation.ledger import answered
from callkit.reconciliation.wording import money

if TYPE_CHECKING:
    from callkit.reconciliation.facts import Facts

FEWEST_PEERS = 20
"""Fewer calls, beside the call itself, are no consensus."""

AGREEING = (4, 5)
"""So large a part of the peers must agree, or the calls have several prices (a fee, a new price, several networks)."""

_SCALE = 2**42
_MOST_SECONDS = 2**20
_MOST_UNITS = 10 ** (12 + DIGITS)

_TERMS = ("source", "currency")
_GROUP = ("source", "direction", "currency", "_country")
_PRICED = (*_GROUP, "_billed", "charged_duration")


def _outliers(ledger: pl.LazyFrame, facts: Facts) -> pl.DataFrame:
    foreign = (
        pl.when(pl.col("direction") == "out").then("callee").when(pl.col("direction") == "in").then("caller")
    )
    unknown = pl.col("rate").is_null()
    if facts.asked.rate_deck is not None:  # a price that the contract states needs no peers
        unknown &= pl.col("_deck_row").is_null()
    calls = (
        ledger.filter(
            unknown,
            answered(),
            pl.col("charged_duration").is_between(1, _MOST_SECONDS),
            units_of(pl.col("cost")).abs() <= _MOST_UNITS,
        )
        .with_columns(_billed=units_of(pl.col("cost")), _country=country(foreign))
        .filter(pl.col("_country").is_not_null())
    )
    # Few prices and fewer lengths of calls make many calls: only these are compared.
    priced = (
        calls.group_by(_PRICED)
        .agg(pl.len().cast(pl.Int64).alias("calls"))
        .collect(engine="streaming")
        .join(facts.terms.select(*_TERMS, "_unit_cost"), on=_TERMS, how="left", nulls_equal=True)
        .with_columns(_second("low", -1), _second("high", 1))
    )
    outside = priced.join(_consensus(priced), on=_GROUP, nulls_equal=True).filter(
        (pl.col("high") < pl.col("least")) | (pl.col("low") > pl.col("most"))
    )
    known = (calls if outside.height else calls.head(0)).select(
        *DOUBLE_KEY, "charged_duration", "currency", "_billed", "_country"
    )
    found = known.join(outside.lazy(), on=_PRICED, nulls_equal=True).collect(engine="streaming")
    # A double is disputed as a whole, whatever its price.
    return _told(found.join(facts.doubles, on=DOUBLE_KEY, how="anti", nulls_equal=True))


def _second(name: str, side: int) -> pl.Expr:
    """One end of a call's price a second: (cost ± half a unit) / seconds, doubled on both sides to be whole."""
    doubled = 2 * pl.col("_billed") + side * pl.col("_unit_cost")
    return (doubled * _SCALE // (2 * pl.col("charged_duration").cast(pl.Int128))).alias(name)


def _consensus(priced: pl.DataFrame) -> pl.DataFrame:
    """Find where most intervals of a group meet: from `least` to `most`, by how many `agreeing` of `peers` calls.

    Walking up the prices, an interval begins to count at its low end and ceases after its high end. Where the most
    meet in several places, the consensus reaches from the first to the last of them.
    """
    begins = priced.select(*_GROUP, at="low", ends=pl.lit(0, pl.Int64), change="calls")
    ends = priced.select(*_GROUP, at="high", ends=pl.lit(1, pl.Int64), change=-pl.col("calls"))
    points = (
        pl.concat([begins, ends])
        .group_by(*_GROUP, "at", "ends")
        .agg(pl.col("change").sum())
        .sort(*_GROUP, "at", "ends", nulls_last=True)
        .with_columns(
            meeting=pl.col("change").cum_sum().over(_GROUP), until=pl.col("at").shift(-1).over(_GROUP)
        )
    )
    deepest = pl.col("meeting") == pl.col("meeting").max()
    part, whole = AGREEING
    return (
        points.group_by(_GROUP)
        .agg(
            pl.col("at").filter(deepest).min().alias("least"),
            pl.col("until").filter(deepest).max().alias("most"),
            pl.col("meeting").max().alias("agreeing"),
            pl.col("change").filter(pl.col("ends") == 0).sum().alias("peers"),
        )
        .filter(pl.col("agreeing") >= FEWEST_PEERS, whole * pl.col("agreeing") >= part * pl.col("peers"))
    )


def _told(calls: pl.DataFrame) -> pl.DataFrame:
    currency = pl.col("currency").fill_null("(currency unknown)")
    least, most = (_due(name) for name in ("least", "most"))
    due = _range(money(least), money(most))
    per_minute = _range(_minute(pl.col("least")), _minute(pl.col("most")))
    own = money(money_of(pl.col("_billed") * 60 // pl.col("charged_duration").cast(pl.Int128)).round(6))
    regions = calls["_country"].unique().to_list()
    named = pl.col("_country").replace_strict(
        regions, [country_name(region) for region in regions], return_dtype=pl.String
    )
    side = pl.when(pl.col("direction") == "out").then(pl.lit("to")).otherwise(pl.lit("from"))
    return calls.select(
        "call_id",
        "source",
        money(money_of(pl.col("_billed"))).alias("reported"),
        due.alias("expected"),
        pl.lit(None, MONEY).alias("amount"),
        "currency",
        pl.format(
            "{} s cost {} {}, {} a minute. Of {} calls {} {}, {} agree on {} a minute: {} {} for this one. "
            "Which price is agreed for it?",
            "charged_duration",
            money(money_of(pl.col("_billed"))),
            currency,
            own,
            "peers",
            side,
            named,
            "agreeing",
            per_minute,
            due,
            currency,
        ).alias("explanation"),
    )


def _range(least: pl.Expr, most: pl.Expr) -> pl.Expr:
    return pl.when(least == most).then(least).otherwise(pl.format("{} to {}", least, most))


def _minute(second: pl.Expr) -> pl.Expr:
    return money(money_of(second * 60 // _SCALE).round(6))


def _due(name: str) -> pl.Expr:
    """What the call would cost at an end of the consensus, to the unit; two divisions, or it would leave 128 bits."""
    seconds, unit = pl.col("charged_duration").cast(pl.Int128), pl.col("_unit_cost")
    cost = pl.col(name) // 2**20 * seconds // 2**22
    return money_of((cost + unit // 2) // unit * unit)


CHECKS = (GroupCheck("rate_outlier", "warning", "D", of_records=True, find=_outliers),)
