"""The number that was called is in another country than the destination that the call is priced for."""

from __future__ import annotations

import polars as pl

from callkit.numbers import country, country_name
from callkit.reconciliation.findings import CallCheck
from callkit.reconciliation.places import can_contradict, contradicts


def _names(regions: pl.Series) -> pl.Series:
    distinct = regions.unique().drop_nulls().to_list()
    names = [country_name(region) for region in distinct]
    return regions.replace_strict(distinct, names, default=None, return_dtype=pl.String)


_CALLED = country("callee").map_batches(_names, return_dtype=pl.String, is_elementwise=True)
_LABEL = pl.col("destination").str.slice(0, 60)

CHECKS = (
    CallCheck(
        "destination",
        "warning",
        "D",
        among=lambda facts: can_contradict(facts.elsewhere),
        fires=lambda facts: contradicts(facts.elsewhere),
        reported=pl.col("destination"),
        expected=_CALLED,
        explanation=lambda _: pl.format(
            "The number called, {}…, is in {}, but the destination is {}. Which of the two is the price for?",
            pl.col("callee").str.slice(0, 4),
            _CALLED,
            _LABEL,
        ),
    ),
)
