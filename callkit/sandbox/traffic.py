"""A month of calls, billed correctly: what the vendors would hold if nothing went wrong."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate, islice
from math import log
from random import Random

from callkit.sandbox.calls import ITNIO, NX, Call, charge, nx_call_id
from callkit.sandbox.pricing import MINUTE, Tariff
from callkit.sandbox.routes import Route, telephone
from callkit.sandbox.settings import Settings
from callkit.sandbox.setup import Setup

__all__ = ["itnio_traffic", "nx_tariff", "nx_traffic"]

# Numbers that Ofcom and the Bundesnetzagentur keep for film and fiction.
_CALLERS = tuple(f"4420794600{number}" for number in range(11, 23))


def nx_tariff(tariff: Tariff) -> Tariff:
    """NXCloud's tariff: per minute, without a fee; only the decimals vary with the seed."""
    return Tariff(MINUTE.per_seconds, tariff.decimals, MINUTE.rounding, MINUTE.connect_fee)


class _Shape:
    """Draws what becomes of a call: its outcome, ringing and talk."""

    def __init__(self, rng: Random, settings: Settings) -> None:
        self._rng, self._settings = rng, settings
        self._names = ("answered", "no_answer", "busy", "rejected", "invalid", "network")
        self._cumulated = list(accumulate(getattr(settings, name) for name in self._names))

    def outcome(self) -> str:
        drawn = self._rng.random() * self._cumulated[-1]
        return self._names[bisect_right(self._cumulated, drawn)]

    def ring(self, outcome: str) -> int | None:
        """Seconds of ringing, or None where it never rang."""
        rng, settings = self._rng, self._settings
        if outcome == "no_answer":
            return rng.randint(20, 45)
        if outcome in ("answered", "rejected"):
            return min(90, max(1, round(rng.lognormvariate(log(settings.ring_median), settings.ring_sigma))))
        return None

    def talk(self, *, code: bool) -> int:
        rng, settings = self._rng, self._settings
        if rng.random() < settings.zero_talk:
            return 0
        median, sigma = (
            (settings.code_median, settings.code_sigma)
            if code
            else (settings.talk_median, settings.talk_sigma)
        )
        return min(settings.talk_cap, max(1, round(rng.lognormvariate(log(median), sigma))))


def _weighted(rng: Random, routes: list[Route]) -> Iterator[Route]:
    cumulated = list(accumulate(route.weight for route in routes))
    while True:
        yield routes[bisect_right(cumulated, rng.random() * cumulated[-1], hi=len(routes) - 1)]


def itnio_traffic(setup: Setup, calls: int) -> list[Call]:
    """Make ITNIO's calls: `calls` of them submitted within the period, and some more around it."""
    seed, settings, arrivals = setup.seed, setup.settings, setup.arrivals
    rng = Random(f"{seed}/itnio")
    shape = _Shape(Random(f"{seed}/itnio shape"), settings)
    wanted = _weighted(rng, setup.routes[ITNIO])
    straddling = _straddling(setup, shape, wanted, calls)
    inside = [call for call in straddling if arrivals.start <= call.submitted < arrivals.end]
    instants = arrivals.draw(Random(f"{seed}/itnio arrivals"))
    made = inside[:calls]
    overlapping = round(settings.switchboard_share * calls)
    while len(made) < calls - overlapping:
        call = _itnio_call(rng, shape, next(wanted), next(instants), settings)
        made.append(call)
        while (
            call.outcome != "answered"
            and len(made) < calls - overlapping
            and rng.random() < settings.redialled
        ):
            again = call.ended + rng.randint(settings.redial_low, settings.redial_high)
            if again >= arrivals.end or arrivals.lost(again):
                break
            call = _itnio_call(rng, shape, call.route, again, settings, like=call)
            made.append(call)
    made += _switchboard(setup, shape, made, calls - len(made))
    while len(made) < calls:  # fewer calls than wanted lent themselves to an overlap
        made.append(_itnio_call(rng, shape, next(wanted), next(instants), settings))
    _edges(Random(f"{seed}/edges"), settings, made)
    margin = [call for call in straddling if not arrivals.start <= call.submitted < arrivals.end]
    around = arrivals.margins(Random(f"{seed}/margins"), calls)
    margin += [_itnio_call(rng, shape, next(wanted), instant, settings) for instant in around]
    everything = sorted(made + margin, key=lambda call: call.submitted)
    _bill(everything, setup, setup.tariffs[ITNIO])
    return everything


def _itnio_call(
    rng: Random,
    shape: _Shape,
    route: Route,
    submitted: int,
    settings: Settings,
    *,
    like: Call | None = None,
    outcome: str | None = None,
) -> Call:
    outcome = outcome or shape.outcome()
    code = rng.random() < settings.code_share
    called = submitted + rng.randint(0, 3)
    ring = shape.ring(outcome)
    ringing = None if ring is None else called + rng.randint(1, 4)
    ended = called + rng.randint(1, 6) if ring is None or ringing is None else ringing + ring
    answered, talk = None, 0
    if outcome == "answered":
        answered, talk = ended, shape.talk(code=code)
        ended += talk
    return Call(
        source=ITNIO,
        call_id="",
        route=route,
        direction="out",
        caller=like.caller if like else rng.choice(_CALLERS),
        callee=like.callee if like else telephone(rng, route),
        currency=like.currency if like else "EUR" if rng.random() < settings.eur_share else "USD",
        outcome=outcome,
        submitted=submitted,
        called=called,
        ringing=ringing,
        answered=answered,
        ended=ended,
        talk=talk,
        first=route.first,
        step=route.step,
        destination=route.label,
        code=code,
    )


def _move(call: Call, seconds: int) -> None:
    call.submitted += seconds
    call.called += seconds
    call.ended += seconds
    call.ringing = None if call.ringing is None else call.ringing + seconds
    call.answered = None if call.answered is None else call.answered + seconds


def _straddling(setup: Setup, shape: _Shape, wanted: Iterator[Route], calls: int) -> list[Call]:
    """Make calls that begin before a boundary of the month and are answered, or end, after it.

    One call each is submitted exactly at the start and exactly at the end.
    """
    settings, arrivals = setup.settings, setup.arrivals
    rng = Random(f"{setup.seed}/boundaries")
    each = min(settings.boundary_calls, calls // 80)
    made = []
    for boundary in (arrivals.start, arrivals.end):
        for zone in settings.boundary_zones:
            instant = boundary - zone * 3_600
            for number in range(2 * each):
                call = _itnio_call(rng, shape, next(wanted), instant, settings, outcome="answered")
                if number < each:
                    _move(call, -rng.randint(1, call.answer - call.submitted))
                else:
                    if call.talk < 2:
                        call.ended, call.talk = call.answer + 2, 2
                    _move(call, instant - call.answer - rng.randint(1, call.talk - 1))
                made.append(call)
        if each:
            made.append(_itnio_call(rng, shape, next(wanted), boundary, settings))
    for call in made:
        call.fixed = True
    return made


def _switchboard(setup: Setup, shape: _Shape, made: list[Call], wanted: int) -> list[Call]:
    """Make a second call between the same numbers while the first still lasts: a switchboard, not a double."""
    settings, arrivals = setup.settings, setup.arrivals
    rng = Random(f"{setup.seed}/switchboard")
    talking = [
        call
        for call in made
        if call.talk >= 30
        and not call.fixed
        and arrivals.start + 3_600 < call.submitted < arrivals.end - 3_600
    ]
    second_calls = []
    for call in rng.sample(talking, min(wanted, len(talking))):
        second = _itnio_call(rng, shape, call.route, call.submitted, settings, like=call, outcome="answered")
        if second.talk < 20:
            second.talk = 20 + second.talk
            second.ended = second.answer + second.talk
        _move(second, call.answer + rng.randint(5, 20) - second.answer)
        if not arrivals.lost(second.submitted):
            call.fixed = second.fixed = True
            second_calls.append(second)
    return second_calls


def _edges(rng: Random, settings: Settings, made: list[Call]) -> None:
    """Let enough calls talk exactly as long as the steps of their bill period turn on."""
    free = [call for call in made if call.answered is not None and not call.fixed]
    each = min(settings.edge_calls + settings.edge_calls // 5, len(free) // 12)
    chosen = iter(rng.sample(free, 6 * each))
    for edge in range(6):
        for call in islice(chosen, each):
            first, step = call.first, call.step
            call.talk = (1, first - 1, first, first + 1, first + step, first + step + 1)[edge]
            call.ended = call.answer + call.talk


def nx_traffic(setup: Setup, calls: int) -> list[Call]:
    """Make NXCloud's calls, all of them begun within the period."""
    seed, settings, arrivals = setup.seed, setup.settings, setup.arrivals
    rng = Random(f"{seed}/nx")
    shape = _Shape(Random(f"{seed}/nx shape"), settings)
    wanted = _weighted(rng, setup.routes[NX])
    instants = arrivals.draw(Random(f"{seed}/nx arrivals"))
    made = []
    for _ in range(calls):
        route = next(wanted)
        call = _itnio_call(rng, shape, route, next(instants), settings)
        call.source, call.direction, call.destination = NX, route.direction, ""
        customer = call.callee
        out = route.direction == "out"
        call.caller, call.callee = (
            (setup.business_phone, customer) if out else (customer, setup.business_phone)
        )
        # The platform's view stands in the id and need not be the call's direction.
        prefix = "incoming" if not out and rng.random() < 0.4 else "outgoing"
        call.call_id = nx_call_id(rng, prefix, setup.business_phone, customer)
        # Only the answer and the end are recorded; a call without either would belong to no month.
        if call.ended >= arrivals.end:
            _move(call, arrivals.end - 1 - call.ended)
        made.append(call)
    made.sort(key=lambda call: (call.ended, call.call_id))
    _bill(made, setup, setup.tariffs[NX])
    marks = Random(f"{seed}/nx ids")
    for call in made:
        call.late_id = marks.random() < settings.nx_late
        call.split = call.talk > 0 and marks.random() < settings.nx_lines
    return made


def _bill(calls: list[Call], setup: Setup, tariff: Tariff) -> None:
    """Charge every call by the deck, and say when its record appears."""
    settings, arrivals = setup.settings, setup.arrivals
    turn = (arrivals.start + arrivals.end) // 2
    rng = Random(f"{setup.seed}/recorded")
    for serial, call in enumerate(calls):
        call.serial = serial
        rate = call.route.rates[call.currency]
        call.rate, call.used_rate = rate.shown, rate.used
        itnio = call.source == ITNIO
        if itnio and call.currency == "EUR":
            call.exchange = settings.exchange_before if call.submitted < turn else settings.exchange_after
        # The fee of an attempt is in 1/1,000,000, money in 1/10**10.
        charge(call, tariff, fee=0 if itnio else settings.attempt_fee * 10_000)
        late = rng.random() < settings.late_share
        hours = rng.uniform(settings.late_low, settings.late_high)
        call.recorded = call.ended + (round(hours * 3_600) if late else rng.randint(2, 40))
