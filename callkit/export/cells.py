"""Cells of a workbook: each is said to be what it is, because left to itself a spreadsheet would guess."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

MOST_ROWS = 1_048_575
"""Rows of a sheet under its header."""

LONGEST_TEXT = 32_767
"""Characters of a cell, counted as UTF-16 does."""

_MOST_DIGITS = 15
_FIRST_YEAR = 1900


def fits_a_cell(value: int | Decimal) -> bool:
    """Whether a spreadsheet's number holds every digit: a double does, and fifteen of them are shown."""
    digits = len(Decimal(value).normalize().as_tuple().digits)
    return digits <= _MOST_DIGITS and Decimal(repr(float(value))) == value


def write_text(sheet: Any, row: int, column: int, text: str, form: Any = None) -> None:
    """Write text as text, whatever it looks like.

    In a workbook that is written row by row, xlsxwriter takes a text from `<r>` to `</r>` for markup of its own and
    passes it on as it is: such a text is given to it as the markup that says the same.
    """
    if text.startswith("<r>") and text.endswith("</r>"):
        text = f'<r><t xml:space="preserve">{escape(text)}</t></r>'
    sheet.write_string(row, column, text, form)


def write_number(sheet: Any, row: int, column: int, value: int | Decimal, form: Any = None) -> None:
    """Write a number as one where a spreadsheet holds every digit of it, else as text."""
    if fits_a_cell(value):
        sheet.write_number(row, column, float(value), form)
    else:
        write_text(sheet, row, column, f"{value:f}" if isinstance(value, Decimal) else str(value), form)


def holds_instant(value: date) -> bool:
    """Whether a spreadsheet has a date for it: from 1900 on, and down to milliseconds."""
    fine = value.microsecond % 1000 if isinstance(value, datetime) else 0
    return value.year >= _FIRST_YEAR and not fine
