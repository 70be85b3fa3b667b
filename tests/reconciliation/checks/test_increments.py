from __future__ import annotations

from decimal import Decimal

from callkit import Rating
from reconciliation.calls import deck, failed, itnio, whatsapp
from reconciliation.found import bridged, found, marks, only

MINUTES = deck({"bill_period": "60+60"})


def test_fires_on_another_bill_period_than_the_decks():
    """A bill period other than the deck's is an error of the contract, with the amount of the bridge's step."""
    # 31 s are 36 s on 6+6 and 60 s on 60+60, and the record was charged by the dearer one.
    call = itnio(bill_period="60+60", charged_duration=60, cost=Decimal("0.1333"))
    finding = only("increments", call, rate_deck=deck())
    assert marks(finding) == ("error", "B", "increments")
    assert (finding["reported"], finding["expected"]) == ("60+60", "6+6")
    assert finding["amount"] == bridged("increments", call, rate_deck=deck()) == Decimal("0.05332")
    assert finding["explanation"] == (
        "The rate deck says 6+6 for prefix 49, Germany (frame, row 1); the record is billed on 60+60: 31 s of talk are "
        "36 s by the deck, 60 s by the record, at the record's rate 0.05332 USD too much."
    )


def test_a_cheaper_bill_period_is_told_as_well():
    """Where the deck's bill period would have cost more, the amount is negative."""
    finding = only("increments", itnio(), rate_deck=MINUTES)
    assert finding["amount"] == Decimal("-0.05332")
    assert finding["explanation"].endswith("0.05332 USD too little.")


def test_a_difference_without_money_is_still_one():
    """The contract is broken also where this call's seconds come out the same."""
    call = itnio(call_duration=60, charged_duration=60, cost=Decimal("0.1333"))
    finding = only("increments", call, rate_deck=MINUTES)
    assert finding["amount"] == 0
    assert "costs this call nothing" in finding["explanation"]


def test_the_same_bill_period_written_otherwise_is_the_same():
    """Blanks and leading zeros are no difference; nor is a deck that says nothing of the bill period."""
    assert not found("increments", itnio(bill_period=" 06 + 6"), rate_deck=deck())
    assert not found("increments", itnio(), rate_deck=deck({"bill_period": None}))


def test_only_priced_and_answered_calls_are_asked():
    """Calls that nobody answered, that the deck does not price, or whose bill period is unreadable, are silent."""
    calls = (failed(), whatsapp(currency="GBP"), itnio(bill_period="6x6"))
    assert not found("increments", *calls, rate_deck=MINUTES)
    assert not found("increments", itnio())


def test_the_meaning_of_the_bill_period_is_the_ratings():
    """The deck's seconds follow from the same meaning of a+b as the record's."""
    call = itnio(bill_period="1+1", charged_duration=31, cost=Decimal("0.068872"))
    ten = deck({"bill_period": "10+6"})
    after_first = only("increments", call, rate_deck=ten, rating=Rating())
    total = only("increments", call, rate_deck=ten, rating=Rating(increments="total"))
    assert "34 s by the deck" in after_first["explanation"]
    assert "36 s by the deck" in total["explanation"]
