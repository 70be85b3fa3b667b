"""Calls from every side: two measures at once, by day, by hour, by whatever tells calls apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from html import escape
from typing import Any

import ipywidgets as widgets
import polars as pl
import traitlets

from callkit.charts.dressing import Chart, look
from callkit.charts.hours import WEEKDAYS
from callkit.widgets.explorer.charts import TOP, Asked, brushed, days_chart, hours_chart, ranking_chart
from callkit.widgets.explorer.cube import DIMENSIONS, Cube, Part, measured
from callkit.widgets.explorer.markup import sentences, table, tiles, wrapped
from callkit.widgets.explorer.outliers import odd_days, odd_members
from callkit.widgets.offline import mount, on_brush, on_pick, pictures
from callkit.widgets.surroundings import Surroundings

_NARROWEST, _WIDEST, _USUAL = 560, 1_500, 900
_SETTLED = 250
"""Milliseconds without a movement after which a brush counts as drawn."""

AGAINST = {
    "nothing": "nothing",
    "days": "the days before",
    "weeks": "the same weekdays before",
    "month": "a month before",
}


class Explorer(widgets.VBox):  # type: ignore[misc]  # ipywidgets ships no types
    """Ad hoc questions to calls: what, when, where, and what is unusual about it.

    Brush some days, click an hour, a destination or whatever the calls are ranked by, and all the rest follows. Every
    choice can be set from Python, and what is chosen comes out as frames.

    Parameters
    ----------
    cdrs : frame
        A CDR frame, eager or lazy; `Reconciliation.cdrs` has measures of its own.
    tz : str
        The zone of days and hours.
    theme : str
        `light`, `dark`, or `auto`: as the page is.
    width : int, optional
        In pixels; by default as wide as the page allows, between 560 and 1,500.

    Attributes
    ----------
    measure, beside : ipywidgets.Dropdown
        What is drawn on the left and on the right, by the names of `callkit.measures.MEASURES`; `beside` may be None.
    by : ipywidgets.Dropdown
        By what calls are ranked: destination, country, bill_period, reason, caller, source.
    currency : ipywidgets.Dropdown
        Of everything that is money. Amounts of several currencies are never added up.
    against : ipywidgets.Dropdown
        Which period the stretch is compared with: `nothing`, `days` (as many days before), `weeks` (the same weekdays
        before), `month`.
    stretch : tuple of date or None
        The first and the last day that are chosen; None for all.
    hour : tuple of int or None
        Weekday (1 = Monday … 7) and hour that are chosen.
    only : dict
        Which members are chosen, by dimension: `{"destination": ["Poland(Play)"]}`. Countries are ISO 3166 codes; None
        is for calls without one.
    days, hours, ranking : altair.JupyterChart
        The mounted charts; their `.chart` is what is shown.
    told, stands_out, listed : ipywidgets.HTML
        What is chosen with every measure, what stands out, and the table.
    surroundings : Surroundings
        What the browser says of the page.

    Examples
    --------
    >>> import callkit as ck
    >>> with ck.Sandbox(calls=500, seed=7) as sandbox:
    ...     cdrs = sandbox.nx_whatsapp().fetch(sandbox.call_ids)
    >>> explorer = ck.widgets.Explorer(cdrs)
    >>> explorer.only = {"bill_period": ["6+6"]}
    >>> explorer.selection.height == explorer.totals["calls"][0] > 0
    True
    """

    stretch = traitlets.Any(None, help="the first and the last day that are chosen, or None")
    hour = traitlets.Any(None, help="weekday (1 to 7) and hour that are chosen, or None")
    only = traitlets.Dict(help="which members are chosen, by dimension")

    def __init__(
        self, cdrs: object, *, tz: str = "UTC", theme: str = "auto", width: int | None = None
    ) -> None:
        if theme != "auto":
            look(theme)
        if width is not None and not _NARROWEST <= width <= _WIDEST:
            raise ValueError(f"width must be from {_NARROWEST} to {_WIDEST} pixels, got {width}")
        self._cube = Cube(cdrs, tz)
        self._theme, self._width = theme, width
        self._drawing = False
        self.surroundings = Surroundings()
        self._controls()
        self.told, self.stands_out, self.listed = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self.days, self.hours, self.ranking = (
            mount(self._draw(name)) for name in ("days", "hours", "ranking")
        )
        self.days.debounce_wait, self.days.max_wait = _SETTLED, False
        super().__init__(
            [
                self.surroundings,
                self._row,
                self.told,
                self.days,
                self.hours,
                self.ranking,
                self.stands_out,
                self.listed,
            ],
            layout=widgets.Layout(width="100%", overflow="visible"),
        )
        self._write()
        self._listen()

    @property
    def table(self) -> pl.DataFrame:
        """The members of `by` with every measure: by, currency, the measures.

        With a comparison, the measures of the other period follow, as `…_before`. Sorted by the measure, the highest
        first. Callers are masked; countries are ISO 3166 codes.
        """
        by, measures = self.by.value, list(self._cube.measures.values())
        found = measured(self._cube.added(self._ranked_part(), [by], self.currency.value), measures)
        before = self._before(self._ranked_part())
        if before is not None:
            earlier = measured(self._cube.added(before, [by], self.currency.value), measures)
            found = found.join(earlier, on=by, how="full", coalesce=True, suffix="_before")
        code = pl.col(by).cast(pl.Int64)
        found = found.sort(self.measure.value, code, descending=[True, False], nulls_last=True)
        names = self._cube.names[by].gather(found[by])
        masked = self._cube.shown(by, found[by]) if by == "caller" else names
        return found.with_columns(masked.alias(by)).insert_column(
            1, pl.lit(self.currency.value, pl.String).alias("currency")
        )

    @property
    def totals(self) -> pl.DataFrame:
        """Every measure over what is chosen, in one row: currency, the measures."""
        return self._totals(self._part())

    @property
    def selection(self) -> pl.DataFrame:
        """The calls that are chosen, with all columns of the frame, in the CDR frame's order."""
        return self._cube.calls(self._part())

    @property
    def outliers(self) -> pl.DataFrame:
        """What stands out: of, name, measure, value, usual, score, calls, sentence. Days first, the oddest first."""
        measures, currency, by = self._measures(), self.currency.value, self.by.value
        wanted = list({which.name: which for which in (self._cube.measures["calls"], *measures)}.values())
        days = measured(self._cube.added(self._part(), ["day"], currency), wanted)
        members = measured(self._cube.added(self._ranked_part(), [by], currency), wanted)
        named = members.with_columns(self._cube.shown(by, members[by]).alias("name"))
        return pl.concat(
            [odd_days(days, measures, currency, self._cube.days), odd_members(named, by, measures, currency)]
        )

    def clear(self, _button: object = None) -> None:
        """Choose all calls again."""
        with self.hold_trait_notifications():
            self.stretch, self.hour, self.only = None, None, {}

    @traitlets.validate("stretch")
    def _check_stretch(self, proposal: dict[str, Any]) -> tuple[date, date] | None:
        value = proposal["value"]
        if value is None:
            return None
        if not (
            isinstance(value, Sequence) and len(value) == 2 and all(isinstance(day, date) for day in value)
        ):
            raise ValueError(f"stretch must be the first and the last day, as dates, or None; got {value!r}")
        first, last = value
        if first > last:
            raise ValueError(f"stretch ends before it begins: {first} to {last}")
        return first, last

    @traitlets.validate("hour")
    def _check_hour(self, proposal: dict[str, Any]) -> tuple[int, int] | None:
        value = proposal["value"]
        if value is None:
            return None
        if not (isinstance(value, Sequence) and len(value) == 2) or not (
            value[0] in range(1, 8) and value[1] in range(24)
        ):
            raise ValueError(
                f"hour must be a weekday (1 = Monday … 7) and an hour (0 … 23), or None; got {value!r}"
            )
        return value[0], value[1]

    @traitlets.validate("only")
    def _check_only(self, proposal: dict[str, Any]) -> dict[str, list[str | None]]:
        kept = {}
        for name, members in proposal["value"].items():
            if name not in DIMENSIONS:
                raise ValueError(f"only: calls are told apart by {', '.join(DIMENSIONS)}; got {name!r}")
            if isinstance(members, str) or not isinstance(members, Iterable):
                raise ValueError(f"only: {name} needs a list of members, got {members!r}")  # noqa: TRY004 - as above
            if members := list(members):
                self._cube.codes(name, members)
                kept[name] = members
        return kept

    def _controls(self) -> None:
        cube = self._cube
        titles: list[tuple[str, str | None]] = [
            (measure.title, name) for name, measure in cube.measures.items()
        ]
        wide = widgets.Layout(width="auto")
        style = {"description_width": "initial"}
        first = "cost" if cube.currencies else "minutes"
        self.measure = widgets.Dropdown(
            options=titles, value="calls", description="Measure", layout=wide, style=style
        )
        self.beside = widgets.Dropdown(
            options=[("nothing", None), *titles], value=first, description="beside", layout=wide, style=style
        )
        named = next((name for name in DIMENSIONS if cube.names[name].n_unique() > 1), "destination")
        self.by = widgets.Dropdown(
            options=[(title, name) for name, title in DIMENSIONS.items()],
            value=named,
            description="by",
            layout=wide,
            style=style,
        )
        no_currency: list[Any] = [("none", None)]
        self.currency = widgets.Dropdown(
            options=[*cube.currencies] if cube.currencies else no_currency,
            description="in",
            layout=wide,
            style=style,
        )
        self.against = widgets.Dropdown(
            options=[(title, name) for name, title in AGAINST.items()],
            description="against",
            layout=wide,
            style=style,
        )
        self._clear = widgets.Button(description="All calls", tooltip="Choose all calls again", layout=wide)
        self._row = widgets.HBox(
            [self.measure, self.beside, self.by, self.currency, self.against, self._clear],
            layout=widgets.Layout(flex_flow="row wrap", grid_gap="2px 10px"),
        )

    def _listen(self) -> None:
        for control in (self.measure, self.beside, self.by, self.currency, self.against):
            control.observe(self._refresh, "value")
        self._clear.on_click(self.clear)
        self.observe(self._refresh, ["stretch", "hour", "only"])
        self.surroundings.observe(self._refresh, ["dark", "width"])
        on_brush(self.days, "brush", self._brushed)
        on_pick(self.hours, "hour", self._hour_picked)
        on_pick(self.ranking, "member", self._member_picked)

    def _brushed(self, ends: dict[str, Any]) -> None:
        days = self._cube.days
        stretch = brushed(next(iter(ends.values())), days) if ends and days else None
        self._from_chart("days", "stretch", stretch)

    def _hour_picked(self, picked: list[dict[str, Any]]) -> None:
        last = picked[-1] if picked else None
        hour = None if last is None else (WEEKDAYS.index(last["weekday"]) + 1, int(last["hour"]))
        self._from_chart("hours", "hour", hour)

    def _member_picked(self, picked: list[dict[str, Any]]) -> None:
        by = self.by.value
        names = self._cube.names[by]
        only = {name: members for name, members in self.only.items() if name != by}
        if picked:
            only[by] = [names[int(one["key"])] for one in picked]
        self._from_chart("ranking", "only", only)

    def _from_chart(self, chart: str, trait: str, value: object) -> None:
        """Take over what was chosen in a chart, which is left as it is: it shows the choice already."""
        self._untouched = chart
        try:
            setattr(self, trait, value)
        finally:
            self._untouched = None

    _untouched: str | None = None

    def _refresh(self, _change: object = None) -> None:
        for name, mounted in (("days", self.days), ("hours", self.hours), ("ranking", self.ranking)):
            if name != self._untouched:
                mounted.chart = self._draw(name)
        self._write()

    def _draw(self, name: str) -> Chart:
        asked, cube, part = self._asked(), self._cube, self._part()
        if name == "days":
            return days_chart(cube, part.but(days=None), asked, self.stretch)
        if name == "hours":
            return hours_chart(cube, part.but(hour=None), asked, self.hour)
        by, ranked = self.by.value, self._ranked_part()
        chosen, before = part.members.get(by, ()), self._before(ranked)
        return ranking_chart(cube, ranked, asked, by, chosen=chosen, before=before)

    def _write(self) -> None:
        measures, currency, by = list(self._cube.measures.values()), self.currency.value, self.by.value
        before = self._before(self._part())
        self.told.value = tiles(
            self.totals,
            None if before is None else self._totals(before),
            measures,
            currency,
            chosen=self._in_words(before),
        )
        odd = self.outliers["sentence"].to_list()
        self.stands_out.value = sentences(odd[:5], len(odd) - 5 if len(odd) > 5 else 0)
        rows = measured(self._cube.added(self._ranked_part(), [by], currency), measures)
        rows = rows.sort(self.measure.value, by, descending=[True, False], nulls_last=True)
        head = rows.head(TOP)
        more = rows.height - head.height
        body = table(head, self._cube.shown(by, head[by]), DIMENSIONS[by], measures, currency)
        left = f'<span class="callkit-quiet">{more:,} more in <code>.table</code></span>' if more > 0 else ""
        self.listed.value = body + wrapped(left)

    def _asked(self) -> Asked:
        theme = self._theme if self._theme != "auto" else "dark" if self.surroundings.dark else "light"
        width = self._width or min(_WIDEST, max(_NARROWEST, (self.surroundings.width or _USUAL) - 40))
        return Asked(tuple(self._measures()), self.currency.value, theme, width)

    def _measures(self) -> list[Any]:
        names = dict.fromkeys(name for name in (self.measure.value, self.beside.value) if name)
        return [self._cube.measures[name] for name in names]

    def _part(self) -> Part:
        members = {name: self._cube.codes(name, chosen) for name, chosen in self.only.items()}
        return Part(self.stretch, self.hour, members)

    def _ranked_part(self) -> Part:
        """What is ranked: the members of the dimension are all shown, chosen or not."""
        part = self._part()
        return part.but(
            members={name: codes for name, codes in part.members.items() if name != self.by.value}
        )

    def _before(self, part: Part) -> Part | None:
        """The same in the period that is compared with."""
        stretch = self.stretch
        if self.against.value == "nothing" or stretch is None:
            return None
        first, last = stretch
        days = (last - first).days + 1
        if self.against.value == "month":
            month = pl.Series([first, last]).dt.offset_by("-1mo")
            return part.but(days=(month[0], month[1]))
        shift = timedelta(days=days if self.against.value == "days" else -(-days // 7) * 7)
        return part.but(days=(first - shift, last - shift))

    def _totals(self, part: Part) -> pl.DataFrame:
        added = self._cube.added(part, [], self.currency.value)
        values = measured(added, list(self._cube.measures.values()))
        return values.select(pl.lit(self.currency.value, pl.String).alias("currency"), pl.all())

    def _in_words(self, before: Part | None) -> str:
        told = []
        if self.stretch is not None:
            told.append(_days_in_words(self.stretch))
        if self.hour is not None:
            told.append(f"{WEEKDAYS[self.hour[0] - 1]} {self.hour[1]:02}:00–{self.hour[1]:02}:59")
        for name, members in self.only.items():
            shown = self._cube.shown(name, pl.Series(self._cube.codes(name, members)))
            several = f" and {shown.len() - 3} more" if shown.len() > 3 else ""
            told.append(
                f"{DIMENSIONS[name].lower()} {', '.join(text[:60] for text in shown.head(3))}{several}"
            )
        words = (
            "Chosen: " + " · ".join(told)
            if told
            else "All calls: brush days, click an hour or a bar to choose some"
        )
        if before is not None and before.days is not None:
            words += f" · against {_days_in_words(before.days)}"
        elif self.against.value != "nothing":
            words += " · brush some days to compare them"
        if self._cube.unplaced:
            words += f" · {self._cube.unplaced:,} calls have no instant and belong to no day"
        return escape(words)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Add the pictures as they stand, for a reader of the saved notebook."""
        bundle = super()._repr_mimebundle_(**kwargs)
        return {**bundle, **pictures(self.days.chart, self.hours.chart, self.ranking.chart)}


def _days_in_words(days: tuple[date, date]) -> str:
    first, last = days
    if first == last:
        return f"{first:%a} {first.day} {first:%b %Y}"
    return f"{first.day} {first:%b %Y} to {last.day} {last:%b %Y} ({(last - first).days + 1} days)"
