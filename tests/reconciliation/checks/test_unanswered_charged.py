from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest

import callkit as ck
from callkit import Rating
from reconciliation.calls import cdrs, failed, itnio, numbered, whatsapp
from reconciliation.found import bridged, found, marks, only

FEE = [failed(cost=Decimal("0.01")) for _ in range(3)]


def test_fires_on_money_for_nobody():
    """A failed call with a cost is an error with the amount that the bridge gives the step."""
    charged = failed(cost=Decimal("0.05"), charged_duration=60)
    finding = only("unanswered_charged", charged)
    assert marks(finding) == ("error", "A", "unanswered")
    assert (finding["reported"], finding["expected"]) == ("0.05", "0.00")
    assert finding["amount"] == bridged("unanswered", charged) == Decimal("0.05")
    assert finding["explanation"] == (
        "Nobody answered (busy): 0 s of talk, yet 0.05 USD is billed for 60 s. Nothing is due."
    )


def test_it_replaces_the_other_checks():
    """Seconds and arithmetic of a failed call are not disputed beside."""
    charged = failed(cost=Decimal("0.05"), charged_duration=60)
    checks = ck.reconcile(numbered(charged)).findings["check"].to_list()
    assert "unanswered_charged" in checks
    assert not {"cost", "charged_duration"} & set(checks)


@pytest.mark.parametrize("talk", [0, -1])
def test_no_talk_is_no_answer(talk):
    """Talk time of zero or less is a failed call; unknown talk time is not."""
    assert found("unanswered_charged", failed(call_duration=talk, cost=Decimal(1)))
    assert not found("unanswered_charged", failed(call_duration=None, cost=Decimal(1)))
    assert not found("unanswered_charged", failed(call_duration=1, cost=Decimal(1)))


def test_silent_without_money():
    """Free failures, and such without a cost, are as they should be, and agree."""
    calls = [
        failed(),
        failed(cost=None),
        whatsapp(call_duration=0, charged_duration=0, cost=None, currency=None),
    ]
    result = ck.reconcile(numbered(*calls))
    assert result.findings.is_empty()
    assert result.cdrs["verdict"].to_list() == ["agrees"] * 3
    assert result.cdrs["expected_cost"].to_list() == [0, 0, 0]


def test_money_back_is_a_difference_too():
    """A negative cost of a failed call is an undercharge."""
    assert only("unanswered_charged", failed(cost=Decimal("-0.05")))["amount"] == Decimal("-0.05")


def test_an_equal_amount_on_all_failures_is_one_question():
    """What all failures of a source cost alike is one grouped warning, and due as long as no rating was stated."""
    finding = only("attempt_fee", *FEE)
    assert marks(finding) == ("warning", "D", "unanswered")
    assert (finding["call_id"], finding["reported"], finding["amount"]) == (None, "0.01", None)
    assert "Each of the 3 calls that nobody answered costs 0.01 USD, 0.03 together" in finding["explanation"]
    assert not found("unanswered_charged", *FEE)
    assert bridged("expected", *FEE) == Decimal("0.03")


@pytest.mark.parametrize(
    "others",
    [
        FEE[:2],
        [*FEE, failed()],
        [*FEE, failed(cost=None)],
        [*FEE, failed(cost=None, currency=None)],
        [*FEE, failed(cost=Decimal("0.02"))],
    ],
)
def test_too_few_or_unequal_amounts_are_errors(others):
    """Two failures alone, or another one that is free, uncharged or of another price, make no fee."""
    assert not found("attempt_fee", *others)
    assert len(found("unanswered_charged", *others)) == sum(bool(call["cost"]) for call in others)


def test_other_sources_do_not_matter():
    """Free failures of the other vendor do not speak against an attempt fee."""
    free = whatsapp(call_duration=0, charged_duration=0, cost=None, currency=None)
    assert only("attempt_fee", *FEE, free)["source"] == "itnio-voice"


def test_a_stated_fee_is_due():
    """The fee that the user states is expected; what is charged beyond it is the step's amount."""
    rating = Rating(attempt_fee="0.01")
    assert not found("unanswered_charged", *FEE, rating=rating)
    assert not found("attempt_fee", *FEE, rating=rating)
    more = only("unanswered_charged", *FEE, failed(cost=Decimal("0.03")), rating=rating)
    assert more["amount"] == Decimal("0.02")
    assert more["expected"] == "0.01"
    assert more["explanation"].endswith("0.01 is due.")


@pytest.mark.parametrize("fee", ["0", "0.004", "0.02"])
def test_another_fee_than_stated_is_the_steps_amount(fee):
    """All failures bearing another fee than the stated one are one finding, whose amount is the bridge step."""
    rating = Rating(attempt_fee=fee)
    finding = only("attempt_fee", *FEE, rating=rating)
    step = 3 * (Decimal("0.01") - Decimal(fee))
    assert finding["amount"] == bridged("unanswered", *FEE, rating=rating) == step
    assert not found("unanswered_charged", *FEE, rating=rating)


def test_the_reason_is_cut_short():
    """A vendor's endless status text does not fill the explanation."""
    finding = only("unanswered_charged", failed(cost=Decimal(1), status_reason="x" * 500))
    assert "x" * 60 in finding["explanation"]
    assert "x" * 61 not in finding["explanation"]


def test_answered_calls_are_left_alone():
    """The fee of failures is not expected of answered calls."""
    result = ck.reconcile(cdrs(*(call | {"call_id": str(at)} for at, call in enumerate([*FEE, itnio()]))))
    assert result.cdrs.filter(pl.col("call_duration") > 0)["verdict"].to_list() == ["agrees"]
