from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import callkit as ck
from callkit import cdr
from callkit.matching.match import CALLS

START = datetime(2026, 9, 1, 8, tzinfo=UTC)
CLOCKS = ("submitted_at", "answered_at", "ended_at")


def call(call_id, seconds, callee="4915112345678", caller="442079460011", talk=30, **changed):
    """A call at so many seconds after the start; with talk it was answered five seconds later."""
    at = START + timedelta(seconds=seconds)
    answered = at + timedelta(seconds=5) if talk else None
    return {
        "source": "x", "call_id": call_id, "found": True, "direction": "out", "caller": caller, "callee": callee,
        "submitted_at": at, "answered_at": answered, "ended_at": (answered or at) + timedelta(seconds=talk or 0),
        "call_duration": talk,
    } | changed  # fmt: skip


def frame(*calls):
    return pl.DataFrame(list(calls), schema=cdr.SCHEMA)


def pairs(ours, theirs, **options):
    """Vendor's id → our id, of the calls that were matched."""
    calls = ck.match(frame(*ours), frame(*theirs), **{"clock_offset": "0s", **options}).calls
    return dict(calls.drop_nulls("our_call_id").select("call_id", "our_call_id").iter_rows())


def test_the_closest_in_time_is_taken():
    """Of calls between the same numbers each goes with the closest, and each is taken once."""
    ours = [call("a", 0), call("b", 8), call("c", 60)]
    theirs = [call("1", 7), call("2", 1), call("3", 100)]
    assert pairs(ours, theirs) == {"1": "b", "2": "a"}


def test_the_window_includes_its_end():
    """Records are one call at most so far apart, and not a microsecond more, on either side."""
    late = timedelta(microseconds=1)
    for away in (10, -10):
        assert pairs([call("a", away)], [call("1", 0)]) == {"1": "a"}
        beyond = call("a", away, submitted_at=START + timedelta(seconds=away) + (late if away > 0 else -late))
        assert pairs([beyond], [call("1", 0)]) == {}
    assert pairs([call("a", 90)], [call("1", 0)], window="1m30s") == {"1": "a"}
    assert pairs([call("a", 0)], [call("1", 0)], window=timedelta()) == {"1": "a"}


@pytest.mark.parametrize(
    ("written", "matched"),
    [
        ("+49 (151) 1234-5678", True), ("004915112345678", True), ("015112345678", True),
        ("sip:+4915112345678@10.1.2.3:5060", True), ("15112345678", True), ("4915112345679", False), ("5678", False),
        (None, False), ("anonymous", False),
    ],
)  # fmt: skip
def test_numbers_are_compared_by_their_last_digits(written, matched):
    """National and international forms, signs and addresses are the same number; other digits, or none, are not."""
    assert bool(pairs([call("a", 0, callee=written)], [call("1", 0)])) is matched


def test_a_caller_that_is_an_extension_contradicts_nothing():
    """An extension or a withheld caller may be anybody, but a call with the known caller goes first."""
    extension, withheld = call("a", 0, caller="101"), call("b", 0, caller=None)
    assert pairs([extension], [call("1", 0)]) == {"1": "a"}
    assert pairs([withheld], [call("1", 0)]) == {"1": "b"}
    assert pairs([extension, call("c", 4)], [call("1", 0)]) == {"1": "c"}
    assert pairs([call("a", 0, caller="442079460012")], [call("1", 0)]) == {}


def test_the_first_clock_that_both_sides_have_decides():
    """Without a time of submission on one side answers are compared, without an answer the ends; never a worse one."""
    answered_only = {"submitted_at": None}
    assert pairs([call("a", 0)], [call("1", 3, **answered_only)]) == {"1": "a"}
    unanswered = call("a", 0, talk=0, ended_at=START + timedelta(seconds=34))
    assert pairs([unanswered], [call("1", 0, **answered_only)]) == {"1": "a"}
    # Submitted at quite another time, although both ended together.
    assert pairs([call("a", -100, ended_at=START)], [call("1", 0, ended_at=START)]) == {}


@pytest.mark.parametrize("ahead", [0, 3, -3, 42, -28_800, 3_600 * 14])
def test_the_clock_offset_is_inferred(ahead):
    """Whatever our clock shows, up to whole time zones, the offset is the vendor's instants minus ours."""
    numbers = [f"49151000000{at:02}" for at in range(20)]
    theirs = [call(f"t{at}", 600 * at, callee=number) for at, number in enumerate(numbers)]
    jitter = [-1, 0, 0, 1, 0]
    ours = [
        call(f"o{at}", 600 * at + ahead + jitter[at % 5], callee=number) for at, number in enumerate(numbers)
    ]
    found = ck.match(frame(*ours), frame(*theirs))
    assert found.clock_offset == timedelta(seconds=-ahead)
    assert found.calls["our_call_id"].to_list() == [f"o{at}" for at in range(20)]
    assert (found.offset.agreeing, found.offset.pairs, found.offset.decided) == (20, 20, True)
    assert found.calls["seconds_apart"].to_list() == [Decimal(jitter[at % 5]) for at in range(20)]


def test_calls_that_recur_show_the_offset_by_their_order():
    """Where all numbers have several calls, or callers are extensions, the calls in order show the offset."""
    theirs = [call(f"t{at}", 700 * at, callee=f"491510000000{at % 3}") for at in range(12)]
    ours = [row | {"submitted_at": row["submitted_at"] - timedelta(hours=8)} for row in theirs]
    for changed in ({}, {"caller": "101"}):
        found = ck.match(frame(*(row | changed for row in ours)), frame(*theirs))
        assert found.clock_offset == timedelta(hours=8)
        assert found.calls["our_call_id"].null_count() == 0


def test_an_offset_that_cannot_be_told_is_said():
    """Of two pairs, or of many that disagree, no offset is read: it is zero, and the match says so."""
    two = [call("1", 0), call("2", 0, callee="33612345678")]
    shifted = [row | {"submitted_at": row["submitted_at"] + timedelta(seconds=60)} for row in two]
    found = ck.match(frame(*shifted), frame(*two))
    assert found.clock_offset == timedelta()
    assert not found.offset.decided
    assert "not to be told from 2 pairs: state clock_offset=" in repr(found)
    apart = [call(str(at), 1_000 * at * at, callee=f"4915100000{at:03}") for at in range(9)]
    still = [call(str(at), 0, callee=f"4915100000{at:03}") for at in range(9)]
    assert not ck.match(frame(*apart), frame(*still)).offset.decided


def test_what_the_match_says():
    """The frames have their schema and order, every call of the vendor's is there once, nulls say not ours."""
    ours = [call("b", 0, talk=0), call("z", 500), call("a", 90, call_duration=None)]
    theirs = [
        call("2", 90), call("1", 0), call("3", 300), call("2", 90, call_duration=31), call("4", 0, found=False)
    ]  # fmt: skip
    found = ck.match(frame(*ours), frame(*theirs), clock_offset="0s")
    assert found.calls.schema == CALLS
    names = ("call_id", "our_call_id", "our_call_duration", "our_answered", "candidates")
    assert found.calls.select(names).rows() == [
        ("1", "b", 0, False, 1), ("2", "a", None, None, 1), ("3", None, None, None, 0)
    ]  # fmt: skip
    assert found.ours_unmatched.equals(frame(call("z", 500)))
    assert repr(found) == (
        "Match: 2 of the vendor's 3 calls are ours, 1 of ours are none of the vendor's\n"
        "  clock offset 0 s (given), window 10 s"
    )
    assert "<pre>" in found._repr_html_()


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"window": "soon"}, ValueError, "window must be a span like '10s'"),
        ({"window": 10}, TypeError, "window must be a timedelta or text"),
        ({"window": "-1s"}, ValueError, "window must be from 0 s to a day"),
        ({"window": "2d"}, ValueError, "window must be from 0 s to a day"),
        ({"clock_offset": "UTC"}, ValueError, "clock_offset must be a span"),
        ({"digits": 3}, ValueError, "digits must be from 4 to 15"),
        ({"digits": 9.0}, TypeError, "digits must be a whole number"),
    ],
)
def test_bad_arguments(options, error, said):
    """What is no span, no window or no number of digits is refused in plain words."""
    with pytest.raises(error, match=said):
        ck.match(cdr.empty(), cdr.empty(), **options)
    with pytest.raises(ck.SchemaError, match="missing"):
        ck.match(pl.DataFrame({"a": [1]}), cdr.empty())


def test_empty_frames():
    """Nothing matches nothing."""
    for ours, theirs in ((frame(), frame()), (frame(call("a", 0)), frame()), (frame(), frame(call("1", 0)))):
        found = ck.match(ours, theirs)
        assert found.calls["our_call_id"].null_count() == found.calls.height == theirs.height
        assert found.ours_unmatched.height == ours.height


seconds = st.integers(0, 30)
numbers = st.sampled_from(["4915112345678", "015112345678", "33612345678", "", None])
sides = st.lists(
    st.tuples(
        seconds, numbers, st.sampled_from(["442079460011", "442079460012", "101", None]),
        st.sampled_from([0, 20, 21, None]), st.sampled_from([(), ("submitted_at",), ("submitted_at", "answered_at")]),
    ),
    max_size=9,
)  # fmt: skip


def built(side, prefix):
    return [
        call(f"{prefix}{at}", second, callee, caller, talk) | dict.fromkeys(without)
        for at, (second, callee, caller, talk, without) in enumerate(side)
    ]


def tail(number, least=0):
    digits = "".join(sign for sign in number or "" if sign.isdigit()).lstrip("0")[-9:]
    return digits if len(digits) > least else None


def compatible(ours, theirs):
    """Whether a caller is unknown, and by how many seconds ours is later; None where the two cannot be one call."""
    callers = tail(ours["caller"], 8), tail(theirs["caller"], 8)
    if tail(ours["callee"]) is None or tail(ours["callee"]) != tail(theirs["callee"]):
        return None
    if None not in callers and callers[0] != callers[1]:
        return None
    clock = next((name for name in CLOCKS if ours[name] and theirs[name]), None)
    apart = (ours[clock] - theirs[clock]).total_seconds() if clock else 11
    return (None in callers, apart) if abs(apart) <= 10 else None


def in_order(calls):
    """As the frames are sorted."""
    last = datetime.max.replace(tzinfo=UTC)
    return sorted(calls, key=lambda row: (row["submitted_at"] or row["answered_at"] or last, row["call_id"]))


@given(ours=sides, theirs=sides)
def test_against_a_naive_reference(ours, theirs):
    """The pairs are those of taking, one at a time, the most probable pair that is left."""
    our_calls, their_calls = in_order(built(ours, "o")), in_order(built(theirs, "t"))
    possible = []
    for at, their in enumerate(their_calls):
        for place, our in enumerate(our_calls):
            found = compatible(our, their)
            if found:
                talks = our["call_duration"], their["call_duration"]
                talk = float("inf") if None in talks else abs(talks[0] - talks[1])
                possible.append(
                    ((found[0], abs(found[1]), talk, at, place), their["call_id"], our["call_id"])
                )
    expected = {}
    for _, their, our in sorted(possible):
        if their not in expected and our not in expected.values():
            expected[their] = our
    assert pairs(our_calls, their_calls) == expected
