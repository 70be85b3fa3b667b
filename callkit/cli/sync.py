"""`callkit sync` and `callkit status`: an archive kept up by cron, and what it holds."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import polars as pl

from callkit.archive import Archive
from callkit.archive.coverage import MARGIN, two_months_before
from callkit.archive.readings import counted
from callkit.cli.fetch import client_of
from callkit.errors import ArchiveBusy
from callkit.fetch import ItnioVoice
from callkit.files import read_cdrs, read_ids
from callkit.reconciliation.wording import printable

__all__ = ["BUSY", "status", "sync"]

BUSY = 75
"""sysexits' EX_TEMPFAIL: try again later."""

_STILL_COMING_IN = timedelta(minutes=5)
_STRETCHES = 6


def sync(arguments: argparse.Namespace) -> int:
    """Carry out `callkit sync`: a line a window on the way, and one at the end."""
    try:
        archive = Archive(arguments.archive, arguments.keep_raw)
    except ImportError as error:  # a sentence already: which extra to install
        raise ValueError(str(error)) from None
    options = {
        "account": arguments.account,
        "look_back": timedelta(days=arguments.look_back),
        "wait": arguments.wait,
    }
    client = client_of(arguments)
    try:
        with _lines():
            if isinstance(client, ItnioVoice):
                now = datetime.now(UTC)
                start = arguments.start or two_months_before(now) + MARGIN
                done = archive.sync(client, start, arguments.end or now - _STILL_COMING_IN, **options)
            else:
                done = archive.sync(client, call_ids=_ids(arguments), **options)
    except ArchiveBusy as error:
        print(f"callkit sync: {error}", file=sys.stderr)
        return BUSY
    print(f"{done}: {archive.uri}")
    return 0


def _ids(arguments: argparse.Namespace) -> Iterable[str]:
    file = arguments.call_ids
    if file is None:
        return []
    if file.suffix.lower() in (".json", ".jsonl", ".ndjson"):
        return read_cdrs(file, format="nx-webhook")["call_id"].to_list()
    return read_ids(file, arguments.column)


@contextmanager
def _lines() -> Iterator[None]:
    """Print what the archive logs, with the time."""
    logger = logging.getLogger("callkit.archive")
    handler = logging.StreamHandler(sys.stdout)
    formatter = logging.Formatter("%(asctime)sZ %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def status(arguments: argparse.Namespace) -> int:
    """Carry out `callkit status`."""
    try:
        archive = Archive(arguments.archive)
    except ImportError as error:  # a sentence already: which extra to install
        raise ValueError(str(error)) from None
    days = archive.coverage()
    print("\n".join([archive.uri, *_accounts(archive, days), *_changes(archive.restatements())]))
    code = 0
    if arguments.fail_within is not None:
        until = datetime.now(UTC) + timedelta(days=arguments.fail_within)
        code = int(days.filter(pl.col("expires_at") < until).height > 0)
    if arguments.verify:
        code = max(code, _verified(archive.verify()))
    return code


def _accounts(archive: Archive, days: pl.DataFrame) -> list[str]:
    last_read = {
        (source, account): f"{at:%Y-%m-%d %H:%M} UTC"
        for source, account, at in archive.ledger()
        .group_by("source", "account")
        .agg(pl.col("read_at").max())
        .iter_rows()
    }
    waiting = {
        (source, account): count
        for source, account, count in archive.pending().group_by("source", "account").len().iter_rows()
    }
    lines = []
    # An account of which there is no record yet may have ids that were asked for.
    for source, account in sorted({*days.select("source", "account").iter_rows(), *waiting}):
        mine = days.filter(source=source, account=account)
        lines.append(f"\n{printable(f'{source}, account {account}')}")
        with_records = mine.filter(pl.col("records") > 0)["day"].sort().to_list()
        span = f", {with_records[0]} to {with_records[-1]}" if with_records else ""
        read = last_read.get((source, account), "never")
        lines.append(f"  {counted(int(mine['records'].sum()), 'record')}{span}; last read {read}")
        complete = mine.filter("complete")["day"].to_list()
        if complete:
            lines.append(f"  Complete: {_stretches(complete)}")
        for state, words in _INCOMPLETE.items():
            found = mine.filter(pl.col("status") == state)["day"].to_list()
            if found:
                lines.append(f"  {words}: {_stretches(found)}")
        runs_out = mine.filter(pl.col("expires_at").is_not_null()).sort("expires_at").head(1)
        lines += [f"  {sentence}" for sentence in runs_out["sentence"]]
        if count := waiting.get((source, account), 0):
            lines.append(f"  {counted(count, 'id')} without a record yet; the next sync asks again")
    return lines


_INCOMPLETE = {
    "partial": "Partly read",
    "missing": "Not read, but still to be had",
    "gone": "Never read, and forgotten by the vendor",
}


def _changes(restated: pl.DataFrame) -> list[str]:
    if restated.is_empty():
        return []
    by_currency = restated.group_by("currency").agg(pl.col("amount").sum()).sort("currency")
    amounts = ", ".join(
        f"{printable(currency or '(no currency)')} {amount.normalize():+f}"
        for currency, amount in by_currency.iter_rows()
    )
    calls = restated["call_id"].n_unique()
    return ["", f"Changed by the vendor after it was first seen: {counted(calls, 'call')}, {amounts}"]


def _verified(found: pl.DataFrame) -> int:
    wrong = found.filter(pl.col("problem").is_not_null())
    pages = int(found["pages"].sum())
    told = ", ".join(
        counted(count, what)
        for count, what in (
            (found.height, "reading"),
            (int(found["added"].sum()), "record"),
            (pages, "kept page"),
        )
    )
    if wrong.is_empty():
        print(f"\nVerified: {told}.")
        return 0
    print(f"\nNot verified: {wrong.height:,} of {told}")
    for row in wrong.head(20).iter_rows(named=True):
        where = f"{row['window_start']:%Y-%m-%d %H:%M} UTC" if row["window_start"] else row["entry"]
        print(f"  {printable(str(row['source']))}, {where}: {row['problem']}")
    return 1


def _stretches(days: list[date]) -> str:
    """Tell days by their stretches, the first few of them."""
    breaks = [0, *(at for at, (a, b) in enumerate(pairwise(days), 1) if b - a > timedelta(days=1)), len(days)]
    told = []
    for first, last in pairwise(breaks):
        a, b = days[first], days[last - 1]
        told.append(f"{a} to {b} ({last - first} days)" if a != b else f"{a}")
    more = f" and {len(told) - _STRETCHES} more stretches" if len(told) > _STRETCHES else ""
    return ", ".join(told[:_STRETCHES]) + more
