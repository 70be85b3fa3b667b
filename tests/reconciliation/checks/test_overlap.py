from __future__ import annotations

import random

import polars as pl
import pytest

import callkit as ck
from reconciliation.calls import NOON, Call, cdrs, itnio, seconds, whatsapp
from reconciliation.found import found, marks


def talk(call_id: str | None, at: float = 0, lasting: int | None = 60, **changed: object) -> Call:
    return itnio(call_id=call_id, answered_at=NOON + seconds(at), call_duration=lasting, **changed)


def pairs(*calls: Call) -> list[tuple[str, str]]:
    return [(finding["call_id"], finding["reported"]) for finding in found("overlap", *calls, keep=True)]


def test_fires_on_the_later_call():
    """The later of two talks at once is a warning that names the earlier one and the seconds of both."""
    calls = [talk("a"), talk("b", 45, 31)]
    (finding,) = found("overlap", *calls, keep=True, tz="Asia/Shanghai")
    assert marks(finding) == ("warning", "D", None)
    assert (finding["call_id"], finding["source"]) == ("b", "itnio-voice")
    assert finding["reported"] == "15 s at the same time as a"
    assert (finding["amount"], finding["currency"]) == (None, None)
    assert finding["explanation"] == (
        "Answered 2026-10-05 20:00:45+08:00, while call a between the same two numbers lasted from "
        "2026-10-05 20:00:00+08:00 to 2026-10-05 20:01:00+08:00: 15 s of both at once. "
        "A switchboard can do that, a single telephone cannot. Did both take place?"
    )


@pytest.mark.parametrize(
    ("at", "overlap"),
    [
        (59, "1"),
        (59.5, "0.5"),
        (59.999999, "0.000001"),
        (60, None),
        (61, None),
        (5, "31"),
        (29, "31"),
        (30, "30"),
    ],
)
def test_half_open_intervals(at, overlap):
    """A talk begins with its answer and is over at its end: who is answered at that very instant does not overlap."""
    expected = [("b", f"{overlap} s at the same time as a")] if overlap else []
    assert pairs(talk("a"), talk("b", at, 31)) == expected


@pytest.mark.parametrize(
    "changed",
    [
        {"source": "nx-whatsapp"},
        {"caller": "1"},
        {"callee": "1"},
        {"caller": None},
        {"callee": None},
        {"answered_at": None},
        {"call_duration": 0},
        {"call_duration": None},
        {"call_id": None},
        {"call_id": "a"},
        {"call_duration": 86_401},
        {"call_duration": 2**63 - 1},
    ],
)
def test_only_two_talks_of_the_same_numbers(changed):
    """Another vendor or number, a failed call, the same call again, or what is not known is no overlap."""
    assert not pairs(talk("a", 10), talk("b") | changed)
    assert not pairs(talk("a"), talk("b", 10) | changed)


@pytest.mark.parametrize("changed", [{"direction": "in"}, {"direction": None}, {"currency": "EUR"}])
def test_direction_does_not_matter(changed):
    """Two numbers that talk cannot call each other, whichever of them dialled."""
    swapped = {"caller": itnio()["callee"], "callee": itnio()["caller"]}
    for other in (changed, changed | swapped):
        assert pairs(talk("a"), talk("b", 10) | other) == [("b", "50 s at the same time as a")]


def test_doubles_are_another_matter():
    """A record that bills a conversation again is double billed; it overlaps with nothing, and nothing with it."""
    assert pairs(talk("a"), talk("b", 1)) == []
    calls = [talk("a"), talk("b", 2, 62), talk("c", 30), talk("d", 61, 9)]
    assert pairs(*calls) == [("c", "30 s at the same time as a"), ("d", "9 s at the same time as c")]
    assert [finding["call_id"] for finding in found("double_billed", *calls, keep=True)] == ["b"]


def test_the_earlier_call_that_lasts_longest_is_named():
    """Of several earlier talks the one that lasts longest is named, once for each later call."""
    calls = [talk("a", 0, 600), talk("b", 30, 60), talk("c", 50, 20), talk("d", 590, 60), talk("e", 640, 9)]
    assert pairs(*calls) == [
        ("b", "60 s at the same time as a"),
        ("c", "20 s at the same time as a"),
        ("d", "10 s at the same time as a"),
        ("e", "9 s at the same time as d"),
    ]


def test_of_talks_that_begin_together_one_is_the_later():
    """Where the answer does not tell, submission and then the id say which call is the later one."""
    assert pairs(talk("a", 0, 60), talk("b", 0, 90)) == [("b", "60 s at the same time as a")]
    early = {"submitted_at": NOON - seconds(60)}
    assert pairs(talk("a", 0, 60), talk("b", 0, 90, **early)) == [("a", "60 s at the same time as b")]


def test_two_records_of_one_call_are_one_call():
    """Another record of the same call hides no overlap, makes none, and is told once."""
    twins = [talk("a", 0, 60), talk("a", 0, 300)]
    assert pairs(*twins) == []
    assert pairs(*twins, talk("b", 100, 9)) == [("b", "9 s at the same time as a")]
    assert pairs(talk("0", 0, 50), *twins) == [("a", "50 s at the same time as 0")]
    assert pairs(talk("b", 10, 9), talk("a", 12, 500), talk("a", 12, 600)) == [
        ("a", "7 s at the same time as b")
    ]


def test_over_midnight_and_for_a_whole_day():
    """A talk that lasts into the next day overlaps with what begins there."""
    before = 11 * 3_600 + 3_000
    assert pairs(talk("a", before, 7_200), talk("b", before + 3_000, 9))
    assert pairs(talk("a", 0, 86_400), talk("b", 86_399, 9)) == [("b", "1 s at the same time as a")]
    assert not pairs(talk("a", 0, 86_400), talk("b", 86_400, 9))


def naive(calls: list[Call]) -> dict[str, float]:
    """The longest overlap of each call with an earlier one, by comparing every call with every other."""
    overlaps: dict[str, float] = {}
    for one in calls:
        for other in calls:
            same = {one["caller"], one["callee"]} == {other["caller"], other["callee"]}
            if same and (other["answered_at"], other["call_id"]) < (one["answered_at"], one["call_id"]):
                ends = [call["answered_at"] + seconds(call["call_duration"]) for call in (one, other)]
                both = (min(ends) - one["answered_at"]).total_seconds()
                if both > 0:
                    overlaps[one["call_id"]] = max(both, overlaps.get(one["call_id"], 0))
    return overlaps


@pytest.mark.parametrize("seed", range(6))
def test_against_every_call_with_every_other(seed):
    """Overlaps are those that comparing all calls with all finds, in any order, eager or lazy."""
    random_ = random.Random(seed)
    calls = [
        talk(
            f"{at:04}",
            # Seven seconds apart, so that none doubles another.
            7 * random_.randrange(10 ** random_.choice((2, 4))),
            random_.choice((3, 30, 300, 50_000)),
            caller=random_.choice("12"),
            callee=random_.choice("23"),
            submitted_at=NOON - seconds(86_400),
        )
        for at in range(300)
    ]
    doubled = {finding["call_id"] for finding in found("double_billed", *calls, keep=True)}
    calls = [call for call in calls if call["call_id"] not in doubled]
    expected = {call_id: f"{both:.0f} s" for call_id, both in naive(calls).items()}
    assert len(expected) > 50
    frame = cdrs(*calls)
    tables = [
        ck.reconcile(given).findings.filter(pl.col("check") == "overlap")
        for given in (frame, frame.sample(fraction=1, shuffle=True, seed=seed), frame.lazy())
    ]
    told = {row["call_id"]: row["reported"].partition(" at ")[0] for row in tables[0].iter_rows(named=True)}
    assert told == expected
    assert all(table.equals(tables[0]) for table in tables)


def test_calls_of_both_vendors():
    """WhatsApp calls, which have no time of submission, are held against each other like any."""
    calls = [whatsapp(call_id="a"), whatsapp(call_id="b", answered_at=NOON + seconds(9), call_duration=9)]
    assert pairs(*calls) == [("b", "9 s at the same time as a")]
