"""Files that others open can do them no harm."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from callkit.cdr import MONEY
from callkit.export import write_csv


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_text_becomes_a_formula(tmp_path: Path, text: str) -> None:
    """Text that a spreadsheet would run is kept, with an apostrophe in front of it."""
    file = write_csv(pl.DataFrame({"note": [text]}), tmp_path / "notes.csv")
    with file.open(newline="", encoding="utf-8") as lines:
        assert [row["note"] for row in csv.DictReader(lines)] == ["'" + text]


def test_amounts_instants_and_harmless_text_are_written_as_they_are(tmp_path: Path) -> None:
    """Negative amounts stay numbers with all their decimals; instants carry their offset; nulls are empty."""
    frame = pl.DataFrame(
        {
            "amount": pl.Series([Decimal("-0.0133290001"), None], dtype=MONEY),
            "at": pl.Series([datetime(2026, 9, 1, 12, tzinfo=UTC), None], dtype=pl.Datetime("us", "UTC")),
            "note": ['a, "b"\nc', None],
        }
    )
    with write_csv(frame, tmp_path / "frame.csv").open(newline="", encoding="utf-8") as lines:
        first, second = csv.DictReader(lines)
    assert first == {"amount": "-0.0133290001", "at": "2026-09-01T12:00:00+00:00", "note": 'a, "b"\nc'}
    assert set(second.values()) == {""}
