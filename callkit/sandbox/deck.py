"""The vendors' price lists: what was agreed for each prefix, and since when.

The rows that are in force during the month are the prices that calls are billed by. Around them stands what makes a
price list worth looking at: versions that are over, versions that are announced, and shorter prefixes at other
prices. Of the calls that are billed at a wrong rate, some are billed at one of those.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from callkit.sandbox.calls import NX, Call
from callkit.sandbox.pricing import divide
from callkit.sandbox.routes import Rate, Route
from callkit.sandbox.settings import PERIOD, Settings

if TYPE_CHECKING:
    from callkit.sandbox.month import Month

__all__ = ["DeckRow", "deck_rows"]

_COUNTRY_CODES = {
    "Indonesia": "62", "India": "91", "Philippines": "63", "Vietnam": "84", "Nigeria": "234", "Brazil": "55",
    "Mexico": "52", "Germany": "49", "Pakistan": "92", "Bangladesh": "880", "Afghanistan": "93", "Kenya": "254",
    "Thailand": "66", "Malaysia": "60", "Egypt": "20", "South Africa": "27", "Colombia": "57", "Peru": "51",
    "Spain": "34", "Poland": "48", "United Arab Emirates": "971", "Saudi Arabia": "966",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeckRow:
    """A row of a price list.

    Attributes
    ----------
    source
        Whose list it is.
    prefix, destination
        Leading digits of the number that is priced (the callee's; of calls in, the caller's), and their name.
    rate
        In 10**-10, per unit of the source's tariff.
    bill_period
        As `a+b`.
    currency, direction
        A price is for calls in this currency, `out` or `in`.
    valid_from, valid_to
        The first day in the deck's zone, and the day after the last one; None where no end is announced.
    """

    source: str
    prefix: str
    destination: str
    rate: int
    bill_period: str
    currency: str
    direction: str
    valid_from: date
    valid_to: date | None = None

    @property
    def last_day(self) -> date | None:
        """The last day on which the price is in force."""
        return None if self.valid_to is None else self.valid_to - timedelta(days=1)


def deck_rows(month: Month, seed: int, settings: Settings) -> list[DeckRow]:
    """Write down both vendors' price lists, sorted by source, prefix, direction, currency and date."""
    rows = [row for source in month.routes for row in _rows(source, month, seed, settings)]
    return sorted(rows, key=lambda row: (row.source, row.prefix, row.direction, row.currency, row.valid_from))


@dataclass(frozen=True, slots=True)
class _Dates:
    """The days on which prices change: none of them lies where there are calls."""

    first: date
    since: date
    again: date
    later: date


def _dates(settings: Settings) -> _Dates:
    zone = ZoneInfo(settings.deck_zone)
    # A call that was submitted within the margins may have been answered two hours after them.
    margin = timedelta(hours=settings.margin_hours + 30)
    before, after = (PERIOD[0] - margin).astimezone(zone), (PERIOD[1] + margin).astimezone(zone)
    since = before.date().replace(day=1)
    return _Dates(_months_on(since, -4), since, date(2026, 9, 16), _months_on(after, 1))


def _months_on(day: date | datetime, months: int) -> date:
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(years, month + 1, 1)


def _rows(source: str, month: Month, seed: int, settings: Settings) -> Iterator[DeckRow]:
    rng = Random(f"{seed}/deck/{source}")
    dates = _dates(settings)
    wrong = _wrong_rates(month.calls[source])
    countries: set[tuple[str, str, str]] = set()
    for rank, route in enumerate(month.routes[source]):
        code = _COUNTRY_CODES[route.country]
        # Some numbers are priced by a longer prefix than they have in common, some by their country alone.
        split, whole = rank % 4 == 2, source == NX and rank % 3 != 1
        prefix = code if whole else f"{route.prefix}0" if split else route.prefix
        factors = {name: rng.choice(_FACTORS) for name in ("earlier", "later", "shorter", "longer")}
        announced, reissued, new = rng.random() < 0.35, rank % 7 == 3, rank % 6 == 5
        for currency, rate in route.rates.items():
            billed = iter(wrong.get((route.prefix, route.direction, currency), ()))
            row = DeckRow(
                source, prefix, _name(route), rate.used, f"{route.first}+{route.step}", currency, route.direction,
                dates.since, dates.later if announced else None,
            )  # fmt: skip
            earlier = next(billed, None if new else _other(rate, factors["earlier"]))
            if earlier is not None:
                yield replace(row, rate=earlier, valid_from=dates.first, valid_to=dates.since)
            if reissued:
                yield replace(row, valid_to=dates.again)
            yield replace(row, valid_from=dates.again) if reissued else row
            if announced:
                later = _other(rate, factors["later"])
                yield replace(row, rate=later, valid_from=dates.later, valid_to=None)
            aside = replace(row, valid_from=dates.first, valid_to=None)
            if split and not whole:
                shorter = next(billed, _other(rate, factors["shorter"]))
                yield replace(
                    aside, prefix=route.prefix, rate=shorter, destination=f"{aside.destination} other"
                )
            if (code, route.direction, currency) not in countries and not whole:
                shorter = next(billed, _other(rate, factors["shorter"] + 250))
                yield replace(aside, prefix=code, rate=shorter, destination=route.country)
            countries.add((code, route.direction, currency))
            if rank % 5 == 1:
                longer = next(billed, _other(rate, factors["longer"] + 500))
                yield replace(
                    aside, prefix=f"{route.prefix}9", rate=longer, destination=f"{aside.destination} special"
                )


_FACTORS = (800, 900, 950, 1050, 1100, 1200, 1350)
"""Prices other than the one in force, in 1/1000 of it."""


def _wrong_rates(calls: list[Call]) -> dict[tuple[str, str, str], list[int]]:
    """The rates that calls were billed at and should not have been, the most frequent first."""
    counted: dict[tuple[str, str, str], Counter[int]] = {}
    for call in calls:
        if "rate" in call.faults:
            key = call.route.prefix, call.direction, call.currency
            counted.setdefault(key, Counter())[call.rate] += 1
    return {key: sorted(rates, key=lambda rate: (-rates[rate], rate)) for key, rates in counted.items()}


def _other(rate: Rate, factor: int) -> int:
    """Another price, of as many digits."""
    grain = 10 ** (10 - rate.digits) if rate.digits else _WHATSAPP_GRAIN
    other = divide(rate.shown * factor, 1000 * grain) * grain
    return other if other not in (0, rate.shown) else rate.shown + grain


_WHATSAPP_GRAIN = 10**6  # where a rate has no digits of its own, four decimals


def _name(route: Route) -> str:
    """Name a destination as price lists do: `Indonesia - Telkomsel`."""
    return route.label.replace("(", " - ").removesuffix(")")
