"""The settled amount, in the settlement currency, against the quoted one and its exchange rate.

The vendor shows rounded numbers, so each stands for an interval of half a unit of its last decimal to either side. Two
numbers agree when some values within their intervals do; this is exact integer arithmetic, on doubled units so
that half a unit is whole.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from callkit.billing import DIGITS, units_of
from callkit.reconciliation.precision import per_seconds

if TYPE_CHECKING:
    from callkit.billing import Rating
    from callkit.reconciliation.facts import Facts

SETTLEMENT_CURRENCY = "USD"
"""ITNIO settles in US dollars; its settle fields are filled only where the quotation is in another currency."""

# Beyond this the products of two doubled amounts could leave 128 bits.
_MOST_UNITS = 10 ** (8 + DIGITS)
_MOST_DIVIDED = 10 ** (18 + DIGITS)
_MOST_EXCHANGE = 10 ** (10 + DIGITS)
_ONE = 10**DIGITS


def quoted_in_settlement(units: pl.Expr) -> pl.Expr:
    """A quoted amount divided by the exchange rate, half-even, in units of 10⁻¹⁰.

    Null without an exchange rate, and for amounts whose product or quotient would be beyond all sense.
    """
    exchange = units_of(pl.col("exchange_rate"))
    known = pl.when((exchange > 0) & (exchange <= _MOST_EXCHANGE)).then(exchange)
    # The quotient stays under the same bound: both products fit.
    safe = pl.when((units.abs() <= _MOST_DIVIDED) & (units.abs() <= known * 10**18)).then(known)
    size = units.abs() * _ONE
    floor = size // safe
    twice = (size - floor * safe) * 2
    up = (twice > safe) | ((twice == safe) & (floor % 2 == 1))
    signed: pl.Expr = (floor + up.cast(pl.Int128)) * units.sign()
    return signed


def settlement_step() -> pl.Expr:
    """The first step of the settled basis: settle_cost − cost / exchange_rate, in units of 10⁻¹⁰."""
    return units_of(pl.col("settle_cost")) - quoted_in_settlement(units_of(pl.col("cost")))


def rate_fits() -> pl.Expr:
    """Whether settle_rate can be rate / exchange_rate; null where one of them is unknown."""
    return _quotient_fits("settle_rate", "rate")


def cost_fits(facts: Facts) -> pl.Expr:
    """Whether settle_cost can be cost / exchange_rate, or settle_rate · s / unit; null where neither can be told."""
    by_exchange, by_rate = _quotient_fits("settle_cost", "cost"), _product_fits(facts)
    # A form that cannot be computed refutes nothing: only what is known is asked.
    known = pl.any_horizontal(by_exchange.fill_null(value=False), by_rate.fill_null(value=False))
    return pl.when(by_exchange.is_not_null() | by_rate.is_not_null()).then(known)


def _interval(name: str) -> tuple[pl.Expr, pl.Expr]:
    """The least and the greatest value that a written amount can stand for, in doubled units."""
    units, unit = units_of(pl.col(name)), pl.col(f"_unit_{name}")
    known = pl.when(units.abs() <= _MOST_UNITS).then(units)
    return known * 2 - unit, known * 2 + unit


def _quotient_fits(quotient: str, numerator: str) -> pl.Expr:
    """Whether quotient · exchange_rate can be the numerator; null where the exchange rate is not positive.

    A refund is negative: its least value comes with the greatest exchange rate.
    """
    low, high = _interval(quotient)
    low_x, high_x = _interval("exchange_rate")
    least, most = _interval(numerator)
    smallest = low * pl.when(low < 0).then(high_x).otherwise(low_x)
    greatest = high * pl.when(high < 0).then(low_x).otherwise(high_x)
    fits = (smallest <= most * 2 * _ONE) & (greatest >= least * 2 * _ONE)
    return pl.when(pl.col("exchange_rate") > 0).then(fits)


def _product_fits(facts: Facts) -> pl.Expr:
    """Whether settle_cost · unit can be settle_rate · seconds, plus the connect fee where there is one."""
    return facts.rated(_product_fits_by)


def _product_fits_by(rating: Rating) -> pl.Expr:
    low, high = _interval("settle_cost")
    low_r, high_r = _interval("settle_rate")
    seconds = (
        pl.when(pl.col("charged_duration").is_between(0, 10**9)).then("charged_duration").cast(pl.Int128)
    )
    per = per_seconds(rating)
    due = pl.lit(0, pl.Int128)
    if rating.connect_fee:  # only a fee needs the exchange rate
        fee = quoted_in_settlement(pl.lit(int(Fraction(rating.connect_fee) * _ONE), pl.Int128)) * 2
        due = pl.when(seconds > 0).then(pl.when(fee <= _MOST_UNITS).then(fee)).otherwise(due)
    fits: pl.Expr = ((low - due) * per <= high_r * seconds) & ((high - due) * per >= low_r * seconds)
    if rating.per_seconds == "block":
        fits = pl.when(pl.col("_first") % pl.col("_step") == 0).then(fits)
    return fits
