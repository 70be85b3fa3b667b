from __future__ import annotations

from decimal import Decimal

import pytest

from reconciliation.calls import NOON, failed, itnio, seconds
from reconciliation.found import found, marks, only

ANSWER = NOON + seconds(9)


def lasting(by_clock: float, **changed: object) -> dict[str, object]:
    return itnio(answered_at=ANSWER, ended_at=ANSWER + seconds(by_clock), **changed)


def test_fires_on_another_time_by_the_clock():
    """A talk time other than from answer to end is a warning with both in it."""
    finding = only("talk_time", lasting(28), tz="Asia/Shanghai")
    assert marks(finding) == ("warning", "D", None)
    assert (finding["reported"], finding["expected"], finding["amount"]) == ("31", "28", None)
    assert finding["explanation"] == (
        "Answered 2026-10-05 20:00:09+08:00, ended 2026-10-05 20:00:37+08:00: "
        "28 s by the clock, 31 s of talk in the record."
    )


@pytest.mark.parametrize(
    ("by_clock", "fires"),
    [(31, False), (30, False), (32, False), (29, True), (33, True), (29.999999, True), (32.000001, True)],
)
def test_one_second_is_tolerated(by_clock, fires):
    """Whole seconds can be one second off; more than that fires, to the microsecond and to either side."""
    assert bool(found("talk_time", lasting(by_clock))) == fires


@pytest.mark.parametrize(
    "call", [failed(), itnio(answered_at=None), itnio(ended_at=None), lasting(5, call_duration=None)]
)
def test_silent_where_it_cannot_be_told(call):
    """Failed calls, and such without both instants or a talk time, are no finding."""
    assert not found("talk_time", call)


def route(long: int, right: int, **changed: object) -> list[dict[str, object]]:
    return [lasting(29, **changed)] * long + [lasting(31, **changed)] * right


@pytest.mark.parametrize(("long", "right", "told"), [(10, 10, 1), (20, 0, 1), (9, 11, 0), (19, 0, 0)])
def test_a_habit_of_a_route_is_one_finding(long, right, told):
    """Half of twenty calls off to one side are a habit, told once with what it costs; fewer are not."""
    habits = [finding for finding in found("talk_time", *route(long, right)) if finding["call_id"] is None]
    assert len(habits) == told
    for habit in habits:
        assert marks(habit) == ("warning", "D", None)
        assert (
            f"Germany(Mobile): {long} of {long + right} answered calls have a talk time longer"
            in (habit["explanation"])
        )
        # 29 s on 6+6 are 30 s: for each call 6 s at 0.1333 a minute less.
        worth = f"{long * Decimal('0.01333'):f}".rstrip("0")
        assert f"By the clock they would cost {worth} USD less" in habit["explanation"]


def test_each_route_has_habits_of_its_own():
    """Destinations and currencies are not mixed up."""
    calls = [*route(20, 0), *route(0, 60, destination="Poland")]
    habits = [finding for finding in found("talk_time", *calls) if finding["call_id"] is None]
    assert [habit["reported"] for habit in habits] == ["2 s longer as a rule"]


def test_garbled_seconds_do_not_wrap_around():
    """A talk time whose microseconds leave 64 bits is longer than the clock, not shorter."""
    wrapped = 2**64 // 1_000_000 + 20  # times a million, modulo 2^64, that is about 20 s
    assert found("talk_time", lasting(20, call_duration=wrapped))
    assert found("talk_time", *[lasting(20, call_duration=2**63 - 1)] * 20)


def test_a_habit_is_told_once():
    """The calls of a biased route are not told again one by one; those of other routes are."""
    told = found("talk_time", *route(20, 0), lasting(28, destination="Poland"))
    assert sorted(finding["call_id"] is None for finding in told) == [False, True]
