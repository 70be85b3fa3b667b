"""The charged seconds are not what the record's own bill period makes of its talk time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from callkit.reconciliation.findings import CallCheck
from callkit.reconciliation.ledger import answered, step_amount, verifiable
from callkit.reconciliation.wording import money, too_much

if TYPE_CHECKING:
    from callkit.reconciliation.facts import Facts


def increments_in_words(facts: Facts) -> pl.Expr:
    """`31 s on 6+6: the first 6 s, then 25 s in steps of 6 s → 36 s`."""
    talk, first, step = pl.col("call_duration"), pl.col("_first"), pl.col("_step")
    due = pl.col("_seconds")
    within = pl.format("the first {} s are charged in full → {} s", first, due)
    beyond = pl.format("the first {} s, then {} s in steps of {} s → {} s", first, talk - first, step, due)
    after_first = pl.when(talk <= first).then(within).otherwise(beyond)
    total = pl.format("all of it in steps of {} s, at least {} s → {} s", step, first, due)
    told = facts.rated(lambda rating: after_first if rating.increments == "after_first" else total)
    return pl.format("{} s on {}: {}", talk, pl.col("bill_period").str.strip_chars(), told)


def _explanation(facts: Facts) -> pl.Expr:
    # Garbled seconds are shown as they are: their difference must not leave the integers.
    charged, due = (pl.col(name).cast(pl.Int128) for name in ("charged_duration", "_seconds"))
    seconds = too_much(charged - due, "s", (charged - due).abs())
    worth = pl.when(verifiable()).then(
        pl.format(", worth {} {}", money(step_amount("duration").abs()), pl.col("currency").fill_null("?"))
    )
    return pl.format(
        "{}. Charged {} s: {}{}.", increments_in_words(facts), charged, seconds, worth.fill_null("")
    )


CHECKS = (
    CallCheck(
        "charged_duration",
        "error",
        "A",
        "duration",
        asks="charge",
        fires=lambda _: (
            answered() & pl.col("_double_of").is_null() & (pl.col("charged_duration") != pl.col("_seconds"))
        ),
        reported=pl.col("charged_duration"),
        expected=pl.col("_seconds"),
        amount=pl.when(verifiable()).then(step_amount("duration")),
        explanation=_explanation,
    ),
)
