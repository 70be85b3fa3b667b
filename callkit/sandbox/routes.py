"""Where calls go, and what the vendors' price lists say about it.

A `Route` is a line of the internal rate deck: what is billed correctly is billed by it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from callkit.sandbox.pricing import UNIT, Tariff
from callkit.sandbox.settings import Settings

__all__ = ["Rate", "Route", "itnio_routes", "nx_routes", "telephone", "zipf"]

# Country, operator or city, leading digits, length of the number with country code. Countries that share their
# country code with others are left out, so that a number tells its country.
_PLACES = (
    ("Indonesia", "Telkomsel", "62812", 13),
    ("India", "Airtel", "919810", 12),
    ("Philippines", "Globe", "63917", 12),
    ("Vietnam", "Viettel", "8498", 11),
    ("Nigeria", "MTN", "234803", 13),
    ("Brazil", "São Paulo", "55119", 13),
    ("Mexico", "Telcel", "5255", 12),
    ("Germany", "Telekom", "49151", 13),
    ("Pakistan", "Jazz", "92300", 12),
    ("Bangladesh", "Grameenphone", "88017", 13),
    ("Afghanistan", "Kandahar", "9370", 11),
    ("Kenya", "Safaricom", "254722", 12),
    ("Indonesia", "XL Axiata", "62817", 12),
    ("Thailand", "AIS", "6681", 11),
    ("Malaysia", "Maxis", "6012", 11),
    ("Egypt", "Vodafone", "2010", 12),
    ("South Africa", "Vodacom", "2782", 11),
    ("Colombia", "Claro", "57310", 12),
    ("Peru", "Lima", "519", 11),
    ("Spain", "Movistar", "346", 11),
    ("Poland", "Play", "4879", 11),
    ("India", "Jio", "917000", 12),
    ("United Arab Emirates", "Etisalat", "97150", 12),
    ("Saudi Arabia", "STC", "96650", 12),
)


@dataclass(frozen=True, slots=True)
class Rate:
    """A price of the deck, in 10**-10 per unit of the tariff.

    Attributes
    ----------
    shown, used
        As records state it, and as costs are computed with it: the same, but on routes with shortened rates.
    digits
        Decimals that the rate is quoted with.
    """

    shown: int
    used: int
    digits: int


@dataclass(frozen=True, slots=True)
class Route:
    """A destination and its prices: one line of the internal rate deck per currency.

    Attributes
    ----------
    country, label
        The country, and what ITNIO writes into `code`.
    prefix, length
        Leading digits, and the whole length, of its telephone numbers.
    weight
        Its share of the traffic.
    first, step
        The bill period.
    direction
        `out` or `in`.
    rates
        By currency.
    shortened
        Whether records show the rate with fewer digits than are used.
    """

    country: str
    label: str
    prefix: str
    length: int
    weight: float
    first: int
    step: int
    direction: str
    rates: dict[str, Rate]
    shortened: bool = False


def telephone(rng: Random, route: Route) -> str:
    """Make up a number of the right country and length, in a block (…00…) that is not given to subscribers."""
    rest = route.length - len(route.prefix) - 2
    return f"{route.prefix}00{rng.randrange(10**rest):0{rest}}"


def zipf(size: int, exponent: float) -> list[float]:
    """Shares of 1, the k-th in proportion to 1 / k**exponent."""
    raw = [1 / rank**exponent for rank in range(1, size + 1)]
    return [share / sum(raw) for share in raw]


def itnio_routes(seed: int, settings: Settings, tariff: Tariff) -> list[Route]:
    """Draw ITNIO's destinations, largest first."""
    rng = Random(f"{seed}/routes")
    places = list(_PLACES[: settings.destinations])
    rng.shuffle(places)
    routes = []
    owed = {(first, step): share for first, step, share in settings.bill_periods}
    # Mid-sized destinations: enough calls to see the shortened rate, not so many as to hide the tariff.
    # Where costs are always rounded the same way, or rates are for very few seconds, hidden digits of a rate
    # could not be told from wrong costs.
    hidden = tariff.per_seconds != "block" and tariff.rounding in ("half_up", "half_even")
    shortened = set(range(5, 5 + settings.shortened_rates)) if hidden else set()
    for rank, (place, weight) in enumerate(zip(places, zipf(len(places), settings.zipf), strict=True)):
        country, operator, prefix, length = place
        # The bill period that is furthest from its share takes the next destination, so that the shares come out
        # right by calls, not by destinations.
        first, step = max(owed, key=lambda period: owed[period])
        owed[first, step] -= weight
        per_minute = math.exp(rng.uniform(math.log(settings.rate_low * 1.02), math.log(settings.rate_high)))
        digits = tariff.decimals if rank == 0 or rank in shortened else rng.randint(4, tariff.decimals)
        rates = {
            currency: _rate(rng, tariff, per_minute * factor, digits, step, shortened=rank in shortened)
            for currency, factor in (("USD", 1.0), ("EUR", 0.93))
        }
        label = f"{country}({operator})"
        routes.append(
            Route(country, label, prefix, length, weight, first, step, "out", rates, rank in shortened)
        )
    return routes


def _rate(rng: Random, tariff: Tariff, per_minute: float, digits: int, step: int, *, shortened: bool) -> Rate:
    unit = step if tariff.per_seconds == "block" else tariff.per_seconds
    # A rate for less time needs more digits for the same precision, one for more time fewer.
    digits += {1: 2, 6: 1, 20: 1, 3600: -2}.get(unit, 0)
    grain = 10 ** (10 - digits)
    shown = max(1, round(per_minute * unit / 60 * UNIT / grain))
    if shown % 10 == 0:  # so that all the digits are really there
        shown += 1
    used = shown * grain
    if shortened:
        used += rng.choice((-1, 1)) * grain * rng.randint(25, 45) // 100
    return Rate(shown * grain, used, digits)


def nx_routes(seed: int, settings: Settings, tariff: Tariff) -> list[Route]:
    """Draw NXCloud's countries, each once for calls out and once for calls in.

    Prices are such that six seconds cost a whole number of the smallest unit: no amount is ever rounded,
    and a wrong number of charged seconds has one exact price. All calls in cost the same, wherever
    they come from.
    """
    rng = Random(f"{seed}/nx routes")
    places = {place[0]: place for place in reversed(_PLACES)}
    chosen = rng.sample(sorted(places), settings.nx_countries)
    grain = tariff.grain * 10

    def prices(low: float, high: float) -> dict[str, Rate]:
        usd = round(math.exp(rng.uniform(math.log(low), math.log(high))) * UNIT / grain)
        eur = max(1, usd * 93 // 100)
        return {"USD": Rate(usd * grain, usd * grain, 0), "EUR": Rate(eur * grain, eur * grain, 0)}

    inbound = prices(0.015, 0.03)
    routes = []
    for country, weight in zip(chosen, zipf(len(chosen), settings.zipf), strict=True):
        _, _, prefix, length = places[country]
        out, back = weight * (1 - settings.nx_inbound), weight * settings.nx_inbound
        routes.append(Route(country, country, prefix, length, out, 6, 6, "out", prices(0.02, 0.3)))
        routes.append(Route(country, country, prefix, length, back, 6, 6, "in", inbound))
    return routes
