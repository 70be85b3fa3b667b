"""Where call records come from, as plans that a job carries out part by part, in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import polars as pl

from callkit import cdr
from callkit.archive import Archive
from callkit.fetch import ItnioVoice, NxWhatsApp
from callkit.fetch.windows import Window, cut, period
from callkit.sandbox import Sandbox

DAY = timedelta(days=1)
_MOST_WINDOWS = 70
_LONGEST = timedelta(days=31)


class Batch(NamedTuple):
    """Some records, and which windows of the period are complete with them."""

    frame: pl.DataFrame
    windows: int = 0


@dataclass(frozen=True)
class Part:
    """What one vendor gives: how much there will be, and the records themselves, batch by batch.

    Attributes
    ----------
    name
        Whose records.
    expected
        Asks how many records there will be.
    batches
        Begins to fetch.
    stop
        Ends what is under way; called from another thread.
    windows
        Into how many windows the period is cut; 0 for a vendor that is asked by id.
    in_order
        Whether the records stay in the order in which they were asked for.
    """

    name: str
    expected: Callable[[], int]
    batches: Callable[[], Iterator[Batch]]
    stop: Callable[[], None]
    windows: int = 0
    in_order: bool = False


@dataclass(frozen=True)
class Plan:
    """All parts of a fetch, and what must be open for it.

    Attributes
    ----------
    parts
        Makes the parts, when everything is open.
    code
        Lines of Python that end with `cdrs` being the same frame.
    opened
        What is open while it is fetched, such as the sandbox's server.
    paid_by
        Lines of Python after `code` that set `rate_deck` and `invoice`, by these names: what the source itself has.
    """

    parts: Callable[[], Sequence[Part]]
    code: Sequence[str]
    opened: AbstractContextManager[object] = field(default_factory=nullcontext)
    indent: str = ""


def of_itnio(client: ItnioVoice, start: datetime, end: datetime) -> Part:
    """Fetch a period in windows of a day, so that there is progress to be seen; longer ones for a long period."""
    asked = period(start, end)
    days = timedelta(days=max(1, min(31, -(-asked.seconds // (86_400 * _MOST_WINDOWS)))))
    windows = cut(asked, days)

    def batches() -> Iterator[Batch]:
        for stretch in client.stretches(windows):
            yield Batch(stretch.frame, int(stretch.whole is not None))

    return Part("ITNIO voice", lambda: _total(client, asked), batches, client.give_up, windows=len(windows))


def _total(client: ItnioVoice, asked: Window) -> int:
    return client.total(asked) if asked.seconds else 0


def of_nxcloud(client: NxWhatsApp, ids: Sequence[str]) -> Part:
    """Fetch calls by their ids."""

    def batches() -> Iterator[Batch]:
        for frame in client.batches(ids):
            yield Batch(frame)

    return Part("NXCloud WhatsApp", lambda: len(ids), batches, client.give_up, in_order=True)


def of_sandbox(sandbox: Sandbox, vendor: str, start: datetime, end: datetime) -> list[Part]:
    """Fetch what the sandbox's vendors have; it must be running."""
    parts = []
    if vendor in ("itnio", "both"):
        parts.append(of_itnio(sandbox.itnio_voice(), start, end))
    if vendor in ("nx", "both"):
        parts.append(of_nxcloud(sandbox.nx_whatsapp(), sandbox.call_ids))
    return parts


def of_frame(name: str, frame: Callable[[], pl.DataFrame]) -> Part:
    """Take a frame that is there already, or a file that is read at once."""
    read: list[pl.DataFrame] = []

    def expected() -> int:
        read[:] = [frame()]
        return read[0].height

    return Part(name, expected, lambda: iter([Batch(read[0])]), lambda: None, in_order=True)


def of_archive(archive: Archive, start: datetime, end: datetime) -> Part:
    """Take the newest version of every record of a period."""
    at = pl.coalesce("submitted_at", "answered_at", "ended_at")
    inside = archive.scan().filter(at.is_between(start, end, closed="left"))
    return of_frame(repr(archive), lambda: cdr.sort(inside).collect(engine="streaming"))


def put_together(frames: Sequence[pl.DataFrame], parts: Sequence[Part]) -> pl.DataFrame:
    """Make one frame of the frames of all parts: each sorted, unless its order was asked for."""
    told = [frame if part.in_order else cdr.sort(frame) for frame, part in zip(frames, parts, strict=True)]
    return pl.concat(told, how="diagonal") if told else cdr.empty()
