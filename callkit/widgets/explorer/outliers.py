"""What stands out, named in words: days unlike their weekday, members unlike the others.

A value stands out by the modified z-score of Iglewicz and Hoaglin: 0.6745 · (value − median) / median absolute
deviation beyond 3.5, which a few extremes cannot hide; and only if it is off by a quarter at least, in a group of
enough calls for that to mean something.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from callkit.charts.asking import written
from callkit.measures import Measure

BEYOND = 3.5
OFF_BY = 0.25
ENOUGH_CALLS = 20
ENOUGH_GROUPS = 7
ENOUGH_WEEKS = 4

SCHEMA = pl.Schema(
    {
        "of": pl.String,
        "name": pl.String,
        "measure": pl.String,
        "value": pl.Float64,
        "usual": pl.Float64,
        "score": pl.Float64,
        "calls": pl.Int64,
        "sentence": pl.String,
    }
)


def odd_days(
    days: pl.DataFrame,
    measures: Sequence[Measure],
    currency: str | None,
    edges: tuple[date, date] | None = None,
) -> pl.DataFrame:
    """Find days that are unlike other days of the same weekday.

    Parameters
    ----------
    days : pl.DataFrame
        day (Date), calls and the measures.
    edges : tuple of date, optional
        The first and the last day of all records, which may not be whole days: the sentence says so.

    Returns
    -------
    pl.DataFrame
        of, name, measure, value, usual, score, calls, sentence. The oddest first.
    """
    weekday = pl.col("day").dt.weekday()
    label = pl.col("day").dt.to_string("%a %-d %b %Y")
    for edge, which in zip(edges or (), ("first", "last"), strict=False):
        at_edge = pl.col("day") == edge
        label = pl.when(at_edge).then(label + f" (the {which} day of the records)").otherwise(label)
    found = []
    for measure in measures:
        value = pl.col(measure.name).cast(pl.Float64)
        known = days.filter(value.is_not_null()).select("day", "calls", value.alias("value"))
        # The usual value of a Saturday is that of Saturdays, once there are some.
        several = pl.len().over(weekday) >= ENOUGH_WEEKS
        usual = (
            pl.when(several).then(pl.col("value").median().over(weekday)).otherwise(pl.col("value").median())
        )
        rows = known.with_columns(usual.alias("usual"), label.alias("name"), pl.lit("day").alias("of"))
        found.append(_odd(rows, measure, currency, "{}: {}, where {} would be usual"))
    return _ranked(found)


def odd_members(
    members: pl.DataFrame, by: str, measures: Sequence[Measure], currency: str | None
) -> pl.DataFrame:
    """Find members of a dimension that are unlike the others; only by what does not simply grow with the calls.

    Parameters
    ----------
    members : pl.DataFrame
        name, calls and the measures.

    Returns
    -------
    pl.DataFrame
        As `odd_days`.
    """
    found = []
    for measure in measures:
        if measure.adds_up:
            continue
        value = pl.col(measure.name).cast(pl.Float64)
        known = members.filter(value.is_not_null()).select("name", "calls", value.alias("value"))
        busy = known.filter(pl.col("calls") >= ENOUGH_CALLS)
        rows = busy.with_columns(pl.col("value").median().alias("usual"), pl.lit(by).alias("of"))
        found.append(_odd(rows, measure, currency, "{}: {}, where {} is in the middle"))
    return _ranked(found)


def _odd(rows: pl.DataFrame, measure: Measure, currency: str | None, words: str) -> pl.DataFrame:
    if rows.height < ENOUGH_GROUPS:
        return pl.DataFrame(schema=SCHEMA)
    # A day of a quiet weekday counts by how far it is off its own usual value, in parts of it.
    ratio = pl.col("value") / pl.col("usual")
    spread = rows.filter(pl.col("usual") > 0).select((ratio - 1).abs().median()).item() or 0.0
    scored = rows.filter(pl.col("usual") > 0).with_columns(
        (0.6745 * (ratio - 1) / max(spread, 0.01)).alias("score"), pl.lit(measure.name).alias("measure")
    )
    odd = scored.filter(
        pl.col("score").abs() > BEYOND, (ratio - 1).abs() >= OFF_BY, pl.col("calls") >= ENOUGH_CALLS
    )
    sentences = [
        words.format(name, _told(measure, value, currency), _short(measure, usual, currency))
        for name, value, usual in odd.select("name", "value", "usual").iter_rows()
    ]
    told = odd.with_columns(pl.Series("sentence", sentences, pl.String))
    return told.select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())


def _told(measure: Measure, value: float, currency: str | None) -> str:
    short = _short(measure, value, currency)
    return (
        f"{short} {measure.title.lower()}"
        if measure.kind in ("count", "money")
        else f"{measure.title} {short}"
    )


def _short(measure: Measure, value: float, currency: str | None) -> str:
    """A value in a sentence: a typical one, so that the last digits say nothing."""
    if measure.kind == "count":
        return f"{value:,.0f}"
    if measure.of_money:
        return f"{value:,.4g} {measure.unit_in(currency)}"
    return written(measure, value, currency)


def _ranked(found: Sequence[pl.DataFrame]) -> pl.DataFrame:
    together = pl.concat([pl.DataFrame(schema=SCHEMA), *found])
    return together.sort(pl.col("score").abs(), "name", "measure", descending=[True, False, False])
