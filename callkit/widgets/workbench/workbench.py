"""`Workbench`: an invoice reconciled from the source to the dispute, without writing code."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import Any

import ipywidgets as widgets
import polars as pl

from callkit.charts.dressing import look
from callkit.invoice import Invoice, TieOut
from callkit.invoice.best import best_tie_out, tied_again
from callkit.measures import instant
from callkit.reconciliation import Reconciliation, reconcile
from callkit.widgets.surroundings import Surroundings
from callkit.widgets.workbench.check import CheckSection
from callkit.widgets.workbench.code import Asked, code_of
from callkit.widgets.workbench.fetching import FetchSection
from callkit.widgets.workbench.job import Outcome
from callkit.widgets.workbench.period import PeriodSection
from callkit.widgets.workbench.pieces import STYLE, counted
from callkit.widgets.workbench.plans import Plan
from callkit.widgets.workbench.results import ResultSection
from callkit.widgets.workbench.sources import SourceSection
from callkit.widgets.workbench.takeaway import TakeAwaySection

_ENDING = 0.5
"""Seconds: whoever sees that a fetch is complete may be quicker than its thread ends."""


class Workbench(widgets.VBox):  # type: ignore[misc]  # ipywidgets ships no types
    """Fetch, check, see, and take away: six sections from the source of the records to the dispute.

    Every control can be set from Python, and what comes out are frames and objects. What goes wrong stands in the
    section where the cause is, as `.message.text`; the methods raise nothing for it.

    Parameters
    ----------
    source : str, client, Sandbox, Archive, path or frame, optional
        Where the records come from: `sandbox` (the default), `itnio`, `nxcloud`, `file`, `archive`; or what is at hand
        in Python.
    tz : str
        The zone of days and times.
    theme : str
        `light`, `dark`, or `auto`: as the page is.

    Attributes
    ----------
    source : SourceSection
        `.value` is where the records come from.
    period : PeriodSection
        `.first`, `.last` and `.zone`.
    fetching : FetchSection
    check : CheckSection
        `.deck`, `.invoice`, `.rating`, `.tolerance`.
    view : ResultSection
        `.choose(…)` and `.select(call_id)` do what clicks do.
    take_away : TakeAwaySection
        `.make(name)` makes a file.
    cdrs : pl.DataFrame or None
        The records, as they were fetched.
    result : Reconciliation or None
    tie_out : TieOut or None
        The invoice against the records.
    selection : pl.DataFrame
        The calls that are chosen, with the columns of `Reconciliation.cdrs`.

    Examples
    --------
    >>> import callkit as ck
    >>> workbench = ck.widgets.Workbench("sandbox")
    >>> workbench.source.sandbox.calls.value = 500
    >>> cdrs = workbench.fetch()
    >>> result = workbench.reconcile()
    >>> workbench.view.choose(checks=("charged_duration",))
    >>> 0 < workbench.selection.height < cdrs.height
    True
    >>> workbench.close()
    """

    def __init__(self, source: object = None, *, tz: str = "UTC", theme: str = "auto") -> None:
        if theme != "auto":
            look(theme)
        named = isinstance(source, str) and source in ("sandbox", "itnio", "nxcloud", "file", "archive")
        self.cdrs: pl.DataFrame | None = None
        self.result: Reconciliation | None = None
        self.tie_out: TieOut | None = None
        self._plan: Plan | None = None
        self._code = ""
        self._asked: tuple[datetime, datetime] | None = None
        self._around = False
        self._closed = False
        self.surroundings = Surroundings()
        self._ready = False
        self.source = SourceSection(None if named else source, self._source_changed)
        self.period = PeriodSection(tz, lambda: self.source.pane.now)
        self.fetching = FetchSection(self._begin, self._fetched)
        self.check = CheckSection(self._paper_changed)
        self.view = ResultSection(self.surroundings, theme)
        self.take_away = TakeAwaySection(lambda: self.selection)
        self.check.go.on_click(lambda _: self.reconcile())
        self._ready = True
        self._source_changed()
        if named and isinstance(source, str):
            self.source.value = source
        half = widgets.Layout(
            width="100%", display="grid", grid_gap="0 32px",
            grid_template_columns="repeat(auto-fit, minmax(min(100%, 460px), 1fr))",
        )  # fmt: skip
        super().__init__(
            [
                widgets.HTML(STYLE),
                self.surroundings,
                widgets.Box([self.source, self.period], layout=half),
                widgets.Box([self.fetching, self.check], layout=half),
                self.view,
                self.take_away,
            ],
            layout=widgets.Layout(width="100%", overflow="visible"),
        )
        self.add_class("ckw")

    @property
    def selection(self) -> pl.DataFrame:
        """The chosen calls, with the columns of `Reconciliation.cdrs`."""
        return self.view.selection

    @property
    def code(self) -> str:
        """The Python that gives the same result; empty before the first fetch."""
        return self._code

    def fetch(self) -> pl.DataFrame | None:
        """Fetch, and wait for it.

        Returns
        -------
        pl.DataFrame or None
            The records; None where there are none: `fetching.message.text` says why.
        """
        before = self.cdrs
        if not self._begin():
            return None
        self.wait()
        return self.cdrs if self.cdrs is not before else None

    def wait(self, timeout: float | None = None) -> None:
        """Wait until no fetch is under way, at most so many seconds."""
        self.fetching.wait(timeout)

    def cancel(self) -> None:
        """Call off what is under way, and wait for its end."""
        self.fetching.call_off()
        self.wait()

    def reconcile(self) -> Reconciliation | None:
        """Recompute every charge of the records.

        Returns
        -------
        Reconciliation or None
            None where it cannot be done: `check.message.text` says why.
        """
        message = self.check.message
        self.wait(_ENDING)
        if self.fetching.running:
            message.say("A fetch is under way: wait for its end, or cancel it", "error")
            return None
        if self.cdrs is None:
            message.say("There are no records yet: fetch first", "error")
            return None
        self.check.go.disabled = True
        message.say("Reconciling …")
        try:
            with message.telling():
                self._reconciled(self.cdrs)
                return self.result
        finally:
            self.check.go.disabled = False
        return None

    def close(self) -> None:
        """Stop what is under way, forget what was typed and uploaded, and take the widget from the page."""
        if not self._closed:
            self._closed = True
            self.fetching.shut()
            self.source.forget()
        super().close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            if not self._closed:
                self._closed = True
                self.fetching.shut()

    def _source_changed(self) -> None:
        """Another source has other months, papers and records."""
        if not self._ready:
            return
        source = self.source.pane
        self.period.begin_anew(source.months, source.about_period, asked=source.asks_period)
        self.check.of_sandbox(*source.papers)
        self.fetching.begin_anew()
        self._drop_result()
        self.cdrs = None
        self._code = ""

    def _paper_changed(self) -> None:
        if self._ready and self.result is not None:
            self.check.message.say("The papers changed: reconcile again", "note")

    def _begin(self) -> bool:
        """Begin to fetch; False where that cannot even be begun."""
        with self.fetching.message.telling():
            self._plan = self.source.pane.plan(lambda: self.period.fetched)
            self._asked = (self.period.start, self.period.end) if self.source.pane.asks_period else None
            self._around = self.source.pane.asks_period and self.period.around.value
            self.fetching.begin(self._plan)
            return True
        return False

    def _fetched(self, outcome: Outcome) -> None:
        if outcome.cdrs is None or self._plan is None:
            return
        self._drop_result()
        self.cdrs = outcome.cdrs
        self.check.message.clear()

    def _drop_result(self) -> None:
        if self.result is not None:
            self.view.clear()
            self.check.message.clear()
        self.result = self.tie_out = None
        self.check.found.value = ""
        self.take_away.offer(None, None, None, "")

    def _reconciled(self, cdrs: pl.DataFrame) -> None:
        assert self._plan is not None  # noqa: S101 - there are records
        check, tz = self.check, self.period.tz
        rating, tolerance, kept = check.stated, check.allowed, self.source.pane.kept
        deck, invoice = check.deck.value, check.invoice.value
        records, cut, notes = self._meant(cdrs, invoice)
        period = None if cut is not None or self._around else self._asked
        result = reconcile(
            records, rating=rating, rate_deck=deck, archive=kept, tolerance=tolerance, period=period, tz=tz
        )
        found = None if cut is None else tied_again(result, cut)
        self.result, self.tie_out = result, found
        check.tell(result.rating)
        self.view.show(
            result,
            tied=found,
            invoice=invoice,
            tz=tz,
            complete=self.fetching.complete,
            now=self.source.pane.now,
        )
        self._code = code_of(
            Asked(
                fetched=self._plan.code,
                rating=rating,
                tolerance=tolerance,
                inside=self._asked if cut is None and self._around else None,
                period=period,
                tz=tz,
                deck=check.deck.code,
                invoice=None if cut is None else check.invoice.code,
                archive=kept is not None,
            ),
            found,
        )
        self.take_away.offer(result, found, invoice, self._code)
        found_and_claimed = counted(result.findings.height, "finding"), counted(result.claims.height, "call")
        said = f"{', '.join(found_and_claimed)} to claim."
        if found is not None:
            said += f" Invoice: {_lines(found)}."
        check.message.say(said, "done", notes)

    def _meant(
        self, cdrs: pl.DataFrame, invoice: Invoice | None
    ) -> tuple[pl.DataFrame, TieOut | None, list[str]]:
        """Leave out what is not meant: calls that are not on the invoice, else those of the day around the period."""
        notes = []
        if invoice is not None:
            try:
                cut = best_tie_out(cdrs, invoice)
            except ValueError as error:
                notes.append(f"The invoice cannot be held against the records: {error}")
            else:
                inside = cut.cdrs
                if inside.height:
                    outside = cdrs.height - inside.height
                    if outside:
                        notes.append(
                            f"{outside:,} records are not of the invoice's period, which is cut in {cut.cut.tz} by "
                            f"when a call was {cut.cut.clock}: they are left out."
                        )
                    return inside, cut, notes
                notes.append("None of the records is of the invoice's period: is it another month's?")
        if self._around and self._asked is not None:
            start, end = self._asked
            return (
                cdrs.filter(instant().is_between(start, end, closed="left").fill_null(value=True)),
                None,
                notes,
            )
        return cdrs, None, notes

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Say in words what stands here, for a reader of the saved notebook."""
        bundle = super()._repr_mimebundle_(**kwargs)
        told = (
            repr(self.result) if self.result is not None else "callkit workbench: nothing is reconciled yet"
        )
        data, *rest = bundle if isinstance(bundle, tuple) else (bundle,)
        with_text = {**(data or {}), "text/plain": told}
        return (with_text, *rest) if rest else with_text


def _lines(found: TieOut) -> str:
    agree = found.statuses["agrees"]
    differ = sum(found.statuses.values()) - agree
    return f"{agree:,} lines agree, {differ:,} do not ({found.cut.tz}, {found.cut.clock})"
