"""The frame of a deck's rows, and the words in which one row is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from callkit.cdr import INSTANT, MONEY, schema_of

ROWS = schema_of(
    row=pl.Int64,
    prefix=pl.String,
    destination=pl.String,
    rate=MONEY,
    bill_period=pl.String,
    currency=pl.String,
    direction=pl.String,
    valid_from=INSTANT,
    valid_to=INSTANT,
    place=pl.String,
)
"""One price each: README's nomenclature gives each column's meaning. `valid_from` ≤ instant < `valid_to`."""

KEY = ("prefix", "currency", "direction")
"""Rows that agree in these are versions of one price."""

Row = dict[str, Any]
"""One of the rows, by name."""


def amount(row: Row) -> str:
    """`0.055 USD`."""
    whole, _, fraction = f"{row['rate']:f}".partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')} {row['currency']}"


def prefix(row: Row) -> str:
    """`prefix 4915`, or what stands for every number."""
    return f"prefix {row['prefix']}" if row["prefix"] else "the price of all numbers"


def period(row: Row, tz: str) -> str:
    """When a row is valid, as a deck would say it: `from 2026-09-01 to 2026-09-30`; empty where always."""
    start, end = row["valid_from"], row["valid_to"]
    if start is None and end is None:
        return ""
    if start is None:
        return f"until {last(end, tz)}"
    return f"from {day(start, tz)} " + ("on" if end is None else f"to {last(end, tz)}")


def day(instant: datetime, tz: str) -> str:
    """A day in the zone, with the time where it is not midnight."""
    local = instant.astimezone(ZoneInfo(tz))
    return f"{local:%Y-%m-%d}" if _is_midnight(local) else f"{local:%Y-%m-%d %H:%M:%S}"


def last(end: datetime, tz: str) -> str:
    """The last day before an end, or the end itself where it is not midnight."""
    local = end.astimezone(ZoneInfo(tz))
    if _is_midnight(local):
        return f"{local.date() - timedelta(days=1):%Y-%m-%d}"
    return f"{local:%Y-%m-%d %H:%M:%S}"


def _is_midnight(local: datetime) -> bool:
    return (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0)
