"""The axis of days, weeks or months that bars stand on, and the day that a call belongs to."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

import altair as alt
import polars as pl

__all__ = ["Every", "coarse", "every_of", "first_day", "placed", "span_of", "span_over", "time_axis"]

Every = Literal["day", "week", "month"]
_MOST_DAYS, _MOST_WEEKS = 190, 1_300
_TRUNCATED = {"day": "1d", "week": "1w", "month": "1mo"}


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
