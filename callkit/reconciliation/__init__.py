"""Recompute every charge of a CDR frame, and explain every difference from what was billed."""

from callkit.reconciliation.engine import reconcile
from callkit.reconciliation.inference import RatingFit, infer_bill_period, infer_rating
from callkit.reconciliation.result import RatingUsed, Reconciliation

__all__ = [
    "RatingFit",
    "RatingUsed",
    "Reconciliation",
    "infer_bill_period",
    "infer_rating",
    "reconcile",
]
