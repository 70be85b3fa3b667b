"""Invoices and months of calls to hold them against, and a naive reference that loops over both."""

# ruff: noqa: DTZ001 - what a wall clock shows has no zone

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

import callkit as ck
from reconciliation.calls import Call, itnio, numbered, whatsapp

D = Decimal
START, END = datetime(2026, 9, 1), datetime(2026, 10, 1)
SEPTEMBER = ("2026-09-01", "2026-09-30")

FALLBACKS = {
    "auto": ("submitted_at", "answered_at", "ended_at"),
    "submitted": ("submitted_at", "answered_at", "ended_at"),
    "answered": ("answered_at", "submitted_at", "ended_at"),
    "ended": ("ended_at", "submitted_at", "answered_at"),
}


def line(**stated: Any) -> dict[str, Any]:
    """A line of usage of September in dollars."""
    usual = {
        "period_start": START,
        "period_end": END,
        "destination": "Germany(Mobile)",
        "currency": "USD",
        "calls": None,
        "charged_seconds": None,
        "charged_minutes": None,
        "amount": D(0),
        "kind": "usage",
        "call_id": None,
    }
    return usual | stated


def bill(*lines: dict[str, Any], **arguments: Any) -> ck.Invoice:
    """An invoice of lines that is cut in UTC, unless it is said otherwise; periods are [start, end)."""
    dtypes = {
        "period_start": pl.Datetime("us"),
        "period_end": pl.Datetime("us"),
        "calls": pl.Int64,
        "charged_seconds": pl.Int64,
        "charged_minutes": ck.MONEY,
        "amount": ck.MONEY,
    }
    names = list(dict.fromkeys(name for each in lines for name in each)) or list(line())
    columns = {
        name: pl.Series([each.get(name) for each in lines], dtype=dtypes.get(name, pl.String))
        for name in names
    }
    return ck.Invoice.read(pl.DataFrame(columns), period_end="exclusive", **{"tz": "UTC"} | arguments)


def on(day: int, hour: int = 12, **changed: Any) -> Call:
    """An agreeing call of 36 charged seconds for 0.07998 USD, on a day of September in UTC."""
    return itnio(submitted_at=datetime(2026, 9, 1, hour, tzinfo=UTC) + timedelta(days=day - 1), **changed)


def month(count: int, seed: int, beyond: float = 36) -> pl.DataFrame:
    """Random calls of September and some hours around it, with two currencies and a few of everything odd."""
    random_ = random.Random(seed)
    span = timedelta(days=30, hours=2 * beyond)
    first = datetime(2026, 9, 1, tzinfo=UTC) - timedelta(hours=beyond)
    calls = []
    for _ in range(count):
        submitted = first + timedelta(seconds=random_.randrange(int(span.total_seconds())))
        talk = random_.choice((0, 0, random_.randint(1, 200), random_.randint(1, 4000)))
        charged = -(-talk // 6) * 6
        cost = round(D(charged) * D("0.1333") / 60, 6)
        if talk == 0 and random_.random() < 0.1:
            cost = D("0.01")
        call = itnio(
            submitted_at=submitted,
            call_duration=talk,
            charged_duration=charged,
            cost=None if random_.random() < 0.02 else cost,
            currency=random_.choice(("USD", "USD", "EUR")),
            destination=random_.choice(("Germany(Mobile)", "germany (mobile)", "France", None, "Chile")),
        )
        ringing = timedelta(seconds=random_.randint(1, 600))
        call["answered_at"] = submitted + ringing if talk else None
        call["ended_at"] = submitted + ringing + timedelta(seconds=talk)
        if random_.random() < 0.02:
            call["ended_at"] = None
        calls.append(call)
    calls.append(whatsapp(answered_at=first + span / 2, destination=None))
    return numbered(*calls)


def moment(call: dict[str, Any], clock: str) -> datetime | None:
    """When a call took place, by a clock."""
    return next((call[name] for name in FALLBACKS[clock] if call[name] is not None), None)


def counted(call: dict[str, Any], population: str) -> bool:
    """Whether a population has a call."""
    if population == "all":
        return call["found"] is not False
    if population == "answered":
        return (call["call_duration"] or 0) > 0
    return (call["charged_duration"] or 0) > 0 or call["cost"] not in (None, 0)


def label(text: str | None) -> str | None:
    """A destination without capitals and blanks."""
    return "".join((text or "").lower().split()) or None


def local(call: dict[str, Any], zone: str, clock: str) -> datetime | None:
    """What the wall clock shows at a call."""
    when = moment(call, clock)
    return None if when is None else when.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def sums(
    calls: Sequence[dict[str, Any]], zone: str, clock: str, population: str, *, daily: bool = False
) -> Iterator[dict[str, Any]]:
    """Draw up the lines of September that a vendor's zone, clock and population make, to the last digit."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for call in calls:
        when = local(call, zone, clock)
        if (
            when is None
            or not START <= when < END
            or not counted(call, population)
            or call["currency"] is None
        ):
            continue
        day: date | None = when.date() if daily else None
        groups.setdefault((call["currency"], label(call["destination"]), day), []).append(call)
    for (currency, _, day), group in groups.items():
        start = START if day is None else datetime(day.year, day.month, day.day)
        yield line(
            currency=currency,
            destination=group[0]["destination"],
            period_start=start,
            period_end=END if day is None else start + timedelta(days=1),
            calls=len(group),
            charged_seconds=sum(call["charged_duration"] or 0 for call in group),
            amount=sum((call["cost"] or D(0) for call in group), D(0)),
        )
