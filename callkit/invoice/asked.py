"""What an invoice asks for, in the pieces in which it can be held against call records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from callkit.billing import DIGITS, units_of
from callkit.invoice.calls import folded, key_of
from callkit.invoice.decimals import decimals, digits
from callkit.invoice.invoice import Invoice
from callkit.invoice.periods import DAY

SECOND = 10**DIGITS
"""Seconds are compared in units of 10⁻¹⁰, so that minutes with decimals stay exact."""

MEASURES = ("lines", "invoice_calls", "_seconds", "_seconds_slack", "_amount", "_slack")
"""Of a piece: its lines, the calls and seconds that all of them state, its amount, and what rounding may make."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An invoice's usage, in pieces that no call can belong to twice.

    Attributes
    ----------
    pieces
        currency, the folded labels, period_start, period_end, `MEASURES`: lines of one key whose periods overlap are
        one piece, because a call in both could belong to either.
    itemised
        The same with call_id: the lines that are calls.
    by
        The columns by which lines are compared.
    lumped
        For each of them, the currencies whose lines do not tell it: there all calls of the currency are compared.
    daily
        Currencies all of whose lines are for one day each.
    period
        The invoice's whole period on the wall clock, [start, end).
    """

    pieces: pl.DataFrame
    itemised: pl.DataFrame
    by: tuple[str, ...]
    lumped: dict[str, frozenset[str]]
    daily: frozenset[str]
    period: tuple[datetime, datetime]

    @property
    def keys(self) -> list[str]:
        """The columns that say what a piece is about, but for its period."""
        return ["currency", *map(key_of, self.by)]

    @property
    def only_itemised(self) -> frozenset[str]:
        """Currencies whose lines are calls, all of them."""
        return frozenset(self.itemised["currency"]) - frozenset(self.pieces["currency"])


def asked(invoice: Invoice, by: Sequence[str], *, itemise: bool = True) -> Asked:
    """Cut an invoice's usage into pieces; with `itemise` False also the lines that are calls.

    Raises
    ------
    TypeError, ValueError
        If it is no invoice, or tells of no period.
    """
    period = an_invoice(invoice).period
    if period is None:
        raise ValueError(
            "the invoice tells no period of usage: say it, Invoice.read(…, period=('2026-09-01', '2026-09-30'))"
        )
    usage = _measured(invoice.lines.filter(pl.col("kind") == "usage"), invoice)
    usage = usage.with_columns(folded(pl.col(name)).alias(key_of(name)) for name in by)
    lumped = {name: _without(usage, key_of(name)) for name in by}
    one_day = (pl.col("period_end") - pl.col("period_start") == DAY) & (
        pl.col("period_start").dt.truncate("1d") == pl.col("period_start")
    )
    daily = usage.group_by("currency").agg(one_day.all().alias("daily")).filter(pl.col("daily"))["currency"]
    keys = ["currency", *map(key_of, by)]
    told_by_id = pl.col("call_id").is_not_null()
    usage = usage.with_columns(
        pl.when(told_by_id)
        .then(pl.col("invoice_calls").fill_null(1))
        .otherwise("invoice_calls")
        .alias("invoice_calls")
    )
    is_call = told_by_id & itemise
    calls = usage.filter(is_call)
    periods = [pl.col("period_start").min(), pl.col("period_end").max()]
    return Asked(
        pieces=_pieces(usage.filter(~is_call), keys),
        itemised=calls.group_by("currency", "call_id")
        .agg(*[pl.col(key).drop_nulls().min() for key in keys[1:]], *periods, *_summed())
        .sort("currency", "call_id"),
        by=tuple(by),
        lumped=lumped,
        daily=frozenset(daily),
        period=period,
    )


def an_invoice(invoice: object) -> Invoice:
    """Check that it is one.

    Raises
    ------
    TypeError
        If it is not.
    """
    if not isinstance(invoice, Invoice):
        raise TypeError(f"expected a callkit.Invoice (see Invoice.read), got {type(invoice).__name__}")
    return invoice


def _without(usage: pl.DataFrame, key: str) -> frozenset[str]:
    told = usage.group_by("currency").agg(pl.col(key).is_not_null().any())
    return frozenset(told.filter(~pl.col(key))["currency"])


def _measured(usage: pl.DataFrame, invoice: Invoice) -> pl.DataFrame:
    """Give every line its calls, seconds and amount in units, and what half a unit of its last decimal is."""
    places = decimals(invoice.lines)
    minutes = pl.when(pl.col("charged_seconds").is_null()).then(pl.col("charged_minutes"))
    by_minutes = 60 * units_of(minutes)
    in_seconds = pl.col("charged_seconds").cast(pl.Int128) * SECOND
    half_amount = {
        currency: 5 * 10 ** (DIGITS - kept - 1) if kept < DIGITS else 0 for currency, kept in places.items()
    }
    half = pl.col("currency").replace_strict(half_amount, default=0, return_dtype=pl.Int64).cast(pl.Int128)
    shown = digits(minutes).max().over("currency")
    half_minutes = {
        kept: 60 * 5 * 10 ** (DIGITS - kept - 1) if kept < DIGITS else 0 for kept in range(DIGITS + 1)
    }
    slack = shown.replace_strict(half_minutes, default=0, return_dtype=pl.Int64)
    return usage.with_columns(
        pl.lit(1, pl.Int64).alias("lines"),
        pl.col("calls").alias("invoice_calls"),
        pl.coalesce(in_seconds, by_minutes).alias("_seconds"),
        pl.when(minutes.is_not_null()).then(slack).otherwise(0).cast(pl.Int128).alias("_seconds_slack"),
        units_of(pl.col("amount")).alias("_amount"),
        half.alias("_slack"),
    )


def _pieces(usage: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Join lines of one key whose periods overlap."""
    before = pl.col("period_end").cum_max().shift(1).over(keys)
    begins = (pl.col("period_start") >= before).fill_null(value=True)
    numbered = usage.sort(*keys, "period_start", "period_end").with_columns(
        begins.cast(pl.Int64).cum_sum().over(keys).alias("_piece")
    )
    return (
        numbered.group_by(*keys, "_piece")
        .agg(pl.col("period_start").min(), pl.col("period_end").max(), *_summed())
        .drop("_piece")
        .sort(*keys, "period_start", nulls_last=True)
    )


def _summed() -> list[pl.Expr]:
    """Sum measures up; calls and seconds are known only where every line states them."""
    stated = [
        pl.when(pl.col(name).is_not_null().all()).then(pl.col(name).sum()).alias(name)
        for name in ("invoice_calls", "_seconds")
    ]
    return [
        pl.col("lines").sum(),
        *stated,
        *(pl.col(name).sum() for name in ("_seconds_slack", "_amount", "_slack")),
    ]
