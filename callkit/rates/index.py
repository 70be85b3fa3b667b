"""Longest-prefix match with validity, as binary searches: built once, asked in bulk.

The prefixes of a deck cut all numbers, padded to eighteen digits, into ranges; each range belongs to the longest prefix
that covers it. Each prefix has a timeline that says which row prices it at which instant, and where none of its own
does, which row of a shorter prefix. So a call needs two searches in sorted integers: for its range, and for its place
in the range's timeline.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import polars as pl

DIGITS = 18
"""So many digits fit a 64-bit integer; a telephone number has at most 15."""

ALWAYS = -(2**63)
NEVER = 2**63 - 1
NOTHING = -1

Timeline = tuple[Sequence[int], Sequence[int]]
"""Instants from which on the row of the same place applies, the first being ALWAYS."""

_UNPRICED: Timeline = ((ALWAYS,), (NOTHING,))


class Version(NamedTuple):
    """One row of a prefix: of several that are valid at an instant, the greatest `weight` applies."""

    weight: tuple[int, int, int]
    start: int
    end: int
    row: int


class Index:
    """The rows that may price calls of one currency and direction.

    Parameters
    ----------
    versions
        Of each prefix its rows; instants in microseconds.
    """

    def __init__(self, versions: dict[str, list[Version]]) -> None:
        prefixes = sorted(versions)  # a prefix comes right before all that begin with it
        starts, owners = [0], [NOTHING]
        timelines: list[Timeline] = []
        parents: list[int] = []
        open_: list[int] = []

        def begin(number: int, owner: int) -> None:
            if starts[-1] == number:
                owners[-1] = owner
            else:
                starts.append(number)
                owners.append(owner)

        def close() -> None:
            begin(_last(prefixes[open_.pop()]) + 1, open_[-1] if open_ else NOTHING)

        for at, prefix in enumerate(prefixes):
            while open_ and not prefix.startswith(prefixes[open_[-1]]):
                close()
            parent = open_[-1] if open_ else NOTHING
            parents.append(parent)
            timelines.append(
                _timeline(versions[prefix], timelines[parent] if parent != NOTHING else _UNPRICED)
            )
            begin(int(prefix.ljust(DIGITS, "0")), at)
            open_.append(at)
        while open_:
            close()

        self._starts = pl.Series(starts, dtype=pl.Int64)
        self._owners = pl.Series(owners, dtype=pl.Int64)
        self._parents = pl.Series(parents, dtype=pl.Int64)
        self._lengths = pl.Series([len(prefix) for prefix in prefixes], dtype=pl.Int64)
        self._changes = pl.Series([len(times) for times, _ in timelines], dtype=pl.Int64)
        self._times = pl.Series(sorted({time for times, _ in timelines for time in times}), dtype=pl.Int64)
        flat = pl.DataFrame(
            {
                "node": pl.Series(range(len(prefixes)), dtype=pl.Int64).gather(
                    _repeated(len(times) for times, _ in timelines)
                ),
                "time": pl.Series([time for times, _ in timelines for time in times], dtype=pl.Int64),
                "row": pl.Series([row for _, rows in timelines for row in rows], dtype=pl.Int64),
            }
        )
        self._keys = self._key(flat["node"], flat["time"])
        self._rows = flat["row"]

    def look_up(self, numbers: pl.Series, lengths: pl.Series, instants: pl.Series) -> pl.Series:
        """Find the row of every call; null where none applies.

        Parameters
        ----------
        numbers
            Int64: the first eighteen digits, filled up with zeros.
        lengths
            How many digits the number has.
        instants
            Microseconds. Null where the instant is not known: then only a price that never changes applies.
        """
        nodes = self._owners.gather(_last_at_most(self._starts, numbers))
        nodes = self._short_enough(nodes, lengths)
        found = pl.DataFrame({"node": nodes, "instant": instants}).with_row_index("call")
        known = found.filter(
            pl.col("node") != NOTHING,
            pl.col("instant").is_not_null()
            | (self._changes.gather(nodes.replace(NOTHING, None)).fill_null(0) == 1),
        )
        keys = self._key(known["node"], known["instant"].fill_null(0))
        rows = self._rows.gather(_last_at_most(self._keys, keys))
        answer = pl.Series([None], dtype=pl.Int64).new_from_index(0, numbers.len())
        priced = rows != NOTHING
        return answer.scatter(known["call"].filter(priced), rows.filter(priced))

    def _short_enough(self, nodes: pl.Series, lengths: pl.Series) -> pl.Series:
        """A short number must not match by the zeros it was filled up with: go to shorter prefixes."""
        while True:
            covered = nodes.replace(NOTHING, None)
            longer = (self._lengths.gather(covered) > lengths).fill_null(value=False)
            if not longer.any():
                return nodes
            nodes = self._parents.gather(covered).zip_with(longer, nodes)

    def _key(self, nodes: pl.Series, instants: pl.Series) -> pl.Series:
        """One integer that is in the order of nodes and, within a node, of instants."""
        return nodes * self._times.len() + _last_at_most(self._times, instants)


def _last_at_most(values: pl.Series, asked: pl.Series) -> pl.Series:
    """The place of the last of the sorted values that is not greater."""
    return values.search_sorted(asked, side="right").cast(pl.Int64) - 1


def _repeated(counts: Iterable[int]) -> pl.Series:
    return pl.Series([at for at, count in enumerate(counts) for _ in range(count)], dtype=pl.Int64)


def _last(prefix: str) -> int:
    return int(prefix.ljust(DIGITS, "9"))


def _timeline(versions: Sequence[Version], shorter: Timeline) -> Timeline:
    """Lay a prefix's own rows over the timeline of the next shorter prefix."""
    if len(versions) == 1 and versions[0].start == ALWAYS and versions[0].end == NEVER:
        return (ALWAYS,), (versions[0].row,)
    edges = {ALWAYS, *shorter[0]}
    for version in versions:
        edges.add(version.start)
        if version.end != NEVER:
            edges.add(version.end)
    times: list[int] = []
    rows: list[int] = []
    for edge in sorted(edges):
        valid = [version for version in versions if version.start <= edge < version.end]
        row = max(valid).row if valid else shorter[1][bisect_right(shorter[0], edge) - 1]
        if not rows or rows[-1] != row:
            times.append(edge)
            rows.append(row)
    return times, rows
