"""One conversation, billed twice."""

from __future__ import annotations

import polars as pl

from callkit.reconciliation.doubles import CLOSE_SECONDS
from callkit.reconciliation.findings import CallCheck
from callkit.reconciliation.ledger import step_amount
from callkit.reconciliation.wording import money

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
        amount=step_amount("double_billed"),
        explanation=lambda _: pl.format(
            "Call {} bills this conversation already: the same two numbers and direction, answer and talk time "
            "within {} s. Two people can talk only once at a time, so {} {} are billed twice.",
            "_double_of",
            pl.lit(CLOSE_SECONDS),
            money(pl.col("cost")).fill_null("an unknown amount of"),
            pl.col("currency").fill_null(""),
        ),
    ),
)
