"""What the archive's tables hold: documented, because Spark and others read them without callkit."""

from __future__ import annotations

import polars as pl

from callkit import cdr
from callkit.cdr import INSTANT, MONEY, schema_of

__all__ = [
    "ASKED",
    "CDRS",
    "INVOICED",
    "LEDGER",
    "RAW",
    "RESTATEMENTS",
    "TABLES",
    "UNKNOWN_MONTH",
    "instant_of",
    "month_of",
]

CDRS = schema_of(
    **cdr.SCHEMA,
    account=pl.String,
    month=pl.String,
    seen_from=INSTANT,
    seen_to=INSTANT,
    entry=pl.String,
    digest=pl.Int64,
)
"""Every version of every record: the newest one's `seen_to` is null. `entry` names the ledger row that brought it."""

LEDGER = schema_of(
    entry=pl.String,
    source=pl.String,
    account=pl.String,
    kind=pl.String,
    window_start=INSTANT,
    window_end=INSTANT,
    complete=pl.Boolean,
    read_at=INSTANT,
    seen_at=INSTANT,
    total=pl.Int64,
    records=pl.Int64,
    new=pl.Int64,
    changed=pl.Int64,
    digest=pl.String,
    added=pl.Int64,
    added_digest=pl.String,
    pages=pl.String,
    table_version=pl.Int64,
)
"""One row a reading: what was read, when, how much of it was new, and the digests that prove it."""

ASKED = schema_of(source=pl.String, account=pl.String, call_id=pl.String, asked_at=INSTANT)
"""Ids that the user asked for; those of them that no record is held of are asked for again."""

INVOICED = schema_of(
    invoice=pl.String,
    source=pl.String,
    call_id=pl.String,
    period_start=INSTANT,
    period_end=INSTANT,
    recorded_at=INSTANT,
)
"""Which calls were on which invoice."""

RAW = schema_of(digest=pl.String, month=pl.String, body=pl.Binary)
"""Bodies of answers, gzipped; `digest` is the SHA-256 of what the vendor sent."""

RESTATEMENTS = schema_of(
    source=pl.String,
    account=pl.String,
    call_id=pl.String,
    currency=pl.String,
    seen_at=INSTANT,
    fields=pl.String,
    charged_duration_before=pl.Int64,
    charged_duration_after=pl.Int64,
    cost_before=MONEY,
    cost_after=MONEY,
    amount=MONEY,
    settle_cost_before=MONEY,
    settle_cost_after=MONEY,
)

TABLES: dict[str, tuple[pl.Schema, list[str]]] = {
    "cdrs": (CDRS, ["source", "month"]),
    "ledger": (LEDGER, []),
    "asked": (ASKED, []),
    "invoiced": (INVOICED, []),
    "raw": (RAW, ["month"]),
}
"""Table → its schema, and what it is partitioned by."""

UNKNOWN_MONTH = "unknown"


def instant_of() -> pl.Expr:
    """When a call was: submitted, else answered, else ended."""
    return pl.coalesce("submitted_at", "answered_at", "ended_at")


def month_of() -> pl.Expr:
    """Name the month, in UTC, that a call is filed under."""
    return instant_of().dt.strftime("%Y-%m").fill_null(UNKNOWN_MONTH)
