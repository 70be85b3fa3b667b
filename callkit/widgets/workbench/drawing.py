"""The result's five charts, each drawn anew from the calls whenever something else is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from callkit.charts import bridge, daily, destinations, findings, staircase
from callkit.charts.dressing import Chart, nothing
from callkit.widgets.workbench.calls import Calls

NARROW = 980
"""Pixels of a page below which a chart stands alone in its row."""

_WIDEST, _USUAL = 1_640, 1_180


@dataclass(frozen=True, slots=True)
class Drawing:
    """What the charts show.

    Attributes
    ----------
    calls
        All calls of the result.
    currency
        Of the bridge, and of whatever shows money.
    measure
        What days and destinations show: `difference`, `verdict`, `cost`, `calls`.
    bill_period
        Of the staircase; None where there is none.
    call
        The chosen call, which is marked there.
    theme
        `light` or `dark`.
    width
        Of the page, in pixels; 0 where it is not known.
    """

    calls: Calls
    currency: str | None
    measure: Any
    bill_period: str | None
    call: dict[str, Any] | None
    theme: Any
    width: int

    def draw(self, name: str) -> Chart:
        """Draw `bridge`, `findings`, `days`, `places` or `stairs`."""
        drawn: Chart = getattr(self, name)()
        return drawn

    def bridge(self) -> Chart:
        """From billed to expected."""
        width = min(620, max(200, self._left))
        return bridge(self.calls.result, currency=self.currency, theme=self.theme, width=width)

    def findings(self) -> Chart:
        """What was found, by check."""
        found = self.calls.result.findings
        currency = self.currency if self.currency in set(found["currency"].drop_nulls()) else None
        width = min(620, max(260, self._left + 40))
        return findings(self.calls.result, currency=currency, theme=self.theme, width=width)

    def days(self) -> Chart:
        """Day by day."""
        return daily(
            self.calls.frame, self.measure, currency=self._of_money, tz=self.calls.tz, theme=self.theme,
            width=max(200, self._right - 100), height=300,
        )  # fmt: skip

    def places(self) -> Chart:
        """By destination."""
        by = {"difference": "overcharge", "verdict": "calls"}.get(self.measure, self.measure)
        calls = self.calls.frame.lazy()
        if self.measure == "verdict":
            calls = calls.filter(pl.col("verdict") != "agrees")
        width = max(200, self._right - 320)
        return destinations(calls, by, top=10, currency=self._of_money, theme=self.theme, width=width)

    def stairs(self) -> Chart:
        """The seconds charged for each length of a talk."""
        width = max(260, (self._whole if self._alone else self._whole // 2) - 100)
        if self.bill_period is None:
            why = "No answered call has a readable bill period."
            return nothing(why, title="Staircase", theme=self.theme, width=width)
        ring, call = None, self.call
        if call is not None and call["bill_period"] == self.bill_period and call["call_duration"]:
            ring = (call["call_duration"], call["charged_duration"] or 0)
        calls = self.calls.frame.lazy().filter(pl.col("bill_period") == self.bill_period)
        return staircase(
            calls, bill_period=self.bill_period, call=ring, theme=self.theme, width=width, height=280
        )

    @property
    def _of_money(self) -> str | None:
        return self.currency if self.measure in ("difference", "cost") else None

    @property
    def _whole(self) -> int:
        return min(_WIDEST, self.width or _USUAL) - 20

    @property
    def _alone(self) -> bool:
        return self._whole < NARROW

    # Beside the plots stand names and numbers; what is wide goes to the left, and what is left over to its right.

    @property
    def _left(self) -> int:
        return self._whole - 420 if self._alone else int(self._whole * 0.25)

    @property
    def _right(self) -> int:
        return self._whole if self._alone else self._whole - self._left - 430
