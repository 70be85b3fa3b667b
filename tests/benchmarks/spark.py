"""Reconciliation on a local Spark beside the same in one process, on the same Parquet files of CDRs.

    python tests/benchmarks/spark.py                  # 2 million CDRs, 2 tasks at a time
    python tests/benchmarks/spark.py --rows 10000000 --tasks 8

Both write every record with its verdict to Parquet; beside it, Spark hands the records to Python and back as they are.
One machine gains nothing by Spark: what is measured is what Spark costs, and what comes to the driver. Needs the extras
`spark` and `bench`, and a Java.
"""

from __future__ import annotations

import argparse
import os
import pickle
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from reconcile import CHUNK, make

import callkit as ck
from callkit.spark.frames import distinct, take
from callkit.spark.gathering import gathered, slim
from callkit.spark.judging import judged

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@contextmanager
def told(what: str, rows: int) -> Iterator[None]:
    """Print how long it takes."""
    began = time.perf_counter()
    yield
    taken = time.perf_counter() - began
    print(f"{rows:>12,}  {what:<34}{taken:>9.1f} s{rows / taken:>14,.0f} rows/s", flush=True)


def session(tasks: int, folder: str) -> SparkSession:
    """Start a local Spark."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 - with the Java that it needs

    os.environ |= {"PYSPARK_PYTHON": sys.executable, "POLARS_MAX_THREADS": "1"}
    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.local.dir": folder,
        "spark.sql.shuffle.partitions": str(2 * tasks),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.master(f"local[{tasks}]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    started = builder.getOrCreate()
    started.sparkContext.setLogLevel("ERROR")
    return started


def _unchanged(batches: Iterator[object]) -> Iterator[object]:
    yield from batches


def peaks() -> dict[str, float]:
    """Peak memory in GB: of Spark's Java, and of its largest Python worker."""
    most = {"java": 0.0, "worker": 0.0}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            lines = (process / "status").read_text().splitlines()
        except OSError:  # it is gone, or not ours
            continue
        kind = (
            "java"
            if "org.apache.spark.deploy" in command
            else "worker"
            if "pyspark.daemon" in command
            else None
        )
        peak = next((int(line.split()[1]) / 1e6 for line in lines if line.startswith("VmHWM")), 0.0)
        if kind:
            most[kind] = max(most[kind], peak)
    return most


def main() -> None:
    """Print the table, and what came to the driver."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--rows", type=int, default=2_000_000)
    arguments.add_argument("--tasks", type=int, default=2)
    asked = arguments.parse_args()
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas")
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "cdrs"
        given.mkdir()
        make(given / "0.parquet", asked.rows)
        rows = pl.scan_parquet(given)
        for at, first in enumerate(range(0, asked.rows, CHUNK // 4)):
            rows.slice(first, CHUNK // 4).sink_parquet(given.with_name(f"{at}.parquet"))
        (given / "0.parquet").unlink()
        for part in Path(folder).glob("*.parquet"):
            part.rename(given / part.name)
        with told("one process: facts, all checks", asked.rows):
            alone = ck.reconcile(pl.scan_parquet(given))
        with told("one process: records to Parquet", asked.rows):
            alone.lazy.sink_parquet(Path(folder) / "alone.parquet")
        spark = session(asked.tasks, folder)
        read = spark.read.parquet(str(given))
        with told("Spark's start, and a count", asked.rows):
            read.count()
        calls = distinct(take(read))
        with told("Spark: facts", asked.rows):
            facts = gathered(calls, alone.facts.asked)
        # Twice each, because the first time Java compiles.
        for turn in ("first", "again"):
            with told(f"Spark: records as they are, {turn}", asked.rows):
                calls.mapInArrow(_unchanged, calls.schema).write.parquet(f"{folder}/unchanged-{turn}")
            with told(f"Spark: records judged, {turn}", asked.rows):
                judged(calls, facts).write.parquet(f"{folder}/judged-{turn}")
        with told("Spark: bridge", asked.rows):
            assert ck.spark.bridge(read).equals(alone.bridge)
        sent = len(pickle.dumps(slim(facts)))
        print(
            f"to the driver         {facts.charges.height:,} charges, {facts.meetings.height:,} calls nearby"
        )
        print(f"to the executors      {sent / 1e6:.3f} MB of facts")
        for kind, peak in peaks().items():
            print(f"peak, {kind:<16}{peak:.2f} GB")
        spark.stop()


if __name__ == "__main__":
    main()
