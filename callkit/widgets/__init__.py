"""Widgets for notebooks: they render by traits only, without a network, and can be driven from Python."""

from callkit.widgets.explorer import Explorer
from callkit.widgets.offline import ChartView
from callkit.widgets.staircase import StaircaseView
from callkit.widgets.workbench import Workbench

__all__ = ["ChartView", "Explorer", "StaircaseView", "Workbench"]
