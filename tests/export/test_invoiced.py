"""A pack with an invoice shows what the invoice asks for against the records."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import openpyxl
import polars as pl
import pytest

import callkit as ck
from export.packs import result, rows, sheets, spread
from reconciliation.calls import itnio


@pytest.fixture(scope="module")
def tied() -> tuple[ck.Reconciliation, ck.TieOut]:
    made = result(*spread(3), *([itnio(destination="Peru(Lima)")] * 2))
    lines = pl.DataFrame(
        {
            "period_start": ["2026-10-01"] * 2,
            "period_end": ["2026-10-31"] * 2,
            "destination": ["Germany(Mobile)", "=cmd()"],
            "currency": ["USD"] * 2,
            "calls": [4, 1],
            "amount": [Decimal("0.40"), Decimal("1.00")],
        }
    )
    return made, ck.tie_out(made, ck.Invoice.read(lines, date_format="%Y-%m-%d"))


def test_the_workbook_has_the_tie_out(tied: tuple[ck.Reconciliation, ck.TieOut], tmp_path: Path) -> None:
    """The bridge from the invoice to what is due, and the lines that differ, are sheets with exact numbers."""
    made, tie_out = tied
    path = made.to_excel(tmp_path / "a.xlsx", tie_out=tie_out)
    told = sheets(path)
    bridge = [row[:6] for row in told["invoice"].iter_rows(values_only=True) if row[0] == "USD"]
    steps = [Decimal(str(row[5])) for row in bridge[: tie_out.bridge.height]]
    assert steps == tie_out.bridge["amount"].to_list()
    assert [row[1] for row in bridge[:2]] == ["Invoice", "Fees"]
    assert all(row[1] and "_" not in row[1] and row[2] for row in bridge[: tie_out.bridge.height])
    bold = {
        row[1].value for row in told["invoice"].iter_rows(max_row=25) if row[1].font.bold and row[1].value
    }
    assert bold >= {"Invoice", "Billed", "Expected"}
    assert "Fees" not in bold
    differences = rows(told["invoice differences"])
    assert [row["destination"] for row in differences] == tie_out.differences["destination"].to_list()
    assert "=cmd()" in {row["destination"] for row in differences}
    assert isinstance(differences[0]["amount difference"], float | int)
    assert "boundary calls" in told
    cover = {row[0]: row[1] for row in told["cover"].iter_rows(values_only=True) if row[0]}
    assert cover["Period"] == "2026-10-01 00:00 +00:00 to 2026-11-01 00:00 +00:00"
    cells = [cell for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows() for cell in row]
    assert not any(cell.data_type == "f" for cell in cells)


def test_the_report_has_the_tie_out(tied: tuple[ck.Reconciliation, ck.TieOut], tmp_path: Path) -> None:
    """The page has a section about the invoice; without an invoice it has none."""
    made, tie_out = tied
    page = made.to_html(tmp_path / "a.html", tie_out=tie_out).read_text(encoding="utf-8")
    assert "<h2>Invoice</h2>" in page
    assert "Only on the invoice" in page
    assert "lines without any record" in page
    levels = re.findall(r'<tr class="total"><th scope="row">USD</th><td>(\w+)</td>', page)
    assert levels == ["Invoice", "Billed", "Expected"]
    assert '<td>lines without any record</td><td class="number">1</td><td class="number"></td>' in page
    assert "CDR calls" in page
    assert "<h2>Invoice</h2>" not in made.to_html(tmp_path / "b.html").read_text(encoding="utf-8")


def test_the_period_is_told_by_the_clock_that_cut_it(
    tied: tuple[ck.Reconciliation, ck.TieOut], tmp_path: Path
) -> None:
    """Edges are told in the zone of the cut, with its clock in words; a list of nothing is not shown."""
    made, _ = tied
    lines = tied[1].invoice
    path = made.to_excel(
        tmp_path / "a.xlsx", tie_out=ck.tie_out(made, lines, tz="Asia/Shanghai", clock="ended")
    )
    first = [row[0] for row in sheets(path)["invoice"].iter_rows(values_only=True) if row[0]]
    assert (
        "2026-10-01 00:00 +08:00 to 2026-11-01 00:00 +08:00 (Asia/Shanghai), by when a call was ended"
        in first[0]
    )
    assert not any(text.startswith("Records outside") for text in first)


def test_the_same_twice(tied: tuple[ck.Reconciliation, ck.TieOut], tmp_path: Path) -> None:
    """With an invoice, too, equal input gives equal bytes."""
    made, tie_out = tied
    one, two = (made.to_excel(tmp_path / name, tie_out=tie_out).read_bytes() for name in ("a.xlsx", "b.xlsx"))
    assert one == two
