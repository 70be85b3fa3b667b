"""One call id, several records that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from callkit import cdr
from callkit.cdr import MONEY
from callkit.reconciliation.findings import GroupCheck
from callkit.reconciliation.wording import money

if TYPE_CHECKING:
    from callkit.reconciliation.facts import Facts

_VALUES = [name for name in cdr.SCHEMA if name not in ("source", "call_id")]


def _conflicts(ledger: pl.LazyFrame, facts: Facts) -> pl.DataFrame:
    del ledger  # the facts hold all that there is to tell
    differing = pl.concat_str(
        [pl.when(pl.col(name).n_unique() > 1).then(pl.lit(name)) for name in _VALUES],
        separator=", ",
        ignore_nulls=True,
    )
    return (
        facts.repeated.group_by("source", "call_id")
        .agg(
            pl.len().alias("records"),
            money(pl.col("cost")).fill_null("none").sort().str.join(", ").alias("reported"),
            differing.alias("differing"),
            pl.col("currency").min().alias("currency"),
        )
        .select(
            "call_id",
            "source",
            "reported",
            pl.lit("one record").alias("expected"),
            pl.lit(None, MONEY).alias("amount"),
            "currency",
            pl.format(
                "The vendor lists this call {} times, with different values of {}; the costs are {}. "
                "Each is taken as billed. Ask which record is right.",
                "records",
                "differing",
                "reported",
            ).alias("explanation"),
        )
    )


CHECKS = (GroupCheck("conflicting_record", "error", "A", find=_conflicts),)
