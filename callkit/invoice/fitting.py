"""How well an invoice's statements fit the calls that each way to cut it puts into its periods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl

from callkit.billing import DIGITS
from callkit.invoice.asked import SECOND, Asked
from callkit.invoice.calls import POPULATIONS
from callkit.invoice.candidates import Edges
from callkit.invoice.prefixes import Prefixes

MEASURED = ("calls", "seconds", "billed")
"""What a call adds to a line: one, its charged seconds, and its cost in units of 10⁻¹⁰."""

_STATED = {"calls": "invoice_calls", "seconds": "_seconds", "billed": "_amount"}
_SLACK = {"seconds": "_seconds_slack", "billed": "_slack"}
_COLUMNS = [f"{name}_{what}" for name in POPULATIONS for what in MEASURED]


@dataclass(frozen=True, slots=True)
class Fit:
    """How a candidate fits.

    Attributes
    ----------
    tied, measures
        How many of the invoice's statements agree but for rounding, of how many.
    lines_tied, lines
        How many lines agree in all that they state, of how many.
    calls_off, seconds_off, amounts_off
        The sizes of the lines' differences, added up; amounts by currency.
    off
        Differences as shares of what is stated, averaged over currencies and measures.
    """

    tied: int
    measures: int
    lines_tied: int
    lines: int
    calls_off: int
    seconds_off: int
    amounts_off: list[dict[str, Any]]
    off: Fraction

    @property
    def quality(self) -> tuple[int, Fraction]:
        """What candidates are ranked by; the least is the best."""
        return -self.tied, self.off


def targets(usage: Asked) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What is to be fitted: every piece of the invoice, and each currency of more than one piece in total."""
    several = usage.pieces.filter(pl.len().over("currency") > 1)
    known = [
        pl.when(pl.col(name).is_not_null().all()).then(pl.col(name).sum()).alias(name)
        for name in _STATED.values()
    ]
    totals = several.group_by("currency").agg(
        pl.col("period_start").min(), pl.col("period_end").max(), *known, pl.col(*_SLACK.values()).sum()
    )
    return usage.pieces, totals.sort("currency")


def fits(
    calls: pl.DataFrame, usage: Asked, moments: Sequence[datetime], placed: Sequence[Edges]
) -> pl.DataFrame:
    """Hold every target against the calls that each candidate puts into it.

    Parameters
    ----------
    calls
        t (Int64 microseconds), the columns of `Asked.keys`, and `POPULATIONS` × `MEASURED`.
    moments
        The edges of the invoice's periods on the wall clock.
    placed
        For each candidate, these edges as instants, in their order.

    Returns
    -------
    pl.DataFrame
        One row per target and candidate: what the target states, and what the calls add up to.
    """
    pieces, totals = targets(usage)
    levels = [(pieces, usage.keys, True), (totals, ["currency"], False)]
    parts = [
        _held(calls, level, keys, moments, placed).with_columns(line=pl.lit(line))
        for level, keys, line in levels
    ]
    return pl.concat(parts)


def _held(
    calls: pl.DataFrame,
    level: pl.DataFrame,
    keys: list[str],
    moments: Sequence[datetime],
    placed: Sequence[Edges],
) -> pl.DataFrame:
    known = level.select(keys).unique(maintain_order=True).with_row_index("key").cast({"key": pl.Int64})
    keyed = calls.join(known, on=keys, how="inner", nulls_equal=True)
    edges = pl.DataFrame(
        [
            (candidate, moment, instant)
            for candidate, instants in enumerate(placed)
            for moment, instant in zip(moments, instants, strict=False)
        ],
        schema={"candidate": pl.Int64, "moment": level.schema["period_start"], "instant": pl.Int64},
        orient="row",
    )
    starts = edges.rename({"moment": "period_start", "instant": "start"})
    ends = edges.rename({"moment": "period_end", "instant": "end"})
    intervals = (
        level.join(known, on=keys, how="left", nulls_equal=True, maintain_order="left")
        .join(starts, on="period_start", how="left", maintain_order="left")
        .join(ends, on=["candidate", "period_end"], how="left", maintain_order="left")
    )
    stated = intervals.select("candidate", "currency", *_STATED.values(), *_SLACK.values())
    return pl.concat([stated, Prefixes(keyed, _COLUMNS).between(intervals)], how="horizontal")


def summed(held: pl.DataFrame, population: str) -> dict[int, Fit]:
    """Say of every candidate how it fits, with the calls of one population."""
    each = held.select(
        "candidate",
        "currency",
        "line",
        *(_off(what, population).alias(f"off_{what}") for what in MEASURED),
        *(pl.col(name).abs().cast(pl.Int128).alias(f"stated_{what}") for what, name in _STATED.items()),
    )
    offs = [pl.col(f"off_{what}") for what in MEASURED]
    judged = each.with_columns(
        pl.sum_horizontal((off == 0).cast(pl.Int64) for off in offs).alias("tied"),
        pl.sum_horizontal(off.is_not_null().cast(pl.Int64) for off in offs).alias("measures"),
        (pl.all_horizontal((off == 0).fill_null(value=True) for off in offs) & pl.col("line"))
        .cast(pl.Int64)
        .alias("lines_tied"),
        pl.col("line").cast(pl.Int64).alias("lines"),
        *(pl.when("line").then(f"off_{what}").alias(f"line_off_{what}") for what in MEASURED),
    )
    sums = judged.drop("line").group_by("candidate", "currency").sum().sort("candidate", "currency")
    currencies: dict[int, list[dict[str, Any]]] = {}
    for row in sums.iter_rows(named=True):
        currencies.setdefault(row["candidate"], []).append(row)
    return {candidate: _fit(rows) for candidate, rows in currencies.items()}


def _off(what: str, population: str) -> pl.Expr:
    """How far a statement lies from what the calls add up to; nothing where rounding explains it."""
    size = SECOND if what == "seconds" else 1
    of_calls = pl.col(f"{population}_{what}").cast(pl.Int128) * size
    off = (pl.col(_STATED[what]).cast(pl.Int128) - of_calls).abs()
    if what not in _SLACK:
        return off
    return pl.when(off.is_null() | (off > pl.col(_SLACK[what]))).then(off).otherwise(pl.lit(0, pl.Int128))


def _fit(currencies: list[dict[str, Any]]) -> Fit:
    """Sum a candidate's currencies up; what is in different currencies is added as shares only."""
    pairs = [(row[f"off_{what}"], row[f"stated_{what}"]) for row in currencies for what in MEASURED]
    shares = [Fraction(off, of) if of else Fraction(1) for off, of in pairs if off or of]

    def total(name: str) -> int:
        return int(sum(row[name] for row in currencies))

    return Fit(
        tied=total("tied"),
        measures=total("measures"),
        lines_tied=total("lines_tied"),
        lines=total("lines"),
        calls_off=total("line_off_calls"),
        seconds_off=(total("line_off_seconds") + SECOND // 2) // SECOND,
        amounts_off=[
            {"currency": row["currency"], "amount": Decimal(f"{row['line_off_billed']}E-{DIGITS}")}
            for row in currencies
        ],
        off=sum(shares, Fraction(0)) / max(len(shares), 1),
    )
