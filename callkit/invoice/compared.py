"""Pieces of an invoice against the call records that belong to them, and sums of such comparisons."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from callkit.billing import money_of
from callkit.cdr import MONEY, schema_of
from callkit.invoice.asked import SECOND
from callkit.invoice.calls import POPULATIONS, Population

COMPARED = schema_of(
    status=pl.String,
    differs_in=pl.String,
    lines=pl.Int64,
    invoice_calls=pl.Int64,
    cdr_calls=pl.Int64,
    calls_difference=pl.Int64,
    invoice_seconds=pl.Int64,
    cdr_seconds=pl.Int64,
    seconds_difference=pl.Int64,
    seconds_rounding=pl.Int64,
    invoice_amount=MONEY,
    cdr_amount=MONEY,
    amount_difference=MONEY,
    rounding=MONEY,
)
"""What stands behind the keys of every frame of a `TieOut`."""

STATUSES = ("agrees", "differs", "only_on_invoice", "only_in_cdrs")

_INVOICE = ("lines", "invoice_calls", "_seconds", "_seconds_slack", "_amount", "_slack")
_COUNTED = [f"_{name}_{what}" for name in POPULATIONS for what in ("calls", "seconds")]
_NOTHING = pl.lit(0, pl.Int128)


def best_population(leaves: pl.DataFrame) -> Population:
    """Say which calls the invoice counts: those whose number and seconds fit the most pieces, else come closest.

    A piece that is not on the invoice fits calls that are not counted.
    """

    def fit(name: Population) -> tuple[int, int, int]:
        calls = (pl.col("invoice_calls") - pl.col(f"_{name}_calls")).abs().cast(pl.Int128)
        seconds = (pl.col("_seconds") - pl.col(f"_{name}_seconds").cast(pl.Int128) * SECOND).abs()
        off = leaves.select(calls=calls, seconds=pl.max_horizontal(seconds - pl.col("_seconds_slack"), 0))
        fitting = off.select(pl.all().eq(0).sum()).sum_horizontal().item()
        return -int(fitting), int(off["calls"].sum()), int(off["seconds"].sum())

    return min(POPULATIONS, key=fit)  # the first of equals


def joined(pieces: pl.DataFrame, calls: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Put the two sides of every piece side by side; what one of them does not have is nothing there."""
    both = pieces.join(calls, on=list(keys), how="full", nulls_equal=True, coalesce=True)
    on_invoice = pl.col("lines").is_not_null()
    return both.with_columns(
        # A piece that is not on the invoice states zero; one that is may not state its calls or seconds at all.
        pl.when(on_invoice).then("invoice_calls").otherwise(0).alias("invoice_calls"),
        pl.when(on_invoice).then("_seconds").otherwise(_NOTHING).alias("_seconds"),
        *(pl.col(name).fill_null(0) for name in ("lines", "_seconds_slack", "_amount", "_slack")),
        *(pl.col(name).fill_null(0) for name in (*_COUNTED, "_billed", "_billed_calls")),
    )


def compared(leaves: pl.DataFrame, population: Population) -> pl.DataFrame:
    """Judge every piece: what rounding explains stands apart, and the rest is difference.

    Calls that cost nothing and are not counted, of which the invoice says nothing, are no piece.

    Adds to the leaves `_seconds_off`, `_seconds_rounded`, `_off` and `_rounded`, in units; cdr_calls and cdr_seconds.
    """
    counted = leaves.with_columns(
        pl.col(f"_{population}_{what}").alias(f"cdr_{what}") for what in ("calls", "seconds")
    ).filter((pl.col("lines") > 0) | _has_calls())
    seconds = pl.col("_seconds") - pl.col("cdr_seconds").cast(pl.Int128) * SECOND
    amount = pl.col("_amount") - pl.col("_billed")
    both = (pl.col("lines") > 0) & _has_calls()
    rounded = both & (amount.abs() <= pl.col("_slack"))
    rounded_seconds = both & (seconds.abs() <= pl.col("_seconds_slack"))
    return counted.with_columns(
        pl.when(rounded).then(amount).otherwise(_NOTHING).alias("_rounded"),
        pl.when(rounded).then(_NOTHING).otherwise(amount).alias("_off"),
        pl.when(rounded_seconds).then(seconds).otherwise(_NOTHING).alias("_seconds_rounded"),
        pl.when(rounded_seconds & seconds.is_not_null())
        .then(_NOTHING)
        .otherwise(seconds)
        .alias("_seconds_off"),
    )


def summed(leaves: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Sum compared pieces up by some keys, and give them their public columns.

    Returns
    -------
    pl.DataFrame
        The keys and `COMPARED`; sorted by the keys.
    """
    known = [
        pl.when(pl.col(name).is_not_null().all()).then(pl.col(name).sum()).alias(name)
        for name in ("invoice_calls", "_seconds", "_seconds_off", "_seconds_rounded")
    ]
    plain = ("lines", "cdr_calls", "cdr_seconds", "_amount", "_billed", "_off", "_rounded")
    sums = leaves.group_by(list(keys)).agg(*known, *(pl.col(name).sum() for name in plain))
    return shown(sums).select(*keys, *COMPARED).sort(*keys, nulls_last=True)


def shown(sums: pl.DataFrame) -> pl.DataFrame:
    """Give sums of compared pieces their public columns."""
    on_invoice = pl.col("lines") > 0
    off_calls = pl.col("invoice_calls") - pl.col("cdr_calls")
    differs = [
        pl.when(off_calls != 0).then(pl.lit("calls")),
        pl.when(pl.col("_seconds_off") != 0).then(pl.lit("seconds")),
        pl.when(pl.col("_off") != 0).then(pl.lit("amount")),
    ]
    whole_rounding = _in_seconds("_seconds_rounded")
    return sums.with_columns(
        pl.when(~on_invoice & _has_calls())
        .then(pl.lit("only_in_cdrs"))
        .when(on_invoice & ~_has_calls() & _asks())
        .then(pl.lit("only_on_invoice"))
        .when(pl.any_horizontal(difference.is_not_null() for difference in differs))
        .then(pl.lit("differs"))
        .otherwise(pl.lit("agrees"))
        .alias("status"),
        pl.concat_str(differs, separator=", ", ignore_nulls=True).alias("differs_in"),
        off_calls.alias("calls_difference"),
        (pl.col("cdr_seconds") + _in_seconds("_seconds_off") + whole_rounding).alias("invoice_seconds"),
        _in_seconds("_seconds_off").alias("seconds_difference"),
        whole_rounding.alias("seconds_rounding"),
        money_of(pl.col("_amount")).alias("invoice_amount"),
        money_of(pl.col("_billed")).alias("cdr_amount"),
        money_of(pl.col("_off")).alias("amount_difference"),
        money_of(pl.col("_rounded")).alias("rounding"),
    ).cast(dict(COMPARED.items()))


def _has_calls() -> pl.Expr:
    return (pl.col("cdr_calls") > 0) | (pl.col("cdr_seconds") != 0) | (pl.col("_billed") != 0)


def _asks() -> pl.Expr:
    """Whether a piece says more than that there was nothing."""
    stated = (pl.col("invoice_calls") != 0) | (pl.col("_seconds") != 0)
    states_nothing = pl.col("invoice_calls").is_null() & pl.col("_seconds").is_null()
    said: pl.Expr = stated.fill_null(value=False) | (pl.col("_amount") != 0) | states_nothing
    return said


def _in_seconds(units: str) -> pl.Expr:
    """Whole seconds, the nearest; half a second counts."""
    size = (pl.col(units).abs() * 2 + SECOND) // (2 * SECOND)
    whole: pl.Expr = size * pl.col(units).sign()
    return whole.cast(pl.Int64)
