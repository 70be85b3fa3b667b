"""The ledger: what was read, when, and what it brought; and what follows from it for the next sync.

A reading's row is committed with the records, in the commit info of the `cdrs` table: one atomic act. The table
`ledger` is written right after it, from that, because commit infos are deleted after a month and cannot be queried.
If a process dies between the two, the row is still in the log: readers add it, and the next sync writes it to the
table. A reading that changed no record is in the table alone. A row that got lost altogether (a log that was cleaned
up, a table brought back from a backup) costs nothing but that its window is read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from callkit.archive.schemas import LEDGER
from callkit.archive.store import Store
from callkit.cdr import INSTANT
from callkit.fetch.windows import Window

__all__ = ["frame_of", "recovered", "settled", "text", "to_read", "united", "unsettled"]

_DAY = 86_400
# So many commits of others may have come between a commit and its ledger's, where no lock keeps them out.
_OVERTAKEN = 20


def frame_of(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Make ledger rows out of plain values; instants are ISO text."""
    given = list(rows)
    raw = {
        name: pl.Series(
            name, [row.get(name) for row in given], dtype=pl.String if dtype == INSTANT else dtype
        )
        for name, dtype in LEDGER.items()
    }
    instants = [
        pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="us").cast(INSTANT)
        for name, dtype in LEDGER.items()
        if dtype == INSTANT
    ]
    return pl.DataFrame(raw).with_columns(instants)


def recovered(store: Store) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give the whole ledger, and of it the rows that so far are only in the log of `cdrs`."""
    table = store.read(store.scan("ledger"))
    known = table["table_version"].max()
    there = set(table["entry"])
    lost = [
        {**row, "table_version": version}
        for version, rows in store.ledger_in_log(known - _OVERTAKEN if isinstance(known, int) else 0)
        for row in rows
        if row["entry"] not in there
    ]
    missing = frame_of(lost)
    # Without a lock another writer may have brought a row over while its own writer was about to.
    return pl.concat([table, missing]).unique("entry", keep="first", maintain_order=True), missing


def settled(ledger: pl.DataFrame, source: str, account: str, look_back: timedelta) -> list[Window]:
    """Give the stretches that need not be read again: read when they had been over for as long as `look_back`."""
    windows = ledger.filter(
        pl.col("source") == source,
        pl.col("account") == account,
        pl.col("kind") == "window",
        pl.col("complete"),
        pl.col("read_at") >= pl.col("window_end") + look_back,
    )
    return united(windows)


def united(windows: pl.DataFrame) -> list[Window]:
    """Unite overlapping and adjoining windows, in order."""
    edges = windows.select(
        pl.col("window_start").dt.epoch("s").alias("start"), pl.col("window_end").dt.epoch("s").alias("end")
    )
    stretches: list[Window] = []
    for start, end in edges.unique().sort("start", "end").iter_rows():
        if stretches and start <= stretches[-1].end:
            stretches[-1] = Window(stretches[-1].start, max(end, stretches[-1].end))
        else:
            stretches.append(Window(start, end))
    return stretches


def unsettled(asked: Window, done: Sequence[Window]) -> list[Window]:
    """Give the stretches of a period that are not settled."""
    stretches = []
    at = asked.start
    within = [stretch for stretch in done if stretch.end > asked.start and stretch.start < asked.end]
    for stretch in [*within, Window(asked.end, asked.end)]:
        if stretch.start > at:
            stretches.append(Window(at, stretch.start))
        at = max(at, stretch.end)
    return stretches


def to_read(asked: Window, stretches: Sequence[Window], days: int, recent: int) -> list[Window]:
    """Cut stretches into windows, at midnight UTC.

    A window is the unit of what is claimed: what was interrupted is read again from its beginning, and what is still in
    the look-back is read again as a whole. So before `recent` it has up to `days` days, as many as the vendor counts a
    few thousand records in; after that it is a day.

    Each but the period's first begins a second early: should a vendor leave out both ends of a window, nothing that
    lies on a cut is lost.
    """
    windows = []
    for stretch in stretches:
        at = stretch.start
        while at < stretch.end:
            midnight = at // _DAY * _DAY + _DAY
            settling = recent // _DAY * _DAY
            end = min(max(midnight, min(midnight + (days - 1) * _DAY, settling)), stretch.end)
            windows.append(Window(at if at == asked.start else at - 1, end))
            at = end
    return windows


def text(instant: datetime) -> str:
    """Write an instant as `frame_of` reads it."""
    return instant.isoformat(timespec="microseconds")
