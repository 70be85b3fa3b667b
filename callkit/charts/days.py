"""One measure, the verdicts or the differences, day by day in a stated zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import polars as pl

from callkit.arguments import time_zone
from callkit.cdr import as_lazy
from callkit.charts.asking import (
    calls_of,
    currencies,
    joined,
    measured,
    none_drawn,
    one_of,
    sized,
    written,
)
from callkit.charts.axis import (
    Every,
    every_of,
    first_day,
    placed,
    span_over,
    time_axis,
)
from callkit.charts.dressing import (
    FIRST,
    Chart,
    Theme,
    dressed,
    faded,
    nothing,
    picking,
    titled,
)
from callkit.charts.verdicts import by_verdict
from callkit.measures import sums

if TYPE_CHECKING:
    from callkit.measures import Measure


def daily(
    cdrs: object,
    measure: str = "calls",
    *,
    currency: str | None = None,
    tz: str = "UTC",
    theme: Theme = "light",
    width: int = 640,
    height: int = 200,
) -> Chart:
    """Draw calls, money, quality or verdicts by day; by week or month where there would be too many days.

    Parameters
    ----------
    cdrs : frame
        A CDR frame; `Reconciliation.cdrs` for `verdict` and `difference`.
    measure : str
        A name of `callkit.measures.MEASURES` (`calls`, `minutes`, `cost`, `asr`, …), or `verdict`: calls that do not
        agree, or `difference`: money billed too much and too little.
    currency : str, optional
        Of money; by default the one with the most of it.
    tz : str
        The zone whose days are meant. A call belongs to the day of its submission, else of its answer or its end.
    theme : str
        `light` or `dark`.
    width, height : int
        Of the plot, in pixels.

    Returns
    -------
    alt.Chart
        One bar per day, or one per day and verdict. A click selects `pick`, by `day`: the first day of the bar as text.

    Raises
    ------
    ValueError
        If a column is missing, or the measure, zone or currency is unknown.

    Examples
    --------
    >>> import callkit as ck
    >>> with ck.Sandbox(calls=500, seed=7) as sandbox:
    ...     cdrs = sandbox.nx_whatsapp().fetch(sandbox.call_ids)
    >>> ck.charts.daily(cdrs, "minutes", tz="Asia/Shanghai").to_dict()["title"]["text"]
    'Minutes per day'
    """
    zone, width = time_zone(tz), sized(width)
    if measure in ("verdict", "difference"):
        return by_verdict(cdrs, measure, currency, zone, theme=theme, width=width, height=height)
    asked = measured(measure, as_lazy(cdrs).collect_schema().names())
    calls = calls_of(cdrs, "daily")
    chosen, others = one_of(currencies(calls), currency, "daily") if asked.of_money else (None, "")
    every, unplaced = every_of(calls)
    title = f"{asked.title} per {every}"
    if every is None:
        return nothing(none_drawn(calls), title=asked.title, theme=theme, width=width, height=height)
    days = (
        calls.filter(pl.col("at").is_not_null())
        .group_by(first_day(zone, every))
        .agg(sums(chosen))
        .with_columns(asked.value())
        .sort("day")
        .collect(engine="streaming")
    )
    drawn = draw_days(days, asked, chosen, every, zone, width=width, height=height, color=FIRST)
    told = joined(asked.unit_in(chosen), others, unplaced)
    return dressed(drawn.properties(title=titled(title, told, width)), theme)


def draw_days(
    days: pl.DataFrame,
    measure: Measure,
    currency: str | None,
    every: Every,
    tz: str,
    *,
    width: int,
    height: int,
    color: str,
    name: str = "daily",
    selection: alt.Parameter | None = None,
    unit: bool = True,
    span: tuple[int, int] | None = None,
) -> alt.Chart:
    """Draw one bar per row of day, calls and the measure; undressed.

    A selection is referred to, and not yet added. `unit` names the unit beside the axis; `span`
    are the ends of the axis, where it is to reach beyond the rows.
    """
    rows = placed(days, every).with_columns(
        pl.Series("text", [written(measure, value, currency) for value in days[measure.name]], pl.String),
        pl.col(measure.name).cast(pl.Float64).alias("value"),
    )
    pick = selection or picking("day")
    axis_title = (measure.unit_in(currency) or measure.title) if unit else None
    bars: alt.Chart = (
        alt.Chart(rows.select("day", "start", "end", "label", "value", "text", "calls"))
        .mark_bar(color=color, orient="vertical")
        .encode(
            x=time_axis(tz, every, span or span_over(days, every)),
            x2="end:T",
            y=alt.Y("value:Q", title=axis_title, axis=alt.Axis(tickCount=4), scale=alt.Scale(nice=4)),
            opacity=faded(pick),
            tooltip=[
                alt.Tooltip("label:N", title=every.capitalize()),
                alt.Tooltip("text:N", title=measure.title),
                *([] if measure.name == "calls" else [alt.Tooltip("calls:Q", title="Calls", format=",")]),
            ],
        )
        .properties(name=name, width=width, height=height)
    )
    return bars if selection else bars.add_params(pick)
