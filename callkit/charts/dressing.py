"""How charts look: colours, light and dark, and what stands where nothing can be drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, Literal, TypeVar, cast

import altair as alt
import polars as pl

Theme = Literal["light", "dark"]
Chart = alt.Chart | alt.LayerChart | alt.HConcatChart | alt.VConcatChart
AnyChart = TypeVar("AnyChart", bound=alt.TopLevelMixin)

# Okabe and Ito's palette: told apart by colour-blind readers, on white and on black.
VERDICT_COLORS = {
    "overcharged": "#D55E00",
    "undercharged": "#0072B2",
    "unverified": "#E69F00",
    "agrees": "#999999",
}
"""One colour per verdict, in every chart and in both themes."""

FIRST, SECOND = "#009E73", "#CC79A7"
"""The colours of what is no verdict: one measure, and another one beside it."""

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


@dataclass(frozen=True, slots=True)
class Look:
    """The colours of one theme."""

    background: str
    text: str
    quiet: str
    grid: str
    ramp: tuple[str, str, str]
    other_ramp: tuple[str, str, str]


LOOKS: dict[str, Look] = {
    "light": Look(
        background="#ffffff",
        text="#1f1f1f",
        quiet="#5f5f5f",
        grid="#e4e4e4",
        ramp=("#eef7f3", "#35a986", "#00453a"),
        other_ramp=("#faf1f6", "#cc79a7", "#5f1f45"),
    ),
    "dark": Look(
        background="#111111",
        text="#ececec",
        quiet="#b0b0b0",
        grid="#343434",
        ramp=("#16231f", "#009e73", "#b9f2df"),
        other_ramp=("#241a20", "#b5628f", "#fadcec"),
    ),
}


def look(theme: str) -> Look:
    """Take the colours of a theme.

    Raises
    ------
    ValueError
        If there is no such theme.
    """
    if theme not in LOOKS:
        raise ValueError(f"theme must be 'light' or 'dark', got {theme!r}")
    return LOOKS[theme]


def dressed(chart: AnyChart, theme: str) -> AnyChart:
    """Give a finished chart its colours, fonts and margins."""
    colors = look(theme)
    styled: AnyChart = chart.configure(
        background=colors.background,
        font=FONT,
        padding=8,
        axis={
            "labelColor": colors.text,
            "titleColor": colors.quiet,
            "titleFontWeight": "normal",
            "titleFontSize": 12,
            "labelFontSize": 11,
            "gridColor": colors.grid,
            "domainColor": colors.grid,
            "tickColor": colors.grid,
            "labelLimit": 320,
        },
        legend={
            "labelColor": colors.text,
            "titleColor": colors.quiet,
            "labelFontSize": 11,
            "labelLimit": 320,
            "symbolOpacity": 1,
            "columnPadding": 20,
        },
        title={
            "anchor": "start",
            "frame": "group",
            "color": colors.text,
            "subtitleColor": colors.quiet,
            "fontSize": 14,
            "subtitleFontSize": 12,
            "subtitlePadding": 5,
            "offset": 10,
        },
        view={"strokeOpacity": 0},
        concat={"spacing": 24},
    )
    return styled


def titled(text: str, told: str, width: int) -> alt.TitleParams:
    """Make a title whose subtitle breaks into lines where the chart ends: Vega does not wrap text by itself."""
    titles, told_in = lines(text, width, 8), lines(told, width)
    return alt.TitleParams(
        text=titles[0] if len(titles) == 1 else titles, subtitle=told_in[0] if len(told_in) == 1 else told_in
    )


def lines(text: str, width: int, letter: float = 6.2) -> list[str]:
    """Break a text into lines of so many pixels."""
    return wrap(text, max(20, int(width / letter))) or [""]


def nothing(why: str, *, title: str, theme: str, width: int, height: int = 120) -> alt.Chart:
    """Draw a chart that says in words that there is nothing to draw, and why."""
    colors = look(theme)
    said = (
        alt.Chart(pl.DataFrame({"said": ["\n".join(lines(why, width - 40, 7))]}))
        .mark_text(lineBreak="\n", color=colors.quiet, fontSize=13, align="center", baseline="middle")
        .encode(text="said:N", x=alt.value(width / 2), y=alt.value(height / 2))
        .properties(width=width, height=height, title=titled(title, "", width))
    )
    chart: alt.Chart = dressed(said, theme)
    return chart


def picking(*fields: str) -> alt.Parameter:
    """Make the selection `pick`: what was clicked, by fields; a click beside everything clears it."""
    return alt.selection_point(name="pick", fields=list(fields), empty=True)


def faded(pick: alt.Parameter, opacity: float = 1.0) -> Any:
    """Fade what was not picked."""
    return alt.when(pick).then(alt.value(opacity)).otherwise(alt.value(0.3))


def shared(chart: alt.HConcatChart, *selections: alt.Parameter) -> alt.HConcatChart:
    """Let all named views of a composed chart have the same selections: a click in one is a click in all.

    Altair would warn of it as of a mistake. It renames views, so that this comes last.
    """
    views = [*_names(chart)]
    copy: Any = chart.copy(deep=["params"])
    described = [selection.param.to_dict() for selection in selections]  # type: ignore[union-attr]  # made by us
    copy.params = [alt.TopLevelSelectionParameter(**told, views=views) for told in described]
    return cast("alt.HConcatChart", copy)


def layered(*parts: alt.Chart) -> alt.LayerChart:
    """Lay charts over each other; none of them is faceted."""
    return cast("alt.LayerChart", alt.layer(*parts))


def _names(chart: Any) -> Iterator[str]:
    for kind in ("hconcat", "vconcat", "layer"):
        for part in getattr(chart, kind, []):
            yield from _names(part)
    if isinstance(chart, alt.Chart) and isinstance(chart.name, str):
        yield chart.name
