"""From what the invoice asks for to what the records bill, and on to what was due: exactly, by currency."""

from __future__ import annotations

import polars as pl

from callkit.billing import money_of, units_of
from callkit.cdr import MONEY, schema_of
from callkit.invoice.asked import Asked
from callkit.invoice.calls import at, is_billed
from callkit.invoice.cut import Cut
from callkit.invoice.invoice import Invoice
from callkit.invoice.kinds import KINDS
from callkit.reconciliation.bridge import QUOTED_ROWS
from callkit.reconciliation.bridge import bridge as steps_of
from callkit.reconciliation.result import Reconciliation

BRIDGE = schema_of(
    currency=pl.String, part=pl.String, step=pl.String, lines=pl.Int64, calls=pl.Int64, amount=MONEY
)

TIE_OUT_STEPS = (
    *(kind for kind in KINDS if kind != "usage"),
    "only_on_invoice",
    "only_in_cdrs",
    "rounding",
    "differences",
)
"""What lies between the invoice's total and what the records bill."""

_PLAIN_STEPS = ("overcharged", "undercharged", "rounding", "unverified", "expected")


def to_billed(invoice: Invoice, lines: pl.DataFrame, billed_calls: pl.DataFrame) -> pl.DataFrame:
    """Sum up what lies between the invoice's total and what the records of its period bill.

    Parameters
    ----------
    lines
        `COMPARED`, piece by piece, with a currency and `_billed_calls`.
    billed_calls
        currency, `_billed_calls`: also of the pieces that are not compared, because nobody asks anything for them.

    Returns
    -------
    pl.DataFrame
        `BRIDGE`: per currency the rows `invoice`, `TIE_OUT_STEPS`, `billed`.
    """
    none = pl.lit(0, pl.Int64)
    asked = invoice.lines.group_by("currency").agg(
        pl.lit("invoice").alias("step"),
        pl.len().cast(pl.Int64).alias("lines"),
        none.alias("calls"),
        pl.col("amount").sum(),
    )
    apart = (
        invoice.lines.filter(pl.col("kind") != "usage")
        .group_by("currency", pl.col("kind").alias("step"))
        .agg(pl.len().cast(pl.Int64).alias("lines"), none.alias("calls"), pl.col("amount").sum())
    )
    off = pl.col("status").is_in(["only_on_invoice", "only_in_cdrs"])
    counted = [pl.col("lines").sum(), pl.col("_billed_calls").sum().alias("calls")]
    differences = (
        lines.filter(pl.col("amount_difference") != 0)
        .group_by("currency", pl.when(off).then("status").otherwise(pl.lit("differences")).alias("step"))
        .agg(*counted, pl.col("amount_difference").sum().alias("amount"))
    )
    rounding = (
        lines.filter(pl.col("rounding") != 0)
        .group_by("currency", pl.lit("rounding").alias("step"))
        .agg(*counted, pl.col("rounding").sum().alias("amount"))
    )
    billed = (
        lines.group_by("currency", pl.lit("billed").alias("step"))
        .agg(none.alias("lines"), pl.col("cdr_amount").sum().alias("amount"))
        .join(billed_calls.rename({"_billed_calls": "calls"}), on="currency", how="left", nulls_equal=True)
    )
    names = [name for name in BRIDGE if name != "part"]
    parts = [part.select(names) for part in (asked, apart, differences, rounding, billed)]
    found = pl.concat(parts)
    asked_or_billed = pl.any_horizontal((pl.col("amount") != 0).any(), (pl.col("lines") > 0).any()).over(
        "currency"
    )
    return _complete(
        found.filter(asked_or_billed), ("invoice", *TIE_OUT_STEPS, "billed"), "tie_out", ("invoice", "billed")
    )


def to_expected(
    records: pl.LazyFrame,
    reconciliation: Reconciliation | None,
    usage: Asked,
    cut: Cut,
    currencies: pl.DataFrame,
) -> pl.DataFrame:
    """Sum up what lies between what the records of the period bill and what was due.

    Parameters
    ----------
    records
        `Reconciliation.cdrs`, where there is no reconciliation to take the steps from.
    currencies
        The currencies to tell of.

    Returns
    -------
    pl.DataFrame
        `BRIDGE`: per currency the reconciliation's steps, `unverified`, `expected`; of plain records overcharged,
        undercharged and rounding instead of the steps.
    """
    calls = records if reconciliation is None else reconciliation.ledger
    inside = cut.marked(calls.with_columns(at(cut.clock).alias("_at")), usage.itemised).filter(
        pl.col("_inside")
    )
    steps: tuple[str, ...]
    if reconciliation is None:
        found, steps = _plain(inside), _PLAIN_STEPS
    else:
        found = steps_of(inside).filter(basis="quoted").select("currency", "step", "calls", "amount")
        steps = QUOTED_ROWS
    lined = found.with_columns(pl.lit(0, pl.Int64).alias("lines")).select(
        name for name in BRIDGE if name != "part"
    )
    return _complete(lined, steps, "reconciliation", ("expected",), currencies)


def _plain(records: pl.LazyFrame) -> pl.DataFrame:
    """The same of records whose expected cost is known, but not how it came about."""
    cost, expected = units_of(pl.col("cost")), units_of(pl.col("expected_cost"))
    known = pl.col("cost").is_not_null() & pl.col("expected_cost").is_not_null()
    billed = records.filter(is_billed())
    verdict = pl.col("verdict").fill_null("")
    named = (
        pl.when(verdict.is_in(["overcharged", "undercharged"])).then(verdict).otherwise(pl.lit("rounding"))
    )
    count = pl.len().cast(pl.Int64).alias("calls")
    parts = [
        billed.filter(known & (cost != expected))
        .group_by("currency", named.alias("step"))
        .agg(count, (cost - expected).sum().alias("_units")),
        billed.filter(~known)
        .group_by("currency", pl.lit("unverified").alias("step"))
        .agg(count, cost.sum().alias("_units")),
        billed.filter(known)
        .group_by("currency", pl.lit("expected").alias("step"))
        .agg(count, expected.sum().alias("_units")),
    ]
    sums = pl.concat(parts).collect(engine="streaming")
    return sums.select("currency", "step", "calls", money_of(pl.col("_units")).cast(MONEY).alias("amount"))


def _complete(
    found: pl.DataFrame,
    steps: tuple[str, ...],
    part: str,
    levels: tuple[str, ...],
    currencies: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Give every currency every step, in order, also where it is nothing."""
    of = found.select("currency") if currencies is None else currencies
    every = of.unique().join(pl.DataFrame({"step": steps}).with_row_index("_order"), how="cross")
    filled = every.join(found, on=["currency", "step"], how="left", nulls_equal=True).with_columns(
        pl.col("lines", "calls", "amount").fill_null(0),
        pl.when(pl.col("step").is_in(levels)).then(pl.lit("total")).otherwise(pl.lit(part)).alias("part"),
    )
    return (
        filled.sort("currency", "_order", nulls_last=True).select(BRIDGE.names()).cast(dict(BRIDGE.items()))
    )
