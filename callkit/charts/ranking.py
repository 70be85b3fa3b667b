"""One measure by destination, ranked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import altair as alt
import polars as pl

from callkit.cdr import as_lazy
from callkit.charts.asking import calls_of, currencies, joined, measured, one_of, sized, written
from callkit.charts.dressing import (
    FIRST,
    VERDICT_COLORS,
    Chart,
    Theme,
    dressed,
    faded,
    layered,
    look,
    nothing,
    picking,
    titled,
)
from callkit.measures import COUNTED, PAID, sums

if TYPE_CHECKING:
    from callkit.measures import Measure

ROW = 21
LONGEST = 42
MOST = 200
"""Bars at most; a name longer than `LONGEST` letters is cut, and whole in the tooltip."""


def destinations(
    cdrs: object,
    measure: str = "cost",
    *,
    top: int = 15,
    currency: str | None = None,
    theme: Theme = "light",
    width: int = 460,
) -> Chart:
    """Draw the destinations with the most calls, money or whatever is asked for, and all others as one bar.

    Parameters
    ----------
    cdrs : frame
        A CDR frame.
    measure : str
        A name of `callkit.measures.MEASURES`. What does not add up (ASR, an effective rate) is drawn for the
        destinations with the most calls, the highest value first.
    top : int
        How many, from 1 to 200.
    currency : str, optional
        Of money; by default the one with the most of it.
    theme : str
        `light` or `dark`.
    width : int
        Of the plot, in pixels; names and numbers stand outside of it.

    Returns
    -------
    alt.LayerChart
        One bar per destination. A click selects `pick`, by `destination` as it stands in the frame (null for none).

    Raises
    ------
    ValueError
        If a column is missing, or the measure or currency is unknown.

    Examples
    --------
    >>> import callkit as ck
    >>> with ck.Sandbox(calls=500, seed=7, billing_faults=0) as sandbox:
    ...     cdrs = sandbox.itnio_voice().fetch(*sandbox.period)
    >>> ck.charts.destinations(cdrs, "calls", top=5).to_dict()["title"]["text"]
    'Calls by destination'
    """
    width = sized(width)
    if not 1 <= top <= MOST:
        raise ValueError(f"top must be from 1 to {MOST}, got {top}")
    asked = measured(measure, as_lazy(cdrs).collect_schema().names())
    calls = calls_of(cdrs, "destinations", ["destination"])
    chosen, others = one_of(currencies(calls), currency, "destinations") if asked.of_money else (None, "")
    groups = calls.group_by("destination").agg(sums(chosen)).collect(engine="streaming")
    title = f"{asked.title} by destination"
    ranked = ranks(groups, "destination", asked, top)
    if ranked.is_empty():
        why = f"There is no call with a value{f' in {chosen}' if chosen else ''}."
        return nothing(why, title=title, theme=theme, width=width)
    drawn = draw_ranks(ranked, "destination", asked, chosen, theme=theme, width=width)
    picked = "" if asked.adds_up else f"the {min(top, groups.height)} with the most calls"
    told = joined(asked.unit_in(chosen), picked if groups.height > top else "", others)
    return dressed(drawn.properties(title=titled(title, told, width + 200)), theme)


def ranks(
    groups: pl.DataFrame,
    by: str,
    measure: Measure,
    top: int,
    *,
    beside: Sequence[Measure] = (),
    always: Sequence[int] = (),
) -> pl.DataFrame:
    """Rank groups by a measure, and put all beyond the first ones together.

    Parameters
    ----------
    groups : pl.DataFrame
        `by`, and the columns of `measures.sums`.
    beside : sequence of Measure
        Computed for the same rows.
    always : sequence
        Groups that have rows of their own, wherever they rank.

    Returns
    -------
    pl.DataFrame
        `by`, members (how many groups a row stands for), calls, the measure, those beside it. The highest first, the
        others last; groups without a value (nothing to divide by, no such money) are left out.
    """
    valued = groups.with_columns(measure.value()).filter(
        pl.col(measure.name).is_not_null(), (pl.col(measure.name) != 0) | (not measure.of_money)
    )
    order = measure.name if measure.adds_up else "calls"
    chosen = pl.col(by).is_in(list(always)).fill_null(value=False)
    ordered = valued.sort(chosen, order, by, descending=[True, True, False], nulls_last=True)
    values = list({which.name: which.value() for which in (measure, *beside)}.values())
    columns = list(dict.fromkeys((by, "members", "calls", measure.name, *(which.name for which in beside))))
    first = ordered.head(top).sort(measure.name, by, descending=[True, False], nulls_last=True)
    first = first.with_columns(pl.lit(1, pl.Int64).alias("members"), *values).select(columns)
    rest = ordered.slice(top)
    if rest.height <= 1:
        return ranks(groups, by, measure, top + 1, beside=beside, always=always) if rest.height else first
    together = rest.select(
        pl.lit(None, rest.schema[by]).alias(by),
        pl.len().cast(pl.Int64).alias("members"),
        *(pl.col(name).sum() for name in (*COUNTED, *PAID)),
    ).with_columns(values)
    return first.vstack(together.select(columns))


def draw_ranks(
    ranked: pl.DataFrame,
    by: str,
    measure: Measure,
    currency: str | None,
    *,
    theme: str,
    width: int,
    color: str | None = None,
    names: bool = True,
    name: str = "ranking",
    key: str | None = None,
    before: str | None = None,
    selection: alt.Parameter | None = None,
) -> alt.LayerChart:
    """Draw the rows of `ranks`: bars, values beside them, the others in grey; undressed.

    `key` is the column that a click selects by, where that is not the name; `before` one with the values of another
    period, drawn as a mark across the bar. A selection is referred to, and not yet added.
    """
    colors = look(theme)
    color = color or _COLORS.get(measure.name, FIRST)
    # The one row that stands for several is the last; one other group alone has no name of its own to hide.
    others = pl.int_range(pl.len()) >= _first_other(ranked)
    rows = (
        ranked.with_columns(
            pl.when(others)
            .then(pl.format("({} others)", "members"))
            .otherwise(pl.col(by).fill_null(f"(no {by.replace('_', ' ')})"))
            .alias("name"),
            others.alias("others"),
            pl.col(measure.name).cast(pl.Float64).alias("value"),
            pl.Series(
                "text", [written(measure, value, currency) for value in ranked[measure.name]], pl.String
            ),
            *_earlier(ranked, before, measure, currency),
        )
        .with_columns(pl.col("name").str.replace_all(r"\p{C}", "\N{REPLACEMENT CHARACTER}"))
        .with_columns(
            pl.when(pl.col("name").str.len_chars() > LONGEST)
            .then(pl.format("{}…", pl.col("name").str.slice(0, LONGEST - 1)))
            .otherwise("name")
            .alias("shown"),
            pl.int_range(pl.len()).alias("rank"),
            pl.col("name").str.slice(0, 200),
        )
    )
    field = key or by
    then = ["before", "before_text"] if before else []
    rows = rows.select("rank", field, "name", "shown", "others", "value", "text", "calls", *then)
    # Two long names may be cut to the same text: the rank is what is placed, and the name stands beside it.
    y = alt.Y("rank:O", title=None, axis=None)
    values = [0.0, *rows["value"].drop_nulls(), *(rows["before"].drop_nulls() if before else ())]
    low, high = min(values), max(values)
    scale = alt.Scale(domain=[low, high] if high > low else [0, 1], nice=False)
    tooltip = [
        alt.Tooltip("name:N", title=by.replace("_", " ").capitalize()),
        alt.Tooltip("text:N", title=measure.title),
        *([] if measure.name == "calls" else [alt.Tooltip("calls:Q", title="Calls", format=",")]),
        *([alt.Tooltip("before_text:N", title="Before")] if before else []),
    ]
    pick = selection or picking(field)
    x = alt.X("value:Q", title=None, scale=scale, axis=None)
    bars = (
        alt.Chart(rows.filter(~pl.col("others")))
        .mark_bar(height=ROW - 7, color=color, cursor="pointer")
        .encode(x=x, y=y, opacity=faded(pick), tooltip=tooltip)
        .properties(name=name, width=width, height=ROW * rows.height)
    )
    if selection is None:
        bars = bars.add_params(pick)
    rest = (
        alt.Chart(rows.filter("others"))
        .mark_bar(height=ROW - 7, color=VERDICT_COLORS["agrees"], opacity=0.6)
        .encode(x=x, y=y, tooltip=tooltip)
    )
    end = pl.max_horizontal("value", *(["before"] if before else [])).fill_null(0.0)
    texts = (
        alt.Chart(rows.with_columns(end.alias("end")))
        .mark_text(align="left", dx=5, color=colors.text, fontSize=11)
        .encode(x=alt.X("end:Q", title=None, scale=scale, axis=None), y=y, text="text:N")
    )
    layers = [bars, rest, texts]
    if before:
        ticks = alt.Chart(rows.filter(pl.col("before").is_not_null()))
        layers.append(
            ticks.mark_tick(color=colors.text, thickness=2, size=ROW - 3).encode(
                x=alt.X("before:Q", title=None, scale=scale, axis=None), y=y, tooltip=tooltip
            )
        )
    if names:
        labels = alt.Chart(rows).mark_text(align="right", color=colors.text, fontSize=12, limit=320)
        layers.append(labels.encode(x=alt.value(-8), y=y, text="shown:N", tooltip=tooltip))
    return layered(*layers)


def _earlier(
    ranked: pl.DataFrame, before: str | None, measure: Measure, currency: str | None
) -> list[pl.Expr | pl.Series]:
    if before is None:
        return []
    texts = [written(measure, value, currency) for value in ranked[before]]
    return [pl.col(before).cast(pl.Float64).alias("before"), pl.Series("before_text", texts, pl.String)]


def _first_other(ranked: pl.DataFrame) -> int:
    several = ranked["members"].max()
    return ranked.height - 1 if isinstance(several, int) and several > 1 else ranked.height


_COLORS = {"overcharge": VERDICT_COLORS["overcharged"], "undercharge": VERDICT_COLORS["undercharged"]}
