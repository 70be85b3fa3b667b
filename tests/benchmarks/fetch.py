"""Fetching against its peers: the same pages of one sandbox, which serves from a process of its own.

    python tests/benchmarks/fetch.py                    # 40,000 records at 0 ms and 50 ms, then a million
    python tests/benchmarks/fetch.py --records 20000    # fewer, for a first look
    python tests/benchmarks/fetch.py --million 200000   # and a shorter long run

(a) bare `requests` with keep-alive, which throws the pages away · (b) the loop that an analyst writes today ·
(c) callkit with one worker · (d) callkit with four. Every measurement is a process of its own, so that its CPU time
and its peak memory (VmHWM) are its own; they are taken in turns, and the best of `--repeat` counts, because other
work on the machine can only make one slower.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import requests

import callkit as ck
from callkit.sandbox import FaultPlan, Sandbox
from callkit.sandbox.itnio import Book

START, END = Sandbox(calls=0).period
KEYS = Sandbox(calls=0).credentials["itnio"]
Measured = dict[str, Any]


def serve(records: int, latency: float, *, sixty_days: bool) -> None:
    """Serve until stdin ends: a month, or two made of one month's records, over and over under other ids."""
    calls = min(records, 20_000) if sixty_days else records
    plan = FaultPlan(latency_ms=latency) if latency else None
    # ITNIO is four fifths of the calls; at the month's end the vendor still shows all of the sixty days before.
    sandbox = Sandbox(calls=calls * 5 // 4, seed=7, billing_faults=0, faults=plan, now=END)
    if sixty_days:
        _stretch(sandbox, records)
    with sandbox:
        print(sandbox.url, flush=True)
        sys.stdin.read()


def _stretch(sandbox: Sandbox, records: int) -> None:
    """Make two months of one, and of every record as many as it takes."""
    book = sandbox._books[KEYS["api_key"]]
    month = [
        (at, row)
        for at, row in zip(book.instants, book.rows, strict=True)
        if START.timestamp() <= at < END.timestamp()
    ]
    copies = -(-records // (2 * len(month)))
    instants, rows = [], []
    for days in (-30, 0):
        for number, (at, row) in enumerate(month):
            moved = _moved(row, days) if days else row
            for copy in range(copies):
                instants.append(at + days * 86_400)
                name = f"9{days + 30:02}{number:010}{copy:06}".encode()
                rows.append(re.sub(rb'"voiceId":"\d+"', b'"voiceId":"' + name + b'"', moved, count=1))
    sandbox._books[KEYS["api_key"]] = Book(book.secret, instants, rows)


def _moved(row: bytes, days: int) -> bytes:
    def later(date: re.Match[bytes]) -> bytes:
        moved = datetime.fromisoformat(date[0].decode()) + timedelta(days=days)
        return moved.date().isoformat().encode()

    return re.sub(rb"\d{4}-\d\d-\d\d(?=T)", later, row)


@contextmanager
def served(*options: str) -> Iterator[str]:
    """Run a sandbox in its own process; gives its address."""
    command = [sys.executable, __file__, "--serve", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        yield server.stdout.readline().strip()
        server.stdin.close()


def ask(session: requests.Session, url: str, page: int) -> requests.Response:
    """Ask for one page of the month, as the vendor's page says."""
    timestamp = str(int(time.time()))
    signature = hashlib.md5(f"{KEYS['api_key']}{KEYS['api_secret']}{timestamp}".encode()).hexdigest()
    headers = {
        "Content-Type": "application/json;charset=UTF-8",
        "Api-Key": KEYS["api_key"],
        "Timestamp": timestamp,
        "Sign": signature,
    }
    params = {"strTime": START.isoformat(), "endTime": END.isoformat()}
    body = {"current": page, "size": 100, "params": params}
    return session.post(f"{url}/voice/recordGroupQuery", json=body, headers=headers, timeout=60)


def bare(url: str, progress: Callable[[int], None]) -> None:
    """(a): every page, thrown away."""
    with requests.Session() as session:
        total = ask(session, url, 1).json()["data"]["total"]
        for page in range(2, -(-total // 100) + 1):
            _ = ask(session, url, page).content
        progress(total)


def loop(url: str, progress: Callable[[int], None]) -> None:
    """(b): `requests`, `.json()`, one list, one frame; nothing is checked and amounts stay text."""
    records: list[dict[str, Any]] = []
    with requests.Session() as session:
        page, total = 1, 1
        while len(records) < total:
            data = ask(session, url, page).json()["data"]
            total = data["total"]
            records.extend(data["records"])
            page += 1
    progress(pl.DataFrame(records, infer_schema_length=None).height)


def callkit(workers: int) -> Callable[[str, Callable[[int], None]], None]:
    """(c), (d): the month as a verified, typed frame."""

    def fetch(url: str, progress: Callable[[int], None]) -> None:
        client = ck.ItnioVoice(**KEYS, base_url=f"{url}/voice", max_workers=workers)
        progress(client.fetch(START, END).height)

    return fetch


def batches(days: int) -> Callable[[str, Callable[[int], None]], None]:
    """The last days of two months, window by window, each thrown away."""

    def fetch(url: str, progress: Callable[[int], None]) -> None:
        client = ck.ItnioVoice(**KEYS, base_url=f"{url}/voice")
        for batch in client.batches(END - timedelta(days=days), END):
            progress(batch.height)

    return fetch


WAYS = {
    "a bare requests": bare,
    "b analyst's loop": loop,
    "c callkit, 1 worker": callkit(1),
    "d callkit, 4 workers": callkit(4),
    "batches of 1 day": batches(1),
    "batches of 60 days": batches(60),
}


def measure(way: str, url: str) -> None:
    """Fetch, and print what it took: in this process, which was made for it."""
    marks: list[tuple[int, float, float]] = [(0, time.perf_counter(), _cpu())]

    def progress(count: int) -> None:
        marks.append((marks[-1][0] + count, time.perf_counter(), _cpu()))

    WAYS[way](url, progress)
    print(json.dumps({"marks": marks, "memory": _peak()}))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak() -> float:
    """The most memory that this process ever held, in MB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else float("nan")


def measured(way: str, url: str) -> Measured:
    """Measure in a new process."""
    command = [sys.executable, __file__, "--measure", way, url]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    (_, begun, cpu_before), (count, ended, cpu_after) = told["marks"][0], told["marks"][-1]
    return {
        **told,
        "records": count,
        "per_second": count / (ended - begun),
        "cpu": (cpu_after - cpu_before) / count * 1e6,
    }


def quarters(marks: list[tuple[int, float, float]]) -> list[float]:
    """CPU microseconds per record, for each quarter of the records."""
    total = marks[-1][0]
    edges = [min(marks, key=lambda mark: abs(mark[0] - total * part / 4)) for part in range(5)]
    return [(after[2] - before[2]) / (after[0] - before[0]) * 1e6 for before, after in pairwise(edges)]


def row(latency: str, way: str, took: Measured) -> str:
    """One line of the table."""
    counted = f"{took['records']:>10,}{took['per_second']:>12,.0f}{took['cpu']:>12.1f}{took['memory']:>10.0f}"
    return f"{latency:>7}  {way:<22}{counted}"


def main() -> None:
    """Measure all of it and print one table and the ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=40_000)
    parser.add_argument("--million", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(int(given.serve[0]), float(given.serve[1]), sixty_days=given.serve[2] == "sixty")
        return
    if given.measure:
        measure(*given.measure)
        return
    print(
        f"{'latency':>7}  {'way':<22}{'records':>10}{'records/s':>12}{'CPU µs/rec.':>12}{'peak MB':>10}",
        flush=True,
    )
    best: dict[tuple[int, str], Measured] = {}
    for latency in (0, 50):
        with served(str(given.records), str(latency), "month") as url:
            for _ in range(given.repeat if not latency else 1):
                for way in list(WAYS)[:4]:
                    took = measured(way, url)
                    kept = best.setdefault((latency, way), took)
                    best[latency, way] = min(kept, took, key=lambda one: one["cpu"])
        for way in list(WAYS)[:4]:
            print(row(f"{latency} ms", way, best[latency, way]), flush=True)
    with served(str(given.million), "0", "sixty") as url:
        day, sixty = (measured(way, url) for way in list(WAYS)[4:])
    print(row("0 ms", "batches of 1 day", day))
    print(row("0 ms", "batches of 60 days", sixty))
    a, b, c, _ = (best[0, way]["cpu"] for way in list(WAYS)[:4])
    one, four = (best[50, way]["per_second"] for way in list(WAYS)[2:4])
    print()
    print(f"CPU per record, (c) : (a)                      {c / a:.2f}   (aim: at most 1.5)")
    print(f"CPU per record, (c) : (b)                      {c / b:.2f}")
    print(f"records/s at 50 ms, (d) : (c)                  {four / one:.2f}   (aim: at least 3.5)")
    print(f"peak memory of batches(), 60 days : 1 day      {sixty['memory'] / day['memory']:.2f}   (aim: 1)")
    told = "  ".join(f"{part:.1f}" for part in quarters(sixty["marks"]))
    print(f"CPU µs per record by quarter of {sixty['records']:,}   {told}")


if __name__ == "__main__":
    main()
