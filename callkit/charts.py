"""Charts of calls and charges, each a function from a frame to an Altair chart.

Frames are aggregated in Polars first: a chart holds a few hundred rows, however many calls there are. Money becomes a
float here and nowhere before, because Vega knows no decimals.
"""

from __future__ import annotations

import altair as alt
import polars as pl

from callkit.billing import charged_duration

__all__ = ["VERDICT_COLORS", "staircase"]

# Okabe and Ito's palette: told apart by colour-blind readers, on white and on black.
VERDICT_COLORS = {
    "overcharged": "#D55E00",
    "undercharged": "#0072B2",
    "unverified": "#E69F00",
    "agrees": "#999999",
}
_SHAPES = {
    "overcharged": "triangle-up",
    "undercharged": "triangle-down",
    "unverified": "diamond",
    "agrees": "circle",
}
_USUAL_SECONDS = 300
_LONGEST_SHOWN = 3_600
_NEEDED = ("bill_period", "call_duration", "charged_duration", "verdict", "cost_difference")


def staircase(calls: pl.DataFrame, *, bill_period: str, up_to: int | None = None) -> alt.LayerChart:
    """Draw charged against talk seconds of one bill period, with the steps that `a+b` prescribes.

    Calls on the steps were charged the seconds they should have been; the ones above stand out.

    Parameters
    ----------
    calls : pl.DataFrame
        `Reconciliation.cdrs`, or a part of it.
    bill_period : str
        The bill period to draw, such as `6+6`.
    up_to : int, optional
        The longest talk time shown, in seconds. By default nineteen calls of twenty, at most five minutes; every call
        that does not agree is counted in the subtitle, shown or not.

    Returns
    -------
    alt.LayerChart
        One point per talk time, charged duration and verdict, its size the number of calls.

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
    missing = [name for name in _NEEDED if name not in calls.columns]
    if missing:
        raise ValueError(
            f"staircase needs the columns {', '.join(_NEEDED)} (take Reconciliation.cdrs); "
            f"missing: {', '.join(missing)}"
        )
    answered = calls.filter(
        pl.col("bill_period") == bill_period,
        pl.col("call_duration") > 0,
        pl.col("charged_duration").is_not_null(),
    )
    if up_to is not None and not 1 <= up_to <= _LONGEST_SHOWN:
        raise ValueError(f"up_to must be from 1 to {_LONGEST_SHOWN} seconds, got {up_to}")
    longest = up_to or _usual_longest(answered)
    steps = _steps(bill_period, longest)
    talk = alt.X("call_duration:Q", title="Talk time [s]", scale=alt.Scale(domain=[0, longest], nice=False))
    charged = alt.Y("charged_duration:Q", title="Charged duration [s]")
    line = (
        alt.Chart(steps)
        .mark_line(interpolate="step-before", color="#555555", strokeWidth=1.5)
        .encode(x=talk, y=charged, tooltip=[alt.Tooltip("call_duration:Q", title="Talk [s]"), _due_tip()])
    )
    chart: alt.LayerChart = (
        alt.layer(line, *_points(answered.filter(pl.col("call_duration") <= longest), talk, charged))
        .properties(width=620, height=340, title=_title(bill_period, answered, longest))
        .configure_axis(gridOpacity=0.4)
        .configure_view(strokeOpacity=0)
    )
    return chart


def _points(calls: pl.DataFrame, talk: alt.X, charged: alt.Y) -> list[alt.Chart]:
    """What agrees lies below, small and pale; what does not lies on top, large enough to be hit."""
    counted = (
        calls.group_by("call_duration", "charged_duration", "verdict")
        .agg(
            pl.len().alias("calls"),
            pl.col("expected_charged_duration").first().alias("due"),
            pl.col("cost_difference").sum().cast(pl.Float64).alias("difference"),
            pl.col("currency").unique().sort().drop_nulls().str.join(", ").first().alias("currency"),
        )
        .sort("call_duration", "charged_duration", "verdict")
    )
    color = alt.Color(
        "verdict:N",
        title=None,
        scale=alt.Scale(domain=list(VERDICT_COLORS), range=list(VERDICT_COLORS.values())),
        legend=alt.Legend(orient="top", symbolOpacity=1),
    )
    shape = alt.Shape(
        "verdict:N", scale=alt.Scale(domain=list(_SHAPES), range=list(_SHAPES.values())), title=None
    )
    tooltip = [
        alt.Tooltip("call_duration:Q", title="Talk [s]"),
        alt.Tooltip("charged_duration:Q", title="Charged [s]"),
        _due_tip("due:Q"),
        alt.Tooltip("calls:Q", title="Calls", format=","),
        alt.Tooltip("difference:Q", title="Billed − expected", format=",.6f"),
        alt.Tooltip("currency:N", title="Currency"),
        alt.Tooltip("verdict:N", title="Verdict"),
    ]
    agrees = pl.col("verdict") == "agrees"
    size = alt.Size("calls:Q", scale=alt.Scale(range=[25, 160]), legend=None)
    below = (
        alt.Chart(counted.filter(agrees))
        .mark_point(filled=True, opacity=0.45)
        .encode(x=talk, y=charged, color=color, shape=shape, size=size, tooltip=tooltip)
    )
    above = (
        alt.Chart(counted.filter(~agrees))
        .mark_point(filled=True, opacity=0.95, size=110, stroke="white", strokeWidth=0.7)
        .encode(x=talk, y=charged, color=color, shape=shape, tooltip=tooltip)
    )
    return [below, above]


def _due_tip(field: str = "charged_duration:Q") -> alt.Tooltip:
    return alt.Tooltip(field, title="Due [s]")


def _steps(bill_period: str, longest: int) -> pl.DataFrame:
    due = pl.DataFrame({"call_duration": range(longest + 1)}).select(
        "call_duration", charged_duration(bill_period=pl.lit(bill_period))
    )
    if due["charged_duration"].null_count():
        raise ValueError(f"bill_period must be a+b in whole seconds, such as '6+6'; got {bill_period!r}")
    return due


def _usual_longest(answered: pl.DataFrame) -> int:
    usual = answered["call_duration"].quantile(0.95, "higher") if answered.height else None
    return min(_USUAL_SECONDS, max(60, int(usual or 0)))


def _title(bill_period: str, answered: pl.DataFrame, longest: int) -> alt.TitleParams:
    counts = dict(answered["verdict"].value_counts().iter_rows())
    told = [f"{counts[verdict]:,} {verdict}" for verdict in VERDICT_COLORS if verdict in counts]
    beyond = answered.filter(pl.col("call_duration") > longest).height
    if beyond:
        told.append(f"{beyond:,} longer than {longest} s not shown")
    subtitle = " · ".join(told) or "no answered call with this bill period"
    return alt.TitleParams(
        f"Bill period {bill_period}", subtitle=subtitle, anchor="start", subtitleColor="#777777"
    )
