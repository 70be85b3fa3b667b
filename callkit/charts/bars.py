"""The bars of a waterfall, and the totals in proportion above them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

import altair as alt
import polars as pl

from callkit.charts.asking import money_words
from callkit.charts.dressing import VERDICT_COLORS, faded, layered, look, picking

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


def unverified_in(bars: list[Bar]) -> Decimal:
    """What the waterfall itself shows as unverified."""
    return sum((bar.amount for bar in bars if bar.kind == "unverified"), Decimal(0))


def draw_waterfall(
    bars: list[Bar], start: float, currency: str | None, theme: str, width: int
) -> alt.LayerChart:
    """Draw the bars on an axis that begins at `start`, with their amounts and calls in columns beside them."""
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


def draw_proportion(
    bars: list[Bar], apart: Decimal, currency: str | None, theme: str, width: int
) -> alt.LayerChart:
    """Billed and expected as bars from zero: the proportion that the axis below does not show."""
    unit = currency or "no currency"
    billed, expected = bars[0].amount + apart, bars[-1].amount
    unverified = apart or unverified_in(bars)
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
