"""The settled amount, in the settlement currency, against the quoted one and its exchange rate.

An exchange rate is quoted one way or the other: so much of the quoted currency for one of the settlement currency, or
the inverse. Which one, the records show; where they do not, quoted amounts are divided by it.

The vendor shows rounded numbers, so each stands for an interval of half a unit of its last decimal to either side. Two
numbers agree when some values within their intervals do; this is exact integer arithmetic, on doubled units so
that half a unit is whole.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from callkit.billing import DIGITS, units_of
from callkit.reconciliation.charges import ROWS
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
_MOST_MULTIPLIED = 10 ** (12 + DIGITS)
_MOST_FACTOR = 10 ** (6 + DIGITS)
_ONE = 10**DIGITS

FEWEST = 3
"""Fewer calls decide nothing."""

INVERSE = "_inverse"
"""The ledger's column that says whether quoted amounts are multiplied by the exchange rate; null where not decided."""

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
    one = pl.lit(_ONE, pl.Int128)
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


def converts(settled: str, quoted: str, *, inverse: bool) -> pl.Expr:
    """Whether an amount can be the quoted one divided by the exchange rate, or multiplied where it is the inverse."""
    return _quotient_fits(quoted, settled) if inverse else _quotient_fits(settled, quoted)


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


def product_fits(facts: Facts) -> pl.Expr:
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
