from __future__ import annotations

from decimal import Decimal

import pytest

from reconciliation.calls import itnio, whatsapp
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
