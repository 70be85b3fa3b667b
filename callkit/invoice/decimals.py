"""To how many digits an invoice writes its amounts and minutes: what lies within half a unit is rounding."""

from __future__ import annotations

import polars as pl

from callkit.billing import DIGITS, units_of

_FEWEST = 2

WITHOUT_CENTS = frozenset(
    (
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    )
)
"""Currencies that ISO 4217 gives no minor unit."""


def decimals(lines: pl.DataFrame) -> dict[str, int]:
    """Count the decimals of amounts, by currency: the most that one of its lines has.

    "12.5" among amounts with cents is 12.50, so that an invoice of round amounts has at least the two decimals of its
    currency; none in currencies without cents.
    """
    by_currency = lines.group_by("currency").agg(digits(pl.col("amount")).max().alias("digits"))
    return {
        currency: max(found or 0, 0 if currency in WITHOUT_CENTS else _FEWEST)
        for currency, found in by_currency.iter_rows()
    }


def digits(money: pl.Expr) -> pl.Expr:
    """Count the decimals that an amount needs."""
    units = units_of(money)
    needed = pl.sum_horizontal((units % 10 ** (DIGITS - kept) != 0).cast(pl.Int64) for kept in range(DIGITS))
    return pl.when(units.is_not_null()).then(needed)
