"""Prefixes as decks write them: one, a list or a range in a cell, with or without what a spreadsheet did to them."""

from __future__ import annotations

import re
from collections.abc import Iterable

EXPECTED = "digits of a number with the country code, like 86139"

_MOST_DIGITS = 15
_WIDEST = 10_000

_FLOAT = re.compile(r"[0-9](?:[.,][0-9]+)?[eE][+]?[0-9]+")
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+")
_RANGE = re.compile(r"([0-9]+)\s*(?:-|–|—|\.\.+|to)\s*([0-9]+)")
_WRITTEN_AS_NUMBER = re.compile(r"([0-9]+)\.0+")


class Unclear(ValueError):
    """A cell that is no prefix; the message is what was expected."""


def shows_lists(cells: Iterable[str | None]) -> bool:
    """Whether commas in a column part prefixes: in some cell they cannot part thousands.

    Examples
    --------
    >>> from callkit.rates.prefixes import shows_lists
    >>> shows_lists(["447,448", "86139"]), shows_lists(["447,448", "86139, 86138"])
    (False, True)
    """
    return any(
        cell is not None and "," in cell and not _THOUSANDS.fullmatch(cell.strip().lstrip("+'"))
        for cell in cells
    )


def prefixes(cell: str, code: str = "", *, lists: bool | None = None) -> list[str]:
    """Read the prefixes in a cell, in its order.

    Parameters
    ----------
    cell
        The text of the cell.
    code
        A country code to put before each of them.
    lists
        Whether `447,448` is two prefixes (True) or one with thousands set apart (False).

    Raises
    ------
    Unclear
        If it can be read in no way, or in more than one.

    Examples
    --------
    >>> from callkit.rates.prefixes import prefixes
    >>> prefixes("+86 139; 0086138"), prefixes("86139-86141"), prefixes("139,150", code="86")
    (['86139', '86138'], ['86139', '86140', '86141'], ['86139', '86150'])
    """
    text = cell.strip().lstrip("'").strip()
    if text == "*":
        return [code]
    if _FLOAT.fullmatch(text):
        raise Unclear(
            f"{EXPECTED}; a spreadsheet has rounded this one: format the column as text and enter it anew"
        )
    if "," in text and not (lists or code) and _THOUSANDS.fullmatch(text.lstrip("+")):
        if lists is False:
            return _one(text.replace(",", ""), code)
        raise Unclear(
            f"{EXPECTED}; the comma could part two prefixes or thousands: say which, prefix_lists=True or False"
        )
    found: list[str] = []
    for part in re.split(r"[;,/|\n]", text):
        found += _one(part, code)
    return list(dict.fromkeys(found))


def _one(part: str, code: str) -> list[str]:
    part = part.strip().lstrip("'")
    span = _RANGE.fullmatch(part.replace("+", ""))
    if span:
        return _spanned(code + _digits(span[1], code), code + _digits(span[2], code))
    return [code + _digits(part, code)]


def _digits(text: str, code: str) -> str:
    digits = re.sub(r"[\s\u00a0()]", "", text).removeprefix("+")
    digits = _WRITTEN_AS_NUMBER.sub(r"\1", digits)
    digits = re.sub(r"(?<=[0-9])(?:\*|[xX]+|%)$", "", digits)
    if not code:
        digits = digits.removeprefix("00")
    if not digits:
        raise Unclear(f"{EXPECTED}; or * for the price of all numbers")
    if not re.fullmatch("[0-9]+", digits):
        raise Unclear(EXPECTED)
    if len(code + digits) > _MOST_DIGITS:
        raise Unclear(f"{EXPECTED}, of at most {_MOST_DIGITS} digits")
    if not code and digits.startswith("0"):
        raise Unclear(f"{EXPECTED}; no country code begins with 0")
    return digits


def _spanned(first: str, last: str) -> list[str]:
    """Every prefix of a range. `86-139` is no range: both ends have as many digits, and begin alike."""
    if len(first) != len(last) or len(first) < 4 or first[0] != last[0] or first > last:
        raise Unclear(
            f"{EXPECTED}, or a range whose ends have equally many digits, at least four, like 86139-86141"
        )
    if int(last) - int(first) >= _WIDEST:
        raise Unclear(f"{EXPECTED}, or a range of at most {_WIDEST:,} prefixes")
    return [str(number) for number in range(int(first), int(last) + 1)]
