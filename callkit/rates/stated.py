"""What a user says about a deck, checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Literal
from zoneinfo import ZoneInfo

from callkit.files.amounts import Sign
from callkit.files.columns import ColumnMap
from callkit.files.dates import Ends

Unit = int | Literal["block"]
"""What a rate is the price of: so many seconds, or one step of the bill period."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What the user says about a deck."""

    columns: ColumnMap | None = None
    sheet: str | Sequence[str] | None = None
    date_format: str | None = None
    tz: str = "UTC"
    currency: str | None = None
    direction: Literal["out", "in"] | None = None
    per_seconds: Unit | None = None
    decimal: Sign | None = None
    ends: Ends = "inclusive"
    valid_from: datetime | None = None
    prefix_lists: bool | None = None


def one_of(name: str, value: object, known: Sequence[str | None]) -> None:
    """Check an argument against what there is."""
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, known))}, got {value!r}")


def currency_code(value: object) -> str | None:
    """Check the code of a currency."""
    if value is None:
        return None
    if not isinstance(value, str) or not (len(value) == 3 and value.isascii() and value.isalpha()):
        raise ValueError(f"currency must be a code like 'USD', got {value!r}")
    return value.upper()


def unit_of_rates(value: object) -> Unit | None:
    """Check the unit of rates, as `Rating` has it."""
    if value is None:
        return None
    if value == "block":
        return "block"
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise ValueError(f'per_seconds must be a whole number of seconds from 1 on or "block", got {value!r}')


def unit_text(unit: Unit) -> str:
    """What a rate is the price of, in words: `minute`, `90 s`."""
    return {1: "second", 60: "minute", 3600: "hour", "block": "block"}.get(unit, f"{unit} s")


def factor(value: object) -> Decimal:
    """Check what makes a jump."""
    try:
        factor = Decimal(value) if isinstance(value, Decimal | int | str) else Decimal("NaN")
    except InvalidOperation:
        factor = Decimal("NaN")
    if not factor.is_finite() or not 1 < factor <= 10**9:
        raise ValueError(f"jump must be a factor above 1, as a whole number, text or Decimal; got {value!r}")
    return factor


def beginning(value: datetime | date | str | None, zone: str, name: str = "valid_from") -> datetime | None:
    """Read a day or an instant, in the zone where it states none."""
    if value is None:
        return None
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"{name} must be a date like '2026-09-01', got {value!r}") from None
    if not isinstance(read, date):
        raise TypeError(f"{name} must be a date, a datetime or ISO 8601 text, got {value!r}")
    instant = read if isinstance(read, datetime) else datetime.combine(read, time(0))
    aware = instant if instant.tzinfo is not None else instant.replace(tzinfo=ZoneInfo(zone))
    return aware.astimezone(UTC)
