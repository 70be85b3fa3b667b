"""Every single call judged where it lies: the ledger of callkit.reconciliation, on Arrow batches inside Spark."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import types as T  # noqa: N812 - the name that all of Spark's own pages use

from callkit.reconciliation.facts import Facts
from callkit.reconciliation.ledger import COMPUTED, ledger
from callkit.spark.arrow import Batches, mapped, to_polars, with_columns
from callkit.spark.gathering import needed, slim

BATCH_ROWS = 65_536
BATCH_BYTES = 64 * 1024 * 1024
"""Spark sends 10,000 rows at a time; put together to about so many, the fixed cost of a query hardly counts."""

_MONEY = T.DecimalType(38, 10)
_ADDED = (
    T.StructField("expected_charged_duration", T.LongType()),
    T.StructField("expected_rate", _MONEY),
    T.StructField("expected_cost", _MONEY),
    T.StructField("cost_difference", _MONEY),
    T.StructField("verdict", T.StringType()),
)


def judged(calls: DataFrame, facts: Facts) -> DataFrame:
    """Add to distinct records what `Reconciliation.cdrs` adds; all other columns pass through as they are."""
    return mapped(calls, judge(slim(facts), needed(facts.asked), version("callkit")), _ADDED)


def judge(facts: Facts, names: Sequence[str], release: str) -> Callable[[Batches], Batches]:
    """Make the function that adds the answers to batches; it is sent to the executors, with the facts."""

    def judge_all(batches: Batches) -> Batches:
        here = version("callkit")
        if here != release:
            raise RuntimeError(
                f"an executor has callkit {here}, the driver {release}: install the same version on all machines"
            )
        for table in larger(batches):
            calls = to_polars(table.select(list(names))).with_row_index("_at")
            answers = ledger(calls.lazy(), facts).sort("_at").select(COMPUTED).collect()
            yield from with_columns(table, answers).to_batches()

    return judge_all


def larger(batches: Batches) -> Iterator[pa.Table]:
    """Put small batches together, in their order, up to `BATCH_ROWS` or `BATCH_BYTES`."""
    held: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        held.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= BATCH_ROWS or size >= BATCH_BYTES:
            yield pa.Table.from_batches(held)
            held, rows, size = [], 0, 0
    if held:
        yield pa.Table.from_batches(held)
