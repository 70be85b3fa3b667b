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
    """A double that is not priced yet is told without an amount: nothing is billed twice, and nothing is claimed."""
    calls = [itnio(call_id="1"), itnio(call_id="2", cost=None)]
    finding = only("double_billed", *calls, keep=True)
    assert finding["explanation"].endswith("has no cost yet, and whatever it will be is not due.")
    assert finding["amount"] is None
    assert ck.reconcile(cdrs(*calls)).claims.is_empty()


def test_a_double_that_costs_nothing():
    """A double at no cost is a record too many, worth 0: no money is said to be billed twice, and none is claimed."""
    calls = [itnio(call_id="1"), itnio(call_id="2", cost=Decimal(0))]
    finding = only("double_billed", *calls, keep=True)
    assert marks(finding) == ("error", "A", "double_billed")
    assert finding["explanation"].endswith("it costs nothing, so that no money is billed twice.")
    assert finding["amount"] == 0
    assert ck.reconcile(cdrs(*calls)).claims.is_empty()
