"""Readings of a window: all pages of it as they came, and what several of them establish together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from callkit.fetch.tables import Table

__all__ = ["Page", "Reading", "established"]


class Page(NamedTuple):
    """One page as the vendor gave it."""

    total: int
    records: Table


@dataclass(frozen=True)
class Reading:
    """All pages of a window, as they came."""

    totals: frozenset[int]
    total: int
    records: Table
    ids: set[str]

    @classmethod
    def of(cls, pages: Sequence[Page]) -> Self:
        """Put pages together."""
        records = Table.joined([page.records for page in pages])
        totals = frozenset(page.total for page in pages)
        return cls(totals, pages[-1].total, records, set(records.ids))

    @property
    def plain(self) -> bool:
        """Every id once, and as many as the vendor counts."""
        return len(self.records) == len(self.ids) == self.total and len(self.totals) == 1


def established(readings: Sequence[Reading], *, narrowest: bool) -> Table | None:
    """Give the window's records, if the readings so far establish them.

    Parameters
    ----------
    readings
        In the order they were made; the last one counts, those before it can confirm it.
    narrowest
        Whether the window is one second: it cannot be cut into something that stays put.

    Returns
    -------
    Table or None
        With several records under one id only where two readings agree that the vendor lists it so.
    """
    last = readings[-1]
    if last.plain:
        return last.records
    if len(last.totals) != 1:
        return None
    if len(last.ids) == last.total:
        # Pages that overlap: harmless while they say the same.
        first = last.records.first_of_each()
        return last.records.take(first) if len(first) == last.total else None
    if len(last.records) == last.total:
        before = (r for r in readings[:-1] if len(r.totals) == 1 and len(r.records) == r.total)
        return last.records if any(r.records.same_records(last.records) for r in before) else None
    return _gathered(readings) if narrowest else None


def _gathered(readings: Sequence[Reading]) -> Table | None:
    """What several readings hold together, if that is as many as all of them count."""
    if len({total for reading in readings for total in reading.totals}) != 1:
        return None
    records = Table.joined([reading.records for reading in readings])
    latest = {name: row for row, name in enumerate(records.ids)}
    return records.take(latest.values()) if len(latest) == readings[-1].total else None
