from __future__ import annotations

from decimal import Decimal

import polars as pl

import callkit as ck
from reconciliation.calls import NOON, cdrs, itnio, seconds
from reconciliation.found import bridged, marks, only


def test_fires_on_the_later_record():
    """The later of two records of one conversation is an error worth its whole cost, and names the one that is kept."""
    calls = [itnio(call_id="1"), itnio(call_id="2", submitted_at=NOON + seconds(1), cost=Decimal("0.09"))]
    finding = only("double_billed", *calls, keep=True)
    assert marks(finding) == ("error", "A", "double_billed")
    assert finding["call_id"] == "2"
    assert (finding["reported"], finding["expected"]) == ("0.09", "0")
    assert finding["amount"] == bridged("double_billed", *calls, keep=True) == Decimal("0.09")
    assert finding["explanation"].startswith("Call 1 bills this conversation already")
    assert "answer and talk time within 2 s" in finding["explanation"]
    assert "0.09 USD are billed twice" in finding["explanation"]


def test_a_double_owes_nothing_for_seconds_that_were_due():
    """A double's expected cost is 0, and its expected charged duration still what its talk makes."""
    calls = [itnio(call_id="1"), itnio(call_id="2", charged_duration=60)]
    double = ck.reconcile(cdrs(*calls)).cdrs.filter(pl.col("call_id") == "2").row(0, named=True)
    assert (double["expected_cost"], double["expected_charged_duration"]) == (0, 36)
    assert double["verdict"] == "overcharged"


def test_a_double_without_a_cost():
    """A double that is not priced yet is told, without an amount of its own in the bridge."""
    calls = [itnio(call_id="1"), itnio(call_id="2", cost=None)]
    finding = only("double_billed", *calls, keep=True)
    assert "an unknown amount of USD" in finding["explanation"]
    assert not finding["amount"]
