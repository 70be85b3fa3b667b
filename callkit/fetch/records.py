"""Vendors' records → the CDR frame: the vendor's field map is data, the casts are strict, nothing is lost.

A whole column is converted at once where every value has the form that the contract documents. Only a column with
a value of another form is gone through one by one. A value that cannot be read leaves its cell null and itself
in `extra`, as `{"unreadable": {vendor field: value}}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

import polars as pl

from callkit import cdr
from callkit.fetch.exact import Json, to_json

__all__ = [
    "DTMF",
    "EPOCH",
    "INSTANT",
    "MONEY",
    "NUMBER",
    "SECONDS",
    "TEXT",
    "Kind",
    "Record",
    "choice",
    "exact_amount",
    "to_frame",
]

Record = dict[str, Json]
_NOTHING = type(None)


class Unreadable(Exception):
    """The value has no place in its column."""


class Kind(NamedTuple):
    """How a vendor's field becomes a column: all values at once if `fits`, else one by one."""

    fits: Callable[[Sequence[Json], set[type]], pl.Series | None]
    one: Callable[[Json], object]
    dtype: pl.DataType | type[pl.DataType]


def to_frame(
    records: Sequence[Record],
    fields: Mapping[str, tuple[str, Kind]],
    constants: Mapping[str, object],
    *,
    aside: Sequence[Record] | None = None,
) -> pl.DataFrame:
    """Make a CDR frame, one row per record, in the records' order.

    Parameters
    ----------
    records
        What the vendor sent, out of exact JSON (no floats).
    fields
        Vendor field → (column, kind). Any other field goes to `extra`.
    constants
        Column → the value of every row, e.g. `source`; also of cells that the vendor left empty.
    aside
        For each record, what belongs into its `extra` beside its unknown fields.

    Returns
    -------
    pl.DataFrame
        With `callkit.cdr.SCHEMA`.
    """
    if not records:
        return cdr.empty()
    unreadable: dict[int, Record] = {}
    columns: dict[str, pl.Series] = {}
    for name, (column, kind) in fields.items():
        values = [record.get(name) for record in records]
        kinds = set(map(type, values))
        kinds.discard(_NOTHING)
        series = (
            kind.fits(values, kinds) if kinds else pl.repeat(None, len(values), dtype=kind.dtype, eager=True)
        )
        if series is None:
            series = _one_by_one(name, values, kind, unreadable)
        columns[column] = series
    filled = {
        column: pl.lit(value, dtype=dtype)
        if column not in columns
        else pl.col(column).fill_null(pl.lit(value, dtype=dtype))
        for column, value in constants.items()
        for dtype in [cdr.SCHEMA[column]]
    }
    missing = {
        column: pl.lit(None, dtype=dtype)
        for column, dtype in cdr.SCHEMA.items()
        if column not in columns and column not in filled
    }
    columns["extra"] = pl.Series(_extras(records, fields.keys(), aside, unreadable), dtype=pl.String)
    missing.pop("extra", None)
    return pl.DataFrame(columns).with_columns(**filled, **missing).select(cdr.SCHEMA.names())


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

    return Kind(lambda _values, _kinds: None, one, pl.String)


def _one_by_one(name: str, values: Sequence[Json], kind: Kind, unreadable: dict[int, Record]) -> pl.Series:
    read: list[object] = []
    for row, value in enumerate(values):
        try:
            read.append(kind.one(value))
        except Unreadable:
            read.append(None)
            unreadable.setdefault(row, {})[name] = value
    if kind.dtype == cdr.MONEY:
        texts = [None if amount is None else format(amount, "f") for amount in read]
        return pl.Series(texts, dtype=pl.String).cast(cdr.MONEY)
    return pl.Series(read, dtype=kind.dtype, strict=True)


def _extras(
    records: Sequence[Record],
    known: Set[str],
    aside: Sequence[Record] | None,
    unreadable: Mapping[int, Record],
) -> list[str | None]:
    extras: list[str | None] = []
    for row, record in enumerate(records):
        rest = aside[row] if aside is not None else {}
        if not record.keys() <= known:
            own = {name: value for name, value in record.items() if name not in known}
            rest = {
                **{f"{name} (answer)" if name in own else name: value for name, value in rest.items()},
                **own,
            }
        if row in unreadable:
            if "unreadable" in rest:
                rest = {**rest, "unreadable (vendor)": rest["unreadable"]}
            rest = {**rest, "unreadable": unreadable[row]}
        extras.append(to_json(rest) if rest else None)
    return extras


def _strings(values: Sequence[Json], kinds: set[type]) -> pl.Series | None:
    return pl.Series(values, dtype=pl.String) if kinds == {str} else None


def _emptied(series: pl.Series) -> pl.Series:
    return series.set(series.str.len_bytes() == 0, None)


def _texts(values: Sequence[Json], kinds: set[type]) -> pl.Series | None:
    series = _strings(values, kinds)
    return None if series is None else _emptied(series)


def _text(value: Json) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Unreadable
    return str(value)


def _numbers(values: Sequence[Json], kinds: set[type]) -> pl.Series | None:
    series = _strings(values, kinds)
    if series is None:
        return None
    return _emptied(series.str.replace_all(r"\s+", "").str.strip_prefix("+"))


def _number(value: Json) -> str | None:
    text = _text(value)
    return None if text is None else "".join(text.split()).removeprefix("+") or None


def _amounts(values: Sequence[Json], kinds: set[type]) -> pl.Series | None:
    series = _texts(values, kinds)
    # Polars rounds a longer fraction without a word, hence the look at the digits first.
    if series is None or not series.str.contains(r"^-?[0-9]{1,28}(\.[0-9]{1,10})?$").all():
        return None
    return series.cast(cdr.MONEY)


def _instants(values: Sequence[Json], kinds: set[type]) -> pl.Series | None:
    series = _texts(values, kinds)
    if series is None or not series.str.contains(_PLAIN_INSTANT).all():
        return None
    instants = series.str.to_datetime("%Y-%m-%dT%H:%M:%S%z", time_unit="us", strict=False)
    return instants if instants.null_count() == series.null_count() else None


_PLAIN_INSTANT = r"^(19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9][+-][0-9]{2}:[0-9]{2}$"


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


def _seconds(values: Sequence[Json], kinds: set[type]) -> pl.Series | None:
    if kinds != {int} or any(value is not None and abs(value) >= 2**63 for value in values):
        return None
    return pl.Series(values, dtype=pl.Int64)


def _second(value: Json) -> int | None:
    amount = exact_amount(value)
    if amount is None:
        return None
    if amount != int(amount) or abs(amount) >= 2**63:
        raise Unreadable
    return int(amount)


def _keys(values: Sequence[Json], kinds: set[type]) -> pl.Series | None:
    series = _texts(values, kinds)
    return None if series is None else series.set(series == "-1", None)


def _key(value: Json) -> str | None:
    text = _text(value)
    return None if text == "-1" else text


TEXT = Kind(_texts, _text, pl.String)
"""Opaque text as sent; empty is null."""
NUMBER = Kind(_numbers, _number, pl.String)
"""A telephone number without blanks and leading `+`."""
MONEY = Kind(_amounts, exact_amount, cdr.MONEY)
"""A decimal number, as text or as a JSON number, with at most ten decimals."""
SECONDS = Kind(_seconds, _second, pl.Int64())
"""A whole number, as such or as text."""
INSTANT = Kind(_instants, _instant, cdr.INSTANT)
"""ISO 8601 with an offset."""
EPOCH = Kind(lambda _values, _kinds: None, _epoch, cdr.INSTANT)
"""Unix seconds, as text or as a number."""
DTMF = Kind(_keys, _key, pl.String)
"""Keys pressed; -1 stands for none."""
