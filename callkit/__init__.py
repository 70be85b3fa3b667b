"""callkit: fetch voice call detail records, and check every charge to the cent.

    import callkit as ck

The names here are all that a notebook needs. `callkit --help` shows the same from a terminal.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from callkit.archive import Archive
from callkit.billing import Rating, call_cost, charged_duration
from callkit.cdr import MONEY, mask_numbers
from callkit.errors import (
    ArchiveBusy,
    ArchiveError,
    AuthenticationError,
    CallkitError,
    IncompleteFetch,
    InvalidRequest,
    OutOfRange,
    RateLimited,
    SchemaError,
    VendorError,
)
from callkit.export import Cover, Materiality, read_decisions
from callkit.fetch import ItnioVoice, NxWhatsApp
from callkit.files import read_cdrs
from callkit.invoice import Invoice, TieOut, find_cutoff, tie_out
from callkit.matching import Match, match
from callkit.rates import RateDeck
from callkit.reconciliation import RatingFit, Reconciliation, infer_bill_period, infer_rating, reconcile
from callkit.sandbox import Sandbox

if TYPE_CHECKING:
    from types import ModuleType

    from callkit import charts, widgets

__all__ = [
    "MONEY",
    "Archive",
    "ArchiveBusy",
    "ArchiveError",
    "AuthenticationError",
    "CallkitError",
    "Cover",
    "IncompleteFetch",
    "InvalidRequest",
    "Invoice",
    "ItnioVoice",
    "Match",
    "Materiality",
    "NxWhatsApp",
    "OutOfRange",
    "RateDeck",
    "RateLimited",
    "Rating",
    "RatingFit",
    "Reconciliation",
    "Sandbox",
    "SchemaError",
    "TieOut",
    "VendorError",
    "call_cost",
    "charged_duration",
    "charts",
    "find_cutoff",
    "infer_bill_period",
    "infer_rating",
    "mask_numbers",
    "match",
    "read_cdrs",
    "read_decisions",
    "reconcile",
    "tie_out",
    "widgets",
]


def __getattr__(name: str) -> ModuleType:
    """Import what draws, or needs an extra, only when it is used: Altair takes longer to load than all the rest."""
    if name in ("charts", "spark", "widgets"):
        return import_module(f"callkit.{name}")
    raise AttributeError(f"module 'callkit' has no attribute {name!r}")
