"""What a call should cost, said once more the slow way: one call at a time, in `int`, `Fraction` and `Decimal`.

Written from the definitions in words, not from callkit's code, and without Polars, so that an error would have to be
made twice to stay unseen.
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

from callkit import Rating

BillPeriod = tuple[int, int]


def bill_period(text: str | None) -> BillPeriod | None:
    """Read `a+b`: two whole numbers from 1 on, in ASCII digits, with blanks around them allowed."""
    if text is None or text.count("+") != 1:
        return None
    numbers = []
    for part in text.split("+"):
        digits = part.strip(" \t")
        if not digits or any(character not in "0123456789" for character in digits) or int(digits) < 1:
            return None
        numbers.append(int(digits))
    return numbers[0], numbers[1]


def charged_duration(talk: int | None, text: str | None, rating: Rating) -> int | None:
    """Nothing for no talk, else what the bill period makes of it."""
    period = bill_period(text)
    if talk is None or period is None:
        return None
    if talk <= 0:
        return 0
    first, step = period
    if rating.increments == "total":
        return max(first, math.ceil(Fraction(talk, step)) * step)
    begun = max(0, math.ceil(Fraction(talk - first, step)))
    return first + begun * step


def cost(
    charged: int | None, rate: Decimal | None, rating: Rating, text: str | None = None
) -> Decimal | None:
    """Nothing for no seconds, else fee and rate times units, as a fraction, rounded once."""
    if charged == 0:
        return Decimal(0)
    if charged is None or rate is None:
        return None
    per: int
    if rating.per_seconds == "block":
        period = bill_period(text)
        if period is None or period[0] % period[1] != 0:
            return None
        per = period[1]
    else:
        per = rating.per_seconds
    return rounded(Fraction(rating.connect_fee) + Fraction(rate) * charged / per, rating)


def rounded(amount: Fraction, rating: Rating) -> Decimal:
    """Round an exact amount once, as the rating says."""
    unit = Fraction(1, 10**rating.decimals)
    units, sign = abs(amount) / unit, (amount > 0) - (amount < 0)
    match rating.rounding:
        case "half_up":
            whole = math.floor(units + Fraction(1, 2))
        case "half_even":
            whole = round(units)
        case "up":
            whole = math.ceil(units)
        case "down":
            whole = math.floor(units)
    # From its digits, because Decimal's own arithmetic keeps 28 of them.
    return Decimal(Decimal(sign * whole).as_tuple()._replace(exponent=-rating.decimals))
