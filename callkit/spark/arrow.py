"""Between Spark's Arrow data and Polars: instants are instants, whatever zone the session shows them in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import types as T  # noqa: N812 - the name that all of Spark's own pages use

from callkit import cdr

Batches = Iterator[pa.RecordBatch]


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


def mapped(
    frame: DataFrame, function: Callable[[Batches], Batches], added: Sequence[T.StructField]
) -> DataFrame:
    """Put columns behind a Spark frame's by a function of its Arrow batches; the others it gives back as they came.

    The function finds the CDR frame's columns by their names, and all others under plain ones: PySpark would take a
    dot in a name for a field of a struct.
    """
    names = frame.columns
    plain = frame.toDF(*(name if name in cdr.SCHEMA else f"_own_{at}" for at, name in enumerate(names)))
    schema = T.StructType([*plain.schema.fields, *added])
    return plain.mapInArrow(function, schema).toDF(*names, *(field.name for field in added))
