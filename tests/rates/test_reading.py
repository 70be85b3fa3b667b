"""Reading decks: what is clear is read exactly, what is not is refused with the choice to make."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from openpyxl import Workbook

import callkit as ck
from callkit.rates.names import NAMES, currency_in_header, unit_in_header
from callkit.rates.schema import ROWS
from rates.decks import DATA, book, refused, text

D = Decimal
INCREMENTS = DATA / "deck_initial_subsequent_increment_6rows.csv"
JURISDICTIONS = DATA / "deck_46labs_jurisdictional_7rows.csv"


def test_a_deck_from_the_field_with_a_bad_row():
    """The currency is asked for, the spoilt last row is named, and the others are read once it may be listed."""
    assert "currency='USD' (or whichever it is)" in refused(INCREMENTS)
    told = refused(INCREMENTS, currency="USD")
    assert "row 7, column '(the whole row)': 'XX | Bad |  |  |  | ', expected 7 cells, got 6" in told
    assert "unreadable='list'" in told
    deck = ck.RateDeck.read(INCREMENTS, currency="USD", unreadable="list")
    assert deck.rows.schema == ROWS
    assert deck.rows.select("prefix", "destination", "rate", "bill_period", "place").rows()[1:3] == [
        ("86139", "China Mobile", D("0.055"), "60+60", "row 3"),
        ("8621", "China Shanghai", D("0.04"), "60+60", "row 4"),
    ]
    assert deck.unreadable["place"].to_list() == ["row 7"]
    assert deck.validate().row(0, named=True)["problem"] == "unreadable"


def test_a_deck_from_the_field_with_three_rates_and_american_dates():
    """Which rate, which currency and which order of day and month are asked for one after the other."""
    assert "columns 'interrate', 'intrarate', 'ijrate' could each be the rate" in refused(JURISDICTIONS)
    columns = {"interrate": "rate"}
    assert "currency=" in refused(JURISDICTIONS, columns=columns)
    told = refused(JURISDICTIONS, columns=columns, currency="USD")
    assert "7 cells cannot be read" in told
    assert "row 2, column 'effective_date': '4/17/2023'" in told
    assert "date_format='%d/%m/%Y' (day first) or '%m/%d/%Y' (month first)" in told
    deck = ck.RateDeck.read(
        JURISDICTIONS, columns=columns, currency="USD", date_format="%m/%d/%Y", tz="America/Chicago"
    )
    assert deck.rows["valid_from"].unique().to_list() == [datetime(2023, 4, 17, 5, tzinfo=UTC)]
    assert deck.rows["bill_period"].unique().to_list() == ["6+6"]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Dial Code", "prefix"),
        ("CODES", "prefix"),
        ("前缀", "prefix"),
        ("Country Code", "country_code"),
        ("City Code", "area_code"),
        ("Code Name", "destination"),
        ("Voice Rate (USD/min)", "rate"),
        ("interrate", "rate"),
        ("Rate 2", "rate"),
        ("Off-Peak Rate", "rate"),
        ("USD per minute", "rate"),
        ("费率", "rate"),
        ("Billing Increments", "bill_period"),
        ("Increments (1st/next)", "bill_period"),
        ("Initial Increment", "initial"),
        ("Interval 1", "initial"),
        ("Min Duration (sec)", "initial"),
        ("Subsequent Increment", "subsequent"),
        ("Interval N", "subsequent"),
        ("Effective_Date", "valid_from"),
        ("Valid From", "valid_from"),
        ("Valid until", "valid_to"),
        ("Effective till", "valid_to"),
        ("Expiry Date", "valid_to"),
        ("Ccy", "currency"),
        ("Setup Fee", "connect_fee"),
        ("Rate Unit", "rate_unit"),
        ("Rate Change", None),
        ("Rate Status", None),
        ("Exchange Rate", None),
        ("VAT Rate", None),
        ("Comments", None),
        ("Date", None),
        ("Country", None),
    ],
)
def test_usual_headers_are_known(header, name):
    """Each usual header stands for one column, and what only looks like one for none."""
    assert NAMES.meant(header) == ([] if name is None else [name])


@pytest.mark.parametrize(
    ("header", "unit", "currency"),
    [
        ("Rate", None, None),
        ("Rate (USD)", None, "USD"),
        ("Price per Minute (EUR)", 60, "EUR"),
        ("USD/sec", 1, "USD"),
        ("Rate per 6 sec", 6, None),
        ("Rate/Min (US$)", 60, "USD"),
        ("Rate ($)", None, None),
        ("NEW RATE", None, None),
    ],
)
def test_a_header_tells_unit_and_currency(header, unit, currency):
    """What stands in the header of the rates is read; a bare dollar sign is not guessed."""
    assert (unit_in_header(header), currency_in_header(header)) == (unit, currency)


def prefixes(tmp_path, *cells, **arguments):
    quoted = [f'"{cell}",0.1' for cell in cells]
    deck = ck.RateDeck.read(text(tmp_path / "deck.csv", "Prefix,Rate", *quoted), currency="USD", **arguments)
    return deck.rows["prefix"].to_list()


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("86139", ["86139"]),
        (" +86 139 ", ["86139"]),
        ("0086139", ["86139"]),
        ("'86139", ["86139"]),
        ("86139.0", ["86139"]),
        ("4477*", ["4477"]),
        ("4477xxxx", ["4477"]),
        ("(44) 77", ["4477"]),
        ("86139, 86138", ["86139", "86138"]),
        ("86139;86138;", None),
        ("86139/86138", ["86139", "86138"]),
        ("86139-86141", ["86139", "86140", "86141"]),
        ("86139 – 86140; 86150", ["86139", "86140", "86150"]),
        ("*", [""]),
        ("8.613E+11", None),
        ("86-139", None),
        ("44-47", None),
        ("86141-86139", None),
        ("86139-86", None),
        ("0139", None),
        ("1234567890123456", None),
        ("86139a", None),
        ("China", None),
        ("٨٦", None),
        ("447,448", None),
    ],
)
def test_prefixes_as_decks_write_them(tmp_path, cell, read):
    """Signs, lists and ranges that can be read in one way are; the rest is named with its row and value."""
    if read is not None:
        assert prefixes(tmp_path, cell) == read
        return
    told = refused(text(tmp_path / "deck.csv", "Prefix,Rate", f'"{cell}",0.1'), currency="USD")
    assert f"row 2, column 'Prefix': '{cell}', expected digits of a number with the country code" in told


@pytest.mark.parametrize(
    ("cell", "told"), [("", "or * for the price of all numbers"), ("4" * 16, "at most 15")]
)
def test_no_prefix_and_too_long_a_one_say_what_to_write(tmp_path, cell, told):
    """An empty prefix could be a mistake and is refused with the sign for all numbers; a long one with the limit."""
    assert told in refused(text(tmp_path / "deck.csv", "Prefix,Rate", f"{cell},0.1"), currency="USD")


def test_a_comma_between_prefixes_or_thousands_is_a_choice(tmp_path):
    """`447,448` alone could be either; another cell of the column or the user says which."""
    assert prefixes(tmp_path, "447,448", prefix_lists=True) == ["447", "448"]
    assert prefixes(tmp_path, "447,448", prefix_lists=False) == ["447448"]
    assert prefixes(tmp_path, "447,448", "86139, 86138") == ["447", "448", "86139", "86138"]
    told = refused(text(tmp_path / "deck.csv", "Prefix;Rate", "447,448;0.1"), currency="USD")
    assert "prefix_lists=True or False" in told


def test_area_codes_follow_their_country_code(tmp_path):
    """Country and area code make the prefix; a country alone is a prefix; a range is one of whole prefixes."""
    file = text(tmp_path / "d.csv", "Country Code;Area Code;Price", '86;"139,150-152";1', "44;;2", "1;242;3")
    assert ck.RateDeck.read(file, currency="USD").rows["prefix"].to_list() == [
        "86139", "86150", "86151", "86152", "44", "1242",
    ]  # fmt: skip
    whole = text(tmp_path / "w.csv", "Country Code,Prefix,Price", "86,86139,1", "+44,4477,2")
    assert ck.RateDeck.read(whole, currency="USD").rows["prefix"].to_list() == ["86139", "4477"]
    parts = text(tmp_path / "p.csv", "Country Code,Prefix,Price", "86,139,1")
    told = refused(parts, currency="USD")
    assert "columns={'Country Code': None}" in told
    assert "columns={'Prefix': 'area_code'}" in told
    joined = ck.RateDeck.read(parts, currency="USD", columns={"Prefix": "area_code"})
    assert joined.rows["prefix"].to_list() == ["86139"]
    alone = text(tmp_path / "a.csv", "Country Code,Price", "86,1")
    assert ck.RateDeck.read(alone, currency="USD").rows["prefix"].to_list() == ["86"]


@pytest.mark.parametrize(
    ("cells", "rates"),
    [
        (["0.035", "1.5"], ["0.035", "1.5"]),
        (["0,035", "1,5"], ["0.035", "1.5"]),
        (["1.234,5", "0,1"], ["1234.5", "0.1"]),
        (["1,234.5", "0.1"], ["1234.5", "0.1"]),
        (["1 234.5", ".1"], ["1234.5", "0.1"]),
        (["0.0000000001", "0.10000000000000"], ["0.0000000001", "0.1"]),
        (["0.035 USD", "USD 1.5"], ["0.035", "1.5"]),
    ],
)
def test_rates_are_read_to_the_last_digit(tmp_path, cells, rates):
    """Decimal signs and thousands that the column shows are understood."""
    file = text(tmp_path / "d.csv", "Prefix;Rate", *(f"4{at};{cell}" for at, cell in enumerate(cells)))
    arguments = {} if "USD" in cells[0] else {"currency": "USD"}
    assert ck.RateDeck.read(file, **arguments).rows["rate"].to_list() == [D(rate) for rate in rates]


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["0.05-0.07"], "'0.05-0.07', expected one rate of 0 or more"),
        (["0.05/0.07"], "expected one rate"),
        (["-0.05"], "'-0.05', expected one rate of 0 or more"),
        (["(0.05)"], "'(0.05)', expected one rate of 0 or more"),
        (["3.5E-05"], "expected one rate"),
        (["tba"], "expected one rate"),
        (["$0.05"], "expected one rate"),
        ([""], "row 2, column 'Rate': '', expected one rate"),
        (["0.12345678901"], "at most 10 decimals"),
        (
            ["1,234"],
            "'1,234' could be more than a thousand or a fraction. Say which: decimal='.' or decimal=','",
        ),
        (["0.04", "0,04"], "has '0.04' (row 2) and '0,04' (row 3). Say which is the decimal sign"),
    ],
)
def test_rates_that_are_not_one_clear_price_are_refused(tmp_path, cells, told):
    """Ranges, exponents, signs and unclear commas are named; nothing is rounded or guessed."""
    file = text(tmp_path / "d.csv", "Prefix;Rate;Note", *(f"4{at};{cell};x" for at, cell in enumerate(cells)))
    assert told in refused(file, currency="USD")


def test_fees_and_units_that_a_rate_does_not_hold_are_refused(tmp_path):
    """A fee per call, rates per several units and a rate in cents change the money: each says what to do."""
    fee = text(tmp_path / "fee.csv", "Prefix,Rate,Setup Fee", "44,0.1,0", "49,0.1,0.02")
    assert "row 3: column 'Setup Fee' has '0.02'" in refused(fee, currency="USD")
    assert "Rating(connect_fee=…)" in refused(fee, currency="USD")
    assert ck.RateDeck.read(fee, currency="USD", columns={"Setup Fee": None}).rows.height == 2
    no_fee = text(tmp_path / "none.csv", "Prefix,Rate,Setup Fee", "44,0.1,0", "49,0.1,")
    assert ck.RateDeck.read(no_fee, currency="USD").rows.height == 2
    second = text(tmp_path / "s.csv", "Prefix,USD/sec", "44,0.001")
    assert "per second, but per_seconds=60 says that they are per minute" in refused(second, per_seconds=60)
    assert ck.RateDeck.read(second).per_seconds == ck.RateDeck.read(second, per_seconds=1).per_seconds == 1
    unsaid = text(tmp_path / "u.csv", "Prefix,Rate", "44,0.001")
    assert ck.RateDeck.read(unsaid, currency="USD").per_seconds is None
    assert ck.RateDeck.read(unsaid, currency="USD", per_seconds="block").per_seconds == "block"
    column = text(tmp_path / "c.csv", "Prefix,Rate,Unit", "44,0.1,per minute", "49,0.1,second")
    assert "per minute (column 'Unit' with 'per minute') and per second" in refused(column, currency="USD")
    cents = text(tmp_path / "ct.csv", "Prefix,Rate (cents/min)", "44,5")
    assert "hundredths of the currency" in refused(cents, currency="USD")


def test_the_currency_is_never_assumed(tmp_path):
    """It comes from a column, the header, the cells or the user, and they must agree."""
    header = text(tmp_path / "h.csv", "Prefix,Rate (EUR)", "44,0.1")
    assert ck.RateDeck.read(header).rows["currency"].to_list() == ["EUR"]
    assert "is USD with currency=, but EUR" in refused(header, currency="USD")
    column = text(tmp_path / "c.csv", "Prefix,Rate,Currency", "44,0.1,usd", "49,0.1,EUR")
    assert ck.RateDeck.read(column).rows["currency"].to_list() == ["USD", "EUR"]
    partly = text(tmp_path / "p.csv", "Prefix,Rate,Currency", "44,0.1,usd", "49,0.1,", "33,1,Euro")
    told = refused(partly)
    assert "row 3, column 'Currency': '', expected a currency code like USD" in told
    assert "row 4, column 'Currency': 'EURO'" in told


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("60/60", "60+60"), ("6+6", "6+6"), ("60-60", "60+60"), ("1/1", "1+1"), ("30 / 6", "30+6"), ("60:1", "60+1"),
        ("60s/1s", "60+1"), ("60", "60+60"), ("060/06", "60+6"), ("", None),
    ],
)  # fmt: skip
def test_increments_in_one_cell(tmp_path, cell, read):
    """Every usual way to write them is `a+b`."""
    file = text(tmp_path / "d.csv", "Prefix,Rate,Increment", f"44,0.1,{cell}")
    assert ck.RateDeck.read(file, currency="USD").rows["bill_period"].to_list() == [read]


@pytest.mark.parametrize("cell", ["0/60", "٦+٦", "6.5/6", "1/1/1", "per minute", "6-Jun", "2026-06-06"])
def test_increments_that_are_none_are_named(tmp_path, cell):
    """What a spreadsheet has turned into a date is told as that."""
    told = refused(text(tmp_path / "d.csv", "Prefix,Rate,Increment", f"44,0.1,{cell}"), currency="USD")
    assert f"row 2, column 'Increment': '{cell}', expected increments like 6+6" in told
    assert ("made a date of it" in told) == (cell in ("6-Jun", "2026-06-06"))


def test_half_an_increment_is_refused(tmp_path):
    """One of two columns, or one of two cells, says half of `a+b`."""
    assert "tells one of the two increments" in refused(
        text(tmp_path / "a.csv", "Prefix,Rate,Initial Increment", "44,0.1,60"), currency="USD"
    )
    told = refused(text(tmp_path / "b.csv", "Prefix,Rate,Initial,Subsequent", "44,0.1,60,"), currency="USD")
    assert "row 2, column 'Subsequent': '', expected increments" in told


def edges(tmp_path, start, end, **arguments):
    file = text(tmp_path / "d.csv", "Prefix;Rate;Valid From;Valid To", f"44;0.1;{start};{end}")
    return ck.RateDeck.read(file, currency="USD", **arguments).rows.select("valid_from", "valid_to").row(0)


def at(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "arguments", "read"),
    [
        ("2026-09-01", "2026-09-30", {}, (at(2026, 9, 1), at(2026, 10, 1))),
        ("2026-09-01", "2026-09-30", {"ends": "exclusive"}, (at(2026, 9, 1), at(2026, 9, 30))),
        ("2026-09-01", "2026-09-30", {"tz": "Asia/Shanghai"}, (at(2026, 8, 31, 16), at(2026, 9, 30, 16))),
        ("20260901", "30-Sep-2026", {}, (at(2026, 9, 1), at(2026, 10, 1))),
        ("1 September 2026", "Sep 30, 2026", {}, (at(2026, 9, 1), at(2026, 10, 1))),
        ("2026-09-01 06:00", "2026-09-30 23:59:59", {}, (at(2026, 9, 1, 6), at(2026, 10, 1))),
        ("2026-09-01T06:00:00+08:00", "2026-09-30 12:00", {}, (at(2026, 8, 31, 22), at(2026, 9, 30, 12))),
        ("01.09.2026", "30.09.2026", {"date_format": "%d.%m.%Y"}, (at(2026, 9, 1), at(2026, 10, 1))),
        ("01/09/26", "", {"date_format": "%d/%m/%y"}, (at(2026, 9, 1), None)),
        ("0001-01-01", "9999-12-31", {}, (None, None)),
        ("", "9999-12-31", {"tz": "Asia/Shanghai"}, (None, None)),
        ("", "", {"valid_from": "2026-09-01"}, (at(2026, 9, 1), None)),
        ("", "", {"valid_from": date(2026, 9, 1), "tz": "Asia/Shanghai"}, (at(2026, 8, 31, 16), None)),
    ],
)
def test_dates_are_days_of_the_deck_s_zone(tmp_path, start, end, arguments, read):
    """A day begins in the deck's zone, the last day counts unless the user says otherwise, offsets count."""
    assert edges(tmp_path, start, end, **arguments) == read


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        ("01/02/2026", "", "'01/02/2026', expected a date that can be read in one way only"),
        ("25/02/2026", "", "expected a date that can be read in one way only"),
        ("01-Sep-26", "", "'01-Sep-26', expected a date like 2026-09-01"),
        ("2026-02-30", "", "'2026-02-30', expected a date"),
        ("46266", "", "'46266', expected a date"),
        ("2026-09-02", "2026-09-01", "column 'Valid To': '2026-09-01', expected an end after the beginning"),
        ("9999-12-31", "", "column 'Valid From': '9999-12-31', expected a beginning that comes"),
    ],
)
def test_dates_that_are_not_clear_are_refused(tmp_path, start, end, told):
    """Between d/m and m/d, and about the century, nothing is guessed; an end before its start is named."""
    file = text(tmp_path / "d.csv", "Prefix;Rate;Valid From;Valid To", f"44;0.1;{start};{end}")
    assert told in refused(file, currency="USD")


def test_a_day_without_a_midnight_begins_with_its_first_instant(tmp_path):
    """Where clocks are put forward at midnight the day begins an hour later, where they are put back at its first."""
    start, _ = edges(tmp_path, "2026-04-24", "", tz="Africa/Cairo")
    assert start == at(2026, 4, 23, 22)
    start, end = edges(tmp_path, "2026-10-25 00:00", "2026-10-25", tz="Europe/Berlin")
    assert end - start == timedelta(hours=25)


def test_a_workbook_with_a_title_and_notes(tmp_path):
    """The table is found below the title; typed dates need no format; notes below it are listed, not lost."""
    head = ["Dial Code", "Destination", "Rate USD/min", "Billing", "Effective Date", "Billing Increment"]
    file = book(
        tmp_path / "deck.xlsx",
        Cover=[["Dear customer"]],
        Rates=[
            [None, "ACME Carrier"],
            [],
            head,
            [86139, "China Mobile", 0.055, "x", datetime(2026, 9, 1), "60/60"],  # noqa: DTZ001 - as in Excel
            [],
            ["8621", "China Shanghai", 0.04, "x", datetime(2026, 9, 1), "1/1"],  # noqa: DTZ001 - as in Excel
            [None, "All prices exclude VAT"],
        ],
    )
    told = refused(file)
    assert "1 cell cannot be read" in told
    assert "row 7, column '(the whole row)': 'All prices exclude VAT', expected a prefix and a rate" in told
    deck = ck.RateDeck.read(file, unreadable="list", tz="Asia/Shanghai")
    assert deck.rows.select("prefix", "rate", "bill_period", "currency", "valid_from", "place").rows() == [
        ("86139", D("0.055"), "60+60", "USD", at(2026, 8, 31, 16), "sheet 'Rates', row 4"),
        ("8621", D("0.04"), "1+1", "USD", at(2026, 8, 31, 16), "sheet 'Rates', row 6"),
    ]


def test_what_a_spreadsheet_has_spoilt_is_named(tmp_path):
    """An error value, a computed rate with too many digits and an increment turned into a date keep their place."""
    head = ["Prefix", "Rate", "Increment", "Remark"]
    file = book(
        tmp_path / "deck.xlsx",
        Rates=[head, [44, 1 / 3, "6/6"], [49, 0.1, datetime(2026, 6, 6)], [33, 0.1, "6/6", 1 / 3]],  # noqa: DTZ001 - as in Excel
    )
    told = refused(file, currency="USD")
    assert "2 cells cannot be read" in told
    assert "sheet 'Rates', row 2, column 'Rate': '0.3333333333333333', expected text" in told
    assert "sheet 'Rates', row 3, column 'Increment': '2026-06-06', expected increments" in told


def test_a_computed_rate_is_what_the_spreadsheet_shows(tmp_path):
    """The noise behind the fifteenth digit of 0.1 · 1.1 is none of the price; real digits are never rounded away."""
    workbook = Workbook()
    for row in (["Prefix", "Rate"], [44, 0.1 * 1.1], [49, 0.1 + 0.2], [33, 1234.5678]):
        workbook.active.append(row)
    workbook.save(tmp_path / "deck.xlsx")
    rates = ck.RateDeck.read(tmp_path / "deck.xlsx", currency="USD").rows["rate"].to_list()
    assert rates == [D("0.11"), D("0.3"), D("1234.5678")]


def test_one_sheet_per_date(tmp_path):
    """Sheets named after their dates follow one another; without dates the sheet must be chosen."""
    head = ["Prefix", "Rate (USD)"]
    dated = {
        "from 2026-10-01": [head, ["44", 0.3]],
        "from 2026-09-01": [head, ["44", 0.2], ["49", 0.1]],
    }
    deck = ck.RateDeck.read(book(tmp_path / "dated.xlsx", **dated))
    september, october = at(2026, 9, 1), at(2026, 10, 1)
    assert deck.rows.select("prefix", "rate", "valid_from", "valid_to").rows() == [
        ("44", D("0.2"), september, october),
        ("49", D("0.1"), september, None),
        ("44", D("0.3"), october, None),
    ]
    file = book(tmp_path / "two.xlsx", old=[head, ["44", 0.2]], new=[head, ["44", 0.3]])
    told = refused(file)
    assert "prefix 44 is priced in sheet 'old', row 2 and in sheet 'new', row 2" in told
    assert ck.RateDeck.read(file, sheet="new").rows["rate"].to_list() == [D("0.3")]
    with pytest.raises(ValueError, match="no sheet 'nwe'; it has 'old', 'new'"):
        ck.RateDeck.read(file, sheet="nwe")
    apart = book(tmp_path / "apart.xlsx", europe=[head, ["44", 0.2]], asia=[head, ["86", 0.3]])
    assert ck.RateDeck.read(apart).rows["prefix"].to_list() == ["44", "86"]


def test_every_kind_of_frame_and_file_gives_the_same_deck(tmp_path):
    """Text, Decimal, Parquet, pandas, pyarrow and CSV: the same rows and the same digest."""
    cells = {
        "prefix": ["44", "4477"],
        "rate": ["0.005", "0.012"],
        "bill_period": ["60+60", "6+6"],
        "currency": ["GBP", "GBP"],
        "valid_from": ["2026-09-01", "2026-09-01"],
    }
    texts = pl.DataFrame(cells)
    typed = texts.with_columns(
        pl.col("rate").cast(ck.MONEY), pl.col("valid_from").str.to_date(), pl.col("prefix").cast(pl.Int64)
    )
    texts.write_csv(tmp_path / "deck.csv")
    typed.write_parquet(tmp_path / "deck.parquet")
    texts.write_excel(tmp_path / "deck.xlsx")
    sources = [texts, texts.lazy(), typed, pd.DataFrame(cells), pa.table(cells)]
    sources += [tmp_path / f"deck.{ending}" for ending in ("csv", "parquet", "xlsx")]
    decks = [ck.RateDeck.read(source) for source in sources]
    assert len({deck.digest for deck in decks}) == 1
    assert all(deck.rows.drop("place").equals(decks[0].rows.drop("place")) for deck in decks)
    assert ck.RateDeck.read(texts.reverse()).digest == decks[0].digest
    assert ck.RateDeck.read(texts, per_seconds=1).digest != decks[0].digest
    again = ck.RateDeck.read(decks[0].rows.drop("row", "place"))
    assert again.digest == decks[0].digest
    with pytest.raises(ck.SchemaError, match="Money in floats has already lost digits"):
        ck.RateDeck.read(typed.with_columns(pl.col("rate").cast(pl.Float64)))


def test_what_holds_no_price_is_no_deck(tmp_path):
    """A header alone, or nothing but unreadable rows, would leave every call without a price."""
    assert "holds no price: there are no rows" in refused(
        text(tmp_path / "a.csv", "Prefix,Rate"), currency="USD"
    )
    spoilt = text(tmp_path / "b.csv", "Prefix,Rate", "x,1")
    assert "no row of it can be read" in refused(spoilt, currency="USD", unreadable="list")
    with pytest.raises(TypeError, match="expected the path of a file, or a frame"):
        ck.RateDeck.read(5)


def test_rows_that_contradict_each_other_are_a_choice(tmp_path):
    """Two prices for the same are refused; the user says which of them applies."""
    file = text(tmp_path / "d.csv", "Prefix,Rate", "44,0.1", "49,0.2", "44,0.3", "49,0.2")
    told = refused(file, currency="USD")
    assert "1 row contradicts an earlier one" in told
    assert "row 4: prefix 44, 0.3; but row 2: 0.1" in told
    calls = pl.DataFrame({"callee": ["4420"], "currency": ["USD"]})
    for which, rate in (("first", D("0.1")), ("last", D("0.3"))):
        deck = ck.RateDeck.read(file, currency="USD", contradictory=which)
        assert deck.lookup(calls)["deck_rate"].to_list() == [rate]
        assert deck.validate()["problem"].to_list() == ["contradiction", "duplicate"]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            ["a,b", "1,2"],
            "no row names the columns of a rate deck, which needs prefix or country_code and rate",
        ),
        (["", ""], "is empty"),
        (["Prefix,Code,Rate", "1,2,3"], "columns 'Prefix', 'Code' could each be the prefix"),
        (["Prefix,Rate,Rate", "1,2,3"], "row 1: two columns are named 'Rate'"),
        (["Prefix,Rate", "1,2,3"], "row 2, column '(the whole row)': '1 | 2 | 3', expected 2 cells, got 3"),
        (["Prefix,Area Code,Rate", "1,2,3"], "both tell the digits"),
        (["Prefix,Rate,Initial,Billing Increment", "1,2,3,4"], "both tell increments"),
        (["Prefix,Rate,Direction", "44,1,sideways"], "'sideways', expected out, in or both"),
    ],
)
def test_tables_that_are_not_clear_are_refused(tmp_path, lines, told):
    """A header that is missing or could be two things is told with the argument to pass."""
    assert told in refused(text(tmp_path / "d.csv", *lines), currency="USD")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"currency": "Dollar"}, "currency must be a code like 'USD'"),
        ({"direction": "both"}, "direction must be one of 'out', 'in', None"),
        ({"per_seconds": 0}, "per_seconds must be a whole number"),
        ({"decimal": ";"}, "decimal must be"),
        ({"ends": "open"}, "ends must be one of"),
        ({"valid_from": "tomorrow"}, "valid_from must be a date"),
        ({"unreadable": "drop"}, "unreadable must be one of"),
        ({"contradictory": "cheapest"}, "contradictory must be one of"),
        ({"tz": "Mars"}, "tz must be the name of a time zone"),
        ({"columns": {"Prefix": "perfix"}}, "did you mean 'prefix'"),
        ({"columns": {"Nix": "rate"}}, "has no column 'Nix'"),
        ({"sheet": "one"}, "only a workbook has sheets"),
    ],
)
def test_arguments_that_are_none_of_the_documented_ones(tmp_path, arguments, told):
    """Each is refused in a sentence that names it."""
    file = text(tmp_path / "d.csv", "Prefix,Rate", "44,0.1")
    with pytest.raises(ValueError, match=told):
        ck.RateDeck.read(file, **({"currency": "USD"} | arguments))


def test_a_deck_introduces_itself(tmp_path):
    """Rows, prefixes, currency, unit and dates, in words; markup in a file's name stays text."""
    file = text(
        tmp_path / "<b>.csv", "Prefix,Rate,Effective", "44,0.1,2026-09-01", "44,0.2,2026-10-01", "x,1,"
    )
    deck = ck.RateDeck.read(file, currency="USD", unreadable="list")
    assert repr(deck).splitlines() == [
        "RateDeck <b>.csv: 2 rows, 1 prefix",
        "  USD; starts from 2026-09-01 to 2026-10-01 (UTC)",
        "  1 unreadable cell: see .unreadable",
    ]
    assert "&lt;b&gt;.csv" in deck._repr_html_()


@pytest.mark.parametrize(
    ("header", "cells", "name"),
    [
        ("Billing", ("60/60", "6+6"), "bill_period"),
        ("Min/Inc", ("30 s / 6 s", "1/1"), "bill_period"),
        ("EffDate", ("2026-09-01", "1-Sep-2026"), "valid_from"),
        ("Date", ("04/05/2026", ""), "valid_from"),
    ],
)
def test_a_column_that_would_change_the_money_is_not_overlooked(tmp_path, header, cells, name):
    """Increments and dates under a header that is not known are refused, until the user says what they are."""
    rows = [f"{prefix},0.03,USD,{cell}" for prefix, cell in zip(("86", "49"), cells, strict=True)]
    file = text(tmp_path / "deck.csv", f"Prefix,Rate,Currency,{header}", *rows)
    told = refused(file)
    assert f"columns={{{header!r}: {name!r}}}" in told
    assert ck.RateDeck.read(file, columns={header: None}).rows[name].null_count() == 2
    stated = ck.RateDeck.read(
        file, columns={header: name}, date_format="%d/%m/%Y" if header == "Date" else None
    )
    assert stated.rows[name].null_count() < 2


def test_columns_of_other_things_are_left_out(tmp_path):
    """What is neither increments nor dates throughout changes nothing; nor do dates beside those that are known."""
    told = ["86,0.03,USD,60/60,2026-09-01,2026-08-02", "49,0.03,USD,n/a,2026-09-01,2026-08-03"]
    file = text(tmp_path / "deck.csv", "Prefix,Rate,Currency,Remark,Eff. Date,Changed", *told)
    deck = ck.RateDeck.read(file)
    assert deck.rows["bill_period"].null_count() == 2
    assert deck.rows["valid_from"].to_list() == [datetime(2026, 9, 1, tzinfo=UTC)] * 2
