"""One conversation, billed twice.

It is told whatever the later record costs, because that it is there at all contradicts the other one. Its amount is
what is billed twice: 0 where it costs nothing, and none where it has no cost yet. Neither is a claim.
"""

from __future__ import annotations

import polars as pl

from callkit.reconciliation.doubles import CLOSE_SECONDS
from callkit.reconciliation.findings import CallCheck
from callkit.reconciliation.ledger import step_amount, verifiable
from callkit.reconciliation.wording import money


def _consequence() -> pl.Expr:
    cost = pl.col("cost")
    return (
        pl.when(cost.is_null())
        .then(pl.lit("this record has no cost yet, and whatever it will be is not due"))
        .when(cost == 0)
        .then(pl.lit("this record is one too many; it costs nothing, so that no money is billed twice"))
        .otherwise(pl.format("{} {} are billed twice", money(cost), pl.col("currency").fill_null("")))
    )


CHECKS = (
    CallCheck(
        "double_billed",
        "error",
        "A",
        "double_billed",
        asks="double",
        fires=lambda _: pl.col("_double_of").is_not_null(),
        reported=money(pl.col("cost")),
        expected=pl.lit("0"),
        amount=pl.when(verifiable()).then(step_amount("double_billed")),
        explanation=lambda _: pl.format(
            "Call {} bills this conversation already: the same two numbers and direction, answer and talk time "
            "within {} s. Two people can talk only once at a time, so {}.",
            "_double_of",
            pl.lit(CLOSE_SECONDS),
            _consequence(),
        ),
    ),
)
