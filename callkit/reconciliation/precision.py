"""Rates that the vendor shows with fewer digits than it charges by."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from callkit.billing import DIGITS, units_of
from callkit.cdr import MONEY, schema_of
from callkit.reconciliation.charges import ROWS

if TYPE_CHECKING:
    from callkit.billing import Rating
    from callkit.reconciliation.facts import Facts

KEY = ("source", "currency", "rate")

# Times the longest unit of a rate this stays under 2^127; Polars' Int128 would wrap around without a word.
_MOST_UNITS = 10 ** (12 + DIGITS)

SCHEMA = schema_of(
    source=pl.String,
    currency=pl.String,
    rate=MONEY,
    _calls=pl.Int64,
    _beyond=pl.Int64,
    _difference=pl.Int128,
    _shortened=pl.Boolean,
)


def per_seconds(rating: Rating, step: pl.Expr | None = None) -> pl.Expr:
    """How many seconds a rate is the price of, Int128; `step` is the block, by default the record's."""
    if rating.per_seconds == "block":
        # No seconds cost nothing, whatever a block is: only there can the block be unknown.
        return (pl.col("_step") if step is None else step).fill_null(1).cast(pl.Int128)
    return pl.lit(rating.per_seconds, pl.Int128)


def slack(rating: Rating) -> pl.Expr:
    """Half a unit of the cost plus half a unit of the rate · s / per_seconds, times 2 · per_seconds to be whole."""
    seconds = pl.col("charged_duration").cast(pl.Int128).abs()
    return pl.col("_unit_cost") * per_seconds(rating) + pl.col("_unit_rate") * seconds


def is_tie(rating: Rating, rate: pl.Expr | None = None, step: pl.Expr | None = None) -> pl.Expr:
    """Whether the cost lies exactly half a unit of its last decimal off the exact quotient.

    `rate` (in units of 10⁻¹⁰) and the `step` of the bill period are the record's by default.
    """
    per = per_seconds(rating, step)
    half_off: pl.Expr = _off_quotient(rating, rate, step).abs() * 2 == pl.col("_unit_cost") * per
    tie: pl.Expr = half_off & _in_bounds()
    return tie


def _in_bounds() -> pl.Expr:
    sensible: pl.Expr = pl.col("_billed").abs() <= _MOST_UNITS
    return sensible


def _off_quotient(rating: Rating, rate: pl.Expr | None = None, step: pl.Expr | None = None) -> pl.Expr:
    """The cost minus the exact quotient, times per_seconds to be whole."""
    seconds = pl.col("charged_duration").cast(pl.Int128)
    fee = pl.lit(int(Fraction(rating.connect_fee) * 10**DIGITS), pl.Int128)
    due = pl.when(seconds != 0).then(fee).otherwise(0) if rating.connect_fee else pl.lit(0, pl.Int128)
    charged_by = units_of(pl.col("rate")) if rate is None else rate
    off: pl.Expr = (pl.col("_billed") - due) * per_seconds(rating, step) - charged_by * seconds
    return off


def shortened_rates(valued: pl.LazyFrame, facts: Facts) -> pl.DataFrame:
    """Find the rates at which every difference can come from digits that are not shown, and some does.

    Parameters
    ----------
    valued
        Charges of answered calls, with `_billed` and `_own`.

    Returns
    -------
    pl.DataFrame
        source, currency, rate, how many `_calls` there are, how many lie `_beyond` half a unit of the cost, and
        the sum of the differences, in units of 10⁻¹⁰.
    """
    difference = pl.col("_billed") - pl.col("_own")
    beyond = difference.abs() > pl.col("_unit_cost") // 2
    fits = facts.rated(lambda rating: _in_bounds() & (_off_quotient(rating).abs() * 2 <= slack(rating)))
    return (
        valued.filter(
            pl.col("_billed").is_not_null(), pl.col("_own").is_not_null(), pl.col("rate").is_not_null()
        )
        .group_by(KEY)
        .agg(
            pl.col(ROWS).sum().alias("_calls"),
            pl.col(ROWS).filter(beyond).sum().alias("_beyond"),
            (difference * pl.col(ROWS)).sum().alias("_difference"),
            fits.all().alias("_shortened"),
        )
        .filter(pl.col("_shortened") & (pl.col("_beyond") > 0))
        .sort(KEY, nulls_last=True)
        .collect()
    )
