"""How many decimals the vendor writes: the smallest step in which each amount comes."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from callkit.billing import DIGITS, units_of

WRITTEN = ("cost", "rate", "exchange_rate", "settle_rate", "settle_cost")


def steps_written(charges: pl.DataFrame, groups: Sequence[str]) -> pl.DataFrame:
    """Settle the step in which each group's amounts are written.

    Returns
    -------
    pl.DataFrame
        One row per group, and by field `_unit_*`: the unit of the last decimal that ever differs from zero, Int128 in
        units of 10⁻¹⁰; 10⁻⁶ where the vendor writes six decimals.
    """
    decimals = [
        pl.sum_horizontal(_longer(name, fewer).cast(pl.Int64) for fewer in range(DIGITS)).alias(name)
        for name in WRITTEN
    ]
    counts = charges.group_by(groups).agg(decimals)
    return counts.select(
        *groups,
        *(
            pl.lit(10, pl.Int128).pow(DIGITS - pl.col(name)).cast(pl.Int128).alias(f"_unit_{name}")
            for name in WRITTEN
        ),
    )


def _longer(name: str, decimals: int) -> pl.Expr:
    """Whether any amount has a digit other than zero beyond so many decimals."""
    longer: pl.Expr = (units_of(pl.col(name)) % 10 ** (DIGITS - decimals) != 0).any()
    return longer
