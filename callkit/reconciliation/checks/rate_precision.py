"""The vendor charges by a rate with more digits than it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from callkit.billing import money_of
from callkit.cdr import MONEY
from callkit.reconciliation.findings import GroupCheck
from callkit.reconciliation.wording import money

if TYPE_CHECKING:
    from callkit.reconciliation.facts import Facts


def _rates(ledger: pl.LazyFrame, facts: Facts) -> pl.DataFrame:
    del ledger  # the facts hold all that there is to tell
    worth = money_of(pl.col("_difference"))
    return facts.shortened.select(
        pl.lit(None, pl.String).alias("call_id"),
        "source",
        money(pl.col("rate")).alias("reported"),
        pl.lit("the rate with all its digits").alias("expected"),
        pl.lit(None, MONEY).alias("amount"),
        "currency",
        pl.format(
            "At the rate {} {} of {} calls cost a little else than rate times seconds, always by less than the last "
            "digit shown can hide; {} {} together. The vendor seems to charge by a rate with more digits: ask for it.",
            money(pl.col("rate")),
            "_beyond",
            "_calls",
            money(worth),
            pl.col("currency").fill_null(""),
        ).alias("explanation"),
    )


CHECKS = (GroupCheck("rate_precision", "warning", "D", find=_rates),)
