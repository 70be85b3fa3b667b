"""What a call should cost, in integers: the sandbox's own arithmetic.

It shares no code with `callkit.billing`, so that the two can be held against each other. Money and rates are
whole numbers of 10**-10 of the currency unit, the digits that the CDR frame keeps.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Literal

__all__ = [
    "MINUTE",
    "UNIT",
    "Tariff",
    "charged_seconds",
    "divide",
    "exact",
    "proportional",
    "tariff_of",
    "text",
]

UNIT = 10**10
"""Parts of a currency unit that money is counted in."""

Rounding = Literal["half_up", "half_even", "up", "down"]


def divide(numerator: int, denominator: int, rounding: Rounding = "half_up") -> int:
    """Divide two whole numbers, neither of them negative, and round once, from the exact quotient.

    Examples
    --------
    >>> from callkit.sandbox.pricing import divide
    >>> [divide(5, 2, rounding) for rounding in ("half_up", "half_even", "up", "down")]
    [3, 2, 3, 2]
    """
    whole, rest = divmod(numerator, denominator)
    if rounding == "down":
        return whole
    if rounding == "up":
        return whole + (rest > 0)
    if 2 * rest == denominator:
        return whole + 1 if rounding == "half_up" else whole + whole % 2
    return whole + (2 * rest > denominator)


def charged_seconds(talk: int, first: int, step: int) -> int:
    """Count the seconds that `talk` seconds are charged on the bill period `first+step`.

    Examples
    --------
    >>> from callkit.sandbox.pricing import charged_seconds
    >>> charged_seconds(31, 6, 6), charged_seconds(61, 60, 1), charged_seconds(0, 60, 60)
    (36, 61, 0)
    """
    if talk <= 0:
        return 0
    if talk <= first:
        return first
    return first + divide(talk - first, step, "up") * step


@dataclass(frozen=True, slots=True)
class Tariff:
    """How a vendor makes money out of a rate and charged seconds.

    Attributes
    ----------
    per_seconds
        The seconds that a rate is for, or `"block"`: the second number of the bill period.
    decimals
        The digits that a cost is rounded to.
    rounding
        How it is rounded.
    connect_fee
        What every answered call costs on top, in 10**-10.
    """

    per_seconds: int | Literal["block"]
    decimals: int
    rounding: Rounding
    connect_fee: int

    @property
    def grain(self) -> int:
        """The smallest amount of money that this tariff can tell apart, in 10**-10."""
        return int(10 ** (10 - self.decimals))

    @property
    def rate_grain(self) -> int:
        """The last digit of a converted rate, in 10**-10: rates for less than a minute need more digits."""
        return 100 if self.per_seconds in (1, "block") else 10_000

    def cost(self, rate: int, seconds: int, step: int) -> int:
        """Price charged seconds at a rate; `step` is the second number of the bill period."""
        if seconds == 0:
            return 0
        unit = step if self.per_seconds == "block" else self.per_seconds
        exact = self.connect_fee * unit + rate * seconds
        return divide(exact, unit * self.grain, self.rounding) * self.grain


MINUTE = Tariff(60, 6, "half_up", 0)
"""Per minute, six decimals, half up, no fee: the conventional tariff, and that of seed 7."""


def proportional(cost: int, seconds: int, of_seconds: int, grain: int) -> int:
    """Price `seconds` at the rate that `cost` for `of_seconds` implies: where a record shows no rate."""
    return divide(cost * seconds, of_seconds * grain) * grain


def tariff_of(seed: int) -> Tariff:
    """Draw the tariff that belongs to a seed; seed 7 has the conventional one."""
    if seed == 7:
        return MINUTE
    rng = Random(f"{seed}/tariff")
    per_seconds: int | Literal["block"] = rng.choice((60, 60, 1, "block", 3600))
    decimals = rng.choice((4, 5, 6, 6))
    rounding: Rounding = rng.choice(("half_up", "half_up", "half_even", "up", "down"))
    fee = rng.choice((0, 0, 0, 10, 20, 50))
    return Tariff(per_seconds, decimals, rounding, fee * UNIT // 10_000)


def text(amount: int, decimals: int | None = None) -> str:
    """Write money as decimal text: with exactly `decimals` digits, or without trailing zeros.

    Examples
    --------
    >>> from callkit.sandbox.pricing import text
    >>> text(12_000_000_000), text(800_000_000, decimals=6), text(0)
    ('1.2', '0.080000', '0')
    """
    whole, rest = divmod(abs(amount), UNIT)
    sign = "-" if amount < 0 else ""
    digits = f"{rest:010}"
    digits = digits.rstrip("0") if decimals is None else digits[:decimals]
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


def exact(amount: int) -> Decimal:
    """Give money as the number that it is.

    Examples
    --------
    >>> from callkit.sandbox.pricing import exact
    >>> exact(12_000_000_000)
    Decimal('1.2')
    """
    return Decimal(text(amount))
