"""Recompute every charge of a CDR frame, and explain every difference from what was billed."""

from callkit.reconciliation.engine import reconcile
from callkit.reconciliation.result import RatingUsed, Reconciliation

__all__ = ["RatingUsed", "Reconciliation", "reconcile"]
