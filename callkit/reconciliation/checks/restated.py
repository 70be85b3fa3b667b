"""The archive holds two versions of the record, and they differ in money."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from callkit.cdr import MONEY
from callkit.reconciliation.findings import GroupCheck
from callkit.reconciliation.wording import instant, money

if TYPE_CHECKING:
    from callkit.reconciliation.facts import Facts

_KEY = ("source", "call_id")


def _restated(records: pl.LazyFrame, facts: Facts) -> pl.DataFrame:
    versions = facts.asked.held.restatements.filter(
        _differ("cost") | _differ("settle_cost"), pl.col("call_id").is_not_null()
    )
    read = records if versions.height else records.head(0)
    asked_for = read.select(_KEY).join(versions.lazy().select(_KEY), on=_KEY, how="semi").unique()
    known = asked_for.collect(engine="streaming")
    return versions.join(known, on=_KEY, how="semi").select(
        "call_id",
        "source",
        _amounts("after").alias("reported"),
        _amounts("before").alias("expected"),
        pl.lit(None, MONEY).alias("amount"),
        "currency",
        pl.format(
            "Until {} the record said {} {}; since then it says {}. Why was it changed?",
            instant(pl.col("seen_at"), facts.asked.tz),
            _amounts("before"),
            pl.col("currency").fill_null(""),
            _amounts("after"),
        ).alias("explanation"),
    )


def _differ(name: str) -> pl.Expr:
    return pl.col(f"{name}_before").ne_missing(pl.col(f"{name}_after"))


def _amounts(side: str) -> pl.Expr:
    cost = money(pl.col(f"cost_{side}")).fill_null("no cost")
    settled = money(pl.col(f"settle_cost_{side}")).fill_null("none")
    return pl.when(_differ("settle_cost")).then(pl.format("{} (settled {})", cost, settled)).otherwise(cost)


CHECKS = (GroupCheck("restated", "warning", "D", of_records=True, find=_restated),)
