"""Between Spark's Arrow data and Polars: instants are instants, whatever zone the session shows them in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def collected(frame: DataFrame) -> pl.DataFrame:
    """Bring a small Spark frame to the driver."""
    return to_polars(frame.toArrow())


def to_polars(table: pa.Table) -> pl.DataFrame:
    """Read Arrow data, with all instants in UTC.

    Spark labels them with its session's zone, which need not be one that Polars knows (`+05:45`). The label is all that
    changes: an Arrow timestamp counts from 1970 in UTC.
    """
    fields = [
        field.with_type(pa.timestamp(field.type.unit, "UTC"))
        if pa.types.is_timestamp(field.type) and field.type.tz
        else field
        for field in table.schema
    ]
    return pl.DataFrame(table.cast(pa.schema(fields)))


def with_columns(table: pa.Table, added: pl.DataFrame) -> pa.Table:
    """Put columns behind those of a table, which stay as they are."""
    columns = added.to_arrow(compat_level=pl.CompatLevel.oldest())
    for name, column in zip(columns.column_names, columns.itercolumns(), strict=True):
        # Polars writes long strings; Spark's have 32-bit offsets.
        plain = column.cast(pa.string()) if pa.types.is_large_string(column.type) else column
        table = table.append_column(name, plain)
    return table
