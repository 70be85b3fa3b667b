"""Charts of calls and charges, each a function from a frame to an Altair chart.

Frames are aggregated in Polars first: a chart holds a few hundred rows, however many calls there are. Money becomes a
float here and nowhere before, because Vega knows no decimals; what is written in words keeps every digit.
"""

from __future__ import annotations

from callkit.charts.checks import findings
from callkit.charts.days import daily
from callkit.charts.dressing import VERDICT_COLORS
from callkit.charts.hours import heatmap
from callkit.charts.ranking import destinations
from callkit.charts.saving import save
from callkit.charts.stairs import staircase
from callkit.charts.waterfall import bridge

__all__ = ["VERDICT_COLORS", "bridge", "daily", "destinations", "findings", "heatmap", "save", "staircase"]
