"""The result section: the numbers first, then what repeats, where it comes from, and the calls behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from html import escape
from typing import Any

import ipywidgets as widgets
import polars as pl

from callkit import cdr
from callkit.charts.asking import money_words
from callkit.charts.dressing import Chart
from callkit.invoice import Invoice, TieOut
from callkit.reconciliation import Reconciliation
from callkit.widgets.offline import mount, on_pick
from callkit.widgets.surroundings import Surroundings
from callkit.widgets.workbench.call_table import CallTable
from callkit.widgets.workbench.calls import Calls, Chosen, amounts
from callkit.widgets.workbench.drawing import NARROW, Drawing
from callkit.widgets.workbench.headline import as_html, headline
from callkit.widgets.workbench.pieces import Section, button, counted, folded, labelled, quiet, row, shown

SHOWS = [
    ("money billed wrongly", "difference"),
    ("calls that do not agree", "verdict"),
    ("all money", "cost"),
    ("all calls", "calls"),
]
_PATTERNS = 6
_CHARTS = ("bridge", "findings", "days", "places")


class ResultSection(Section):
    """What was found, and the calls behind whatever is clicked.

    Attributes
    ----------
    currency : ipywidgets.Dropdown
        Of the pictures; amounts of several currencies are never added up.
    shows : ipywidgets.Dropdown
        What days and destinations show: `difference`, `verdict`, `cost`, `calls`.
    bill_period : ipywidgets.Dropdown
        Of the staircase.
    table : CallTable
        The chosen calls, a page at a time.
    headline, patterns, tied, explanation, told : ipywidgets.HTML
        The numbers, the sentences, the invoice against the records, the chosen call, and what is chosen.
    bridge, findings, days, places, stairs : callkit.widgets.ChartView
        The mounted charts, once there is a result.
    chosen : Chosen
        Which calls are chosen. Set by `choose`.
    call : dict or None
        The chosen call.
    """

    def __init__(self, surroundings: Surroundings, theme: str) -> None:
        self._surroundings, self._theme = surroundings, theme
        self._calls: Calls | None = None
        self._found = pl.DataFrame()
        self._drawing = False
        self._fresh: set[Any] = set()
        self.chosen = Chosen()
        self.call: dict[str, Any] | None = None
        self.numbers = pl.DataFrame()
        self.empty = widgets.HTML(quiet("Nothing is reconciled yet: fetch, then reconcile."))
        self.headline, self.patterns, self.tied = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self.tied.add_class("ckw-tied")
        self.told, self.explanation, self.groups = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self.currency = labelled(widgets.Dropdown, "Pictures in", options=[("–", None)])
        self.shows = labelled(widgets.Dropdown, "Days and destinations show", options=SHOWS)
        self.bill_period = labelled(widgets.Dropdown, "Staircase of bill period", options=[("–", None)])
        self.table = CallTable()
        self._all = button("All calls", "Choose all calls again")
        self._tie = folded("The invoice against the records", self.tied)
        self._pictures = widgets.VBox([], layout=widgets.Layout(width="100%", overflow="visible"))
        self._detail = widgets.VBox([], layout=widgets.Layout(width="100%", overflow="visible"))
        self._body = widgets.VBox(
            [
                self.headline,
                self._tie,
                self.patterns,
                row(self.currency, self.shows),
                self._pictures,
                row(self.told, self._all),
                self.groups,
                self.table,
                self._detail,
            ],
            layout=widgets.Layout(width="100%", overflow="visible"),
        )
        super().__init__(5, "Result", "click a bar, a day, a destination or a call", [self.empty, self._body])
        shown(self._body, yes=False)
        self.currency.observe(lambda _: self._redraw(_CHARTS), "value")
        self.shows.observe(lambda _: self._redraw(("days", "places")), "value")
        self.bill_period.observe(lambda _: self._draw_stairs(), "value")
        self.table.observe(lambda change: self._select(change["new"]), "chosen")
        self._all.on_click(lambda _: self.clear_choice())
        surroundings.observe(self._resized, ["dark", "width"])

    @property
    def selection(self) -> pl.DataFrame:
        """The chosen calls, with the columns of `Reconciliation.cdrs`."""
        return pl.DataFrame() if self._calls is None else self._calls.records(self._found)

    def show(
        self,
        result: Reconciliation,
        *,
        tied: TieOut | None,
        invoice: Invoice | None,
        tz: str,
        complete: str,
        now: datetime,
    ) -> None:
        """Show a result."""
        self._calls = Calls(result, tz)
        self.numbers = headline(result, invoice)
        self.headline.value = as_html(self.numbers, complete, now)
        self.patterns.value = _patterns(result)
        self.tied.value = "" if tied is None else tied._repr_html_()
        shown(self._tie, yes=tied is not None)
        self._drawing = True
        try:
            of_money = result.totals.sort("billed", descending=True)["currency"].drop_nulls().to_list()
            self.currency.options = of_money or [("–", None)]
            self.currency.value = of_money[0] if of_money else None
            self._offer_periods()
        finally:
            self._drawing = False
        self.chosen = Chosen()
        if not self._pictures.children:
            self._mount()
        else:
            self._redraw_all()
        shown(self.empty, yes=False)
        shown(self._body, yes=True)
        self._filter()

    def clear(self) -> None:
        """Show nothing any more: what is shown belongs to other records."""
        self._calls, self._found = None, pl.DataFrame()
        self.numbers, self.call, self.chosen = pl.DataFrame(), None, Chosen()
        for said in (self.headline, self.patterns, self.tied, self.told, self.explanation, self.groups):
            said.value = ""
        self.table.clear()
        shown(self._body, yes=False)
        shown(self.empty, yes=True)

    def choose(self, **parts: Any) -> None:
        """Choose calls: `steps`, `checks`, `days`, `destinations`, `points`, each a tuple; see `Chosen`.

        Examples
        --------
        `workbench.view.choose(checks=("charged_duration",))`
        """
        self._choose(self.chosen.but(**parts))

    def clear_choice(self) -> None:
        """Choose all calls again."""
        self._choose(Chosen())
        if self._calls is not None and self._pictures.children:
            for name in (*_CHARTS, "stairs"):
                self._unmark(getattr(self, name))

    def select(self, call_id: str, source: str | None = None) -> None:
        """Choose one call by the vendor's id.

        Raises
        ------
        KeyError
            If there is no such call.
        """
        calls = pl.DataFrame() if self._calls is None else self._calls.frame
        found = calls.filter(pl.col("call_id") == call_id) if calls.width else calls
        if source is not None and calls.width:
            found = found.filter(pl.col("source") == source)
        if found.is_empty():
            raise KeyError(f"no call {call_id!r} among the records")
        self._open(found.row(0, named=True))

    def _choose(self, chosen: Chosen) -> None:
        of_currency = chosen.steps or (
            (chosen.days or chosen.destinations) and self.shows.value in ("difference", "cost")
        )
        self.chosen = chosen.but(currency=self.currency.value if of_currency else None)
        self._filter()

    def _filter(self) -> None:
        if self._calls is None:
            return
        self._found = self._calls.chosen(self.chosen)
        self.told.value = _told(self._found, self.chosen)
        said = self._calls.of_groups(self.chosen.checks)[:5] if self.chosen.checks else []
        items = "".join(f"<li>{escape(sentence)}</li>" for sentence in said)
        self.groups.value = f'<ul class="ckw-told">{items}</ul>' if items else ""
        self.table.show(self._found, self._calls.tz)

    def _select(self, at: int) -> None:
        if 0 <= at < self.table.shown.height:
            self._open(self.table.shown.row(at, named=True))

    def _open(self, call: dict[str, Any]) -> None:
        """Explain a call, and mark its place on the staircase."""
        assert self._calls is not None  # noqa: S101 - there is a call
        self.call = call
        try:
            told = self._calls.result.explain(call["call_id"], call["source"])
        except KeyError as error:
            told = str(error.args[0])
        masked = cdr.mask_numbers(pl.DataFrame({"call_id": [call["call_id"]], "explanation": [told]}))
        name, words = masked.row(0)
        self.explanation.value = (
            f'<strong>Call {escape(name or "without an id")}</strong> <span class="ckw-quiet">{escape(call["source"])}'
            f'</span><pre class="ckw-pre">{escape(words)}</pre>'
        )
        periods = [value for _, value in self.bill_period.options]
        if call["bill_period"] in periods and call["bill_period"] != self.bill_period.value:
            self.bill_period.value = call["bill_period"]
        else:
            self._draw_stairs()

    def _mount(self) -> None:
        """Mount the charts: once, because each brings its renderer along."""
        self.bridge, self.findings = mount(self._drawn("bridge")), mount(self._drawn("findings"))
        self.days, self.places = mount(self._drawn("days")), mount(self._drawn("places"))
        self.stairs = mount(self._drawn("stairs"))
        beside = widgets.Layout(width="100%", flex_flow="row wrap", grid_gap="8px 24px", overflow="visible")
        self._pictures.children = [
            widgets.HBox([self.bridge, self.days], layout=beside),
            widgets.HBox([self.findings, self.places], layout=beside),
        ]
        self.explanation.layout.flex = "1 1 420px"
        self.explanation.value = quiet("Click a call in the table: here stands how its charge comes about.")
        stairs = widgets.VBox([self.bill_period, self.stairs], layout=widgets.Layout(overflow="visible"))
        self._detail.children = [widgets.HBox([self.explanation, stairs], layout=beside)]
        picked: dict[Any, tuple[str, Callable[[dict[str, Any]], Any]]] = {
            self.bridge: ("steps", lambda one: one["step"]),
            self.findings: ("checks", lambda one: one["check"]),
            self.days: ("days", lambda one: date.fromisoformat(one["day"])),
            self.places: ("destinations", lambda one: one["destination"]),
        }
        for mounted, (part, value) in picked.items():
            on_pick(mounted, "pick", self._picker(mounted, part, value))
        on_pick(self.stairs, "pick", self._picker(self.stairs, "points", self._point))
        on_pick(self.stairs, "pick_agreeing", self._picker(self.stairs, "points", self._point))

    def _picker(
        self, mounted: Any, part: str, value: Callable[[dict[str, Any]], Any]
    ) -> Callable[[list[dict[str, Any]]], None]:
        def picked(points: list[dict[str, Any]]) -> None:
            # "Billed" is no step: all calls make it up.
            steps = [value(point) for point in points]
            told = tuple(step for step in steps if part != "steps" or step.islower())
            if not points and mounted in self._fresh:
                return  # a chart that was just drawn says that nothing is clicked in it: that is no click
            self._fresh.discard(mounted)
            if told != getattr(self.chosen, part):
                self.choose(**{part: told})

        return picked

    def _point(self, point: dict[str, Any]) -> tuple[str, int, int, str]:
        return (
            self.bill_period.value,
            int(point["call_duration"]),
            int(point["charged_duration"]),
            str(point["verdict"]),
        )

    def _redraw(self, names: Sequence[str]) -> None:
        """Draw some charts again; what was clicked in them is given up."""
        if self._drawing or self._calls is None or not self._pictures.children:
            return
        if self.chosen:
            self.clear_choice()
        for name in names:
            self._swap(name)

    def _resized(self, _change: object = None) -> None:
        self._redraw_all()
        self.table.fit(narrow=0 < self._surroundings.width < NARROW)

    def _redraw_all(self, _change: object = None) -> None:
        if self._calls is None or not self._pictures.children:
            return
        for name in _CHARTS:
            self._swap(name)
        self._draw_stairs()

    def _swap(self, name: str) -> None:
        mounted = getattr(self, name)
        self._fresh.add(mounted)
        mounted.chart = self._drawn(name)

    def _unmark(self, mounted: Any) -> None:
        """Have the browser draw the same chart again, in which nothing is clicked."""
        self._fresh.add(mounted)
        again = mounted.spec.get("usermeta", {}).get("again", 0) + 1
        mounted.spec = {**mounted.spec, "usermeta": {"again": again}}

    def _draw_stairs(self) -> None:
        if not self._drawing and self._detail.children and self._calls is not None:
            self._swap("stairs")

    def _offer_periods(self) -> None:
        assert self._calls is not None  # noqa: S101 - called with a result
        answered = self._calls.frame.lazy().filter(
            pl.col("call_duration") > 0,
            pl.col("expected_charged_duration").is_not_null(),
            pl.col("charged_duration").is_not_null(),
        )
        over = (pl.col("verdict") == "overcharged").sum().alias("over")
        periods = (
            answered.group_by("bill_period")
            .agg(pl.len().alias("calls"), over)
            .sort("over", "calls", "bill_period", descending=[True, True, False])
            .collect()
            .rows()
        )
        options = [(f"{name} ({many:,} of {calls:,} overcharged)", name) for name, calls, many in periods]
        self.bill_period.options = options or [("–", None)]
        self.bill_period.value = options[0][1] if options else None

    def _drawn(self, name: str) -> Chart:
        assert self._calls is not None  # noqa: S101 - called with a result
        auto = "dark" if self._surroundings.dark else "light"
        asked = Drawing(
            calls=self._calls,
            currency=self.currency.value,
            measure=self.shows.value,
            bill_period=self.bill_period.value,
            call=self.call,
            theme=auto if self._theme == "auto" else self._theme,
            width=self._surroundings.width,
        )
        return asked.draw(name)


def _patterns(result: Reconciliation) -> str:
    told = result.patterns["sentence"].to_list()
    if not told:
        return quiet("Nothing repeats.")
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in told[:_PATTERNS])
    more = len(told) - _PATTERNS
    rest = f'<li class="ckw-quiet">and {more} more in result.patterns</li>' if more > 0 else ""
    return f'<strong>What repeats</strong><ul class="ckw-told">{items}{rest}</ul>'


def _told(calls: pl.DataFrame, chosen: Chosen) -> str:
    sums = ", ".join(
        f"{money_words(difference)} {currency}"
        for currency, _, difference in amounts(calls)
        if currency is not None and difference
    )
    count = counted(calls.height, "call")
    which = f": {chosen}" if chosen else ""
    worth = f" Billed − expected: {sums}." if sums else ""
    return f"<strong>{escape(count)}</strong>{escape(which)}.{escape(worth)}"
