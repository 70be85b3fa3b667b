from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import pytest

import callkit as ck
from callkit.reconciliation.held import INVOICED, RESTATEMENTS
from reconciliation.calls import NOON, cdrs, itnio
from reconciliation.found import found, marks, only


class Kept:
    """An archive that holds these versions and invoices."""

    def __init__(self, versions: list[dict[str, Any]] = (), invoices: list[dict[str, Any]] = ()) -> None:
        self._versions = pl.DataFrame([dict.fromkeys(RESTATEMENTS) | row for row in versions], RESTATEMENTS)
        self._invoices = pl.DataFrame([dict.fromkeys(INVOICED) | row for row in invoices], INVOICED)

    def restatements(self) -> pl.DataFrame:
        return self._versions

    def invoiced(self) -> pl.DataFrame:
        return self._invoices


VERSION = {
    "source": "itnio-voice",
    "call_id": itnio()["call_id"],
    "currency": "USD",
    "seen_at": NOON,
    "cost_before": Decimal("0.06"),
    "cost_after": Decimal("0.07998"),
}


def test_fires_on_two_versions_that_differ_in_money():
    """A record that was changed after it was first read is a question, with both amounts and when it was seen."""
    finding = only("restated", itnio(), keep=True, archive=Kept([VERSION]))
    assert marks(finding) == ("warning", "D", None)
    assert (finding["reported"], finding["expected"]) == ("0.07998", "0.06")
    assert finding["amount"] is None
    assert finding["explanation"] == (
        "Until 2026-10-05 12:00:00+00:00 the record said 0.06 USD; since then it says 0.07998. Why was it changed?"
    )


def test_a_settled_amount_counts_as_money():
    """A change of the settled amount alone is told as well."""
    version = VERSION | {"cost_before": Decimal("0.07998"), "settle_cost_after": Decimal("0.1")}
    assert (
        only("restated", itnio(), keep=True, archive=Kept([version]))["reported"] == "0.07998 (settled 0.10)"
    )


def test_other_changes_are_silent():
    """Versions that differ in no money, and those of calls that are not asked about, are not told."""
    same = VERSION | {"cost_before": Decimal("0.07998")}
    other = VERSION | {"call_id": "another"}
    assert not found("restated", itnio(), keep=True, archive=Kept([same, other]))


def test_something_else_than_an_archive_is_refused():
    """What cannot be asked for its restatements is no archive."""
    with pytest.raises(TypeError, match=r"archive must be a callkit\.Archive"):
        ck.reconcile(cdrs(itnio()), archive=cdrs(itnio()))
