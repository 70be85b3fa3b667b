"""The staircase with a choice of bill period."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
import polars as pl

from callkit.charts import staircase
from callkit.charts.dressing import Chart
from callkit.reconciliation import Reconciliation
from callkit.widgets.offline import mount, pictures


class StaircaseView(widgets.VBox):  # type: ignore[misc]  # ipywidgets ships no types
    """Charged against talk seconds, one bill period at a time.

    Parameters
    ----------
    result : Reconciliation
        What to show.

    Attributes
    ----------
    bill_period : ipywidgets.Dropdown
        The choice; the bill period with the most overcharged calls comes first. Set `.value` to change it.
    chart : altair.JupyterChart
        The mounted chart; its `.chart` is what is shown.

    Examples
    --------
    >>> import callkit as ck
    >>> with ck.Sandbox(calls=500, seed=7, billing_faults=0) as sandbox:
    ...     result = ck.reconcile(sandbox.itnio_voice().fetch(*sandbox.period))
    >>> view = ck.widgets.StaircaseView(result)
    >>> view.bill_period.value = "6+6"
    >>> view.chart.chart.to_dict()["title"]["text"]
    'Bill period 6+6'
    """

    def __init__(self, result: Reconciliation) -> None:
        self._calls = result.cdrs
        self._drawn: Chart | None = None
        periods = _by_overcharge(self._calls)
        if not periods:
            super().__init__(
                [widgets.Label("No answered call with a readable bill period: nothing to draw.")]
            )
            return
        self.bill_period = widgets.Dropdown(
            options=[
                (f"{name} ({over:,} of {calls:,} calls overcharged)", name) for name, calls, over in periods
            ],
            description="Bill period",
            layout=widgets.Layout(width="26em"),
        )
        self._drawn = staircase(self._calls, bill_period=periods[0][0])
        self.chart = mount(self._drawn)
        self.bill_period.observe(self._draw, "value")
        super().__init__([self.bill_period, self.chart])

    def _draw(self, change: dict[str, Any]) -> None:
        self._drawn = staircase(self._calls, bill_period=change["new"])
        self.chart.chart = self._drawn

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Add the picture as it stands, for a reader of the saved notebook."""
        bundle = super()._repr_mimebundle_(**kwargs)
        return {**bundle, **pictures(self._drawn)} if self._drawn else bundle


def _by_overcharge(calls: pl.DataFrame) -> list[tuple[str, int, int]]:
    """Bill periods that can be drawn: (text, answered calls, overcharged calls), the most overcharged first."""
    return (
        calls.filter(
            pl.col("call_duration") > 0,
            pl.col("expected_charged_duration").is_not_null(),
            pl.col("charged_duration").is_not_null(),
        )
        .group_by("bill_period")
        .agg(pl.len().alias("calls"), (pl.col("verdict") == "overcharged").sum().alias("over"))
        .sort("over", "calls", "bill_period", descending=[True, True, False])
        .rows()
    )
