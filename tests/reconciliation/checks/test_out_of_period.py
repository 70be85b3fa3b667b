from __future__ import annotations

import pytest

from reconciliation.calls import NOON, itnio, missing, seconds, whatsapp
from reconciliation.found import found, marks, only

HOUR = (NOON, NOON + seconds(3600))


def test_fires_outside_of_the_period():
    """A record outside of the period is an error that names the instant and both ends in the user's zone."""
    finding = only("out_of_period", itnio(submitted_at=NOON - seconds(1)), period=HOUR, tz="Asia/Shanghai")
    assert marks(finding) == ("error", "B", None)
    assert finding["explanation"] == (
        "The call of 2026-10-05 19:59:59+08:00 lies outside of the period "
        "2026-10-05 20:00:00+08:00 to 2026-10-05 21:00:00+08:00."
    )


@pytest.mark.parametrize(
    ("at", "fires"), [(-0.000001, True), (0, False), (3599.999999, False), (3600, True), (3601, True)]
)
def test_the_period_is_half_open(at, fires):
    """The start belongs to the period and the end does not, to the microsecond."""
    assert bool(found("out_of_period", itnio(submitted_at=NOON + seconds(at)), period=HOUR)) == fires


def test_other_clocks_where_there_is_no_submission():
    """Without a submission the answer decides, and without that the end; without any nothing is found."""
    late = NOON + seconds(7200)
    assert found("out_of_period", whatsapp(answered_at=late, ended_at=NOON), period=HOUR)
    assert found("out_of_period", whatsapp(answered_at=None, ended_at=late), period=HOUR)
    assert not found("out_of_period", whatsapp(answered_at=None, ended_at=None), missing(), period=HOUR)


def test_silent_without_a_period():
    """Nobody asked for a period, so nothing is outside of it."""
    assert not found("out_of_period", itnio(submitted_at=NOON - seconds(10**7)))
