from __future__ import annotations

from decimal import Decimal

import pytest

from reconciliation.calls import PERIODS, UNREADABLE, failed, itnio, missing
from reconciliation.found import found, marks, only


@pytest.mark.parametrize("period", UNREADABLE)
def test_fires_on_what_is_not_a_plus_b(period):
    """A bill period that is missing or not two whole numbers from 1 on is an error and a question."""
    finding = only("bill_period", itnio(bill_period=period))
    assert marks(finding) == ("error", "D", None)
    assert (finding["reported"], finding["amount"]) == (period, None)
    said = "has no bill period" if period is None else f"The bill period '{period}' is not of the form a+b"
    assert said in finding["explanation"]


@pytest.mark.parametrize("period", PERIODS)
def test_silent_on_readable_ones(period):
    """Readable bill periods, blanks and leading zeros included, are no finding."""
    assert not found("bill_period", itnio(bill_period=period))


@pytest.mark.parametrize(
    ("call", "fires"),
    [
        (failed(bill_period=None), False),
        (missing(), False),
        (itnio(bill_period=None, call_duration=None, charged_duration=None), False),
        (failed(bill_period="?"), True),
        (failed(bill_period=None, charged_duration=60), True),
        (itnio(bill_period=None, call_duration=None), True),
        (itnio(bill_period=None, charged_duration=None, found=None), True),
    ],
)
def test_a_free_call_needs_none(call, fires):
    """A failed, free call may go without a bill period; a garbled one, or charged seconds, are told."""
    assert bool(found("bill_period", call)) == fires


def test_long_garbage_is_cut():
    """A bill period of a thousand characters does not fill the explanation."""
    finding = only("bill_period", itnio(bill_period="x" * 1000, cost=Decimal(1)))
    assert len(finding["explanation"]) < 250
