"""The dispute workbook: cover, bridge, findings, evidence, questions, method."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

import polars as pl

from callkit.export.book import Book, Column
from callkit.export.bridge_sheet import write_bridge, write_chart_data
from callkit.export.cells import write_text
from callkit.export.cover_sheet import write_cover, write_lines
from callkit.export.decided import DECISIONS, STATUSES, TITLES
from callkit.export.invoiced import columns_of, lists, plain, sums
from callkit.export.method import coverage_of, method_of, provenance_of
from callkit.export.pack import Pack
from callkit.export.texts import printed
from callkit.export.whole import whole_file
from callkit.export.words import GRADES, cause_in_words

_ID = [Column("source", TITLES["source"], 12), Column("call_id", TITLES["call_id"], 21)]
_EDITED = [
    Column("decision", TITLES["decision"], 11, edited=True, choices=DECISIONS),
    Column("note", TITLES["note"], 28, "wrap", edited=True),
    Column("status", TITLES["status"], 13, edited=True, choices=STATUSES),
    Column("credit_received", TITLES["credit_received"], 12, "money", edited=True),
]


def write_workbook(pack: Pack, path: str | Path) -> Path:
    """Write the pack as a workbook: the whole file, or none."""
    from xlsxwriter import Workbook  # noqa: PLC0415 - most uses of callkit write no workbook

    target = Path(path)
    if target.suffix.lower() != ".xlsx":
        raise ValueError(f"{target.name} does not end in .xlsx")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {target.parent} to write to: make it first")
    with whole_file(target) as partial:
        workbook = Workbook(str(partial), _OPTIONS)
        try:
            _fill(Book(workbook), pack)
        except BaseException:
            # What is half written goes away; so must the library's own files of rows.
            with suppress(Exception), catch_warnings():
                simplefilter("ignore")
                workbook.close()
            raise
        workbook.close()
    return target


# Written row by row, with text that is never taken for more than text.
_OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


def _fill(book: Book, pack: Pack) -> None:
    write_cover(book, pack)
    charts = write_bridge(book, pack)
    _findings(book, pack)
    book.table("claims", pack.claims, _claims(pack), fixed=3, pages_wide=2)
    book.table("undercharges", pack.undercharges, _undercharges(pack), fixed=2, pages_wide=2)
    book.table("questions", pack.questions, _QUESTIONS, fixed=2)
    book.table("further findings", pack.others, _QUESTIONS, fixed=2)
    if pack.tie_out is not None:
        _invoice(book, pack)
    if pack.orphans.height:
        book.table("earlier decisions", pack.orphans, _ORPHANS, fixed=2)
    _method(book, pack)
    write_chart_data(book, charts)
    book.close()


def _findings(book: Book, pack: Pack) -> None:
    sheet = book.sheet("findings")
    for place, width in enumerate((22, 46, 12, 10, 12, 14, 14, 14, 14, 14, 14)):
        sheet.set_column(place, place, width)
    causes = pack.causes.with_columns(
        words=pl.col("cause").map_elements(cause_in_words, return_dtype=pl.String, skip_nulls=True)
    )
    row = _block(book, sheet, 0, "Claims by cause", frame=causes, columns=_CAUSES)
    row = _block(book, sheet, row, "All findings by check", frame=_checks(pack), columns=_CHECKS)
    sheet.write_string(row, 0, "What repeats", book.form(bold=True, font_size=12))
    sentences = pack.result.patterns["sentence"].to_list() or ["Nothing does."]
    for at, sentence in enumerate(sentences, row + 1):
        write_text(sheet, at, 0, printed(sentence))


def _block(
    book: Book,
    sheet: Any,
    row: int,
    title: str,
    *,
    frame: pl.DataFrame,
    columns: list[Column],
    strong: Collection[int] = (),
) -> int:
    sheet.write_string(row, 0, title, book.form(bold=True, font_size=12))
    last = book.rows(sheet, sheet.get_name(), row + 1, frame, columns, strong=strong)
    if not frame.height:
        sheet.write_string(last + 1, 0, "none", book.form(italic=True))
    return last + 3


def _checks(pack: Pack) -> pl.DataFrame:
    grades = pack.result.findings.select("check", "grade").unique("check", maintain_order=True)
    # A check without money has no overcharge either.
    money = [
        pl.when(pl.col("amount").is_not_null()).then(name).alias(name)
        for name in ("overcharge", "undercharge")
    ]
    return pack.result.summary.join(grades, on="check", how="left", maintain_order="left").with_columns(
        *money, meaning=pl.col("grade").replace_strict(GRADES, default="")
    )


_CAUSES = [
    Column("cause", "cause"),
    Column("words", "what is wrong"),
    Column("currency", "currency"),
    Column("grade", "grade"),
    Column("claims", "claims", kind="count"),
    Column("billed", "billed", kind="money"),
    Column("expected", "expected", kind="money"),
    Column("claim", "claim", kind="money"),
    Column("limit", "materiality limit", kind="money"),
    Column("demanded_claims", "demanded claims", kind="count"),
    Column("demanded", "demanded", kind="money"),
]
_CHECKS = [
    Column("check", "check"),
    Column("meaning", "meaning of the grade"),
    Column("currency", "currency"),
    Column("grade", "grade"),
    Column("severity", "severity"),
    Column("calls", "calls", kind="count"),
    Column("amount", "amount", kind="money"),
    Column("overcharge", "overcharge", kind="money"),
    Column("undercharge", "undercharge", kind="money"),
]


def _call(pack: Pack, frame: pl.DataFrame) -> list[Column]:
    """Who called whom and when, and the seconds; what no row has is left out."""
    instants = [("submitted_at", "submitted"), ("answered_at", "answered"), ("ended_at", "ended")]
    zones = ["UTC"] if pack.tz == "UTC" else ["UTC", pack.tz]
    told = [
        *_ID,
        Column("direction", "direction", 11),
        Column("caller", "caller", 15),
        Column("callee", "callee", 15),
        Column("destination", "destination", 22),
        *(Column(name, title, 18, "instant", zone) for zone in zones for name, title in instants),
        Column("call_duration", "talk [s]", 8, "count"),
        Column("charged_duration", "charged [s]", 9, "count"),
        Column("expected_charged_duration", "due [s]", 8, "count"),
        Column("bill_period", "bill period", 8),
        Column("rate", "rate", 12, "money"),
        Column("expected_rate", "due rate", 12, "money"),
        Column("deck_row", "rate deck", 26),
        Column("billed", TITLES["billed"], 12, "money"),
        Column("expected", "expected", 12, "money"),
    ]
    optional = ("destination", "deck_row", "rate", "expected_rate", *(name for name, _ in instants))
    return [
        column
        for column in told
        if column.name not in optional or frame[column.name].null_count() < frame.height
    ]


def _claims(pack: Pack) -> list[Column]:
    rest = [
        Column("claim", "claim", 12, "money"),
        Column("currency", "currency", 9),
        Column("settled_claim", "claim as settled [USD]", 14, "money"),
        Column("grade", "grade", 7),
        Column("cause", "cause", 20),
        Column("counted", "demanded", 16),
        Column("fetched_at", "fetched", 18, "instant"),
        Column("explanation", "explanation", 80, "wrap"),
        *_EDITED,
    ]
    optional = ("settled_claim", "fetched_at")
    kept = [
        column
        for column in rest
        if column.name not in optional or pack.claims[column.name].null_count() < pack.claims.height
    ]
    return [Column("number", "no.", 6, "count"), *_call(pack, pack.claims), *kept]


def _undercharges(pack: Pack) -> list[Column]:
    return [
        *_call(pack, pack.undercharges),
        Column("undercharge", "undercharge", 12, "money"),
        Column("currency", "currency", 9),
        Column("explanation", "explanation", 80, "wrap"),
    ]


_QUESTIONS = [
    Column("grade", "grade", 7),
    Column("check", "check", 20),
    Column("severity", "severity", 10),
    *_ID,
    Column("reported", "reported", 22),
    Column("expected", "expected", 22),
    Column("amount", "amount", 14, "money"),
    Column("currency", "currency", 9),
    Column("explanation", "explanation", 80, "wrap"),
]
_ORPHANS = [*_ID, Column("billed", TITLES["billed"], 12, "money"), *_EDITED]


def _invoice(book: Book, pack: Pack) -> None:
    sheet = book.sheet("invoice")
    for place, width in enumerate((10, 22, 58)):
        sheet.set_column(place, place, width)
    sheet.set_column(3, 40, 16)
    row = 0
    for table in sums(pack.tie_out):
        told = plain(table.frame)
        row = _block(
            book, sheet, row, table.title, frame=told, columns=columns_of(told), strong=table.levels()
        )
    for title, frame in lists(pack.tie_out, masked=pack.masked):
        told = plain(frame)
        book.table(title, told, columns_of(told), fixed=1)


def _method(book: Book, pack: Pack) -> None:
    sheet = book.sheet("method")
    for place, width in enumerate((30, 22, 26, 14, 18, 16, 16)):
        sheet.set_column(place, place, width)
    row = write_lines(book, sheet, 0, "Method", method_of(pack)) + 1
    row = _block(
        book, sheet, row, "How much of the bill was verified", frame=coverage_of(pack), columns=_COVERAGE
    )
    row = _block(
        book,
        sheet,
        row,
        "What the vendor's rounding costs (below zero: saves)",
        frame=pack.result.rounding,
        columns=_MEMO,
    )
    write_lines(book, sheet, row, "Provenance: the same three give the same result", provenance_of(pack))


_COVERAGE = [
    Column("currency", "currency"),
    Column("status", "status"),
    Column("reason", "reason"),
    Column("calls", "calls", kind="count"),
    Column("amount", "amount", kind="money"),
    Column("share", "share", kind="share"),
]
_MEMO = [
    Column("source", "source"),
    Column("currency", "currency"),
    Column("calls", "calls", kind="count"),
    Column("amount", "amount", kind="money"),
]
