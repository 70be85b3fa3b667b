from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import callkit as ck
from callkit.reconciliation.held import MATCHED
from reconciliation.calls import cdrs, failed, itnio
from reconciliation.found import found, marks, only


class Ours:
    """A match of the vendor's call with a record of ours."""

    def __init__(self, **said: Any) -> None:
        usual = {
            "source": "itnio-voice",
            "call_id": itnio()["call_id"],
            "our_call_id": "pbx-1",
            "our_call_duration": 31,
            "our_answered": True,
        }
        self.calls = pl.DataFrame([usual | said], MATCHED)


NONE = Ours(our_call_id=None, our_call_duration=None, our_answered=None)


def test_our_own_record_of_the_call_is_silent():
    """Where ours say the same, nothing is told; nor of a call that was not looked for."""
    for check in ("not_ours", "longer_than_ours", "unanswered_by_ours"):
        assert not found(check, itnio(), keep=True, match=Ours())
        assert not found(check, itnio(call_id="another"), keep=True, match=NONE)


def test_a_call_that_none_of_ours_is():
    """A call that we have no record of contradicts our own records."""
    finding = only("not_ours", itnio(), keep=True, match=NONE)
    assert marks(finding) == ("error", "C", None)
    assert finding["explanation"] == "None of our records is this call. 0.07998 USD is billed."
    assert not found("not_ours", failed(), keep=True, match=NONE)


@pytest.mark.parametrize(("ours", "fires"), [(31, False), (30, False), (29, True), (35, False)])
def test_a_talk_that_lasted_longer_than_ours(ours, fires):
    """A second more is how clocks are cut; more than that contradicts our own records."""
    findings = found("longer_than_ours", itnio(), keep=True, match=Ours(our_call_duration=ours))
    assert bool(findings) == fires
    if fires:
        assert marks(findings[0]) == ("error", "C", None)
        assert (findings[0]["reported"], findings[0]["expected"]) == ("31 s", "29 s")
        assert "2 s longer" in findings[0]["explanation"]


def test_a_call_that_nobody_answered_on_our_side():
    """Talk on the vendor's side of a call that ours say nobody answered is told once, as that."""
    match = Ours(our_call_duration=0, our_answered=False)
    finding = only("unanswered_by_ours", itnio(), keep=True, match=match)
    assert marks(finding) == ("error", "C", None)
    assert "By our record pbx-1 nobody answered; the vendor has 31 s of talk." in finding["explanation"]
    assert not found("longer_than_ours", itnio(), keep=True, match=match)


def test_something_else_than_a_match_is_refused():
    """What has no calls of ours is no match."""
    with pytest.raises(TypeError, match=r"match must be a callkit\.Match"):
        ck.reconcile(cdrs(itnio()), match=cdrs(itnio()))
