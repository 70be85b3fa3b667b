"""Invoices from files and frames: every line as it is written, or a sentence about every cell that is not."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

import callkit as ck
from callkit.invoice.schema import LINES
from invoice.bills import SEPTEMBER

D = Decimal

CSV = """Acme Telecom Ltd.
Invoice for September 2026

Invoice No;Invoice Date;From;To;Charge type;Destination;CCY;No. of calls;Billed minutes;Amount
A-77;06.10.2026;01.09.2026;30.09.2026;Usage;Germany (Mobile);EUR;1.204;2.310,55;1.234,56
A-77;06.10.2026;01.09.2026;30.09.2026;Usage;France;USD;2;1,5;0,0799
A-77;06.10.2026;01.09.2026;30.09.2026;Usage;Credit for August;EUR;;;-10
A-77;06.10.2026;;;Monthly fee;Platform;USD;;;(5,00)
A-77;06.10.2026;;;VAT;19 %;EUR;;;232,67
"""


def text(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def sheet(path: Path, **sheets: list[list[Any]]) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            for at, row in enumerate(rows):
                for place, value in enumerate(row):
                    if isinstance(value, date):
                        page.write_datetime(at, place, value, day)
                    elif value is not None:
                        page.write(at, place, value)
    return path


def refused(source: object, **arguments: Any) -> str:
    with pytest.raises(ck.SchemaError) as told:
        ck.Invoice.read(source, **arguments)
    return str(told.value)


def frame(**columns: Any) -> pl.DataFrame:
    usual: dict[str, Any] = {"currency": ["USD"], "amount": ["1.00"], "destination": ["Chile"]}
    return pl.DataFrame(usual | columns)


def test_a_european_file_below_a_letterhead_is_read_exactly(tmp_path: Path) -> None:
    """Decimal commas, points between thousands, brackets, dates in a stated form a title above: all is read."""
    invoice = ck.Invoice.read(text(tmp_path / "a.csv", CSV), date_format="%d.%m.%Y")
    assert dict(invoice.lines.schema) | dict(LINES) == dict(invoice.lines.schema)
    assert list(invoice.lines.schema)[: len(LINES)] == list(LINES)
    assert invoice.lines["amount"].to_list() == [D("1234.56"), D("0.0799"), D(-10), D(-5), D("232.67")]
    assert invoice.lines["charged_minutes"].to_list()[:2] == [D("2310.55"), D("1.5")]
    assert invoice.lines["calls"].to_list() == [1204, 2, None, None, None]
    assert invoice.lines["kind"].to_list() == ["usage", "usage", "usage", "fee", "tax"]
    assert invoice.lines["currency"].to_list() == ["EUR", "USD", "EUR", "USD", "EUR"]
    assert invoice.lines["place"][0] == "row 5"
    assert (invoice.number, invoice.date) == ("A-77", date(2026, 10, 6))
    assert invoice.period is not None
    assert invoice.period[1].day == 1


def test_the_words_of_the_caller_go_before_those_of_the_file(tmp_path: Path) -> None:
    """Number, date, vendor and account as given, even where the file has columns for them."""
    file = text(tmp_path / "a.csv", CSV)
    invoice = ck.Invoice.read(
        file, date_format="%d.%m.%Y", number="B", date="2026-10-07", vendor="Acme", account="7"
    )
    assert (invoice.number, invoice.date, invoice.vendor, invoice.account) == (
        "B",
        date(2026, 10, 7),
        "Acme",
        "7",
    )
    assert repr(invoice).startswith("Invoice B of Acme, 2026-10-07: 5 lines from 2026-09-01 to 2026-09-30\n")


def test_a_workbook_of_several_sheets_is_one_invoice(tmp_path: Path) -> None:
    """Sheets that hold lines are read one after the other, and a message names the sheet."""
    head = ["Day", "Destination", "Currency", "Calls", "Seconds", "Amount"]
    rows = [
        [date(2026, 9, 1), "Chile", "USD", 3, 90, 0.07998],
        [date(2026, 9, 2), "Chile", "USD", 1, 6, 0.01],
    ]
    notes = [["Please pay within 30 days"]]
    file = sheet(tmp_path / "a.xlsx", Week1=[head, rows[0]], Notes=notes, Week2=[head, rows[1]])
    invoice = ck.Invoice.read(file)
    assert invoice.lines["place"].to_list() == ["sheet 'Week1', row 2", "sheet 'Week2', row 2"]
    assert invoice.lines["amount"].to_list() == [D("0.07998"), D("0.01")]
    assert invoice.lines["charged_seconds"].to_list() == [90, 6]
    assert (invoice.lines["period_end"] - invoice.lines["period_start"]).dt.total_hours().to_list() == [
        24,
        24,
    ]
    spoilt = sheet(tmp_path / "b.xlsx", Week1=[head, rows[0]], Week2=[head, [*rows[1][:5], "tba"]])
    assert "sheet 'Week2', row 2, column 'Amount': 'tba', expected an amount" in refused(spoilt)
    assert ck.Invoice.read(spoilt, sheet="Week1").lines.height == 1


def test_every_unreadable_cell_is_named_at_once(tmp_path: Path) -> None:
    """One message tells of all cells that cannot be read: row, column, what stands there, what was expected."""
    told = refused(
        text(
            tmp_path / "a.csv",
            "From,To,Type,Currency,Calls,Seconds,Minutes,Amount\n"
            "2026-09-01,2026-09-30,usage,USD,1.5,6,0.1,1\n"
            "2026-09-01,2026-09-30,usage,$,1,abc,0.1,1\n"
            "2026-09-01,2026-09-30,sundries,USD,1,6,0.1,\n"
            "2026-09-01,2026-13-30,usage,,1,6,1 min,1.00000000001\n",
        )
    )
    assert "a.csv: 9 cells cannot be read." in told
    for said in (
        "row 2, column 'Calls': '1.5', expected a whole number like 36",
        "row 3, column 'Currency': '$', expected a currency code like USD; say which one it is: currency={'$': 'USD'}",
        "row 3, column 'Seconds': 'abc'",
        "row 4, column 'Type': 'sundries', expected one of usage, fee, tax, credit, other",
        "row 4, column 'Amount': '', expected the line's amount",
        "row 5, column 'To': '2026-13-30'",
        "row 5, column 'Currency': '', expected a currency code",
        "row 5, column 'Minutes': '1 min'",
        "row 5, column 'Amount': '1.00000000001'",
    ):
        assert said in told


@pytest.mark.parametrize(
    ("columns", "arguments", "told"),
    [
        ({"amount": [1.5]}, {}, "Money in floats has already lost digits"),
        ({"amount": ["1,234"]}, {}, r"more than a thousand or a fraction.*decimal='\.' or decimal=','"),
        ({"Net amount": ["1"]}, {}, "columns 'amount', 'Net amount' could each be the amount"),
        ({"destination": [7], "calls": [2.5]}, {}, "Money in floats|whole number"),
    ],
)
def test_what_would_make_wrong_money_is_refused(columns: dict[str, Any], arguments: Any, told: str) -> None:
    """Floats, signs that could be either and two columns for one thing are refused with what decides."""
    assert re.search(told, refused(frame(**columns), period=SEPTEMBER, **arguments))


@pytest.mark.parametrize("column", ["calls", "charged_seconds", "charged_minutes"])
@pytest.mark.parametrize("garbled", ["99999999999", "9" * 22])
def test_counts_beyond_all_sense_are_unreadable(column: str, garbled: str) -> None:
    """A count or a duration of more than ten thousand million is a cell that cannot be read, not a missing one."""
    assert f"row 1, column {column!r}: {garbled!r}" in refused(frame(**{column: [garbled]}), period=SEPTEMBER)


def test_no_currency_is_no_guess() -> None:
    """Without a currency the invoice is refused with the argument that states it; with it, it holds."""
    bare = frame().drop("currency")
    assert "currency='USD'" in refused(bare, period=SEPTEMBER)
    assert ck.Invoice.read(bare, period=SEPTEMBER, currency="EUR").lines["currency"].to_list() == ["EUR"]
    signs = frame(currency=["$"])
    assert ck.Invoice.read(signs, period=SEPTEMBER, currency={"$": "CAD"}).lines["currency"].to_list() == [
        "CAD"
    ]
    assert ck.Invoice.read(frame(currency=["€"]), period=SEPTEMBER).lines["currency"].to_list() == ["EUR"]
    with pytest.raises(ValueError, match="currency must be a code"):
        ck.Invoice.read(bare, period=SEPTEMBER, currency="dollars")


@pytest.mark.parametrize(
    ("stated", "label", "kind"),
    [
        ("Voice", "Chile", "usage"),
        ("VAT", None, "tax"),
        ("One-time charge", "Setup", "fee"),
        ("Discount", None, "credit"),
        (None, "VAT 19 %", "tax"),
        (None, "Monthly platform fee", "fee"),
        (None, "Credit note 12", "credit"),
        (None, "Chile", "usage"),
        (None, "Taxco de Alarcon", "usage"),
        (None, None, "usage"),
    ],
)
def test_what_a_line_is_for(stated: str | None, label: str | None, kind: str) -> None:
    """A kind is what the file's own word means; without one, a line that states no calls is what its label says."""
    columns = {
        "type": pl.Series([stated], dtype=pl.String),
        "destination": pl.Series([label], dtype=pl.String),
    }
    assert ck.Invoice.read(frame(**columns), period=SEPTEMBER).lines["kind"].to_list() == [kind]


def test_a_line_with_calls_is_usage_whatever_it_is_called() -> None:
    """A destination with "credit" in its name, with calls, is traffic."""
    invoice = ck.Invoice.read(frame(destination=["Credit Union Line"], calls=[3]), period=SEPTEMBER)
    assert invoice.lines["kind"].to_list() == ["usage"]


def test_words_of_ones_own_are_kinds_once_stated() -> None:
    """A word that is not known is refused with the argument, and taken with it; there is no kind of one's own."""
    own = frame(type=["DID rental"])
    assert "kinds={'DID rental': 'fee'}" in refused(own, period=SEPTEMBER)
    assert ck.Invoice.read(own, period=SEPTEMBER, kinds={"DID rental": "fee"}).lines["kind"].to_list() == [
        "fee"
    ]
    with pytest.raises(ValueError, match="'DID rental' cannot be 'rent'"):
        ck.Invoice.read(own, period=SEPTEMBER, kinds={"DID rental": "rent"})


def test_columns_that_nobody_knows_stay() -> None:
    """What the file has beside callkit's columns stands behind them, untouched."""
    invoice = ck.Invoice.read(frame(Remark=["x"], Trunk=[7]), period=SEPTEMBER)
    assert invoice.lines.select("Remark", "Trunk").rows() == [("x", 7)]


def test_a_description_is_the_destination_where_there_is_no_other() -> None:
    """An invoice that calls its destinations descriptions or items is understood; beside a destination they stay."""
    described = frame().rename({"destination": "Description"})
    assert ck.Invoice.read(described, period=SEPTEMBER).lines["destination"].to_list() == ["Chile"]
    both = ck.Invoice.read(frame(Description=["calls to Chile"]), period=SEPTEMBER)
    assert both.lines.select("destination", "Description").row(0) == ("Chile", "calls to Chile")


def test_frames_of_other_libraries_are_invoices_too() -> None:
    """pandas and pyarrow hand over the same lines; missing counts that pandas makes floats are whole again."""
    columns = {
        "destination": ["A", "B"],
        "currency": ["USD", "USD"],
        "calls": [1, None],
        "amount": ["1.10", "2"],
    }
    ours = ck.Invoice.read(pl.DataFrame(columns), period=SEPTEMBER)
    for theirs in (pd.DataFrame(columns), pa.table(columns)):
        assert ck.Invoice.read(theirs, period=SEPTEMBER).lines.equals(ours.lines)


def test_an_empty_invoice_is_one() -> None:
    """A table without rows is an invoice of nothing, of the same schema."""
    invoice = ck.Invoice.read(frame().head(0), period=SEPTEMBER)
    assert invoice.lines.schema == LINES
    assert repr(invoice) == "Invoice frame: 0 lines from 2026-09-01 to 2026-09-30"


def test_what_is_no_table_of_lines_is_refused(tmp_path: Path) -> None:
    """A file without an amount says what it has; a file of another kind, which ones there are."""
    file = text(tmp_path / "a.csv", "Destination,Price\nChile,1\n")
    assert "needs amount; the fullest row has 'Destination', 'Price'" in refused(file)
    with pytest.raises(ValueError, match=r"cannot read \.pdf"):
        ck.Invoice.read(tmp_path / "a.pdf")


def test_a_header_may_name_the_currency(tmp_path: Path) -> None:
    """ "Amount (USD)" says which currency the amounts are in; what the user or a column says goes before it."""
    file = text(tmp_path / "a.csv", "Country,Minutes,Amount (USD)\nGermany,12.5,3.20\nTotal,12.5,3.20\n")
    assert ck.Invoice.read(file, period=SEPTEMBER).lines.select("currency", "destination").rows() == [
        ("USD", "Germany")
    ]
    assert ck.Invoice.read(file, period=SEPTEMBER, currency="CAD").lines["currency"].to_list() == ["CAD"]


def test_a_period_that_nobody_tells_is_asked_for_once(tmp_path: Path) -> None:
    """An invoice of many lines without a period is refused in one sentence, with what to say."""
    file = text(tmp_path / "a.csv", "Country,Calls,Amount (USD)\n" + "Germany,3,3.20\n" * 30)
    told = refused(file)
    assert "no column says what period the lines are of. Say it: period=('2026-09-01', '2026-09-30')" in told
    assert "row" not in told


@pytest.mark.parametrize("period", [("0001-01-01", "2026-09-30"), ("2026-09-01", "9999-12-31")])
def test_the_ends_of_time_are_no_period(tmp_path: Path, period: tuple[str, str]) -> None:
    """What programs write for no date at all is refused, in a cell and as an argument: it is in no zone."""
    lines = f"Start,End,Country,Amount (USD)\n{','.join(period)},Germany,3.20\n"
    columns = {"Start": "period_start", "End": "period_end"}
    told = refused(text(tmp_path / "a.csv", lines), columns=columns)
    assert "1 cell cannot be read" in told
    assert "expected a date of the years 1900 to 9998" in told
    with pytest.raises(ValueError, match=r"period: .* is not a date of the years 1900 to 9998"):
        ck.Invoice.read(frame(), period=period)


def test_a_note_below_the_table_is_named(tmp_path: Path) -> None:
    """Text below the lines is named as a row that is no line, with what to do."""
    file = text(tmp_path / "a.csv", "Country,Calls,Amount (USD)\nGermany,3,3.20\n\nPayable within 14 days\n")
    told = refused(file, period=SEPTEMBER)
    assert "'Payable within 14 days'" in told
    assert told.endswith("take out of it what is no line, such as a note below the table.")


def test_what_was_owed_before_is_no_usage(tmp_path: Path) -> None:
    """A balance brought forward and a payment are on the statement, and in its total, but are no calls."""
    rows = "Germany,3,3.20\nPrevious balance,,50\nPayment received 3 Sep,,-50\nAmount due,,3.20\n"
    file = text(tmp_path / "a.csv", "Country,Calls,Amount (USD)\n" + rows)
    assert ck.Invoice.read(file, period=SEPTEMBER).lines["kind"].to_list() == ["usage", "other", "other"]


def test_a_table_is_not_looked_for_below_its_end(tmp_path: Path) -> None:
    """A total's row is no header, and a file without a line below its header is refused, not an invoice of nothing."""
    unknown = text(tmp_path / "a.csv", "Country,Minutes,Fare\nGermany,12.5,3.20\nTotal,12.5,3.20\n")
    assert "no row names the columns of an invoice" in refused(unknown)
    empty = text(tmp_path / "b.csv", "Country,Currency,Amount\n")
    assert "there is no line below the header" in refused(empty, period=SEPTEMBER)


def test_a_duration_without_a_unit_is_asked_for() -> None:
    """Twelve of what? A column that says duration alone is refused with both readings, and read as the stated one."""
    told = refused(frame(Duration=["12"]), period=SEPTEMBER)
    assert "'Duration' could be charged_seconds or charged_minutes" in told
    invoice = ck.Invoice.read(
        frame(Duration=["12"]), period=SEPTEMBER, columns={"Duration": "charged_minutes"}
    )
    assert invoice.lines["charged_minutes"].to_list() == [D(12)]


def test_what_is_no_source_is_refused() -> None:
    """Neither a path nor a frame: said so, with what came."""
    with pytest.raises(TypeError, match="a file's path or a frame, got int"):
        ck.Invoice.read(5)


def test_text_of_a_file_is_no_markup() -> None:
    """What stands in an invoice cannot become part of a notebook's page."""
    evil = "<img src=x onerror=alert(1)>"
    invoice = ck.Invoice.read(frame(destination=[evil]), period=SEPTEMBER, number=evil, vendor=evil)
    assert "<img" not in invoice._repr_html_()
    assert "&lt;img" in invoice._repr_html_()


@given(
    units=st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=8),
    scale=st.integers(0, 10),
    currencies=st.lists(st.sampled_from(["USD", "EUR", "JPY"]), min_size=8, max_size=8),
)
def test_amounts_are_exact_and_add_up(units: list[int], scale: int, currencies: list[str]) -> None:
    """Whatever the amounts, the lines have them to the last digit and the sums by currency and kind are theirs."""
    amounts = [D(f"{unit}E-{scale}") for unit in units]
    table = pl.DataFrame(
        {
            "currency": currencies[: len(units)],
            "amount": [f"{amount:f}" for amount in amounts],
            "calls": [1] * len(units),
        }
    )
    invoice = ck.Invoice.read(table, period=SEPTEMBER, decimal=".")
    assert invoice.lines["amount"].to_list() == amounts
    for currency, kind, count, amount in invoice.amounts.rows():
        own = [value for value, of in zip(amounts, currencies, strict=False) if of == currency]
        assert (kind, count, amount) == ("usage", len(own), sum(own))
