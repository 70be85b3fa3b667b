"""A call that was asked for has no CDR."""

from __future__ import annotations

import polars as pl

from callkit.reconciliation.findings import CallCheck

CHECKS = (
    CallCheck(
        "missing_record",
        "warning",
        "D",
        fires=lambda _: ~pl.col("found"),
        reported=pl.lit("no record"),
        expected=pl.lit("a record"),
        explanation=lambda _: pl.lit(
            "The vendor has no record of this call (code 10014). Records may come late: ask again, "
            "and if it stays away, ask whether the call was ever placed."
        ),
    ),
)
