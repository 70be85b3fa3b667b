"""Which records bill a conversation that an earlier record bills already."""

from __future__ import annotations

from datetime import datetime

import polars as pl

CLOSE_SECONDS = 2
"""Answer times and talk times of a double differ by no more than this."""

_PARTIES = ("source", "direction", "caller", "callee")
_ORDER = ("answered_at", "submitted_at", "call_id")

KEY = (*_PARTIES, "call_id", "answered_at", "call_duration")
"""What makes a record a double; its id alone would take in another record of that id, which may be none."""


def doubles(cdrs: pl.LazyFrame) -> pl.DataFrame:
    """Find the records that bill the same conversation twice.

    Same source, direction, caller and callee, answered and talking within `CLOSE_SECONDS` of the earliest record
    that is kept, under another id. Two people can talk only once at a time, so the later record is the double.

    Returns
    -------
    pl.DataFrame
        `KEY` and _double_of (the id that is kept), sorted.
    """
    talks = cdrs.filter(
        (pl.col("call_duration") > 0),
        pl.all_horizontal(pl.col("call_id", "answered_at", "caller", "callee").is_not_null()),
    )
    at = pl.col("answered_at").dt.timestamp("us")
    width = 2 * CLOSE_SECONDS * 1_000_000
    # Two instants at most half a width apart share a stretch of one of two rulers that are half a width out of step.
    rulers = [
        pl.struct("caller", "callee", (at + shift) // width).hash().alias(name)
        for name, shift in (("_one", 0), ("_other", width // 2))
    ]
    hashes = talks.select(rulers).collect(engine="streaming")
    shared = [_repeated(column) for column in hashes]
    if all(column.is_empty() for column in shared):
        talks = talks.head(0)
    meetings = pl.any_horizontal(
        ruler.is_in(column.implode()) for ruler, column in zip(rulers, shared, strict=True)
    )
    candidates = (
        # Who talked but once at a time cannot have been billed twice: nearly all are gone before anything is sorted.
        talks.filter(meetings)
        .select(*_PARTIES, *_ORDER, "call_duration")
        .collect(engine="streaming")
        .sort(*_PARTIES, *_ORDER, "call_duration", nulls_last=True)
    )
    kept: list[str | None] = []
    for _, group in candidates.group_by(_PARTIES, maintain_order=True):
        kept += _against_kept(group)
    # One pair of numbers after the other in sorted order: the ids stand in the order of the candidates.
    return (
        candidates.with_columns(pl.Series("_double_of", kept, dtype=pl.String))
        .filter(pl.col("_double_of").is_not_null())
        .select(*KEY, "_double_of")
        .unique()
        .sort(*KEY, "_double_of", nulls_last=True)
        .unique(KEY, keep="first", maintain_order=True)
    )


def _repeated(hashes: pl.Series) -> pl.Series:
    ordered = hashes.sort()
    return ordered.filter(ordered == ordered.shift(1)).unique()


def _against_kept(group: pl.DataFrame) -> list[str | None]:
    """Walk one pair of numbers in time and give each double's kept id; candidates are rare."""
    kept: list[tuple[datetime, int, str]] = []
    found: list[str | None] = []
    for call_id, answered, talk in group.select("call_id", "answered_at", "call_duration").iter_rows():
        kept = [call for call in kept if (answered - call[0]).total_seconds() <= CLOSE_SECONDS]
        twin = next(
            (
                other
                for _, seconds, other in kept
                if abs(talk - seconds) <= CLOSE_SECONDS and other != call_id
            ),
            None,
        )
        if twin is None:
            kept.append((answered, talk, call_id))
        found.append(twin)
    return found
