"""The calls of a result, filtered, sorted and paged in Polars: the browser only ever sees one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from callkit import cdr
from callkit.charts.axis import coarse
from callkit.measures import instant
from callkit.reconciliation import Reconciliation
from callkit.reconciliation.ledger import STEPS, step_column

PAGE = 12
"""Rows of a page."""

_LENGTHS = {"day": "1d", "week": "1w", "month": "1mo"}
_STEPS = (*STEPS, "unverified", "expected")


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which calls are chosen: each part that is stated narrows them down.

    Attributes
    ----------
    steps, checks, days, destinations
        Of the bridge, of the findings, the first days of bars, and destinations (None: calls without one).
    points
        Of the staircase: bill period, talk seconds, charged seconds, verdict.
    currency
        That the chosen bars are about; None: any.
    """

    steps: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    days: tuple[date, ...] = ()
    destinations: tuple[str | None, ...] = ()
    points: tuple[tuple[str, int, int, str], ...] = ()
    currency: str | None = None

    def __bool__(self) -> bool:
        return bool(self.steps or self.checks or self.days or self.destinations or self.points)

    def __str__(self) -> str:
        """Say it in words."""
        told = [
            *(f"step {step.replace('_', ' ')}" for step in self.steps),
            *(f"check {check.replace('_', ' ')}" for check in self.checks),
            *(f"from {day:%-d %b %Y}" for day in self.days),
            *((place or "(no destination)")[:60] for place in self.destinations),
            *(f"{talk} s talk, {charged} s charged, {verdict}" for _, talk, charged, verdict in self.points),
        ]
        return ", ".join([*told, *([self.currency] if self.currency and told else [])])

    def but(self, **changed: Any) -> Chosen:
        """Give the same with something changed."""
        return replace(self, **changed)


class Calls:
    """Every call of a result, with its day and the bridge's steps that it has an amount in.

    Parameters
    ----------
    result
        Whose calls.
    tz
        The zone of days.
    """

    def __init__(self, result: Reconciliation, tz: str) -> None:
        self.result, self.tz = result, tz
        belongs = (pl.col("cost").is_not_null() | (pl.col("charged_duration") > 0)).fill_null(value=False)
        steps = [
            *((pl.col(step_column(step)) != 0).fill_null(value=False).alias(f"_is_{step}") for step in STEPS),
            (pl.col("_expected").is_null() & belongs).alias("_is_unverified"),
            (pl.col("_expected").is_not_null() & belongs).alias("_is_expected"),
        ]
        day = instant().dt.convert_time_zone(tz).dt.date().alias("_day")
        columns = [*result.columns]
        self._columns = columns
        self.frame = cdr.sort(result.ledger.select(*columns, *steps, day)).collect(engine="streaming")
        self.frame = self.frame.with_row_index("_row")
        at = self.frame.filter(pl.col("found").fill_null(value=True)).select(instant().alias("at"))["at"]
        first, last = at.min(), at.max()
        self.every = "day" if first is None else coarse(last - first)  # type: ignore[operator, arg-type]  # both are instants

    def chosen(self, chosen: Chosen) -> pl.DataFrame:
        """Give the chosen calls, with all columns, in the order of the records."""
        found = self.frame.lazy()
        if chosen.currency is not None:
            found = found.filter(pl.col("currency") == chosen.currency)
        if chosen.steps:
            found = found.filter(pl.any_horizontal(f"_is_{step}" for step in chosen.steps if step in _STEPS))
        if chosen.days:
            bars = pl.col("_day").dt.truncate(_LENGTHS[self.every])
            found = found.filter(bars.is_in(list(chosen.days)))
        if chosen.destinations:
            named = [place for place in chosen.destinations if place is not None]
            missing = pl.col("destination").is_null() & (None in chosen.destinations)
            found = found.filter(pl.col("destination").is_in(named).fill_null(value=False) | missing)
        if chosen.points:
            found = found.filter(
                pl.any_horizontal(
                    (pl.col("bill_period") == period)
                    & (pl.col("call_duration") == talk)
                    & (pl.col("charged_duration") == charged)
                    & (pl.col("verdict") == verdict)
                    for period, talk, charged, verdict in chosen.points
                )
            )
        if chosen.checks:
            named_by = self.result.findings.filter(
                pl.col("check").is_in(list(chosen.checks)), pl.col("call_id").is_not_null()
            ).select("source", "call_id")
            found = found.join(
                named_by.unique().lazy(), on=["source", "call_id"], how="semi", maintain_order="left"
            )
        return found.collect()

    def records(self, calls: pl.DataFrame) -> pl.DataFrame:
        """Give calls with the columns of `Reconciliation.cdrs` only."""
        return calls.select(self._columns)

    def of_groups(self, checks: Sequence[str]) -> list[str]:
        """What findings of these checks say that are about no single call."""
        findings = self.result.findings
        told = findings.filter(pl.col("check").is_in(list(checks)), pl.col("call_id").is_null())
        return cdr.mask_numbers(told)["explanation"].drop_nulls().to_list()


def page_of(calls: pl.DataFrame, *, sort: str, descending: bool, page: int, size: int = PAGE) -> pl.DataFrame:
    """Cut one page out of calls sorted by a column; what has no value comes last, equals by `_row`."""
    place = calls.select(pl.col(sort).alias("_key"), pl.int_range(pl.len()).alias("_at"))
    upto = (page + 1) * size
    if upto * 20 < calls.height:
        # Of many calls only the first pages are put in order.
        usable = place.filter(pl.col("_key").is_not_null())
        if usable.height >= upto:
            cut = (usable["_key"].top_k(upto) if descending else usable["_key"].bottom_k(upto)).sort()
            edge = cut[0] if descending else cut[-1]
            place = usable.filter(pl.col("_key") >= edge if descending else pl.col("_key") <= edge)
    # Stable, on rows that come in the order of `_row`: quicker than by two keys.
    ordered = place.sort("_key", descending=descending, nulls_last=True, maintain_order=True)
    return calls[ordered.slice(page * size, size)["_at"]]


def amounts(calls: pl.DataFrame) -> list[tuple[str | None, int, Any]]:
    """Currency, number of calls, and what was billed beyond what was due: one row a currency."""
    return (
        calls.group_by("currency")
        .agg(pl.len(), pl.col("cost_difference").sum())
        .sort("currency", nulls_last=True)
        .rows()
    )
