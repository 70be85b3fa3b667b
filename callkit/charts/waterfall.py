"""The bridge from billed to expected, as a waterfall."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import altair as alt
import polars as pl

from callkit.charts.asking import joined, money_words, needed, one_of, sized
from callkit.charts.bars import Bar, draw_proportion, draw_waterfall, unverified_in
from callkit.charts.dressing import (
    Chart,
    Theme,
    dressed,
    nothing,
    titled,
)
from callkit.reconciliation import Reconciliation


def bridge(
    of: Reconciliation | pl.DataFrame,
    *,
    currency: str | None = None,
    basis: Literal["quoted", "settled"] = "quoted",
    theme: Theme = "light",
    width: int = 520,
) -> Chart:
    """Draw how what was billed becomes what was expected, step by step, in one currency.

    The differences are a hundredth of the totals or less. Where they would vanish, the axis begins near them, says so,
    and two bars from zero above it show the totals in proportion.

    Parameters
    ----------
    of : Reconciliation or pl.DataFrame
        A result, or its `.bridge`.
    currency : str, optional
        By default the one with the most money.
    basis : str
        `quoted`, or `settled` for calls that are settled in another currency.
    theme : str
        `light` or `dark`.
    width : int
        Of the plot, in pixels; labels and amounts stand outside of it.

    Returns
    -------
    alt.LayerChart or alt.VConcatChart
        One bar per step that has an amount; a click selects `pick`, by `step`.

    Raises
    ------
    ValueError
        If the frame is no bridge, or has nothing in that currency.

    Examples
    --------
    >>> import callkit as ck
    >>> with ck.Sandbox(calls=500, seed=7) as sandbox:
    ...     result = ck.reconcile(sandbox.nx_whatsapp().fetch(sandbox.call_ids))
    >>> ck.charts.bridge(result, currency="USD").to_dict()["title"]["text"]
    'From billed to expected, USD'
    """
    frame = of.bridge if isinstance(of, Reconciliation) else of
    needed(frame.columns, ["basis", "currency", "step", "calls", "amount"], "bridge", "Reconciliation.bridge")
    width = sized(width)
    rows = frame.filter(pl.col("basis") == basis)
    if rows.select(pl.struct("currency", "step").is_duplicated().any()).item():
        raise ValueError("bridge draws one bridge: filter that of bridge_by to one group first")
    amounts = rows.filter((pl.col("amount") != 0).any().over("currency"))
    billed = amounts.group_by("currency").agg(pl.col("amount").sum())
    ranked = billed.sort("amount", "currency", descending=[True, False])["currency"].to_list()
    chosen, others = one_of(ranked or rows["currency"].to_list(), currency, f"bridge ({basis})")
    title = f"From billed to expected, {chosen or 'no currency'}"
    if basis == "settled":
        title += " (as settled)"
    steps = [
        row
        for row in rows.filter(pl.col("currency").eq_missing(chosen)).iter_rows(named=True)
        if row["amount"]
    ]
    if not steps:
        why = "No call was billed" + (" on this basis." if basis == "settled" else ".")
        return nothing(why, title=title, theme=theme, width=width)
    bars, apart = _bars(steps)
    start = _start(bars)
    told = joined(_in_words(bars, apart), others)
    chart: Chart = draw_waterfall(bars, start, chosen, theme, width)
    if start:
        chart = alt.vconcat(draw_proportion(bars, apart, chosen, theme, width), chart, spacing=14)
    return dressed(chart.properties(title=titled(title, told, width + 240)), theme)


def _bars(steps: list[dict[str, Any]]) -> tuple[list[Bar], Decimal]:
    """The waterfall's bars, and what is unverified where it would dwarf the differences and is kept out of them."""
    amounts = {row["step"]: row["amount"] for row in steps}
    calls = {row["step"]: row["calls"] for row in steps}
    expected = amounts.pop("expected", Decimal(0))
    unverified = amounts.pop("unverified", Decimal(0))
    sizes = sum((abs(amount) for amount in amounts.values()), Decimal(0))
    apart = unverified if amounts and abs(unverified) > 2 * sizes else Decimal(0)
    if unverified and not apart:
        amounts["unverified"] = unverified
    running = sum(amounts.values(), expected)
    first = "Billed, recomputed" if apart else "Billed"
    bars = [Bar(first, Decimal(0), running, running, None, "total")]
    for step, amount in amounts.items():
        kind = "unverified" if step == "unverified" else f"billed too {'much' if amount > 0 else 'little'}"
        bars.append(Bar(step, running, running - amount, amount, calls[step], kind))
        running -= amount
    bars.append(Bar("expected", Decimal(0), expected, expected, calls.get("expected"), "total"))
    return bars, apart


def _in_words(bars: list[Bar], apart: Decimal) -> str:
    billed, expected, unverified = bars[0].amount + apart, bars[-1].amount, apart or unverified_in(bars)
    difference = billed - expected - unverified
    said = f"billed {money_words(billed)} = expected {money_words(expected)}"
    if difference:
        much = "much" if difference > 0 else "little"
        said += f" {'+' if difference > 0 else '−'} {money_words(abs(difference))} billed too {much}"
    return said + (f" + {money_words(unverified)} unverified" if unverified else "")


def _start(bars: list[Bar]) -> float:
    """Where the axis begins: at zero, or shortly before the differences where they would vanish."""
    values = [float(bar.after) for bar in bars] + [float(bars[0].amount)]
    low, high = min(values), max(values)
    span = high - low
    if low <= 0 or span == 0 or span > 0.35 * high:
        return 0.0
    return max(0.0, low - 0.35 * span)
