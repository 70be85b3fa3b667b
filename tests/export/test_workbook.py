"""The dispute workbook: complete, exact, harmless, and the same twice."""

from __future__ import annotations

import zipfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

import callkit as ck
from export.packs import HOSTILE, as_they_are, mixed, over, result, rows, sheets, spread
from reconciliation.calls import itnio, settled

SHEETS = ["cover", "bridge", "findings", "claims", "undercharges", "questions", "further findings", "method"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[ck.Reconciliation, Path]:
    made = result(tz="Asia/Shanghai")
    return made, made.to_excel(tmp_path_factory.mktemp("packs") / "dispute.xlsx")


def clock(text: str) -> datetime:
    """What a workbook's date shows: it knows no zones."""
    return datetime.fromisoformat(text)


def test_every_sheet_is_there(written: tuple[ck.Reconciliation, Path]) -> None:
    """A pack has its sheets in their order, and behind them the numbers that the charts stand on."""
    assert list(sheets(written[1])) == [*SHEETS, "chart data"]


def test_one_row_of_evidence_per_claim(written: tuple[ck.Reconciliation, Path]) -> None:
    """Every claim is a row with its amounts as exact numbers, in the order of the claims, and nothing else is."""
    made, path = written
    told = rows(sheets(path)["claims"])
    expected = made.claims.select("source", "billed", "expected", "claim", "currency", "grade", "cause")
    assert [
        (
            row["source"],
            *(Decimal(str(row[name])) for name in ("billed", "expected", "claim")),
            row["currency"],
            row["grade"],
            row["cause"],
        )
        for row in told
    ] == expected.rows()
    assert [row["no."] for row in told] == list(range(1, made.claims.height + 1))
    assert {row["demanded"] for row in told} == {"yes"}


def test_cells_are_numbers_and_dates(written: tuple[ck.Reconciliation, Path]) -> None:
    """Amounts and seconds are numbers; instants are dates, in UTC and by the vendor's clock."""
    row = rows(sheets(written[1])["claims"])[0]
    assert isinstance(row["claim"], float)
    assert (row["talk [s]"], row["charged [s]"], row["due [s]"]) == (31, 42, 36)
    assert row["answered (UTC)"] == clock("2026-10-05T12:00:00")
    assert row["answered (Asia/Shanghai)"] == clock("2026-10-05T20:00:00")
    assert row["explanation"].startswith("31 s on 6+6")


def test_what_a_number_cannot_hold_is_text(tmp_path: Path) -> None:
    """An amount of more than fifteen digits keeps all of them, as text."""
    made = result(over(cost="1234567.0933100001", rate=Decimal("1763667.2761428573")))
    row = rows(sheets(made.to_excel(tmp_path / "a.xlsx"))["claims"])[0]
    assert row["billed"] == str(made.claims["billed"].item())


def test_the_sheets_can_be_worked_with(written: tuple[ck.Reconciliation, Path]) -> None:
    """Headers stay and repeat on paper, columns filter and are wide enough, pages fit, lists offer the choices."""
    claims = sheets(written[1])["claims"]
    assert claims.freeze_panes == "D2"
    assert claims.auto_filter.ref == claims.dimensions
    assert claims.print_title_rows == "$1:$1"
    assert claims.page_setup.orientation == "landscape"
    assert claims.sheet_properties.pageSetUpPr.fitToPage
    assert claims.column_dimensions["C"].width >= 20
    offered = [rule.formula1 for rule in claims.data_validations.dataValidation if rule.type == "list"]
    assert offered == [
        '"dispute,hold,withdraw"',
        '"open,sent,in review,accepted,partly accepted,rejected,credited,closed"',
    ]


def test_the_bridge_adds_up_on_paper(written: tuple[ck.Reconciliation, Path]) -> None:
    """Under every title billed is the sum of all steps and expected, and a native chart stands beside it."""
    made, path = written
    sheet = sheets(path)["bridge"]
    tables: dict[str, list[tuple[Any, ...]]] = {}
    for row in sheet.iter_rows(values_only=True, max_col=5):
        if row[0] and row[0].startswith("From billed"):
            title = row[0]
            tables[title] = []
        elif row[0] and row[0] != "step":
            tables[title].append(row)
    assert len(tables) == len(made.bridge.filter(pl.col("amount") != 0).group_by("basis", "currency").len())
    for first, *steps in tables.values():
        assert first[0] == "Billed"
        assert sum(Decimal(str(row[3])) for row in steps) == Decimal(str(first[3]))
    with zipfile.ZipFile(path) as archive:
        charts = [name for name in archive.namelist() if name.startswith("xl/charts/chart")]
        assert len(charts) == len(tables)
        assert b'<c:grouping val="stacked"/>' in archive.read(charts[0])


def test_the_cover_says_what_is_demanded(tmp_path: Path) -> None:
    """The cover has what the user stated, the totals per currency, and the deadline with its reason."""
    cover = ck.Cover(
        customer="We", vendor="They", invoice="INV-7", contract_deadline="2026-10-31", tz="Asia/Shanghai"
    )
    sheet = sheets(result().to_excel(tmp_path / "a.xlsx", cover=cover))["cover"]
    told = {row[0]: row[1:] for row in sheet.iter_rows(values_only=True) if row[0]}
    assert "Dispute of charges, invoice INV-7" in told
    assert (told["Customer"][0], told["Vendor"][0]) == ("We", "They")
    assert told["Deadline"][0] == "end of 2026-10-31 (Asia/Shanghai), by the contract"
    assert told["Totals"][:3] == ("EUR", "USD", "(no currency)")
    assert told["Demanded"][1] == pytest.approx(0.06333)
    assert told["Numbers"][0] == "masked"


def test_the_same_twice(tmp_path: Path) -> None:
    """Equal results give equal bytes, whatever order the records came in, and bear no date of their making."""
    one, two = result(*mixed()), ck.reconcile(result(*mixed()).cdrs.reverse())
    paths = [made.to_excel(tmp_path / f"{at}.xlsx") for at, made in enumerate((one, two))]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    with zipfile.ZipFile(paths[0]) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
        assert b"2000-01-01T00:00:00Z" in archive.read("docProps/core.xml")


def hostile() -> ck.Reconciliation:
    fields = ("destination", "status_reason", "note", "caller", "call_id", "currency")
    calls = [
        over(call_id=f"id-{at}", callee=f"49151{at:08}") | {field: text}
        for at, (field, text) in enumerate((field, text) for field in fields for text in HOSTILE)
    ]
    return as_they_are(*calls)


def test_text_of_others_does_nothing(tmp_path: Path) -> None:
    """Text that would run, link or be markup is text; the workbook opens, and has neither formula nor link."""
    made = hostile()
    path = made.to_excel(tmp_path / "a.xlsx", masked=False)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet_parts = [content for name, content in parts.items() if name.startswith("xl/worksheets/sheet")]
    assert not any(b"<f>" in content or b"hyperlink" in content for content in sheet_parts)
    assert not any(b"vbaProject" in name.encode() or "externalLink" in name for name in parts)
    cells = [cell for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows() for cell in row]
    assert not any(cell.data_type == "f" or cell.hyperlink for cell in cells)
    told = {row["destination"] for row in rows(sheets(path)["claims"])}
    assert {"=cmd|' /C calc'!A0", "<r><f>1+1</f></r>", "https://example.com/=x"} <= told
    assert rows(sheets(path)["claims"])[0].keys() >= {"claim", "decision"}


def test_a_text_too_long_for_a_cell_is_kept_in_pieces(tmp_path: Path) -> None:
    """What a cell cannot hold stands whole on a sheet of its own, and the cell says so."""
    text = "".join(f"{at:07} " for at in range(5_000))
    path = result(over(destination=text)).to_excel(tmp_path / "a.xlsx")
    told = sheets(path)
    (row,) = rows(told["claims"])
    assert row["destination"].endswith("(and 24000 more characters: see the sheet of long texts)")
    pieces = [piece for piece in rows(told["long texts"]) if piece["column"] == "destination"]
    assert {(piece["sheet"], piece["row"]) for piece in pieces} == {("claims", 2)}
    assert "".join(piece["text"] for piece in pieces) == text


def test_numbers_are_hidden_but_in_the_vendor_s_copy(tmp_path: Path) -> None:
    """Telephone numbers and ids that contain them are masked on every sheet, unless the pack is the vendor's copy."""
    made = result()
    for cover, full in ((ck.Cover(), False), (ck.Cover(vendor_copy=True), True)):
        path = made.to_excel(tmp_path / "a.xlsx", cover=cover)
        cells = [
            str(value)
            for sheet in openpyxl.load_workbook(path)
            for row in sheet.iter_rows(values_only=True)
            for value in row
            if value is not None
        ]
        assert any("4915100000000" in cell for cell in cells) == full
        assert any("8613800000000" in cell for cell in cells) == full
        assert any("8613•••••••00" in cell for cell in cells) != full


def test_a_stated_mask_wins(tmp_path: Path) -> None:
    """`masked` overrules whose copy it is."""
    row = rows(sheets(result(over()).to_excel(tmp_path / "a.xlsx", masked=False))["claims"])[0]
    assert row["caller"] == "8613800000000"


def test_nothing_to_claim(tmp_path: Path) -> None:
    """Without a claim, and without a call, the pack says so and is as readable as any."""
    for at, made in enumerate((result(itnio()), as_they_are(over()).cdrs.clear().pipe(ck.reconcile))):
        told = sheets(made.to_excel(tmp_path / f"{at}.xlsx"))
        assert rows(told["claims"]) == []
        assert rows(told["undercharges"]) == []
        assert "nothing is demanded" in next(
            row[1] for row in told["cover"].iter_rows(values_only=True) if row[0] == "Deadline"
        )


def test_too_many_rows_go_on_on_the_next_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table longer than a sheet fills several, each with its header; no row is lost."""
    monkeypatch.setattr("callkit.export.book.MOST_ROWS", 3)
    made = result(*spread(7))
    path = made.to_excel(tmp_path / "a.xlsx")
    told = sheets(path)
    assert [name for name in told if name.startswith("claims")] == ["claims", "claims 2", "claims 3"]
    numbers = [row["no."] for name in told if name.startswith("claims") for row in rows(told[name])]
    assert numbers == [1, 2, 3, 4, 5, 6, 7]


def test_a_settled_call_shows_its_claim_as_settled(tmp_path: Path) -> None:
    """Where a call is settled in dollars, the claim stands beside as dollars, by the record's exchange rate."""
    call = settled(charged_duration=42, cost=Decimal("0.09331"), settle_cost=Decimal("0.099477"))
    row = rows(sheets(result(call).to_excel(tmp_path / "a.xlsx"))["claims"])[0]
    assert row["claim as settled [USD]"] == pytest.approx(0.01333 / 0.938)


def test_findings_without_a_claim_are_not_lost(tmp_path: Path) -> None:
    """Each finding stands behind a claim or an undercharge, or on the sheet of questions or of further findings."""
    made = result()
    told = sheets(made.to_excel(tmp_path / "a.xlsx"))
    listed = [row["explanation"] for name in ("questions", "further findings") for row in rows(told[name])]
    behind = " ".join(row["explanation"] for name in ("claims", "undercharges") for row in rows(told[name]))
    for said in ck.mask_numbers(made.findings)["explanation"]:
        assert said in listed or said in behind
    counts = made.findings.filter(pl.col("grade") == "D").height
    assert len(rows(told["questions"])) == counts > 0


def test_when_a_record_was_fetched_is_shown_if_known(tmp_path: Path) -> None:
    """The records' own time of fetching, else the stated one, else none."""
    frame = result().cdrs
    plain = ck.reconcile(frame)
    stated = ck.Cover(fetched_at="2026-11-01T00:00:00+01:00")
    own = ck.reconcile(
        frame.with_columns(
            fetched_at=pl.lit(clock("2026-10-07T00:00:00"))
            .dt.replace_time_zone("UTC")
            .cast(pl.Datetime("us", "UTC"))
        )
    )
    assert "fetched (UTC)" not in rows(sheets(plain.to_excel(tmp_path / "a.xlsx"))["claims"])[0]
    assert rows(sheets(plain.to_excel(tmp_path / "b.xlsx", cover=stated))["claims"])[0][
        "fetched (UTC)"
    ] == clock("2026-10-31T23:00:00")
    assert rows(sheets(own.to_excel(tmp_path / "c.xlsx", cover=stated))["claims"])[0][
        "fetched (UTC)"
    ] == clock("2026-10-07T00:00:00")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"cover": "INV-7"}, "cover must be a callkit.Cover, got str"),
        ({"materiality": 0.01}, "materiality must be a callkit.Materiality, got float"),
        ({"masked": 1}, "masked must be True, False or None"),
        ({"decisions": 3}, "decisions must be what callkit.read_decisions returns"),
        ({"tie_out": 3}, "tie_out must be what callkit.tie_out returns, got int"),
    ],
)
def test_a_wrong_argument_is_named(tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
    """What an argument must be is told before anything is written."""
    with pytest.raises(TypeError, match=said):
        result(over()).to_excel(tmp_path / "a.xlsx", **wrong)
    assert list(tmp_path.iterdir()) == []


def test_a_workbook_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failing writer leaves the old file and nothing beside it; a wrong name and a missing folder are refused."""
    path = tmp_path / "a.xlsx"
    path.write_text("old")

    def broken(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("callkit.export.workbook._method", broken)
    with pytest.raises(OSError, match="the disk is full"):
        result(over()).to_excel(path)
    assert [(found.name, found.read_text()) for found in tmp_path.iterdir()] == [("a.xlsx", "old")]
    with pytest.raises(ValueError, match=r"a.ods does not end in .xlsx"):
        result(over()).to_excel(tmp_path / "a.ods")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        result(over()).to_excel(tmp_path / "none" / "a.xlsx")


def test_read_lazily_the_pack_is_the_same(tmp_path: Path) -> None:
    """Of records that stay on disk the pack is made as of those in memory, to the byte."""
    frame = result().cdrs
    frame.write_parquet(tmp_path / "calls.parquet")
    eager = ck.reconcile(frame).to_excel(tmp_path / "a.xlsx")
    lazy = ck.reconcile(pl.scan_parquet(tmp_path / "calls.parquet")).to_excel(tmp_path / "b.xlsx")
    assert eager.read_bytes() == lazy.read_bytes()


def test_the_deck_s_row_is_evidence(tmp_path: Path) -> None:
    """Where a rate deck says what is due, the row of it stands beside the claim."""
    row = {"prefix": "49151", "destination": "Germany Mobile", "rate": "0.10", "currency": "USD"}
    deck = ck.RateDeck.read(pl.DataFrame([row]))
    made = result(itnio(), rate_deck=deck)
    (told,) = rows(sheets(made.to_excel(tmp_path / "a.xlsx"))["claims"])
    assert (told["rate"], told["due rate"], told["cause"], told["grade"]) == (0.1333, 0.1, "rate", "B")
    assert told["rate deck"] == f"{deck.rows['place'].item()}: Germany Mobile"
    method = dict(
        row[:2] for row in sheets(tmp_path / "a.xlsx")["method"].iter_rows(values_only=True) if row[0]
    )
    assert method["Rate deck"] in (f"{deck.name}, 1 rows", f"sha256 {deck.digest}")
