from __future__ import annotations

from itertools import pairwise

import pytest

from reconciliation.calls import NOON, itnio, missing, seconds, whatsapp
from reconciliation.found import found, marks, only

ORDER = ("submitted_at", "called_at", "ringing_at", "answered_at", "ended_at")


def test_fires_on_a_step_back():
    """An instant before the one that should precede it is a warning that names both and the seconds between."""
    finding = only("timeline", itnio(ringing_at=NOON - seconds(5)))
    assert marks(finding) == ("warning", "D", None)
    assert finding["explanation"] == (
        "ringing (2026-10-05 11:59:55+00:00) comes 6 s before called (2026-10-05 12:00:01+00:00)."
    )
    assert finding["reported"].startswith("submitted 2026-10-05 12:00:00+00:00, called ")


@pytest.mark.parametrize(("earlier", "later"), list(pairwise(ORDER)))
def test_equal_instants_are_in_order(earlier, later):
    """Two instants may be the same; one microsecond back is a break."""
    call = itnio()
    assert not found("timeline", call | {later: call[earlier]})
    assert found("timeline", call | {later: call[earlier] - seconds(0.000001)})


@pytest.mark.parametrize("unknown", [(), ("called_at",), ("called_at", "ringing_at"), ORDER[1:4]])
def test_unknown_instants_are_passed_over(unknown):
    """What is unknown between two instants does not hide that they are out of order, and is no break itself."""
    call = itnio() | dict.fromkeys(unknown)
    assert not found("timeline", call)
    finding = only("timeline", call | {"ended_at": NOON - seconds(60)})
    assert "ended (2026-10-05 11:59:00+00:00) comes " in finding["explanation"]


def test_several_breaks_are_one_finding():
    """Each break is a sentence of the call's one finding."""
    finding = only("timeline", itnio(called_at=NOON - seconds(9), answered_at=NOON - seconds(3)))
    assert finding["explanation"].count(" before ") == 2


def test_silent_without_instants():
    """Records with one instant or none have no order to break."""
    assert not found("timeline", missing(), itnio() | dict.fromkeys(ORDER), whatsapp(answered_at=None))
