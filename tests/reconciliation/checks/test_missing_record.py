from __future__ import annotations

import callkit as ck
from reconciliation.calls import cdrs, itnio, missing
from reconciliation.found import found, marks, only


def test_fires_on_an_unknown_id():
    """An id that was asked for and has no CDR is a warning that says so, and nothing else is found about it."""
    finding = only("missing_record", missing())
    assert marks(finding) == ("warning", "D", None)
    assert "no record of this call (code 10014)" in finding["explanation"]
    assert ck.reconcile(cdrs(missing())).findings.height == 1


def test_silent_on_records():
    """A record that is there, or of which nothing is said, is not missing."""
    assert not found("missing_record", itnio(), itnio(found=None))


def test_a_missing_record_is_unverified():
    """What is not there has no expected charge, is in no sum, and keeps its row."""
    result = ck.reconcile(cdrs(missing()))
    row = result.cdrs.row(0, named=True)
    assert (row["verdict"], row["expected_cost"], row["expected_charged_duration"]) == (
        "unverified",
        None,
        None,
    )
    assert result.bridge.is_empty()
    assert result.totals.is_empty()
