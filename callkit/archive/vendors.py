"""How each vendor is read for the archive: by stretches of time, or by id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from threading import Lock as ThreadLock

import polars as pl

from callkit import cdr
from callkit.archive.ledger import settled, to_read, unsettled
from callkit.archive.readings import Body, Reading
from callkit.archive.schemas import ASKED, instant_of
from callkit.archive.store import Store
from callkit.archive.sync import Writer
from callkit.cdr import INSTANT
from callkit.fetch import ItnioVoice, NxWhatsApp
from callkit.fetch.itnio import Exchange
from callkit.fetch.windows import Window

__all__ = ["ITNIO", "NX", "ids_of", "pending", "sync_ids", "sync_period"]

_DAY = 86_400
_RECORDS_AT_ONCE = 5_000
# The vendor allows 31 days; a window begins a second early.
_LONGEST_WINDOW = 30

ITNIO = "itnio-voice"
NX = "nx-whatsapp"


def sync_period(
    writer: Writer, client: ItnioVoice, asked: Window, look_back: timedelta, *, keep_raw: bool
) -> None:
    """Read what of a period is not settled, window by window."""
    stretches = unsettled(asked, settled(writer.ledger, ITNIO, writer.account, look_back))
    days = _days_at_once(client, stretches)
    windows = to_read(asked, stretches, days, int((writer.began - look_back).timestamp()))
    early = frozenset(window.start for window in windows if window.start != asked.start)
    writer.done.settled = asked.seconds - sum(_claimed(window, early).seconds for window in windows)
    kept = _Kept()
    total = 0
    # Windows that do not touch are asked for by themselves: what lies outside of them is told about otherwise.
    for group in _touching(windows):
        border = cdr.empty()
        for stretch in client.stretches(group, kept.keep if keep_raw else None):
            total += stretch.total
            at_once = stretch.whole == stretch.window
            window = _claimed(stretch.window, early)
            frame, border = _parted(_with_border(stretch.frame, border), window)
            bodies = [] if stretch.whole is None else kept.of(stretch.whole)
            own = bodies if at_once else []
            writer.add(Reading("window", frame, stretch.total, window, at_once, own))
            if stretch.whole is None:
                continue
            if not at_once:  # the last part of a window that was too large to be read at once
                writer.add(
                    Reading("window", cdr.empty(), total, _claimed(stretch.whole, early), bodies=bodies)
                )
            writer.done.read += 1
            total = 0
    writer.flush()


def sync_ids(
    writer: Writer,
    store: Store,
    client: NxWhatsApp,
    given: Iterable[str],
    look_back: timedelta,
    *,
    keep_raw: bool,
) -> None:
    """Ask for the ids given, for those that had no record yet, and for the calls of the look-back."""
    account = writer.account
    writer.done.unit = "id"
    remembered = store.read(_of(store.scan("asked"), account).select("call_id"))["call_id"]
    new = pl.Series("call_id", list(given), dtype=pl.String).unique(maintain_order=True)
    new = new.filter(~new.is_in(remembered.implode()))
    if new.len():
        # Before the vendor is asked: whatever happens, they are not forgotten.
        rows = pl.select(source=pl.lit(NX), account=pl.lit(account), call_id=new, asked_at=writer.began)
        store.append("asked", rows.with_columns(pl.col("asked_at").cast(INSTANT)).match_to_schema(ASKED))
    due = _due(store, account, writer.began - look_back)
    kept: dict[str, list[Body]] = {}
    lock = ThreadLock()

    def keep(call_id: str, body: bytes) -> None:
        zipped = Body.of((call_id,), body)
        with lock:
            kept.setdefault(call_id, []).append(zipped)

    for frame in client.answers(due, keep if keep_raw else None):
        with lock:
            bodies = [body for call_id in frame["call_id"] for body in kept.pop(call_id, [])]
        writer.add(Reading("ids", frame.filter("found"), frame.height, bodies=bodies))
        writer.done.read += frame.height
    writer.flush()
    writer.done.pending = pending(store, account).height


def pending(store: Store, account: str | None = None) -> pl.DataFrame:
    """Give the ids that were asked for and have no record yet."""
    held = store.scan("cdrs").filter(pl.col("source") == NX).select("account", "call_id")
    asked = store.scan("asked") if account is None else _of(store.scan("asked"), account)
    waiting = asked.join(held, on=["account", "call_id"], how="anti")
    return store.read(waiting).unique(["account", "call_id"]).sort("source", "account", "call_id")


def ids_of(call_ids: object) -> list[str]:
    """Take call ids as a frame with a column `call_id`, a Series, or any other sequence of texts."""
    if hasattr(call_ids, "__arrow_c_stream__") and not isinstance(call_ids, pl.Series):
        frame = cdr.as_lazy(call_ids)
        names = frame.collect_schema().names()
        name = "call_id" if "call_id" in names or len(names) != 1 else names[0]
        if name not in names:
            raise ValueError(f"call_ids: the frame has no column 'call_id'; it has {', '.join(names)}")
        call_ids = frame.select(name).collect().to_series().drop_nulls()
    if isinstance(call_ids, str | bytes | Mapping) or not isinstance(call_ids, Iterable):
        raise TypeError(
            f"call_ids must be several ids (a list, a Series, a frame with call_id), got {type(call_ids).__name__}; "
            f"for one: [call_id]"
        )
    ids = list(call_ids)
    wrong = next((at for at, one in enumerate(ids, 1) if not isinstance(one, str) or not one.strip()), None)
    if wrong is not None:
        raise ValueError(
            f"call id number {wrong} must be a text that is not empty, got {ids[wrong - 1]!r:.60}"
        )
    return ids


def _due(store: Store, account: str, recent: datetime) -> list[str]:
    asked = pending(store, account)["call_id"]
    # A record without any time yet is as old as what is known of it.
    at = pl.coalesce(instant_of(), "seen_from")
    held = (
        _of(store.scan("cdrs"), account)
        .filter(pl.col("seen_to").is_null(), at >= pl.lit(recent, INSTANT))
        .select("call_id")
    )
    again = store.read(held)["call_id"].unique().sort()
    return [*asked, *again]


def _of(rows: pl.LazyFrame, account: str) -> pl.LazyFrame:
    return rows.filter(pl.col("source") == NX, pl.col("account") == account)


def _days_at_once(client: ItnioVoice, stretches: list[Window]) -> int:
    """Count how many days of these stretches hold as many records as are read in one go."""
    days = sum(stretch.seconds for stretch in stretches) / _DAY
    if days <= 2:
        return 1
    total = client.total(Window(stretches[0].start, stretches[-1].end))
    return max(1, min(_LONGEST_WINDOW, int(days * _RECORDS_AT_ONCE / max(total, 1))))


def _claimed(window: Window, early: frozenset[int]) -> Window:
    """What is claimed of a window: without the second that it begins early (see `to_read`)."""
    return Window(window.start + 1, window.end) if window.start in early else window


def _parted(frame: pl.DataFrame, window: Window) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Leave what was submitted at the very end of a window to the next, whose it is.

    A vendor may list it in both, and the client gives it once, with the first: the next reading would seem to say that
    it is not there any more. What lies at the end of the last window the client leaves out.
    """
    end = datetime.fromisoformat(window.end_text)
    at_end = frame["submitted_at"].eq_missing(pl.Series([end], dtype=INSTANT))
    return (frame.filter(~at_end), frame.filter(at_end)) if at_end.any() else (frame, frame.clear())


def _with_border(frame: pl.DataFrame, border: pl.DataFrame) -> pl.DataFrame:
    """Add what the window before left; what was changed since is in the frame already, as it is now."""
    if border.is_empty():
        return frame
    return pl.concat([border.join(frame, on=["call_id", "submitted_at"], how="anti"), frame])


def _touching(windows: list[Window]) -> Iterator[list[Window]]:
    group: list[Window] = []
    for window in windows:
        if group and window.start > group[-1].end:
            yield group
            group = []
        group.append(window)
    if group:
        yield group


class _Kept:
    """Bodies that came, until the window that they belong to is complete. Threads hand them over."""

    def __init__(self) -> None:
        self._lock = ThreadLock()
        self._bodies: list[tuple[Window, Body]] = []

    def keep(self, exchange: Exchange) -> None:
        window = exchange.window
        question = (window.start, window.end, exchange.page, exchange.size)
        body = Body.of(question, exchange.body)
        with self._lock:
            self._bodies.append((window, body))

    def of(self, whole: Window) -> list[Body]:
        with self._lock:
            mine: list[Body] = []
            others: list[tuple[Window, Body]] = []
            for window, body in self._bodies:
                if whole.start <= window.start and window.end <= whole.end:
                    mine.append(body)
                else:
                    others.append((window, body))
            self._bodies = others
        return mine
