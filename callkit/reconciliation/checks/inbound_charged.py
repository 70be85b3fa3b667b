"""An inbound WhatsApp call with a price."""

from __future__ import annotations

import polars as pl

from callkit.reconciliation.contract import deck_row_in_words
from callkit.reconciliation.findings import CallCheck
from callkit.reconciliation.wording import money

_CHARGED = (pl.col("source") == "nx-whatsapp") & (pl.col("direction") == "in") & (pl.col("cost") > 0)

CHECKS = (
    CallCheck(
        "inbound_charged",
        "error",
        "B",
        asks="charge",
        fires=lambda _: _CHARGED & (pl.col("_deck_rate") == 0),
        reported=money(pl.col("cost")),
        expected=pl.lit("0.00"),
        explanation=lambda facts: pl.format(
            "The customer called in, which the rate deck says is free ({}), and {} {} are billed.",
            deck_row_in_words(facts),
            money(pl.col("cost")),
            pl.col("currency").fill_null(""),
        ),
    ),
    CallCheck(
        "inbound_charged",
        "warning",
        "D",
        asks="charge",
        # A deck that prices the call has answered the question.
        fires=lambda _: _CHARGED & pl.col("_deck_row").is_null(),
        reported=money(pl.col("cost")),
        expected=pl.lit("as the contract says of inbound calls"),
        explanation=lambda _: pl.format(
            "The customer called in, and {} {} are billed. Does your contract price inbound calls?",
            money(pl.col("cost")),
            pl.col("currency").fill_null(""),
        ),
    ),
)
