from __future__ import annotations

import json

import pytest

from reconciliation.calls import whatsapp
from reconciliation.found import found, marks, only


def lines(*currencies: str) -> str:
    return json.dumps({"costs": [{"currency": name, "price": 0.08, "direction": 1} for name in currencies]})


def test_fires_on_several_currencies():
    """A call with cost lines in two currencies is an error that names them, and is not told as unpriced beside."""
    call = whatsapp(cost=None, currency=None, extra=lines("USD", "EUR", "USD"))
    finding = only("mixed_currency", call)
    assert marks(finding) == ("error", "D", None)
    assert (finding["reported"], finding["amount"], finding["currency"]) == ("EUR, USD", None, None)
    assert "several currencies (EUR, USD)" in finding["explanation"]
    assert not found("unpriced", call)


@pytest.mark.parametrize(
    "changed",
    [
        {"extra": lines("EUR", "EUR"), "cost": None, "currency": None},
        {"extra": lines("EUR", "USD")},
        {"extra": None, "cost": None, "currency": None},
        {"extra": json.dumps({"note": lines("EUR", "USD")}), "cost": None, "currency": None},
    ],
)
def test_silent_on_one_currency(changed):
    """Lines of one currency, a call that has its sum, and text that only quotes such lines are no finding."""
    assert not found("mixed_currency", whatsapp(**changed))
