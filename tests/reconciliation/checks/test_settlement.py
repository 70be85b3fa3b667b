from __future__ import annotations

from decimal import Decimal

import pytest

from callkit import Rating
from reconciliation.calls import itnio, settled, whatsapp
from reconciliation.found import bridged, found, marks, only


def test_fires_on_another_settled_cost():
    """A settled cost that neither way leads to is an error, with the step's amount in USD."""
    wrong = settled(settle_cost=Decimal("0.100001"))
    finding = only("settlement", wrong)
    assert marks(finding) == ("error", "A", "settlement")
    assert (finding["reported"], finding["expected"], finding["currency"]) == ("0.100001", "0.085267", "USD")
    assert finding["amount"] == bridged("settlement", wrong) == Decimal("0.0147344755")
    assert finding["explanation"] == (
        "0.07998 EUR / 0.938 = 0.085267 USD. Settled 0.100001: 0.014734 USD too much."
    )


def test_fires_on_another_settled_rate():
    """A settled rate that is not rate over exchange rate is an error even where the settled cost fits."""
    finding = only("settlement", settled(settle_rate=Decimal("0.1521")))
    assert finding["explanation"] == "The rate 0.1333 / 0.938 is 0.142111 USD, not 0.1521."
    assert (finding["reported"], finding["expected"]) == ("0.1521", "0.142111")


def test_both_are_one_finding():
    """A wrong rate and a wrong cost of one call are told in one finding of two sentences."""
    finding = only("settlement", settled(settle_rate=Decimal(9), settle_cost=Decimal(9)))
    assert "Settled 9.00" in finding["explanation"]
    assert "not 9.00" in finding["explanation"]


@pytest.mark.parametrize(
    "call",
    [
        settled(),
        settled(settle_cost=Decimal("0.08526")),  # 0.1421 · 36 / 60, not the exchange
        settled(settle_cost=None, settle_rate=None),
        settled(exchange_rate=None, settle_cost=None),
        settled(exchange_rate=Decimal(0), settle_cost=None, settle_rate=Decimal(9)),
        settled(cost=None, rate=None, settle_rate=None),
        settled(cost=Decimal("-0.07998"), rate=Decimal("-0.1333"))
        | {"settle_cost": Decimal("-0.085267"), "settle_rate": Decimal("-0.1421")},
        itnio(),
        whatsapp(),
    ],
)
def test_silent_where_it_fits_or_is_unknown(call):
    """Either way to the settled cost will do, refunds settle like charges, and unknown fields refute nothing."""
    assert not found("settlement", call)


@pytest.mark.parametrize(("exchange", "fires"), [("0.9375", False), ("0.938", False), ("0.94", True)])
def test_half_units_are_propagated(exchange, fires):
    """An amount shown with few digits stands for all that it can be rounded from, and no more."""
    # 2.00 / 0.938 is 2.1322; by an exchange rate of three decimals 2.1311 to 2.1333 with a cost of four.
    coarse = settled(rate=None, settle_rate=None, cost=Decimal(2), settle_cost=Decimal("2.1333"))
    fine = settled(rate=None, settle_rate=None, cost=Decimal("1.0001"), settle_cost=Decimal("1.0662"))
    told = found("settlement", coarse | {"exchange_rate": Decimal(exchange)}, fine)
    assert bool(told) == fires


def test_a_refund_is_checked_as_strictly_as_a_charge():
    """Negative amounts have intervals of the same width: what fits as a charge fits as a refund."""
    others = settled(cost=Decimal("1.0001"), rate=None, settle_rate=None, settle_cost=Decimal("1.0662"))
    for cost in ("2.1323", "2.1333", "2.1334", "2.14", "2.1310", "2.1311", "2.1309"):
        charge = settled(cost=Decimal(2), rate=None, settle_rate=None, settle_cost=Decimal(cost))
        refund = charge | {"cost": Decimal(-2), "settle_cost": -Decimal(cost)}
        assert len(found("settlement", charge, others)) == len(found("settlement", refund, others))


def test_the_connect_fee_is_settled_too():
    """With a stated connect fee the settled rate times seconds has it on top, exchanged."""
    call = settled(cost=Decimal(9), settle_cost=Decimal("0.095921"))  # 0.01 / 0.938 + 0.1421 · 36 / 60
    assert found("settlement", call, itnio())
    assert not found("settlement", call, itnio(), rating=Rating(connect_fee="0.01"))


def test_a_block_that_is_undefined_refutes_nothing():
    """Where a rate per block has no meaning, the settled rate times seconds is not asked."""
    odd = settled(bill_period="10+6", exchange_rate=None, settle_cost=Decimal(9))
    assert not found("settlement", odd, rating=Rating(per_seconds="block"))
    assert found("settlement", odd | {"bill_period": "12+6"}, rating=Rating(per_seconds="block"))


def test_the_other_way_of_quoting():
    """Where the records show dollars for one euro, costs and rates are multiplied, and the finding says so."""
    right = settled(exchange_rate=Decimal("1.066098"))
    wrong = right | {"settle_cost": Decimal("0.100001"), "settle_rate": Decimal("0.1521")}
    finding = only("settlement", right, right, right, wrong)
    assert finding["explanation"] == (
        "0.07998 EUR · 1.066098 = 0.085267 USD. Settled 0.100001: 0.014734 USD too much. "
        "The rate 0.1333 · 1.066098 is 0.142111 USD, not 0.1521."
    )
    converted = (Decimal("0.07998") * Decimal("1.066098")).quantize(Decimal("1e-10"))
    assert finding["amount"] == Decimal("0.100001") - converted


@pytest.mark.parametrize("unknown", [{"cost": None}, {"exchange_rate": None}])
def test_without_a_quoted_cost_the_settled_rate_is_told(unknown):
    """Without a quoted cost, or its exchange rate, the settled rate is what the settled cost contradicts."""
    finding = only("settlement", settled(settle_cost=Decimal("1.5"), **unknown))
    assert (finding["reported"], finding["expected"]) == ("1.50", "36 s × 0.1421")
    assert finding["explanation"] == "36 s × 0.1421/min is not 1.50 USD."
    assert finding["amount"] is None


def test_a_wrong_rate_is_told_where_no_cost_is_settled():
    """Without a settled cost, what is reported and expected is the rate."""
    finding = only("settlement", settled(settle_cost=None, settle_rate=Decimal("0.2")))
    assert (finding["reported"], finding["expected"]) == ("0.20", "0.142111")
