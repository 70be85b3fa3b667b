"""What one account's month is made from."""

from __future__ import annotations

from dataclasses import dataclass

from callkit.sandbox.arrivals import Arrivals
from callkit.sandbox.pricing import Tariff
from callkit.sandbox.routes import Route
from callkit.sandbox.settings import Settings

__all__ = ["Setup"]


@dataclass(frozen=True, slots=True)
class Setup:
    """The seed, and everything that follows from it before the first call is drawn.

    Attributes
    ----------
    tariffs, routes
        By source. `routes` is the internal rate deck.
    """

    seed: int
    settings: Settings
    arrivals: Arrivals
    tariffs: dict[str, Tariff]
    routes: dict[str, list[Route]]
    business_phone: str
