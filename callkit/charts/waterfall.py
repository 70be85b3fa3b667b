"""The bridge from billed to expected, as a waterfall."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal

import altair as alt
import polars as pl

from callkit.charts.asking import joined, money_words, needed, one_of, sized
from callkit.charts.dressing import (
    VERDICT_COLORS,
    Chart,
    Theme,
    dressed,
    faded,
    layered,
    look,
    nothing,
    picking,
    titled,
)
from callkit.reconciliation import Reconciliation

ROW = 26
KINDS = {
    "billed too much": VERDICT_COLORS["overcharged"],
    "billed too little": VERDICT_COLORS["undercharged"],
    "unverified": VERDICT_COLORS["unverified"],
    "total": VERDICT_COLORS["agrees"],
}
STEPS = {
    "settlement": "Settlement",
    "double_billed": "Billed twice",
    "unanswered": "Not answered",
    "arithmetic": "Rate × seconds",
    "rounding": "Rounding",
    "duration": "Charged seconds",
    "increments": "Bill period",
    "rate": "Rate",
    "unverified": "Unverified",
    "expected": "Expected",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of the waterfall, from the running value before it to the one after it."""

    step: str
    before: Decimal
    after: Decimal
    amount: Decimal
    calls: int | None
    kind: str

    @property
    def total(self) -> bool:
        """Whether it reaches from zero, instead of from where the one before ends."""
        return self.kind == "total"


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
    chart: Chart = _waterfall(bars, start, chosen, theme, width)
    if start:
        chart = alt.vconcat(_in_proportion(bars, apart, chosen, theme, width), chart, spacing=14)
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
    billed, expected, unverified = bars[0].amount + apart, bars[-1].amount, apart or _unverified(bars)
    difference = billed - expected - unverified
    said = f"billed {money_words(billed)} = expected {money_words(expected)}"
    if difference:
        much = "much" if difference > 0 else "little"
        said += f" {'+' if difference > 0 else '−'} {money_words(abs(difference))} billed too {much}"
    return said + (f" + {money_words(unverified)} unverified" if unverified else "")


def _unverified(bars: list[Bar]) -> Decimal:
    return sum((bar.amount for bar in bars if bar.kind == "unverified"), Decimal(0))


def _start(bars: list[Bar]) -> float:
    """Where the axis begins: at zero, or shortly before the differences where they would vanish."""
    values = [float(bar.after) for bar in bars] + [float(bars[0].amount)]
    low, high = min(values), max(values)
    span = high - low
    if low <= 0 or span == 0 or span > 0.35 * high:
        return 0.0
    return max(0.0, low - 0.35 * span)


def _waterfall(bars: list[Bar], start: float, currency: str | None, theme: str, width: int) -> alt.LayerChart:
    colors = look(theme)
    values = [start, *(float(bar.after) for bar in bars), float(bars[0].amount)]
    low, high = min(values), max(values)
    domain = [low, high + 0.02 * (high - low or 1)]
    decimals = max(len(money_words(bar.amount).partition(".")[2]) for bar in bars)
    data = pl.DataFrame(
        [
            {
                "step": bar.step,
                "label": STEPS.get(bar.step, bar.step),
                "kind": bar.kind,
                "from": max(start, float(min(bar.before, bar.after))) if start else float(bar.before),
                "to": float(max(bar.before, bar.after)) if start else float(bar.after),
                "text": money_words(bar.amount if bar.total else -bar.amount, decimals),
                "calls": f"{bar.calls:,}" if bar.calls is not None else "",
            }
            for bar in bars
        ]
    )
    labels = data["label"].to_list()
    unit = currency or "no currency"
    axis = f"{unit}, the axis begins at {start:,.6g}, not at zero" if start else unit
    scale = alt.Scale(domain=domain, nice=False, zero=False)
    y = alt.Y("label:N", sort=labels, title=None, axis=alt.Axis(ticks=False, domain=False, labelFontSize=12))
    x = alt.X("from:Q", scale=scale, title=axis, axis=alt.Axis(tickCount=6))
    base = alt.Chart(data).encode(y=y)
    kinds = [kind for kind in KINDS if kind in set(data["kind"])]
    told = [kind for kind in kinds if kind != "total"]
    colored = alt.Scale(domain=kinds, range=[KINDS[kind] for kind in kinds])
    legend = alt.Legend(orient="bottom", direction="horizontal", values=told) if told else None
    pick = picking("step")
    # The stroke keeps a step of a ten-thousandth of the width in sight.
    drawn = (
        base.mark_bar(height=ROW - 10, strokeWidth=1.5)
        .encode(
            x=x,
            x2="to:Q",
            fill=alt.Fill("kind:N", title=None, scale=colored, legend=legend),
            stroke=alt.Stroke("kind:N", scale=colored, legend=None),
            opacity=faded(pick),
            tooltip=[
                alt.Tooltip("label:N", title="Step"),
                alt.Tooltip("text:N", title=f"Amount [{unit}]"),
                alt.Tooltip("calls:N", title="Calls"),
                alt.Tooltip("kind:N", title="Meaning"),
            ],
        )
        .add_params(pick)
        .properties(name="bridge", width=width, height=ROW * len(bars))
    )
    layers = [
        _connectors(bars, labels, scale, y, colors.quiet),
        drawn,
        *_column(base, "text", "Amount", width + 110, theme),
    ]
    layers += _column(base, "calls", "Calls", width + 165, theme)
    if start:
        cut = alt.Chart(data.filter(pl.col("kind") == "total")).encode(y=y)
        layers.append(
            cut.mark_text(text="//", fontSize=17, fontWeight="bold", color=colors.background).encode(
                x=alt.value(14)
            )
        )
    return layered(*layers)


def _connectors(bars: list[Bar], labels: list[str], scale: alt.Scale, y: alt.Y, color: str) -> alt.Chart:
    """Thin lines from where one bar ends to where the next begins."""
    rows = [
        {"at": float(one.after), "label": first, "below": second}
        for (one, _), (first, second) in zip(pairwise(bars), pairwise(labels), strict=True)
    ]
    rules: alt.Chart = (
        alt.Chart(pl.DataFrame(rows))
        .mark_rule(color=color, strokeWidth=1, opacity=0.7)
        .encode(x=alt.X("at:Q", scale=scale), y=y, y2="below:N")
    )
    return rules


def _column(base: alt.Chart, field: str, head: str, right: int, theme: str) -> list[alt.Chart]:
    """A column of numbers to the right of the bars, aligned so that digits can be compared."""
    colors = look(theme)
    numbers = base.mark_text(align="right", color=colors.text, fontSize=12).encode(
        text=f"{field}:N", x=alt.value(right)
    )
    title = (
        alt.Chart(pl.DataFrame({"head": [head]}))
        .mark_text(align="right", color=colors.quiet, fontSize=11, baseline="bottom")
        .encode(text="head:N", x=alt.value(right), y=alt.value(-3))
    )
    return [numbers, title]


def _in_proportion(
    bars: list[Bar], apart: Decimal, currency: str | None, theme: str, width: int
) -> alt.LayerChart:
    """Billed and expected as bars from zero: the proportion that the axis below does not show."""
    unit = currency or "no currency"
    billed, expected = bars[0].amount + apart, bars[-1].amount
    unverified = apart or _unverified(bars)
    rows = [("Billed", "total", Decimal(0), billed), ("Expected", "total", Decimal(0), expected)]
    if unverified:
        rows.append(("Expected", "unverified", expected, expected + unverified))
    data = pl.DataFrame(
        [
            {
                "whole": name,
                "kind": kind,
                "from": float(low),
                "to": float(high),
                "text": money_words(high - low),
            }
            for name, kind, low, high in rows
        ]
    )
    color = alt.Color("kind:N", scale=alt.Scale(domain=list(KINDS), range=list(KINDS.values())), legend=None)
    whole = (
        alt.Chart(data, name="whole")
        .mark_bar(height=8)
        .encode(
            x=alt.X("from:Q", title=None, axis=alt.Axis(tickCount=4, grid=False), scale=alt.Scale(zero=True)),
            x2="to:Q",
            y=alt.Y(
                "whole:N", sort=["Billed", "Expected"], title=None, axis=alt.Axis(ticks=False, domain=False)
            ),
            color=color,
            tooltip=[
                alt.Tooltip("whole:N", title="Total"),
                alt.Tooltip("text:N", title=f"Amount [{unit}]"),
                alt.Tooltip("kind:N", title="Meaning"),
            ],
        )
        .properties(width=width, height=32)
    )
    said = (
        alt.Chart(pl.DataFrame({"said": [f"in proportion, {unit}"]}))
        .mark_text(align="left", baseline="middle", fontSize=11, color=look(theme).quiet)
        .encode(text="said:N", x=alt.value(width + 12), y=alt.value(16))
    )
    return layered(whole, said)
