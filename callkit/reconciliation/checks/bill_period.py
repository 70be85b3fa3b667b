"""The bill period is missing or is not `a+b`: the charge cannot be recomputed."""

from __future__ import annotations

import polars as pl

from callkit.reconciliation.findings import CallCheck

CHECKS = (
    CallCheck(
        "bill_period",
        "error",
        "D",
        asks="charge",
        # A free call that never got through needs no bill period.
        fires=lambda _: (
            pl.col("found").fill_null(value=True)
            & pl.col("_first").is_null()
            & (
                pl.col("bill_period").is_not_null()
                | (pl.col("call_duration") > 0).fill_null(value=False)
                | (pl.col("charged_duration") > 0).fill_null(value=False)
            )
        ),
        reported=pl.col("bill_period"),
        expected=pl.lit("a+b in whole seconds, such as 60+60"),
        explanation=lambda _: (
            pl.when(pl.col("bill_period").is_null())
            .then(pl.lit("The record has no bill period, so its charge cannot be recomputed. "))
            .otherwise(
                pl.format(
                    "The bill period '{}' is not of the form a+b, so the charge cannot be recomputed. ",
                    pl.col("bill_period").str.slice(0, 40),
                )
            )
            + pl.lit("Ask the vendor which increments apply to this call.")
        ),
    ),
)
