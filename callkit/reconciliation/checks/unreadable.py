"""A field of the vendor's record could not be read."""

from __future__ import annotations

import polars as pl

from callkit.reconciliation.findings import CallCheck

_FIELDS = r'"unreadable":\s*(\{[^}]*\})'

CHECKS = (
    CallCheck(
        "unreadable",
        "error",
        "D",
        fires=lambda _: pl.col("extra").str.contains(r'"unreadable":\s*\{'),
        reported=pl.col("extra").str.extract(_FIELDS).str.slice(0, 400),
        expected=pl.lit("a value of the documented form"),
        explanation=lambda _: pl.format(
            "The vendor sent what cannot be read: {}. The cell is empty, and whatever rests on it was not verified.",
            pl.col("extra").str.extract(_FIELDS).str.slice(0, 400),
        ),
    ),
)
