"""Talk time without an answer time."""

from __future__ import annotations

import polars as pl

from callkit.reconciliation.findings import CallCheck
from callkit.reconciliation.ledger import answered

CHECKS = (
    CallCheck(
        "no_answer_time",
        "warning",
        "D",
        fires=lambda _: answered() & pl.col("answered_at").is_null() & (pl.col("source") == "itnio-voice"),
        reported=pl.lit("no answer time"),
        expected=pl.lit("an answer time"),
        explanation=lambda _: pl.format(
            "{} s of talk, but the record does not say when the call was answered: "
            "the duration cannot be checked against the clock.",
            "call_duration",
        ),
    ),
)
