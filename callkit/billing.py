"""From bill period to charged duration to cost, as Polars expressions.

Vendors charge an answered call in increments, written `a+b` (60+60, 6+6, 30+6): the first `a` seconds are always
charged, what comes after them in started steps of `b` seconds. The charged duration times a rate, rounded once, is
the cost. Neither vendor documents the unit of its rates nor how it rounds; that is what a `Rating` states.

Everything here is exact: rates and costs are computed as 128-bit integers in units of 10⁻¹⁰, with one integer
division at the end, because Polars' Decimal arithmetic rounds at every step. The same expressions serve eager and
lazy frames and both engines.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from decimal import Context, Decimal
from typing import Any, Literal, get_args

import polars as pl

from callkit.cdr import MONEY
from callkit.errors import SchemaError

__all__ = ["Rating", "call_cost", "charged_duration"]

Rounding = Literal["half_up", "half_even", "up", "down"]
Increments = Literal["after_first", "total"]

DIGITS = 10
"""Decimals of MONEY: one unit of the integers below is 10⁻¹⁰ of the currency."""

_UNIT = Decimal("1e-10")
_EXACT = Context(prec=50)  # a caller's own decimal context may keep only a few digits

# Up to 15 digits keep all arithmetic on seconds within Int64: 15 digits of seconds are 31 million years.
_BILL_PERIOD = r"^[ \t]*0*([1-9][0-9]{0,14})[ \t]*\+[ \t]*0*([1-9][0-9]{0,14})[ \t]*$"
_MOST_SECONDS = 10**15

# Within these the products below stay under 2^127; Polars' Int128 would wrap around without a word.
_MOST_RATE_UNITS = 10 ** (15 + DIGITS)
_MOST_CHARGED = 10**10


def _whole(name: str, value: object, least: int, most: int, otherwise: str = "") -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be a whole number{otherwise}, got {value!r}")
    if not least <= value <= most:
        raise ValueError(f"{name} must be from {least} to {most}{otherwise}, got {value}")


def _fee(name: str, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise TypeError(f"{name} must be a Decimal, a whole number or text, never a float; got {value!r}")
    try:
        fee = Decimal(value)
    except ArithmeticError:
        raise ValueError(f"{name} must be an amount like '0.01', got {value!r}") from None
    if not fee.is_finite() or not 0 <= fee <= 10**9 or fee != fee.quantize(_UNIT, context=_EXACT):
        raise ValueError(f"{name} must be from 0 to 10^9 with at most {DIGITS} decimals, got {value!r}")
    return fee


@dataclass(frozen=True, slots=True)
class Rating:
    """How a vendor makes a charge out of a talk time: a statement, either given by the contract or inferred.

    Parameters
    ----------
    per_seconds
        What the rate is the price of: 60 for a rate per minute, 1 per second, 3600 per hour; "block" where it is
        the price of one step of `b` seconds of `a+b`, which is defined only where `a` is a multiple of `b`.
    decimals
        Decimals that a cost is rounded to, 0 to 10.
    rounding
        "half_up" (away from zero), "half_even", "up" (away from zero) or "down" (toward zero).
    connect_fee
        Added to every call with charged seconds, before rounding. Decimal, whole number or text; never a float.
    attempt_fee
        What an unanswered call costs.
    increments
        What `a+b` means. "after_first": the first `a` seconds, then steps of `b`. "total": the whole call in steps of
        `b`, at least `a`. They differ only where `a` is not a multiple of `b` (10+6, 11 s: 16 or 12).

    Raises
    ------
    ValueError, TypeError
        For a value outside of the above.

    Examples
    --------
    >>> import callkit as ck
    >>> ck.Rating(per_seconds="block", decimals=4, connect_fee="0.01")
    Rating(per_seconds='block', decimals=4, connect_fee=Decimal('0.01'))
    """

    per_seconds: int | Literal["block"] = 60
    decimals: int = 6
    rounding: Rounding = "half_up"
    connect_fee: Decimal | int | str = Decimal(0)
    attempt_fee: Decimal | int | str = Decimal(0)
    increments: Increments = "after_first"

    def __repr__(self) -> str:
        """Say what differs from the convention, and nothing else."""
        stated = [(field.name, getattr(self, field.name), field.default) for field in fields(self)]
        told = ", ".join(f"{name}={value!r}" for name, value, usual in stated if value != usual)
        return f"Rating({told})"

    def __post_init__(self) -> None:
        if self.per_seconds != "block":
            _whole("per_seconds", self.per_seconds, 1, _MOST_SECONDS, ' or "block"')
        _whole("decimals", self.decimals, 0, DIGITS)
        for name, kind in (("rounding", Rounding), ("increments", Increments)):
            if getattr(self, name) not in get_args(kind):
                known = ", ".join(repr(value) for value in get_args(kind))
                raise ValueError(f"{name} must be one of {known}, got {getattr(self, name)!r}")
        for name in ("connect_fee", "attempt_fee"):
            object.__setattr__(self, name, _fee(name, getattr(self, name)))


def charged_duration(
    call_duration: str | pl.Expr = "call_duration",
    bill_period: str | pl.Expr = "bill_period",
    rating: Rating = Rating(),
) -> pl.Expr:
    """Charged seconds of so many talk seconds, as an expression.

    The rule is the vendors' own (60+60, 6+6): nothing for no talk, else `a` seconds, else `a` plus as many
    steps of `b` as were begun; see `Rating.increments` for the other meaning.

    Parameters
    ----------
    call_duration : str or pl.Expr
        Talk time in whole seconds.
    bill_period : str or pl.Expr
        Text like `6+6`: two whole numbers of seconds from 1 on, blanks around them allowed.
    rating : Rating
        Only `increments` matters here.

    Returns
    -------
    pl.Expr
        Int64, seconds; null where the bill period is unreadable, where the talk time is null, and for numbers
        beyond all sense (more than 10¹⁵ s). Unreadable is null for no talk as well; `callkit.reconcile`, which judges a
        call and not its bill period, expects 0 s of one that nobody answered, whatever its bill period says.

    Raises
    ------
    SchemaError
        When the query runs, if the talk time is not of a whole-number dtype or the bill period is not text.

    Examples
    --------
    >>> import polars as pl
    >>> import callkit as ck
    >>> calls = pl.DataFrame({"call_duration": [31, 0, 64, 5], "bill_period": ["6+6", "6+6", "60+60", "?"]})
    >>> calls.select(ck.charged_duration())["charged_duration"].to_list()
    [36, 0, 120, None]
    """
    _stated(rating)
    talk = _checked(call_duration, "call_duration", pl.Int64, _whole_numbers)
    first, step = increments(_checked(bill_period, "bill_period", pl.String, _text))
    return seconds_charged(talk, first, step, rating.increments).alias("charged_duration")


def call_cost(
    charged_duration: str | pl.Expr = "charged_duration",
    rate: str | pl.Expr = "rate",
    rating: Rating = Rating(),
    bill_period: str | pl.Expr = "bill_period",
) -> pl.Expr:
    """Cost of so many charged seconds at a rate, as an expression.

    Nothing for no seconds, else `connect_fee + rate · seconds / per_seconds`, rounded once, from the exact quotient.

    Parameters
    ----------
    charged_duration : str or pl.Expr
        Charged seconds.
    rate : str or pl.Expr
        Price per `rating.per_seconds`, as a Decimal of at most ten decimals or a whole number. Floats are refused.
    rating : Rating
        Unit, decimals, rounding and connect fee.
    bill_period : str or pl.Expr
        Read only where `rating.per_seconds` is "block".

    Returns
    -------
    pl.Expr
        MONEY; 0 for no seconds, whatever the rate; else null where the rate or the seconds are null, where a block
        rate is not defined, and for amounts beyond all sense (a rate over 10¹⁵, more than 10¹⁰ seconds).

    Raises
    ------
    SchemaError
        When the query runs, if rate or seconds are of a dtype that cannot be exact.

    Examples
    --------
    >>> from decimal import Context, Decimal
    >>> import polars as pl
    >>> import callkit as ck
    >>> calls = pl.DataFrame({"charged_duration": [36, 120], "rate": [Decimal("0.1333"), Decimal("0.055")]})
    >>> calls.select(ck.call_cost())["cost"].to_list()
    [Decimal('0.0799800000'), Decimal('0.1100000000')]
    """
    _stated(rating)
    seconds = _checked(charged_duration, "charged_duration", pl.Int64, _whole_numbers)
    units = units_of(_checked(rate, "rate", MONEY, _exact_money))
    steps = (
        increments(_checked(bill_period, "bill_period", pl.String, _text))
        if rating.per_seconds == "block"
        else None
    )
    return money_of(cost_units(units, seconds, rating, steps)).alias("cost")


def increments(bill_period: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Read `a` and `b` out of `a+b`, both Int64 and null where it is unreadable."""
    parts = bill_period.str.extract_groups(_BILL_PERIOD).struct
    return parts.field("1").cast(pl.Int64), parts.field("2").cast(pl.Int64)


def seconds_charged(talk: pl.Expr, first: pl.Expr, step: pl.Expr, meaning: Increments) -> pl.Expr:
    """`charged_duration` for increments that are already numbers; null where any of them is."""
    if meaning == "after_first":
        begun = (talk - first + step - 1) // step * step
        charged = pl.when(talk <= first).then(first).otherwise(first + begun)
    else:
        charged = pl.max_horizontal(first, (talk + step - 1) // step * step)
    return (
        pl.when(first.is_null() | step.is_null())
        .then(None)
        .when(talk <= 0)
        .then(pl.lit(0, pl.Int64))
        .when(talk <= _MOST_SECONDS)
        .then(charged)
    )


def units_of(money: pl.Expr) -> pl.Expr:
    """The integer behind a MONEY value: Int128, in units of 10⁻¹⁰."""
    return money.to_physical()


def money_of(units: pl.Expr) -> pl.Expr:
    """MONEY from Int128 units of 10⁻¹⁰: scale 0 times 10⁻¹⁰ keeps every digit and cannot overflow."""
    return units.cast(pl.Decimal(38, 0)) * pl.lit(_UNIT, dtype=MONEY)


def cost_units(
    rate: pl.Expr, seconds: pl.Expr, rating: Rating, steps: tuple[pl.Expr, pl.Expr] | None = None
) -> pl.Expr:
    """`call_cost` on integers: `rate` and the result are Int128 in units of 10⁻¹⁰.

    `steps` are `a` and `b` of the bill period, for a rating per block.
    """
    defined = (rate.abs() <= _MOST_RATE_UNITS) & (seconds.abs() <= _MOST_CHARGED)
    per: pl.Expr
    if rating.per_seconds == "block":
        assert steps is not None, "a rating per block needs the bill period"  # noqa: S101 - a caller in here
        first, step = steps
        defined &= first % step == 0
        per = step.cast(pl.Int128)
    else:
        per = pl.lit(rating.per_seconds, pl.Int128)
    fee = pl.lit(_units(rating.connect_fee), pl.Int128)
    exact = rate * seconds.cast(pl.Int128) + fee * per
    return (
        pl.when(seconds == 0).then(pl.lit(0, pl.Int128)).when(defined).then(rounded_units(exact, per, rating))
    )


def rounded_units(numerator: pl.Expr, denominator: pl.Expr, rating: Rating) -> pl.Expr:
    """`numerator / denominator`, rounded once as the rating says, in units of 10⁻¹⁰; the denominator is positive."""
    unit = 10 ** (DIGITS - rating.decimals)
    size, whole = numerator.abs(), denominator * unit
    match rating.rounding:
        case "half_up":
            quotient = (size * 2 + whole) // (whole * 2)
        case "up":
            quotient = (size + whole - 1) // whole
        case "down":
            quotient = size // whole
        case "half_even":
            floor = size // whole
            twice = (size - floor * whole) * 2
            up = (twice > whole) | ((twice == whole) & (floor % 2 == 1))
            quotient = floor + up.cast(pl.Int128)
    signed: pl.Expr = quotient * numerator.sign() * unit
    return signed


def _units(amount: Decimal | int | str) -> int:
    return int(Decimal(amount).scaleb(DIGITS, context=_EXACT))


def _stated(rating: object) -> None:
    if not isinstance(rating, Rating):
        raise TypeError(f"rating must be a callkit.Rating, got {rating!r}")


def _checked(
    column: str | pl.Expr,
    name: str,
    dtype: pl.DataType | type[pl.DataType],
    take: Callable[[pl.Series, str], pl.Series],
) -> pl.Expr:
    """Check a dtype when the query runs: an expression alone does not know what it will be given."""
    if not isinstance(column, str | pl.Expr):
        raise TypeError(f"{name} must be a column name or an expression, got {column!r}")
    expr = pl.col(column) if isinstance(column, str) else column
    return expr.map_batches(lambda series: take(series, name), return_dtype=dtype, is_elementwise=True)


def _whole_numbers(series: pl.Series, name: str) -> pl.Series:
    if not (series.dtype.is_integer() or series.dtype == pl.Null):
        raise SchemaError(f"{name} must be whole seconds (an integer dtype), got {series.dtype}")
    return series.cast(pl.Int64)


def _text(series: pl.Series, name: str) -> pl.Series:
    if series.dtype not in (pl.String, pl.Null, pl.Categorical, pl.Enum):
        raise SchemaError(f"{name} must be text like '6+6', got {series.dtype}")
    return series.cast(pl.String)


def _exact_money(series: pl.Series, name: str) -> pl.Series:
    dtype: Any = series.dtype
    if dtype.is_integer() or dtype == pl.Null or (isinstance(dtype, pl.Decimal) and dtype.scale <= DIGITS):
        return series.cast(MONEY)
    raise SchemaError(
        f"{name} must be a Decimal of at most {DIGITS} decimals or whole numbers, got {dtype}. "
        f"Money in floats has already lost digits: read it as text and cast it to callkit.MONEY."
    )
