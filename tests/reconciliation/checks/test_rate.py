from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

import callkit as ck
from callkit import Rating
from reconciliation.calls import NOON, cdrs, deck, failed, itnio, numbered, seconds, whatsapp
from reconciliation.found import bridged, found, marks, only

CHEAP = deck({"rate": Decimal("0.12")})
EUROS = deck({"currency": "EUR"})


def test_fires_on_another_rate_than_the_decks():
    """A rate other than the deck's is an error of the contract, with the amount that the bridge gives the step."""
    finding = only("rate", itnio(), rate_deck=CHEAP)
    assert marks(finding) == ("error", "B", "rate")
    assert (finding["reported"], finding["expected"]) == ("0.1333", "0.12")
    # 36 s × 0.1333/min are 0.07998, 36 s × 0.12/min are 0.072.
    assert finding["amount"] == bridged("rate", itnio(), rate_deck=CHEAP) == Decimal("0.00798")
    assert finding["explanation"] == (
        "The rate deck says 0.12/min USD for prefix 49, Germany (frame, row 1); the record charges 0.1333/min: "
        "0.00798 USD too much."
    )


def test_the_decks_rate_is_right():
    """A call at the deck's rate is silent, agrees, and is expected to cost what the deck says."""
    result = ck.reconcile(cdrs(itnio()), rate_deck=deck())
    assert result.findings.is_empty()
    assert result.cdrs.row(0, named=True)["expected_rate"] == Decimal("0.1333")
    assert result.coverage.row(0, named=True)["status"] == "contract_verified"


def test_too_cheap_is_told_as_well():
    """A rate below the deck's is an undercharge, shown apart."""
    result = ck.reconcile(cdrs(itnio()), rate_deck=deck({"rate": Decimal("0.2")}))
    assert result.findings["amount"].to_list() == [Decimal("-0.04002")]
    assert result.cdrs["verdict"].to_list() == ["undercharged"]
    assert result.claims.is_empty()


def test_what_would_explain_the_price_is_named():
    """An earlier version of the row, whose price was billed, is named."""
    later = NOON - timedelta(days=1)
    dated = deck({"valid_to": later}, {"rate": Decimal("0.12"), "valid_from": later})
    explanation = only("rate", itnio(), rate_deck=dated)["explanation"]
    assert "frame, row 2" in explanation
    assert "What was billed is" in explanation
    assert "row 1" in explanation.partition("What was billed is")[2]


def test_a_claim_rests_on_the_contract():
    """The claim of a wrong rate says that the contract is what it rests on."""
    claim = ck.reconcile(cdrs(itnio()), rate_deck=CHEAP).claims.row(0, named=True)
    assert (claim["grade"], claim["cause"], claim["claim"]) == ("B", "rate", Decimal("0.00798"))
    assert "By our contract USD 0.072 is due" in claim["explanation"]


def test_a_price_that_the_deck_lacks_is_a_question():
    """A billed call that no prefix matches is told with the reason, and without an amount."""
    finding = only("rate", itnio(), rate_deck=EUROS)
    assert marks(finding) == ("error", "D", None)
    assert finding["amount"] is None
    assert finding["expected"] == "a price in the rate deck"
    assert "EUR" in finding["explanation"]
    covered = ck.reconcile(numbered(itnio()), rate_deck=EUROS).coverage.row(0, named=True)
    assert covered["status"] == "self_consistent"


def test_nothing_to_price_needs_no_price():
    """Calls that nobody answered are not asked for, whether the deck has a price or not."""
    assert not found("rate", failed(), rate_deck=EUROS)
    assert not found("rate", failed(), rate_deck=CHEAP)


def test_without_a_deck_it_is_silent():
    """Nothing is said of rates where there is no deck."""
    assert not found("rate", itnio(), whatsapp())


def test_digits_that_are_not_shown_are_no_difference():
    """A rate that the vendor shows with fewer digits than it charges by agrees with the deck that has them all."""
    # 0.13334 a minute, shown as 0.1333: 36 s cost 0.080004.
    result = ck.reconcile(cdrs(itnio(cost=Decimal("0.080004"))), rate_deck=deck({"rate": Decimal("0.13334")}))
    assert not result.findings.filter(check="rate").height
    assert result.cdrs["verdict"].to_list() == ["agrees"]


@pytest.mark.parametrize(("cost", "differs"), [("0.079980", False), ("0.0801", True)])
def test_a_record_without_a_rate_is_held_against_the_decks_cost(cost, differs):
    """With a stated rating, a WhatsApp call that costs something else than its seconds at the deck's rate is wrong."""
    call = whatsapp(cost=Decimal(cost), currency="USD")
    findings = found("rate", call, rate_deck=deck(), rating=Rating())
    assert bool(findings) == differs
    if differs:
        assert marks(findings[0]) == ("error", "B", "rate")
        assert findings[0]["amount"] == Decimal("0.00012")
        assert findings[0]["reported"] == "0.0801 for 36 s"
        assert (
            "36 s by it cost 0.07998, and 0.0801 are billed: 0.00012 USD too much"
            in findings[0]["explanation"]
        )


def test_an_assumed_unit_supports_no_claim():
    """Where neither a record nor the user says what a rate is the price of, a derived price is only a question."""
    finding = only("rate", whatsapp(cost=Decimal("0.0801"), currency="USD"), rate_deck=deck())
    assert (finding["grade"], finding["step"], finding["amount"]) == ("D", None, None)
    assert "state it with rating=" in finding["explanation"]


def test_a_deck_that_states_its_unit_supports_a_claim():
    """The deck's own word for the unit is enough to hold a record without a rate to its price."""
    call = whatsapp(cost=Decimal("0.5"), currency="USD")
    result = ck.reconcile(cdrs(call), rate_deck=deck(unit=60))
    finding = result.findings.filter(check="rate").row(0, named=True)
    assert (finding["grade"], finding["amount"]) == ("B", Decimal("0.42002"))
    assert result.claims["claim"].to_list() == [Decimal("0.42002")]
    assert result.coverage.row(0, named=True)["status"] == "contract_verified"


def test_the_worth_of_a_price_is_told_for_the_seconds_that_are_due():
    """Where other seconds were charged than are due, the sentence does not give the step as a difference of costs."""
    call = whatsapp(cost=Decimal("0.08"), currency="USD")
    dear = deck({"rate": Decimal("0.1"), "bill_period": "1+1"}, unit=60)
    finding = ck.reconcile(cdrs(call), rate_deck=dear).findings.filter(check="rate").row(0, named=True)
    # 31 s at 0.08 for 36 s are 0.068889, at 0.1/min 0.051667.
    assert finding["amount"] == Decimal("0.017222")
    assert (
        "36 s by it cost 0.06, and 0.08 are billed; for the 31 s that are due, that is 0.017222 USD too much."
        in finding["explanation"]
    )


def test_an_assumed_rounding_supports_no_claim():
    """Less than a unit of the cost's last decimal is only a question while nobody says how costs are rounded."""
    call = whatsapp(cost=Decimal("0.0801"), currency="USD")
    question = only("rate", call, rate_deck=deck({"rate": Decimal("0.1334")}, unit=60))
    assert question["grade"] == "D"
    assert "36 s by it cost 0.08004, and 0.0801 are billed: 0.00006 USD too much." in question["explanation"]
    assert "how costs are rounded: state it with rating=" in question["explanation"]
    assert only("rate", call, rate_deck=deck({"rate": Decimal("0.1332")}, unit=60))["grade"] == "B"


def test_the_decks_rates_show_the_unit_where_records_have_none():
    """Records without rates, priced by the deck, are enough to see what its rates are the price of."""
    calls = [
        whatsapp(
            call_duration=at, charged_duration=-(-at // 6) * 6, currency="USD",
            cost=Decimal(-(-at // 6) * 6) * Decimal("0.0133"), ended_at=NOON + seconds(at),
        )
        for at in range(1, 301)
    ]  # fmt: skip
    calls[7]["cost"] = Decimal("0.2")
    per_second = deck({"rate": Decimal("0.0133")})
    finding = only("rate", *calls, rate_deck=per_second)
    assert (finding["grade"], finding["call_id"]) == ("B", "id-00007")
    assert finding["amount"] == Decimal("0.2") - 12 * Decimal("0.0133")


def test_a_deck_may_have_another_unit_than_the_record():
    """A deck's rates per hour are compared with the record's per minute, and charge what they say."""
    hourly = deck({"rate": Decimal("7.998")}, unit=3600)
    assert not found("rate", itnio(), rate_deck=hourly)
    finding = only("rate", itnio(), rate_deck=deck({"rate": Decimal("7.2")}, unit=3600))
    assert finding["amount"] == Decimal("0.00798")
    assert "The rate deck says 7.20/h USD" in finding["explanation"]
    assert "the record charges 0.1333/min" in finding["explanation"]
    dated = deck({"rate": Decimal("7.2")}, {"prefix": "4", "rate": Decimal("7.998")}, unit=3600)
    assert "row 2" in only("rate", itnio(), rate_deck=dated)["explanation"].partition("What was billed is")[2]


def test_something_else_than_a_deck_is_refused():
    """A frame is no deck: the error says what is expected."""
    with pytest.raises(TypeError, match=r"rate_deck must be a callkit\.RateDeck"):
        ck.reconcile(cdrs(itnio()), rate_deck=cdrs(itnio()))
