from __future__ import annotations

from decimal import Decimal

import pytest

from reconciliation.calls import deck, itnio, whatsapp
from reconciliation.found import found, marks, only


def test_fires_on_a_price_for_an_inbound_call():
    """An inbound WhatsApp call with a price is a question with the price in it, no claim."""
    finding = only("inbound_charged", whatsapp(direction="in"))
    assert marks(finding) == ("warning", "D", None)
    assert (finding["reported"], finding["amount"]) == ("0.08", None)
    assert "0.08 EUR are billed" in finding["explanation"]


@pytest.mark.parametrize(
    "call",
    [
        whatsapp(direction="in", cost=Decimal(0)),
        whatsapp(direction="in", cost=None),
        whatsapp(direction="out"),
        whatsapp(direction=None),
        itnio(direction="in"),
    ],
)
def test_silent_on_others(call):
    """Free inbound calls, outbound ones and those of the other vendor are no finding."""
    assert not found("inbound_charged", call)


def test_a_deck_that_says_free_makes_it_an_error():
    """Where the contract says that calls in are free, a price is an error of the contract; the rate tells the money."""
    free = deck({"prefix": "86", "rate": Decimal(0), "currency": "EUR", "direction": "in"})
    finding = only("inbound_charged", whatsapp(direction="in"), rate_deck=free)
    assert marks(finding) == ("error", "B", None)
    assert (
        "which the rate deck says is free (prefix 86, Germany (frame, row 1)), and 0.08 EUR"
        in finding["explanation"]
    )


def test_a_deck_that_prices_it_answers_the_question():
    """Where the contract has a price for calls in, there is nothing to ask."""
    priced = deck({"prefix": "86", "currency": "EUR", "direction": "in"})
    assert not found("inbound_charged", whatsapp(direction="in"), rate_deck=priced)
    assert found("inbound_charged", whatsapp(direction="in"), rate_deck=deck())
