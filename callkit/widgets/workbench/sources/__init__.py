"""Where the workbench's call records come from: a pane for each kind of source, and the section that holds them."""

from callkit.widgets.workbench.sources.section import SourceSection

__all__ = ["SourceSection"]
