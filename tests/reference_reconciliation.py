"""How a billed amount becomes the expected one, said once more the slow way: one call at a time, without Polars.

Written from the design's words on decimals, doubles, attempt fees, hidden digits and the chain of steps. A call is a
dict with the columns of the CDR frame. Amounts are exact fractions until they are compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

import reference
from callkit import Rating

Call = dict[str, Any]
Price = tuple[Decimal, str | None]

STEPS = ("double_billed", "unanswered", "arithmetic", "rounding", "duration", "increments", "rate")

# Beyond all sense: what is larger is not computed but told as unverified.
MOST_TALK = 10**15
MOST_CHARGED = 10**10
MOST_RATE = 10**15
MOST_COST = 10**15
MOST_MONEY = 10**18
MOST_EXCHANGE = 10**10

FEWEST_ATTEMPTS = 3
CLOSE_SECONDS = 2


@dataclass
class Judged:
    """What became of one call; the settled basis is None where nothing is settled."""

    charged: int | None
    expected: Fraction | None
    steps: dict[str, Fraction]
    unverified: Fraction
    verdict: str
    settled: Settled | None
    found: set[str] = field(default_factory=set)


@dataclass
class Settled:
    """The same chain in the settlement currency, with its own first step."""

    expected: Fraction | None
    steps: dict[str, Fraction]
    unverified: Fraction


def distinct(calls: Iterable[Call]) -> list[Call]:
    """Every distinct record once."""
    return list({tuple(call.items()): call for call in calls}.values())


def judge(
    calls: Sequence[Call],
    rating: Rating | None = None,
    tolerance: Decimal | int | None = None,
    inferred: Callable[[Call], Rating] = lambda _: Rating(),
    price: Callable[[Call], Price | None] = lambda _: None,
) -> list[Judged]:
    """Judge distinct records, in their order; without a rating that was given, each by the one inferred for it.

    `price` tells the deck's rate and bill period (None: not said) of a call, or None where the deck has no price.
    """
    rating_of = inferred if rating is None else lambda _: rating
    units = _units(calls)
    fees = {} if rating else _attempt_fees(calls)
    doubled = _doubles(calls)
    # A rate is a shortened one only by the calls that are judged by it.
    shortened = set()
    if tolerance is None:
        judged_by_rate = [
            call for at, call in enumerate(calls) if at not in doubled and (call["call_duration"] or 0) > 0
        ]
        shortened = _shortened(judged_by_rate, rating_of, units)
    return [
        _judged(
            call,
            rating_of(call),
            Fraction(fees.get((call["source"], call["currency"]), rating.attempt_fee if rating else 0)),
            _tolerance(call, units, tolerance, shortened, None if rating else rating_of(call)),
            off_deck=_off_deck(
                call,
                price(call),
                rating_of(call),
                units=units,
                tolerance=tolerance,
                shortened=shortened,
                given=rating is not None,
            ),
            price=price(call),
            double=at in doubled,
        )
        for at, call in enumerate(calls)
    ]


def _units(calls: Sequence[Call]) -> dict[tuple[Any, ...], Fraction]:
    """The unit of the last decimal that the vendor uses, per source, currency and field."""
    decimals: dict[tuple[Any, ...], int] = defaultdict(int)
    for call in calls:
        for name in ("cost", "rate"):
            key = (call["source"], call["currency"], name)
            if call[name] is not None:
                digits = f"{call[name]:f}".partition(".")[2].rstrip("0")
                decimals[key] = max(decimals[key], len(digits))
    return defaultdict(lambda: Fraction(1), {key: Fraction(1, 10**most) for key, most in decimals.items()})


def _attempt_fees(calls: Sequence[Call]) -> dict[tuple[Any, ...], Decimal]:
    """What all failures of a source cost alike, per currency; a failure that costs nothing speaks against it."""
    costs: dict[Any, dict[Any, list[Decimal | None]]] = defaultdict(lambda: defaultdict(list))
    for call in calls:
        if call["call_duration"] is not None and call["call_duration"] <= 0:
            costs[call["source"]][call["currency"]].append(call["cost"])
    fees = {}
    for source, by_currency in costs.items():
        if any(None in paid for paid in by_currency.values()):
            continue
        for currency, paid in by_currency.items():
            if len(paid) >= FEWEST_ATTEMPTS and len(set(paid)) == 1 and paid[0] is not None and paid[0] > 0:
                fees[source, currency] = paid[0]
    return fees


def _doubles(calls: Sequence[Call]) -> set[int]:
    """Positions of the records that bill the conversation of an earlier kept one again."""
    groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for at, call in enumerate(calls):
        told = (call["call_id"], call["answered_at"], call["caller"], call["callee"])
        if (call["call_duration"] or 0) > 0 and None not in told:
            groups[call["source"], call["direction"], call["caller"], call["callee"]].append(at)
    found = set()
    for group in groups.values():
        kept: list[Call] = []
        for at in sorted(group, key=lambda at: _earliest(calls[at])):
            call = calls[at]
            if any(_same_talk(call, other) for other in kept):
                found.add(at)
            else:
                kept.append(call)
    return found


def _earliest(call: Call) -> tuple[Any, ...]:
    submitted = call["submitted_at"]
    return (
        call["answered_at"],
        submitted is None,
        submitted or call["answered_at"],
        call["call_id"],
        call["call_duration"],
    )


def _same_talk(call: Call, other: Call) -> bool:
    apart = abs((call["answered_at"] - other["answered_at"]).total_seconds())
    longer = abs(call["call_duration"] - other["call_duration"])
    return call["call_id"] != other["call_id"] and apart <= CLOSE_SECONDS and longer <= CLOSE_SECONDS


def _per(call: Call, rating: Rating) -> int | None:
    """How many seconds the rate is the price of; a block's only where the first stretch is whole blocks."""
    if rating.per_seconds != "block":
        return rating.per_seconds
    period = _bill_period(call)
    return period[1] if period and period[0] % period[1] == 0 else None


def _bill_period(call: Call) -> reference.BillPeriod | None:
    period = reference.bill_period(call["bill_period"])
    return period if period and max(period) < 10**15 else None


def _charged(call: Call, rating: Rating) -> int | None:
    """S(d, p)."""
    talk = call["call_duration"]
    period = call["bill_period"]
    if talk is not None and talk <= 0:
        return 0
    if talk is None or talk > MOST_TALK:
        return None
    if _bill_period(call) is None:
        return None
    return reference.charged_duration(talk, period, rating)


def _cost(call: Call, seconds: int | None, rating: Rating) -> Fraction | None:
    """C(r, seconds), by the record's rate or, without one, by what its cost makes of its own seconds."""
    charged, rate, cost = call["charged_duration"], call["rate"], call["cost"]
    if seconds is None:
        return None
    if rate is not None:
        sensible = abs(rate) <= MOST_RATE and abs(seconds) <= MOST_CHARGED and _per(call, rating) is not None
        due = reference.cost(seconds, rate, rating, call["bill_period"]) if sensible or seconds == 0 else None
        amount = None if due is None else Fraction(due)
    elif charged is None or charged <= 0 or cost is None:
        amount = None
    elif seconds == charged:
        amount = Fraction(cost)
    elif abs(cost) <= MOST_COST and seconds <= MOST_CHARGED:
        amount = Fraction(reference.rounded(Fraction(cost) * seconds / charged, rating))
    else:
        amount = None
    return amount if amount is None or abs(amount) <= MOST_MONEY else None


def _exact(call: Call, rating: Rating) -> Fraction:
    """C(r, s) before it is rounded."""
    seconds = call["charged_duration"]
    per = _per(call, rating) or 1  # no seconds cost nothing, whatever a block is
    return Fraction(rating.connect_fee) + Fraction(call["rate"]) * seconds / per if seconds else Fraction(0)


def _shortened(
    calls: Sequence[Call], rating_of: Callable[[Call], Rating], units: dict[tuple[Any, ...], Fraction]
) -> set[tuple[Any, ...]]:
    """Rates at which digits that are not shown can explain every difference, and have to explain some."""
    by_rate: dict[tuple[Any, ...], list[tuple[bool, bool]]] = defaultdict(list)
    for call in calls:
        rating = rating_of(call)
        own = _cost(call, call["charged_duration"], rating)
        if call["rate"] is None or call["cost"] is None or own is None:
            continue
        key, seconds = (call["source"], call["currency"]), call["charged_duration"]
        unit, cost = units[*key, "cost"], Fraction(call["cost"])
        per = _per(call, rating) or 1  # no seconds cost nothing, whatever a block is
        exact = _exact(call, rating)
        hidden = unit / 2 + units[*key, "rate"] / 2 * abs(seconds) / per
        fits = abs(cost - exact) <= hidden and abs(cost) <= 10**12
        by_rate[*key, call["rate"]].append((fits, abs(cost - own) > unit / 2))
    return {
        key
        for key, told in by_rate.items()
        if all(fits for fits, _ in told) and any(beyond for _, beyond in told)
    }


def _tolerance(
    call: Call,
    units: dict[tuple[Any, ...], Fraction],
    tolerance: Decimal | int | None,
    shortened: set[tuple[Any, ...]],
    inferred: Rating | None,
) -> Fraction | None:
    """How far a cost may lie off; None for however far. Nobody stated which way an inferred rating rounds a tie."""
    key = (call["source"], call["currency"])
    if tolerance is not None:
        return Fraction(tolerance)
    half = units[*key, "cost"] / 2
    known = None not in (call["rate"], call["cost"], call["charged_duration"]) and inferred is not None
    tie = known and abs(Fraction(call["cost"]) - _exact(call, inferred)) == half
    return None if tie or (*key, call["rate"]) in shortened else half


def _off_deck(
    call: Call,
    price: Price | None,
    rating: Rating,
    *,
    units: dict[tuple[Any, ...], Fraction],
    tolerance: Decimal | int | None,
    shortened: set[tuple[Any, ...]],
    given: bool,
) -> bool:
    """Whether the record's price is not the deck's."""
    if price is None:
        return False
    key = (call["source"], call["currency"])
    by_deck = _by_deck(call, price, call["charged_duration"], rating)
    half = units[*key, "cost"] / 2
    known = by_deck is not None and call["cost"] is not None
    off = known and abs(Fraction(call["cost"]) - by_deck) > (
        half if tolerance is None else Fraction(tolerance)
    )
    if call["rate"] is not None:
        apart = abs(Fraction(call["rate"]) - Fraction(price[0]))
        shown = apart <= units[*key, "rate"] / 2
        return apart != 0 and not (shown and ((*key, call["rate"]) in shortened or (known and not off)))
    if not known:
        return False
    cost = Fraction(call["cost"])
    exact = _exact(_priced(call, price) | {"rate": price[0]}, rating)
    tie = tolerance is None and not given and abs(cost) <= 10**12 and abs(cost - exact) == half
    return off and not tie


def _priced(call: Call, price: Price | None) -> Call:
    """The call with the bill period that is due: the deck's, else its own."""
    return call if price is None or price[1] is None else call | {"bill_period": price[1]}


def _by_deck(call: Call, price: Price, seconds: int | None, rating: Rating) -> Fraction | None:
    """C(R, seconds)."""
    return _cost(_priced(call, price) | {"rate": price[0]}, seconds, rating)


def _judged(
    call: Call,
    rating: Rating,
    fee: Fraction,
    tolerance: Fraction | None,
    *,
    off_deck: bool,
    price: Price | None,
    double: bool,
) -> Judged:
    recorded = _charged(call, rating)
    charged = _charged(_priced(call, price), rating)
    steps = dict.fromkeys(STEPS, Fraction(0))
    found: set[str] = set()
    billed = None if call["cost"] is None else Fraction(call["cost"])
    talk = call["call_duration"]
    expected = None
    if double:
        found.add("double_billed")
        if billed is not None:
            expected, steps["double_billed"] = Fraction(0), billed
    elif talk is not None and talk <= 0:
        if billed is not None:
            expected, steps["unanswered"] = fee, billed - fee
        elif fee == 0 and call["found"] is not False:
            expected = fee
    elif talk is not None and billed is not None:
        own, due = _cost(call, call["charged_duration"], rating), _cost(call, recorded, rating)
        # A rate for a block is for one of the bill period that is due; without a rate, the record's cost counts.
        stepped = _cost(_priced(call, price), charged, rating)
        last = stepped if price is None else _by_deck(call, price, charged, rating)
        if own is not None and due is not None and stepped is not None and last is not None:
            beyond = tolerance is not None and abs(billed - own) > tolerance
            steps["arithmetic" if beyond else "rounding"] = billed - own
            steps["duration"] = own - due
            steps["increments"] = due - stepped
            steps["rate" if off_deck else "rounding"] += stepped - last
            expected = last
        if own is not None and tolerance is not None and abs(billed - own) > tolerance:
            found.add("cost")
    if talk is not None and talk > 0 and not double:
        if None not in (recorded, call["charged_duration"]) and recorded != call["charged_duration"]:
            found.add("charged_duration")
        if off_deck:
            found.add("rate")
        if price is not None and price[1] is not None and _bill_period(call) is not None:
            found |= {"increments"} if _bill_period(call) != reference.bill_period(price[1]) else set()
    if steps["unanswered"]:
        found.add("unanswered_charged")
    unverified = Fraction(0) if expected is not None or billed is None else billed
    return Judged(
        charged=None if call["found"] is False else charged,
        expected=expected,
        steps=steps,
        unverified=unverified,
        verdict=_verdict(billed, expected, steps),
        settled=_settled(call, billed, expected, steps),
        found=found,
    )


def _verdict(billed: Fraction | None, expected: Fraction | None, steps: dict[str, Fraction]) -> str:
    """Rounding within tolerance is agreement; what is off by more counts with all that is off."""
    if expected is None:
        return "unverified"
    difference = Fraction(0) if billed is None else billed - expected
    if difference in (0, steps["rounding"]):
        return "agrees"
    return "overcharged" if difference > 0 else "undercharged"


def _settled(
    call: Call, billed: Fraction | None, expected: Fraction | None, steps: dict[str, Fraction]
) -> Settled | None:
    """Each running value divided by the exchange rate, to the ten decimals that MONEY has, half-even."""
    if call["settle_cost"] is None:
        return None
    settle, exchange = Fraction(call["settle_cost"]), call["exchange_rate"]
    none = dict.fromkeys(("settlement", *STEPS), Fraction(0))
    if billed is None or expected is None or exchange is None or not 0 < exchange <= MOST_EXCHANGE:
        return Settled(None, none, settle)
    values = [billed]
    for step in STEPS:
        values.append(values[-1] - steps[step])
    if any(abs(value) > MOST_MONEY for value in values):
        return Settled(None, none, settle)
    quotients = [value / Fraction(exchange) for value in values]
    divided = [Fraction(round(quotient * 10**10), 10**10) for quotient in quotients]
    if any(abs(quotient) > MOST_MONEY for quotient in quotients):
        return Settled(None, none, settle)
    amounts = {"settlement": settle - divided[0]}
    amounts |= {step: divided[at] - divided[at + 1] for at, step in enumerate(STEPS)}
    return Settled(divided[-1], amounts, Fraction(0))
