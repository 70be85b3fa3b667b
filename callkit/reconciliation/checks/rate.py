"""The rate is not the one that the rate deck states, or the deck states none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from callkit.billing import money_of
from callkit.cdr import MONEY
from callkit.reconciliation.contract import (
    billed_rate,
    deck_rate_unit,
    deck_row_in_words,
    rating_assumed,
    unit_assumed,
)
from callkit.reconciliation.findings import CallCheck
from callkit.reconciliation.ledger import answered, step_amount, verifiable
from callkit.reconciliation.wording import money, rate_unit, too_much

if TYPE_CHECKING:
    from callkit.reconciliation.facts import Facts

_STATED = pl.col("rate").is_not_null()
_DECK_RATE = money_of(pl.col("_deck_rate"))
_CURRENCY = pl.col("currency").fill_null("")

# What the deck looks a call up by.
_ASKED = ("source", "direction", "caller", "callee", "currency", "submitted_at", "answered_at", "ended_at")


def _single() -> pl.Expr:
    return answered() & pl.col("_double_of").is_null()


def _doubtful(facts: Facts) -> pl.Expr:
    """Without a rate in the record, a price contradicts nothing that hangs on what is only assumed.

    That is the rate's unit, where nobody tells it; and the rounding, which makes less than a unit of the last decimal.
    """
    by_rounding = (pl.col("_billed") - pl.col("_by_deck")).abs() <= pl.col("_unit_cost")
    return ~_STATED & (unit_assumed(facts) | (rating_assumed(facts) & by_rounding))


def _doubt(facts: Facts) -> pl.Expr:
    """What would have to be known."""
    unit = "But neither the record nor a stated rating says what a rate is the price of"
    rounding = (
        "But so much can be rounding, and neither the records nor a stated rating say how costs are rounded"
    )
    told = pl.when(unit_assumed(facts)).then(pl.lit(unit)).otherwise(pl.lit(rounding))
    return pl.format("{}: state it with rating=.", told)


def _unpriced(facts: Facts) -> pl.Expr:
    if facts.asked.rate_deck is None:
        return pl.lit(value=False)
    return pl.col("_deck_row").is_null() & (pl.col("cost") != 0)


def _reported() -> pl.Expr:
    by_cost = pl.format("{} for {} s", money(pl.col("cost")), "charged_duration")
    return pl.when(_STATED).then(money(pl.col("rate"))).otherwise(by_cost)


def _contradiction(facts: Facts) -> pl.Expr:
    unit = facts.rated(rate_unit)
    amount = too_much(step_amount("rate"), pl.col("currency"), money(step_amount("rate").abs()))
    # The step is about the seconds that are due; only where they were charged is it the difference of the two costs.
    due = pl.col("expected_charged_duration")
    as_told = _STATED | (due == pl.col("charged_duration"))
    told = pl.when(as_told).then(pl.format(": {}", amount))
    for_due = pl.format("; for the {} s that are due, that is {}", due, amount)
    worth = pl.when(verifiable()).then(told.otherwise(for_due))
    stated = pl.format("the record charges {}/{}", money(pl.col("rate")), unit)
    derived = pl.format(
        "{} s by it cost {}, and {} are billed",
        "charged_duration",
        money(money_of(pl.col("_by_deck"))),
        money(pl.col("cost")),
    )
    return pl.format(
        "The rate deck says {}/{} {} for {}; {}{}.{}",
        money(_DECK_RATE),
        deck_rate_unit(facts),
        _CURRENCY,
        deck_row_in_words(facts),
        pl.when(_STATED).then(stated).otherwise(derived),
        worth.fill_null(""),
        _whence(facts),
    )


def _whence(facts: Facts) -> pl.Expr:
    """Which other row of the deck would explain what was billed."""
    deck = facts.asked.rate_deck
    if deck is None:
        return pl.lit("")

    def look(calls: pl.Series) -> pl.Series:
        frame = calls.struct.unnest()
        return deck.explaining(frame.drop("low", "high"), frame["low"], frame["high"])

    low, high = billed_rate(facts)
    asked = (
        "call_id",
        "source",
        "direction",
        "caller",
        "callee",
        "currency",
        "submitted_at",
        "answered_at",
        "ended_at",
    )
    calls = pl.struct(*asked, "_deck_row", low.alias("low"), high.alias("high"))
    found = calls.map_batches(look, return_dtype=pl.String)
    return pl.format(" What was billed is {}.", found).fill_null("")


def _without_price(facts: Facts) -> pl.Expr:
    deck = facts.asked.rate_deck
    if deck is None:
        return pl.lit(None, pl.String)
    reason = pl.struct(pl.all()).map_batches(
        lambda calls: deck.reason_unmatched(calls.struct.unnest()), return_dtype=pl.String
    )
    return pl.format(
        "The rate deck has no price for this call: {}. {} {} are billed for {} s. Which price is agreed?",
        reason,
        money(pl.col("cost")),
        _CURRENCY,
        pl.col("charged_duration").cast(pl.String).fill_null("an unknown number of"),
    )


CHECKS = (
    CallCheck(
        "rate",
        "error",
        "B",
        "rate",
        asks="charge",
        fires=lambda facts: _single() & pl.col("_rate_differs") & ~_doubtful(facts),
        reported=_reported(),
        expected=money(_DECK_RATE),
        amount=pl.when(verifiable()).then(step_amount("rate")),
        explanation=_contradiction,
    ),
    CallCheck(
        "rate",
        "error",
        "D",
        asks="charge",
        fires=lambda facts: _single() & pl.col("_rate_differs") & _doubtful(facts),
        reported=_reported(),
        expected=money(_DECK_RATE),
        explanation=lambda facts: pl.format("{} {}", _contradiction(facts), _doubt(facts)),
    ),
    CallCheck(
        "rate",
        "error",
        "D",
        asks="charge",
        fires=lambda facts: _single() & _unpriced(facts),
        reported=_reported(),
        expected=pl.lit("a price in the rate deck"),
        amount=pl.lit(None, MONEY),
        explanation=_without_price,
    ),
)
