"""Longest-prefix match with validity, as binary searches: built once, asked in bulk.

The prefixes of a deck cut all numbers, padded to eighteen digits, into ranges; each range belongs to the longest prefix
that covers it. Each prefix has a timeline that says which of its rows applies at which instant. So a call needs two
searches in sorted integers: for its range, and for its place in the prefix's timeline; and where nothing is priced
there, the second search once more for the next shorter prefix.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

import polars as pl

DIGITS = 18
"""So many digits fit a 64-bit integer; a telephone number has at most 15."""

ALWAYS = -(2**63)
NEVER = 2**63 - 1
_NOTHING = -1

_SEGMENT = ("node", "time", "row")


class Index:
    """The rows that may price calls of one currency and direction.

    Parameters
    ----------
    versions
        prefix, start and end (Int64, microseconds: ALWAYS or NEVER where open), row, and weight: of several rows of a
        prefix that are valid at an instant, the one with the greatest weight applies.
    """

    def __init__(self, versions: pl.DataFrame) -> None:
        prefixes = versions.select(pl.col("prefix").unique()).sort("prefix")["prefix"]
        nodes = pl.DataFrame({"prefix": prefixes}).with_row_index("node").cast({"node": pl.Int64})
        self._parents = pl.Series(_parents(prefixes.to_list()), dtype=pl.Int64)
        self._lengths = prefixes.str.len_bytes().cast(pl.Int64)
        ranges = _ranges(nodes.with_columns(parent=self._parents, length=self._lengths))
        self._starts, self._owners = ranges["number"], ranges["owner"]
        segments = _segments(versions.join(nodes, on="prefix", how="left"))
        self._changes = segments.group_by("node").len().sort("node")["len"]
        self._times = segments["time"].unique().sort()
        self._keys = self._key(segments["node"], segments["time"])
        self._rows = segments["row"]

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
        answer = pl.Series([None], dtype=pl.Int64).new_from_index(0, numbers.len())
        nodes = self._short_enough(self._owners.gather(_last_at_most(self._starts, numbers)), lengths)
        open_ = pl.DataFrame({"node": nodes, "instant": instants}).with_row_index("call")
        open_ = open_.filter(pl.col("node") != _NOTHING)
        timeless = self._changes.gather(open_["node"]) == 1
        open_ = open_.filter(pl.col("instant").is_not_null() | timeless).with_columns(
            pl.col("instant").fill_null(0)
        )
        while open_.height:
            rows = self._rows.gather(_last_at_most(self._keys, self._key(open_["node"], open_["instant"])))
            priced = rows != _NOTHING
            answer = answer.scatter(open_["call"].filter(priced), rows.filter(priced))
            rest = open_.filter(~priced)
            open_ = rest.with_columns(self._parents.gather(rest["node"]).alias("node")).filter(
                pl.col("node") != _NOTHING
            )
        return answer

    def _short_enough(self, nodes: pl.Series, lengths: pl.Series) -> pl.Series:
        """A short number must not match by the zeros it was filled up with: go to shorter prefixes."""
        while True:
            covered = nodes.replace(_NOTHING, None)
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


def _parents(prefixes: Sequence[str]) -> list[int]:
    """The next shorter prefix of each one; sorted as text, a prefix comes right before all that begin with it."""
    parents: list[int] = []
    around: list[int] = []
    for at, prefix in enumerate(prefixes):
        while around and not prefix.startswith(prefixes[around[-1]]):
            around.pop()
        parents.append(around[-1] if around else _NOTHING)
        around.append(at)
    return parents


def _ranges(nodes: pl.DataFrame) -> pl.DataFrame:
    """Cut the numbers where a prefix begins or ends, and name the owner from there on.

    Where several do at once, the longest that begins owns the range; where none begins, what surrounds the shortest
    that ends.
    """
    first = pl.col("prefix").str.pad_end(DIGITS, "0").cast(pl.Int64)
    after = pl.col("prefix").str.pad_end(DIGITS, "9").cast(pl.Int64) + 1
    begins = nodes.select(number=first, owner="node", order=pl.col("length") + DIGITS)
    ends = nodes.select(number=after, owner="parent", order=-pl.col("length"))
    zero = pl.DataFrame({"number": [0], "owner": [_NOTHING], "order": [-DIGITS]})
    cuts = pl.concat([zero, begins, ends]).sort("number", "order")
    return cuts.unique("number", keep="last", maintain_order=True)


def _segments(versions: pl.DataFrame) -> pl.DataFrame:
    """The timelines of all nodes: from `time` on `row` applies, or nothing. The first of each begins with ALWAYS."""
    alone = pl.len().over("node") == 1
    single = versions.filter(alone)
    nothing = pl.lit(_NOTHING, pl.Int64).alias("row")
    before = single.filter(pl.col("start") > ALWAYS)
    after = single.filter(pl.col("end") < NEVER)
    several = versions.filter(~alone).sort("node").select("node", "start", "end", "weight", "row")
    laid = [
        (node, time, row)
        for node, group in groupby(several.iter_rows(), key=itemgetter(0))
        for time, row in _timeline([each[1:] for each in group])
    ]
    return pl.concat(
        [
            single.select("node", pl.col("start").alias("time"), "row"),
            before.select("node", pl.lit(ALWAYS, pl.Int64).alias("time"), nothing),
            after.select("node", pl.col("end").alias("time"), nothing),
            pl.DataFrame(laid, schema=dict.fromkeys(_SEGMENT, pl.Int64), orient="row"),
        ]
    ).sort("node", "time")


def _timeline(versions: Sequence[tuple[int, int, int, int]]) -> list[tuple[int, int]]:
    """Lay the rows of one prefix (start, end, weight, row) over one another."""
    edges = {ALWAYS, *(start for start, *_ in versions), *(end for _, end, *_ in versions if end != NEVER)}
    laid: list[tuple[int, int]] = []
    for edge in sorted(edges):
        valid = [(weight, row) for start, end, weight, row in versions if start <= edge < end]
        row = max(valid)[1] if valid else _NOTHING
        if not laid or laid[-1][1] != row:
            laid.append((edge, row))
    return laid
