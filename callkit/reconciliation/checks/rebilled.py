"""The call was on an earlier invoice already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from callkit.cdr import INSTANT, MONEY
from callkit.reconciliation.findings import GroupCheck
from callkit.reconciliation.wording import money

if TYPE_CHECKING:
    from callkit.reconciliation.facts import Facts

_KEY = ("source", "call_id")


def _rebilled(records: pl.LazyFrame, facts: Facts) -> pl.DataFrame:
    earlier = facts.asked.held.invoiced.filter(pl.col("call_id").is_not_null())
    if facts.asked.period is not None:
        # An invoice of the period itself is the one that is being checked.
        start = pl.lit(facts.asked.period[0]).cast(INSTANT)
        earlier = earlier.filter((pl.col("period_end") <= start).fill_null(value=True))
    first = earlier.sort("period_end", "invoice", nulls_last=True).unique(
        _KEY, keep="first", maintain_order=True
    )
    known = (
        (records if first.height else records.head(0))
        .select(*_KEY, "cost", "currency")
        .filter(pl.col("cost") != 0)
        .join(first.lazy(), on=_KEY)
        .collect(engine="streaming")
    )
    return known.select(
        "call_id",
        "source",
        money(pl.col("cost")).alias("reported"),
        pl.lit("nothing, on a second invoice").alias("expected"),
        pl.lit(None, MONEY).alias("amount"),
        "currency",
        pl.format(
            "The call was billed on invoice {} already, and again with {} {}.",
            "invoice",
            money(pl.col("cost")),
            pl.col("currency").fill_null(""),
        ).alias("explanation"),
    )


CHECKS = (GroupCheck("rebilled", "error", "B", of_records=True, find=_rebilled),)
