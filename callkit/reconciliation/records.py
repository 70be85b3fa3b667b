"""The records to judge: every distinct row once, and the ids that occur more than once."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from callkit import cdr
from callkit.errors import SchemaError
from callkit.reconciliation.ledger import COMPUTED


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
