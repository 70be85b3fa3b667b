"""Calls that do not agree, or the money billed too much and too little, day by day."""

from __future__ import annotations

import altair as alt
import polars as pl

from callkit.cdr import as_lazy
from callkit.charts.asking import calls_of, currencies, joined, needed, none_drawn, one_of, written
from callkit.charts.axis import every_of, first_day, placed, span_over, time_axis
from callkit.charts.dressing import VERDICT_COLORS, Chart, dressed, faded, nothing, picking, titled
from callkit.measures import MEASURES, sums


def by_verdict(
    cdrs: object, what: str, currency: str | None, tz: str, *, theme: str, width: int, height: int
) -> Chart:
    """Stacked bars: calls that do not agree, or money above and below the line."""
    frame = as_lazy(cdrs)
    needed(
        frame.collect_schema().names(),
        ["verdict", "cost_difference"],
        f"daily({what!r})",
        "Reconciliation.cdrs",
    )
    calls = calls_of(frame, "daily", ["verdict"])
    chosen, others = one_of(currencies(calls), currency, "daily") if what == "difference" else (None, "")
    every, unplaced = every_of(calls)
    title = "Calls that do not agree" if what == "verdict" else "Billed too much and too little"
    if every is None:
        return nothing(none_drawn(calls), title=title, theme=theme, width=width, height=height)
    counted = (
        calls.filter(pl.col("at").is_not_null())
        .group_by(first_day(tz, every), "verdict")
        .agg(sums(chosen))
        .sort("day", "verdict")
        .collect(engine="streaming")
    )
    count = counted.filter(pl.col("verdict") == "agrees")["calls"].sum()
    agreeing = "1 call agrees" if count == 1 else f"{count:,} calls agree"
    rows = counted.filter(pl.col("verdict") != "agrees")
    if what == "difference":
        rows = _differences(rows, chosen)
    else:
        rows = rows.with_columns(
            pl.col("calls").cast(pl.Float64).alias("value"),
            pl.Series("text", [f"{count:,}" for count in rows["calls"]], pl.String),
        )
    told = joined(
        chosen or "" if what == "difference" else f"{agreeing}, not shown",
        others,
        unplaced,
    )
    if rows.is_empty():
        why = f"No call was billed too much or too little{f' in {chosen}' if chosen else ''}."
        return nothing(
            why if what == "difference" else "The one call agrees." if count == 1 else f"All {agreeing}.",
            title=title, theme=theme, width=width, height=height,
        )  # fmt: skip
    # Days without a difference are part of the answer: the axis covers them all.
    verdicts = [name for name in VERDICT_COLORS if name in set(rows["verdict"])]
    pick = picking("day")
    drawn: alt.Chart = (
        alt.Chart(
            placed(rows, every).select("day", "start", "end", "label", "verdict", "value", "text", "calls")
        )
        .mark_bar(orient="vertical")
        .encode(
            x=time_axis(tz, every, span_over(counted, every)),
            x2="end:T",
            y=alt.Y(
                "value:Q",
                title=chosen if what == "difference" else "Calls",
                axis=alt.Axis(tickCount=4),
                scale=alt.Scale(nice=4),
            ),
            color=alt.Color(
                "verdict:N",
                title=None,
                scale=alt.Scale(domain=verdicts, range=[VERDICT_COLORS[name] for name in verdicts]),
                legend=alt.Legend(orient="top"),
            ),
            opacity=faded(pick),
            tooltip=[
                alt.Tooltip("label:N", title=every.capitalize()),
                alt.Tooltip("verdict:N", title="Verdict"),
                alt.Tooltip("calls:Q", title="Calls", format=","),
                *([alt.Tooltip("text:N", title="Difference")] if what == "difference" else []),
            ],
        )
        .add_params(pick)
        .properties(
            name="daily", width=width, height=height, title=titled(f"{title} per {every}", told, width)
        )
    )
    return dressed(drawn, theme)


def _differences(rows: pl.DataFrame, currency: str | None) -> pl.DataFrame:
    amounts = rows.with_columns(MEASURES["overcharge"].value(), MEASURES["undercharge"].value())
    over = pl.col("verdict") == "overcharged"
    amounts = amounts.with_columns(
        pl.when(over).then("overcharge").otherwise(-pl.col("undercharge")).alias("amount")
    ).filter(pl.col("amount") != 0)
    texts = [written(MEASURES["cost"], amount, currency) for amount in amounts["amount"]]
    return amounts.with_columns(
        pl.col("amount").cast(pl.Float64).alias("value"), pl.Series("text", texts, pl.String)
    )
