"""What the records themselves show of how the vendor bills: its rating, and its bill periods."""

from callkit.reconciliation.inference.bill_period import infer_bill_period
from callkit.reconciliation.inference.fit import RatingFit
from callkit.reconciliation.inference.rating import infer, infer_rating

__all__ = ["RatingFit", "infer", "infer_bill_period", "infer_rating"]
