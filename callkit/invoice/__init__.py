"""A vendor's invoice, tied out against the call records."""

from callkit.invoice.boundary import boundary_calls
from callkit.invoice.cutoff import find_cutoff
from callkit.invoice.invoice import Invoice
from callkit.invoice.result import TieOut
from callkit.invoice.tie import tie_out

__all__ = ["Invoice", "TieOut", "boundary_calls", "find_cutoff", "tie_out"]
