"""Calls that are charged alike, counted.

What a call should cost follows from a dozen columns, and ten million calls have some hundred thousand combinations of
them. Facts, rating and bridge rest on these; only what concerns single calls is asked of the calls themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add

import polars as pl

COLUMNS = (
    "source",
    "currency",
    "bill_period",
    "direction",
    "found",
    "rate",
    "cost",
    "call_duration",
    "charged_duration",
    "exchange_rate",
    "settle_rate",
    "settle_cost",
)
"""What a charge follows from."""

ROWS = "_rows"
"""The column that counts the calls."""

LOOKED_UP = ("rate", "cost", "call_duration", "charged_duration")
"""Numbers by which the calls of a charge are found again, with few others among them."""

_LABELS = ("source", "currency", "bill_period", "direction", "found")


def condense(cdrs: pl.LazyFrame, columns: Sequence[str] = COLUMNS) -> pl.DataFrame:
    """Count the distinct charges.

    Labels have few combinations. Each is told by one number, because grouping by that takes half the time of grouping
    by five texts.

    Parameters
    ----------
    cdrs
        The distinct records.
    columns
        What is to be told apart.

    Returns
    -------
    pl.DataFrame
        The columns, and `_rows`, how many calls have these values; in no order.
    """
    labels = [name for name in columns if name in _LABELS]
    values = [name for name in columns if name not in _LABELS]
    number = _numbered(labels).alias("_labels")
    known = cdrs.select(labels).unique().collect(engine="streaming").with_columns(number)
    if known["_labels"].is_duplicated().any():  # two of them made the same number
        return cdrs.group_by(columns).agg(_count()).collect(engine="streaming")
    counted = (
        cdrs.select(number, *values).group_by("_labels", *values).agg(_count()).collect(engine="streaming")
    )
    return counted.join(known, on="_labels").select(*columns, ROWS)


def apart(charges: pl.DataFrame, doubled: pl.DataFrame) -> pl.DataFrame:
    """Tell the doubles from the other calls of the same charge.

    Parameters
    ----------
    charges
        What `condense` counted.
    doubled
        How many of each of them are doubles.

    Returns
    -------
    pl.DataFrame
        The charges, with `_double_of`: null, or a text where these are the doubles.
    """
    if doubled.is_empty():
        return charges.with_columns(_double_of=pl.lit(None, pl.String))
    keys = [name for name in charges.columns if name != ROWS]
    single = (
        charges.join(doubled.rename({ROWS: "_fewer"}), on=keys, how="left", nulls_equal=True)
        .with_columns(pl.col(ROWS) - pl.col("_fewer").fill_null(0))
        .filter(pl.col(ROWS) > 0)
        .drop("_fewer")
    )
    return pl.concat(
        [
            single.with_columns(_double_of=pl.lit(None, pl.String)),
            doubled.select(charges.columns).with_columns(_double_of=pl.lit("another call")),
        ]
    )


def calls_of(charges: pl.DataFrame) -> pl.Expr:
    """Whether a call can be one of these charges: a few others are let through, none is left out."""
    number = _numbered(LOOKED_UP)
    wanted = charges.select(number.alias("number")).to_series().unique()
    return number.is_in(wanted.implode())


def _numbered(names: Sequence[str]) -> pl.Expr:
    """One number for the values of several columns, in half the time that hashing them as a struct takes."""
    hashes = [pl.col(name).hash(seed) for seed, name in enumerate(names)]
    return reduce(add, hashes)


def _count() -> pl.Expr:
    return pl.len().cast(pl.Int64).alias(ROWS)
