"""Charged against talk seconds: the steps that a bill period prescribes, and the calls beside them."""

from __future__ import annotations

import altair as alt
import polars as pl

from callkit.billing import charged_duration
from callkit.cdr import as_lazy
from callkit.charts.asking import joined, needed, sized
from callkit.charts.dressing import (
    VERDICT_COLORS,
    Theme,
    dressed,
    faded,
    layered,
    look,
    nothing,
    picking,
    titled,
)
from callkit.reconciliation.wording import money

_SHAPES = {
    "overcharged": "triangle-up",
    "undercharged": "triangle-down",
    "unverified": "diamond",
    "agrees": "circle",
}
_USUAL_SECONDS = 300
_LONGEST_SHOWN = 3_600
_MOST_POINTS = 600
_NEEDED = (
    "bill_period", "call_duration", "charged_duration", "expected_charged_duration", "verdict", "cost_difference",
    "currency",
)  # fmt: skip


def staircase(
    calls: object,
    *,
    bill_period: str,
    up_to: int | None = None,
    call: tuple[int, int] | None = None,
    theme: Theme = "light",
    width: int = 620,
    height: int = 340,
) -> alt.Chart | alt.LayerChart:
    """Draw charged against talk seconds of one bill period, with the steps that `a+b` prescribes.

    Calls on the steps were charged the seconds they should have been; the ones above stand out.

    Parameters
    ----------
    calls : frame
        `Reconciliation.cdrs`, or a part of it.
    bill_period : str
        The bill period to draw, such as `6+6`.
    up_to : int, optional
        The longest talk time shown, in seconds. By default nineteen calls of twenty, at most five minutes; every call
        that does not agree is counted in the subtitle, shown or not.
    call : tuple of int, optional
        Talk and charged seconds of one call: a ring is drawn around its place, and the stairs reach as far.
    theme : str
        `light` or `dark`.
    width, height : int
        Of the plot, in pixels.

    Returns
    -------
    alt.LayerChart
        One point per talk time, charged duration and verdict, its size the number of calls. A click on a point
        that does not agree selects `pick`, by these three; one on a point that agrees selects `pick_agreeing`.

    Raises
    ------
    ValueError
        If a column is missing, the bill period is not `a+b`, or `up_to` is not from 1 to 3,600.

    Examples
    --------
    >>> import callkit as ck
    >>> with ck.Sandbox(calls=500, seed=7, billing_faults=0) as sandbox:
    ...     result = ck.reconcile(sandbox.itnio_voice().fetch(*sandbox.period))
    >>> ck.charts.staircase(result.cdrs, bill_period="60+60").to_dict()["title"]["text"]
    'Bill period 60+60'
    """
    frame = as_lazy(calls)
    needed(frame.collect_schema().names(), _NEEDED, "staircase", "Reconciliation.cdrs")
    width = sized(width)
    if up_to is not None and not 1 <= up_to <= _LONGEST_SHOWN:
        raise ValueError(f"up_to must be from 1 to {_LONGEST_SHOWN} seconds, got {up_to}")
    counted = _counted(frame, bill_period)
    longest = up_to or max(_usual_longest(counted), min(call[0] if call else 0, _LONGEST_SHOWN))
    steps = _steps(bill_period, longest)
    title = f"Bill period {bill_period}"
    if counted.is_empty() and call is None:
        why = "There is no answered call with this bill period."
        return nothing(why, title=title, theme=theme, width=width, height=height)
    talk = alt.X("call_duration:Q", title="Talk time [s]", scale=alt.Scale(domain=[0, longest], nice=False))
    charged = alt.Y("charged_duration:Q", title="Charged duration [s]")
    line = (
        alt.Chart(steps)
        .mark_line(interpolate="step-before", color=look(theme).quiet, strokeWidth=1.5)
        .encode(x=talk, y=charged, tooltip=[alt.Tooltip("call_duration:Q", title="Talk [s]"), _due_tip()])
    )
    layers = [line, *_points(counted, longest, talk, charged, look(theme).background)]
    if call is not None:
        layers += _ring(call, talk, charged, look(theme).text)
    chart = layered(*layers).properties(
        width=width, height=height, title=titled(title, _told(counted, longest), width)
    )
    return dressed(chart, theme)


def _counted(frame: pl.LazyFrame, bill_period: str) -> pl.DataFrame:
    """One row per talk time, charged duration and verdict."""
    return (
        frame.filter(
            pl.col("bill_period") == bill_period,
            pl.col("call_duration") > 0,
            pl.col("charged_duration").is_not_null(),
        )
        .group_by("call_duration", "charged_duration", "verdict", "currency")
        .agg(
            pl.len().alias("calls"),
            pl.col("expected_charged_duration").first().alias("due"),
            pl.col("cost_difference").sum().alias("difference"),
        )
        .sort("call_duration", "charged_duration", "verdict", "currency", nulls_last=True)
        .group_by("call_duration", "charged_duration", "verdict", maintain_order=True)
        .agg(
            pl.col("calls").sum().cast(pl.Int64),
            pl.col("due").first(),
            # Amounts of several currencies stand beside each other, never in one sum.
            pl.format("{} {}", money(pl.col("difference")), pl.col("currency").fill_null("(no currency)"))
            .str.join(", ")
            .alias("difference"),
        )
        .collect(engine="streaming")
    )


def _points(
    counted: pl.DataFrame, longest: int, talk: alt.X, charged: alt.Y, background: str
) -> list[alt.Chart]:
    """What agrees lies below, small and pale; what does not lies on top, large enough to be hit."""
    agrees = pl.col("verdict") == "agrees"
    shown = counted.filter(pl.col("call_duration") <= longest)
    # Of the points that agree, those with the most calls, where there are more than a browser draws quickly.
    usual = shown.filter(agrees).top_k(_MOST_POINTS, by="calls").sort("call_duration", "charged_duration")
    odd = (
        shown.filter(~agrees)
        .top_k(_MOST_POINTS, by="calls")
        .sort("call_duration", "charged_duration", "verdict")
    )
    color = alt.Color(
        "verdict:N",
        title=None,
        scale=alt.Scale(domain=list(VERDICT_COLORS), range=list(VERDICT_COLORS.values())),
        legend=alt.Legend(orient="top"),
    )
    shape = alt.Shape(
        "verdict:N", scale=alt.Scale(domain=list(_SHAPES), range=list(_SHAPES.values())), title=None
    )
    tooltip = [
        alt.Tooltip("call_duration:Q", title="Talk [s]"),
        alt.Tooltip("charged_duration:Q", title="Charged [s]"),
        _due_tip("due:Q"),
        alt.Tooltip("calls:Q", title="Calls", format=","),
        alt.Tooltip("difference:N", title="Billed − expected"),
        alt.Tooltip("verdict:N", title="Verdict"),
    ]
    size = alt.Size("calls:Q", scale=alt.Scale(range=[25, 160]), legend=None)
    fields = ("call_duration", "charged_duration", "verdict")
    pick, among = picking(*fields), alt.selection_point(name="pick_agreeing", fields=list(fields))
    below = (
        alt.Chart(usual)
        .mark_point(filled=True)
        .encode(
            x=talk,
            y=charged,
            color=color,
            shape=shape,
            size=size,
            tooltip=tooltip,
            opacity=faded(among, 0.45),
        )
        .add_params(among)
    )
    above = (
        alt.Chart(odd)
        .mark_point(filled=True, size=110, stroke=background, strokeWidth=0.7)
        .encode(x=talk, y=charged, color=color, shape=shape, tooltip=tooltip, opacity=faded(pick, 0.95))
        .add_params(pick)
    )
    return [below.properties(name="agreeing"), above.properties(name="staircase")]


def _ring(call: tuple[int, int], talk: alt.X, charged: alt.Y, color: str) -> list[alt.Chart]:
    data = pl.DataFrame({"call_duration": [call[0]], "charged_duration": [call[1]], "said": ["this call"]})
    base = alt.Chart(data).encode(x=talk, y=charged)
    return [
        base.mark_point(size=420, strokeWidth=2.2, color=color, filled=False),
        base.mark_text(align="right", dx=-14, dy=-8, fontSize=12, fontWeight="bold", color=color).encode(
            text="said:N"
        ),
    ]


def _due_tip(field: str = "charged_duration:Q") -> alt.Tooltip:
    return alt.Tooltip(field, title="Due [s]")


def _steps(bill_period: str, longest: int) -> pl.DataFrame:
    due = pl.DataFrame({"call_duration": range(longest + 1)}).select(
        "call_duration", charged_duration(bill_period=pl.lit(bill_period))
    )
    if due["charged_duration"].null_count():
        raise ValueError(f"bill_period must be a+b in whole seconds, such as '6+6'; got {bill_period!r}")
    return due


def _usual_longest(counted: pl.DataFrame) -> int:
    if counted.is_empty():
        return 60
    upto = counted.sort("call_duration").select("call_duration", pl.col("calls").cum_sum().alias("upto"))
    usual = upto.filter(pl.col("upto") - 1 >= 0.95 * (upto["upto"][-1] - 1))["call_duration"][0]
    return min(_USUAL_SECONDS, max(60, int(usual)))


def _told(counted: pl.DataFrame, longest: int) -> str:
    counts = dict(counted.group_by("verdict").agg(pl.col("calls").sum()).iter_rows())
    beyond = counted.filter(pl.col("call_duration") > longest)["calls"].sum()
    return joined(
        *(f"{counts[verdict]:,} {verdict}" for verdict in VERDICT_COLORS if verdict in counts),
        f"{beyond:,} longer than {longest} s not shown" if beyond else "",
    )
