"""`callkit reconcile`: what it prints, what it leaves behind, what it refuses, and how it ends."""

from __future__ import annotations

import signal
import warnings
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
import polars as pl
import pytest

import callkit as ck
from callkit.cli import main
from callkit.export import write
from reconciliation.calls import cdrs, itnio, numbered

D = Decimal
TOO_MUCH = [itnio(charged_duration=42, cost=D("0.09331"), destination="Kandahar") for _ in range(6)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(numbered(*TOO_MUCH, itnio(), itnio(cost=D(2), bill_period="?")), "calls.parquet")
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["reconcile", *arguments]) == 0
    return capsys.readouterr().out


def failed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["reconcile", *arguments]) == 1
    said = capsys.readouterr().err
    assert said.startswith("callkit reconcile: ")
    return said


def test_files_are_reconciled_and_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The terminal shows totals, findings, what to dispute, what was verified and what repeats; files hold the rest."""
    write(cdrs(itnio(call_id="another", callee="4917612345678"), TOO_MUCH[0]), folder / "more.csv")
    said = told(capsys, "calls.parquet", "more.csv", "--claims", "claims.xlsx")
    assert said.startswith("10 records in 2 files.\n")
    for part in (
        "Billed and due, by currency",
        "To dispute: 7 calls, 0.09331 USD.",
        "Verified, of what was billed\n  USD: 0.81313 against the records themselves, 2.00 not (no readable bill",
        "What repeats\n  7 calls to Kandahar on 5 Oct 2026, +0.09331 USD: charged_duration on 6+6 at 0.1333",
        "findings: callkit-findings.csv\nAll 7 claims: claims.xlsx\n",
    ):
        assert part in said
    result = ck.reconcile(
        pl.concat([ck.read_cdrs("calls.parquet"), ck.read_cdrs("more.csv")]),
    )
    findings = pl.read_csv("callkit-findings.csv", infer_schema=False)
    assert findings["finding_id"].to_list() == result.findings["finding_id"].to_list()
    assert pl.read_excel("claims.xlsx")["call_id"].to_list() == result.claims["call_id"].to_list()


@pytest.mark.usefixtures("folder")
def test_copies_in_several_files_are_taken_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Files that overlap do not bill a call twice, and it is said how many copies there were."""
    once = told(capsys, "calls.parquet")
    twice = told(capsys, "calls.parquet", "calls.parquet")
    assert twice.splitlines()[0] == "16 records in 2 files, 8 exact copies left out."
    assert twice.splitlines()[1:] == once.splitlines()[1:]


def test_the_options_reach_the_reconciliation(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tolerance, period, zone and severities change what is found and how it is told."""
    said = told(
        capsys,
        "calls.parquet",
        *("--severity", "charged_duration=off", "--severity", "bill_period=info", "--tz", "Asia/Shanghai"),
        *("--period", "2026-10-06T00:00:00+08:00", "2026-10-07T00:00:00+08:00", "--out", "found.parquet"),
    )
    findings = pl.read_parquet("found.parquet")
    assert "charged_duration" not in findings["check"]
    assert findings.filter(pl.col("check") == "bill_period")["severity"].to_list() == ["info"]
    outside = findings.filter(pl.col("check") == "out_of_period")
    assert outside.height == 8
    assert outside["explanation"].str.contains(r"\+08:00").all()
    assert "All" in said
    wrong = numbered(itnio(cost=D("0.08")))
    write(wrong, folder / "wrong.parquet")
    for tolerance, count in (("0", 1), ("0.00002", 0)):
        told(capsys, "wrong.parquet", "--tolerance", tolerance, "--out", "found.parquet")
        assert pl.read_parquet("found.parquet").filter(pl.col("check") == "cost").height == count


def test_numbers_can_be_masked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With `--mask` the files identify nobody; what they say of money stays."""
    call = itnio(call_id="outgoing:wacid.HBgN", source="nx-whatsapp", cost=D(1))
    write(cdrs(call), folder / "one.parquet")
    told(capsys, "one.parquet", "--mask", "--claims", "claims.csv")
    written = (folder / "callkit-findings.csv").read_text() + (folder / "claims.csv").read_text()
    assert "wacid" not in written
    assert "call-" in written
    assert "0.92002" in written


def test_a_vendors_text_does_nothing_to_the_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Escape sequences in a destination are shown, not obeyed."""
    hostile = [call | {"destination": "\x1b[2JKabul"} for call in TOO_MUCH]
    write(numbered(*hostile), folder / "hostile.parquet")
    said = told(capsys, "hostile.parquet")
    assert "6 calls to \ufffd[2JKabul" in said
    assert "\x1b" not in said


def test_nothing_to_say_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file without calls, or without faults, ends well."""
    write(cdrs().head(0), folder / "empty.csv")
    assert "0 records in 1 file." in told(capsys, "empty.csv")
    write(numbered(itnio()), folder / "right.csv")
    said = told(capsys, "right.csv")
    assert "Nothing to dispute." in said
    assert "What repeats" not in said


def test_times_without_an_offset_need_the_zone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file whose times have no offset is refused without `--tz`, and read with it."""
    frame = cdrs(itnio()).with_columns(pl.col(pl.Datetime).dt.replace_time_zone(None))
    write(frame, folder / "local.parquet")
    assert "Say which zone" in failed(capsys, "local.parquet")
    assert "1 record in 1 file." in told(capsys, "local.parquet", "--tz", "Europe/Berlin")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["nowhere.parquet"], "there is no file nowhere.parquet"),
        (["bad.csv"], "bad.csv: columns 'source', "),
        (["calls.ods"], "cannot read .ods"),
        (["calls.parquet", "--out", "nowhere/found.csv"], "there is no folder nowhere"),
        (["calls.parquet", "--out", "calls.parquet"], "would replace calls.parquet"),
        (["calls.parquet", "--out", "a.csv", "--claims", "./a.csv"], "would replace what --out names"),
        (["calls.parquet", "clash.parquet"], "columns of one name that cannot be put together"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], part: str
) -> None:
    """A failure ends with exit code 1 and a sentence on stderr, and leaves the records as they were."""
    before = (folder / "calls.parquet").read_bytes()
    (folder / "bad.csv").write_text("call_id,cost\na,1\n")
    (folder / "calls.ods").touch()
    write(cdrs(itnio()).with_columns(mine=1), folder / "clash.parquet")
    if "clash.parquet" in arguments:
        write(ck.read_cdrs("calls.parquet").with_columns(mine=pl.lit("x")), folder / "calls.parquet")
        before = (folder / "calls.parquet").read_bytes()
    assert part in failed(capsys, *arguments)
    assert (folder / "calls.parquet").read_bytes() == before
    assert not (folder / "callkit-findings.csv").exists()


def test_a_missing_extra_is_a_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the extra a workbook is refused with the command that installs it."""
    write(cdrs(itnio()), folder / "calls.xlsx")
    monkeypatch.setattr("callkit.files.tables.find_spec", lambda _: None)
    assert "pip install 'callkit[excel]'" in failed(capsys, "calls.xlsx")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ([], "FILE"),
        (["a.csv", "--severity", "costs=off"], "no check named 'costs'; there are double_billed"),
        (["a.csv", "--severity", "cost=loud"], "should be cost= and one of error, warning, info, off"),
        (["a.csv", "--tolerance", "a cent"], "'a cent' is no amount like 0.005"),
        (["a.csv", "--tolerance=-1"], "'-1' is no amount"),
        (["a.csv", "--tz", "Nowhere"], "'Nowhere' is no time zone"),
        (["a.csv", "--out", "found.doc"], "must end in .csv or .parquet (the findings), .xlsx (the dispute"),
        (["a.csv", "--period", "2026-10-01", "2026-11-01T00:00:00Z"], "--period"),
        (["a.csv", "--deadline", "5/11/2026"], "'5/11/2026' is no day like 2026-10-31"),
        (["a.csv", "--period", "2026-11-01T00:00:00Z", "2026-10-01T00:00:00Z"], "--period"),
    ],
)
def test_wrong_arguments_end_with_code_two(
    capsys: pytest.CaptureFixture[str], arguments: list[str], part: str
) -> None:
    """What can be told without reading a file is told at once, and names what there is."""
    with pytest.raises(SystemExit) as ended:
        main(["reconcile", *arguments])
    assert ended.value.code == 2
    assert part in capsys.readouterr().err


def test_ctrl_c_ends_quietly(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupted reconciliation ends with code 130, a word, and nothing written."""
    monkeypatch.setattr(
        "callkit.cli.reconcile.read_cdrs", lambda *_, **__: signal.raise_signal(signal.SIGINT)
    )
    assert main(["reconcile", "calls.parquet"]) == 130
    assert capsys.readouterr().err.strip() == "Stopped."
    assert not (folder / "callkit-findings.csv").exists()


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month's records with what lies around it, the vendor's price list and its invoice, as files."""
    folder = tmp_path_factory.mktemp("papers")
    with ck.Sandbox(calls=2_000, seed=7) as sandbox, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the vendor's doubled ids are faults that are meant
        start, end = sandbox.period
        around = timedelta(hours=36)
        write(sandbox.itnio_voice().fetch(start - around, end + around), folder / "calls.parquet")
        sandbox.write_rate_deck(folder / "deck.csv")
        sandbox.write_invoice(folder / "invoice.csv")
    return folder


def test_from_invoice_to_dispute_pack(
    papers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a deck and an invoice, prices are checked, the invoice is tied out, and what can be sent is written."""
    monkeypatch.chdir(tmp_path)
    said = told(
        capsys,
        f"{papers}/calls.parquet",
        *("--deck", f"{papers}/deck.csv", "--deck-tz", "Asia/Shanghai", "--invoice", f"{papers}/invoice.csv"),
        *("--out", "dispute.xlsx", "--out", "report.html", "--out", "letter.txt", "--out", "findings.csv"),
    )
    assert "by the contract" in said
    assert "  rate  " in said
    assert "TieOut of invoice INV-202609" in said
    assert "in Asia/Shanghai, by when a call was ended" in said
    assert said.endswith(
        "Dispute workbook: dispute.xlsx\nReport: report.html\nClaim letter: letter.txt\n"
        + said.splitlines()[-1]
        + "\n"
    )
    book = openpyxl.load_workbook("dispute.xlsx")
    assert "claims" in book.sheetnames
    assert "INV-202609" in Path("report.html").read_text()
    assert "INV-202609" in Path("letter.txt").read_text()
    assert "increments" in pl.read_csv("findings.csv", infer_schema=False)["check"].to_list()


def test_the_cut_can_be_stated(papers: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A zone and a clock that are given are taken, whatever would fit better."""
    said = told(
        capsys,
        f"{papers}/calls.parquet",
        *("--invoice", f"{papers}/invoice.csv", "--invoice-tz", "Europe/London", "--clock", "submitted"),
        *("--out", str(tmp_path / "findings.csv")),
    )
    assert "in Europe/London, by when a call was submitted" in said


def test_a_cut_that_is_a_guess_is_noted(
    papers: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Records that end with the period are warned of, unless the user says how the invoice is cut."""
    calls, out = pl.read_parquet(papers / "calls.parquet"), str(tmp_path / "found.csv")
    arguments = ["--invoice", f"{papers}/invoice.csv", "--out", out]
    inside = datetime(2026, 9, 2, tzinfo=UTC), datetime(2026, 9, 29, tzinfo=UTC)
    write(calls.filter(pl.col("submitted_at").is_between(*inside)), tmp_path / "inside.parquet")
    files = f"{papers}/calls.parquet", str(tmp_path / "inside.parquet")
    notes = []
    for more in ([], ["--invoice-tz", "Asia/Shanghai", "--clock", "ended"]):
        for file in files:
            assert main(["reconcile", file, *arguments, *more]) == 0
            notes.append(capsys.readouterr().err)
    assert not notes[0]
    assert "do not reach over both ends of the invoice's period" in notes[1]
    assert " is taken, by which " in notes[1]
    assert "state zone and clock if you know them" in notes[1]
    assert not notes[2]
    assert not notes[3]


def test_the_pack_says_who_and_until_when(
    papers: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """What only the user knows is on the cover and in the letter; the vendor's copy shows whole numbers."""
    arguments = [f"{papers}/calls.parquet", "--invoice", f"{papers}/invoice.csv"]
    who = ["--customer", "Example Ltd", "--vendor", "ITNIO Tech", "--account", "A-77", "--contact", "Ann"]
    book, letter = tmp_path / "dispute.xlsx", tmp_path / "letter.txt"
    told(capsys, *arguments, *who, "--deadline", "2026-10-09", "--out", str(book), "--out", str(letter))
    cover = {row[0]: row[1] for row in openpyxl.load_workbook(book)["cover"].iter_rows(values_only=True)}
    assert [cover[name] for name in ("Customer", "Vendor", "Account", "Contact", "Numbers")] == [
        "Example Ltd", "ITNIO Tech", "A-77", "Ann", "masked",
    ]  # fmt: skip
    assert cover["Deadline"] == "end of 2026-10-09 (Asia/Shanghai), by the contract"
    assert "To:       ITNIO Tech\nFrom:     Example Ltd\nAccount:  A-77\n" in letter.read_text()
    assert "\N{BULLET}" in letter.read_text()
    told(capsys, *arguments, "--vendor-copy", "--out", str(letter))
    assert "\N{BULLET}" not in letter.read_text()


def test_decisions_are_carried_on(papers: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A claim that was withdrawn in an earlier workbook is no more demanded; a workbook is not written over itself."""
    arguments = [f"{papers}/calls.parquet", "--invoice", f"{papers}/invoice.csv"]
    first, second = tmp_path / "first.xlsx", tmp_path / "second.xlsx"
    told(capsys, *arguments, "--out", str(first))
    book = openpyxl.load_workbook(first)
    columns = [cell.value for cell in book["claims"][1]]
    book["claims"].cell(2, columns.index("decision") + 1).value = "withdraw"
    book.save(first)
    told(capsys, *arguments, "--decisions", str(first), "--out", str(second))
    demanded = openpyxl.load_workbook(second)["claims"].cell(2, columns.index("demanded") + 1).value
    assert demanded == "withdrawn"
    same = ["--decisions", str(first), "--out", str(first)]
    assert f"would replace {first}" in failed(capsys, *arguments, *same)


def test_a_deck_that_cannot_be_read_is_told(
    papers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong with a paper is said before anything is worked on, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    (papers / "bad.csv").write_text("prefix,rate\n49,0.1\n")
    said = failed(capsys, f"{papers}/calls.parquet", "--deck", f"{papers}/bad.csv")
    assert "bad.csv" in said
    assert "currency" in said
    assert not Path("callkit-findings.csv").exists()


@pytest.mark.parametrize("option", ["--deck-column", "--invoice-column"])
def test_a_column_needs_both_names(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A column that is not `theirs=ours` is refused with an example."""
    with pytest.raises(SystemExit):
        main(["reconcile", "calls.csv", option, "rate"])
    assert "should be the file's name of a column, =, and callkit's" in capsys.readouterr().err
