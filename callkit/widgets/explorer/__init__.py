"""The Explorer: calls from every side, where a click on one view narrows the others down."""

from callkit.widgets.explorer.explorer import Explorer

__all__ = ["Explorer"]
