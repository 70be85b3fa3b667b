"""The first sheet of the workbook: who, what, until when, and how much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from callkit.cdr import MONEY
from callkit.export.book import Book
from callkit.export.cells import write_number, write_text
from callkit.export.decided import DECISIONS, STATUSES
from callkit.export.demand import DEMAND, TOTALS
from callkit.export.method import reading
from callkit.export.pack import Pack, facts_of
from callkit.export.texts import printed
from callkit.export.words import NO_CURRENCY, decimals_of

_LONGEST_HEAD = 60
"""A title is one line, whoever wrote it."""


def write_cover(book: Book, pack: Pack) -> None:
    """Write the sheet."""
    sheet = book.sheet("cover", landscape=False)
    sheet.set_column(0, 0, 38)
    sheet.set_column(1, 1, 22)
    sheet.set_column(2, 8, 16)
    write_text(sheet, 0, 0, _heading(pack), book.form(bold=True, font_size=18, font_color="#1F3A5F"))
    sheet.set_row(0, 28)
    row = _pairs(book, sheet, 2, facts_of(pack))
    row = _totals(book, sheet, row + 1, pack)
    row = write_lines(book, sheet, row + 1, "How to read it", reading(pack))
    if not pack.cover.vendor_copy:
        write_lines(book, sheet, row + 1, "How to fill it in", _FILLING)


def _heading(pack: Pack) -> str:
    if not pack.cover.invoice:
        return "Dispute of charges"
    return f"Dispute of charges, invoice {printed(pack.cover.invoice)[:_LONGEST_HEAD]}"


def _pairs(book: Book, sheet: Any, row: int, pairs: list[tuple[str, str]]) -> int:
    title = book.form(font_color="#5B6775")
    words = book.form(text_wrap=True)
    for name, text in pairs:
        sheet.write_string(row, 0, name, title)
        _wide(sheet, row, text, words)
        row += 1
    return row


_LINE = 100
"""So many characters stand on one line of the cover, beside the titles."""


def _wide(sheet: Any, row: int, text: str, form: Any) -> None:
    """Write text over several columns; a merged cell does not grow by itself."""
    lines = sum(max(1, -(-len(line) // _LINE)) for line in text.split("\n"))
    if lines > 1:
        sheet.set_row(row, 15 * lines)
    whole = printed(text)
    sheet.merge_range(row, 1, row, 6, "", form)
    write_text(sheet, row, 1, whole, form)


def _totals(book: Book, sheet: Any, row: int, pack: Pack) -> int:
    """One column per currency: amounts of several currencies are never added up."""
    currencies = [currency or NO_CURRENCY for currency in pack.demand["currency"]]
    head = book.form(bold=True, bg_color="#1F3A5F", font_color="#FFFFFF")
    right = book.form(bold=True, bg_color="#1F3A5F", font_color="#FFFFFF", align="right")
    sheet.write_string(row, 0, "Totals", head)
    for place, currency in enumerate(currencies, 1):
        write_text(sheet, row, place, printed(currency)[:_LONGEST_HEAD], right)
    decimals = {
        name: decimals_of(pack.demand[name].to_list()) for name, dtype in DEMAND.items() if dtype == MONEY
    }
    form = f"#,##0.{'0' * max(decimals.values())}"
    for name, title, strong in TOTALS:
        row += 1
        looks = {"bottom": 1, "bottom_color": "#C9D1DB", "bold": strong}
        sheet.write_string(row, 0, title, book.form(**looks))
        kind = "#,##0" if DEMAND[name] == pl.Int64 else form
        for place, value in enumerate(pack.demand[name], 1):
            write_number(sheet, row, place, value, book.form(**looks, num_format=kind))
    return row + 1


def write_lines(book: Book, sheet: Any, row: int, title: str, lines: Sequence[tuple[str, str]]) -> int:
    """Write pairs of a title and a text under a heading; the next free row is returned."""
    sheet.write_string(row, 0, title, book.form(bold=True, font_size=12))
    return _pairs(book, sheet, row + 1, list(lines))


_FILLING = (
    (
        "decision",
        f"{', '.join(DECISIONS)}; a claim that is held or withdrawn is not demanded. Empty: dispute.",
    ),
    ("status", f"{', '.join(STATUSES)}."),
    ("note, credit received", "Free text; and an amount in the claim's currency."),
    (
        "Reading it back",
        "callkit.read_decisions reads these columns, and to_excel(decisions=…) carries them on.",
    ),
)
