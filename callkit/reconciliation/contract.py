"""What the rate deck says of each call, and where the record contradicts it.

R and P are the deck's rate and bill period, r and p the record's. Where the deck does not price a call, or says nothing
of the bill period, the record's own stand.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from callkit.billing import DIGITS, cost_units, increments, money_of, units_of
from callkit.cdr import schema_of
from callkit.reconciliation.precision import is_tie, per_seconds
from callkit.reconciliation.wording import rate_unit

if TYPE_CHECKING:
    from callkit.billing import Rating
    from callkit.rates import RateDeck
    from callkit.reconciliation.facts import Facts

PRICED = schema_of(
    _deck_row=pl.Int64, _deck_rate=pl.Int128, _deck_first=pl.Int64, _deck_step=pl.Int64, _by_deck=pl.Int128
)
"""What the deck adds to a call, C(R, s) last: all null where it does not price it."""

_MOST_MONEY = 10**28
"""In units of 10⁻¹⁰: larger amounts are beyond all sense."""

_MOST_RATE = 10**25
_MOST_SECONDS = 10**10


def with_deck(cdrs: pl.LazyFrame, facts: Facts) -> pl.LazyFrame:
    """Add what the deck says of each call. What the charged seconds cost by it is for the ledger to add."""
    deck = facts.asked.rate_deck
    if deck is None:
        return cdrs.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in PRICED.items())
    first, step = increments(pl.col("bill_period"))
    rows = deck.rows.select(
        pl.col("row").alias("_deck_row"),
        units_of(pl.col("rate")).alias("_deck_rate"),
        first.alias("_deck_first"),
        step.alias("_deck_step"),
    )
    return priced(cdrs, deck).join(rows.lazy(), on="_deck_row", how="left")


def priced(cdrs: pl.LazyFrame, deck: RateDeck | None) -> pl.LazyFrame:
    """Say which row of the deck prices each call (`_deck_row`), where there is a deck and it is not said yet."""
    if deck is None or "_deck_row" in cdrs.collect_schema():
        return cdrs
    return cdrs.with_columns(deck.row_of().alias("_deck_row"))


def due_increments() -> tuple[pl.Expr, pl.Expr]:
    """P as (first, step): the deck's, else the record's."""
    stated = pl.col("_deck_first").is_not_null()
    first, step = (pl.when(stated).then(f"_deck{name}").otherwise(name) for name in ("_first", "_step"))
    return first, step


def by_deck(seconds: pl.Expr, facts: Facts) -> pl.Expr:
    """C(R, seconds) in units of 10⁻¹⁰; null where the deck does not price the call."""
    return facts.rated(lambda rating: _by_deck(seconds, in_deck_unit(rating, facts)))


def in_deck_unit(rating: Rating, facts: Facts) -> Rating:
    """The rating of the deck's rates: the call's, with the unit that the deck states."""
    deck = facts.asked.rate_deck
    if deck is None or deck.per_seconds is None:
        return rating
    return replace(rating, per_seconds=deck.per_seconds)


def deck_rate_unit(facts: Facts) -> pl.Expr:
    """What a rate of the deck is the price of, in words."""
    step = due_increments()[1]
    return facts.rated(lambda rating: rate_unit(in_deck_unit(rating, facts), step))


def _by_deck(seconds: pl.Expr, rating: Rating) -> pl.Expr:
    cost = cost_units(pl.col("_deck_rate"), seconds.cast(pl.Int128), rating, due_increments())
    return pl.when(cost.abs() <= _MOST_MONEY).then(cost)


def increments_differ() -> pl.Expr:
    """Whether the deck states another bill period than the record; null where either is unknown."""
    return (pl.col("_deck_first") != pl.col("_first")) | (pl.col("_deck_step") != pl.col("_step"))


def rate_differs(facts: Facts, tolerance: pl.Expr) -> pl.Expr:
    """Whether the record's price is another one than the deck's; null where the deck does not price the call.

    A record that states its rate is held against the deck's. Digits that it does not show are no difference where its
    cost agrees with the deck's rate, or where the vendor demonstrably charges by more digits than it shows. A record
    without a rate is held against what its charged seconds cost by the deck.

    Parameters
    ----------
    facts
        What is known about all records.
    tolerance
        How far a cost may lie off, in units of 10⁻¹⁰.
    """
    off = (pl.col("_billed") - pl.col("_by_deck")).abs() > tolerance
    apart, slack = (facts.rated(partial(compare, facts=facts)) for compare in (_apart, _half_shown))
    shown = apart * 2 <= slack
    hidden = shown & (pl.col("_shortened").fill_null(value=False) | ~off.fill_null(value=True))
    stated = (apart != 0) & ~hidden
    if facts.asked.tolerance is None and facts.basis != "given":
        tie = facts.rated(
            lambda rating: is_tie(in_deck_unit(rating, facts), pl.col("_deck_rate"), due_increments()[1])
        )
        off &= ~tie.fill_null(value=False)
    return pl.when(pl.col("rate").is_not_null()).then(stated).otherwise(off)


def _units(rating: Rating, facts: Facts) -> tuple[pl.Expr, pl.Expr]:
    """How many seconds the record's rate and the deck's are the price of; one each where they are the same."""
    by_deck = in_deck_unit(rating, facts)
    if by_deck == rating:
        return pl.lit(1, pl.Int128), pl.lit(1, pl.Int128)
    return per_seconds(rating), per_seconds(by_deck, due_increments()[1])


def _apart(rating: Rating, facts: Facts) -> pl.Expr:
    """How far the record's rate lies from the deck's, times both units to be whole."""
    of_record, of_deck = _units(rating, facts)
    rate, stated = units_of(pl.col("rate")), pl.col("_deck_rate")
    safe = (rate.abs() <= _MOST_RATE) & (of_record <= _MOST_SECONDS) & (of_deck <= _MOST_SECONDS)
    return pl.when(safe).then(rate * of_deck - stated * of_record).otherwise(rate - stated).abs()


def _half_shown(rating: Rating, facts: Facts) -> pl.Expr:
    """A unit of the last digit that the record's rate is shown with, on the same scale."""
    return pl.col("_unit_rate") * _units(rating, facts)[1]


def unit_assumed(facts: Facts) -> pl.Expr:
    """Whether nobody says what a rate of the deck is the price of: not the user, the deck, or any record."""
    deck = facts.asked.rate_deck
    return rating_assumed(facts) & pl.lit(deck is None or deck.per_seconds is None)


def rating_assumed(facts: Facts) -> pl.Expr:
    """Whether the rating of a call that a deck prices is only the convention: neither stated nor seen in any record."""
    if facts.basis == "given" or facts.asked.rate_deck is None:
        return pl.lit(value=False)
    return pl.col("_assumed").fill_null(value=True)


def billed_rate(facts: Facts) -> tuple[pl.Expr, pl.Expr]:
    """The least and the greatest rate that can have been charged, as MONEY, in the deck's unit.

    A record that states its rate charges that; of another one, half a unit of its cost to either side is left open.
    """
    stated = pl.col("rate").is_not_null()
    low, high = (
        pl.when(stated)
        .then(money_of(facts.rated(partial(_restated, facts=facts, side=side))))
        .otherwise(money_of(facts.rated(partial(_derived, facts=facts, side=side))))
        for side in (-1, 1)
    )
    return low, high


def _restated(rating: Rating, facts: Facts, side: int) -> pl.Expr:
    """The record's rate in the deck's unit, rounded to the inside."""
    of_record, of_deck = _units(rating, facts)
    rate = units_of(pl.col("rate"))
    safe = pl.when((rate.abs() <= _MOST_RATE) & (of_deck <= _MOST_SECONDS)).then(rate * of_deck)
    rounded: pl.Expr = safe // of_record if side > 0 else (safe + of_record - 1) // of_record
    return rounded


def _derived(rating: Rating, facts: Facts, side: int) -> pl.Expr:
    """(cost ± half a unit − fee) · per_seconds / seconds, rounded to the inside."""
    by_deck = in_deck_unit(rating, facts)
    seconds = pl.col("charged_duration").cast(pl.Int128) * 2
    doubled = (pl.col("_billed") - int(Fraction(rating.connect_fee) * 10**DIGITS)) * 2
    product = (doubled + side * pl.col("_unit_cost")) * per_seconds(by_deck, due_increments()[1])
    safe = pl.when((seconds > 0) & (product.abs() < _MOST_MONEY * 10**8)).then(seconds)
    rounded: pl.Expr = product // safe if side > 0 else (product + safe - 1) // safe
    return rounded


def deck_row_in_words(facts: Facts) -> pl.Expr:
    """`prefix 8621, China Shanghai (rates.csv, row 12)`; null where the deck does not price the call."""
    deck = facts.asked.rate_deck
    if deck is None:
        return pl.lit(None, pl.String)
    words = pl.format(
        "prefix {}{} ({}, {})",
        "prefix",
        pl.format(", {}", "destination").fill_null(""),
        pl.lit(deck.name),
        "place",
    )

    def look(rows: pl.Series) -> pl.Series:
        named = deck.rows.select("row", words=words)
        asked = rows.alias("row").to_frame()
        return asked.join(named, on="row", how="left", maintain_order="left")["words"]

    return pl.col("_deck_row").map_batches(look, return_dtype=pl.String, is_elementwise=True)
