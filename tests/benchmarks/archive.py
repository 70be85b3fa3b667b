"""The archive against its peers: what it adds to a fetch, what a merge costs, and what it takes when it is large.

    python tests/benchmarks/archive.py                    # 10 million CDRs
    python tests/benchmarks/archive.py --rows 1000000     # fewer, for a first look
    python tests/benchmarks/archive.py --rows 50000000 --no-peers   # the large one: archived, reconciled, summarised

Every measurement is a process of its own, so that its peak memory (VmHWM) is its own. First a month is fetched, and
fetched into an archive, from a sandbox in a process of its own that answers after 50 ms. Then an archive is filled a
million records at a time, 100,000 records are merged into it (a hundredth of them restated, of the last days), beside
a rewrite of a Parquet file and DuckDB's upsert into a table with a primary key. Last, the archive is reconciled,
lazily. Needs the extras `archive` and `bench`.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import reconcile as reconciling

import callkit as ck
import fetch as fetching
from callkit import cdr

CHUNK = 1_000_000
MERGED = 100_000
RESTATED = 1_000
ACCOUNT = "bench"
PERIOD = timedelta(days=61)
INSTANTS = [name for name, dtype in cdr.SCHEMA.items() if dtype == cdr.INSTANT]


def chunk(first: int, rows: int, total: int) -> pl.DataFrame:
    """Make CDRs like the reconciliation's benchmark, in the order of time over two months."""
    random = np.random.default_rng([7, first])
    made = cdr.validate(reconciling._chunk(random, first, rows)).collect()
    start = made["submitted_at"].min()
    slice_of = PERIOD * (rows / total)
    since = (pl.col("submitted_at") - start).dt.total_microseconds()
    scaled = (
        (since * (slice_of / timedelta(days=31))).cast(pl.Int64)
        - since
        + int((PERIOD * (first / total)) / timedelta(microseconds=1))
    )
    moved = pl.duration(microseconds=scaled)
    return made.with_columns(pl.col(name) + moved for name in INSTANTS)


def new_records(rows: int) -> pl.DataFrame:
    """Make what the next sync brings: new records, and a few of the last ones with another cost."""
    last = chunk(max(0, rows - CHUNK), min(CHUNK, rows), rows).tail(RESTATED)
    new = chunk(rows, MERGED - RESTATED, rows)
    return pl.concat([last.with_columns(pl.col("cost") + 1), new])


def build(folder: Path, rows: int) -> object:
    """callkit: fill an archive, a million records at a time."""
    archive = ck.Archive(folder / "archive")
    for first in range(0, rows, CHUNK):
        archive.add(chunk(first, min(CHUNK, rows - first), rows), account=ACCOUNT)
    return len(archive._store.there("cdrs").file_uris())


def generate(folder: Path, rows: int) -> object:
    """Make the records and throw them away: what `build` pays for its input."""
    del folder
    return sum(chunk(first, min(CHUNK, rows - first), rows).height for first in range(0, rows, CHUNK))


def merge(folder: Path, rows: int) -> object:
    """callkit: 100,000 records merged, versions and ledger kept."""
    new = pl.read_parquet(folder / "new.parquet")
    done = ck.Archive(folder / "archive").add(new, account=ACCOUNT, replace=True)
    del rows
    return done.new, done.changed


def rewrite(folder: Path, rows: int) -> object:
    """Rewrite a Parquet file with the new records in place of the old ones, streaming."""
    new = pl.scan_parquet(folder / "new.parquet")
    old = pl.scan_parquet(folder / "all.parquet").join(new, on=["source", "call_id"], how="anti")
    pl.concat([old, new]).sink_parquet(folder / "next.parquet", compression="zstd", compression_level=1)
    del rows
    return pl.scan_parquet(folder / "next.parquet").select(pl.len()).collect().item()


def duckdb(folder: Path, rows: int) -> object:
    """DuckDB: INSERT OR REPLACE into a table with a primary key."""
    import duckdb  # noqa: PLC0415 - the extra `bench`

    del rows
    with duckdb.connect(str(folder / "all.duckdb")) as connection:
        connection.execute(f"INSERT OR REPLACE INTO cdrs SELECT * FROM '{folder}/new.parquet'")  # noqa: S608 - our own path
        return connection.execute("SELECT count(*) FROM cdrs").fetchone()


def reconcile(folder: Path, rows: int) -> object:
    """callkit: everything that `reconcile` makes, out of the archive, lazily."""
    del rows
    result = ck.reconcile(ck.Archive(folder / "archive").scan())
    return result.totals["calls"].sum(), result.findings.height, result.claims.height


def summarise(folder: Path, rows: int) -> object:
    """callkit: coverage and restatements of the archive."""
    del rows
    archive = ck.Archive(folder / "archive")
    return archive.coverage()["records"].sum(), archive.restatements()["amount"].sum()


def verify(folder: Path, rows: int) -> object:
    """callkit: every record digested anew and compared with the ledger."""
    del rows
    return ck.Archive(folder / "archive").verify()["problem"].drop_nulls().len()


MEASURED: dict[str, Callable[[Path, int], object]] = {
    function.__name__: function
    for function in (generate, build, merge, rewrite, duckdb, reconcile, summarise, verify)
}


def peers(folder: Path, rows: int) -> None:
    """Make the Parquet file and the DuckDB table that the peers begin with."""
    import duckdb  # noqa: PLC0415 - the extra `bench`

    ck.Archive(folder / "archive").scan().sink_parquet(
        folder / "all.parquet", compression="zstd", compression_level=1
    )
    with duckdb.connect(str(folder / "all.duckdb")) as connection:
        connection.execute(f"CREATE TABLE cdrs AS SELECT * FROM '{folder}/all.parquet' LIMIT 0")  # noqa: S608 - our own path
        connection.execute("ALTER TABLE cdrs ADD PRIMARY KEY (source, call_id)")
        for first in range(0, rows, CHUNK):
            part = pl.scan_parquet(folder / "all.parquet").slice(first, CHUNK).collect()
            connection.register("part", part.to_arrow())
            connection.execute("INSERT INTO cdrs SELECT * FROM part")


def measure(name: str, folder: Path, rows: int) -> float:
    """Run one measurement in a process of its own; seconds."""
    command = [sys.executable, __file__, "--only", name, "--folder", str(folder), "--rows", str(rows)]
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    if ran.returncode:
        raise SystemExit(ran.stderr)
    seconds, peak, answer = ran.stdout.strip().split("\t")
    print(f"{rows:>12,}  {name:<10}{float(seconds):>9.2f} s{float(peak):>8.2f} GB   {answer}", flush=True)
    return float(seconds)


@contextmanager
def vendor(records: int, latency: float) -> Iterator[str]:
    """Serve a month from another process."""
    command = [sys.executable, __file__, "--serve", str(records), str(latency)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        yield server.stdout.readline().strip()
        server.stdin.close()


def overhead(records: int, latency: float, repeat: int) -> None:
    """Print what archiving adds to a fetch: the best of a few turns, because other work only makes one slower."""
    best: dict[str, float] = {}
    with vendor(records, latency) as url:
        for _ in range(repeat):
            for name in ("fetch", "sync", "sync with pages"):
                with tempfile.TemporaryDirectory() as folder:
                    client = ck.ItnioVoice(**fetching.KEYS, base_url=f"{url}/voice")
                    client.account  # noqa: B018 - a slow digest, once per client
                    archive = ck.Archive(Path(folder) / "archive", keep_raw=name != "sync")
                    began = time.perf_counter()
                    if name == "fetch":
                        client.fetch(fetching.START, fetching.END)
                    else:
                        archive.sync(client, fetching.START, fetching.END)
                    seconds = time.perf_counter() - began
                    best[name] = min(seconds, best.get(name, seconds))
    for name, seconds in best.items():
        print(
            f"{records:>12,}  {name:<16}{seconds:>8.2f} s   {seconds / best['fetch']:.2f} × fetch, at {latency:g} ms"
        )


def main() -> None:
    """Print the table, and the ratios that matter."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--rows", type=int, default=10_000_000)
    arguments.add_argument("--records", type=int, default=40_000, help="of the month that is fetched")
    arguments.add_argument("--repeat", type=int, default=3)
    arguments.add_argument("--no-peers", action="store_true", help="callkit alone")
    arguments.add_argument("--folder", type=Path, help="where to work (a temporary folder by default)")
    arguments.add_argument("--only", choices=MEASURED, help=argparse.SUPPRESS)
    arguments.add_argument("--serve", nargs=2, type=float, help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    if asked.serve:
        fetching.serve(int(asked.serve[0]), asked.serve[1], sixty_days=False)
        return
    if asked.only:
        began = time.perf_counter()
        answer = MEASURED[asked.only](asked.folder, asked.rows)
        print(time.perf_counter() - began, reconciling._peak(), answer, sep="\t")
        return
    warnings.simplefilter("ignore")
    if not asked.no_peers:
        for latency in (50.0, 0.0):
            overhead(asked.records, latency, asked.repeat)
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        folder = Path(name)
        new_records(asked.rows).write_parquet(folder / "new.parquet")
        first = ["build"] if asked.no_peers else ["generate", "build"]
        taken = {name: measure(name, folder, asked.rows) for name in first}
        if not asked.no_peers:
            micros = (taken["build"] - taken["generate"]) / asked.rows * 1e6
            print(f"archiving            {micros:.1f} µs a record, without making it")
            peers(folder, asked.rows)
        taken["merge"] = measure("merge", folder, asked.rows)
        if not asked.no_peers:
            for peer in ("rewrite", "duckdb"):
                taken[peer] = measure(peer, folder, asked.rows)
                print(f"{peer} / merge{'':<{11 - len(peer)}}{taken[peer] / taken['merge']:>8.2f}")
                (folder / "next.parquet").unlink(missing_ok=True)
            (folder / "all.parquet").unlink()
        for last in ("reconcile", "summarise", "verify"):
            measure(last, folder, asked.rows)
        size = sum(path.stat().st_size for path in (folder / "archive").rglob("*") if path.is_file())
        print(f"on disk              {size / 1e9:.2f} GB, {size / (asked.rows + MERGED):.0f} bytes a record")
        shutil.rmtree(folder / "archive")


if __name__ == "__main__":
    main()
