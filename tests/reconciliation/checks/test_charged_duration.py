from __future__ import annotations

from decimal import Decimal

import pytest

from callkit import Rating
from reconciliation.calls import failed, itnio, whatsapp
from reconciliation.found import bridged, found, marks, only


def test_fires_on_other_seconds_than_due():
    """Charged seconds other than S(d, p) are an error with the amount that the bridge gives the step."""
    over = itnio(charged_duration=42, cost=Decimal("0.09331"))
    finding = only("charged_duration", over)
    assert marks(finding) == ("error", "A", "duration")
    assert (finding["reported"], finding["expected"]) == ("42", "36")
    assert finding["amount"] == bridged("duration", over) == Decimal("0.01333")
    assert finding["explanation"] == (
        "31 s on 6+6: the first 6 s, then 25 s in steps of 6 s → 36 s. "
        "Charged 42 s: 6 s too much, worth 0.01333 USD."
    )


@pytest.mark.parametrize("off", [-1, 1])
def test_a_single_second_counts(off):
    """There is no tolerance for seconds: one is enough, to either side, and undercharges are negative."""
    finding = only("charged_duration", itnio(charged_duration=36 + off))
    assert (finding["amount"] > 0) == (off > 0)
    assert f"1 s too {'much' if off > 0 else 'little'}" in finding["explanation"]


@pytest.mark.parametrize(
    "call",
    [
        itnio(),
        whatsapp(),
        itnio(call_duration=None),
        itnio(charged_duration=None),
        itnio(bill_period=None, charged_duration=42),
        itnio(bill_period="6", charged_duration=42),
        failed(charged_duration=60, cost=Decimal("0.1")),
        itnio(call_duration=-1, charged_duration=6),
    ],
)
def test_silent_where_seconds_are_right_or_unknown(call):
    """Right seconds, unknown ones, and calls that nobody answered are no finding of this check."""
    assert not found("charged_duration", call)


def test_nothing_is_asked_of_a_double():
    """The seconds of a double are not disputed beside the double itself."""
    calls = [itnio(call_id="1"), itnio(call_id="2", charged_duration=42)]
    assert not found("charged_duration", *calls, keep=True)


def test_no_amount_where_the_cost_is_unknown():
    """Wrong seconds without a cost or a rate are told without an amount."""
    for lacking in ({"cost": None}, {"rate": None, "cost": None}):
        finding = only("charged_duration", itnio(charged_duration=42, **lacking))
        assert finding["amount"] is None
        assert finding["explanation"].endswith("Charged 42 s: 6 s too much.")


def test_without_a_rate_the_cost_is_taken_in_proportion():
    """A WhatsApp call's seconds are worth their share of its cost: 42 s for 0.0933, 36 s for 0.079971."""
    finding = only("charged_duration", whatsapp(charged_duration=42, cost=Decimal("0.0933")))
    assert finding["amount"] == Decimal("0.0933") - Decimal("0.079971")


def test_the_words_follow_the_meaning_of_the_increments():
    """Where the whole call is rounded to steps of b, the sentence says that and not the other meaning."""
    call = itnio(call_duration=11, charged_duration=16, bill_period="10+6", cost=Decimal("0.035547"))
    assert not found("charged_duration", call)
    finding = only("charged_duration", call, rating=Rating(increments="total"))
    assert finding["expected"] == "12"
    assert "11 s on 10+6: all of it in steps of 6 s, at least 10 s → 12 s." in finding["explanation"]


def test_short_calls_are_charged_in_full():
    """A call within the first stretch is told as that, with bill periods shown without their blanks."""
    finding = only("charged_duration", itnio(call_duration=5, charged_duration=5, bill_period=" 20+20 "))
    assert "5 s on 20+20: the first 20 s are charged in full → 20 s." in finding["explanation"]


def test_garbled_seconds_are_told_as_they_are():
    """The difference of the least 64-bit number of seconds is not wrapped around."""
    finding = only("charged_duration", itnio(charged_duration=-(2**63)))
    assert f"{2**63 + 36} s too little" in finding["explanation"]
