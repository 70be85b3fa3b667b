"""Decks as files: what the tests of reading begin with."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

import callkit as ck

DATA = Path(__file__).parents[1] / "data"


def text(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def book(path: Path, **sheets: list[list[Any]]) -> Path:
    """Write sheets as Excel would: numbers as numbers, dates as dates."""
    with xlsxwriter.Workbook(str(path)) as workbook:
        date = workbook.add_format({"num_format": "dd/mm/yyyy"})
        for name, rows in sheets.items():
            page = workbook.add_worksheet(name)
            for at, row in enumerate(rows):
                for place, value in enumerate(row):
                    if isinstance(value, datetime):
                        page.write_datetime(at, place, value, date)
                    elif value is not None:
                        page.write(at, place, value)
    return path


def refused(source: object, **arguments: Any) -> str:
    with pytest.raises(ck.SchemaError) as told:
        ck.RateDeck.read(source, **arguments)
    return str(told.value)
