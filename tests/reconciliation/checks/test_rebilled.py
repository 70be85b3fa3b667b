from __future__ import annotations

from datetime import timedelta

from reconciliation.calls import NOON, failed, itnio
from reconciliation.checks.test_restated import Kept
from reconciliation.found import found, marks, only

START = NOON - timedelta(days=4)
EARLIER = {
    "source": "itnio-voice",
    "call_id": itnio()["call_id"],
    "invoice": "2026-09",
    "period_start": START - timedelta(days=30),
    "period_end": START,
}
PERIOD = (START, START + timedelta(days=30))


def test_fires_on_a_call_of_an_earlier_invoice():
    """A call that stood on an earlier invoice is an error of the contract, and the invoice is named."""
    finding = only("rebilled", itnio(), keep=True, archive=Kept(invoices=[EARLIER]), period=PERIOD)
    assert marks(finding) == ("error", "B", None)
    assert (finding["reported"], finding["amount"]) == ("0.07998", None)
    assert finding["explanation"] == (
        "The call was billed on invoice 2026-09 already, and again with 0.07998 USD."
    )


def test_the_invoice_of_the_period_itself_is_silent():
    """What is on the invoice that is being checked is not billed twice by that."""
    same = EARLIER | {"period_start": PERIOD[0], "period_end": PERIOD[1]}
    assert not found("rebilled", itnio(), keep=True, archive=Kept(invoices=[same]), period=PERIOD)


def test_without_a_period_every_invoice_counts():
    """Where no period is asked for, every recorded invoice is an earlier one; so is one without an end."""
    same = EARLIER | {"period_end": PERIOD[1]}
    assert only("rebilled", itnio(), keep=True, archive=Kept(invoices=[same]))
    endless = EARLIER | {"period_end": None}
    assert only("rebilled", itnio(), keep=True, archive=Kept(invoices=[endless]), period=PERIOD)


def test_a_call_that_costs_nothing_is_silent():
    """Nothing is billed twice where nothing is billed."""
    assert not found("rebilled", failed(), keep=True, archive=Kept(invoices=[EARLIER]))


def test_a_call_is_told_once():
    """A call on two earlier invoices is one finding, which names the first."""
    before = EARLIER | {"invoice": "2026-08", "period_end": START - timedelta(days=30)}
    archive = Kept(invoices=[EARLIER, before])
    assert "invoice 2026-08" in only("rebilled", itnio(), keep=True, archive=archive)["explanation"]
