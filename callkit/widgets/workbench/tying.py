"""An invoice held against the records: which of them it is about, and what agrees."""

from __future__ import annotations

import polars as pl

from callkit.invoice import Invoice, TieOut, find_cutoff, tie_out
from callkit.reconciliation import Reconciliation


def cut_out(cdrs: pl.DataFrame, invoice: Invoice) -> TieOut:
    """Tie an invoice out by the zone, the clock and the population that `find_cutoff` finds; its `.cut` is the period.

    Raises
    ------
    ValueError
        If the invoice tells no period.
    """
    best = find_cutoff(cdrs, invoice)
    if invoice.tz is not None:
        best = best.filter(pl.col("zones").list.contains(invoice.tz))
    if best.is_empty():
        return tie_out(cdrs, invoice)
    found = best.row(0, named=True)
    return tie_out(
        cdrs, invoice, tz=invoice.tz or found["tz"], clock=found["clock"], population=found["population"]
    )


def same_cut(result: Reconciliation, cut: TieOut) -> TieOut:
    """Tie out again, with what a reconciliation of the invoice's calls expects."""
    return tie_out(result, cut.invoice, tz=cut.cut.tz, clock=cut.cut.clock, population=cut.population)
