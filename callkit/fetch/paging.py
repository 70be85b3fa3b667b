"""Complete windows off a vendor that answers in pages, counts, and may shift records while it is read.

A window is complete when its distinct ids are as many as the vendor's `total`, and the total did not change from
the first page to the last. A window that is not is read once more, with pages of another size, so that what
slipped over a page's border shows up; then it is cut into narrower windows, because a window of one page cannot
shift. What fails even so is an `IncompleteFetch`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import NamedTuple

from callkit.errors import IncompleteFetch
from callkit.fetch.deadline import Cancelled
from callkit.fetch.readings import Page, Reading, established
from callkit.fetch.tables import Table
from callkit.fetch.windows import Window
from callkit.fetch.workers import Notices, Workers

__all__ = ["Listing", "Settled", "Verified"]

RECORDS_AT_ONCE = 10_000
_MOST_PARTS = 64
# No vendor lists so many calls of one account in one second; a server that says so would never come to an end.
_MOST_IN_A_SECOND = 200_000
_PAGE_SIZES = (100, 97, 89, 83)


@dataclass(frozen=True)
class Listing:
    """A vendor's paged list.

    Attributes
    ----------
    vendor
        For messages.
    ask
        Window, page (from 1), size → the page. Called from threads.
    """

    vendor: str
    ask: Callable[[Window, int, int], Page]


class Verified(NamedTuple):
    """Records of a window that are complete.

    Attributes
    ----------
    window
        The window, or the part of it where it was too large to be read at once.
    records
        Its records, none of them given before.
    total
        How many the vendor counts in it.
    whole
        The window that was asked for, if all of it is verified with this; None while parts of it are to come.
    """

    window: Window
    records: Table
    total: int
    whole: Window | None


@dataclass
class _Whole:
    """A window that is read in parts, and what it was said to hold: the parts must add up to it."""

    window: Window
    total: int
    parts_left: int
    parent: _Whole | None
    counted: int = 0
    begun: bool = False


class _Piece(NamedTuple):
    window: Window
    whole: _Whole | None = None

    def cut(self, total: int, count: int) -> list[_Piece]:
        parts = self.window.parts(count)
        whole = _Whole(self.window, total, len(parts), self.whole)
        return [_Piece(part, whole) for part in parts]


class _Started(NamedTuple):
    piece: _Piece
    first: Page
    rest: list[Future[Page]]


class Settled:
    """Reads a listing's windows one after the other, oldest first, each complete.

    While a window is read, verified and used, the next one's pages stand in the queue behind its own, so that no
    worker waits at a window's end; never more than that, so memory does not grow with the period.
    """

    def __init__(self, listing: Listing, workers: Workers, notices: Notices, max_readings: int) -> None:
        self._listing = listing
        self._workers = workers
        self._notices = notices
        self._max_readings = max_readings
        self._todo: deque[_Piece] = deque()
        self._peeked: Future[Page] | None = None
        self._previous: Reading | None = None
        self._copies = 0
        self._differing = 0

    def windows(self, cut: Iterable[Window]) -> Iterator[Table]:
        """Give each window's records, none of them given before; otherwise as `verified`."""
        return (verified.records for verified in self.verified(cut))

    def verified(self, cut: Iterable[Window]) -> Iterator[Verified]:
        """Give each window's records, and say which of the windows that were asked for are complete.

        Raises
        ------
        IncompleteFetch
            Behind the last window that could be completed.
        """
        self._todo.extend(_Piece(window) for window in cut)
        ahead: _Started | None = None
        try:
            while ahead or self._todo:
                started = ahead or self._start()
                ahead = self._start_if_ready(started.rest)
                reading = Reading.of([started.first, *self._workers.results(started.rest)])
                yield from self._settle(started.piece, reading)
        finally:
            self._tell()

    def some(self, cut: Iterable[Window], limit: int) -> Iterator[Table]:
        """Give up to `limit` records, asking for no more than that takes.

        Windows that are needed whole are verified as ever; the one in which the limit is reached is not.
        """
        left = limit
        for window in cut:
            size = min(_PAGE_SIZES[0], left)
            first = self._page(window, 1, size)
            if first.total > left:
                yield self._up_to(left, window, first, size)
                return
            if first.total <= size:
                found: Iterator[Table] = (
                    done.records for done in self._settle(_Piece(window), Reading.of([first]))
                )
            else:
                self._peeked = Future()
                self._peeked.set_result(first)
                found = self.windows([window])
            for records in found:
                left -= len(records)
                yield records if left >= 0 else records.take(range(len(records) + left))
            if left <= 0:
                return

    def _up_to(self, left: int, window: Window, first: Page, size: int) -> Table:
        given = self._previous.ids if self._previous else set()
        last = -(-first.total // size)
        page_numbers = range(2, -(-left // size) + 1)
        pages = [first, *self._pages(window, page_numbers, size)]
        while True:
            records = Table.joined([page.records for page in pages])
            taken = {name: row for row, name in enumerate(records.ids) if name not in given}
            number = page_numbers.stop
            if len(taken) >= left or number > last:
                return records.take([*taken.values()][:left])
            page_numbers = range(number, number + 1)
            pages += self._pages(window, page_numbers, size)

    def _page(self, window: Window, number: int, size: int) -> Page:
        return self._workers.results([self._workers.submit(self._listing.ask, window, number, size)])[0]

    def _pages(self, window: Window, numbers: Iterable[int], size: int) -> list[Page]:
        return self._workers.results(
            [self._workers.submit(self._listing.ask, window, number, size) for number in numbers]
        )

    def _peek(self) -> Future[Page]:
        """The first page of the window that comes next, asked for once."""
        if self._peeked is None:
            self._peeked = self._workers.submit(self._listing.ask, self._todo[0].window, 1, _PAGE_SIZES[0])
        return self._peeked

    def _start_if_ready(self, meanwhile: Sequence[Future[Page]]) -> _Started | None:
        """Start the next window too, unless that would raise or take longer than the pages of this one."""
        while self._todo and self._workers.went_well(self._peek(), meanwhile):
            if self._endless(self._todo[0].window, page := self._peek().result()):
                return None
            if started := self._started(page):
                return started
        return None

    def _start(self) -> _Started:
        while True:
            [page] = self._workers.results([self._peek()])
            window = self._todo[0].window
            if self._endless(window, page):
                why = "no account has so many calls in a second: ask the vendor, or check base_url"
                raise self._incomplete(window, page.total, len(page.records), why)
            if started := self._started(page):
                return started

    def _started(self, page: Page) -> _Started | None:
        """Ask for all pages of the next window and for the first page behind it; or cut it, if it is too large."""
        piece = self._todo.popleft()
        self._peeked = None
        if page.total > RECORDS_AT_ONCE and piece.window.seconds > 1:
            parts = min(-(-page.total // RECORDS_AT_ONCE) + 1, _MOST_PARTS)
            self._todo.extendleft(reversed(piece.cut(page.total, parts)))
            return None
        if self._todo:
            self._peek()  # before this window's own pages, so that the next one's can follow them without a gap
        size = _PAGE_SIZES[0]
        rest = [
            self._workers.submit(self._listing.ask, piece.window, number, size)
            for number in range(2, -(-page.total // size) + 1)
        ]
        return _Started(piece, page, rest)

    @staticmethod
    def _endless(window: Window, page: Page) -> bool:
        return page.total > _MOST_IN_A_SECOND and window.seconds == 1

    def _read(self, window: Window, size: int = _PAGE_SIZES[0]) -> Reading:
        first = self._page(window, 1, size)
        # A window is begun with far fewer: such a total contradicts the one before, and no page can make it true.
        most = 2 * RECORDS_AT_ONCE if window.seconds > 1 else _MOST_IN_A_SECOND
        last = 1 if first.total > most else -(-first.total // size)
        return Reading.of([first, *self._pages(window, range(2, last + 1), size)])

    def _settle(self, piece: _Piece, reading: Reading) -> Iterator[Verified]:
        """Verify a window, reading it again as often as it takes and is allowed."""
        window = piece.window
        readings = [reading]
        while (agreed := established(readings, narrowest=window.seconds == 1)) is None:
            if len(readings) >= self._max_readings:
                raise self._failed(readings, window)
            if len(readings) >= 2 and window.seconds > 1 and max(reading.totals) > _PAGE_SIZES[-1]:
                for part in piece.cut(reading.total, 2):
                    yield from self._settle(part, self._read(part.window))
                return
            # A vendor whose copies lag needs a moment; the first second look costs nothing.
            if len(readings) > 1 and self._workers.stop.wait(min(0.1 * 2 ** len(readings), 2.0)):
                raise Cancelled
            reading = self._read(window, _PAGE_SIZES[len(readings) % len(_PAGE_SIZES)])
            readings.append(reading)
        ids = reading.ids if agreed is reading.records else set(agreed.ids)
        records = self._without_copies(agreed, ids)
        fresh = self._fresh(Reading(reading.totals, reading.total, records, ids))
        whole = self._add_up(piece, reading.total - len(records) + len(fresh), len(records) - len(fresh))
        yield Verified(window, fresh, reading.total, whole)

    def _add_up(self, piece: _Piece, counted: int, border_copies: int) -> Window | None:
        """Check, behind the last part of a window that was cut, that the parts are the whole.

        Gives the window that was asked for, if this piece completes it.
        """
        asked = piece.window
        whole = piece.whole
        while whole is not None:
            # What a window shares with the one before the whole belongs to the whole nevertheless.
            whole.counted += counted if whole.begun else counted + border_copies
            whole.begun = True
            whole = whole.parent
        whole = piece.whole
        while whole is not None:
            whole.parts_left -= 1
            if whole.parts_left:
                return None
            if whole.counted < whole.total:
                # Both ends of every window exclusive, for one, would lose what lies on a cut.
                total = self._page(whole.window, 1, _PAGE_SIZES[0]).total
                if whole.counted < total:
                    why = "try again later; its narrower windows list fewer records than the whole counts"
                    raise self._incomplete(whole.window, total, whole.counted, why)
            asked = whole.window
            whole = whole.parent
        return asked

    def _without_copies(self, records: Table, ids: set[str]) -> Table:
        """Keep what differs of the records that the vendor itself lists under one id, and count it for `_tell`."""
        if len(records) == len(ids):
            return records
        distinct = records.first_of_each()
        self._copies += len(records) - len(distinct)
        self._differing += len(distinct) - len(ids)
        return records.take(distinct)

    def _tell(self) -> None:
        if self._copies or self._differing:
            self._notices.add(
                f"{self._listing.vendor}: the vendor lists {self._copies + self._differing} record(s) under an id that "
                f"it lists already: {self._copies} exact copies are dropped, {self._differing} are kept because they "
                f"differ."
            )
        self._copies = self._differing = 0

    def _fresh(self, reading: Reading) -> Table:
        """Leave out what the window before has given: vendors may count a border to both sides."""
        before, self._previous = self._previous, reading
        if before is None or before.ids.isdisjoint(reading.ids):
            return reading.records
        shared = before.ids & reading.ids
        given = {before.records.record(row) for row, name in enumerate(before.records.ids) if name in shared}
        records = reading.records
        again = {row for row, name in enumerate(records.ids) if name in shared}
        copies = {row for row in again if records.record(row) in given}
        self._differing += len(again) - len(copies)
        return records.take(row for row in range(len(records)) if row not in copies)

    def _failed(self, readings: Sequence[Reading], window: Window) -> IncompleteFetch:
        totals = {total for reading in readings for total in reading.totals}
        last = readings[-1]
        why = (
            f"its total changed while it was read ({min(totals)} to {max(totals)}): if calls are still coming in, "
            f"let `end` lie a few minutes in the past"
            if len(totals) > 1
            else "try again later; if it stays so, ask the vendor which records it counts but does not list"
        )
        return self._incomplete(window, last.total, len(last.ids), why, len(readings))

    def _incomplete(
        self, window: Window, expected: int, received: int, why: str, readings: int = 1
    ) -> IncompleteFetch:
        return IncompleteFetch(
            f"{self._listing.vendor}: {window} is not complete: the vendor counts {expected} records, "
            f"{received} distinct ones came in {readings} reading(s). Windows before it are complete. What to do: "
            f"{why}.",
            window=f"{window.start_text} to {window.end_text}",
            expected=expected,
            received=received,
        )
