"""The instants of a call are out of order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from callkit.reconciliation.findings import CallCheck
from callkit.reconciliation.wording import instant

if TYPE_CHECKING:
    from callkit.reconciliation.facts import Facts

_ORDER = ("submitted_at", "called_at", "ringing_at", "answered_at", "ended_at")


def _breaks() -> list[tuple[str, pl.Expr]]:
    """For each instant, whether it lies before the one known before it."""
    return [(name, (_previous(name) > pl.col(name)).fill_null(value=False)) for name in _ORDER[1:]]


def _earlier(name: str) -> tuple[str, ...]:
    return tuple(reversed(_ORDER[: _ORDER.index(name)]))


def _previous(name: str) -> pl.Expr:
    """The instant that should have come right before; unknown ones are passed over."""
    return pl.coalesce(*_earlier(name))


def _named(name: str) -> str:
    return name.removesuffix("_at")


def _explanation(facts: Facts) -> pl.Expr:
    told = []
    for name, broken in _breaks():
        previous = pl.coalesce(
            *(pl.when(pl.col(other).is_not_null()).then(pl.lit(_named(other))) for other in _earlier(name))
        )
        sentence = pl.format(
            "{} ({}) comes {} s before {} ({}).",
            pl.lit(_named(name)),
            instant(pl.col(name), facts.asked.tz),
            (_previous(name) - pl.col(name)).dt.total_seconds(),
            previous,
            instant(_previous(name), facts.asked.tz),
        )
        told.append(pl.when(broken).then(sentence))
    return pl.concat_str(told, separator=" ", ignore_nulls=True)


def _times() -> pl.Expr:
    known = [
        pl.when(pl.col(name).is_not_null()).then(
            pl.format("{} {}", pl.lit(_named(name)), instant(pl.col(name), "UTC"))
        )
        for name in _ORDER
    ]
    return pl.concat_str(known, separator=", ", ignore_nulls=True)


CHECKS = (
    CallCheck(
        "timeline",
        "warning",
        "D",
        fires=lambda _: pl.any_horizontal(broken for _, broken in _breaks()),
        reported=_times(),
        expected=pl.lit("submitted ≤ called ≤ ringing ≤ answered ≤ ended"),
        explanation=_explanation,
    ),
)
