"""One measure, the verdicts or the differences, day by day in a stated zone."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

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
from callkit.measures import sums

if TYPE_CHECKING:
    from callkit.measures import Measure

__all__ = [
    "coarse",
    "daily",
    "draw_days",
    "every_of",
    "first_day",
    "placed",
    "span_of",
    "span_over",
    "time_axis",
]

Every = Literal["day", "week", "month"]
_MOST_DAYS, _MOST_WEEKS = 190, 1_300
_TRUNCATED = {"day": "1d", "week": "1w", "month": "1mo"}


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
        from callkit.charts.verdicts import by_verdict  # noqa: PLC0415 - which draws with the pieces of this module

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


def placed(days: pl.DataFrame, every: Every) -> pl.DataFrame:
    """Give every day the place of its bar, as milliseconds of UTC so that no browser shifts it, and its label.

    A twentieth is left free on either side of a bar.
    """
    day = pl.col("day")
    start = day.cast(pl.Datetime("ms")).dt.epoch("ms")
    end = day.dt.offset_by(_TRUNCATED[every]).cast(pl.Datetime("ms")).dt.epoch("ms")
    gap = (end - start) // 20
    formats = {"day": "%a %-d %b %Y", "week": "week of %-d %b %Y", "month": "%B %Y"}
    return days.with_columns(
        (start + gap).alias("start"),
        (end - gap).alias("end"),
        day.dt.to_string(formats[every]).alias("label"),
        day.dt.to_string("%Y-%m-%d").alias("day"),
    )


def time_axis(tz: str, every: Every, span: tuple[int, int]) -> alt.X:
    """Make the axis of days: in UTC, which is what the places of the bars are in, and with ticks for its length."""
    days = (span[1] - span[0]) / 86_400_000
    ticks: Literal["day", "week", "month", "year"]
    if every == "day":
        ticks, written_as = "day" if days <= 14 else "week", "%-d %b"
    else:
        ticks, written_as = "month" if days <= 2 * 366 else "year", "%b %Y"
    return alt.X(
        "start:T",
        scale=alt.Scale(type="utc", nice=False, domain=list(span)),
        title=f"{every.capitalize()}s in {tz}",
        axis=alt.Axis(format=written_as, grid=False, labelOverlap=True, tickCount=ticks),
    )


def every_of(calls: pl.LazyFrame) -> tuple[Every | None, str]:
    """Days, weeks or months, whichever leaves a bar wide enough; and how many calls have no instant."""
    first, last, unplaced = (
        calls.select(
            pl.col("at").min().alias("first"),
            pl.col("at").max().alias("last"),
            pl.col("at").null_count().alias("unplaced"),
        )
        .collect(engine="streaming")
        .row(0)
    )
    said = f"{unplaced:,} call{'s' if unplaced != 1 else ''} without an instant not shown" if unplaced else ""
    if first is None:
        return None, said
    return coarse(last - first), said


def coarse(span: timedelta) -> Every:
    """How long a bar is for so long a period."""
    return "day" if span.days <= _MOST_DAYS else "week" if span.days <= _MOST_WEEKS else "month"


def first_day(tz: str, every: Every) -> pl.Expr:
    """The first day of the bar that a call belongs to, as `day`."""
    day = pl.col("at").dt.convert_time_zone(tz).dt.date()
    return day.dt.truncate(_TRUNCATED[every]).alias("day")


def span_over(days: pl.DataFrame, every: Every) -> tuple[int, int]:
    """The ends of an axis over all rows of `day`."""
    first, last = days.select(pl.col("day").min(), pl.col("day").max().alias("last")).row(0)
    return span_of(first, last, every)


def span_of(first: date, last: date, every: Every) -> tuple[int, int]:
    """The ends of an axis from the bar of one day to that of another, in milliseconds of UTC."""
    bars = pl.Series([first, last]).dt.truncate(_TRUNCATED[every])
    edges = [bars[0], bars.dt.offset_by(_TRUNCATED[every])[1]]
    begin, end = pl.Series(edges).cast(pl.Datetime("ms")).dt.epoch("ms")
    return begin, end
