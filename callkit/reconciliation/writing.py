"""How many decimals the vendor writes: the smallest step in which each amount comes."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from callkit.billing import DIGITS, units_of

WRITTEN = ("cost", "rate", "exchange_rate", "settle_rate", "settle_cost")
_LOOKED_AT = 50_000


def first_look(cdrs: pl.LazyFrame, groups: Sequence[str]) -> pl.DataFrame:
    """Count the decimals of some records, so that all of them need only be asked whether they have more."""
    return _decimals(cdrs.head(_LOOKED_AT), groups)


def surprises(seen: pl.DataFrame) -> list[pl.Expr]:
    """Ask of every record whether it has more decimals than were seen of any group."""
    return [
        _longer(name, decimals).alias(_question(name, decimals))
        for name in WRITTEN
        for decimals in seen[name].unique().sort()
    ]


def steps_written(
    cdrs: pl.LazyFrame, groups: Sequence[str], seen: pl.DataFrame, asked: pl.DataFrame
) -> pl.DataFrame:
    """Settle the step in which each group's amounts are written.

    Parameters
    ----------
    seen, asked
        What the first look saw, and what all records answered to `surprises`. Only where a group was not seen, or has
        more decimals than were seen, all records are counted.

    Returns
    -------
    pl.DataFrame
        One row per group, and by field `_unit_*`: the unit of the last decimal that ever differs from zero, Int128 in
        units of 10⁻¹⁰; 10⁻⁶ where the vendor writes six decimals.
    """
    known = asked.select(groups).join(seen, on=groups, how="left", nulls_equal=True)
    answers = asked.join(seen, on=groups, how="left", nulls_equal=True).iter_rows(named=True)
    surprised = any(
        row[name] is None or row[_question(name, row[name])] for row in answers for name in WRITTEN
    )
    counts = _decimals(cdrs, groups) if surprised else known
    return counts.select(
        *groups,
        *(
            pl.lit(10, pl.Int128).pow(DIGITS - pl.col(name)).cast(pl.Int128).alias(f"_unit_{name}")
            for name in WRITTEN
        ),
    )


def _decimals(cdrs: pl.LazyFrame, groups: Sequence[str]) -> pl.DataFrame:
    decimals = [
        pl.sum_horizontal(_longer(name, fewer).cast(pl.Int64) for fewer in range(DIGITS)).alias(name)
        for name in WRITTEN
    ]
    return cdrs.group_by(groups).agg(decimals).collect(engine="streaming")


def _longer(name: str, decimals: int) -> pl.Expr:
    """Whether any amount has a digit other than zero beyond so many decimals."""
    longer: pl.Expr = (units_of(pl.col(name)) % 10 ** (DIGITS - decimals) != 0).any()
    return longer


def _question(name: str, decimals: int) -> str:
    return f"{name} beyond {decimals}"
