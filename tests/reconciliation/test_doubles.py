from __future__ import annotations

import polars as pl
import pytest

from callkit.reconciliation.doubles import KEY, double_records, doubles
from callkit.reconciliation.meetings import meetings
from reconciliation.calls import NOON, cdrs, failed, itnio, seconds, whatsapp

Pair = tuple[str, str]


def met(*calls: dict[str, object]) -> pl.DataFrame:
    return meetings(cdrs(*calls).lazy(), [*KEY, "submitted_at"])


def pairs(*calls: dict[str, object]) -> list[Pair]:
    return doubles(double_records(met(*calls))).select("call_id", "_double_of").rows()


def talk(call_id: str | None, at: float = 0, lasting: int = 31, **changed: object) -> dict[str, object]:
    return itnio(call_id=call_id, answered_at=NOON + seconds(at), call_duration=lasting, **changed)


@pytest.mark.parametrize(
    ("at", "lasting", "double"),
    [
        (0, 31, True),
        (2, 33, True),
        (2, 29, True),
        (-2, 31, True),
        (2.000001, 31, False),
        (-3, 31, False),
        (0, 34, False),
        (0, 28, False),
    ],
)
def test_within_two_seconds(at, lasting, double):
    """Answer and talk times may differ by two seconds, not by a microsecond or a second more."""
    assert bool(pairs(talk("a"), talk("b", at, lasting))) == double


@pytest.mark.parametrize(
    "changed",
    [
        {"source": "nx-whatsapp"},
        {"direction": "in"},
        {"direction": None},
        {"caller": "1"},
        {"callee": "1"},
        {"callee": None},
        {"answered_at": None},
        {"call_duration": 0},
        {"call_duration": None},
        {"call_id": "a", "cost": None},
        {"call_id": None},
    ],
)
def test_only_the_same_conversation(changed):
    """Another vendor, direction, number or the same id is no double, nor is what is not known or not answered."""
    assert not pairs(talk("a"), talk("b") | changed)


def test_the_earliest_record_is_kept():
    """The record answered first is kept, then the one submitted first, then the lesser id."""
    assert pairs(talk("a", 1), talk("b", 0)) == [("a", "b")]
    assert pairs(talk("a", submitted_at=NOON + seconds(5)), talk("b")) == [("a", "b")]
    assert pairs(talk("b"), talk("a")) == [("b", "a")]


def test_against_what_is_kept():
    """A chain of calls is compared with the kept one: two seconds after a double are not two after the original."""
    assert pairs(talk("a"), talk("b", 2), talk("c", 4)) == [("b", "a")]
    assert pairs(talk("a"), talk("b", 1), talk("c", 2)) == [("b", "a"), ("c", "a")]
    assert pairs(talk("a"), talk("b", 2), talk("c", 4), talk("d", 6)) == [("b", "a"), ("d", "c")]


def test_another_talk_in_between_hides_nothing():
    """Calls of other lengths between two records of one conversation do not keep them apart."""
    assert pairs(talk("a"), talk("b", 1, 300), talk("c", 2)) == [("c", "a")]


def test_unknown_directions_are_one_direction():
    """Records of one vendor that all lack a direction can double each other."""
    assert pairs(talk("a", direction=None), talk("b", direction=None)) == [("b", "a")]


def test_a_record_and_not_an_id_is_the_double():
    """Where one id has two records, only the one that bills the conversation again is the double."""
    other = talk("b", 500, 600)
    found = doubles(double_records(met(talk("a"), talk("b"), other, talk("b", cost=None))))
    assert found.select("call_id", "call_duration").rows() == [("b", 31)]


def test_nothing_to_find():
    """No calls, failed calls and different numbers give an empty table of the same columns."""
    for calls in ([], [failed()], [talk("a"), talk("b", callee="1"), whatsapp()]):
        assert (
            doubles(double_records(met(*calls))).schema
            == doubles(double_records(met(talk("a"), talk("b")))).schema
        )
        assert not pairs(*calls)
