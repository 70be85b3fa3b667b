"""The table of calls: one page of them in words, numbers hidden in part."""

from __future__ import annotations

from typing import Any

import polars as pl

from callkit import cdr
from callkit.measures import instant
from callkit.reconciliation.wording import money_text
from callkit.widgets.workbench.calls import PAGE, page_of
from callkit.widgets.workbench.table import PagedTable

COLUMNS = {
    "at": ("Time", False),
    "destination": ("Destination", False),
    "caller": ("From", False),
    "callee": ("To", False),
    "call_duration": ("Talk [s]", True),
    "charged_duration": ("Charged [s]", True),
    "expected_charged_duration": ("Due [s]", True),
    "bill_period": ("Bill period", False),
    "rate": ("Rate", True),
    "cost": ("Billed", True),
    "expected_cost": ("Expected", True),
    "cost_difference": ("Difference", True),
    "currency": ("", False),
    "verdict": ("Verdict", False),
}
"""Title, and whether it is numeric."""

_FOR_WIDE = ("caller", "rate", "expected_cost", "verdict")
"""Columns for which a narrow page has no room."""

_MONEY = ("rate", "cost", "expected_cost", "cost_difference")


class CallTable(PagedTable):
    """Calls, the most overcharged first, a page at a time.

    Attributes
    ----------
    calls : pl.DataFrame
        All that can be paged through, with the columns of `Calls.frame`.
    shown : pl.DataFrame
        The calls of the page, as they are.
    """

    def __init__(self) -> None:
        self.calls, self.shown = pl.DataFrame(), pl.DataFrame()
        self._tz, self._narrow = "UTC", False
        super().__init__(sort="cost_difference", descending=True, label="Calls")
        self.observe(lambda _: self._turn(), ["page", "sort", "descending"])

    def show(self, calls: pl.DataFrame, tz: str) -> None:
        """Show calls from the first page on; times are told in `tz`."""
        self.calls, self._tz = calls, tz
        with self.hold_trait_notifications():
            self.page, self.chosen = 0, -1
        self._turn()

    def clear(self) -> None:
        """Show nothing any more."""
        self.calls, self.shown, self.rows = pl.DataFrame(), pl.DataFrame(), []

    def fit(self, *, narrow: bool) -> None:
        """Leave out, on a narrow page, what it has no room for."""
        if narrow != self._narrow:
            self._narrow = narrow
            self._turn()

    def _turn(self) -> None:
        """Put the page that is asked for into the table."""
        if not self.calls.width:
            return
        pages = max(1, -(-self.calls.height // PAGE))
        page = min(max(self.page, 0), pages - 1)
        sort = self.sort if self.sort in COLUMNS else "cost_difference"
        calls = self.calls if sort != "at" else self.calls.with_columns(instant().alias("at"))
        self.shown = page_of(calls, sort=sort, descending=self.descending, page=page)
        at = instant().dt.convert_time_zone(self._tz).alias("at")
        masked = cdr.mask_numbers(self.shown).with_columns(at)
        columns = {name: told for name, told in COLUMNS.items() if not (self._narrow and name in _FOR_WIDE)}
        with self.hold_sync():
            self.columns = [
                {"name": name, "title": title, "numeric": number} for name, (title, number) in columns.items()
            ]
            self.chosen = -1
            self.page, self.pages = page, pages
            self.total, self.first = self.calls.height, page * PAGE + 1
            self.rows = [
                [_text(name, line[name]) for name in columns] for line in masked.iter_rows(named=True)
            ]


def _text(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if name == "at":
        return f"{value:%-d %b %H:%M:%S}"
    if name in _MONEY:
        return money_text(value).replace("-", "−")
    return str(value)[:120]
