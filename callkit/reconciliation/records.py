"""The records to judge: every distinct row once, and the ids that occur more than once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from callkit import cdr
from callkit.errors import SchemaError
from callkit.reconciliation.ledger import COMPUTED

RECORD = "_record"
"""The column that tells apart the records of one id, where a vendor lists several."""


@dataclass(frozen=True, slots=True)
class Records:
    """What came in, made fit to be judged.

    Attributes
    ----------
    distinct
        Every distinct row once, without what an earlier reconciliation added.
    repeated
        The distinct rows of ids that occur more than once; nearly always none.
    rows
        How many rows came in, exact copies among them.
    """

    distinct: pl.LazyFrame
    repeated: pl.DataFrame
    rows: int

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of a record's columns."""
        return tuple(self.repeated.columns)


def checked(cdrs: object, schema: pl.Schema = cdr.SCHEMA) -> pl.LazyFrame:
    """Check a frame, and leave out what an earlier reconciliation added.

    Raises
    ------
    SchemaError
        If it is not a CDR frame, or has columns that are used within.
    """
    validated = cdr.validate(cdrs, schema).drop(COMPUTED, strict=False)
    own = [name for name in validated.collect_schema() if name.startswith("_") and not name.startswith("__")]
    if own:
        raise SchemaError(
            f"column {', '.join(map(repr, own))}: names that begin with an underscore are used within; "
            f"rename or drop it."
        )
    return validated


def take(cdrs: object) -> Records:
    """Check a frame and leave out exact copies.

    An eager frame is taken into memory in the stated order. Of a lazy one only a hash of the ids is: whole rows are
    compared only where an id occurs twice.

    Raises
    ------
    SchemaError
        If it is not a CDR frame, or has columns that are used within.
    """
    validated = checked(cdrs)
    records = validated if isinstance(cdrs, pl.LazyFrame) else validated.collect().lazy()
    hashed = pl.col("call_id").hash()
    hashes = records.select(hashed).collect(engine="streaming").to_series().sort()
    twice = hashes.filter(hashes == hashes.shift(1)).unique()
    again = hashed.is_in(twice.implode())
    if twice.is_empty():
        repeated = cdr.validate(records.head(0)).collect()
        distinct = records
    else:
        copies = records.filter(again).collect(engine="streaming")
        rows = copies.unique()
        # The hash only points at ids; which of them are equal is asked of the ids themselves.
        repeated = rows.filter(pl.col("call_id").is_not_null(), pl.len().over("source", "call_id") > 1)
        distinct = (
            records if rows.height == copies.height else pl.concat([records.filter(~again), rows.lazy()])
        )
    if not isinstance(cdrs, pl.LazyFrame):
        distinct = cdr.sort(distinct).collect().lazy()
    return Records(distinct, repeated, hashes.len())


def told_apart(calls: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Add `_record`: one number for the values in the columns of the records.

    Compared within one id only, where two records make the same number once in 2⁶⁴.
    """
    return calls.with_columns(pl.struct(columns).hash().alias(RECORD))


def in_order(calls: pl.LazyFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Collect in the CDR frame's order; where several records share all that it goes by, their values decide."""
    ordered = cdr.sort(calls).collect(engine="streaming")
    keys = [pl.coalesce("submitted_at", "answered_at"), pl.col("source"), pl.col("call_id")]
    tied = pl.all_horizontal(key.eq_missing(key.shift()) for key in keys)
    if ordered.height > 1 and ordered.select(tied.slice(1).any()).item():
        # They come in whatever order the engine has them in.
        others = [name for name in columns if not ordered.schema[name].is_nested()]
        ordered = ordered.sort(*keys, *others, nulls_last=True)
    return ordered
