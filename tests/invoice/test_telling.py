"""What a tie-out says of itself: the money, the lines, and what was left out; in full, and safely."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

import callkit as ck
from invoice.bills import bill, line, on
from reconciliation.calls import numbered

D = Decimal
CALL = {"calls": 1, "charged_seconds": 36, "amount": D("0.07998")}


def tied(**arguments: Any) -> ck.TieOut:
    calls = numbered(on(3), on(4, destination="France"), on(-2), on(33))
    invoice = bill(
        line(**CALL | {"amount": D("0.08")}),
        line(**CALL | {"destination": "Nepal", "amount": D("0.30")}),
        line(kind="fee", amount=D(5)),
        number="INV-7",
        **arguments,
    )
    return ck.tie_out(calls, invoice)


def test_a_tie_out_introduces_itself() -> None:
    """Which invoice, where and how it was cut, how the money adds up, how many lines agree, and what lies outside."""
    first, money, *rest = repr(tied()).splitlines()
    assert first == (
        "TieOut of invoice INV-7, 2026-09-01 to 2026-09-30 in UTC, by when a call was submitted, else answered, else "
        "ended; counted: all calls"
    )
    assert money == (
        "  USD: invoice 5.38 = records 0.15996 + fees 5.00 + only on the invoice 0.30 - only in the records 0.07998 "
        "+ rounding 0.00002"
    )
    assert rest == [
        "  lines: 1 agree, 1 only on the invoice, 1 only in the records",
        "  before the period: 1 call, 0.07998 USD",
        "  after the period: 1 call, 0.07998 USD",
    ]


def test_records_that_end_with_the_period_are_told() -> None:
    """Where nothing can show another cut, the tie-out says what to fetch, and warns if no zone is stated."""
    calls, invoice = numbered(on(3), on(33)), bill(line(**CALL), tz=None)
    said = "none is from before it.* Fetch from 2026-08-30T12:00:00"
    with pytest.warns(UserWarning, match=said):
        guessed = ck.tie_out(calls, invoice)
    assert re.search(rf"^  note: .*{said}", repr(guessed), re.MULTILINE)
    assert re.search(f"<div>note: .*{said}", guessed._repr_html_().replace("&#x27;", "'"))
    stated = ck.tie_out(calls, invoice, tz="UTC")
    assert stated.uncovered == guessed.uncovered
    assert ck.tie_out(numbered(on(-2), on(3), on(33)), invoice).uncovered is None


def test_what_was_judged_was_chosen_before() -> None:
    """The calls of the invoice, reconciled and tied out again, have nothing around them and nothing to fetch."""
    invoice = bill(line(**CALL), tz=None)
    result = ck.reconcile(ck.tie_out(numbered(on(-2), on(3), on(33)), invoice).cdrs, rating=ck.Rating())
    for given in (result, result.cdrs):
        tied = ck.tie_out(given, invoice)
        assert tied.uncovered is None
        assert "note" not in repr(tied)


def test_the_notebooks_table_adds_up() -> None:
    """Down every column of the table the steps lead from one bold total to the next."""
    calls = numbered(on(3, charged_duration=42, cost=D("0.09331")), on(4, currency="EUR"))
    result = ck.reconcile(calls, rating=ck.Rating())
    lines = (
        line(**CALL),
        line(**CALL | {"currency": "EUR", "amount": D("0.10")}),
        line(kind="tax", amount=D("1.5")),
    )
    page = ck.tie_out(result, bill(*lines))._repr_html_()
    rows = re.findall(r"<tr>(.*?)</tr>", page.partition("</table>")[0].partition("<tbody>")[2])
    for column in (1, 2):
        running = None
        for row in rows:
            cells = re.findall(r"<td[^>]*>(.*?)</td>", row)
            amount = D(re.sub("<.*?>", "", cells[column]).replace("−", "-"))
            if "<strong>" in cells[0]:
                assert running in (None, amount)
                running = amount
            else:
                assert running is not None
                running += amount
    assert len(rows) > 5


def test_the_table_without_a_reconciliation_ends_with_the_records() -> None:
    """Showing a tie-out of plain records does not reconcile them: the table ends with what they bill."""
    shown = tied()
    page = shown._repr_html_()
    assert "Billed by the records" in page
    assert "Expected" not in page
    assert "reconciliation" not in vars(shown)


def test_what_differs_most_comes_first_and_the_rest_is_counted() -> None:
    """The table shows ten lines that differ, the most money first, and says how many more there are."""
    lines = [line(destination=f"Place {at}", calls=1, amount=D(at)) for at in range(1, 15)]
    page = ck.tie_out(numbered(on(3)), bill(*lines))._repr_html_()
    assert [int(at) for at in re.findall(r"Place (\d+)", page)] == list(range(14, 4, -1))
    assert "… and 5 more in .differences" in page


def test_text_of_others_is_no_markup_and_ids_are_masked() -> None:
    """Nothing of an invoice or a record becomes part of the page, and an id that holds a number is a digest."""
    evil = "<script>alert(1)</script>"
    call_id = "outgoing:wacid.HBgNNDkxNTExMjM0NTY3OA=="
    lines = (line(destination=evil, amount=D(1)), line(destination=evil, call_id=call_id, amount=D(1)))
    page = ck.tie_out(numbered(on(3, destination=evil)), bill(*lines, number=evil))._repr_html_()
    assert "<script" not in page
    assert "&lt;script" in page
    assert "HBgN" not in page
