"""Where calls went by their numbers, and where they went by their destinations.

Calls are many, and beginnings of numbers and destinations few: only their pairs are looked up.
"""

from __future__ import annotations

import polars as pl

from callkit.cdr import schema_of
from callkit.numbers import LEADING, country, leading, meant_by

PAIR = schema_of(destination=pl.String, beginning=pl.String)


def elsewhere(cdrs: pl.LazyFrame) -> pl.DataFrame:
    """List the pairs of destination and a number's beginning that certainly contradict each other, sorted.

    Where either of them tells no country, they do not.
    """
    pairs = (
        cdrs.filter(pl.all_horizontal(pl.col("callee", "destination").is_not_null()))
        .select("destination", beginning=_beginning())
        .unique()
        .collect(engine="streaming")
        .with_columns(region=country("beginning"))
        .filter(pl.col("region").is_not_null())
    )
    meant = {label: meant_by(label) for label in pairs["destination"].unique()}
    wrong = [
        bool(meant[label]) and region not in meant[label]
        for label, region in pairs.select("destination", "region").iter_rows()
    ]
    return pairs.filter(pl.Series(wrong, dtype=pl.Boolean)).select(PAIR.names()).sort(PAIR.names())


def contradicts(pairs: pl.DataFrame) -> pl.Expr:
    """Whether a call's destination and number are one of these pairs."""
    told = pairs.select(_as_text(leading("beginning")).alias("told")).to_series()
    return _as_text(leading("callee")).is_in(told.implode())


def can_contradict(pairs: pl.DataFrame) -> pl.Expr:
    """A cheap condition for it, which lets few others through."""
    if pairs.is_empty():
        return pl.lit(value=False)
    hashes = pairs.select(pl.struct(PAIR.names()).hash().alias("hash")).to_series()
    asked = pl.struct("destination", _beginning().alias("beginning")).hash()
    return asked.is_in(hashes.implode())


def _beginning() -> pl.Expr:
    """As much of a number as tells its country, with the `+` or `00` that may stand before it."""
    number = pl.col("callee")
    prefixed = number.str.starts_with("+") | number.str.starts_with("0")
    return pl.when(prefixed).then(number.str.head(LEADING + 2)).otherwise(number.str.head(LEADING))


def _as_text(digits: pl.Expr) -> pl.Expr:
    """A number that is as long as any other, and then the destination: one text for each pair."""
    return pl.format("{}{}", digits, "destination")
