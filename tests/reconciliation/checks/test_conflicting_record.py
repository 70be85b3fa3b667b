from __future__ import annotations

from decimal import Decimal

import callkit as ck
from reconciliation.calls import cdrs, itnio, whatsapp
from reconciliation.found import found, marks, only


def test_fires_on_one_id_with_different_values():
    """An id with two different records is an error that names the fields and both costs; both are taken as billed."""
    calls = [itnio(), itnio(cost=Decimal("0.1"), ended_at=None)]
    finding = only("conflicting_record", *calls, keep=True)
    assert marks(finding) == ("error", "A", None)
    assert (finding["reported"], finding["amount"]) == ("0.07998, 0.10", None)
    assert "lists this call 2 times, with different values of ended_at, cost;" in finding["explanation"]
    assert ck.reconcile(cdrs(*calls)).totals["billed"].item() == Decimal("0.17998")


def test_a_null_is_another_value():
    """A field that one record has and the other lacks is a difference."""
    finding = only("conflicting_record", itnio(), itnio(cost=None), keep=True)
    assert finding["reported"] == "0.07998, none"


def test_exact_copies_are_no_conflict():
    """The same record given several times is one record."""
    assert not found("conflicting_record", itnio(), itnio(), itnio(), keep=True)


def test_ids_of_two_vendors_are_two_ids():
    """The same id at both vendors is no conflict, nor are records without an id."""
    assert not found("conflicting_record", itnio(call_id="1"), whatsapp(call_id="1"), keep=True)
    assert not found("conflicting_record", itnio(call_id=None), itnio(call_id=None, cost=None), keep=True)


def test_columns_of_the_users_own_accuse_nobody():
    """One record that came in two files, with the file in a column, is a question that names that column."""
    own = [itnio(file="a.csv", parts=[1]), itnio(file="b.csv", parts=[2])]
    finding = only("conflicting_record", *own, keep=True)
    assert marks(finding) == ("error", "D", None)
    assert "only columns of your own differ: file, parts. Each is taken as billed" in finding["explanation"]
    both = only("conflicting_record", own[0], itnio(file="b.csv", parts=[1], cost=Decimal("0.1")), keep=True)
    assert both["grade"] == "A"
    assert "different values of cost;" in both["explanation"]
