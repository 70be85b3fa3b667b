"""The pictures of the Explorer: two measures side by side, by day, by hour of the week, and ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import altair as alt
import polars as pl

from callkit.charts.axis import coarse, span_of
from callkit.charts.days import draw_days
from callkit.charts.dressing import FIRST, SECOND, Chart, dressed, look, nothing, shared, titled
from callkit.charts.hours import WEEKDAYS, draw_hours, unit_of
from callkit.charts.ranking import LONGEST, draw_ranks, ranks
from callkit.measures import Measure
from callkit.widgets.explorer.cube import DIMENSIONS, Cube, Part

TOP = 12
_DAY = 86_400_000
_TRUNCATED = {"day": "1d", "week": "1w", "month": "1mo"}


@dataclass(frozen=True)
class Asked:
    """What is to be drawn: two measures (or one), in one currency, in one look."""

    measures: tuple[Measure, ...]
    currency: str | None
    theme: str
    width: int

    def panel(self, beside: int, between: int) -> int:
        """The width of each plot, where so much stands to the sides of all, and between two."""
        plots = len(self.measures)
        return max(160, (self.width - beside - (plots - 1) * between) // plots)


def days_chart(cube: Cube, part: Part, asked: Asked, stretch: tuple[date, date] | None) -> Chart:
    """Draw both measures by day; a brush in either selects `brush`."""
    if cube.days is None:
        return nothing("No call has a day.", title="By day", theme=asked.theme, width=asked.width)
    every = coarse(cube.days[1] - cube.days[0])
    day = pl.col("day").dt.truncate(_TRUNCATED[every])
    added = cube.added(part, ["day"], asked.currency)
    days = added.group_by(day).agg(pl.exclude("day").sum()).sort("day")
    brush = alt.selection_interval(name="brush", encodings=["x"], value=_ends(stretch))
    panel = asked.panel(70, 60)
    panels = [
        draw_days(
            days.with_columns(measure.value()),
            measure,
            asked.currency,
            every,
            cube.tz,
            width=panel,
            height=130,
            color=color,
            name=f"days_{at}",
            selection=brush,
            span=span_of(*cube.days, every),
            unit=False,
        ).properties(title=_title(measure, asked, f"per {every}", panel))
        for at, (measure, color) in enumerate(zip(asked.measures, (FIRST, SECOND), strict=False))
    ]
    if days.is_empty():
        return nothing("No call is left.", title="By day", theme=asked.theme, width=asked.width)
    return dressed(shared(alt.hconcat(*panels, spacing=60, bounds="flush"), brush), asked.theme)


def hours_chart(cube: Cube, part: Part, asked: Asked, hour: tuple[int, int] | None) -> Chart:
    """Draw both measures by hour of the week; a click selects `hour`."""
    added = cube.added(part, ["weekday", "hour"], asked.currency)
    span = part.days or cube.days
    if added.is_empty() or span is None:
        return nothing("No call is left.", title="By hour of the week", theme=asked.theme, width=asked.width)
    chosen = [] if hour is None else [{"weekday": WEEKDAYS[hour[0] - 1], "hour": hour[1]}]
    pick = _pick("hour", ["weekday", "hour"], chosen)
    colors, panel = look(asked.theme), asked.panel(110, 100)
    panels = [
        draw_hours(
            added.with_columns(measure.value()),
            measure,
            asked.currency,
            cube.tz,
            span,
            theme=asked.theme,
            width=panel,
            ramp=ramp,
            name=f"hours_{at}",
            selection=pick,
        ).properties(title=_hour_title(measure, asked, panel))
        for at, (measure, ramp) in enumerate(
            zip(asked.measures, (colors.ramp, colors.other_ramp), strict=False)
        )
    ]
    chart: alt.HConcatChart = alt.hconcat(*panels, spacing=100, bounds="flush").resolve_scale(
        color="independent"
    )
    return dressed(shared(chart, pick), asked.theme)


def ranking_chart(
    cube: Cube, part: Part, asked: Asked, by: str, *, chosen: Sequence[int], before: Part | None
) -> Chart:
    """Draw the members of a dimension with both measures; a click selects `member`, by its code in `key`."""
    first = asked.measures[0]
    title = f"By {DIMENSIONS[by].lower()}"
    added = cube.added(part, [by], asked.currency)
    ranked = ranks(added, by, first, max(TOP, len(chosen)), beside=asked.measures[1:], always=chosen)
    if ranked.is_empty():
        return nothing("No call is left that has a value.", title=title, theme=asked.theme, width=asked.width)
    named = ranked.with_columns(
        cube.shown(by, ranked[by].fill_null(0)).alias("member"), pl.col(by).cast(pl.Int64).alias("key")
    )
    if before is not None:
        named = _with_earlier(named, cube.added(before, [by], asked.currency), by, asked.measures)
    pick = _pick("member", ["key"], [{"key": code} for code in chosen])
    names = int(min(LONGEST, max(named["member"].str.len_chars())) * 6.8) + 10
    panel = asked.panel(names + 120, 120)
    panels = [
        draw_ranks(
            named,
            "member",
            measure,
            asked.currency,
            theme=asked.theme,
            width=panel,
            color=color,
            names=at == 0,
            name=f"ranking_{at}",
            key="key",
            before=f"{measure.name}_before" if before is not None else None,
            selection=pick,
        ).properties(title=_title(measure, asked, f"by {DIMENSIONS[by].lower()}", panel + 90))
        for at, (measure, color) in enumerate(zip(asked.measures, (FIRST, SECOND), strict=False))
    ]
    return dressed(shared(alt.hconcat(*panels, spacing=120, bounds="flush"), pick), asked.theme)


def _pick(name: str, fields: list[str], chosen: list[Any]) -> alt.Parameter:
    """A selection that begins with what is chosen."""
    return alt.selection_point(name=name, fields=fields, value=chosen or alt.Undefined)


def _title(measure: Measure, asked: Asked, how: str, width: int) -> alt.TitleParams:
    unit = measure.unit_in(asked.currency)
    return titled(f"{measure.short} {how}{f' [{unit}]' if unit else ''}", "", width)


def _hour_title(measure: Measure, asked: Asked, width: int) -> alt.TitleParams:
    told = unit_of(measure, asked.currency) or measure.title
    return titled(f"{measure.short} by hour of the week", told, width)


def _with_earlier(
    ranked: pl.DataFrame, earlier: pl.DataFrame, by: str, measures: Sequence[Measure]
) -> pl.DataFrame:
    values = earlier.select(
        pl.col(by).cast(pl.Int64).alias("key"),
        *(measure.value().alias(f"{measure.name}_before") for measure in measures),
    )
    joined = ranked.join(values, on="key", how="left", maintain_order="left")
    # The bar of the others stands for many, of which some may not have been there before.
    alone = pl.col("members") == 1
    return joined.with_columns(
        pl.when(alone).then(f"{measure.name}_before").alias(f"{measure.name}_before") for measure in measures
    )


def _ends(stretch: tuple[date, date] | None) -> Any:
    """The ends of a stretch of days as the brush has them: milliseconds of UTC."""
    if stretch is None:
        return alt.Undefined
    epoch = date(1970, 1, 1)
    first, last = ((day - epoch) // timedelta(days=1) * _DAY for day in stretch)
    return {"x": [first, last + _DAY]}


def brushed(ends: Sequence[float], days: tuple[date, date]) -> tuple[date, date] | None:
    """The days whose middle a brush covers; None where it covers none, or nothing is left of it."""
    first, last = (value / _DAY for value in sorted(ends)[:: max(1, len(ends) - 1)])
    epoch = date(1970, 1, 1)
    begin = max(days[0], epoch + timedelta(days=-int(-(first - 0.5) // 1)))
    end = min(days[1], epoch + timedelta(days=int((last - 0.5) // 1)))
    return (begin, end) if begin <= end else None
