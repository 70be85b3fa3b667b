"""What a later deck changes: new, closed, dearer and cheaper prices, with their notice."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from callkit.cdr import INSTANT, MONEY, schema_of
from callkit.rates.schema import KEY

CHANGES = schema_of(
    change=pl.String,
    prefix=pl.String,
    destination=pl.String,
    currency=pl.String,
    direction=pl.String,
    rate_before=MONEY,
    rate_after=MONEY,
    bill_period_before=pl.String,
    bill_period_after=pl.String,
    difference=MONEY,
    effective=INSTANT,
    notice_days=pl.Int64,
    row_before=pl.Int64,
    row_after=pl.Int64,
)

_TERMS = ("row", "rate", "bill_period", "destination")


def changes(before: pl.DataFrame, after: pl.DataFrame, announced: datetime | None, tz: str) -> pl.DataFrame:
    """Compare two decks' rows; see `RateDeck.diff`."""
    earliest = after["valid_from"].min()
    begins = pl.lit(earliest, INSTANT)
    told = pl.lit(announced if announced is not None else earliest, INSTANT)
    new = after.select(
        *KEY,
        pl.coalesce("valid_from", begins).alias("effective"),
        *(pl.col(name).alias(f"{name}_after") for name in _TERMS),
    )
    compared = pl.concat([_with_former(new, before), _closed(before, after, earliest)], how="diagonal")
    days = [when.dt.convert_time_zone(tz).dt.date() for when in (pl.col("effective"), told)]
    return (
        compared.with_columns(
            change=_change(),
            destination=pl.coalesce("destination_after", "destination_before"),
            difference=pl.col("rate_after") - pl.col("rate_before"),
            notice_days=(days[0] - days[1]).dt.total_days(),
        )
        .filter(pl.col("change").is_not_null())
        .select(pl.col(name).cast(dtype) for name, dtype in CHANGES.items())
        .sort(*KEY, "effective", "row_after", "row_before", nulls_last=False)
    )


def _with_former(new: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Join to each new row the row of its key that was valid when it begins: of several the latest, then the first."""
    former = before.select(
        *KEY, "valid_from", "valid_to", *(pl.col(name).alias(f"{name}_before") for name in _TERMS)
    )
    when = pl.col("effective")
    begun = pl.col("valid_from").is_null() | (when.is_not_null() & (pl.col("valid_from") <= when))
    over = (pl.col("valid_to") <= when).fill_null(value=False)
    valid = (
        new.join(former, on=KEY, how="inner", nulls_equal=True)
        .filter(begun & ~over)
        .sort("row_after", pl.col("valid_from"), pl.col("row_before").neg(), nulls_last=False)
        .unique("row_after", keep="last", maintain_order=True)
        .select("row_after", *(f"{name}_before" for name in _TERMS))
    )
    return new.join(valid, on="row_after", how="left", maintain_order="left")


def _closed(before: pl.DataFrame, after: pl.DataFrame, earliest: object) -> pl.DataFrame:
    """The prices in force, or to come, that the later deck does not have: each one's last version."""
    at = pl.lit(earliest, INSTANT)
    still = pl.col("valid_to").is_null() | (pl.col("valid_to") > at).fill_null(value=True)
    return (
        before.filter(still)
        .join(after.select(KEY), on=KEY, how="anti", nulls_equal=True)
        .sort(*KEY, "valid_from", pl.col("row").neg(), nulls_last=False)
        .unique(KEY, keep="last", maintain_order=True)
        .select(*KEY, at.alias("effective"), *(pl.col(name).alias(f"{name}_before") for name in _TERMS))
    )


def _change() -> pl.Expr:
    before, after = pl.col("rate_before"), pl.col("rate_after")
    same_steps = pl.col("bill_period_before").eq_missing(pl.col("bill_period_after"))
    return (
        pl.when(pl.col("row_after").is_null())
        .then(pl.lit("closed"))
        .when(pl.col("row_before").is_null())
        .then(pl.lit("new"))
        .when(after > before)
        .then(pl.lit("dearer"))
        .when(after < before)
        .then(pl.lit("cheaper"))
        .when(~same_steps)
        .then(pl.lit("increments"))
    )
