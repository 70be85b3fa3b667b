"""The cost is not the record's own rate times its own charged seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from callkit.billing import money_of
from callkit.reconciliation.findings import CallCheck
from callkit.reconciliation.ledger import answered, beyond_tolerance, step_amount, verifiable
from callkit.reconciliation.wording import connect_fee, money, rate_unit, too_much

if TYPE_CHECKING:
    from callkit.reconciliation.facts import Facts


def _explanation(facts: Facts) -> pl.Expr:
    own = money_of(pl.col("_own"))
    difference = pl.col("_billed") - pl.col("_own")
    currency = pl.col("currency").fill_null("")
    return pl.format(
        "{}{} s × {}/{} = {} {}. Billed {} {}: {}.",
        pl.when(pl.col("charged_duration") != 0).then(facts.rated(connect_fee)).otherwise(pl.lit("")),
        "charged_duration",
        money(pl.col("rate")),
        facts.rated(rate_unit),
        money(own),
        currency,
        money(pl.col("cost")),
        currency,
        too_much(difference, pl.col("currency"), money(money_of(difference.abs()))),
    )


CHECKS = (
    CallCheck(
        "cost",
        "error",
        "A",
        "arithmetic",
        asks="charge",
        fires=lambda facts: answered() & pl.col("_double_of").is_null() & beyond_tolerance(facts),
        reported=money(pl.col("cost")),
        expected=money(money_of(pl.col("_own"))),
        amount=pl.when(verifiable()).then(step_amount("arithmetic")),
        explanation=_explanation,
    ),
)
