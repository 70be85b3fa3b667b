"""How much is demanded: per currency and cause, after materiality and decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from callkit.cdr import MONEY, schema_of
from callkit.export.materiality import Materiality

if TYPE_CHECKING:
    from callkit.reconciliation import Reconciliation

DEMAND = schema_of(
    currency=pl.String,
    calls=pl.Int64,
    billed=MONEY,
    expected=MONEY,
    overcharge=MONEY,
    undercharge=MONEY,
    unverified=MONEY,
    claims=pl.Int64,
    claimed=MONEY,
    below=MONEY,
    set_aside=MONEY,
    demanded_claims=pl.Int64,
    demanded=MONEY,
    credited=MONEY,
    outstanding=MONEY,
)
"""One row per currency; claimed = below + set_aside + demanded, and outstanding = demanded − credited on those."""

TOTALS = (
    ("calls", "Calls with a cost", False),
    ("billed", "Billed", False),
    ("expected", "Expected, of what could be recomputed", False),
    ("unverified", "Billed, not verified", False),
    ("overcharge", "Overcharged", False),
    ("undercharge", "Undercharged", False),
    ("claims", "Claims", False),
    ("claimed", "Claimed", False),
    ("below", "… below materiality", False),
    ("set_aside", "… held or withdrawn", False),
    ("demanded_claims", "Demanded claims", False),
    ("demanded", "Demanded", True),
    ("credited", "Credit received", False),
    ("outstanding", "Demanded and not credited", True),
)
"""The rows of the totals as they are shown: column, title, and whether it stands out."""

CAUSES = schema_of(
    currency=pl.String,
    cause=pl.String,
    grade=pl.String,
    claims=pl.Int64,
    billed=MONEY,
    expected=MONEY,
    claim=MONEY,
    limit=MONEY,
    demanded_claims=pl.Int64,
    demanded=MONEY,
)
"""One row per currency and cause, the most money first; limit is the lowest of its months, null: none."""


def _month(tz: str) -> pl.Expr:
    when = pl.coalesce("submitted_at", "answered_at", "ended_at")
    return when.dt.convert_time_zone(tz).dt.date().dt.month_start()


def counted(
    result: Reconciliation, claims: pl.DataFrame, materiality: Materiality | None, tz: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Say of every claim whether it counts, and judge causes by the user's rule."""
    said = (
        pl.when(decision="withdraw")
        .then(pl.lit("withdrawn"))
        .when(decision="hold")
        .then(pl.lit("held"))
        .otherwise(pl.lit("yes"))
    )
    judged = (materiality or Materiality(share=None, amounts={})).judge(
        claims.with_columns(month=_month(tz)).select("currency", "cause", "month", "claim"),
        _billed(result, tz) if materiality else pl.DataFrame(schema=_BILLED),
    )
    keys = ["currency", "cause", "month"]
    told = (
        claims.with_columns(month=_month(tz))
        .join(judged.select(*keys, "material"), on=keys, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(
            counted=pl.when(pl.col("material").not_()).then(pl.lit("below materiality")).otherwise(said)
        )
        .drop("month", "material")
    )
    return told, judged


_BILLED = schema_of(currency=pl.String, month=pl.Date, billed=MONEY)


def _billed(result: Reconciliation, tz: str) -> pl.DataFrame:
    """What was billed in each currency and month."""
    return (
        result.lazy.filter(pl.col("cost").is_not_null())
        .group_by("currency", _month(tz).alias("month"))
        .agg(pl.col("cost").sum().cast(MONEY).alias("billed"))
        .collect(engine="streaming")
    )


def demanded(result: Reconciliation, claims: pl.DataFrame) -> pl.DataFrame:
    """Sum up, per currency, what was billed, claimed and is demanded: `DEMAND`."""
    counts, claim = pl.col("counted") == "yes", pl.col("claim")
    credit = pl.col("credit_received").fill_null(0)
    summed = claims.group_by("currency").agg(
        pl.len().cast(pl.Int64).alias("claims"),
        claim.sum().alias("claimed"),
        claim.filter(pl.col("counted") == "below materiality").sum().alias("below"),
        claim.filter(pl.col("counted").is_in(["held", "withdrawn"])).sum().alias("set_aside"),
        counts.sum().cast(pl.Int64).alias("demanded_claims"),
        claim.filter(counts).sum().alias("demanded"),
        credit.sum().alias("credited"),
        (claim - credit).filter(counts).sum().alias("outstanding"),
    )
    return (
        result.totals.join(summed, on="currency", how="left", nulls_equal=True)
        .with_columns(pl.col(DEMAND.names()[7:]).fill_null(0))
        .select(pl.col(name).cast(dtype) for name, dtype in DEMAND.items())
        .sort("currency", nulls_last=True)
    )


def by_cause(claims: pl.DataFrame, limits: pl.DataFrame) -> pl.DataFrame:
    """Sum the claims up by their cause: `CAUSES`."""
    counts = pl.col("counted") == "yes"
    lowest = limits.group_by("currency", "cause").agg(pl.col("limit").min())
    return (
        claims.group_by("currency", "cause")
        .agg(
            pl.col("grade").max(),
            pl.len().cast(pl.Int64).alias("claims"),
            pl.col("billed", "expected", "claim").sum(),
            counts.sum().cast(pl.Int64).alias("demanded_claims"),
            pl.col("claim").filter(counts).sum().alias("demanded"),
        )
        .join(lowest, on=["currency", "cause"], how="left", nulls_equal=True)
        .select(pl.col(name).cast(dtype) for name, dtype in CAUSES.items())
        .sort("currency", pl.col("claim").neg(), "cause", nulls_last=True)
    )
