"""Altair in a notebook without a network."""

from __future__ import annotations

from functools import cache
from typing import Any

import altair as alt

from callkit.charts.dressing import Chart
from callkit.charts.saving import EMBED, png


@cache
def _renderer_from_package() -> None:
    """Let the chart widget bring its renderer along: about 0.9 MB for each mounted chart, none from a CDN."""
    alt.JupyterChart.enable_offline()


def mount(chart: Chart) -> alt.JupyterChart:
    """Show a chart as a widget; mount it once, and swap its `.chart` afterwards."""
    _renderer_from_package()
    return alt.JupyterChart(chart, embed_options={"actions": EMBED["actions"]})


def picture(chart: Chart) -> dict[str, Any]:
    """Make the same chart a PNG, for whoever opens a saved notebook without its widgets."""
    return {"image/png": png(chart, scale=1.5)}
