"""ITNIO Tech voice: `POST …/voice/recordGroupQuery`, records by window and page.

The rules are the vendor's page "语音消息记录批量查询": at most 31 days a window, at most 100 records a page, MD5 over
key, secret and timestamp. What it leaves open (which clock a window filters by, whether its ends are inclusive,
the order of records) is not guessed here: windows adjoin, ids are counted, and a warning says what was seen.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import polars as pl

from callkit import cdr
from callkit.errors import AuthenticationError, InvalidRequest, OutOfRange, RateLimited, VendorError
from callkit.fetch.client import Client
from callkit.fetch.credentials import Secret
from callkit.fetch.itnio_page import CONSTANTS, FIELDS, parse, read_page
from callkit.fetch.outside import Outside
from callkit.fetch.paging import Listing, Settled
from callkit.fetch.readings import Page
from callkit.fetch.records import to_frame
from callkit.fetch.settings import Settings, positive_int
from callkit.fetch.signing import itnio_signature
from callkit.fetch.transport import Code, Endpoint
from callkit.fetch.windows import Window, cut, period
from callkit.fetch.workers import Notices, Workers, progress_bar

__all__ = ["Exchange", "ItnioVoice", "Stretch", "replayed"]

_LONGEST = timedelta(days=31)
# More than any client is made with: a replay has as many readings as were kept.
_MOST_READINGS = 1_000

_CREDENTIALS = "Check api_key and api_secret."
_CONSOLE = "See the account's state in the vendor's console."
_ARGUMENTS = "Check start and end."
_ALLOWED = "Have the vendor allow this machine's address."

_CODES = {
    -1: Code(AuthenticationError, _CREDENTIALS),
    -2: Code(AuthenticationError, _ALLOWED),
    -10: Code(VendorError, f"The balance is used up. {_CONSOLE}"),
    -13: Code(AuthenticationError, f"The user is locked. {_CONSOLE}"),
    -15: Code(RateLimited, "Set requests_per_second, or fewer max_workers.", retry=True),
    -16: Code(AuthenticationError, "Set this machine's clock (NTP).", clock=True),
    -18: Code(VendorError, "The vendor's system has a problem: try again later.", retry=True),
    **dict.fromkeys((-20, -21, -22, -23, -24, -26), Code(InvalidRequest, _ARGUMENTS)),
    -25: Code(
        OutOfRange, "The vendor shows the last two months, at most 31 days a query: let start be later."
    ),
    -29: Code(AuthenticationError, f"The workspace is disabled. {_CONSOLE}"),
    -30: Code(AuthenticationError, f"The key is disabled. {_CONSOLE}"),
    -31: Code(AuthenticationError, _ALLOWED),
    -32: Code(AuthenticationError, f"The key may not query voice records. {_CONSOLE}"),
}


class Exchange(NamedTuple):
    """A question and the body of its answer, as it came."""

    window: Window
    page: int
    size: int
    body: bytes


class Stretch(NamedTuple):
    """A verified stretch of time.

    Attributes
    ----------
    window
        The window, or the part of it where it was too large to be read at once.
    frame
        Its records, a CDR frame.
    total
        How many the vendor counts in it.
    whole
        The window that was asked for, if all of it is verified with this; None while parts of it are to come.
    """

    window: Window
    frame: pl.DataFrame
    total: int
    whole: Window | None


class ItnioVoice(Client):
    """Call records of an ITNIO Tech voice account (group calls and verification codes).

    Parameters
    ----------
    api_key, api_secret
        The account's credentials.
    base_url
        The API's address up to and including `/voice`. Plain http is allowed only to this machine.
    timeout
        Seconds that one attempt at one request may take in all, from connecting to the last byte.
    max_attempts
        How often one request is tried, and how often one window is read, in all.
    max_workers
        How many requests are under way at a time.
    requests_per_second
        At most so many, over all threads and retries; None for no limit.
    max_response_bytes
        A larger answer (after decompression) is refused.
    ca_bundle
        Path of a CA bundle to verify the server with, instead of the one that comes with requests.

    Raises
    ------
    TypeError, ValueError
        An argument is not what it should be; nothing was sent.

    Examples
    --------
    >>> import callkit as ck
    >>> with ck.Sandbox(calls=200, seed=7, billing_faults=0) as sandbox:
    ...     calls = sandbox.itnio_voice().fetch(*sandbox.period)
    >>> calls.height > 0 and calls.schema == ck.cdr.SCHEMA
    True
    """

    _environment: ClassVar = {"api_key": "CALLKIT_ITNIO_API_KEY", "api_secret": "CALLKIT_ITNIO_API_SECRET"}
    _keyring_service: ClassVar = "callkit-itnio"

    def __init__(
        self,
        api_key: str,
        api_secret: str,
        *,
        base_url: str = "https://api.itniotech.com/voice",
        timeout: float = 30.0,
        max_attempts: int = 6,
        max_workers: int = 4,
        requests_per_second: float | None = None,
        max_response_bytes: int = 32 * 1024 * 1024,
        ca_bundle: str | Path | None = None,
    ) -> None:
        key, secret = self._secrets(api_key=api_key, api_secret=api_secret)
        self._identity = (key,)
        settings = Settings(
            base_url, timeout, max_attempts, max_workers, requests_per_second, max_response_bytes, ca_bundle
        )
        endpoint = Endpoint(
            vendor="ITNIO voice",
            path="/recordGroupQuery",
            sign=partial(_headers, key, secret),
            encode=_encode,
            parse=parse,
            status="status",
            reason="reason",
            codes=_CODES,
            secrets=(secret, key),
        )
        super().__init__(endpoint, settings)

    def fetch(
        self,
        start: datetime | str,
        end: datetime | str,
        *,
        limit: int | None = None,
        progress: bool | None = None,
    ) -> pl.DataFrame:
        """Fetch the calls of a period, all of them, or raise.

        Parameters
        ----------
        start, end
            The half-open period [start, end): aware datetimes, or ISO 8601 text with an offset. Fractions of a
            second are widened to whole seconds, because the vendor takes no finer ones. The vendor's clock decides
            what is out of range, not ours.
        limit
            At most so many records, for a first look: windows are read oldest first, and no further than needed. The
            window in which the limit is reached is not verified, and which of its records come is the vendor's
            choice. With fewer records than `limit` the result is complete and verified.
        progress
            Show a progress bar: by default on a terminal or in a notebook.

        Returns
        -------
        pl.DataFrame
            `callkit.cdr.SCHEMA`, sorted by submitted_at (else answered_at), then call_id. Money in the quotation
            currency (`currency`), durations in seconds, instants in UTC.

        Raises
        ------
        IncompleteFetch
            The vendor counts other records than it lists, however often it is asked.
        AuthenticationError, InvalidRequest, OutOfRange, RateLimited, VendorError
            The vendor's answer, or the lack of one.
        TypeError, ValueError
            An argument is not what it should be; nothing was sent.

        Warns
        -----
        UserWarning
            The clock was corrected; the vendor lists an id twice; records lie outside of the period.

        Examples
        --------
        >>> import callkit as ck
        >>> with ck.Sandbox(calls=200, seed=7, billing_faults=0) as sandbox:
        ...     sandbox.itnio_voice().fetch(*sandbox.period, limit=10).height
        10
        """
        if limit is not None:
            positive_int("limit", limit)
        asked = period(start, end)
        bar = progress_bar(progress, name="ITNIO voice", unit=" calls")
        frames = [cdr.empty()]
        try:
            for frame in self._frames(asked, limit):
                frames.append(frame)
                bar.update(frame.height)
        finally:
            bar.close()
            self._notices.give()
        return cdr.sort(pl.concat(frames))

    def batches(self, start: datetime | str, end: datetime | str) -> Iterator[pl.DataFrame]:
        """Fetch the calls of a period window by window, so that memory does not grow with the period.

        A failing window does not take back those before it: they have been handed over, complete.

        Parameters
        ----------
        start, end
            As in `fetch`; checked at the call, before the first batch is asked for.

        Yields
        ------
        pl.DataFrame
            One complete, verified window at a time, oldest first, `callkit.cdr.SCHEMA`, each sorted. The windows
            are cut so that each holds a few thousand records; windows without a record are left out.

        Raises
        ------
        IncompleteFetch, AuthenticationError, InvalidRequest, OutOfRange, RateLimited, VendorError
            As `fetch`.

        Examples
        --------
        >>> import callkit as ck
        >>> with ck.Sandbox(calls=200, seed=7, billing_faults=0) as sandbox:
        ...     client = sandbox.itnio_voice()
        ...     sum(batch.height for batch in client.batches(*sandbox.period)) == client.fetch(*sandbox.period).height
        True
        """
        return self._batches(period(start, end))

    def _batches(self, asked: Window) -> Iterator[pl.DataFrame]:
        try:
            for frame in self._frames(asked, None):
                self._notices.give()
                yield frame
        finally:
            self._notices.give()

    def _frames(self, asked: Window, limit: int | None) -> Iterator[pl.DataFrame]:
        windows = cut(asked, _LONGEST)
        if not windows:
            return
        with self._workers() as workers:
            listing = Listing("ITNIO voice", partial(self._page, workers))
            settled = Settled(listing, workers, self._notices, self._settings.max_attempts)
            found = settled.windows(windows) if limit is None else settled.some(windows, limit)
            outside = Outside(asked)
            for records in found:
                frame = outside.seen(to_frame(records, FIELDS, CONSTANTS))
                if frame.height:
                    yield cdr.sort(frame)
            if warning := outside.warning():
                self._notices.add(f"ITNIO voice: {warning}")

    def total(self, window: Window) -> int:
        """Ask how many records the vendor counts in a window, which may be longer than 31 days."""
        with self._workers() as workers:
            pages = [workers.submit(self._page, workers, part, 1, 1) for part in cut(window, _LONGEST)]
            total = sum(page.total for page in workers.results(pages))
        self._notices.give()
        return total

    def stretches(
        self, windows: Sequence[Window], keep: Callable[[Exchange], None] | None = None
    ) -> Iterator[Stretch]:
        """Fetch windows one after the other and say which are complete: what an archive needs to continue.

        Parameters
        ----------
        windows
            Of at most 31 days each, oldest first; neighbours may overlap.
        keep
            Is handed every question with the body of its answer, from threads. The body holds no credentials.

        Yields
        ------
        Stretch
            Complete and verified, also where it holds no record. What begins at the very end of the last window is
            left out.

        Raises
        ------
        IncompleteFetch, AuthenticationError, InvalidRequest, OutOfRange, RateLimited, VendorError
            As `fetch`.
        """
        if not windows:
            return
        try:
            with self._workers() as workers:
                listing = Listing("ITNIO voice", partial(self._page, workers, keep=keep))
                settled = Settled(listing, workers, self._notices, self._settings.max_attempts)
                outside = Outside(Window(windows[0].start, windows[-1].end))
                for window, records, total, whole in settled.verified(windows):
                    frame = cdr.sort(outside.seen(to_frame(records, FIELDS, CONSTANTS)))
                    self._notices.give()
                    yield Stretch(window, frame, total, whole)
                if warning := outside.warning():
                    self._notices.add(f"ITNIO voice: {warning}")
        finally:
            self._notices.give()

    def _page(
        self,
        workers: Workers,
        window: Window,
        number: int,
        size: int,
        *,
        keep: Callable[[Exchange], None] | None = None,
    ) -> Page:
        question = {
            "current": number,
            "size": size,
            "params": {"strTime": window.start_text, "endTime": window.end_text},
        }
        kept = None if keep is None else lambda body: keep(Exchange(window, number, size, body))
        return self._transport.ask(question, f"{window}, page {number}", read_page, workers.stop, kept)


def replayed(window: Window, answer: Callable[[Window, int, int], bytes]) -> pl.DataFrame:
    """Make the frame of a window again, out of the bodies that were kept when it was fetched.

    Parameters
    ----------
    window
        As it was asked for.
    answer
        Window, page (from 1), size → the body that came, in the order in which that question was asked.

    Returns
    -------
    pl.DataFrame
        Its records, a CDR frame, in no order.

    Raises
    ------
    IncompleteFetch
        If the bodies do not establish the window.
    """

    def page(asked: Window, number: int, size: int) -> Page:
        return read_page(parse(answer(asked, number, size)))

    with Workers(1) as workers:
        settled = Settled(Listing("ITNIO voice", page), workers, Notices(), _MOST_READINGS)
        return pl.concat(
            [cdr.empty(), *(to_frame(records, FIELDS, CONSTANTS) for records in settled.windows([window]))]
        )


def _headers(key: Secret, secret: Secret, _body: bytes, now: float) -> dict[str, str]:
    timestamp = str(int(now))
    return {
        "Content-Type": "application/json;charset=UTF-8",
        "Api-Key": key.reveal(),
        "Timestamp": timestamp,
        "Sign": itnio_signature(key.reveal(), secret.reveal(), timestamp),
    }


def _encode(question: Mapping[str, Any]) -> bytes:
    return json.dumps(question, separators=(",", ":")).encode()
