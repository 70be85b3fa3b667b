from __future__ import annotations

import warnings
from datetime import timedelta

import polars as pl
import pytest

import callkit as ck
from reconciliation.calls import NOON, cdrs, itnio, seconds, whatsapp
from reconciliation.found import found, marks

WEEK, HOUR = timedelta(days=7), timedelta(hours=1)


def hour(calls: int, week: int, later: int = 0, **changed: object) -> list[dict[str, object]]:
    """So many calls within one hour of Monday noon of a week."""
    start = NOON + week * WEEK + later * HOUR
    return [itnio(submitted_at=start + seconds(at * 3_599 / max(calls, 1)), **changed) for at in range(calls)]


def weeks(*counts: int, later: int = 0, **changed: object) -> list[dict[str, object]]:
    return [call for week, count in enumerate(counts) for call in hour(count, week, later, **changed)]


def test_fires_on_an_empty_hour():
    """An hour without records where other weeks have many is a warning about no call, with the number expected."""
    (finding,) = found("missing_stretch", *weeks(20, 20, 0, 21, 20), tz="Asia/Shanghai")
    assert marks(finding) == ("warning", "D", None)
    assert (finding["call_id"], finding["source"], finding["amount"]) == (None, "itnio-voice", None)
    assert (finding["reported"], finding["expected"]) == ("0", "20")
    assert finding["explanation"] == (
        "itnio-voice has no call from 2026-10-19 20:00:00+08:00 to 2026-10-19 21:00:00+08:00. The 4 other weeks let "
        "expect about 20 at that time of the week. Fetch it again; if it stays empty and you did call, ask whether "
        "records were lost."
    )


@pytest.mark.parametrize(
    ("counts", "fires"),
    [
        ((14, 14, 0, 14), True),
        ((13, 14, 0, 14), False),  # a mean under 14
        ((13, 15, 0, 14), False),  # one of three weeks has fewer
        ((13, 15, 0, 14, 14), True),  # one of four may
        ((14, 0, 14), False),  # two other weeks
        ((14, 0, 1, 14), False),
        ((14, 1, 14, 14), False),  # one call is not none
        ((40, 0, 0, 40, 40), True),  # two of five weeks are empty
        ((2, 60, 0, 2), False),  # a campaign
        ((2, 60, 0, 60), False),
        ((2, 60, 60, 0, 2, 60, 2), False),  # three campaigns in six weeks
        ((0, 20, 20, 20), False),  # before the first record
        ((20, 20, 20, 0), False),  # after the last one
    ],
)
def test_what_lets_expect_calls(counts, fires):
    """Fourteen on average in the other weeks, and in three and most of them, within the span of the records."""
    assert bool(found("missing_stretch", *weeks(*counts))) == fires


def test_adjoining_hours_are_one_stretch():
    """Empty hours in a row are told once, with all that was to be expected; others are told apart."""
    calls = weeks(20, 20, 0, 20, 20) + weeks(30, 30, 0, 30, 30, later=1) + weeks(15, 15, 0, 15, 15, later=3)
    findings = found("missing_stretch", *calls)
    assert [finding["expected"] for finding in findings] == ["50", "15"]
    assert "12:00:00+00:00 to 2026-10-19 14:00:00+00:00" in findings[0]["explanation"]


def test_each_source_by_itself():
    """What one vendor has does not fill the gap of another, and is no peer of its."""
    other = weeks(20, 20, 20, 20, source="other", answered_at=None)
    (finding,) = found("missing_stretch", *weeks(20, 0, 20, 20, 20), *other)
    assert finding["source"] == "itnio-voice"
    assert not found("missing_stretch", *weeks(20, 0, 20), *other)


def test_without_a_time_of_submission():
    """Where it is unknown when a call was submitted, its answer or its end counts; without any, nothing does."""
    times = [call["submitted_at"] for call in weeks(20, 20, 0, 20)]
    answered = [whatsapp(answered_at=time) for time in times]
    ended = [whatsapp(answered_at=None, ended_at=time) for time in times]
    assert found("missing_stretch", *answered)
    assert found("missing_stretch", *ended)
    assert not found("missing_stretch", *[whatsapp(answered_at=None, ended_at=None)] * 50)
    assert not found("missing_stretch")


def test_a_garbled_instant_opens_no_centuries():
    """One record of another millennium neither takes memory nor makes findings."""
    calls = weeks(20, 20, 0, 20)
    for year in (1, 9999):
        assert not found("missing_stretch", *calls, itnio(submitted_at=NOON.replace(year=year)))


def test_order_and_laziness_do_not_matter():
    """The same records in another order, or lazily, give the same findings."""
    calls = weeks(20, 20, 0, 20) + weeks(30, 30, 0, 30, later=1) + weeks(15, 15, 0, 15, 15, source="other")
    frame = cdrs(*(call | {"call_id": f"{at}"} for at, call in enumerate(calls)))
    one, *others = (
        ck.reconcile(given).findings.filter(pl.col("check") == "missing_stretch")
        for given in (frame, frame.reverse(), frame.lazy(), frame.sample(fraction=1, shuffle=True, seed=1))
    )
    assert one.height == 2
    assert all(other.equals(one) for other in others)


def test_the_sandboxs_lost_hour():
    """In a month of forty thousand calls the one hour that the vendor lost is found, and no other."""
    with ck.Sandbox(calls=40_000, seed=7) as sandbox, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the vendor's doubled ids are not the matter here
        cdr = sandbox.itnio_voice().fetch(*sandbox.period, progress=False)
    assert "missing_stretch" in sandbox.truth["check"]
    (finding,) = ck.reconcile(cdr).findings.filter(pl.col("check") == "missing_stretch").rows(named=True)
    assert (finding["call_id"], finding["source"]) == (None, "itnio-voice")
