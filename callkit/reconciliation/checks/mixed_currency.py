"""One call, billed in several currencies."""

from __future__ import annotations

import polars as pl

from callkit.reconciliation.findings import CallCheck


def currencies() -> pl.Expr:
    """The currencies of a WhatsApp call's cost lines, which `extra` keeps as the vendor sent them."""
    lines = pl.col("extra").str.extract_all(r'"currency":\s*"[^"]*"')
    return lines.list.eval(pl.element().str.extract(r'"currency":\s*"([^"]*)"')).list.unique().list.sort()


def several_currencies() -> pl.Expr:
    """Whether the cost lines are in several currencies; the frame then holds neither cost nor currency."""
    no_sum = pl.col("cost").is_null() & pl.col("currency").is_null()
    return (no_sum & (currencies().list.len() > 1)).fill_null(value=False)


CHECKS = (
    CallCheck(
        "mixed_currency",
        "error",
        "D",
        fires=lambda _: several_currencies(),
        reported=currencies().list.join(", "),
        expected=pl.lit("one currency"),
        explanation=lambda _: pl.format(
            "The call is billed in several currencies ({}), so its cost has no single amount. "
            "The lines are in `extra`. Ask the vendor which one is meant.",
            currencies().list.join(", "),
        ),
    ),
)
