"""Reconciliation against its peers, all in one run on the same Parquet file of CDRs with the full schema.

    python tests/benchmarks/reconcile.py                  # 10 million CDRs
    python tests/benchmarks/reconcile.py --rows 1000000   # fewer
    python tests/benchmarks/reconcile.py --grow           # also five times as many

Every measurement is a process of its own, so that its peak memory is its own. Peers compute the core arithmetic only:
charged duration, cost, and both comparisons, exactly where they can. Needs the extra `bench` (duckdb, pandas, pyarrow).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import polars as pl

import callkit as ck
from callkit import billing, cdr
from callkit.sandbox.routes import Route

CHUNK = 1_000_000
LOOPED = 200_000
NEEDED = ["call_duration", "charged_duration", "bill_period", "rate", "cost"]


def make(path: Path, rows: int) -> None:
    """Write CDRs like the sandbox's in shape and shares, a percent of them billed wrongly."""
    import numpy as np  # noqa: PLC0415 - the extra `bench`
    import pyarrow.parquet as pq  # noqa: PLC0415 - the extra `bench`

    writer = None
    for first in range(0, rows, CHUNK):
        random = np.random.default_rng([7, first])
        table = cdr.validate(_chunk(random, first, min(CHUNK, rows - first))).collect().to_arrow()
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
    assert writer is not None
    writer.close()


def _chunk(random: object, first: int, rows: int) -> pl.DataFrame:
    import numpy as np  # noqa: PLC0415 - the extra `bench`

    answered = random.random(rows) < 0.46
    talk = np.where(answered, np.clip(random.lognormal(3.6, 1.0, rows), 1, 7200).astype(np.int64), 0)
    periods = np.array(["60+60", "6+6", "20+20", "60+1", "30+6"])[
        random.choice(5, rows, p=[0.45, 0.25, 0.15, 0.10, 0.05])
    ]
    routes = _routes()
    route = (random.zipf(1.6, rows) - 1) % len(routes)
    started = np.sort(random.integers(0, 31 * 86_400, rows)).astype("timedelta64[s]")
    drawn = pl.DataFrame(
        {
            "serial": np.arange(first, first + rows),
            "submitted_at": np.datetime64("2026-09-01T00:00:00", "us") + started,
            "call_duration": talk,
            "bill_period": periods,
            "rate": np.geomspace(0.0045, 0.48, len(routes)).round(4).astype(str)[route],
            "destination": np.array([place.label for place in routes])[route],
            "caller": random.integers(10**9, 10**9 + 500, rows),
            "callee": np.array([place.prefix for place in routes])[route],
            "subscriber": random.integers(10**7, 10**8, rows),
            "euro": random.random(rows) < 0.2,
            "fault": random.random(rows),
        }
    )
    talked = pl.col("call_duration") > 0
    longer = pl.when(talked & (pl.col("fault") < 0.005)).then(60).otherwise(0)
    dearer = pl.when(talked & (pl.col("fault") > 0.995)).then(pl.lit(Decimal("0.01"), ck.MONEY)).otherwise(0)
    euro = pl.col("euro")
    answer = pl.when(talked).then(pl.col("submitted_at") + pl.duration(seconds=9))
    priced = (
        drawn.with_columns(pl.col("submitted_at").dt.replace_time_zone("UTC"), pl.col("rate").cast(ck.MONEY))
        .with_columns(ck.charged_duration() + longer)
        .with_columns((ck.call_cost() + dearer.cast(ck.MONEY)).alias("cost"))
    )
    exchange = pl.lit(Decimal("0.938"), ck.MONEY)
    known = priced.select(
        source=pl.lit("itnio-voice"),
        call_id=pl.lit("26090") + pl.col("serial").cast(pl.String).str.zfill(14),
        found=True,
        direction=pl.lit("out"),
        caller=pl.col("caller").cast(pl.String),
        callee=pl.col("callee") + pl.col("subscriber").cast(pl.String),
        destination="destination",
        submitted_at="submitted_at",
        called_at=pl.col("submitted_at") + pl.duration(seconds=1),
        ringing_at=pl.col("submitted_at") + pl.duration(seconds=3),
        answered_at=answer,
        ended_at=answer + pl.duration(seconds="call_duration"),
        call_duration="call_duration",
        charged_duration="charged_duration",
        bill_period="bill_period",
        rate="rate",
        cost="cost",
        currency=pl.when(euro).then(pl.lit("EUR")).otherwise(pl.lit("USD")),
        exchange_rate=pl.when(euro).then(exchange),
        settle_rate=pl.when(euro).then((pl.col("rate") / exchange).round(6)),
        settle_cost=pl.when(euro).then((pl.col("cost") / exchange).round(6)),
        status_code=pl.lit("0"),
        status_reason=pl.lit("success"),
    )
    absent = [
        pl.lit(None, dtype).alias(name) for name, dtype in cdr.SCHEMA.items() if name not in known.columns
    ]
    return known.with_columns(absent).select(cdr.SCHEMA.names())


def _routes() -> list[Route]:
    """The sandbox's destinations: labels, and the digits that numbers there begin with."""
    return ck.Sandbox(calls=60, seed=7).month.routes["itnio-voice"]


def scan(path: Path) -> object:
    """Read the columns that the arithmetic needs, and nothing else: the floor."""
    return pl.scan_parquet(path).select(pl.col(NEEDED).null_count()).collect(engine="streaming").row(0)


def duckdb(path: Path) -> object:
    """The same arithmetic in SQL: whole units of 10⁻⁶, which is all this file needs, each cost rounded once."""
    import duckdb  # noqa: PLC0415 - the extra `bench`

    return duckdb.sql(
        f"""
        WITH periods AS (
            SELECT bill_period, split_part(bill_period, '+', 1)::BIGINT AS a,
                   split_part(bill_period, '+', 2)::BIGINT AS b
            FROM (SELECT DISTINCT bill_period FROM read_parquet('{path}'))
        ), due AS (
            SELECT charged_duration AS s,
                   CASE WHEN call_duration <= 0 THEN 0 WHEN call_duration <= a THEN a
                        ELSE a + ((call_duration - a + b - 1) // b) * b END AS seconds,
                   (rate::DECIMAL(18, 6) * 1000000)::BIGINT AS r, (cost::DECIMAL(18, 6) * 1000000)::BIGINT AS c
            FROM read_parquet('{path}') JOIN periods USING (bill_period)
        )
        SELECT sum((s <> seconds)::INT), sum((c <> (2 * r * s + 60) // 120)::INT), sum((2 * r * seconds + 60) // 120)
        FROM due
        """  # noqa: S608 - our own file's path
    ).fetchall()


def pandas(path: Path) -> object:
    """The same in vectorised pandas; floats, because its decimals are Python objects."""
    import numpy as np  # noqa: PLC0415 - the extra `bench`
    import pandas as pd  # noqa: PLC0415 - the extra `bench`

    calls = pd.read_parquet(path, columns=NEEDED)
    parts = calls["bill_period"].str.split("+", expand=True).astype("int64")
    first, step, talk = parts[0], parts[1], calls["call_duration"]
    beyond = first + -(-(talk - first) // step) * step
    due = np.where(talk <= 0, 0, np.where(talk <= first, first, beyond))
    rate, cost = calls["rate"].astype("float64"), calls["cost"].astype("float64")
    own = (rate * calls["charged_duration"] / 60).round(6)
    return (
        (due != calls["charged_duration"]).sum(),
        ((own - cost).abs() > 5e-7).sum(),
        (rate * due / 60).round(6).sum(),
    )


def loop(path: Path) -> object:
    """One call at a time with `Decimal`, on a sample."""
    wrong_seconds = wrong_costs = 0
    total = Decimal(0)
    unit = Decimal("0.000001")
    for talk, charged, period, rate, cost in (
        pl.scan_parquet(path).select(NEEDED).head(LOOPED).collect().iter_rows()
    ):
        first, step = (int(part) for part in period.split("+"))
        due = 0 if talk <= 0 else first if talk <= first else first + -(-(talk - first) // step) * step
        wrong_seconds += due != charged
        wrong_costs += (rate * charged / 60).quantize(unit, ROUND_HALF_UP) != cost
        total += (rate * due / 60).quantize(unit, ROUND_HALF_UP)
    return wrong_seconds, wrong_costs, total


def core(path: Path) -> object:
    """callkit: charged duration, cost and both comparisons of every call, exactly, as reconciliation does them."""
    needed = pl.scan_parquet(path).select(*NEEDED)
    periods = needed.select(pl.col("bill_period").unique()).collect(engine="streaming")
    # Every distinct bill period is read once; the rest is arithmetic on whole numbers.
    first, step = billing.increments(pl.col("bill_period"))
    known = needed.join(periods.with_columns(first=first, step=step).lazy(), on="bill_period", how="left")
    due = billing.seconds_charged(pl.col("call_duration"), pl.col("first"), pl.col("step"), "after_first")
    rate, rating = billing.units_of(pl.col("rate")), ck.Rating()
    charged = pl.col("charged_duration")
    return (
        known.with_columns(due=due)
        .select(
            (charged != pl.col("due")).sum(),
            (billing.units_of(pl.col("cost")) != billing.cost_units(rate, charged, rating))
            .sum()
            .alias("costs"),
            billing.money_of(billing.cost_units(rate, pl.col("due"), rating).sum()).alias("total"),
        )
        .collect(engine="streaming")
        .row(0)
    )


def expressions(path: Path) -> object:
    """callkit: the same with the public expressions alone, which read every row's bill period anew."""
    due = ck.charged_duration().alias("due")
    calls = pl.scan_parquet(path).select(*NEEDED, due)
    return (
        calls.select(
            (pl.col("charged_duration") != pl.col("due")).sum(),
            (pl.col("cost") != ck.call_cost()).sum(),
            ck.call_cost("due").sum().alias("total"),
        )
        .collect(engine="streaming")
        .row(0)
    )


def inference(path: Path) -> object:
    """callkit: the rating, read off the records."""
    return ck.infer_rating(pl.scan_parquet(path)).explained


def everything(path: Path) -> object:
    """callkit: all checks, findings, claims and the bridge; `.cdrs` stays lazy."""
    result = ck.reconcile(pl.scan_parquet(path))
    return result.findings.height, result.claims.height, result.bridge["amount"].sum()


def records(path: Path) -> object:
    """callkit: the same, and then `.cdrs` collected and sorted."""
    return ck.reconcile(pl.scan_parquet(path)).cdrs.height


MEASURED: dict[str, Callable[[Path], object]] = {
    function.__name__: function
    for function in (scan, duckdb, pandas, loop, core, expressions, inference, everything, records)
}


def _peak() -> float:
    """Peak memory of this process in GB; getrusage would count what the parent had at the fork."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1e6


def measure(name: str, path: Path, rows: int) -> tuple[float, float]:
    """Run one measurement in a process of its own; seconds and peak memory in GB."""
    command = [sys.executable, __file__, "--only", name, "--file", str(path)]
    seconds, peak, answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split(
        "\t"
    )
    taken = float(seconds) * (rows / LOOPED if name == "loop" else 1)
    print(
        f"{rows:>12,}  {name:<11}{taken:>10.2f} s{float(peak):>8.2f} GB{rows / taken:>14,.0f} rows/s   {answer.strip()}"
    )
    return taken, float(peak)


def main() -> None:
    """Print the table, and the ratios that matter."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--rows", type=int, default=10_000_000)
    arguments.add_argument(
        "--grow", action="store_true", help="measure callkit on five times as many rows, too"
    )
    arguments.add_argument("--only", choices=MEASURED, help=argparse.SUPPRESS)
    arguments.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    if asked.only:
        began = time.perf_counter()
        answer = MEASURED[asked.only](asked.file)
        seconds = time.perf_counter() - began
        print(seconds, _peak(), answer, sep="\t")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cdrs.parquet"
        make(path, asked.rows)
        taken = {name: measure(name, path, asked.rows)[0] for name in MEASURED}
        print(f"core / duckdb         {taken['core'] / taken['duckdb']:.2f}")
        print(f"pandas / core         {taken['pandas'] / taken['core']:.1f}")
        print(f"everything / core     {taken['everything'] / taken['core']:.2f}")
        if asked.grow:
            path.unlink()
            make(path, asked.rows * 5)
            grown = measure("everything", path, asked.rows * 5)[0]
            print(f"five times the rows   {grown / taken['everything']:.2f} times the time")


if __name__ == "__main__":
    main()
