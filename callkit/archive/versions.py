"""What a reading changes: which of its records are new, which replace a version that is held, which are held already.

A version lives from `seen_from` until `seen_to`, when a reading showed the record otherwise. A reading says nothing
about what it did not ask for, so a version ends only if the reading shows the same call id with other values, and the
version belongs to what was read: it was asked for by id, or it was submitted within the window, or at the very instant
that the reading gives. A vendor that lists one id in two windows thus keeps both records, in whatever order they are
read; one that lists it twice in one window keeps both, too. A record that the vendor does not list any more stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from callkit import cdr
from callkit.archive.digests import digest_of
from callkit.archive.schemas import CDRS, month_of

__all__ = ["Changes", "changes", "distinct", "prepared"]

_KEY = ["call_id", "digest"]


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be committed.

    Attributes
    ----------
    rows
        Versions that begin, with all columns of `CDRS`.
    closed
        Versions that end, with all columns of `CDRS`; `seen_to` is set.
    changed
        Of `rows`, the call ids that were held before.
    seen
        When the versions begin and end: when it was read, or later, if a version that is held began later by the clock
        of another machine.
    """

    rows: pl.DataFrame
    closed: pl.DataFrame
    changed: frozenset[str]
    seen: datetime


def prepared(frame: pl.DataFrame, account: str, entry: str) -> pl.DataFrame:
    """Give records the columns of the archive; exact copies are left out."""
    records = frame.select(cdr.SCHEMA.names()).with_columns(
        digest=digest_of(), account=pl.lit(account), month=month_of(), entry=pl.lit(entry)
    )
    return distinct(records)


def distinct(records: pl.DataFrame) -> pl.DataFrame:
    """Leave exact copies out. Where no id comes twice, as nearly always, there is nothing to compare."""
    if records["call_id"].n_unique() == records.height:
        return records
    return records.unique(["source", *_KEY], keep="first", maintain_order=True)


def changes(
    held: pl.LazyFrame, records: pl.DataFrame, windows: pl.DataFrame | None, seen: datetime
) -> Changes:
    """Compare what was read with what is held.

    Parameters
    ----------
    held
        `cdrs`.
    records
        Prepared records of one source and account, no two of them with the same id and digest.
    windows
        `window_start` and `window_end` of what was read; None where it was asked for by id.
    seen
        When it was read.
    """
    schema = CDRS.names()
    known = _current(held, records) if records.height else CDRS.to_frame()
    latest = known["seen_from"].max()
    if isinstance(latest, datetime) and latest > seen:
        seen = latest + timedelta(microseconds=1)
    begin = records.with_columns(seen_from=pl.lit(seen, cdr.INSTANT), seen_to=pl.lit(None, cdr.INSTANT))
    if known.is_empty():
        return Changes(begin.select(schema), CDRS.to_frame(), frozenset(), seen)
    same = known.join(records, on=_KEY, how="semi")
    rows = begin.join(same, on=_KEY, how="anti").select(schema)
    other = known.join(records, on=_KEY, how="anti")
    closed = _superseded(other, records, windows) if other.height else other
    ends = closed.with_columns(seen_to=pl.lit(seen, cdr.INSTANT))
    return Changes(
        rows,
        pl.concat([CDRS.to_frame(), ends], how="diagonal").select(schema),
        frozenset(rows.join(known, on="call_id", how="semi")["call_id"]),
        seen,
    )


def _current(held: pl.LazyFrame, records: pl.DataFrame) -> pl.DataFrame:
    """The newest versions of these ids, wherever they are; the bounds let whole files be skipped."""
    ids = records["call_id"].unique()
    source, account = records["source"][0], records["account"][0]
    wanted = (
        (pl.col("source") == source)
        & pl.col("call_id").is_between(pl.lit(ids.min()), pl.lit(ids.max()))
        & (pl.col("account") == account)
        & pl.col("seen_to").is_null()
    )
    found = held.filter(wanted).select(
        "source", "account", "month", "call_id", "digest", "seen_from", "submitted_at"
    )
    return found.join(ids.to_frame().lazy(), on="call_id", how="semi").collect(engine="streaming")


def _superseded(other: pl.DataFrame, records: pl.DataFrame, windows: pl.DataFrame | None) -> pl.DataFrame:
    if windows is None:
        return other
    at_once = records.select("call_id", "submitted_at").unique()
    same_instant = other.join(at_once, on=["call_id", "submitted_at"], how="semi", nulls_equal=True)
    without = other.filter(pl.col("submitted_at").is_null())
    inside = other.join_where(
        windows,
        pl.col("submitted_at") >= pl.col("window_start"),
        pl.col("submitted_at") < pl.col("window_end"),
    ).select(other.columns)
    return pl.concat([same_instant, without, inside]).unique(maintain_order=True)
