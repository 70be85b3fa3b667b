"""Tying an invoice out, and finding its cut-off, against trying every zone by filtering.

    python tests/benchmarks/invoice.py                  # a million CDRs
    python tests/benchmarks/invoice.py --rows 200000    # fewer

The invoice has a line per day, destination and currency, cut in Asia/Shanghai by when calls were answered. The peer
filters the calls by every zone, clock and population in Polars; a few zones are timed, and all of them reckoned up.
Every measurement is taken once. Needs the extra `bench` for the calls.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from zoneinfo import available_timezones

import polars as pl
from reconcile import make

import callkit as ck

ZONE = "Asia/Shanghai"
ZONES_TIMED = 6
CLOCKS = ("submitted_at", "answered_at", "ended_at")
POPULATIONS = (pl.lit(value=True), pl.col("call_duration") > 0, pl.col("cost") != 0)


def local(clock: str, zone: str) -> pl.Expr:
    return pl.col(clock).dt.convert_time_zone(zone).dt.replace_time_zone(None).dt.date()


def lines_of(cdrs: pl.DataFrame) -> pl.DataFrame:
    """Draw up an invoice with a line a day."""
    charged = cdrs.filter(pl.col("cost") > 0).with_columns(day=local("answered_at", ZONE))
    of_month = charged.filter(pl.col("day").dt.month() == 9)
    return of_month.group_by("day", "destination", "currency").agg(
        calls=pl.len(), charged_seconds=pl.col("charged_duration").sum(), amount=pl.col("cost").sum().round(2)
    )


def by_filtering(cdrs: pl.DataFrame, lines: pl.DataFrame) -> int:
    """Count the lines that agree for a few zones, the plain way; say how many combinations were tried."""
    tried = 0
    for zone in sorted(available_timezones())[:ZONES_TIMED]:
        for clock in CLOCKS:
            for population in POPULATIONS:
                sums = (
                    cdrs.filter(population)
                    .group_by(local(clock, zone).alias("day"), "destination", "currency")
                    .agg(sum_calls=pl.len(), sum_amount=pl.col("cost").sum())
                )
                joined = lines.join(sums, on=["day", "destination", "currency"], how="left")
                agree = joined.filter(pl.col("calls") == pl.col("sum_calls"))
                tried += agree.height >= 0
    return tried


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "cdrs.parquet")
        make(file, rows)
        cdrs = pl.read_parquet(file)
    lines = lines_of(cdrs)
    invoice = ck.Invoice.read(lines)
    print(f"{rows:,} CDRs, {invoice.lines.height:,} lines")
    began = time.perf_counter()
    tied = ck.tie_out(cdrs, invoice, tz=ZONE, clock="answered")
    print(f"tie_out      {time.perf_counter() - began:6.2f} s  {tied.statuses}")
    began = time.perf_counter()
    found = ck.find_cutoff(cdrs, invoice)
    best = found.select("tz", "clock", "population", "tied", "measures").row(0)
    print(f"find_cutoff  {time.perf_counter() - began:6.2f} s  {found.height} candidates, best {best}")
    began = time.perf_counter()
    tried = by_filtering(cdrs, lines)
    all_ = len(available_timezones()) * len(CLOCKS) * len(POPULATIONS)
    took = time.perf_counter() - began
    print(f"by filtering {took * all_ / tried:6.0f} s  reckoned from {tried} of {all_:,} combinations")


if __name__ == "__main__":
    main()
