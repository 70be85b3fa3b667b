from __future__ import annotations

from decimal import Decimal

import pytest

from callkit import Rating
from reconciliation.calls import failed, itnio, whatsapp
from reconciliation.found import bridged, found, marks, only


def test_fires_on_another_cost_than_rate_times_seconds():
    """A cost other than C(r, s) is an error with the amount that the bridge gives the step."""
    over = itnio(cost=Decimal("0.10001"))
    finding = only("cost", over)
    assert marks(finding) == ("error", "A", "arithmetic")
    assert (finding["reported"], finding["expected"]) == ("0.10001", "0.07998")
    assert finding["amount"] == bridged("arithmetic", over) == Decimal("0.02003")
    assert finding["explanation"] == (
        "36 s × 0.1333/min = 0.07998 USD. Billed 0.10001 USD: 0.02003 USD too much."
    )


def test_charged_seconds_are_the_records_own():
    """Arithmetic is checked by the seconds that were charged: wrong ones are another check's matter."""
    assert not found("cost", itnio(charged_duration=42, cost=Decimal("0.09331")))


def test_half_a_unit_is_tolerated():
    """By default a cost may lie half a unit of the last decimal used off, and no more."""
    # 35 s at 0.1333 are 0.07775833…, which the vendor's five decimals make 0.07776: 0.000002 off six decimals.
    calls = [
        itnio(),
        itnio(charged_duration=35, call_duration=35, bill_period="1+1", cost=Decimal("0.07776")),
    ]
    assert not found("cost", *calls)
    assert only("cost", *calls, tolerance=0)["reported"] == "0.07776"
    calls[1] |= {"cost": Decimal("0.0779")}
    assert found("cost", *calls)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_tolerance_is_inclusive(sign):
    """A difference equal to the tolerance is rounding, one more unit of the last digit is an error, to either side."""
    call = itnio(cost=Decimal("0.07998") + sign * Decimal("0.005"))
    assert not found("cost", call, tolerance="0.005")
    assert bridged("rounding", call, tolerance="0.005") == sign * Decimal("0.005")
    finding = only("cost", call, tolerance="0.0049999999")
    assert finding["amount"] == sign * Decimal("0.005")
    assert ("too much" in finding["explanation"]) == (sign > 0)


def test_zero_is_exact():
    """A tolerance of 0 lets nothing pass, not even the tenth decimal."""
    assert not found("cost", itnio(), tolerance=0)
    assert only("cost", itnio(cost=Decimal("0.0799800001")), tolerance=0)["amount"] == Decimal("1e-10")


def test_seconds_of_zero_cost_nothing():
    """An answered call with no charged seconds owes nothing by its own arithmetic."""
    assert only("cost", itnio(charged_duration=0))["expected"] == "0.00"


@pytest.mark.parametrize(
    "call",
    [
        itnio(cost=None),
        itnio(rate=None),
        itnio(charged_duration=None, cost=Decimal(9)),
        itnio(call_duration=None, cost=Decimal(9)),
        whatsapp(cost=Decimal(9)),
        whatsapp(charged_duration=0),
        failed(cost=Decimal(9)),
    ],
)
def test_silent_where_arithmetic_is_unknown(call):
    """Without cost, rate, charged or talk seconds, and on failed calls, there is nothing to multiply."""
    assert not found("cost", call)


def test_no_amount_where_the_chain_is_broken():
    """Wrong arithmetic on an unreadable bill period is told, without an amount that the bridge does not have."""
    broken = itnio(cost=Decimal("0.10001"), bill_period="6")
    assert only("cost", broken)["amount"] is None
    assert bridged("arithmetic", broken) == 0


def test_refunds_are_checked_too():
    """A negative rate and cost multiply like any other."""
    refund = itnio(rate=Decimal("-0.1333"), cost=Decimal("-0.07998"))
    assert not found("cost", refund)
    assert only("cost", refund | {"cost": Decimal("0.07998")})["amount"] == Decimal("0.15996")


def test_the_words_have_the_fee_and_the_unit():
    """The sentence's arithmetic comes out: with the connect fee in it, and the rate's unit as it was stated."""
    rating = Rating(per_seconds=1, connect_fee="0.01")
    assert only("cost", itnio(), rating=rating)["explanation"].startswith(
        "0.01 + 36 s × 0.1333/s = 4.8088 USD. Billed 0.07998 USD"
    )
    blocks = only("cost", itnio(), rating=Rating(per_seconds="block"))
    assert "36 s × 0.1333/6-s block = 0.7998 USD" in blocks["explanation"]
