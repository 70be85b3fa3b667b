"""Charged seconds without a cost: the vendor has not priced the call yet."""

from __future__ import annotations

import polars as pl

from callkit.reconciliation.checks.mixed_currency import several_currencies
from callkit.reconciliation.findings import CallCheck

CHECKS = (
    CallCheck(
        "unpriced",
        "warning",
        "D",
        fires=lambda _: (pl.col("charged_duration") > 0) & pl.col("cost").is_null() & ~several_currencies(),
        reported=pl.lit("no cost"),
        expected=pl.lit("a cost"),
        explanation=lambda _: pl.format(
            "{} s are charged, but the record has no cost. Read it again later: "
            "until then it is missing from what was billed.",
            "charged_duration",
        ),
    ),
)
