"""Both vendor APIs on loopback, with seeded traffic and known billing faults: to try, to learn, to test."""

from callkit.sandbox.describe import describe, serve
from callkit.sandbox.faults import Exchange, Fault, FaultPlan
from callkit.sandbox.sandbox import Sandbox
from callkit.sandbox.settings import Settings

__all__ = ["Exchange", "Fault", "FaultPlan", "Sandbox", "Settings", "describe", "serve"]
