"""The month looks like its settings say: counts, shares, edges and boundaries."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from callkit.sandbox import Sandbox
from callkit.sandbox.calls import Call

ITNIO, NX = "itnio-voice", "nx-whatsapp"


@pytest.fixture(scope="module")
def large() -> Sandbox:
    """Enough calls for shares to settle."""
    return Sandbox(calls=40_000)


def inside(sandbox: Sandbox) -> list[Call]:
    """ITNIO's calls of the month."""
    start, end = (moment.timestamp() for moment in sandbox.period)
    return [call for call in sandbox.month.calls[ITNIO] if start <= call.submitted < end]


def share(part: Iterator[Any], whole: list[Any]) -> float:
    return sum(1 for _ in part) / len(whole)


@pytest.mark.parametrize("calls", [0, 1, 50, 777, 5_000])
def test_calls_are_counted_exactly(calls: int) -> None:
    """`calls` is the number of distinct calls of the month, four fifths of them ITNIO's, faults or not."""
    sandbox = Sandbox(calls=calls)
    assert len({call.call_id for call in inside(sandbox)}) == len(inside(sandbox)) == round(0.8 * calls)
    assert len(set(sandbox.call_ids)) == len(sandbox.call_ids) == calls - round(0.8 * calls)


def test_what_becomes_of_calls(large: Sandbox) -> None:
    """Answered 46 %, no answer 24, busy 10, rejected 8, invalid 7, network 5."""
    counted = Counter(call.outcome for call in inside(large))
    expected = {"answered": 46, "no_answer": 24, "busy": 10, "rejected": 8, "invalid": 7, "network": 5}
    for outcome, percent in expected.items():
        assert abs(counted[outcome] / 32_000 - percent / 100) < 0.012


def test_destinations_follow_zipf(large: Sandbox) -> None:
    """24 destinations, the k-th with a share in proportion to k ** -1.1."""
    counted = [count for _, count in Counter(call.route.label for call in inside(large)).most_common()]
    assert len(counted) == 24
    assert abs(counted[0] / counted[1] - 2**1.1) < 0.3
    assert abs(counted[0] / counted[9] - 10**1.1) < 2.5


def test_rates_lie_in_their_range(sandbox: Sandbox) -> None:
    """Per-minute rates are between 0.0045 and 0.48, with four to six decimals."""
    rates = [route.rates["USD"] for route in sandbox.month.routes[ITNIO]]
    assert all(45_000_000 <= rate.shown <= 4_800_000_000 for rate in rates)
    assert {rate.digits for rate in rates} == {4, 5, 6}


def test_bill_periods_have_their_shares(large: Sandbox) -> None:
    """60+60 45 %, 6+6 25, 20+20 15, 60+1 10, 30+6 5, by calls, as near as whole destinations allow."""
    counted = Counter((call.route.first, call.route.step) for call in inside(large))
    for first, step, expected in large.settings.bill_periods:
        assert abs(counted[first, step] / 32_000 - expected) < 0.04


def test_ringing_and_talk(large: Sandbox) -> None:
    """Medians: ringing 9 s, codes 14 s, conversations 48 s; 40 % codes, 1 % zero seconds, at most two hours."""
    answered = [
        call for call in inside(large) if call.outcome == "answered" and not call.fixed and not call.faults
    ]
    ringing = [call.answer - call.ringing for call in answered if call.ringing is not None]
    assert 8 <= statistics.median(ringing) <= 10
    codes = [call.talk for call in answered if call.code]
    talks = [call.talk for call in answered if not call.code]
    assert 13 <= statistics.median(codes) <= 15
    assert 45 <= statistics.median(talks) <= 51
    assert abs(len(codes) / len(answered) - 0.4) < 0.02
    assert 0.005 < share((call for call in answered if call.talk == 0), answered) < 0.015
    assert max(talks) <= 7_200


def test_every_edge_of_a_bill_period_is_there(sandbox: Sandbox) -> None:
    """At least 30 calls each talk 1, a-1, a, a+1, a+b and a+b+1 seconds on their own bill period."""
    counted: Counter[str] = Counter()
    for call in inside(sandbox):
        first, step = call.first, call.step
        if call.talk and "bill_period" not in call.faults:
            for name, edge in (
                ("1", 1),
                ("a-1", first - 1),
                ("a", first),
                ("a+1", first + 1),
                ("a+b", first + step),
                ("a+b+1", first + step + 1),
            ):
                counted[name] += call.talk == edge
    assert len(counted) == 6
    assert min(counted.values()) >= 30


def test_weekends_are_quieter(large: Sandbox) -> None:
    """A weekend day has 0.45 of a working day's calls, campaigns aside."""
    campaigns = campaign_hours(large)
    days: dict[bool, Counter[int]] = {True: Counter(), False: Counter()}
    for call in inside(large):
        moment = datetime.fromtimestamp(call.submitted, UTC)
        if call.submitted // 3600 not in campaigns:
            days[moment.weekday() >= 5][moment.day] += 1
    weekend, working = (statistics.median(days[kind].values()) for kind in (True, False))
    assert abs(weekend / working - 0.45) < 0.05


def campaign_hours(sandbox: Sandbox) -> set[int]:
    """Hours with several times the calls of the same hour on an ordinary working day."""
    hours = Counter(call.submitted // 3600 for call in inside(sandbox))
    ordinary: dict[int, list[int]] = defaultdict(list)
    for hour, count in hours.items():
        if datetime.fromtimestamp(hour * 3600, UTC).weekday() < 5:
            ordinary[hour % 24].append(count)
    return {hour for hour, count in hours.items() if count > 3 * statistics.median(ordinary[hour % 24])}


def test_there_are_six_campaigns(large: Sandbox) -> None:
    """Six bursts of 4 % of the calls each."""
    hours = Counter(call.submitted // 3600 for call in inside(large))
    campaigns = campaign_hours(large)
    assert 6 <= len(campaigns) <= 12  # a campaign may reach into a second hour
    assert abs(sum(hours[hour] for hour in campaigns) / 32_000 - 0.24) < 0.04


def test_failures_are_redialled(large: Sandbox) -> None:
    """18 % of failed calls are dialled again 20 to 180 s after they ended."""
    calls = inside(large)
    begun: dict[tuple[str, str], list[int]] = defaultdict(list)
    for call in calls:
        begun[call.caller, call.callee].append(call.submitted)
    failed = [call for call in calls if call.outcome != "answered"]
    again = [
        call
        for call in failed
        if any(20 <= instant - call.ended <= 180 for instant in begun[call.caller, call.callee])
    ]
    assert abs(len(again) / len(failed) - 0.18) < 0.015


def test_currencies_and_exchange(large: Sandbox) -> None:
    """A fifth of the calls are in EUR, at 0.938 in the first half of the month and at 0.921 in the second."""
    calls = inside(large)
    euros = [call for call in calls if call.currency == "EUR"]
    assert abs(len(euros) / len(calls) - 0.2) < 0.01
    middle = large.period[0] + (large.period[1] - large.period[0]) / 2
    assert all(call.exchange == (938 if call.submitted < middle.timestamp() else 921) for call in euros)
    assert all(call.exchange is None for call in calls if call.currency == "USD")


@pytest.mark.parametrize("zone", [0, 8])
@pytest.mark.parametrize("edge", [0, 1])
def test_calls_straddle_the_boundaries(sandbox: Sandbox, zone: int, edge: int) -> None:
    """At least 12 calls are on either side of each month boundary by submission and answer, and by answer and end."""
    boundary = sandbox.period[edge] - timedelta(hours=zone)
    faulty = set(sandbox.truth["call_id"])
    by_answer = by_end = 0
    for record in sandbox.records("itnio"):
        if record["answerTime"] and record["voiceId"] not in faulty:
            submitted, answered, ended = (
                datetime.fromisoformat(record[name]) for name in ("submitTime", "answerTime", "hangupTime")
            )
            by_answer += submitted < boundary <= answered
            by_end += answered < boundary <= ended
    assert by_answer >= 12
    assert by_end >= 12


def test_some_records_are_late(large: Sandbox) -> None:
    """1.5 % of the records appear 2 to 72 hours after the call, the others within a minute."""
    delays = [call.recorded - call.ended for calls in large.month.calls.values() for call in calls]
    late = [delay for delay in delays if delay > 120]
    assert abs(len(late) / len(delays) - 0.015) < 0.003
    assert 7_100 <= min(late) <= max(late) <= 72 * 3600
    assert max(delay for delay in delays if delay <= 120) <= 60


def test_overlapping_calls_are_no_doubles(sandbox: Sandbox) -> None:
    """Some calls between the same two numbers overlap, but are answered more than two seconds apart."""
    clean = [call for call in inside(sandbox) if call.talk and "double_billed" not in call.faults]
    by_pair = defaultdict(list)
    for call in clean:
        by_pair[call.caller, call.callee].append(call)
    overlaps = 0
    for calls in by_pair.values():
        calls.sort(key=lambda call: call.answer)
        for one, other in pairwise(calls):
            assert other.answer - one.answer > 2
            overlaps += other.answer < one.ended
    assert overlaps >= 10


def test_numbers_are_of_the_right_country_and_nobodys(sandbox: Sandbox) -> None:
    """Callees begin with their destination's digits and go on with a block that is not given to subscribers."""
    for call in sandbox.month.calls[ITNIO]:
        assert call.callee.startswith(f"{call.route.prefix}00")
        assert len(call.callee) == call.route.length
        assert call.caller.startswith("4420794600")


def test_a_busy_hour_is_lost_where_it_can_be_noticed(large: Sandbox, sandbox: Sandbox) -> None:
    """With calls enough, one hour has none at all, although the same hour of each other week has at least 14."""
    assert sandbox.month.gap is None
    gap = large.month.gap
    assert gap is not None
    start = large.period[0].timestamp()
    hours = Counter((call.submitted - gap) // 3600 for call in large.month.calls[ITNIO])
    others = [hours[week * 168] for week in range(-4, 5) if week and start <= gap + week * 604_800]
    assert hours[0] == 0
    assert sum(count >= 14 for count in others) >= 3
    assert large.truth.filter(check="missing_stretch").rows() == [(None, ITNIO, "missing_stretch", None)]


def test_settings_are_keywords() -> None:
    """Every number behind the month can be given to the sandbox; an unknown one is an error."""
    sandbox = Sandbox(calls=2_000, answered=0.9, eur_share=0.0, itnio_share=1.0, billing_faults=0)
    calls = inside(sandbox)
    assert len(calls) == 2_000
    assert share((call for call in calls if call.talk), calls) > 0.5
    assert {call.currency for call in calls} == {"USD"}
    with pytest.raises(TypeError, match="anwsered"):
        Sandbox(anwsered=0.9)
    for wrong in ({"destinations": 25}, {"eur_share": 1.5}, {"page_order": "random"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Sandbox(**wrong)
