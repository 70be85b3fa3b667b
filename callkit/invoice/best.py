"""An invoice tied out by the cut that fits it best."""

from __future__ import annotations

import polars as pl

from callkit.invoice.calls import Clock
from callkit.invoice.cutoff import find_cutoff
from callkit.invoice.invoice import Invoice
from callkit.invoice.result import TieOut
from callkit.invoice.tie import tie_out


def best_tie_out(
    cdrs: pl.DataFrame, invoice: Invoice, clock: Clock | None = None
) -> tuple[TieOut, pl.DataFrame]:
    """Tie an invoice out by the zone, the clock and the population that `find_cutoff` finds.

    Parameters
    ----------
    cdrs
        As in `find_cutoff`.
    invoice
        The zone that it states is taken, whatever would fit better.
    clock
        So is a clock that is given.

    Returns
    -------
    tuple of TieOut and pl.DataFrame
        With `.cut` and `.cdrs`, which calls the invoice is about; and the candidates, the best first: the rows of
        `find_cutoff` that have the stated zone and clock, none where there are none.

    Raises
    ------
    SchemaError, ValueError, TypeError
        As in `find_cutoff`.
    """
    candidates = find_cutoff(cdrs, invoice)
    if invoice.tz is not None:
        candidates = candidates.filter(pl.col("zones").list.contains(invoice.tz))
    if clock is not None:
        candidates = candidates.filter(pl.col("clock") == clock)
    if candidates.is_empty():
        return tie_out(cdrs, invoice, clock=clock or "auto"), candidates
    best = candidates.row(0, named=True)
    tied = tie_out(
        cdrs, invoice, tz=invoice.tz or best["tz"], clock=best["clock"], population=best["population"]
    )
    return tied, candidates


def tied_again(result: object, before: TieOut) -> TieOut:
    """Tie out by the same cut, with what a reconciliation of the invoice's calls expects."""
    cut = before.cut
    return tie_out(result, before.invoice, tz=cut.tz, clock=cut.clock, population=before.population)
