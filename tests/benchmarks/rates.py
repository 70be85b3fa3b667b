"""Looking calls up in a rate deck against its peers, all in one run on the same calls and the same deck.

    python tests/benchmarks/rates.py                                  # 1 million calls, 200,000 prefixes
    python tests/benchmarks/rates.py --calls 100000 --prefixes 20000  # fewer

A tenth of the prefixes has two versions, parted by a date in the month of the calls, and some have no price at first,
so that a shorter prefix applies. Every measurement is a process of its own, from reading both files on, and answers
with the same two numbers: how many calls have a price, and the sum of their rows. Needs the extra `bench` (duckdb, and
numpy, which pandas brings).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

import callkit as ck
from callkit.rates.schema import ROWS

START = datetime(2026, 9, 1, tzinfo=UTC)
CHANGE = START + timedelta(days=14)

CALLS = "calls.parquet"
DECK = "deck.parquet"


def make(folder: Path, calls: int, prefixes: int) -> None:
    """Write a deck whose prefixes nest as real ones do, and calls to numbers under them."""
    import numpy as np  # noqa: PLC0415 - the extra `bench`

    random = np.random.default_rng(7)
    known: set[str] = {str(code) for code in range(20, 100)}
    while len(known) < prefixes:
        lengths = random.choice([3, 4, 5, 6, 7, 8], prefixes, p=[0.02, 0.08, 0.2, 0.3, 0.3, 0.1])
        drawn = random.integers(20_000_000, 100_000_000, prefixes)
        known |= {
            str(number)[:length] for number, length in zip(drawn.tolist(), lengths.tolist(), strict=True)
        }
    ordered = sorted(known)
    taken = np.array(ordered)[np.sort(random.choice(len(ordered), prefixes, replace=False))].tolist()
    rows = []
    for at, prefix in enumerate(taken):
        later = at % 10 == 0
        if not (later and at % 50 == 0):  # else there is no price before the change
            rows.append((prefix, None, CHANGE if later else None))
        if later:
            rows.append((prefix, CHANGE, None))
    instant = pl.Datetime("us", "UTC")
    schema = {"prefix": pl.String, "valid_from": instant, "valid_to": instant}
    drawn = pl.DataFrame(rows, schema=schema, orient="row").sample(fraction=1, shuffle=True, seed=7)
    deck = drawn.with_columns(
        row=pl.int_range(pl.len(), dtype=pl.Int64),
        destination=pl.lit(None, pl.String),
        rate=pl.int_range(pl.len()).cast(ck.MONEY),
        bill_period=pl.lit("60+60"),
        currency=pl.lit("USD"),
        direction=pl.lit(None, pl.String),
        place=pl.lit(""),
    )
    deck.select(pl.col(name).cast(dtype) for name, dtype in ROWS.items()).write_parquet(folder / DECK)
    at = random.integers(0, len(taken), calls)
    numbers = np.char.add(np.array(taken)[at], random.integers(100_000, 1_000_000, calls).astype(str))
    seconds = np.sort(random.integers(0, 30 * 86_400, calls)).astype("timedelta64[s]")
    instants = np.datetime64("2026-09-01T00:00:00", "us") + seconds
    pl.DataFrame({"callee": numbers.tolist(), "submitted_at": instants}).with_columns(
        pl.col("submitted_at").dt.replace_time_zone("UTC"),
        currency=pl.lit("USD"),
        direction=pl.lit("out"),
        caller=pl.lit("4930123456"),
        answered_at=pl.lit(None, pl.Datetime("us", "UTC")),
        ended_at=pl.lit(None, pl.Datetime("us", "UTC")),
    ).write_parquet(folder / CALLS)


def scan(folder: Path) -> object:
    """Read both files, and nothing else: the floor."""
    calls = pl.scan_parquet(folder / CALLS).select("callee", "submitted_at").null_count().collect()
    return calls.row(0)[0], pl.read_parquet(folder / DECK).height


def callkit(folder: Path) -> object:
    """callkit: the index built, and every call looked up."""
    deck = ck.RateDeck(pl.read_parquet(folder / DECK))
    rows = pl.scan_parquet(folder / CALLS).select(deck.row_of())
    return (
        rows.select(pl.col("deck_row").count(), pl.col("deck_row").sum().alias("sum"))
        .collect(engine="streaming")
        .row(0)
    )


def loop(folder: Path) -> object:
    """A dict of prefixes, and for each call one prefix length after the other."""
    versions: dict[str, list[tuple[datetime, datetime, int]]] = {}
    never, always = datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)
    deck = pl.read_parquet(folder / DECK, columns=["prefix", "valid_from", "valid_to", "row"])
    for prefix, start, end, row in deck.iter_rows():
        versions.setdefault(prefix, []).append((start or always, end or never, row))
    longest = max(map(len, versions))
    count = total = 0
    for number, instant in pl.read_parquet(folder / CALLS, columns=["callee", "submitted_at"]).iter_rows():
        found = None
        for length in range(min(longest, len(number)), 0, -1):
            for start, end, row in versions.get(number[:length], ()):
                if start <= instant < end:
                    found = row
                    break
            if found is not None:
                count += 1
                total += found
                break
    return count, total


def duckdb_lengths(folder: Path) -> object:
    """DuckDB: a hash join for every prefix length, and the longest that is valid."""
    return _duckdb(
        folder,
        """
        SELECT calls.id, arg_max(deck.row, length(deck.prefix)) AS row
        FROM calls, (SELECT DISTINCT length(prefix) AS digits FROM deck) AS lengths, deck
        WHERE substr(calls.callee, 1, lengths.digits) = deck.prefix
          AND (deck.valid_from IS NULL OR deck.valid_from <= calls.submitted_at)
          AND (deck.valid_to IS NULL OR calls.submitted_at < deck.valid_to)
        GROUP BY calls.id
        """,
    )


def duckdb_range(folder: Path) -> object:
    """DuckDB: a range join of padded numbers, and the longest prefix that is valid."""
    return _duckdb(
        folder,
        """
        SELECT calls.id, arg_max(deck.row, length(deck.prefix)) AS row
        FROM (SELECT id, submitted_at, rpad(callee, 18, '0')::BIGINT AS number FROM calls) AS calls
        JOIN (SELECT *, rpad(prefix, 18, '0')::BIGINT AS low, rpad(prefix, 18, '9')::BIGINT AS high FROM deck) AS deck
          ON calls.number BETWEEN deck.low AND deck.high
        WHERE (deck.valid_from IS NULL OR deck.valid_from <= calls.submitted_at)
          AND (deck.valid_to IS NULL OR calls.submitted_at < deck.valid_to)
        GROUP BY calls.id
        """,
    )


def _duckdb(folder: Path, query: str) -> object:
    import duckdb  # noqa: PLC0415 - the extra `bench`

    connection = duckdb.connect()
    files = {"calls": "row_number() OVER () AS id, callee, submitted_at", "deck": "*"}
    for name, columns in files.items():
        file = folder / f"{name}.parquet"
        connection.sql(f"CREATE TABLE {name} AS SELECT {columns} FROM read_parquet('{file}')")  # noqa: S608 - our own
    return connection.sql(f"SELECT count(row), sum(row)::BIGINT FROM ({query})").fetchall()[0]  # noqa: S608 - our own query


MEASURED: dict[str, Callable[[Path], object]] = {
    function.__name__: function for function in (scan, callkit, loop, duckdb_lengths, duckdb_range)
}


def _peak() -> float:
    """Peak memory of this process in GB; getrusage would count what the parent had at the fork."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1e6


def measure(name: str, folder: Path, calls: int) -> tuple[float, str]:
    """Run one measurement in a process of its own; seconds and the answer."""
    command = [sys.executable, __file__, "--only", name, "--folder", str(folder)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\t")
    seconds, peak, answer = float(told[0]), float(told[1]), told[2].strip()
    print(
        f"{calls:>12,}  {name:<15}{seconds:>8.2f} s{peak:>8.2f} GB{calls / seconds:>14,.0f} calls/s   {answer}"
    )
    return seconds, answer


def main() -> None:
    """Print the table, and the ratios that matter."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--calls", type=int, default=1_000_000)
    arguments.add_argument("--prefixes", type=int, default=200_000)
    arguments.add_argument("--only", choices=MEASURED, help=argparse.SUPPRESS)
    arguments.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    if asked.only:
        began = time.perf_counter()
        answer = MEASURED[asked.only](asked.folder)
        seconds = time.perf_counter() - began
        print(seconds, _peak(), answer, sep="\t")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, asked.calls, asked.prefixes)
        taken = {each: measure(each, folder, asked.calls) for each in MEASURED}
        answers = {answer for each, (_, answer) in taken.items() if each != "scan"}
        assert len(answers) == 1, f"the answers differ: {answers}"
        for peer in ("loop", "duckdb_lengths", "duckdb_range"):
            print(f"{peer + ' / callkit':<26}{taken[peer][0] / taken['callkit'][0]:.1f}")


if __name__ == "__main__":
    main()
