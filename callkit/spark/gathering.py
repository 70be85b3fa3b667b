"""What must be known about all the records, counted by Spark: the facts that every single call is judged by.

Charges that are alike are counted by Spark, and so is who calls whom again within seconds. What comes to the driver are
the distinct charges and the few calls that may be doubles; there the same code as on a laptop reads the facts off them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that all of Spark's own pages use
from pyspark.sql import types as T  # noqa: N812 - as above

from callkit.rates.matching import NEEDED
from callkit.reconciliation.charges import ROWS
from callkit.reconciliation.contract import priced
from callkit.reconciliation.doubles import CLOSE_SECONDS
from callkit.reconciliation.facts import Asked, Facts, charge_columns, gather, meeting_columns
from callkit.reconciliation.ledger import with_shortened
from callkit.spark.arrow import Batches, collected, mapped, to_polars, with_columns
from callkit.spark.frames import quoted

DECK_ROW = "_deck_row"

_PERIOD = 60
"""Seconds. Calls of the same two numbers are near if they are answered within the same of these."""


def gathered(calls: DataFrame, asked: Asked, by: Sequence[str] = ()) -> Facts:
    """Gather the facts of distinct records. Runs three Spark jobs.

    Parameters
    ----------
    calls
        The distinct records.
    asked
        What the user asks for.
    by
        More columns to tell charges apart by.
    """
    charges = collected(_counted(calls, asked, [*by, *charge_columns(asked)]))
    nearby = _nearby(calls, list(dict.fromkeys([*by, *needed(asked), "submitted_at"])))
    met = priced(collected(nearby).lazy(), asked.rate_deck).collect()
    return with_shortened(gather(charges, met, asked))


def needed(asked: Asked) -> tuple[str, ...]:
    """Name the columns of a record that its expected charge follows from, given the facts."""
    names = [name for name in meeting_columns(asked) if name != DECK_ROW]
    return tuple(dict.fromkeys([*names, *(NEEDED if asked.rate_deck else ())]))


def slim(facts: Facts) -> Facts:
    """Leave out what single calls are not judged by: it would be sent to every executor."""
    nothing = pl.DataFrame()
    return replace(facts, fit=None, charges=nothing, meetings=nothing)


def counted(calls: DataFrame, names: Sequence[str]) -> DataFrame:
    """Count the calls that have the same values in these columns."""
    return calls.groupBy(*(quoted(name) for name in names)).agg(F.count(F.lit(1)).alias(ROWS))


def _counted(calls: DataFrame, asked: Asked, names: Sequence[str]) -> DataFrame:
    names = list(dict.fromkeys(names))
    if asked.rate_deck is None:
        return counted(calls, names)
    wanted = [name for name in dict.fromkeys([*names, *NEEDED]) if name != DECK_ROW]
    few = calls.select(*(quoted(name) for name in wanted))
    deck = asked.rate_deck

    def look_up(batches: Batches) -> Batches:
        for batch in batches:
            table = pa.Table.from_batches([batch])
            rows = priced(to_polars(table.select(list(NEEDED))).lazy(), deck).select(DECK_ROW).collect()
            yield from with_columns(table, rows).to_batches()

    return counted(mapped(few, look_up, [T.StructField(DECK_ROW, T.LongType())]), names)


def _nearby(calls: DataFrame, names: Sequence[str]) -> DataFrame:
    """Find the answered calls whose numbers talk again within seconds, and few others.

    Each call is filed under the minute it is answered in, and under the one it would be if it were a little later: of
    two calls within `CLOSE_SECONDS`, one minute of the earlier is the later one's. Hashes make it one number; what they
    let through by chance is told apart later.
    """
    known = [F.col(name).isNotNull() for name in ("call_id", "answered_at", "caller", "callee")]
    talks = calls.where(F.col("call_duration") > 0)
    for condition in known:
        talks = talks.where(condition)
    filed = talks.withColumns({"_soon": _filed(0), "_later": _filed(CLOSE_SECONDS + 1)})
    minutes = filed.select(F.explode(F.array_distinct(F.array("_soon", "_later"))).alias("_minute"))
    again = collected(minutes.groupBy("_minute").count().where("count > 1").select("_minute"))
    wanted = filed.select(*(quoted(name) for name in names), "_soon", "_later")
    if again.is_empty():
        return wanted.drop("_soon", "_later").limit(0)
    session = calls.sparkSession
    for name in ("_soon", "_later"):
        marks = again.select(pl.col("_minute").alias(name), pl.lit(value=True).alias(f"{name}_again"))
        wanted = wanted.join(F.broadcast(session.createDataFrame(marks.to_arrow())), name, "left")
    found = wanted.where(F.col("_soon_again") | F.col("_later_again"))
    return found.select(*(quoted(name) for name in names))


def _filed(seconds: int) -> Column:
    """One number for the parties of a call and the minute so many seconds after its answer, whatever the zone."""
    minute = F.expr(f"(unix_micros(answered_at) + {seconds}000000) div {_PERIOD}000000")
    return F.xxhash64("source", "direction", "caller", "callee", minute)
