"""Which way an exchange rate is quoted, and whether two written amounts can follow from each other by it.

So much of the quoted currency for one of the settlement currency, or the inverse: the records show it. Where they do
not, quoted amounts are divided by the exchange rate.

The vendor shows rounded numbers, so each stands for an interval of half a unit of its last decimal to either side. Two
numbers agree when some values within their intervals do; this is exact integer arithmetic, on doubled units so
that half a unit is whole.
"""

from __future__ import annotations

import polars as pl

from callkit.billing import DIGITS, units_of
from callkit.reconciliation.charges import ROWS

FEWEST = 3
"""Fewer calls decide nothing."""

INVERSE = "_inverse"
"""The ledger's column that says whether quoted amounts are multiplied by the exchange rate; null where not decided."""

ONE = 10**DIGITS
"""An exchange rate of 1, in units of 10⁻¹⁰."""

MOST_UNITS = 10 ** (8 + DIGITS)
"""Beyond this the products of two doubled amounts could leave 128 bits."""

_GROUP = ("source", "currency")


def with_directions(terms: pl.DataFrame, charges: pl.DataFrame) -> pl.DataFrame:
    """Decide for every source and currency which way its exchange rate is quoted.

    A call tells the direction where its settled rate or cost fits one of the two and not the other. Nine of ten that
    tell must agree, and at least three; a currency that does not show it follows its source.

    Parameters
    ----------
    terms
        One row per (source, currency), with `_unit_*` of the amounts.
    charges
        The records' distinct charges, and how many calls each of them has.

    Returns
    -------
    pl.DataFrame
        `terms` with `_inverse`, Boolean: settled = quoted · exchange_rate; null where undecided.
    """
    told = (
        charges.filter(pl.col("exchange_rate") > 0)
        .join(terms, on=_GROUP, how="left", nulls_equal=True)
        .group_by(_GROUP)
        .agg(
            pl.col(ROWS).filter(_tells(inverse=inverse)).sum().alias(name)
            for name, inverse in (("_by", False), ("_of", True))
        )
    )
    own, all_of_source = _decided("_by", "_of"), _decided("_by_source", "_of_source")
    return (
        terms.join(told, on=_GROUP, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(pl.col("_by", "_of").sum().over("source").name.suffix("_source"))
        .with_columns(pl.coalesce(own, all_of_source).alias(INVERSE))
        .drop("_by", "_of", "_by_source", "_of_source")
    )


def _tells(*, inverse: bool) -> pl.Expr:
    """Whether a call fits this direction and not the other one, by its rates or by its costs."""
    telling = [
        converts(settled, quoted, inverse=inverse) & ~converts(settled, quoted, inverse=not inverse)
        for settled, quoted in (("settle_rate", "rate"), ("settle_cost", "cost"))
    ]
    return pl.any_horizontal(one.fill_null(value=False) for one in telling)


def _decided(by: str, of: str) -> pl.Expr:
    most, least = pl.max_horizontal(by, of), pl.min_horizontal(by, of)
    return pl.when((most >= FEWEST) & (most >= 9 * least)).then(pl.col(of) > pl.col(by))


def converts(settled: str, quoted: str, *, inverse: bool) -> pl.Expr:
    """Whether an amount can be the quoted one divided by the exchange rate, or multiplied where it is the inverse."""
    return _quotient_fits(quoted, settled) if inverse else _quotient_fits(settled, quoted)


def interval(name: str) -> tuple[pl.Expr, pl.Expr]:
    """The least and the greatest value that a written amount can stand for, in doubled units."""
    units, unit = units_of(pl.col(name)), pl.col(f"_unit_{name}")
    known = pl.when(units.abs() <= MOST_UNITS).then(units)
    return known * 2 - unit, known * 2 + unit


def _quotient_fits(quotient: str, numerator: str) -> pl.Expr:
    """Whether quotient · exchange_rate can be the numerator; null where the exchange rate is not positive.

    A refund is negative: its least value comes with the greatest exchange rate.
    """
    low, high = interval(quotient)
    low_x, high_x = interval("exchange_rate")
    least, most = interval(numerator)
    smallest = low * pl.when(low < 0).then(high_x).otherwise(low_x)
    greatest = high * pl.when(high < 0).then(low_x).otherwise(high_x)
    fits = (smallest <= most * 2 * ONE) & (greatest >= least * 2 * ONE)
    return pl.when(pl.col("exchange_rate") > 0).then(fits)
