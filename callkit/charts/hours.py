"""One measure by hour of the week, in a stated zone."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import altair as alt
import polars as pl

from callkit.arguments import time_zone
from callkit.cdr import as_lazy
from callkit.charts.asking import calls_of, currencies, joined, measured, none_drawn, one_of, sized, written
from callkit.charts.dressing import Chart, Theme, dressed, look, nothing, picking, titled
from callkit.measures import MEASURES, sums

if TYPE_CHECKING:
    from callkit.measures import Measure

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_CELL = 22


def heatmap(
    cdrs: object,
    measure: str = "calls",
    *,
    currency: str | None = None,
    tz: str = "UTC",
    theme: Theme = "light",
    width: int = 640,
) -> Chart:
    """Draw a measure by weekday and hour: when there is traffic, and when it goes wrong.

    What adds up (calls, minutes, money) is the average of one such hour: the sum over the period, divided by how
    many of that weekday lie in it.

    Parameters
    ----------
    cdrs : frame
        A CDR frame.
    measure : str
        A name of `callkit.measures.MEASURES`.
    currency : str, optional
        Of money; by default the one with the most of it.
    tz : str
        The zone whose hours are meant.
    theme : str
        `light` or `dark`.
    width : int
        Of the plot, in pixels.

    Returns
    -------
    alt.Chart
        A cell for each hour with a value. A click selects `pick`, by `weekday` (`Mon` … `Sun`) and `hour` (0 … 23).

    Raises
    ------
    ValueError
        If a column is missing, or the measure, zone or currency is unknown.

    Examples
    --------
    >>> import callkit as ck
    >>> with ck.Sandbox(calls=500, seed=7) as sandbox:
    ...     cdrs = sandbox.nx_whatsapp().fetch(sandbox.call_ids)
    >>> ck.charts.heatmap(cdrs, "asr").to_dict()["title"]["text"]
    'Answer-seizure ratio (ASR) by hour of the week'
    """
    zone, width = time_zone(tz), sized(width)
    asked = measured(measure, as_lazy(cdrs).collect_schema().names())
    every = calls_of(cdrs, "heatmap")
    calls = every.filter(pl.col("at").is_not_null())
    chosen, others = one_of(currencies(calls), currency, "heatmap") if asked.of_money else (None, "")
    local = pl.col("at").dt.convert_time_zone(zone)
    found = (
        calls.group_by(local.dt.weekday().alias("weekday"), local.dt.hour().alias("hour"))
        .agg(*sums(chosen), local.dt.date().min().alias("first"), local.dt.date().max().alias("last"))
        .collect(engine="streaming")
    )
    title = f"{asked.title} by hour of the week"
    if found.is_empty():
        return nothing(none_drawn(every), title=title, theme=theme, width=width)
    first, last = found["first"].min(), found["last"].max()
    assert isinstance(first, date)  # noqa: S101 - a Date column that is not empty
    assert isinstance(last, date)  # noqa: S101 - as above
    hours = found.with_columns(asked.value()).sort("weekday", "hour")
    drawn = draw_hours(hours, asked, chosen, zone, (first, last), theme=theme, width=width)
    told = joined(unit_of(asked, chosen), others)
    return dressed(drawn.properties(title=titled(title, told, width)), theme)


def unit_of(measure: Measure, currency: str | None) -> str:
    """Say what a cell's value is: that of the group, or the average of one such hour."""
    unit = measure.unit_in(currency)
    return f"{unit or measure.title.lower()} per hour, on average" if measure.adds_up else unit


def draw_hours(
    hours: pl.DataFrame,
    measure: Measure,
    currency: str | None,
    tz: str,
    days: tuple[date, date],
    *,
    theme: str,
    width: int,
    ramp: tuple[str, ...] | None = None,
    name: str = "heatmap",
    selection: alt.Parameter | None = None,
) -> alt.Chart:
    """Draw one cell per row of weekday (1 … 7), hour, calls and the measure; undressed.

    A selection is referred to, and not yet added.
    """
    colors = look(theme)
    value = pl.col(measure.name).cast(pl.Float64)
    if measure.adds_up:
        occurring = _weekdays(*days)
        value = value / pl.col("weekday").replace_strict(occurring, return_dtype=pl.Float64, default=1.0)
    unit = measure.unit_in(currency)
    rows = (
        hours.with_columns(
            value.alias("value"),
            pl.Series("total", [written(measure, of, currency) for of in hours[measure.name]], pl.String),
        )
        .filter(pl.col("value").is_not_null())
        .select(
            pl.col("weekday").replace_strict(range(1, 8), WEEKDAYS, return_dtype=pl.String).alias("weekday"),
            pl.col("hour").cast(pl.Int64),
            pl.format("{}:00–{}:59", *[pl.col("hour").cast(pl.String).str.zfill(2)] * 2).alias("when"),
            "value",
            "total",
            "calls",
        )
    )
    pick = selection or picking("weekday", "hour")
    flat = not rows["value"].max()  # all of it zero, which a scale would make nothing of
    average = [alt.Tooltip("value:Q", title=f"Average{f' [{unit}]' if unit else ''}", format=",.4~g")]
    cells: alt.Chart = (
        alt.Chart(rows)
        .mark_rect(stroke=colors.background, strokeWidth=1.5)
        .encode(
            x=alt.X(
                "hour:O",
                title=f"Hour in {tz}",
                scale=alt.Scale(domain=list(range(24))),
                axis=alt.Axis(labelAngle=0, ticks=False, domain=False, labelOverlap=True, labelSeparation=3),
            ),
            y=alt.Y(
                "weekday:O",
                title=None,
                scale=alt.Scale(domain=WEEKDAYS),
                axis=alt.Axis(ticks=False, domain=False),
            ),
            color=alt.Color(
                "value:Q",
                title=None,
                scale=alt.Scale(
                    range=list(ramp or colors.ramp),
                    **({"domain": [0, 1]} if flat else {"zero": measure.adds_up, "nice": True}),
                ),
                legend=alt.Legend(
                    orient="right", gradientLength=7 * _CELL, tickCount=4, gradientThickness=10
                ),
            ),
            opacity=alt.when(pick).then(alt.value(1)).otherwise(alt.value(0.3)),
            tooltip=[
                alt.Tooltip("weekday:N", title="Weekday"),
                alt.Tooltip("when:N", title="Hour"),
                *(average if measure.adds_up else []),
                alt.Tooltip("total:N", title="In all" if measure.adds_up else measure.title),
                *(
                    []
                    if measure is MEASURES["calls"]
                    else [alt.Tooltip("calls:Q", title="Calls", format=",")]
                ),
            ],
        )
        .properties(name=name, width=width, height=7 * _CELL)
    )
    return cells if selection else cells.add_params(pick)


def _weekdays(first: date, last: date) -> dict[int, int]:
    """How many of each weekday there are from one day to another."""
    days = (last - first).days + 1
    whole, rest = divmod(days, 7)
    extra = {(first + timedelta(days=at)).isoweekday() for at in range(rest)}
    return {weekday: max(1, whole + (weekday in extra)) for weekday in range(1, 8)}
