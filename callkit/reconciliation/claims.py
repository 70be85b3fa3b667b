"""What to dispute: one row per call that is net overcharged."""

from __future__ import annotations

import polars as pl

from callkit.cdr import MONEY, schema_of
from callkit.reconciliation.records import RECORD
from callkit.reconciliation.wording import money

SCHEMA = schema_of(
    call_id=pl.String,
    source=pl.String,
    currency=pl.String,
    billed=MONEY,
    expected=MONEY,
    claim=MONEY,
    grade=pl.String,
    cause=pl.String,
    explanation=pl.String,
)

_OF = ("source", "call_id", RECORD)

GROUND = {"A": "By your own record", "B": "By our contract", "C": "By our own records"}
"""What a claim of each grade rests on."""


def claims(overcharged: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Make a claim of every overcharged call that a finding of grade A, B or C explains.

    A call with several findings is one claim: its cause is the check that explains most of the money, its explanation
    tells all of them, and its grade is the weakest that the money rests on.

    Parameters
    ----------
    overcharged
        Rows of the ledger whose verdict is `overcharged`, with `_record`.
    found
        All findings, with the same: where a vendor lists several records under one id, each is a claim of its own.

    Returns
    -------
    pl.DataFrame
        Sorted by currency, then claim from the greatest, then source and call_id.
    """
    reasons = (
        found.filter(
            pl.col("grade") != "D",
            pl.col("call_id").is_not_null(),
            pl.col("amount") != 0,
            pl.col("step") != "settlement",
        )
        .sort("amount", "check", "explanation", descending=[True, False, False])
        .group_by(_OF, maintain_order=True)
        .agg(
            pl.col("grade").filter(pl.col("amount") > 0).max(),
            pl.col("check").first().alias("cause"),
            pl.col("explanation").str.join(" "),
        )
        .filter(pl.col("grade").is_not_null())
    )
    return (
        overcharged.select(
            *_OF,
            "currency",
            pl.col("cost").alias("billed"),
            pl.col("expected_cost").alias("expected"),
            pl.col("cost_difference").alias("claim"),
        )
        .filter(pl.col("claim") > 0)
        .join(reasons, on=_OF, how="inner")
        .with_columns(pl.format("{} {}", "explanation", _demand()).alias("explanation"))
        .select(SCHEMA.names())
        .sort(
            "currency",
            "claim",
            "source",
            "call_id",
            "billed",
            "explanation",
            descending=[False, True, False, False, False, False],
            nulls_last=True,
        )
    )


def _demand() -> pl.Expr:
    return pl.format(
        "{} {} {} is due, {} {} was billed. Please credit {} {} or name the clause that applies.",
        pl.col("grade").replace_strict(GROUND),
        pl.col("currency").fill_null(""),
        money(pl.col("expected")),
        pl.col("currency").fill_null(""),
        money(pl.col("billed")),
        pl.col("currency").fill_null(""),
        money(pl.col("claim")),
    )
