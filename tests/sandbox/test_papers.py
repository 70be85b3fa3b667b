"""The papers as callkit's objects are the papers as files."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from sandbox.papers import month
from sandbox.test_deck import END, ITNIO, NX, deck
from sandbox.test_invoicing import invoice


@pytest.mark.parametrize("source", [ITNIO, NX])
def test_the_deck_is_the_file(source: str) -> None:
    """`rate_deck()` has the rows of the file, in its order, and the same instants."""
    rows = month(7).rate_deck(source).rows
    expected = [
        (
            row["Prefix"],
            row["rate"],
            row["Billing increment"],
            row["Currency"],
            row["Direction"],
            row["from"],
            row["to"],
        )
        for row in deck(7, source)
    ]
    names = ("prefix", "rate", "bill_period", "currency", "direction", "valid_from", "valid_to")
    told = [
        (prefix, Fraction(rate), *rest, start, end or END)
        for prefix, rate, *rest, start, end in rows.select(names).iter_rows()
    ]
    assert told == expected


def test_the_invoice_is_the_file(tmp_path: Path) -> None:
    """`invoice()` has the lines of the file, in its order."""
    names = ("kind", "destination", "currency", "calls", "charged_seconds", "amount")

    def value(text: str) -> Any:
        return int(text) if text else None

    expected = [
        (
            line["Type"], line["Destination"], line["Currency"], value(line["Calls"]),
            value(line["Billed seconds"]), Fraction(line["Amount"]),
        )
        for line in invoice(month(7), tmp_path)
    ]  # fmt: skip
    lines = month(7).invoice().lines.select(names)
    assert [(*line[:-1], Fraction(line[-1])) for line in lines.iter_rows()] == expected
