"""What the user asks for, read and checked: the arguments of `reconcile()`, whichever engine does it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from callkit.arguments import period as read_period
from callkit.arguments import time_zone
from callkit.billing import DIGITS, Rating
from callkit.rates import RateDeck
from callkit.reconciliation.facts import Asked
from callkit.reconciliation.held import held


def read(
    *,
    rating: object = None,
    rate_deck: object = None,
    archive: object = None,
    match: object = None,
    tolerance: Decimal | int | str | None = None,
    period: tuple[datetime | str, datetime | str] | None = None,
    tz: str = "UTC",
) -> Asked:
    """Check the arguments of `reconcile`; see there.

    Raises
    ------
    ValueError, TypeError
        For one that is not as it should be.
    """
    if rating is not None and not isinstance(rating, Rating):
        raise TypeError(f"rating must be a callkit.Rating or None, got {type(rating).__name__}")
    if rate_deck is not None and not isinstance(rate_deck, RateDeck):
        raise TypeError(f"rate_deck must be a callkit.RateDeck or None, got {type(rate_deck).__name__}")
    asked = None if period is None else read_period(period)
    return Asked(rating, _tolerance(tolerance), time_zone(tz), asked, rate_deck, held(archive, match))


def _tolerance(value: Decimal | int | str | None) -> Decimal | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise TypeError(f"tolerance must be a Decimal, a whole number or text, never a float; got {value!r}")
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"tolerance must be an amount like '0.005', got {value!r}") from None
    if not amount.is_finite() or not 0 <= amount <= 10**9 or Fraction(amount) * 10**DIGITS % 1 != 0:
        raise ValueError(f"tolerance must be from 0 to 10^9 with at most {DIGITS} decimals, got {value!r}")
    return amount
