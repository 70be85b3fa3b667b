"""From billed to expected, summed: every step's amount, by currency and any group, exactly.

billed = Σ steps + unverified + expected holds for every call, every group and in total, because the steps of a call are
differences of one running value and the sums are integers.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from callkit.billing import money_of, units_of
from callkit.cdr import MONEY
from callkit.reconciliation.ledger import STEPS, step_column, verifiable
from callkit.reconciliation.settlement import SETTLEMENT_CURRENCY, quoted_in_settlement, settlement_step

QUOTED_ROWS = (*STEPS, "unverified", "expected")
SETTLED_ROWS = ("settlement", *QUOTED_ROWS)

_IDENTITY = ("basis", "currency", "step")


def bridge(ledger: pl.LazyFrame, by: Sequence[str] = ()) -> pl.LazyFrame:
    """Sum the ledger up, in the quoted currencies and, where calls are settled in another one, in that.

    Returns
    -------
    pl.LazyFrame
        The columns of `by`, then basis (`quoted` | `settled`), currency, step, calls, amount (MONEY). A row for every
        step, `unverified` and `expected`, also where it is zero; `calls` counts the calls that have an amount in
        the row (for `expected`: that could be verified). Sorted by group, basis, currency, and the steps' order.
    """
    quoted = _summed(ledger.filter(_belongs()).with_columns(basis=pl.lit("quoted")), QUOTED_ROWS, by)
    settled = _summed(
        ledger.filter(pl.col("settle_cost").is_not_null()).with_columns(*_settled()), SETTLED_ROWS, by
    )
    order = pl.col("step").replace_strict(SETTLED_ROWS, range(len(SETTLED_ROWS)), return_dtype=pl.Int64)
    return pl.concat([quoted, settled]).sort(*by, "basis", "currency", order, nulls_last=True)


def _belongs() -> pl.Expr:
    """Calls that were billed, or should have been: not the ones that nobody answered and nobody charged."""
    return pl.col("cost").is_not_null() | (pl.col("charged_duration") > 0)


def _settled() -> list[pl.Expr]:
    """The ledger's columns on the settled basis: each running value is divided by the exchange rate.

    Values are rounded, not steps, so that the steps still add up exactly.
    """
    settle = units_of(pl.col("settle_cost"))
    known = verifiable() & settlement_step().is_not_null()
    value = pl.col("_billed")
    before = quoted_in_settlement(value)
    steps = []
    for step in STEPS:
        value = value - pl.col(step_column(step))
        after = quoted_in_settlement(value)
        steps.append(pl.when(known).then(before - after).fill_null(0).alias(step_column(step)))
        before = after
    return [
        *steps,
        pl.lit("settled").alias("basis"),
        pl.lit(SETTLEMENT_CURRENCY).alias("currency"),
        pl.when(known).then(settlement_step()).fill_null(0).alias("_settlement"),
        pl.when(known).then(before).alias("_expected"),
        pl.when(~known).then(settle).fill_null(0).alias("_unverified"),
    ]


def _summed(ledger: pl.LazyFrame, rows: Sequence[str], by: Sequence[str]) -> pl.LazyFrame:
    keys = [*by, "basis", "currency"]
    counted = {
        "expected": pl.col("_expected").is_not_null().sum(),
        "unverified": pl.col("_expected").is_null().sum(),
    }
    totals = ledger.group_by(keys).agg(
        *(pl.col(step_column(row)).sum().alias(f"amount {row}") for row in rows),
        *(
            counted.get(row, (pl.col(step_column(row)) != 0).sum()).cast(pl.Int64).alias(f"calls {row}")
            for row in rows
        ),
    )
    return pl.concat(
        [
            totals.select(
                *keys,
                pl.lit(row).alias("step"),
                pl.col(f"calls {row}").alias("calls"),
                money_of(pl.col(f"amount {row}")).cast(MONEY).alias("amount"),
            )
            for row in rows
        ]
    )
