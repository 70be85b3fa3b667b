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


def double_records(meetings: pl.DataFrame) -> pl.DataFrame:
    """Find the records that bill the same conversation twice.

    Same source, direction, caller and callee, answered and talking within `CLOSE_SECONDS` of the earliest record
    that is kept, under another id. Two people can talk only once at a time, so the later record is the double.

    Parameters
    ----------
    meetings
        The calls whose numbers talk again on the same day, with `KEY` and submitted_at.

    Returns
    -------
    pl.DataFrame
        The doubles among them, with _double_of: the id that is kept; where records that share a key double several,
        the least.
    """
    ordered = meetings.sort(*_PARTIES, *_ORDER, "call_duration", nulls_last=True)
    near = pl.col("answered_at").diff() <= pl.duration(seconds=CLOSE_SECONDS)
    # Who talks again only later in the day cannot have been billed twice.
    close = (near | near.shift(-1)).over(_PARTIES)
    candidates = ordered.filter(close.fill_null(value=False))
    kept: list[str | None] = []
    for _, group in candidates.group_by(_PARTIES, maintain_order=True):
        kept += _against_kept(group)
    # One pair of numbers after the other in sorted order: the ids stand in the order of the candidates.
    marked = candidates.with_columns(pl.Series("_double_of", kept, dtype=pl.String))
    # What shares its key with a double cannot be told from it, and is one as well.
    same = pl.col("_double_of").min().over(KEY)
    return marked.with_columns(same).filter(pl.col("_double_of").is_not_null())


def doubles(records: pl.DataFrame) -> pl.DataFrame:
    """List each double once: `KEY` and `_double_of`, sorted."""
    return records.select(*KEY, "_double_of").unique().sort(*KEY, nulls_last=True)


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
