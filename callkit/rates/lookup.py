"""Calls with what a deck says of each behind them."""

from __future__ import annotations

from typing import Any

import polars as pl

from callkit.cdr import INSTANT, SCHEMA, as_lazy, schema_of, validate
from callkit.errors import SchemaError
from callkit.rates.matching import NEEDED

_LOOKED_UP = (
    "prefix", "destination", "rate", "bill_period", "currency", "valid_from", "valid_to",
)  # fmt: skip


def look_up(cdrs: Any, rows: pl.DataFrame, row_of: pl.Expr) -> pl.DataFrame | pl.LazyFrame:
    """Add the columns of the rows that apply; see `RateDeck.lookup`."""
    lazy = as_lazy(cdrs)
    found = lazy.collect_schema()
    missing = [name for name in ("callee", "currency") if name not in found]
    if missing:
        raise SchemaError(
            f"lookup needs the column {' and '.join(missing)}; got {', '.join(found) or 'none'}"
        )
    taken = [name for name in found if name == "deck_row" or name in {f"deck_{each}" for each in _LOOKED_UP}]
    if taken:
        raise SchemaError(f"the frame has a column {taken[0]!r} already; drop it or rename it")
    needed = [name for name in NEEDED if name in found]
    validate(lazy.select(needed), schema_of(**{name: SCHEMA[name] for name in needed}))
    absent = [name for name in NEEDED if name not in found]
    unknown = [pl.lit(None, INSTANT if name.endswith("_at") else pl.String).alias(name) for name in absent]
    told = rows.lazy().select(
        pl.col("row").alias("deck_row"), *(pl.col(name).alias(f"deck_{name}") for name in _LOOKED_UP)
    )
    answer = (
        lazy.with_columns(unknown)
        .with_columns(row_of)
        .drop(absent)
        .join(told, on="deck_row", how="left", maintain_order="left")
    )
    return answer if isinstance(cdrs, pl.LazyFrame) else answer.collect()
