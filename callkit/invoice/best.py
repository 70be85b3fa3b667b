"""An invoice tied out by the cut that fits it best."""

from __future__ import annotations

import warnings
from typing import Any

import polars as pl

from callkit.invoice.calls import Clock
from callkit.invoice.cutoff import searched
from callkit.invoice.invoice import Invoice
from callkit.invoice.result import TieOut
from callkit.invoice.tie import tie_out


def best_tie_out(cdrs: pl.DataFrame, invoice: Invoice, clock: Clock | None = None) -> TieOut:
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
    TieOut
        With `.cut` and `.cdrs`, which calls the invoice is about.

    Raises
    ------
    SchemaError, ValueError, TypeError
        As in `find_cutoff`.

    Warns
    -----
    UserWarning
        If zone and clock are not both stated, and what is taken is a guess: the records do not reach over both ends of
        the period, or another cut fits as well.
    """
    candidates, _ = searched(cdrs, invoice)
    if invoice.tz is not None:
        candidates = candidates.filter(pl.col("zones").list.contains(invoice.tz))
    if clock is not None:
        candidates = candidates.filter(pl.col("clock") == clock)
    if candidates.is_empty():
        return tie_out(cdrs, invoice, clock=clock or "auto")
    best = candidates.row(0, named=True)
    tied = tie_out(
        cdrs, invoice, tz=invoice.tz or best["tz"], clock=best["clock"], population=best["population"]
    )
    if invoice.tz is None or clock is None:
        doubt = _doubt(tied, candidates)
        if doubt:
            warnings.warn(doubt, UserWarning, stacklevel=2)
    return tied


def tied_again(result: object, before: TieOut) -> TieOut:
    """Tie out by the same cut, with what a reconciliation of the invoice's calls expects."""
    cut = before.cut
    return tie_out(result, before.invoice, tz=cut.tz, clock=cut.clock, population=before.population)


def _doubt(tied: TieOut, candidates: pl.DataFrame) -> str | None:
    """Say what makes the best candidate a guess: no calls around the period, or another that fits as well."""
    best = candidates.row(0, named=True)
    taken = f"{_cut(best)} is taken, by which {best['tied']:,} of the invoice's {best['measures']:,} figures agree"
    if tied.uncovered is not None:
        return f"{tied.uncovered} For now {taken}; state zone and clock if you know them."
    as_good = [
        _cut(other)
        for other in candidates.filter(pl.col("rank") == best["rank"]).iter_rows(named=True)
        if (other["tz"], other["clock"]) != (best["tz"], best["clock"])
    ]
    if as_good:
        others = ", or in ".join(dict.fromkeys(as_good))
        return f"the invoice fits as well when it is cut in {others}; {taken}; state zone and clock if you know them."
    return None


def _cut(candidate: dict[str, Any]) -> str:
    return f"{candidate['tz']} by when a call was {candidate['clock']}"
