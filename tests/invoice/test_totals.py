"""Totals that an invoice prints: held against its lines, and never added to them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import callkit as ck
from invoice.bills import SEPTEMBER

D = Decimal
HEAD = ("Destination", "Type", "Currency", "Calls", "Amount")


def read(*rows: tuple[Any, ...], **arguments: Any) -> ck.Invoice:
    texts = [tuple(None if cell is None else str(cell) for cell in row) for row in rows]
    table = pl.DataFrame(texts, schema=dict.fromkeys(HEAD, pl.String), orient="row")
    return ck.Invoice.read(table, period=SEPTEMBER, **arguments)


LINES = (
    ("Chile", "usage", "USD", 3, "1.25"),
    ("France", "usage", "USD", 4, "2.00"),
    ("Platform", "fee", "USD", None, "5.00"),
    ("VAT", "tax", "USD", None, "0.83"),
)


@pytest.mark.parametrize(
    ("total", "of"),
    [
        (("Grand total", None, "USD", None, "9.08"), "all lines"),
        (("Total", None, None, 7, "9.08"), "all lines"),
        (("Total due (USD)", None, None, None, "9.08"), "all lines"),
        ((None, "Sub-total", "USD", 7, "3.25"), "all lines, usage only"),
        (("Total excl. VAT", None, "USD", None, "8.25"), "all lines, without tax"),
        (("Total tax", None, "USD", None, "0.83"), "all lines, tax only"),
        (("合计", None, "USD", None, "9.08"), "all lines"),
    ],
)
def test_a_total_is_checked_and_left_out(total: tuple[Any, ...], of: str) -> None:
    """Whatever it calls itself, a total that fits its lines is told of apart, and the lines stay as they are."""
    invoice = read(*LINES, total)
    assert invoice.lines.height == len(LINES)
    assert invoice.lines["amount"].sum() == D("9.08")
    assert invoice.totals.select("currency", "amount", "of").row(0) == ("USD", D(total[4]), of)


def test_subtotals_of_parts_and_a_total_of_all() -> None:
    """Totals of the lines since the last total, and one of everything: each is checked against its own lines."""
    invoice = read(
        LINES[0],
        ("Subtotal", None, "USD", 3, "1.25"),
        LINES[1],
        ("Subtotal", None, "USD", 4, "2.00"),
        LINES[2],
        LINES[3],
        ("Total", None, "USD", None, "9.08"),
    )
    assert invoice.totals["of"].to_list() == [
        "the lines above",
        "the lines since the total before",
        "all lines",
    ]
    assert invoice.lines["line"].to_list() == [0, 1, 2, 3]
    assert invoice.lines["place"].to_list() == ["row 1", "row 3", "row 5", "row 6"]


def test_totals_of_several_currencies() -> None:
    """Each currency has its own total; one that does not say its currency among several is refused by row."""
    euro = ("Chile", "usage", "EUR", 1, "7.00")
    ends = (("Total", None, "USD", None, "9.08"), ("Total", None, "EUR", None, "7.00"))
    assert read(*LINES, euro, *ends).totals["currency"].to_list() == ["USD", "EUR"]
    with pytest.raises(ck.SchemaError, match=r"row 6 is a total of 16\.08 without a currency.*EUR, USD"):
        read(*LINES, euro, ("Total", None, None, None, "16.08"))


@pytest.mark.parametrize("wrong", [("Total", None, "USD", None, "9.20"), ("Total", None, "USD", 8, "9.08")])
def test_a_total_that_fits_no_lines_is_refused_by_row(wrong: tuple[Any, ...]) -> None:
    """An amount or a number of calls that no lines add up to: the row, what it says, and what the lines say."""
    with pytest.raises(ck.SchemaError) as told:
        read(*LINES, wrong)
    assert "row 5 is a total of" in str(told.value)
    assert "add up to 9.08 for 7 calls (usage 3.25, fee 5.00, tax 0.83)" in str(told.value)


def test_a_rounded_total_is_one_and_its_rounding_is_told() -> None:
    """A total rounded from more digits than its lines show fits, and the difference is there to see."""
    invoice = read(*LINES, ("Total", None, "USD", None, "9.10"))
    assert invoice.totals.select("amount", "lines_amount").row(0) == (D("9.10"), D("9.08"))
    assert "row 5: the total 9.10 USD is rounded; all lines add up to 9.08" in repr(invoice)


def test_a_total_in_the_first_column_is_no_date() -> None:
    """A row that says "Total" where its day should stand is a total, not an unreadable day."""
    table = pl.DataFrame(
        {
            "Date": ["2026-09-01", "2026-09-02", "Total"],
            "Currency": "USD",
            "Calls": ["1", "2", "3"],
            "Amount": ["1", "2", "3"],
        }
    )
    invoice = ck.Invoice.read(table)
    assert invoice.lines.height == 2
    assert invoice.totals["amount"].to_list() == [D(3)]


@given(cents=st.lists(st.integers(-5000, 5000), min_size=1, max_size=12), off=st.integers(-300, 300))
def test_no_total_is_ever_counted(cents: list[int], off: int) -> None:
    """With a total at the end an invoice is either refused or asks for exactly what its lines do."""
    rows = [("Chile", "usage", "USD", 1, D(cent) / 100) for cent in cents]
    total = ("Total", None, "USD", len(cents), D(sum(cents) + off) / 100)
    half = len(cents) / 2
    if abs(off) > half:
        with pytest.raises(ck.SchemaError, match="is a total of"):
            read(*rows, total)
    else:
        assert read(*rows, total).lines["amount"].sum() == D(sum(cents)) / 100


def test_a_sum_without_a_name_is_not_counted_as_a_line():
    """A row without a destination that is the sum of those above it is refused: as a line it would double the bill."""
    lines = LINES[:3]
    with pytest.raises(ck.SchemaError, match=r"row 4 has no destination, and its 8\.25 USD are the sum"):
        read(*lines, (None, None, "USD", 7, "8.25"))
    assert read(*lines, (None, None, "USD", 7, "8.24")).lines.height == 4
    assert read(*lines, (None, None, "EUR", 7, "8.25")).lines.height == 4
    nameless = [(None, None, "USD", 1, amount) for amount in ("1", "2", "3")]
    assert read(*nameless).lines.height == 3, "without any name, a line may be the sum of others"
