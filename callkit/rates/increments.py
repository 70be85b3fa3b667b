"""Increments as decks write them, into `a+b`."""

from __future__ import annotations

import re

EXPECTED = "increments like 6+6, 60/60 or 30-6, in whole seconds from 1 on"

_PAIR = re.compile(r"0*([1-9][0-9]{0,14})\s*(?:[+/:\\\-–,;]|\s)\s*0*([1-9][0-9]{0,14})")
_SECONDS = re.compile(r"0*([1-9][0-9]{0,14})(?:\.0+)?")
_UNIT = re.compile(r"(?<=[0-9])\s*(?:seconds|second|secs|sec|s)(?![a-z])", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d\d-\d\d.*|\d{1,2}[-/. ][A-Za-z]{3}.*|[A-Za-z]{3}[-/. ]\d{1,2}.*", re.ASCII)


def bill_period(cell: str) -> str | None:
    """Read both increments out of one cell; None where that cannot be done. One number alone is both of them.

    Examples
    --------
    >>> from callkit.rates.increments import bill_period
    >>> [bill_period(cell) for cell in ("60/60", "6+6", "30-6", "1/1", "60 s / 1 s", "60", "0/1", "6-Jun")]
    ['60+60', '6+6', '30+6', '1+1', '60+1', '60+60', None, None]
    """
    text = _UNIT.sub("", cell.strip())
    alone = _SECONDS.fullmatch(text)
    if alone:
        return f"{alone[1]}+{alone[1]}"
    pair = _PAIR.fullmatch(text)
    return f"{pair[1]}+{pair[2]}" if pair else None


def seconds(cell: str) -> str | None:
    """Read one increment; None where that cannot be done."""
    found = _SECONDS.fullmatch(_UNIT.sub("", cell.strip()))
    return found[1] if found else None


def expected(cell: str) -> str:
    """What a message says is expected instead of a cell."""
    if _DATE.fullmatch(cell.strip()):
        return f"{EXPECTED}; a spreadsheet has made a date of it: format the column as text and enter it anew"
    return EXPECTED
