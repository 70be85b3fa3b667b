"""Which calls are billed wrongly: how many of each kind, where, and in whose favour."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random

from callkit.sandbox.calls import ITNIO, NX, Call, nx_call_id
from callkit.sandbox.faulty import Injector, charged_duration, double, injectors, over_cost, settlement
from callkit.sandbox.faulty import talk_time as wrong_talk_time
from callkit.sandbox.faulty import timeline as wrong_timeline
from callkit.sandbox.pricing import Tariff
from callkit.sandbox.routes import Route
from callkit.sandbox.settings import Settings
from callkit.sandbox.setup import Setup

__all__ = ["SHARES", "inject", "net_overcharge", "tune"]

SHARES = {
    ITNIO: {
        "charged_duration": 0.004,
        "cost": 0.004,
        "settlement": 0.003,
        "unanswered_charged": 0.004,
        "double_billed": 0.002,
        "bill_period": 0.003,
        "talk_time": 0.003,
        "timeline": 0.003,
        "increments": 0.003,
        "rate": 0.004,
        "conflicting_record": 0.002,
        "unreadable": 0.002,
        "no_answer_time": 0.002,
        "unpriced": 0.002,
        "destination": 0.003,
    },
    NX: {
        "missing_record": 0.005,
        "charged_duration": 0.006,
        "bill_period": 0.003,
        "talk_time": 0.003,
        "rate_outlier": 0.005,
        "increments": 0.003,
        "double_billed": 0.002,
        "mixed_currency": 0.003,
        "unreadable": 0.003,
        "unpriced": 0.003,
    },
}
"""Of all calls of a source: how many have this fault. (Restatements and missing NXCloud records have settings.)"""

_WITH_MONEY = (
    "charged_duration",
    "cost",
    "rate",
    "increments",
    "settlement",
    "unanswered_charged",
    "double_billed",
)
_EITHER_WAY = ("charged_duration", "cost", "rate", "increments", "settlement")
_PEERS = 30  # the contract wants 20 for a consensus; some of them may be faulty themselves


@dataclass(slots=True)
class _Source:
    """One vendor's calls, and what is needed to spoil some of them."""

    name: str
    calls: list[Call]
    tariff: Tariff
    routes: list[Route]
    dear: int
    dearest: int
    peers: Counter[tuple[str, str, str]]

    def eligible(self, check: str, call: Call) -> bool:
        """Whether a call lends itself to a fault, and that fault alone will show."""
        if check == "missing_record":
            return True
        if check == "unanswered_charged":
            return call.answered is None and not call.route.shortened
        if call.talk <= 0:
            return False
        if check in _WITH_MONEY and (
            call.route.shortened or call.cost > (self.dearest if check == "cost" else self.dear)
        ):
            return False
        if check == "settlement":
            return call.exchange is not None
        if check == "unpriced":
            return call.exchange is None
        if check == "timeline":
            return call.ringing is not None
        if check == "rate_outlier":
            key = (call.route.country, call.direction, call.currency)
            return self.peers[key] >= _PEERS and call.charged >= 12
        return True


def _source(name: str, calls: list[Call], setup: Setup) -> _Source:
    arrivals = setup.arrivals
    inside = [
        call
        for call in calls
        if not call.fixed and arrivals.start + 3_600 <= call.submitted and call.ended < arrivals.end - 14_400
    ]
    costs = sorted(call.cost for call in inside if call.talk > 0)
    # The few calls that cost most would decide the net overcharge alone. Wrong costs, which are scaled to make
    # it come out right, may be dearer, so that they need not be absurd.
    dear, dearest = (costs[len(costs) * part // 100] if costs else 0 for part in (70, 98))
    peers = Counter((call.route.country, call.direction, call.currency) for call in calls if call.talk > 0)
    return _Source(name, inside, setup.tariffs[name], setup.routes[name], dear, dearest, peers)


def inject(setup: Setup, traffic: dict[str, list[Call]]) -> None:
    """Spoil some calls of the month, in place; a double billing replaces a call that was right."""
    settings, seed = setup.settings, setup.seed
    if not settings.billing_faults:
        return
    sources = [_source(name, traffic[name], setup) for name in (ITNIO, NX)]
    plan = [(source, check, count) for source in sources for check, count in _plan(source, settings, traffic)]
    money = sum(count for _, check, count in plan if check in _WITH_MONEY)
    slots = [
        (source.name, check) for source, check, count in plan if check in _EITHER_WAY for _ in range(count)
    ]
    rng = Random(f"{seed}/favours")
    favours = Counter(rng.sample(slots, min(len(slots), round(money * settings.undercharges))))
    for source, check, count in plan:
        topic = Random(f"{seed}/faults/{source.name}/{check}")
        if check == "double_billed":
            _doubles(topic, setup, source, traffic[source.name], count)
            continue
        injector = _destination(source) if check == "destination" else injectors()[check]
        in_favour = favours[source.name, check]
        made = _spoil(topic, settings, source, check, injector=injector, wanted=in_favour, under=True)
        # What could not be made cheaper is made dearer.
        _spoil(topic, settings, source, check, injector=injector, wanted=count - made, under=False)
        if check == "restated":
            _restatement_dates(topic, settings, source.calls)
    for source in sources:
        _second_faults(Random(f"{seed}/faults/{source.name}/second"), settings, source)


def _spoil(
    rng: Random,
    settings: Settings,
    source: _Source,
    check: str,
    *,
    injector: Injector,
    wanted: int,
    under: bool,
) -> int:
    """Inject up to `wanted` faults of a kind; return how many it became."""
    made = 0
    for call in _candidates(rng, settings, source, check, wanted):
        if made < wanted and injector(call, rng, source.tariff, under):
            made += 1
    return made


def _plan(source: _Source, settings: Settings, traffic: dict[str, list[Call]]) -> list[tuple[str, int]]:
    """Count the faults of each kind: their share, at least three, fewer where calls are few."""
    calls = len(traffic[source.name])
    shares = {**SHARES[source.name], "restated": settings.restated_share}
    if source.name == NX:
        shares["missing_record"] = settings.nx_never
    least = max(1, min(3, calls // 130))
    left = calls // 5
    plan = []
    for check, share in shares.items():
        count = max(least, round(share * settings.billing_faults * calls))
        if share and count <= left:
            plan.append((check, count))
            left -= count
    # The pickiest choose first.
    return sorted(plan, key=lambda item: item[0] not in ("rate_outlier", "settlement", "double_billed"))


def _candidates(rng: Random, settings: Settings, source: _Source, check: str, wanted: int) -> list[Call]:
    """Calls to try, best first: a cluster of one destination and a few days, then from anywhere."""
    if not wanted:
        return []
    # Of very many calls, a sample has candidates enough, and clusters too.
    most = max(20_000, 100 * wanted)
    looked_at = source.calls if len(source.calls) <= most else rng.sample(source.calls, most)
    pool = [call for call in looked_at if not call.faults and not call.fixed and source.eligible(check, call)]
    if not pool:
        return []
    together = round(wanted * settings.clustered)
    best: list[Call] = []
    for pivot in rng.sample(pool, min(len(pool), 6)) if together else []:
        near = [
            call
            for call in pool
            if call.route is pivot.route and abs(call.submitted - pivot.submitted) < 2 * 86_400
        ]
        if len(near) > len(best):
            best = near
    first = rng.sample(best, min(len(best), together + 1 if together else 0))
    chosen = set(first)
    anywhere = rng.sample(pool, min(len(pool), 12 * wanted + 40))
    return first + [call for call in anywhere if call not in chosen]


def _destination(source: _Source) -> Injector:
    def destination(call: Call, rng: Random, tariff: Tariff, under: bool) -> bool:
        others = [route.label for route in source.routes if route.country != call.route.country]
        if not others:
            return False
        call.destination = rng.choice(others)
        call.faults["destination"] = None
        return True

    return destination


def _doubles(rng: Random, setup: Setup, source: _Source, calls: list[Call], wanted: int) -> None:
    """Replace clean calls by doubles of others, so that the month keeps its number of calls."""
    spare = iter(rng.sample(source.calls, min(len(source.calls), 3 * wanted + 20)))
    replaced: dict[Call, Call] = {}
    for call in _candidates(rng, setup.settings, source, "double_billed", wanted)[:wanted]:
        if call.fixed:
            continue
        second = double(call, rng, source.tariff)
        given_up = next((one for one in spare if not one.fixed and not one.faults and one.talk == 0), None)
        if given_up is None:
            break
        given_up.fixed = True
        if source.name == NX:
            customer = call.caller if call.direction == "in" else call.callee
            second.call_id = nx_call_id(rng, "outgoing", setup.business_phone, customer)
        replaced[given_up] = second
    calls[:] = [replaced.get(call, call) for call in calls]


def _restatement_dates(rng: Random, settings: Settings, calls: list[Call]) -> None:
    for call in calls:
        if call.later is not None:
            days = rng.uniform(settings.restated_low, settings.restated_high)
            call.later_at = call.recorded + round(days * 86_400)


def _second_faults(rng: Random, settings: Settings, source: _Source) -> None:
    """Give some faulty calls another fault: only pairs whose amounts do not touch each other."""
    faulty = [call for call in source.calls if call.faults]
    wanted = round(len(faulty) * settings.doubly_faulty)
    rng.shuffle(faulty)
    for call in faulty:
        if wanted and _second_fault(call, rng, source):
            wanted -= 1


def _second_fault(call: Call, rng: Random, source: _Source) -> bool:
    tariff = source.tariff
    checks = set(call.faults)
    if checks == {"charged_duration"}:
        if source.name == NX:
            return wrong_talk_time(call, rng, tariff, under=False)
        if call.exchange is not None and settlement(call, rng, tariff, under=False):
            return True
        if rng.random() < 0.5:
            return over_cost(call, tariff, 1300)
        return wrong_timeline(call, rng, tariff, under=False)
    if checks == {"cost"}:
        return wrong_talk_time(call, rng, tariff, under=False)
    if checks == {"talk_time"} and source.eligible("charged_duration", call):
        return charged_duration(call, rng, tariff, under=False)
    return False


def net_overcharge(calls: list[Call]) -> tuple[int, int]:
    """Sum up what was billed, and how much of it too much, over both quoted currencies alike."""
    billed = sum(call.cost + (call.twin.cost if call.twin else 0) for call in calls if not call.never)
    net = sum(
        amount or 0
        for call in calls
        for check, amount in call.faults.items()
        if check in _WITH_MONEY and check != "settlement"
    )
    return billed, net


def tune(settings: Settings, calls: list[Call], tariff: Tariff) -> None:
    """Scale the wrong costs until the net overcharge is what it should be.

    How much the other faults are worth depends on which calls they hit; a wrong cost can be any.
    """
    if not settings.billing_faults:
        return
    billed, net = net_overcharge(calls)
    low, high = settings.net_low * 1.1, settings.net_high * 0.9
    if low * billed <= net <= high * billed:
        return
    target = (low + high) / 2
    levers = [call for call in calls if (call.faults.get("cost") or 0) > 0]
    excess = sum(call.faults["cost"] or 0 for call in levers)
    if not excess:
        return
    wanted = excess + (target * billed - net) / (1 - target)
    scale = min(20.0, max(0.03, wanted / excess))
    for call in levers:
        right = call.cost - (call.faults["cost"] or 0)
        over_cost(call, tariff, 1000 + round(scale * 1000 * (call.cost - right) / right))
