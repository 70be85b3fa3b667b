"""An inbound WhatsApp call with a price."""

from __future__ import annotations

import polars as pl

from callkit.reconciliation.findings import CallCheck
from callkit.reconciliation.wording import money

CHECKS = (
    CallCheck(
        "inbound_charged",
        "warning",
        "D",
        fires=lambda _: (
            (pl.col("source") == "nx-whatsapp") & (pl.col("direction") == "in") & (pl.col("cost") > 0)
        ),
        reported=money(pl.col("cost")),
        expected=pl.lit("as the contract says of inbound calls"),
        explanation=lambda _: pl.format(
            "The customer called in, and {} {} are billed. Does your contract price inbound calls?",
            money(pl.col("cost")),
            pl.col("currency").fill_null(""),
        ),
    ),
)
