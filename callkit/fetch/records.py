"""Vendors' records → the CDR frame: the vendor's field map is data, the casts are strict, nothing is lost.

A whole column is converted at once where every value has the form that the contract documents. Only a column with
a value of another form is gone through one by one. A value that cannot be read leaves its cell null and itself
in `extra`, as `{"unreadable": {vendor field: value}}`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import polars as pl

from callkit import cdr
from callkit.fetch.exact import Json, to_json
from callkit.fetch.kinds import Kind, Unreadable
from callkit.fetch.tables import Record, Table

__all__ = ["to_frame"]


def to_frame(
    table: Table,
    fields: Mapping[str, tuple[str, Kind]],
    constants: Mapping[str, object],
    *,
    aside: Sequence[Record] | None = None,
) -> pl.DataFrame:
    """Make a CDR frame, one row per record, in the records' order.

    Parameters
    ----------
    table
        What the vendor sent, out of exact JSON (no floats), in columns of these fields.
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
    if not len(table):
        return cdr.empty()
    values = dict(zip(fields, table.columns, strict=True))
    sent = [_sent(name, values[name], kind, typed=table.typed) for name, (_, kind) in fields.items()]
    at_once = _at_once(pl.DataFrame([series for series in sent if series is not None]), fields)
    unreadable: dict[int, Record] = {}
    columns = {
        column: at_once[name] if name in at_once else _one_by_one(values[name], name, kind, unreadable)
        for name, (column, kind) in fields.items()
    }
    columns["extra"] = pl.Series(_extras(table, aside, unreadable), dtype=pl.String)
    return pl.DataFrame(
        [
            _cell(columns.get(column), constants.get(column), dtype, len(table)).alias(column)
            for column, dtype in cdr.SCHEMA.items()
        ]
    )


def _sent(name: str, values: Sequence[Json], kind: Kind, *, typed: bool) -> pl.Series | None:
    if kind.sent_as is None:
        return None
    # The types are looked at here: Polars takes True for 1, and panics at some Decimals.
    if not typed and not set(map(type, values)) <= {kind.python_type, type(None)}:
        return None
    try:
        return pl.Series(name, values, dtype=kind.sent_as, strict=True)
    except TypeError:  # an integer beyond 64 bits
        return None


def _at_once(sent: pl.DataFrame, fields: Mapping[str, tuple[str, Kind]]) -> dict[str, pl.Series]:
    """Convert the columns of which every value has the documented form; the others are not in the result."""
    kinds = tuple((name, fields[name][1]) for name in sent.columns)
    done = sent.select(_conversions(kinds))
    good = {name: done[name] for name in sent.columns}
    for name, kind in kinds:
        if kind.form:
            # A date may look like one and not exist: then there are more nulls than came.
            nulls = sent[name].null_count() + done[f"{name} empty"][0]
            if not done[f"{name} fits"][0] or done[name].null_count() != nulls:
                del good[name]
    return good


@lru_cache(maxsize=16)
def _conversions(kinds: tuple[tuple[str, Kind], ...]) -> list[pl.Expr]:
    """Every column as its kind converts it, whether all of it has the documented form, and how much of it is empty.

    Writing these down takes as long as reading hundreds of records, and nearly always they are the same.
    """
    columns = [kind.convert(pl.col(name)) for name, kind in kinds]
    formed = [(name, kind.form) for name, kind in kinds if kind.form]
    fits = [pl.col(name).str.contains(f"^({form})?$").all().alias(f"{name} fits") for name, form in formed]
    empty = [(pl.col(name) == "").sum().alias(f"{name} empty") for name, _ in formed]
    return columns + fits + empty


def _cell(column: pl.Series | None, constant: object, dtype: pl.DataType, height: int) -> pl.Series:
    if column is not None and (constant is None or not column.null_count()):
        return column
    filler = pl.Series([constant], dtype=dtype).new_from_index(0, height)
    return filler if column is None else column.zip_with(column.is_not_null(), filler)


def _one_by_one(values: Sequence[Json], name: str, kind: Kind, unreadable: dict[int, Record]) -> pl.Series:
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
    table: Table, aside: Sequence[Record] | None, unreadable: Mapping[int, Record]
) -> Sequence[str | None]:
    if aside is None and table.rest is None and not unreadable:
        return [None] * len(table)
    extras: list[str | None] = []
    for row in range(len(table)):
        rest = aside[row] if aside is not None else {}
        own = table.rest[row] if table.rest else {}
        if own:
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
