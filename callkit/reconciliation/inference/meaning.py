"""What `a+b` means: the first `a` seconds and then steps of `b`, or the whole call in steps of `b`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import polars as pl

from callkit.billing import Increments, seconds_charged
from callkit.reconciliation.inference.deciding import refuted
from callkit.reconciliation.inference.evidence import Evidence

MEANINGS: tuple[Increments, ...] = get_args(Increments)
"""The most conventional first."""

_COUNTS = ("rows", "after_first", "total", "disputed", "only_after_first", "only_total")


@dataclass(frozen=True, slots=True)
class Meaning:
    """Which of the two meanings the charged seconds of some calls follow.

    Attributes
    ----------
    rows
        Answered calls with charged seconds and a readable bill period.
    explained
        How many of them each meaning explains, in the order of `MEANINGS`.
    disputed, siding
        Calls at which the two differ, and those of them that only the one or the other explains.
    """

    rows: int
    explained: tuple[int, int]
    disputed: int
    siding: tuple[int, int]

    @property
    def chosen(self) -> Increments:
        """The one that the calls decide for, else the convention."""
        after_first, total = self.siding
        return "total" if refuted(self.disputed, total, after_first) else MEANINGS[0]

    @property
    def decided(self) -> bool:
        """Whether it is the only one left. Where `a` is a multiple of `b`, the two are one."""
        after_first, total = self.siding
        return (
            self.disputed == 0
            or refuted(self.disputed, after_first, total)
            or refuted(self.disputed, total, after_first)
        )


def meanings(evidence: Evidence, column: str) -> dict[int, Meaning]:
    """Find the meaning for every value of a column: `_group`, `_pool` or `_source`."""
    return {key: _meaning(counts) for key, *counts in _counts(evidence, column)}


def _counts(evidence: Evidence, column: str) -> list[tuple[int, ...]]:
    numbered = evidence.groups.select("_group", _source=pl.col("source").rle_id())
    due = {meaning: pl.col(f"_{meaning}") for meaning in MEANINGS}
    charged = pl.col("charged_duration")
    fits = {meaning: charged == seconds for meaning, seconds in due.items()}
    conditions = (
        pl.lit(value=True),
        fits["after_first"],
        fits["total"],
        due["after_first"] != due["total"],
        fits["after_first"] & ~fits["total"],
        fits["total"] & ~fits["after_first"],
    )
    return (
        charged_by(evidence.calls)
        .join(numbered, on="_group")
        .group_by(column)
        .agg(
            pl.col("_rows").filter(condition).sum().alias(name)
            for name, condition in zip(_COUNTS, conditions, strict=True)
        )
        .sort(column)
        .rows()
    )


def charged_by(calls: pl.DataFrame) -> pl.DataFrame:
    """Add the charged seconds by each meaning, where the bill period is readable and something was charged for."""
    talk, first, step = pl.col("call_duration"), pl.col("_first"), pl.col("_step")
    return calls.filter(pl.col("charged_duration").is_not_null(), first.is_not_null()).with_columns(
        seconds_charged(talk, first, step, meaning).alias(f"_{meaning}") for meaning in MEANINGS
    )


def _meaning(counts: list[int]) -> Meaning:
    rows, after_first, total, disputed, only_after_first, only_total = counts
    return Meaning(rows, (after_first, total), disputed, (only_after_first, only_total))


NOTHING_SEEN = Meaning(0, (0, 0), 0, (0, 0))
"""What no call at all says of it."""
