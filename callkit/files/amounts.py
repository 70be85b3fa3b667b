"""Amounts of a user's table: exactly, and never guessed between a decimal sign and a thousands separator."""

from __future__ import annotations

import re
from typing import Literal

import polars as pl

from callkit.cdr import MONEY
from callkit.errors import SchemaError
from callkit.files.cells import Unreadable

Sign = Literal[".", ","]

EXPECTED = "an amount like 0.0799, with at most 10 decimals"

_GROUPED = r"[1-9][0-9]{0,2}(?:%s[0-9]{3})+"
_BLANKS = re.compile(r"(?<=[0-9])[ \u00a0\u202f'’](?=[0-9]{3}(?![0-9]))")


def amounts(
    cells: pl.Series,
    rows: pl.Series,
    column: str,
    *,
    decimal: Sign | None = None,
    expected: str = EXPECTED,
    where: str = "the table",
) -> tuple[pl.Series, list[Unreadable]]:
    """Read a column of amounts; an empty cell is a missing value.

    Thousands may be set apart by blanks, apostrophes or the sign that is not the decimal one. Brackets around an amount
    and a minus after it make it negative, as in accounts. Amounts with an exponent are refused, because they have
    already lost digits, and so are two amounts in one cell.

    Parameters
    ----------
    cells
        Text, Decimals or whole numbers. Floats are refused.
    rows, column, where
        Where the cells are: row numbers, what the file calls the column, and the file for a message.
    decimal
        The decimal sign. None reads it off the column, where every cell agrees on it.
    expected
        What a message says is expected.

    Raises
    ------
    SchemaError
        If the column does not show which sign is the decimal one ("1,234" alone), or shows both; or holds floats.
    """
    if decimal not in (None, ".", ","):
        raise ValueError(f"decimal must be '.' or ',', got {decimal!r}")
    if cells.dtype != pl.String:
        return _typed(cells, column, where), []
    texts = cells.to_list()
    plain = {text: _plain(text) for text in set(texts) if text is not None and text.strip()}
    sign = decimal or _decimal_sign(plain, texts, rows.to_list(), column, where)
    read = {text: _read(stripped, sign) for text, stripped in plain.items()}
    values = [None if text is None else read.get(text) for text in texts]
    unreadable = [
        Unreadable(row, column, text, expected)
        for row, text, value in zip(rows.to_list(), texts, values, strict=True)
        if value is None and text in plain
    ]
    return pl.Series(cells.name, values, dtype=pl.String).cast(MONEY), unreadable


def _typed(cells: pl.Series, column: str, where: str) -> pl.Series:
    dtype = cells.dtype
    if isinstance(dtype, pl.Decimal) and dtype.scale <= 10:
        return cells.cast(MONEY)
    if dtype.is_integer() or dtype == pl.Null:
        return cells.cast(MONEY)
    lost = " Money in floats has already lost digits: read it as text." if dtype.is_float() else ""
    raise SchemaError(
        f"{where}: column {column!r}: expected amounts as text, Decimal or whole numbers, got {dtype}.{lost}"
    )


def _plain(text: str) -> str:
    """Without what does not change the value: blanks and apostrophes between thousands, a plus, accounts' brackets."""
    told = _BLANKS.sub("", text.strip().replace("−", "-"))
    if told.startswith("(") and told.endswith(")"):
        told = f"-{told[1:-1].strip()}"
    elif told.endswith("-"):
        told = f"-{told[:-1].strip()}"
    return told.removeprefix("+")


def _shows(number: str) -> Sign | Literal["?"] | None:
    """Which sign a number shows to be the decimal one; "?" where it could be either, None where it has none."""
    number = number.lstrip("-")
    points, commas = number.count("."), number.count(",")
    if points and commas:
        return "." if number.rindex(".") > number.rindex(",") else ","
    if points + commas == 0:
        return None
    other: Sign = "," if points else "."
    if points + commas > 1:
        return other
    if re.fullmatch(_GROUPED % (r"\." if points else ","), number):
        return "?"
    return "." if points else ","


def _decimal_sign(
    plain: dict[str, str], texts: list[str | None], rows: list[int], column: str, where: str
) -> Sign:
    shown: dict[str, str] = {}
    for text, number in plain.items():
        if re.fullmatch(r"-?[0-9.,]+", number):
            shows = _shows(number)
            if shows == "?" and "," in number:
                shown.setdefault("?", text)
            elif shows in (".", ","):
                shown.setdefault(str(shows), text)
    if "." in shown and "," in shown:
        named = " and ".join(f"{shown[sign]!r} (row {rows[texts.index(shown[sign])]})" for sign in ".,")
        raise SchemaError(
            f"{where}: column {column!r} has {named}. Say which is the decimal sign: decimal='.' or decimal=','; "
            f"what does not fit is then listed."
        )
    if "?" in shown and len(shown) == 1:
        text = shown["?"]
        raise SchemaError(
            f"{where}: column {column!r}, row {rows[texts.index(text)]}: {text!r} could be more than a thousand or a "
            f"fraction. Say which: decimal='.' or decimal=','."
        )
    return "," if "," in shown else "."


def _read(number: str, sign: Sign) -> str | None:
    other = "," if sign == "." else "."
    whole, _, fraction = number.partition(sign)
    if other in whole:
        if not re.fullmatch("-?" + _GROUPED % re.escape(other), whole):
            return None
        whole = whole.replace(other, "")
    if not re.fullmatch(r"-?[0-9]{0,28}", whole) or not re.fullmatch(r"[0-9]*", fraction):
        return None
    digits = whole.lstrip("-")
    if not (digits or fraction) or len(fraction.rstrip("0")) > 10:
        return None
    return f"{'-' if whole.startswith('-') else ''}{digits or 0}.{fraction[:10] or 0}"
