"""Call records from files: everything as it was written, or a sentence about every cell that is not."""

from __future__ import annotations

import csv
import importlib.util
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import callkit as ck
from callkit import cdr
from callkit.export import write
from callkit.files import read_cdrs
from callkit.files.cells import converted
from reconciliation.calls import cdrs, itnio, missing, random_calls, settled, whatsapp

D = Decimal
ENDINGS = (".parquet", ".csv", ".xlsx")


def sheet(path: Path, *rows: list[Any]) -> Path:
    """Write rows as Excel would: numbers as numbers, text as text, a tuple as a formula and its result."""
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False}) as book:
        page = book.add_worksheet("October")
        date = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for at, row in enumerate(rows):
            for place, value in enumerate(row):
                if isinstance(value, tuple):
                    page.write_formula(at, place, value[0], None, value[1])
                elif isinstance(value, datetime):
                    page.write_datetime(at, place, value, date)
                elif value is not None:
                    page.write(at, place, value)
    return path


def text(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def refused(path: Path, **arguments: Any) -> str:
    with pytest.raises(ck.SchemaError) as told:
        read_cdrs(path, **arguments)
    return str(told.value)


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_callkit_writes_comes_back_as_it_was(tmp_path: Path, ending: str) -> None:
    """Every call of a month, spoilt ones, and texts of all kinds: the same frame, cell by cell, in the same order."""
    hostile = [
        "=cmd|' /C calc'!A0",
        "+1",
        "-1",
        "@x",
        "\t=1",
        "'quoted'",
        "'",
        "",
        " blank ",
        'a,"b";\nc',
        "é✓",
        "0049",
    ]
    odd = [itnio(call_id=f"1534852416384921{at:03}", note=note, dtmf=note) for at, note in enumerate(hostile)]
    frame = cdrs(
        *odd, settled(), missing(), whatsapp(cost=None, currency=None), itnio(cost=D("-0.0000000001"))
    )
    frame = frame.with_columns(mine=pl.lit("own"))
    assert read_cdrs(write(frame, tmp_path / f"calls{ending}")).equals(frame)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_month_of_both_vendors_comes_back_as_it_was(tmp_path: Path, ending: str) -> None:
    """Records as the sandbox's vendors send them survive the way through a file, and so does their reconciliation."""
    with ck.Sandbox(calls=200, seed=5) as sandbox:
        frame = sandbox.nx_whatsapp().fetch(sandbox.call_ids)
    assert read_cdrs(write(frame, tmp_path / f"calls{ending}")).equals(frame)


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
def test_amounts_of_any_size_come_back(tmp_path: Path, ending: str) -> None:
    """Spoilt amounts with as many digits as a Decimal holds lose none of them."""
    frame = cdrs(*random_calls(300, 4, ck.Rating()), itnio(cost=D("9" * 28 + "." + "9" * 10)))
    whole = frame.with_columns(pl.col(cdr.INSTANT).dt.truncate("1s"))
    assert read_cdrs(write(whole, tmp_path / f"calls{ending}")).equals(whole)


@given(
    value=st.decimals(allow_nan=False, allow_infinity=False, places=10, min_value=-(10**27), max_value=10**27)
)
def test_amounts_are_read_exactly(value: Decimal) -> None:
    """Every amount of ten decimals is read as it is written, to the last digit."""
    cells = pl.Series("cost", [f"{value:f}", f" {value:f}00 "])
    read, unreadable = converted(cells, cdr.MONEY, None, pl.Series([2, 3]), "cost")
    assert read.to_list() == [value, value]
    assert unreadable == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.integers(-(10**14), 10**14), decimals=st.integers(0, 10))
def test_numbers_of_a_workbook_are_their_shortest_text(tmp_path: Path, value: int, decimals: int) -> None:
    """An amount of up to 15 digits that is kept as a number comes back with just these digits."""
    amount = D(value).scaleb(-decimals)
    file = sheet(tmp_path / "calls.xlsx", ["call_id", "cost"], ["a", float(amount)])
    assert read_cdrs(file, columns={})["cost"].to_list() == [amount]


@pytest.mark.parametrize(
    ("column", "cell", "expected"),
    [
        ("cost", "1,5", "an amount like 0.0799, with at most 10 decimals"),
        ("cost", "1e-5", "an amount"),
        ("cost", "0.00000000001", "at most 10 decimals"),
        ("cost", "12.5 EUR", "an amount"),
        ("cost", "9" * 29, "an amount"),
        ("rate", "NaN", "an amount"),
        ("call_duration", "31.0", "a whole number like 36"),
        ("call_duration", "9223372036854775808", "a whole number"),
        ("call_duration", "٣", "a whole number"),
        ("found", "yes", "true or false"),
        ("answered_at", "2026-09-01 12:00:00", "with an offset (or say which zone it is in: tz=)"),
        ("answered_at", "2026-02-30T12:00:00Z", "an instant like 2026-09-01T12:00:00+00:00"),
        ("answered_at", "01.09.2026 12:00", "an instant"),
        ("answered_at", "2026-09-01T12:00:00.0000001Z", "an instant"),
        ("answered_at", "1788264000", "an instant"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, column: str, cell: str, expected: str) -> None:
    """One sentence says where the cell is, what is in it, and what was expected."""
    with (tmp_path / "calls.csv").open("w", newline="", encoding="utf-8") as lines:
        csv.writer(lines).writerows([["call_id", column], ["a", ""], ["b", cell]])
    told = refused(tmp_path / "calls.csv", columns={})
    assert f"1 cell cannot be read.\n  row 3, column '{column}': '{cell}'" in told
    assert expected in told


def test_twenty_cells_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    """A file that is wrong all over does not fill the screen."""
    rows = [f"id{at},?,x" for at in range(30)]
    told = refused(text(tmp_path / "calls.csv", "call_id,cost,rate", *rows), columns={}).splitlines()
    assert told[0].endswith("60 cells cannot be read.")
    assert [line.split(",")[0] for line in told[1:5]] == ["  row 2", "  row 2", "  row 3", "  row 3"]
    assert len(told) == 22
    assert told[-1] == "  … and 40 more"


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-09-01T12:00:00+00:00", datetime(2026, 9, 1, 12, tzinfo=UTC)),
        ("2026-09-01T12:00:00Z", datetime(2026, 9, 1, 12, tzinfo=UTC)),
        ("2026-09-01 12:00:00+08:00", datetime(2026, 9, 1, 4, tzinfo=UTC)),
        ("2026-09-01T12:00-0330", datetime(2026, 9, 1, 15, 30, tzinfo=UTC)),
        ("2026-09-01T12:00:00.25+08", datetime(2026, 9, 1, 4, 0, 0, 250_000, tzinfo=UTC)),
        ("2026-09-01 12:00:00.000001", datetime(2026, 9, 1, 10, 0, 0, 1, tzinfo=UTC)),
    ],
)
def test_instants_are_read_with_their_offset_or_in_the_zone(
    tmp_path: Path, written: str, instant: datetime
) -> None:
    """An offset in the cell counts; a time without one is in the zone that the user names."""
    file = text(tmp_path / "calls.csv", "call_id,answered_at", f"a,{written}")
    assert read_cdrs(file, columns={}, tz="Europe/Berlin")["answered_at"].to_list() == [instant]


@pytest.mark.parametrize("local", ["2026-10-25 02:30:00", "2026-03-29 02:30:00"])
def test_a_time_that_the_clock_shows_twice_or_never_is_refused(tmp_path: Path, local: str) -> None:
    """Where summer time begins or ends, a local time does not say which instant is meant."""
    file = text(tmp_path / "calls.csv", "call_id,answered_at", f"a,{local}")
    assert f"row 2, column 'answered_at': '{local}'" in refused(file, columns={}, tz="Europe/Berlin")
    naive = pl.DataFrame({"call_id": ["a"], "answered_at": [datetime.fromisoformat(local)]})
    naive.write_parquet(tmp_path / "calls.parquet")
    told = refused(tmp_path / "calls.parquet", columns={}, tz="Europe/Berlin")
    assert "expected a time that the clock shows once in Europe/Berlin" in told


def test_a_parquet_file_of_another_may_be_typed_or_text(tmp_path: Path) -> None:
    """Typed columns are taken over, text is converted, naive instants need the zone, floats are refused."""
    start = datetime(2026, 9, 1, 12)  # noqa: DTZ001 - naive on purpose
    frame = pl.DataFrame(
        {"call_id": ["a"], "cost": ["0.07998"], "call_duration": [31], "submitted_at": [start]}
    )
    frame.write_parquet(tmp_path / "calls.parquet")
    read = read_cdrs(tmp_path / "calls.parquet", columns={}, tz="Asia/Shanghai")
    assert read.select("cost", "call_duration", "submitted_at").row(0) == (
        D("0.07998"),
        31,
        start.replace(tzinfo=UTC) - timedelta(hours=8),
    )
    assert "Say which zone" in refused(tmp_path / "calls.parquet", columns={})
    frame.with_columns(cost=pl.lit(0.1)).write_parquet(tmp_path / "calls.parquet")
    assert "Money in floats has already lost digits" in refused(
        tmp_path / "calls.parquet", columns={}, tz="UTC"
    )


def test_columns_of_ones_own_are_mapped_and_others_kept(tmp_path: Path) -> None:
    """The user's names become the frame's; what the file has beside them stays as text, behind."""
    file = text(
        tmp_path / "calls.csv", "CallRef;B-number;Price;Team", "a1;4915112345678;0.08;blue", ";;;", ""
    )
    read = read_cdrs(file, columns={"CallRef": "call_id", "B-number": "callee", "Price": "cost"})
    assert read.columns == [*cdr.SCHEMA, "Team"]
    assert read.select("call_id", "callee", "cost", "Team").rows() == [
        ("a1", "4915112345678", D("0.08"), "blue")
    ]
    assert read["rate"].null_count() == 1


def test_a_file_that_lacks_columns_is_refused_unless_they_are_mapped(tmp_path: Path) -> None:
    """Without `columns=` all must be there; with it the id at least; a name on either side must exist."""
    file = text(tmp_path / "calls.csv", "id,cost", "a,1")
    told = refused(file)
    assert "columns 'source', 'call_id', 'found'" in told
    assert "it has 'id', 'cost'" in told
    assert "columns={'id': 'source'}" in told
    assert "column 'call_id' missing" in refused(file, columns={})
    assert "both be cost" in refused(file, columns={"id": "cost"})
    with pytest.raises(ValueError, match="did you mean 'call_id'"):
        read_cdrs(file, columns={"id": "callid"})
    with pytest.raises(ValueError, match="has no column 'ID'; it has id, cost"):
        read_cdrs(file, columns={"ID": "call_id"})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"call_id,cost\na,1\nb\n", "line 3: 1 cells, but the header names 2 columns"),
        (b"call_id,cost\na,1,2\n", "line 2: 3 cells"),
        (b"call_id,cost\na,\xff\n", "not text in UTF-8"),
        (b"call_id,cost,cost\na,1,2\n", "the name 'cost' twice"),
        (b"call_id,cost\ra,1\rb,2\r", "can be read in more than one way"),
        (b"call_id,,cost\na,1,2\n", "a column without a name"),
        (b'call_id,cost\n"a,1\n', "not a CSV file that can be read"),
    ],
)
def test_a_csv_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    """A row that is cut off, another encoding or a name twice is said, never filled up."""
    (tmp_path / "calls.csv").write_bytes(content)
    assert told in refused(tmp_path / "calls.csv", columns={})


def test_one_apostrophe_is_taken_off_a_guarded_cell(tmp_path: Path) -> None:
    """Only what guards a formula goes, and only one of it: other apostrophes are the text's own."""
    file = text(tmp_path / "calls.csv", "call_id,note", "a,'=x", "b,''=x", "c,'x", "d,'-1")
    assert read_cdrs(file, columns={})["note"].to_list() == ["=x", "'=x", "'x", "-1"]


def test_a_byte_order_mark_and_tabs_are_no_hindrance(tmp_path: Path) -> None:
    """CSV files as Excel saves them are read."""
    (tmp_path / "calls.csv").write_bytes(b"\xef\xbb\xbfcall_id\tcost\r\na\t0.5\r\n\r\n")
    assert read_cdrs(tmp_path / "calls.csv", columns={}).select("call_id", "cost").rows() == [("a", D("0.5"))]


def test_cells_of_a_workbook_are_what_they_look_like(tmp_path: Path) -> None:
    """Numbers, dates, flags and results of formulas are taken; ids that are text keep all their digits."""
    file = sheet(
        tmp_path / "calls.xlsx",
        ["call_id", "found", "status_code", "call_duration", "cost", "answered_at", "mine"],
        ["1534852416384921600", True, 1000, 31, ("=0.07*2", 0.14), datetime(2026, 9, 1, 12, 0, 1), 1e-7],  # noqa: DTZ001 - as in Excel
        [None] * 7,
        ["b", "FALSE", "0049", "31", "0.1234567890", "2026-09-01T12:00:01Z", -0.5],
    )
    columns = ["call_id", "found", "status_code", "call_duration", "cost", "answered_at", "mine"]
    one, other = read_cdrs(file, columns={}, tz="Asia/Shanghai").select(columns).rows()
    at = datetime(2026, 9, 1, 12, 0, 1, tzinfo=UTC)
    assert one == ("1534852416384921600", True, "1000", 31, D("0.14"), at - timedelta(hours=8), "0.0000001")
    assert other == ("b", False, "0049", 31, D("0.1234567890"), at, "-0.5")


def test_what_a_workbook_has_lost_already_is_refused(tmp_path: Path) -> None:
    """Numbers of more than 15 digits, errors, and dates without a zone are named by sheet, row and column."""
    file = sheet(
        tmp_path / "calls.xlsx",
        ["call_id", "cost", "answered_at"],
        [1534852416384920000, 0.1, None],
        ["b", ("=1/0", "#DIV/0!"), datetime(2026, 9, 1, 12)],  # noqa: DTZ001 - as in Excel
    )
    lost, date, error = refused(file, columns={}).splitlines()[1:]
    assert lost.startswith("  sheet 'October', row 2, column 'call_id': '1534852416384920000', expected text")
    assert error.startswith("  sheet 'October', row 3, column 'cost': '#DIV/0!'")
    assert date.startswith("  sheet 'October', row 3, column 'answered_at': '2026-09-01 12:00:00'")


def test_the_sheet_with_the_calls_is_found(tmp_path: Path) -> None:
    """Of several sheets the first with a column of the frame is read."""
    with xlsxwriter.Workbook(str(tmp_path / "calls.xlsx")) as book:
        book.add_worksheet("empty")
        book.add_worksheet("cover").write_row(0, 0, ["Dear customer"])
        book.add_worksheet("calls").write_column(0, 0, ["call_id", "a"])
    assert read_cdrs(tmp_path / "calls.xlsx", columns={})["call_id"].to_list() == ["a"]


@pytest.mark.parametrize("name", ["calls.xlsx", "calls.parquet"])
def test_a_file_that_is_not_what_its_ending_says_is_refused(tmp_path: Path, name: str) -> None:
    """A sentence names the file and what it is not."""
    (tmp_path / name).write_bytes(b"call_id,cost\n")
    assert "that can be read" in refused(tmp_path / name)


def test_without_the_extra_workbooks_say_what_they_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the command that installs what is missing."""
    file = sheet(tmp_path / "calls.xlsx", ["call_id"])
    monkeypatch.setattr("callkit.files.tables.find_spec", lambda _: None)
    with pytest.raises(ImportError, match=r"pip install 'callkit\[excel\]'"):
        read_cdrs(file)
    assert importlib.util.find_spec("fastexcel")


def test_arguments_that_are_none_of_the_documented_ones_are_refused(tmp_path: Path) -> None:
    """Format, zone and ending are checked, and the message names what there is."""
    with pytest.raises(ValueError, match="no 'asterisk'; there is 'callkit'"):
        read_cdrs(tmp_path / "calls.csv", format="asterisk")
    with pytest.raises(ValueError, match="such as 'Europe/Berlin'; got 'CET/Nowhere'"):
        read_cdrs(tmp_path / "calls.csv", tz="CET/Nowhere")
    with pytest.raises(ValueError, match=r"cannot read \.ods; there are \.parquet, \.csv, \.xlsx"):
        read_cdrs(tmp_path / "calls.ods")
    with pytest.raises(FileNotFoundError):
        read_cdrs(tmp_path / "calls.csv")
