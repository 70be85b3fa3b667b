"""A record that does not belong to the period that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from callkit.cdr import INSTANT
from callkit.reconciliation.findings import CallCheck
from callkit.reconciliation.wording import instant

if TYPE_CHECKING:
    from callkit.reconciliation.facts import Facts

_CLOCKS = ("submitted_at", "answered_at", "ended_at")


def _outside(facts: Facts) -> pl.Expr:
    if facts.asked.period is None:
        return pl.lit(value=False)
    start, end = (pl.lit(edge).cast(INSTANT) for edge in facts.asked.period)
    return (pl.coalesce(*_CLOCKS) < start) | (pl.coalesce(*_CLOCKS) >= end)


def _explanation(facts: Facts) -> pl.Expr:
    if facts.asked.period is None:
        return pl.lit(None, pl.String)
    when = instant(pl.coalesce(*_CLOCKS), facts.asked.tz)
    start, end = (instant(pl.lit(edge).cast(INSTANT), facts.asked.tz) for edge in facts.asked.period)
    return pl.format("The call of {} lies outside of the period {} to {}.", when, start, end)


CHECKS = (
    CallCheck(
        "out_of_period",
        "error",
        "B",
        fires=_outside,
        reported=pl.coalesce(*_CLOCKS).dt.to_string("iso:strict"),
        expected=pl.lit("an instant within the period"),
        explanation=_explanation,
    ),
)
