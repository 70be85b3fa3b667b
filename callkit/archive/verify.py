"""Whether the archive still holds what was read: every record by its digest, and every kept page read anew."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

import polars as pl

from callkit import cdr
from callkit.archive.digests import digest_of, sum_of, total_text
from callkit.archive.store import Store
from callkit.archive.vendors import ITNIO
from callkit.cdr import INSTANT, schema_of
from callkit.errors import CallkitError
from callkit.fetch import itnio, nxcloud_call
from callkit.fetch.exact import UnreadableAnswer
from callkit.fetch.windows import Window

__all__ = ["VERIFIED", "verify"]

VERIFIED = schema_of(
    entry=pl.String,
    source=pl.String,
    account=pl.String,
    kind=pl.String,
    window_start=INSTANT,
    window_end=INSTANT,
    records=pl.Int64,
    added=pl.Int64,
    pages=pl.Int64,
    problem=pl.String,
)
_ENTRIES_AT_ONCE = 50


def verify(store: Store, ledger: pl.DataFrame) -> pl.DataFrame:
    """Check every ledger row; `problem` is null where all is as it was read."""
    problems: dict[str, str] = {}
    counts = {
        entry: (rows, total_text(total))
        for entry, rows, total in store.read(
            store.scan("cdrs")
            .select("entry", digest_of().alias("digest"))
            .group_by("entry")
            .agg(pl.len(), sum_of())
        ).iter_rows()
    }
    pages: dict[str, int] = {}
    for row in ledger.select("entry", "added", "added_digest", "pages").iter_rows(named=True):
        rows, total = counts.pop(row["entry"], (0, total_text(0)))
        if rows != row["added"]:
            problems[row["entry"]] = f"{row['added']:,} records were added, {rows:,} are there"
        elif total != row["added_digest"]:
            problems[row["entry"]] = "records are not what they were when they were added"
        pages[row["entry"]] = len(json.loads(row["pages"])) if row["pages"] else 0
    for entry, problem in _raw_problems(store, ledger.filter(pl.col("pages").is_not_null())):
        problems.setdefault(entry, problem)
    strangers = [
        {"entry": entry, "added": rows, "problem": "records of a reading that the ledger does not know"}
        for entry, (rows, _) in sorted(counts.items())
    ]
    entries = ledger["entry"]
    told = ledger.with_columns(
        pages=pl.Series([pages[entry] for entry in entries], dtype=pl.Int64),
        problem=pl.Series([problems.get(entry) for entry in entries], dtype=pl.String),
    ).select(VERIFIED.names())
    unknown = pl.DataFrame(strangers, schema=VERIFIED)
    return pl.concat([told, unknown]).sort("source", "account", "window_start", "entry", nulls_last=True)


def _raw_problems(store: Store, ledger: pl.DataFrame) -> Iterator[tuple[str, str]]:
    """Read the kept pages of a few readings at a time."""
    for part in ledger.sort("entry").iter_slices(_ENTRIES_AT_ONCE):
        named = {row["entry"]: json.loads(row["pages"]) for row in part.iter_rows(named=True)}
        wanted = {str(page[-1]) for of_entry in named.values() for page in of_entry}
        bodies = dict(
            store.read(
                store.scan("raw").filter(pl.col("digest").is_in(sorted(wanted))).select("digest", "body")
            ).iter_rows()
        )
        rebuilt = []
        for row in part.iter_rows(named=True):
            try:
                frame = _rebuilt(row, named[row["entry"]], bodies)
            except (
                _Unverifiable,
                UnreadableAnswer,
                CallkitError,
                OSError,
                ValueError,
                StopIteration,
            ) as error:
                yield (
                    row["entry"],
                    f"its pages do not give its records any more: {str(error) or 'a page is missing'}",
                )
                continue
            rebuilt.append(frame.with_columns(entry=pl.lit(row["entry"]), account=pl.lit(row["account"])))
        if rebuilt:
            yield from _differences(store, pl.concat(rebuilt), part)


class _Unverifiable(Exception):
    """A page is missing or damaged."""


def _rebuilt(row: dict[str, Any], pages: Sequence[Sequence[Any]], bodies: dict[str, bytes]) -> pl.DataFrame:
    """Make a reading's frame again; `border` marks what may have been left to the next window."""
    answers: dict[tuple[Any, ...], deque[bytes]] = defaultdict(deque)
    for *question, digest in pages:
        if digest not in bodies:
            raise _Unverifiable(f"page {digest[:12]}… is missing")
        body = gzip.decompress(bodies[digest])
        if sha256(body).hexdigest() != digest:
            raise _Unverifiable(f"page {digest[:12]}… is not what came")
        answers[tuple(question)].append(body)
    if row["source"] == ITNIO:
        asked_for = Window(min(page[0] for page in pages), max(page[1] for page in pages))

        def answer(window: Window, page: int, size: int) -> bytes:
            kept = answers[window.start, window.end, page, size]
            if not kept:
                raise UnreadableAnswer(f"page {page} of {window} was not kept")
            return kept.popleft()

        at_end = pl.col("submitted_at").eq_missing(pl.lit(row["window_end"], INSTANT))
        return itnio.replayed(asked_for, answer).with_columns(border=at_end)
    rows = [nxcloud_call.replayed(str(question[0]), kept) for question, kept in answers.items()]
    return pl.concat([cdr.empty(), *rows]).filter("found").with_columns(border=pl.lit(value=False))


def _differences(store: Store, rebuilt: pl.DataFrame, part: pl.DataFrame) -> Iterator[tuple[str, str]]:
    """Every record of the pages must be held as it came, and what a reading added must be in its pages."""
    records = rebuilt.select("entry", "source", "account", "call_id", "border", digest=digest_of())
    ids = records["call_id"].unique()
    asked_for = pl.col("call_id").is_between(pl.lit(ids.min()), pl.lit(ids.max()))
    asked_for &= pl.col("call_id").is_in(ids.implode())
    brought_here = pl.col("entry").is_in(part["entry"].to_list())
    held = store.read(
        store.scan("cdrs")
        .filter(asked_for | brought_here)
        .select("source", "account", "call_id", "digest", "seen_from", came_with="entry")
    )
    key = ["entry", "source", "account", "call_id", "digest"]
    there = (
        records.join(held, on=key[1:])
        .join(part.select("entry", "seen_at"), on="entry")
        .filter(pl.col("seen_from") <= pl.col("seen_at"))
    )
    lost = (
        records.filter(~pl.col("border"))
        .join(there, on=key, how="anti")
        .group_by("entry")
        .len()
        .sort("entry")
    )
    for entry, count in lost.iter_rows():
        yield entry, f"{count:,} records of its pages are not held as they came"
    whole = part.filter(pl.col("added") > 0).select(came_with="entry")
    brought = held.join(whole, on="came_with", how="semi")
    theirs = records.select("call_id", "digest", came_with="entry")
    extra = brought.join(theirs, on=["came_with", "call_id", "digest"], how="anti")
    for entry, count in extra.group_by("came_with").len().sort("came_with").iter_rows():
        yield entry, f"{count:,} records that it added are not in its pages"
