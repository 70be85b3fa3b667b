"""What every kind of source has in common."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import ipywidgets as widgets

from callkit.archive import Archive
from callkit.sandbox import Sandbox
from callkit.widgets.workbench.plans import Plan

Between = Callable[[], tuple[datetime, datetime]]
"""Asks for the period that is to be fetched."""


class Papers(NamedTuple):
    """The sandbox whose price lists and invoice belong to the records, and the vendor that is asked."""

    sandbox: Callable[[], Sandbox] | None = None
    vendor: str = ""


class Pane(widgets.VBox):  # type: ignore[misc]  # ipywidgets ships no types
    """A kind of source: what it has to be told, and the plan that follows."""

    @property
    def asks_period(self) -> bool:
        """Whether it is asked for a period."""
        return False

    @property
    def about_period(self) -> str | None:
        """What the period means here, where it is not what the vendor is asked for."""
        every = "Everything that is there is taken; days and times are told in this zone."
        return None if self.asks_period else every

    @property
    def now(self) -> datetime:
        """The vendor's clock: a sandbox has one of its own."""
        return datetime.now(UTC)

    @property
    def months(self) -> tuple[datetime, datetime] | None:
        """The period that the source has calls of, where that is known beforehand."""
        return None

    @property
    def kept(self) -> Archive | None:
        """The archive that the records are from."""
        return None

    @property
    def papers(self) -> Papers:
        """Where the price list and the invoice of these calls are, if the source has them."""
        return Papers()

    def plan(self, between: Between) -> Plan:
        """Say what is to be fetched; `between` is asked only where the source is asked for a period.

        Raises
        ------
        ValueError
            If something is missing that was to be typed or chosen.
        """
        raise NotImplementedError

    def forget(self) -> None:
        """Forget everything typed or uploaded."""
