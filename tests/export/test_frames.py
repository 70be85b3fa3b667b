"""Files that others open can do them no harm."""

from __future__ import annotations

import csv
import re
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from callkit.cdr import MONEY
from callkit.export import write, write_csv, write_xlsx


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


def cells(file: Path) -> tuple[dict[str, str], list[str]]:
    """The first two rows of a workbook's sheet, as XML by cell, and all names in the archive."""
    with zipfile.ZipFile(file) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        return dict(re.findall(r'<c r="([A-Z]+[12])"(.*?)</c>', sheet)), archive.namelist()


def test_a_workbook_holds_data_only(tmp_path: Path) -> None:
    """In a workbook text is text, whatever it looks like: no formula, no link, no id that lost its digits."""
    frame = pl.DataFrame(
        {
            "call_id": ["22030311133810000001"],
            "note": ["=1+1"],
            "recording": ["https://example.com/=x"],
            "amount": pl.Series([Decimal("0.0133290001")], dtype=MONEY),
            "long": pl.Series([Decimal("1234567890123.0000000001")], dtype=MONEY),
            "seconds": [42],
            "found": [True],
            "at": pl.Series([datetime(2026, 9, 1, 12, tzinfo=UTC)], dtype=pl.Datetime("us", "UTC")),
        }
    )
    found, names = cells(write_xlsx(frame, tmp_path / "frame.xlsx"))
    for cell, text in (("A2", "22030311133810000001"), ("B2", "=1+1"), ("E2", "1234567890123.0000000001")):
        assert 't="inlineStr"' in found[cell]
        assert f">{text}<" in found[cell]
    assert "<v>0.0133290001</v>" in found["D2"]
    assert "<v>42</v>" in found["F2"]
    assert "<v>46266.5</v>" in found["H2"]
    assert not any("rels" in name and "sheet" in name for name in names)
    assert not any("<f>" in cell for cell in found.values())
    assert ">at (UTC)<" in found["H1"]


def test_a_workbook_is_the_same_twice(tmp_path: Path) -> None:
    """The same frame gives the same bytes."""
    frame = pl.DataFrame({"note": ["a", None, "b"]})
    one, two = (write_xlsx(frame, tmp_path / name).read_bytes() for name in ("one.xlsx", "two.xlsx"))
    assert one == two


@pytest.mark.parametrize("text", ["x" * 32_768, "\N{GRINNING FACE}" * 16_384])
def test_what_a_workbook_cannot_hold_is_refused(tmp_path: Path, text: str) -> None:
    """A text longer than a cell is refused by name, rather than left out without a word."""
    with pytest.raises(ValueError, match="a text in note is longer"):
        write_xlsx(pl.DataFrame({"note": [text]}), tmp_path / "notes.xlsx")


def test_text_is_not_taken_for_the_library_s_own_markup(tmp_path: Path) -> None:
    """A text that looks like a spreadsheet's markup is written as what it is, and the workbook stays readable."""
    hostile = ["<r></is></c><f>1+1</f></r>", "<r>a & b</r>", "</r>"]
    file = write_xlsx(pl.DataFrame({"note": hostile}), tmp_path / "notes.xlsx")
    sheet = openpyxl.load_workbook(file).active
    assert [sheet.cell(row, 1).value for row in (2, 3, 4)] == hostile


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """A failing writer leaves the old file and nothing beside it; an unknown ending is told with the known ones."""
    file = tmp_path / "notes.xlsx"
    file.write_text("old")
    with pytest.raises(ValueError, match="longer than"):
        write(pl.DataFrame({"note": ["x" * 32_768]}), file)
    assert [(found.name, found.read_text()) for found in tmp_path.iterdir()] == [("notes.xlsx", "old")]
    with pytest.raises(ValueError, match=r"notes.ods ends in none of .csv, .parquet, .xlsx"):
        write(pl.DataFrame(), tmp_path / "notes.ods")
