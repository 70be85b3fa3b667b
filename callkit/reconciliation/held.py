"""What the user holds beside the records: the archive's memory of them, and our own records of the same calls.

`reconcile()` knows neither the archive nor the matching: it reads a few documented columns of them, here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, cast

import polars as pl

from callkit.cdr import INSTANT, MONEY, schema_of

RESTATEMENTS = schema_of(
    source=pl.String,
    call_id=pl.String,
    currency=pl.String,
    seen_at=INSTANT,
    cost_before=MONEY,
    cost_after=MONEY,
    settle_cost_before=MONEY,
    settle_cost_after=MONEY,
)
"""Of `Archive.restatements()`: two versions of one CDR, and when the later one was seen."""

INVOICED = schema_of(
    source=pl.String, call_id=pl.String, invoice=pl.String, period_start=INSTANT, period_end=INSTANT
)
"""Of `Archive.invoiced()`: the invoices that a call was on."""

MATCHED = schema_of(
    source=pl.String,
    call_id=pl.String,
    our_call_id=pl.String,
    our_call_duration=pl.Int64,
    our_answered=pl.Boolean,
)
"""Of `Match.calls`: the vendor's calls that were looked for among ours; our_call_id is null where there is none."""


class Archived(Protocol):
    """What is read of an archive."""

    def restatements(self) -> pl.DataFrame:
        """Give two versions of one CDR a row: `RESTATEMENTS`."""

    def invoiced(self) -> pl.DataFrame:
        """Give the invoices that calls were on: `INVOICED`."""


class Matched(Protocol):
    """What is read of a match."""

    @property
    def calls(self) -> pl.DataFrame:
        """The vendor's calls with ours: `MATCHED`."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the archive and our own records say of the calls; empty where there is neither."""

    restatements: pl.DataFrame = field(default_factory=RESTATEMENTS.to_frame)
    invoiced: pl.DataFrame = field(default_factory=INVOICED.to_frame)
    matched: pl.DataFrame = field(default_factory=MATCHED.to_frame)


def held(archive: object, match: object) -> Held:
    """Read what the checks need.

    Raises
    ------
    TypeError
        If one of them is no archive, or no match.
    """
    told = {}
    if archive is not None:
        if not all(callable(getattr(archive, name, None)) for name in ("restatements", "invoiced")):
            raise TypeError(f"archive must be a callkit.Archive or None, got {type(archive).__name__}")
        kept = cast("Archived", archive)
        told["restatements"] = _columns(kept.restatements(), RESTATEMENTS, "archive.restatements()")
        told["invoiced"] = _columns(kept.invoiced(), INVOICED, "archive.invoiced()")
    if match is not None:
        calls = getattr(match, "calls", None)
        if not isinstance(calls, pl.DataFrame):
            raise TypeError(f"match must be a callkit.Match or None, got {type(match).__name__}")
        told["matched"] = _columns(calls, MATCHED, "match.calls")
    return Held(**told)


def _columns(frame: pl.DataFrame, schema: pl.Schema, what: str) -> pl.DataFrame:
    missing = [name for name in schema if name not in frame.columns]
    if missing:
        raise TypeError(f"{what} has no column {', '.join(map(repr, missing))}")
    return (
        frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items())
        .unique()
        .sort(schema.names(), nulls_last=True)
    )
