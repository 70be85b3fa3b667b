"""Spark frames of call records: checked like any other, and every distinct row once."""

from __future__ import annotations

from collections import Counter

import polars as pl
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that all of Spark's own pages use
from pyspark.sql import types as T  # noqa: N812 - as above

from callkit import cdr
from callkit.cdr import INSTANT
from callkit.errors import SchemaError
from callkit.reconciliation.records import checked
from callkit.spark.arrow import collected

MOST_REPEATED = 1_000_000
"""Up to so many ids that occur twice are sent to every executor; beyond, all rows are compared."""

_DTYPES: dict[type[T.DataType], pl.DataType | type[pl.DataType]] = {
    T.StringType: pl.String,
    T.BooleanType: pl.Boolean,
    T.ByteType: pl.Int8,
    T.ShortType: pl.Int16,
    T.IntegerType: pl.Int32,
    T.LongType: pl.Int64,
    T.FloatType: pl.Float32,
    T.DoubleType: pl.Float64,
    T.TimestampType: INSTANT,
    T.DateType: pl.Date,
    T.BinaryType: pl.Binary,
    T.NullType: pl.Null,
    T.ArrayType: pl.List(pl.Null),
}
_IN_SPARK = {
    pl.String: "string",
    pl.Boolean: "boolean",
    pl.Int64: "bigint",
    INSTANT: "timestamp",
    cdr.MONEY: "decimal(38,10)",
}
_COMPARABLE = (
    "Spark cannot compare such values, so that exact copies cannot be told. Drop it, or make it text."
)


def take(cdrs: object, schema: pl.Schema = cdr.SCHEMA) -> DataFrame:
    """Check a Spark frame by the rules of `callkit.cdr.validate`; nothing is computed.

    Returns
    -------
    DataFrame
        The columns of `schema` first, in its order and dtypes, then all others as they are.

    Raises
    ------
    TypeError
        If it is no Spark frame.
    SchemaError
        If columns are missing or of the wrong type, or of names or types that cannot be told apart.
    """
    if not isinstance(cdrs, DataFrame):
        raise TypeError(
            f"expected a Spark DataFrame, got {type(cdrs).__module__}.{type(cdrs).__name__}; frames of "
            f"Polars, pandas, pyarrow and DuckDB go into ck.reconcile as they are"
        )
    _refuse_names(cdrs)
    _refuse_naive(cdrs, schema)
    dtypes = {
        field.name: _dtype(field.dataType) if field.name in schema else pl.Null for field in cdrs.schema
    }
    names = checked(pl.LazyFrame(schema=dtypes), schema).collect_schema().names()
    own = [name for name in names if name not in schema]
    return cdrs.select(
        *(quoted(name).cast(_IN_SPARK[dtype]).alias(name) for name, dtype in schema.items()),
        *(quoted(name) for name in own),
    )


def distinct(records: DataFrame) -> DataFrame:
    """Leave exact copies out.

    Only a hash of the ids is brought together; whole rows are compared only where an id occurs twice.
    """
    for field in records.schema:
        if isinstance(field.dataType, T.MapType | T.VariantType):
            raise SchemaError(f"column {field.name!r} is a {field.dataType.simpleString()}: {_COMPARABLE}")
    hashed = records.withColumn("_id", F.xxhash64("call_id"))
    twice = hashed.groupBy("_id").count().where("count > 1").select("_id")
    known = collected(twice.limit(MOST_REPEATED + 1))
    if known.is_empty():
        return records
    if known.height > MOST_REPEATED:
        return records.dropDuplicates()
    again = F.broadcast(records.sparkSession.createDataFrame(known.to_arrow()))
    single = hashed.join(again, "_id", "left_anti").drop("_id")
    several = hashed.join(again, "_id", "left_semi").drop("_id").dropDuplicates()
    return single.union(several)


def quoted(name: str) -> Column:
    """A column by its very name, whatever signs are in it."""
    return F.col(f"`{name.replace('`', '``')}`")


def _dtype(of: T.DataType) -> pl.DataType | type[pl.DataType]:
    if isinstance(of, T.DecimalType):
        return pl.Decimal(of.precision, of.scale)
    # What is none of these (a struct, a map, an interval) is no column of a CDR frame.
    return next((dtype for kind, dtype in _DTYPES.items() if isinstance(of, kind)), pl.Struct([]))


def _refuse_names(cdrs: DataFrame) -> None:
    sensitive = str(cdrs.sparkSession.conf.get("spark.sql.caseSensitive")).lower() == "true"
    counts = Counter(name if sensitive else name.casefold() for name in cdrs.columns)
    twice = [name for name in cdrs.columns if counts[name if sensitive else name.casefold()] > 1]
    if twice:
        raise SchemaError(
            f"columns {', '.join(map(repr, twice))}: Spark cannot tell their names apart. Drop or rename one of them."
        )


def _refuse_naive(cdrs: DataFrame, schema: pl.Schema) -> None:
    """A time without a zone would be read in the session's, whatever that happens to be."""
    for field in cdrs.schema:
        if schema.get(field.name) == INSTANT and isinstance(field.dataType, T.TimestampNTZType):
            raise SchemaError(
                f"column {field.name!r}: expected timestamp, got timestamp_ntz: a time without a zone. Say which zone "
                f"it is in; for UTC: F.to_timestamp(F.concat(F.col({field.name!r}).cast('string'), F.lit('Z')))"
            )
