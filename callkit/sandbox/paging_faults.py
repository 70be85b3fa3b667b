"""What can be wrong with a page of ITNIO's list, or with an NXCloud record, though its JSON is in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from callkit.sandbox.itnio import Listing
from callkit.sandbox.server import Response

__all__ = ["NX_RECORDS", "PAGES"]


def _unstable_order(listing: Listing, _value: float, number: int) -> None:
    """List the window in another order: records cross the borders of pages."""
    rows = listing.window()
    Random(f"{number}/order").shuffle(rows)
    listing.cut(rows, listing.query.current)


def _not_yet(listing: Listing, value: float, number: int) -> None:
    """Leave out records that later requests have: they arrive while the window is read."""
    rows = listing.window()
    rng = Random(f"{number}/arriving")
    for _ in range(min(int(value), len(rows))):
        del rows[rng.randrange(len(rows))]
    listing.cut(rows, listing.query.current)


def _repeat_first(listing: Listing, _value: float, _number: int) -> None:
    """Answer a page past the end with page 1, as servers of this kind do."""
    if not listing.rows:
        listing.cut(listing.window(), 1)
        listing.current = 1


def _text_counts(listing: Listing, _value: float, _number: int) -> None:
    listing.total, listing.current, listing.pages = (
        str(listing.total),
        str(listing.current),
        str(listing.pages),
    )


def _wrong_current(listing: Listing, value: float, _number: int) -> None:
    listing.current = listing.query.current + int(value)


def _wrong_page(listing: Listing, value: float, _number: int) -> None:
    """Serve another page than was asked for, and say so."""
    listing.current = max(1, int(value))
    listing.cut(listing.window(), listing.current)


def _short_page(listing: Listing, value: float, _number: int) -> None:
    listing.rows = listing.rows[: max(0, len(listing.rows) - int(value))]


def _long_page(listing: Listing, value: float, _number: int) -> None:
    """Give some records of the next page on this one already."""
    start = (listing.query.current - 1) * listing.query.size
    listing.rows = listing.window()[start : start + listing.query.size + int(value)]


def _wrong_total(listing: Listing, value: float, _number: int) -> None:
    total = max(0, listing.query.total + int(value))
    listing.total, listing.pages = total, -(-total // listing.query.size)


def _endless(listing: Listing, value: float, _number: int) -> None:
    """Say that there is no end, and fill every page with what there is."""
    rows = listing.window()
    size = listing.query.size
    listing.total, listing.pages = int(value), -(-int(value) // size)
    start = (listing.query.current - 1) * size
    listing.rows = [rows[(start + place) % len(rows)] for place in range(size)] if rows else []


def _twice(listing: Listing, value: float, _number: int) -> None:
    """List the window's first records twice, and count them twice."""
    rows = listing.window()
    listing.cut([row for place, row in enumerate(rows) for row in [row] * (2 if place < value else 1)],
                listing.query.current)  # fmt: skip


PAGES: dict[str, tuple[Callable[[Listing, float, int], None], float]] = {
    "unstable_order": (_unstable_order, 0.0),
    "not_yet": (_not_yet, 1.0),
    "repeat_first": (_repeat_first, 0.0),
    "text_counts": (_text_counts, 0.0),
    "wrong_current": (_wrong_current, 1.0),
    "wrong_page": (_wrong_page, 1.0),
    "short_page": (_short_page, 1.0),
    "long_page": (_long_page, 1.0),
    "wrong_total": (_wrong_total, 1.0),
    "endless": (_endless, 10.0**9),
    "twice": (_twice, 1.0),
}
"""What changes a page of ITNIO's list (page, value, number of the request), and the default of the value."""


def _no_calls(response: Response) -> Response:
    head, found, _ = response.body.partition(b'"calls":[')
    return replace(response, body=head + b'"calls":[]},"traceId":"0"}') if found else response


def _other_call(response: Response) -> Response:
    return replace(response, body=response.body.replace(b":wacid.H", b":wacid.h", 1))


def _costs_object(response: Response) -> Response:
    """Write a single cost line as an object: what the vendor's table says, and none of its samples does."""
    before, found, after = response.body.partition(b'"costs":[')
    lines, _, rest = after.partition(b"]")
    if not found or lines.count(b"{") != 1:
        return response
    return replace(response, body=before + b'"costs":' + lines + rest)


NX_RECORDS: dict[str, Callable[[Response], Response]] = {
    "no_calls": _no_calls,
    "other_call": _other_call,
    "costs_object": _costs_object,
    "text_code": lambda response: replace(
        response, body=response.body.replace(b'"code":0', b'"code":"0"', 1)
    ),
}
"""What changes an answer of NXCloud's."""
