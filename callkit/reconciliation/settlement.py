"""The settled amount, in the settlement currency, against the quoted one and its exchange rate.

Numbers agree when some values within their intervals do; see `directions`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from callkit.billing import DIGITS, units_of
from callkit.reconciliation.directions import INVERSE, MOST_UNITS, ONE, converts, interval
from callkit.reconciliation.precision import per_seconds

if TYPE_CHECKING:
    from callkit.billing import Rating
    from callkit.reconciliation.facts import Facts

SETTLEMENT_CURRENCY = "USD"
"""ITNIO settles in US dollars; its settle fields are filled only where the quotation is in another currency."""

# Within these both products below stay within 128 bits.
_MOST_DIVIDED = 10 ** (18 + DIGITS)
_MOST_EXCHANGE = 10 ** (10 + DIGITS)
_MOST_MULTIPLIED = 10 ** (12 + DIGITS)
_MOST_FACTOR = 10 ** (6 + DIGITS)


def quoted_in_settlement(units: pl.Expr) -> pl.Expr:
    """A quoted amount converted by the exchange rate, half-even, in units of 10⁻¹⁰.

    Divided, or multiplied where `_inverse` says so. Null without an exchange rate, and for amounts whose product or
    quotient would be beyond all sense.
    """
    exchange, inverse = units_of(pl.col("exchange_rate")), pl.col(INVERSE).fill_null(value=False)
    bound = (
        pl.when(inverse).then(pl.lit(_MOST_FACTOR, pl.Int128)).otherwise(pl.lit(_MOST_EXCHANGE, pl.Int128))
    )
    known = pl.when((exchange > 0) & (exchange <= bound)).then(exchange)
    one = pl.lit(ONE, pl.Int128)
    size = units.abs()
    # The result stays under the same bound: both products fit.
    safe = (
        pl.when(inverse)
        .then(size <= _MOST_MULTIPLIED)
        .otherwise((size <= _MOST_DIVIDED) & (size <= known * 10**18))
    )
    whole = pl.when(safe).then(pl.when(inverse).then(one).otherwise(known))
    product = pl.when(safe).then(size * pl.when(inverse).then(known).otherwise(one))
    floor = product // whole
    twice = (product - floor * whole) * 2
    up = (twice > whole) | ((twice == whole) & (floor % 2 == 1))
    signed: pl.Expr = (floor + up.cast(pl.Int128)) * units.sign()
    return pl.when(known.is_not_null()).then(signed)


def settlement_step() -> pl.Expr:
    """The first step of the settled basis: settle_cost minus the converted cost, in units of 10⁻¹⁰."""
    return units_of(pl.col("settle_cost")) - quoted_in_settlement(units_of(pl.col("cost")))


def rate_fits() -> pl.Expr:
    """Whether settle_rate can be the converted rate; null where one of them is unknown."""
    return _by_direction("settle_rate", "rate")


def cost_fits(facts: Facts) -> pl.Expr:
    """Whether settle_cost can be the converted cost, or settle_rate · s / unit; null where neither can be told."""
    by_exchange, by_rate = _by_direction("settle_cost", "cost"), product_fits(facts)
    # A form that cannot be computed refutes nothing: only what is known is asked.
    known = pl.any_horizontal(by_exchange.fill_null(value=False), by_rate.fill_null(value=False))
    return pl.when(by_exchange.is_not_null() | by_rate.is_not_null()).then(known)


def _by_direction(settled: str, quoted: str) -> pl.Expr:
    inverse = pl.col(INVERSE).fill_null(value=False)
    multiplied, divided = (converts(settled, quoted, inverse=way) for way in (True, False))
    return pl.when(inverse).then(multiplied).otherwise(divided)


def product_fits(facts: Facts) -> pl.Expr:
    """Whether settle_cost · unit can be settle_rate · seconds, plus the connect fee where there is one."""
    return facts.rated(_product_fits_by)


def _product_fits_by(rating: Rating) -> pl.Expr:
    low, high = interval("settle_cost")
    low_r, high_r = interval("settle_rate")
    seconds = (
        pl.when(pl.col("charged_duration").is_between(0, 10**9)).then("charged_duration").cast(pl.Int128)
    )
    per = per_seconds(rating)
    due = pl.lit(0, pl.Int128)
    if rating.connect_fee:  # only a fee needs the exchange rate
        fee = quoted_in_settlement(pl.lit(int(Fraction(rating.connect_fee) * ONE), pl.Int128)) * 2
        due = pl.when(seconds > 0).then(pl.when(fee <= MOST_UNITS).then(fee)).otherwise(due)
    fits: pl.Expr = ((low - due) * per <= high_r * seconds) & ((high - due) * per >= low_r * seconds)
    if rating.per_seconds == "block":
        fits = pl.when(pl.col("_first") % pl.col("_step") == 0).then(fits)
    return fits
