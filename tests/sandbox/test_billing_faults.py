"""How many calls are billed wrongly, where, and in whose favour."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from callkit.sandbox import Sandbox
from callkit.sandbox.billing_faults import SHARES

MONEY = (
    "charged_duration",
    "cost",
    "rate",
    "increments",
    "settlement",
    "unanswered_charged",
    "double_billed",
)


def kinds(sandbox: Sandbox) -> Counter[tuple[str, str]]:
    return Counter(sandbox.truth.select("source", "check").rows())


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_every_kind_is_there(seed: int) -> None:
    """Each kind that a source can show is on 0.2 to 1 % of its calls, and on three at least."""
    sandbox = Sandbox(seed=seed)
    counted = kinds(sandbox)
    for source, shares in SHARES.items():
        for check in (*shares, "restated"):
            count, calls = counted[source, check], 4_000 if source == "itnio-voice" else 1_000
            assert max(3, 0.0019 * calls) <= count <= 0.01 * calls


def test_half_of_a_kind_is_clustered(sandbox: Sandbox) -> None:
    """About half of a kind's faults share a destination within four days."""
    together = total = 0
    for check in ("charged_duration", "cost", "bill_period", "talk_time", "rate"):
        places = defaultdict(list)
        for call in sandbox.month.calls["itnio-voice"]:
            if check in call.faults:
                places[call.route.label].append(call.submitted)
                total += 1
        together += max(
            sum(instant <= other < instant + 4 * 86_400 for other in instants)
            for instants in places.values()
            for instant in instants
        )
    assert 0.4 <= together / total <= 0.8


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_a_few_calls_are_doubly_faulty(seed: int) -> None:
    """About a twentieth of the faulty calls have two faults, none has three."""
    sandbox = Sandbox(seed=seed)
    counted = Counter(len(call.faults) for calls in sandbox.month.calls.values() for call in calls)
    assert set(counted) == {0, 1, 2}
    assert 0.03 <= counted[2] / (counted[1] + counted[2]) <= 0.07


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_some_faults_favour_the_customer(seed: int) -> None:
    """About 15 % of the faults with money are undercharges."""
    truth = Sandbox(seed=seed).truth.drop_nulls(["call_id", "amount"])
    assert 0.10 <= (truth["amount"] < 0).sum() / truth.height <= 0.20
    assert set(truth["check"]) == set(MONEY)


def test_a_sandbox_without_faults() -> None:
    """With `billing_faults=0` the truth is empty and every id has its record sooner or later."""
    sandbox = Sandbox(billing_faults=0)
    assert sandbox.truth.height == 0
    assert len(sandbox.records("nx")) == len(sandbox.call_ids) == 1_000


def test_few_calls_have_few_faults() -> None:
    """With few calls, not every kind is there, and at most a quarter of the calls are faulty."""
    assert 0 < Sandbox(calls=50).truth.height <= 13
    assert Sandbox(calls=0).truth.height == 0
