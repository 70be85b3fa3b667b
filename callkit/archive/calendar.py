"""Coverage as a calendar: a column a week, a row a weekday, one strip a source and account."""

from __future__ import annotations

import altair as alt
import polars as pl

__all__ = ["calendar"]

# Okabe and Ito's palette: told apart by colour-blind readers, on white and on black.
_COLORS = {
    "complete": "#009E73",
    "open": "#56B4E9",
    "held": "#0072B2",
    "partial": "#E69F00",
    "missing": "#D55E00",
    "gone": "#999999",
}
_MEANINGS = {
    "complete": "complete",
    "open": "not over yet",
    "held": "held (asked by id)",
    "partial": "partly read",
    "missing": "not read, still to be had",
    "gone": "not read, forgotten by the vendor",
}
_WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_CELL = 26


def calendar(coverage: pl.DataFrame) -> alt.Chart:
    """Draw `Archive.coverage()`.

    Each day has the colour of its state and the number of its records; what runs out next stands above.

    Parameters
    ----------
    coverage
        At least one day.

    Returns
    -------
    alt.Chart
        One row of cells a weekday, faceted by source and account.
    """
    if coverage.is_empty():
        raise ValueError("there is nothing to draw yet: the archive holds no day")
    monday = pl.col("day") - pl.duration(days=pl.col("day").dt.weekday() - 1)
    days = coverage.select(
        "source",
        "account",
        strip=pl.format("{}, account {}", "source", "account"),
        week=monday.dt.strftime("%Y-%m-%d"),
        weekday=pl.col("day")
        .dt.weekday()
        .replace_strict(dict(enumerate(_WEEKDAYS, 1)), return_dtype=pl.String),
        day=pl.col("day").dt.strftime("%a %Y-%m-%d"),
        state=pl.col("status").replace_strict(_MEANINGS, return_dtype=pl.String),
        records="records",
        shown=pl.col("records").map_elements(_short, return_dtype=pl.String),
        sentence=pl.col("sentence").fill_null(""),
    )
    there = [status for status in _COLORS if status in set(coverage["status"])]
    color = alt.Color(
        "state:N",
        title=None,
        scale=alt.Scale(
            domain=[_MEANINGS[status] for status in there], range=[_COLORS[status] for status in there]
        ),
        legend=alt.Legend(orient="top"),
    )
    weeks = days["week"].unique().sort()
    months = {week: f"{int(week[8:])} {_MONTHS[int(week[5:7]) - 1]}" for week in weeks}
    week_names = "{" + ", ".join(f"'{week}': '{name}'" for week, name in months.items()) + "}"
    base = alt.Chart(days).encode(
        x=alt.X(
            "week:O",
            title="Week from Monday (days in UTC)",
            axis=alt.Axis(
                labelExpr=f"({week_names})[datum.value]", labelAngle=-45, ticks=False, domain=False
            ),
        ),
        y=alt.Y("weekday:O", title=None, sort=_WEEKDAYS, axis=alt.Axis(ticks=False, domain=False)),
        tooltip=[
            alt.Tooltip("day:N", title="Day"),
            alt.Tooltip("records:Q", title="Records", format=","),
            alt.Tooltip("state:N", title="State"),
            alt.Tooltip("sentence:N", title="Next"),
        ],
    )
    cells = base.mark_rect(cornerRadius=3, stroke="white", strokeWidth=1.5).encode(color=color)
    counts = base.mark_text(fontSize=9, color="white").encode(text="shown:N")
    chart: alt.Chart = (
        alt.layer(cells, counts)
        .properties(width=alt.Step(_CELL + 8), height=alt.Step(_CELL))
        .facet(
            row=alt.Row(
                "strip:N", title=None, header=alt.Header(labelAngle=0, labelAnchor="start", labelOrient="top")
            )
        )
        .properties(title=_title(coverage))
        .configure_view(strokeOpacity=0)
    )
    return chart


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _short(records: int) -> str:
    """A count that fits into a cell."""
    if records < 1_000:
        return str(records or "")
    if records < 10_000:
        return f"{records / 1_000:.1f}k"
    return f"{records / 1_000:.0f}k" if records < 1_000_000 else f"{records / 1_000_000:.1f}M"


def _title(coverage: pl.DataFrame) -> alt.TitleParams:
    next_out = coverage.filter(pl.col("expires_at").is_not_null()).sort("expires_at", "day").head(1)
    said = (
        next_out["sentence"].item() if next_out.height else "Nothing that the vendors still show is missing."
    )
    records = coverage["records"].sum()
    return alt.TitleParams(
        f"{records:,} records held",
        subtitle=said,
        anchor="start",
        subtitleColor="#777777",
    )
