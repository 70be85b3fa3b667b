"""The bill period is not the one that the rate deck states."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from callkit.reconciliation.contract import deck_row_in_words, due_increments, increments_differ
from callkit.reconciliation.findings import CallCheck
from callkit.reconciliation.ledger import answered, step_amount, verifiable
from callkit.reconciliation.wording import money

if TYPE_CHECKING:
    from callkit.reconciliation.facts import Facts


def _deck_period() -> pl.Expr:
    return pl.format("{}+{}", *due_increments())


def _explanation(facts: Facts) -> pl.Expr:
    amount = step_amount("increments")
    side = pl.when(amount > 0).then(pl.lit("too much")).otherwise(pl.lit("too little"))
    worth = (
        pl.when(verifiable() & (amount == 0))
        .then(pl.lit(", which costs this call nothing"))
        .when(verifiable())
        .then(
            pl.format(
                ", at the record's rate {} {} {}",
                money(amount.abs()),
                pl.col("currency").fill_null("?"),
                side,
            )
        )
    )
    return pl.format(
        "The rate deck says {} for {}; the record is billed on {}: "
        "{} s of talk are {} s by the deck, {} s by the record{}.",
        _deck_period(),
        deck_row_in_words(facts),
        pl.col("bill_period").str.strip_chars(),
        "call_duration",
        "expected_charged_duration",
        "_seconds",
        worth.fill_null(""),
    )


CHECKS = (
    CallCheck(
        "increments",
        "error",
        "B",
        "increments",
        asks="charge",
        fires=lambda _: answered() & pl.col("_double_of").is_null() & increments_differ(),
        reported=pl.col("bill_period").str.strip_chars(),
        expected=_deck_period(),
        amount=pl.when(verifiable()).then(step_amount("increments")),
        explanation=_explanation,
    ),
)
