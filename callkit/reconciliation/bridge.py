"""From billed to expected, summed: every step's amount, by currency and any group, exactly.

billed = Σ steps + unverified + expected holds for every call, every group and in total, because the steps of a call are
differences of one running value and the sums are integers.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from callkit.billing import money_of, units_of
from callkit.cdr import MONEY
from callkit.reconciliation.charges import ROWS
from callkit.reconciliation.ledger import STEPS, step_column, verifiable
from callkit.reconciliation.settlement import SETTLEMENT_CURRENCY, quoted_in_settlement

QUOTED_ROWS = (*STEPS, "unverified", "expected")
SETTLED_ROWS = ("settlement", *QUOTED_ROWS)


def bridge(ledger: pl.LazyFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """Sum the ledger of calls or of charges up, in the quoted currencies and, where there is one, the settlement's.

    Returns
    -------
    pl.DataFrame
        The columns of `by`, then basis (`quoted` | `settled`), currency, step, calls, amount (MONEY). A row for every
        step, `unverified` and `expected`, also where it is zero; `calls` counts the calls that have an amount in
        the row (for `expected`: that could be verified). Sorted by group, basis, currency, and the steps' order.
    """
    settlements = ledger.filter(pl.col("settle_cost").is_not_null())
    # In stages: one deep expression would be computed again for every step that follows.
    for stage in _settled():
        settlements = settlements.with_columns(stage)
    quoted = _summed(ledger.filter(_belongs()).with_columns(basis=pl.lit("quoted")), QUOTED_ROWS, by)
    settled = _summed(settlements, SETTLED_ROWS, by)
    order = pl.col("step").replace_strict(SETTLED_ROWS, range(len(SETTLED_ROWS)), return_dtype=pl.Int64)
    return pl.concat([quoted, settled]).sort(*by, "basis", "currency", order, nulls_last=True)


def groups(columns: Sequence[str], known: Sequence[str]) -> list[str]:
    """Check the columns that a bridge is to be grouped by.

    Parameters
    ----------
    columns
        What is asked for.
    known
        The columns of `Reconciliation.cdrs`.

    Raises
    ------
    ValueError
        If one of them is not known, or is a column of the bridge itself.
    """
    unknown = [name for name in columns if name not in known]
    if unknown or not columns:
        raise ValueError(
            f"bridge_by needs columns of the records, got {', '.join(map(repr, unknown)) or 'none'}; "
            f"there are {', '.join(known)}"
        )
    taken = [name for name in columns if name in ("basis", "step", "calls", "amount")]
    if taken:
        raise ValueError(f"bridge_by: the bridge has a column {taken[0]!r} of its own; rename yours")
    # Amounts of several currencies are never added up, so that every bridge is by currency already.
    return [name for name in dict.fromkeys(columns) if name != "currency"]


def _belongs() -> pl.Expr:
    """Calls that were billed, or should have been: not the ones that nobody answered and nobody charged."""
    return pl.col("cost").is_not_null() | (pl.col("charged_duration") > 0)


def _settled() -> list[list[pl.Expr]]:
    """The ledger's columns on the settled basis, in stages: each running value is divided by the exchange rate.

    Values are rounded, not steps, so that the steps still add up exactly.
    """
    value = pl.col("_billed")
    running = [value.alias("_value_0")]
    for at, step in enumerate(STEPS, 1):
        value = value - pl.col(step_column(step))
        running.append(value.alias(f"_value_{at}"))
    values = [pl.col(f"_value_{at}") for at in range(len(running))]
    divided = [quoted_in_settlement(value).alias(f"_value_{at}") for at, value in enumerate(values)]
    settle = units_of(pl.col("settle_cost"))
    known = verifiable() & pl.all_horizontal(value.is_not_null() for value in values)
    steps = [
        pl.when(known).then(before - after).fill_null(0).alias(step_column(step))
        for step, before, after in zip(STEPS, values, values[1:], strict=False)
    ]
    return [
        running,
        divided,
        [
            *steps,
            pl.lit("settled").alias("basis"),
            pl.lit(SETTLEMENT_CURRENCY).alias("currency"),
            pl.when(known).then(settle - values[0]).fill_null(0).alias("_settlement"),
            pl.when(known).then(values[-1]).alias("_expected"),
            pl.when(~known).then(settle).fill_null(0).alias("_unverified"),
        ],
    ]


def _summed(ledger: pl.LazyFrame, rows: Sequence[str], by: Sequence[str]) -> pl.DataFrame:
    keys = [*by, "basis", "currency"]
    counted = {
        "expected": pl.col("_expected").is_not_null(),
        "unverified": pl.col("_expected").is_null(),
    }
    # A charge stands for all of its calls.
    of = pl.col(ROWS) if ROWS in ledger.collect_schema() else pl.lit(1, pl.Int64)
    amounts = [(pl.col(step_column(row)) * of).sum().alias(f"amount {row}") for row in rows]
    calls = [
        pl.when(counted.get(row, pl.col(step_column(row)) != 0)).then(of).sum().alias(f"calls {row}")
        for row in rows
    ]
    totals = ledger.group_by(keys).agg(*amounts, *calls).collect(engine="streaming")
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
