"""The workbench: fetch, reconcile, see and take away, without writing code."""

from callkit.widgets.workbench.workbench import Workbench

__all__ = ["Workbench"]
