"""Altair in a notebook without a network."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import altair as alt
from altair.utils.selection import IntervalSelection, PointSelection

from callkit.charts.saving import EMBED, png


@cache
def _renderer_from_package() -> None:
    """Let the chart widget bring its renderer along: about 0.9 MB for each mounted chart, none from a CDN."""
    alt.JupyterChart.enable_offline()


class ChartView(alt.JupyterChart):
    """A chart in a notebook without a network, and as a PNG for whoever opens the notebook without its widgets.

    Parameters
    ----------
    chart : Altair chart
        Of `callkit.charts`, or any other. Assign `.chart` to show another one in its place: each mounted view sends its
        renderer along, about 0.9 MB.

    Examples
    --------
    >>> import callkit as ck
    >>> with ck.Sandbox(calls=200, seed=7) as sandbox:
    ...     cdrs = sandbox.nx_whatsapp().fetch(sandbox.call_ids)
    >>> view = ck.widgets.ChartView(ck.charts.daily(cdrs))
    >>> view.chart = ck.charts.heatmap(cdrs)
    """

    def __init__(self, chart: alt.TopLevelMixin) -> None:
        _renderer_from_package()
        super().__init__(chart, embed_options={"actions": EMBED["actions"]})  # type: ignore[arg-type]  # any chart

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Add the picture as it stands."""
        bundle: Any = super()._repr_mimebundle_(**kwargs)
        # ipywidgets gives data alone or with metadata.
        data, *rest = bundle if isinstance(bundle, tuple) else (bundle,)
        with_picture = {**(data or {}), **pictures(self.chart)}
        return (with_picture, *rest) if rest else with_picture


def mount(chart: alt.TopLevelMixin) -> ChartView:
    """Show a chart as a widget; mount it once, and swap its `.chart` afterwards."""
    return ChartView(chart)


def on_pick(mounted: alt.JupyterChart, name: str, react: Callable[[list[dict[str, Any]]], None]) -> None:
    """Call `react` with what is picked in a point selection, whichever chart is shown; nothing is an empty list."""

    def changed(change: dict[str, Any]) -> None:
        told = _told(change["new"], name)
        if told is not None:
            react(PointSelection.from_vega(name, signal=told["value"], store=told["store"]).value)

    mounted.observe(changed, "_vl_selections")


def on_brush(mounted: alt.JupyterChart, name: str, react: Callable[[dict[str, Any]], None]) -> None:
    """Call `react` with what is brushed in an interval selection, by field; nothing is an empty mapping."""

    def changed(change: dict[str, Any]) -> None:
        told = _told(change["new"], name)
        if told is not None:
            react(IntervalSelection.from_vega(name, signal=told["value"], store=told["store"]).value)

    mounted.observe(changed, "_vl_selections")


def _told(selections: dict[str, Any], name: str) -> dict[str, Any] | None:
    """What the browser said of a selection; None where it has not said anything since the chart was swapped.

    `JupyterChart.selections` would say nothing where a selection that the chart began with is cleared: it does not know
    of that one. The trait that is synchronised with the browser does.
    """
    told = selections.get(name)
    return told if told is not None and told["value"] is not None else None


def pictures(*charts: Any) -> dict[str, Any]:
    """Make the charts of several `JupyterChart`s one PNG, each below the one before."""
    specs: list[dict[str, Any]] = [chart.to_dict() for chart in charts]
    if len(specs) == 1:
        return {"image/png": png(specs[0], scale=1.5)}
    apart = ("$schema", "config", "datasets", "params")
    together = {
        "$schema": specs[0]["$schema"],
        "config": specs[0]["config"],
        "datasets": {name: rows for spec in specs for name, rows in spec.get("datasets", {}).items()},
        "params": [param for spec in specs for param in spec.get("params", [])],
        "vconcat": [{name: part for name, part in spec.items() if name not in apart} for spec in specs],
        "resolve": {"scale": {"color": "independent"}},
    }
    return {"image/png": png(together, scale=1.5)}
