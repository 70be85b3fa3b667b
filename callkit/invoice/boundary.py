"""Calls at the edge of a period: another zone or clock moves them to the neighbouring invoice."""

from __future__ import annotations

import polars as pl

from callkit import cdr
from callkit.arguments import time_zone
from callkit.cdr import INSTANT, SCHEMA
from callkit.invoice.asked import asked
from callkit.invoice.calls import Clock, at, checked_clock, taken
from callkit.invoice.cut import Cut, cut_of
from callkit.invoice.invoice import Invoice

_PLACES = ("period before", "this period", "period after")


def boundary_calls(
    cdrs: object,
    invoice: Invoice,
    tz: str,
    clock: Clock = "auto",
    *,
    instead_of: tuple[str, Clock] = ("UTC", "auto"),
) -> pl.DataFrame:
    """List the calls that another zone and clock move over an edge of the invoice's period.

    What the neighbouring invoice charges is nothing to dispute. What neither charges, or both, is.

    Parameters
    ----------
    cdrs : frame or Reconciliation
        As in `tie_out`, with the calls of some 36 hours around the period.
    invoice : Invoice
        Its whole period is taken.
    tz, clock
        Where it is cut; `find_cutoff` finds them.
    instead_of : (str, str)
        The zone and the clock that it is compared with.

    Returns
    -------
    pl.DataFrame
        moved_from and moved_to (`period before` | `this period` | `period after`), local_time (by the clock, on the
        wall of `tz`), then the columns of the records. In the CDR frame's order.

    Raises
    ------
    SchemaError, ValueError, TypeError
        As in `tie_out`.

    Examples
    --------
    >>> import polars as pl
    >>> import callkit as ck
    >>> from callkit.invoice import boundary_calls
    >>> with ck.Sandbox(calls=500, seed=7, billing_faults=0) as sandbox:
    ...     cdrs = sandbox.itnio_voice().fetch(*sandbox.period)
    >>> lines = cdrs.group_by("currency").agg(amount=pl.col("cost").sum())
    >>> invoice = ck.Invoice.read(lines, period=("2026-09-01", "2026-09-30"))
    >>> boundary_calls(cdrs, invoice, "Asia/Shanghai").group_by("moved_from", "moved_to").len().rows()
    [('this period', 'period after', 10)]
    """
    usage = asked(invoice, ())
    other = cut_of(usage, time_zone(instead_of[0]), checked_clock(instead_of[1]))
    return moved(taken(cdrs), other, cut_of(usage, time_zone(tz), checked_clock(clock)))


def moved(records: pl.LazyFrame, before: Cut, after: Cut) -> pl.DataFrame:
    """List the records that lie elsewhere by one cut than by another."""
    names = [name for name in records.collect_schema() if name in SCHEMA or not name.startswith("_")]
    found = (
        records.with_columns(
            _place(before).alias("moved_from"),
            _place(after).alias("moved_to"),
            at(after.clock).dt.convert_time_zone(after.tz).dt.replace_time_zone(None).alias("local_time"),
        )
        .filter(pl.col("moved_from") != pl.col("moved_to"))
        .select("moved_from", "moved_to", "local_time", *names)
    )
    return cdr.sort(found).collect(engine="streaming")


def _place(cut: Cut) -> pl.Expr:
    when = at(cut.clock)
    return (
        pl.when(when < pl.lit(cut.start, INSTANT))
        .then(pl.lit(_PLACES[0]))
        .when(when < pl.lit(cut.end, INSTANT))
        .then(pl.lit(_PLACES[1]))
        .when(when.is_not_null())
        .then(pl.lit(_PLACES[2]))
    )
