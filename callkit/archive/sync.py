"""One sync: readings from a vendor into commits, in order, each with its ledger rows.

Readings are gathered until they hold some ten thousand records or a few seconds have gone by: a commit costs a few
hundredths of a second however small it is. What is not committed when a process dies was not there; the next sync reads
it again.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Any
from uuid import uuid4

import polars as pl

from callkit.archive.digests import sum_of, total_text
from callkit.archive.ledger import frame_of, recovered, text
from callkit.archive.lock import Lock
from callkit.archive.readings import Reading, Synced, counted
from callkit.archive.schemas import RAW
from callkit.archive.store import Store
from callkit.archive.versions import Changes, distinct, prepared
from callkit.cdr import INSTANT
from callkit.errors import ArchiveBusy, ArchiveError
from callkit.fetch.windows import Window

__all__ = ["Writer", "Writing"]

LOG = logging.getLogger("callkit.archive")

_RECORDS_AT_ONCE = 20_000
_SECONDS_AT_ONCE = 5.0
_ATTEMPTS = 5
_BODIES_AT_ONCE = 32 * 1024 * 1024
# A window is read again for as long as the vendor shows it, two months: what did not change gives the same bodies.
_READ_AGAIN = timedelta(days=93)


class Writer:
    """Writes the readings of one source and account, under the lock.

    Parameters
    ----------
    store, lock
        Where to.
    source, account
        Whose.
    clock
        What time it is.
    """

    def __init__(
        self, store: Store, lock: Lock, source: str, account: str, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._lock = lock
        self._source = source
        self.account = account
        self._clock = clock
        self.began = clock()
        self.ledger, missing = recovered(store)
        if missing.height:
            store.append("ledger", missing)
        mine = self.ledger.filter(pl.col("source") == source, pl.col("account") == account)
        last = mine["seen_at"].max()
        # Later than whatever was seen before, also where the clock was set back: versions do not overlap.
        self._floor = last + timedelta(microseconds=1) if isinstance(last, datetime) else self.began
        self._kept: set[str] | None = None
        self._gathered: list[Reading] = []
        self._waiting: set[str] = set()
        self._since = time.monotonic()
        self.done = Synced()

    def add(self, reading: Reading) -> None:
        """Take a reading; it is committed now or with some of those to come."""
        ids = set(reading.frame["call_id"])
        if not ids.isdisjoint(self._waiting):
            self.flush()  # the later reading counts: it is compared with what the earlier one left
        self._gathered.append(reading)
        self._waiting |= ids
        records = sum(one.frame.height for one in self._gathered)
        bodies = sum(len(body.zipped) for one in self._gathered for body in one.bodies)
        late = time.monotonic() - self._since > _SECONDS_AT_ONCE
        if records >= _RECORDS_AT_ONCE or bodies >= _BODIES_AT_ONCE or late:
            self.flush()

    def flush(self) -> None:
        """Commit what was gathered."""
        if not self._gathered:
            return
        readings, self._gathered, self._waiting = self._gathered, [], set()
        self._keep(readings)
        for attempt in range(1, _ATTEMPTS + 1):
            self._lock.check()
            try:
                self._commit(readings)
                break
            except ArchiveBusy:
                # Another writer, where no lock keeps it out: compare anew with what it wrote.
                if attempt == _ATTEMPTS:
                    raise
                time.sleep(0.1 * 2**attempt)
        self._since = time.monotonic()

    def _keep(self, readings: Sequence[Reading]) -> None:
        """Keep the bodies before what is made of them: one that nothing names only costs some room."""
        bodies = {body.digest: body.zipped for reading in readings for body in reading.bodies}
        if not bodies:
            return
        if self._kept is None:
            recent = pl.col("month") >= f"{self.began - _READ_AGAIN:%Y-%m}"
            try:
                kept = self._store.read(self._store.scan("raw").filter(recent).select("digest"))
                self._kept = set(kept["digest"])
            except ArchiveError:  # what is damaged is kept once more: the vendor will not show it for long
                self._kept = set()
        new = [digest for digest in bodies if digest not in self._kept]
        if new:
            rows = {"digest": new, "month": f"{self.began:%Y-%m}", "body": [bodies[digest] for digest in new]}
            self._store.append("raw", pl.DataFrame(rows, schema=RAW))
            self._kept.update(new)

    def _commit(self, readings: Sequence[Reading]) -> None:
        seen = max(self._clock(), self._floor)
        named = [(f"{seen:%Y%m%dT%H%M%S%f}-{uuid4().hex[:12]}", reading) for reading in readings]
        frames = [prepared(reading.frame, self.account, entry) for entry, reading in named]
        records = distinct(pl.concat(frames))
        table = self._store.there("cdrs")
        found = self._store.changes(table, records, _windows(readings), seen)
        seen = self._floor = found.seen
        rows = [
            self._row(entry, reading, frame, found, seen)
            for (entry, reading), frame in zip(named, frames, strict=True)
        ]
        if found.rows.is_empty() and found.closed.is_empty():
            version = int(table.version())
        else:
            version = self._store.commit(table, found.rows, found.closed, rows)
        ledger = frame_of({**row, "table_version": version} for row in rows)
        self._store.append("ledger", ledger)
        self.ledger = pl.concat([self.ledger, ledger])
        for row in rows:
            self._tell(row)

    def _row(
        self, entry: str, reading: Reading, frame: pl.DataFrame, found: Changes, seen: datetime
    ) -> dict[str, Any]:
        added = found.rows.filter(pl.col("entry") == entry)
        changed = added.filter(pl.col("call_id").is_in(list(found.changed))).height
        start, end = (None, None) if reading.window is None else reading.window
        return {
            "entry": entry,
            "source": self._source,
            "account": self.account,
            "kind": reading.kind,
            "window_start": None if start is None else _instant_text(start),
            "window_end": None if end is None else _instant_text(end),
            "complete": reading.complete,
            "read_at": text(self.began),
            "seen_at": text(seen),
            "total": reading.total,
            "records": frame.height,
            "new": added.height - changed,
            "changed": changed,
            "digest": total_text(frame.select(sum_of()).item()),
            "added": added.height,
            "added_digest": total_text(added.select(sum_of()).item()),
            "pages": json.dumps(
                [[*body.question, body.digest] for body in reading.bodies], separators=(",", ":")
            )
            if reading.bodies
            else None,
        }

    def _tell(self, row: dict[str, Any]) -> None:
        what = (
            f"{row['window_start'][:19]}Z to {row['window_end'][:19]}Z"
            if row["window_start"]
            else counted(row["total"], "id" if row["kind"] == "ids" else "given record")
        )
        part = "" if row["complete"] else " (part)"
        LOG.info(
            "%s %s: %s%s: %s, %d new, %d changed", self._source, self.account, what, part,
            counted(row["records"], "record"), row["new"], row["changed"],
        )  # fmt: skip
        self.done.records += row["records"]
        self.done.new += row["new"]
        self.done.changed += row["changed"]


class Writing:
    """The lock, and a writer that lives as long as it is held."""

    def __init__(
        self, store: Store, lock: Lock, source: str, account: str, clock: Callable[[], datetime]
    ) -> None:
        self._make = partial(Writer, store, lock, source, account, clock)
        self._store = store
        self._lock = lock
        self._writer: Writer | None = None

    def __enter__(self) -> Writer:
        with self._store.explained("cannot be written"):
            self._lock.__enter__()
        try:
            self._writer = self._make()
        except BaseException:
            self._lock.__exit__(None, None, None)
            raise
        return self._writer

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            # What a failing vendor or Ctrl-C ends is kept as far as it was read; a failing disk is left alone.
            if error is not None and self._writer is not None and not isinstance(error, ArchiveError):
                self._writer.flush()
        finally:
            self._lock.__exit__(kind, error, trace)


def _windows(readings: Sequence[Reading]) -> pl.DataFrame | None:
    windows = [reading.window for reading in readings]
    if any(window is None for window in windows):
        return None
    edges = [(window.start, window.end) for window in windows if window is not None]
    frame = pl.DataFrame(edges, schema={"window_start": pl.Int64, "window_end": pl.Int64}, orient="row")
    return frame.select(
        (pl.all() * 1_000_000).cast(pl.Datetime("us")).dt.replace_time_zone("UTC").cast(INSTANT)
    )


def _instant_text(second: int) -> str:
    return text(datetime.fromisoformat(Window(second, second).start_text))
