"""Whether records reach over both ends of an invoice's period: else how it is cut cannot be told for certain."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

BEYOND = timedelta(hours=36)
"""So far zones and clocks move an edge: 14 hours to the east, 12 to the west, and a day of ringing and talk."""


def uncovered(period: tuple[datetime, datetime], sides: Collection[str]) -> str | None:
    """Say at which ends of a period there are no records beyond it, and what to fetch.

    Parameters
    ----------
    period
        The invoice's, on the wall clock, [start, end).
    sides
        Where there are records: `before` it, `after` it.

    Returns
    -------
    str or None
        A sentence; none where there are records on both sides.

    Examples
    --------
    >>> from datetime import datetime
    >>> from callkit.invoice.edges import uncovered
    >>> september = datetime(2026, 9, 1), datetime(2026, 10, 1)
    >>> print(uncovered(september, {"after"}).partition(": ")[2])  # doctest: +NORMALIZE_WHITESPACE
    none is from before it. So a cut in another zone or by another clock cannot be told, and calls at its edges may be
    missing. Fetch from 2026-08-30T12:00:00+00:00 to 2026-10-02T12:00:00+00:00.
    """
    absent = [side for side in ("before", "after") if side not in sides]
    if not absent:
        return None
    return (
        f"the records do not reach over both ends of the invoice's period: none is from {' or '.join(absent)} it. So a "
        f"cut in another zone or by another clock cannot be told, and calls at its edges may be missing. Fetch from "
        f"{(period[0] - BEYOND).isoformat()}+00:00 to {(period[1] + BEYOND).isoformat()}+00:00."
    )
