"""What a billing fault does to one call.

Every function here changes a correctly billed call so that exactly one check must fail, notes the check with
its amount in `call.faults`, and returns whether that was possible. Amounts are by the bridge: positive where the
customer was billed too much.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from callkit.sandbox.calls import ITNIO, NX, Call, charge, settle
from callkit.sandbox.pricing import Tariff, charged_seconds, divide, proportional

__all__ = ["Injector", "changed_talk", "double", "injectors", "over_cost"]

Injector = Callable[[Call, Random, Tariff, bool], bool]
"""(call, random numbers, tariff, in the customer's favour) → whether the fault could be made."""


def charged_duration(call: Call, rng: Random, tariff: Tariff, under: bool) -> bool:
    """Charge other seconds than the record's own bill period gives, at the right rate."""
    owed = call.owed_seconds
    step, grid = call.step, 6 if call.source == NX else 1
    if under:
        wrong = [call.talk, owed - step, call.first]
    else:
        wrong = [
            owed + step,
            owed + 2 * step,
            charged_seconds(call.talk, 60, 60),
            charged_seconds(call.talk, 30, 6),
        ]
    wrong = [
        seconds for seconds in wrong if seconds > 0 and seconds % grid == 0 and (seconds < owed) == under
    ]
    wrong = [seconds for seconds in wrong if seconds != owed and seconds <= 3 * owed + 60]
    if not wrong:
        return False
    seconds = rng.choice(wrong)
    trial = replace(call)
    charge(trial, tariff, seconds=seconds)
    if call.source == NX:
        right = proportional(trial.cost, owed, seconds, tariff.grain)
    else:
        right = tariff.cost(call.rate, owed, call.step)
    amount = trial.cost - right
    if abs(amount) < 2 * tariff.grain:
        return False
    charge(call, tariff, seconds=seconds)
    call.faults["charged_duration"] = amount
    return True


def cost(call: Call, rng: Random, tariff: Tariff, under: bool) -> bool:
    """Bill another amount than the record's own rate and charged seconds give."""
    factor = rng.randint(550, 900) if under else rng.randint(1150, 1900)
    return over_cost(call, tariff, factor)


def over_cost(call: Call, tariff: Tariff, factor: int) -> bool:
    """Bill `factor`/1000 of what the record's rate and charged seconds give."""
    right = tariff.cost(call.rate, call.charged, call.step)
    wrong = divide(right * factor, 1000 * tariff.grain) * tariff.grain
    if abs(wrong - right) < 2 * tariff.grain or wrong == 0:
        return False
    call.cost = wrong
    settle(call, tariff)
    call.faults["cost"] = wrong - right
    return True


def rate(call: Call, rng: Random, tariff: Tariff, under: bool) -> bool:
    """Bill consistently, but at a rate that is not the deck's."""
    deck = call.route.rates[call.currency]
    grain = 10 ** (10 - deck.digits)
    factor = rng.choice((700, 800, 900) if under else (1100, 1150, 1200, 1350, 1500))
    wrong = divide(deck.shown * factor, 1000 * grain) * grain
    right = tariff.cost(deck.shown, call.charged, call.step)
    billed = tariff.cost(wrong, call.charged, call.step)
    if wrong == 0 or abs(billed - right) < 2 * tariff.grain:
        return False
    call.rate = call.used_rate = wrong
    charge(call, tariff)
    call.faults["rate"] = billed - right
    return True


def increments(call: Call, rng: Random, tariff: Tariff, under: bool) -> bool:
    """Bill consistently, but on a bill period that is not the deck's."""
    first, step = call.first, call.step
    if tariff.per_seconds == "block":
        # The rate is for the step's seconds: another step would make it another rate.
        others = [(step, step), (2 * first, step), (3 * first, step)]
    else:
        others = [(60, 60), (30, 6), (12, 12), (6, 6), (20, 20), (60, 1), (1, 1)]
    if call.source == NX:
        others = [other for other in others if other[0] % 6 == 0 and other[1] % 6 == 0]
    rng.shuffle(others)
    right = call.owed_seconds
    for other in others:
        trial = replace(call, first=other[0], step=other[1])
        charge(trial, tariff)
        if call.source == NX:
            amount = trial.cost - proportional(trial.cost, right, trial.charged, tariff.grain)
        else:
            amount = trial.cost - tariff.cost(call.rate, right, step)
        if abs(amount) >= 2 * tariff.grain and (amount < 0) == under:
            call.first, call.step = other
            charge(call, tariff)
            call.faults["increments"] = amount
            return True
    return False


def unanswered_charged(call: Call, rng: Random, tariff: Tariff, under: bool) -> bool:
    """Bill a call that nobody answered."""
    amount = tariff.cost(call.used_rate, call.first, call.step)
    if amount < 2 * tariff.grain:
        return False
    call.charged = rng.choice((0, call.first))
    call.cost = amount
    settle(call, tariff)
    call.faults["unanswered_charged"] = amount
    return True


def settlement(call: Call, rng: Random, tariff: Tariff, under: bool) -> bool:
    """Convert a right amount wrongly: at the other half-month's exchange rate, or just so."""
    exchange = call.exchange or 1000
    other = 938 if exchange == 921 else 921
    trial = replace(call, exchange=other)
    settle(trial, tariff)
    digit = 10 ** (10 - call.route.rates[call.currency].digits)
    # A rate of few digits fits both exchange rates.
    if (
        abs(trial.settle_rate - call.settle_rate) < 2 * digit
        or (other > exchange) != under
        or rng.random() < 0.5
    ):
        factor = rng.randint(600, 930) if under else rng.randint(1080, 1500)
        trial.settle_rate = call.settle_rate
        trial.settle_cost = divide(call.settle_cost * factor, 1000 * tariff.grain) * tariff.grain
        # Without the connect fee it would be a conversion, too.
        by_rate = replace(tariff, connect_fee=0).cost(call.settle_rate, call.charged, call.step)
        unit = call.step if tariff.per_seconds == "block" else tariff.per_seconds
        blur = 4 * tariff.grain + divide(tariff.rate_grain * call.charged, unit, "up")
        if abs(trial.settle_cost - by_rate) <= blur:
            return False
    if abs(trial.settle_cost - call.settle_cost) < 4 * tariff.grain:
        return False
    call.settle_rate, call.settle_cost = trial.settle_rate, trial.settle_cost
    exact = call.settle_cost * exchange - call.cost * 1000
    amount = divide(abs(exact), exchange, "half_even")
    call.faults["settlement"] = amount if exact > 0 else -amount
    return True


def rate_outlier(call: Call, rng: Random, tariff: Tariff, under: bool) -> bool:
    """Bill an NXCloud call, which shows no rate, far from what all its peers cost."""
    factor = rng.randint(300, 700) if under else rng.randint(1400, 3000)
    wrong = divide(call.cost * factor, 1000 * tariff.grain) * tariff.grain
    if abs(wrong - call.cost) < 8 * tariff.grain:
        return False
    call.cost, call.lines = wrong, None
    call.faults["rate_outlier"] = None
    return True


def mixed_currency(call: Call, rng: Random, tariff: Tariff, under: bool) -> bool:
    """Bill one call in two currencies."""
    part = call.cost // 3 // tariff.grain * tariff.grain
    if part == 0:
        return False
    other = "EUR" if call.currency == "USD" else "USD"
    call.lines = ((call.currency, call.cost - part), (other, part))
    call.faults["mixed_currency"] = None
    return True


def unpriced(call: Call, rng: Random, tariff: Tariff, under: bool) -> bool:
    """Leave the cost of a charged call open."""
    call.cost, call.lines = 0, ()
    if call.source == ITNIO:
        call.raw["cost"] = rng.choice(("", None))
    call.faults["unpriced"] = None
    return True


def bill_period(call: Call, rng: Random, tariff: Tariff, under: bool) -> bool:
    """Write a bill period that is none, or no bill period at all."""
    field = "billPeriod" if call.source == ITNIO else "bill_type"
    call.raw[field] = rng.choice(
        (None, "", "60", f"{call.first}/{call.step}", f"0+{call.step}", f"{call.first}+0", f"{call.first}+")
    )
    call.faults["bill_period"] = None
    return True


def unreadable(call: Call, rng: Random, tariff: Tariff, under: bool) -> bool:
    """Write a field that nobody can read; never one that another check would miss."""
    if call.source == NX:
        field, value = rng.choice(
            (("end_time", "2026-09-31"), ("end_time", "17:42"), ("call_duration", "31s"))
        )
    else:
        field, value = rng.choice(
            (
                ("hangupTime", "0000-00-00 00:00:00"),
                ("ringingTime", "2026-09-31T10:00:00+08:00"),
                ("callDuration", "31s"),
                ("baseCost", "1.2.3"),
            )
        )
    call.raw[field] = value
    call.faults["unreadable"] = None
    return True


def no_answer_time(call: Call, rng: Random, tariff: Tariff, under: bool) -> bool:
    """Bill talk without saying when it began."""
    call.raw["answerTime"] = ""
    call.faults["no_answer_time"] = None
    return True


def talk_time(call: Call, rng: Random, tariff: Tariff, under: bool) -> bool:
    """Let the call end at another time than its talk seconds say."""
    call.ended += rng.randint(5, 90)
    call.faults["talk_time"] = None
    return True


def timeline(call: Call, rng: Random, tariff: Tariff, under: bool) -> bool:
    """Break the order of a call's instants, but not the stretch from answer to end."""
    if rng.random() < 0.5 or call.ringing is None:
        call.called = call.ended + rng.randint(30, 180)
    else:
        call.ringing = call.called - rng.randint(10, 60)
    call.faults["timeline"] = None
    return True


def missing_record(call: Call, rng: Random, tariff: Tariff, under: bool) -> bool:
    """Never show the record."""
    call.never, call.late_id = True, False
    call.faults["missing_record"] = None
    return True


def conflicting_record(call: Call, rng: Random, tariff: Tariff, under: bool) -> bool:
    """List the call twice, with different money; each row agrees with itself and the deck."""
    call.twin = changed_talk(call, rng, tariff)
    if call.twin is None:
        return False
    call.faults["conflicting_record"] = None
    return True


def restated(call: Call, rng: Random, tariff: Tariff, under: bool) -> bool:
    """Change the record later on; before and after it agrees with itself and the deck."""
    call.later = changed_talk(call, rng, tariff)
    if call.later is None:
        return False
    call.faults["restated"] = None
    return True


def changed_talk(call: Call, rng: Random, tariff: Tariff) -> Call | None:
    """Copy a call with talk so much longer that it costs more; None where it would not."""
    longer = rng.randint(2, 30) + call.step
    other = replace(call, talk=call.talk + longer, ended=call.ended + longer, raw={}, faults={}, lines=None)
    charge(other, tariff)
    return other if other.cost > call.cost else None


def double(call: Call, rng: Random, tariff: Tariff) -> Call:
    """Copy a call under another id, answered up to two seconds later: the second one of a double billing."""
    # NXCloud's ids have no order, so its doubles are told apart by their answer times.
    shift = rng.randint(1 if call.source == NX else 0, 2)
    talk = max(1, call.talk + rng.choice((0, 0, 0, 1, -1, 2)))
    copied = replace(
        call,
        submitted=call.submitted + shift,
        called=call.called + shift,
        ringing=None if call.ringing is None else call.ringing + shift,
        answered=call.answer + shift,
        ended=call.answer + shift + talk,
        talk=talk,
        raw={},
        lines=None,
        late_id=False,
    )
    charge(copied, tariff)
    copied.faults = {"double_billed": copied.cost}
    call.fixed = copied.fixed = True
    return copied


def injectors() -> dict[str, Injector]:
    """Give every fault that changes one record, by check."""
    made = (
        charged_duration, cost, rate, increments, unanswered_charged, settlement, rate_outlier, mixed_currency,
        unpriced, bill_period, unreadable, no_answer_time, talk_time, timeline, missing_record,
        conflicting_record, restated,
    )  # fmt: skip
    return {injector.__name__: injector for injector in made}
