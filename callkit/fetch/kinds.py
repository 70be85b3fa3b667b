"""How one vendor's field becomes one column: the documented form at once, any other value by itself.

Two fields of one kind are read alike whatever the vendor. `form` is what the contract documents; a value of another
form is not wrong for that, only slower: `one` reads it, or raises Unreadable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

import polars as pl

from callkit import cdr
from callkit.fetch.exact import Json

__all__ = [
    "DTMF",
    "EPOCH",
    "INSTANT",
    "MONEY",
    "NUMBER",
    "SECONDS",
    "TEXT",
    "Kind",
    "Unreadable",
    "choice",
    "exact_amount",
]


class Unreadable(Exception):
    """The value has no place in its column."""


class Kind(NamedTuple):
    """How a vendor's field becomes a column: all values at once if they have its documented form, else one by one."""

    sent_as: type[pl.DataType] | None
    """What a column of such values holds at first; None to go one by one always."""
    form: str | None
    """A pattern that every text must match to be converted at once; any text will do without."""
    convert: Callable[[pl.Expr], pl.Expr]
    one: Callable[[Json], object]
    dtype: pl.DataType

    @property
    def python_type(self) -> type[str | int]:
        """What such values are in JSON, as far as they are documented."""
        return int if self.sent_as == pl.Int64 else str


def exact_amount(value: Json) -> Decimal | None:
    """Read an amount; None where there is none.

    Raises
    ------
    Unreadable
        If it is no plain decimal number, or one that MONEY, Decimal(38, 10), cannot hold exactly.
    """
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        # Decimal would also take "1_000", "٣" and "NaN".
        if not (text.isascii() and "_" not in text and len(text) <= 100 and text[-1:] in "0123456789."):
            raise Unreadable
        try:
            value = Decimal(text)
        except ArithmeticError:
            value = None
        if value is None:
            raise Unreadable
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        if value is None:
            return None
        raise Unreadable
    if isinstance(value, int):
        if abs(value) >= 10**28:
            raise Unreadable
        return Decimal(value)
    if value == 0:
        return Decimal(0)
    _, digits, exponent = value.as_tuple()
    kept = len(digits)
    while digits[kept - 1] == 0:
        kept -= 1
    if not isinstance(exponent, int) or exponent + len(digits) - kept < -10 or value.adjusted() >= 28:
        raise Unreadable
    return value


def choice(meaning: Mapping[str, str]) -> Kind:
    """Make the kind of a field that holds one of a few codes, as a number or as text."""

    def one(value: Json) -> str | None:
        text = _text(value)
        if text is None or not text.strip():
            return None
        if text.strip() not in meaning:
            raise Unreadable
        return meaning[text.strip()]

    return Kind(None, None, _as_is, one, pl.String())


def _as_is(sent: pl.Expr) -> pl.Expr:
    return sent


def _filled(sent: pl.Expr) -> pl.Expr:
    return pl.when(sent != "").then(sent)


def _to_utc(sent: pl.Expr) -> pl.Expr:
    """Take date and offset apart: Polars reads a date without a zone several times faster than one with."""
    local = sent.str.slice(0, 19).str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False)
    hours, minutes = (sent.str.slice(at, 2).cast(pl.Int64, strict=False) for at in (20, 23))
    east = pl.when(sent.str.slice(19, 1) == "-").then(-1).otherwise(1) * (hours * 60 + minutes)
    return (local - pl.duration(minutes=east)).dt.replace_time_zone("UTC")


def _text(value: Json) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Unreadable
    return str(value)


def _number(value: Json) -> str | None:
    text = _text(value)
    return None if text is None else "".join(text.split()).removeprefix("+") or None


def _instant(value: Json) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise Unreadable
    text = value.strip()
    if not text:
        return None
    instant: datetime | None = None
    try:
        instant = datetime.fromisoformat(text).astimezone(UTC) if _has_offset(text) else None
    except (ValueError, OverflowError):
        instant = None
    if instant is None:
        raise Unreadable
    return instant


def _has_offset(text: str) -> bool:
    # More digits than microseconds would be cut off without a word.
    return datetime.fromisoformat(text).tzinfo is not None and not _FINER_THAN_MICROSECONDS.search(text)


_FINER_THAN_MICROSECONDS = re.compile(r"[.,][0-9]{7}")


def _epoch(value: Json) -> datetime | None:
    seconds = _second(value)
    if seconds is None:
        return None
    # What lies beyond the year 9999 is no count of seconds: milliseconds, most likely.
    if not 0 <= seconds < 253_402_300_800:
        raise Unreadable
    return datetime.fromtimestamp(seconds, UTC)


def _second(value: Json) -> int | None:
    amount = exact_amount(value)
    if amount is None:
        return None
    if amount != int(amount) or abs(amount) >= 2**63:
        raise Unreadable
    return int(amount)


def _key(value: Json) -> str | None:
    text = _text(value)
    return None if text == "-1" else text


TEXT = Kind(pl.String, None, _filled, _text, pl.String())
"""Opaque text as sent; empty is null."""
NUMBER = Kind(pl.String, r"[^\s+]+", _filled, _number, pl.String())
"""A telephone number without blanks and leading `+`."""
MONEY = Kind(
    pl.String,
    # Polars rounds a longer fraction without a word, hence the look at the digits first.
    r"-?[0-9]{1,28}(\.[0-9]{1,10})?",
    lambda sent: _filled(sent).cast(cdr.MONEY, strict=False),
    exact_amount,
    cdr.MONEY,
)
"""A decimal number, as text or as a JSON number, with at most ten decimals."""
SECONDS = Kind(pl.Int64, None, _as_is, _second, pl.Int64())
"""A whole number, as such or as text."""
INSTANT = Kind(
    pl.String,
    r"(19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9][+-]([01][0-9]|2[0-3]):[0-5][0-9]",
    _to_utc,
    _instant,
    cdr.INSTANT,
)
"""ISO 8601 with an offset."""
EPOCH = Kind(None, None, _as_is, _epoch, cdr.INSTANT)
"""Unix seconds, as text or as a number."""
DTMF = Kind(pl.String, None, lambda sent: pl.when(~sent.is_in(["", "-1"])).then(sent), _key, pl.String())
"""Keys pressed; -1 stands for none."""
