from __future__ import annotations

from decimal import Decimal

from callkit import Rating
from reconciliation.calls import itnio
from reconciliation.found import bridged, found, marks, only


def at(seconds: int, cost: str, rate: str = "0.1", **changed: object) -> dict[str, object]:
    return itnio(
        call_duration=seconds,
        charged_duration=seconds,
        bill_period="1+1",
        rate=Decimal(rate),
        cost=Decimal(cost),
        **changed,
    )


# By 0.1004 a minute, shown as 0.1: half a unit of the rate is 0.05.
HIDDEN = (at(60, "0.1004"), at(120, "0.2008"), at(600, "1.004"))


def test_a_rate_with_hidden_digits_is_one_question():
    """Differences that digits not shown can explain are one warning per rate, no errors, and rounding in the bridge."""
    finding = only("rate_precision", *HIDDEN)
    assert marks(finding) == ("warning", "D", None)
    assert (finding["call_id"], finding["source"], finding["currency"]) == (None, "itnio-voice", "USD")
    assert finding["reported"] == "0.10"
    assert finding["amount"] is None
    assert "At the rate 0.10 3 of 3 calls cost a little else" in finding["explanation"]
    assert "0.0052 USD together" in finding["explanation"]
    assert not found("cost", *HIDDEN)
    assert bridged("rounding", *HIDDEN) == Decimal("0.0052")


def test_one_call_that_does_not_fit_refutes_it():
    """The rate is shown in full as soon as one difference at it is larger than hidden digits allow."""
    calls = (*HIDDEN, at(60, "0.1601"))  # 0.0601 is more than 0.05 and half a unit of the cost
    assert not found("rate_precision", *calls)
    assert len(found("cost", *calls)) == 4


def test_the_bound_is_inclusive():
    """A difference of exactly half a unit of the cost and of the rate fits; the next digit does not."""
    fits = at(60, "0.1505", "0.1")  # 0.05 + half of 0.001 is 0.0505, with costs of three decimals
    four = at(60, "0.2001", "0.2")
    assert found("rate_precision", fits | {"cost": Decimal("0.150")}, four | {"cost": Decimal("0.200")})
    edge = [fits | {"cost": Decimal("0.15005")}, at(60, "0.2000", "0.2") | {"cost": Decimal("0.2001")}]
    # Costs have five decimals here: 0.05 + 0.000005 is the most.
    assert found("rate_precision", edge[0] | {"cost": Decimal("0.15000")}, edge[1])
    told = found("rate_precision", edge[0] | {"cost": Decimal("0.15006")}, edge[1])
    assert [finding["reported"] for finding in told] == ["0.20"]


def test_rates_that_are_right_are_not_asked_about():
    """Costs within half a unit of rate times seconds raise no question."""
    assert not found("rate_precision", itnio(), itnio())


def test_each_rate_source_and_currency_is_judged_alone():
    """A wrong cost at one rate does not speak about another rate, currency or vendor."""
    others = at(60, "9", "0.2"), at(60, "9", currency="EUR"), at(60, "9", source="nx-whatsapp")
    told = found("rate_precision", *HIDDEN, *others)
    assert [(finding["reported"], finding["currency"]) for finding in told] == [("0.10", "USD")]


def test_a_stated_tolerance_leaves_no_question():
    """With a tolerance of the user's own, what is beyond it is an error, hidden digits or not."""
    assert not found("rate_precision", *HIDDEN, tolerance="0.0001")
    assert len(found("cost", *HIDDEN, tolerance="0.0001")) == 3


def test_every_call_of_the_rate_is_excused():
    """A rating that rounds coarser than the vendor writes does not make an error of what was found to fit."""
    rating = Rating(decimals=1, rounding="down")
    assert only("rate_precision", *HIDDEN, at(50, "0.0837"), rating=rating)
    assert not found("cost", *HIDDEN, at(50, "0.0837"), rating=rating)


def test_calls_without_seconds_owe_no_fee():
    """A connect fee is not expected of an answered call whose charged seconds are zero."""
    free = itnio(charged_duration=0, cost=Decimal("0.02"), rate=Decimal("0.1"))
    rating = Rating(connect_fee="0.02")
    assert not found("rate_precision", free, rating=rating)
    assert only("cost", free, itnio(cost=Decimal("0.09998")), rating=rating)["reported"] == "0.02"


def test_a_block_of_unknown_length_hides_nothing():
    """Without a readable bill period a rate per block cannot excuse a cost for no seconds."""
    odd = itnio(charged_duration=0, cost=Decimal("5.5"), bill_period=None)
    assert not found("rate_precision", odd, rating=Rating(per_seconds="block"))
    assert found("cost", odd, rating=Rating(per_seconds="block"))
