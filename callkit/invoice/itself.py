"""What an invoice says of itself: its number, its date, and whose it is."""

from __future__ import annotations

import re
from datetime import date as Date  # noqa: N812 - an argument has that name

import polars as pl

from callkit.files.columns import plain
from callkit.files.dates import dates
from callkit.invoice.schema import LINES

_ITSELF = {
    "number": r"invoice|(invoice|bill|document) (number|no|nr|id)",
    "date": r"(invoice|bill|issue|document) date|issued( on)?",
    "vendor": r"vendor|supplier|carrier|provider",
    "account": r"account( (number|no|id|name))?|customer( (number|no|id|name))?",
}


def said_of_itself(lines: pl.DataFrame) -> dict[str, str]:
    """Find what holds for the invoice as a whole: columns of such a name with one value in them."""
    found: dict[str, str] = {}
    for name in lines.columns:
        values = lines[name].drop_nulls().unique().cast(pl.String, strict=False).to_list()
        for what, header in _ITSELF.items():
            if name not in LINES and len(values) == 1 and re.fullmatch(header, plain(name)):
                found.setdefault(what, values[0].strip())
    return found


def day_of(date: Date | str | None, date_format: str | None) -> Date | None:
    """Read the invoice's date; None where it is written in a form that is not known."""
    if not isinstance(date, str):
        return date
    read, _ = dates(pl.Series([date]), pl.Series([1]), "date", date_format=date_format)
    day = read.to_list()[0]
    return day.date() if day is not None else None
