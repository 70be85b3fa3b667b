"""One question to a vendor: signed anew for each attempt, retried where that helps, answered or an error.

A vendor is described by an `Endpoint`: where it is, how it signs, and what its codes mean. Everything else here
is the same for every vendor.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

import stamina
from requests import PreparedRequest
from requests.structures import CaseInsensitiveDict
from requests.utils import get_environ_proxies

from callkit.errors import VendorError
from callkit.fetch.credentials import Secret
from callkit.fetch.deadline import Attempt, Cancelled, DeadlineAdapter, attempting
from callkit.fetch.exact import Json, UnreadableAnswer, read_json, whole
from callkit.fetch.http import Reply, http_meaning, retry_after, what_happened
from callkit.fetch.pacing import Clock, Throttle
from callkit.fetch.settings import Settings, is_loopback
from callkit.fetch.workers import Notices

__all__ = ["Code", "Endpoint", "Transport"]

T = TypeVar("T")

# Each retry is logged; where nobody set up logging, Python would print the bare event's name to stderr.
logging.getLogger("stamina").addHandler(logging.NullHandler())

_FIRST_WAIT, _LONGEST_WAIT, _JITTER = 0.2, 10.0, 0.3
_UNDOCUMENTED = "The code is not documented: ask the vendor what it means."
_OTHER_API = "If it stays so, the address is not the vendor's API, or the API has changed."


class Code(NamedTuple):
    """What one of a vendor's codes means: the exception, what to do, and whether asking again helps.

    `clock` marks the code of a refused timestamp: asking again helps once the clock is corrected.
    """

    error: type[VendorError]
    hint: str
    retry: bool = False
    clock: bool = False


@dataclass(frozen=True)
class Endpoint:
    """One address of one vendor.

    Attributes
    ----------
    vendor, path
        The name for messages, and what is appended to the base URL.
    sign
        Body bytes and the time (Unix seconds, corrected) → headers. Called once per attempt.
    encode
        The question → the body's bytes.
    status, reason
        The answer's members that hold the code and the vendor's words.
    codes
        What each code means; any other is a plain VendorError.
    results
        Codes that are answers and no errors.
    secrets
        What must never show, even where a vendor's words repeat it.
    parse
        The answer's body → its members; raises UnreadableAnswer.
    """

    vendor: str
    path: str
    sign: Callable[[bytes, float], dict[str, str]] = field(repr=False)
    encode: Callable[[Mapping[str, Json]], bytes] = field(repr=False)
    status: str
    reason: str
    codes: Mapping[int, Code] = field(repr=False)
    results: frozenset[int] = frozenset({0})
    secrets: Sequence[Secret] = field(default=(), repr=False)
    parse: Callable[[bytes], dict[str, Json]] = field(default=read_json, repr=False)


class _FailedError(Exception):
    """Carries an error through the retries; never seen outside."""

    def __init__(self, error: VendorError, *, retry: bool = False, after: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.retry = retry
        self.after = after


class _Attempted(NamedTuple):
    """What one attempt brought, as far as it could be read."""

    reply: Reply
    correction: float
    code: int | None = None
    reason: str = ""
    problem: str = ""


class Transport:
    """Asks one endpoint, from any number of threads."""

    def __init__(self, endpoint: Endpoint, settings: Settings, notices: Notices) -> None:
        self._endpoint = endpoint
        self._settings = settings
        self._url = settings.base_url + endpoint.path
        self._path = urlsplit(self._url).path
        self._verify: bool | str = True if settings.ca_bundle is None else str(settings.ca_bundle)
        host = urlsplit(self._url).hostname or ""
        # No proxy between this machine and itself; toward the vendor the environment's, as in a browser.
        self._proxies: dict[str, str] = {} if is_loopback(host) else dict(get_environ_proxies(self._url))
        self._adapter = DeadlineAdapter(pool_maxsize=settings.max_workers)
        self._clock = Clock(endpoint.vendor, notices)
        self._throttle = Throttle(settings.requests_per_second)

    def __repr__(self) -> str:
        return f"Transport({self._endpoint.vendor}, {self._url})"

    def close(self) -> None:
        """Close the pooled connections; the next question opens new ones."""
        self._adapter.close()

    def ask(
        self,
        question: Mapping[str, Json],
        what: str,
        read: Callable[[dict[str, Json]], T],
        stop: Event,
        keep: Callable[[bytes], None] | None = None,
    ) -> T:
        """Ask, and try again where it helps.

        Parameters
        ----------
        question
            What the endpoint's `encode` makes a body of.
        what
            Which request this is, for messages: "window …, page 3".
        read
            Makes of the answer what the caller wants; raises UnreadableAnswer where it is not what it should be.
        stop
            Calls the work off.
        keep
            Is handed the body of the answer, as it came, once `read` could read it.

        Raises
        ------
        VendorError
            Or one of its kinds; nothing of the request hangs on it.
        """
        limit = self._settings.max_attempts
        number, soonest = 0, 0.0

        def again(error: Exception) -> bool | float:
            """Wait here, where `stop` can end the wait, and have stamina go on at once."""
            if not isinstance(error, _FailedError) or not error.retry or number >= limit:
                return False
            delay = soonest + random.uniform(0, _JITTER) if error.after is None else error.after  # noqa: S311 jitter is no secret
            return False if stop.wait(0 if stamina.is_testing() else delay) else 0.0

        failure: VendorError | None = None
        try:
            for attempt in stamina.retry_context(
                on=again, attempts=limit, timeout=None, wait_initial=_FIRST_WAIT, wait_max=_LONGEST_WAIT
            ):
                number, soonest = attempt.num, attempt.next_wait
                with attempt:
                    return self._attempt(question, what, read, stop, keep)
        except _FailedError as failed:
            failure = failed.error
        # Out here, so that neither the request nor what the libraries said about it hangs on the error.
        raise failure or Cancelled

    def _attempt(
        self,
        question: Mapping[str, Json],
        what: str,
        read: Callable[[dict[str, Json]], T],
        stop: Event,
        keep: Callable[[bytes], None] | None,
    ) -> T:
        self._throttle.wait(stop)
        now, correction = self._clock.now()
        reply = self._exchange(question, now, what, stop)
        if isinstance(reply, _FailedError):
            raise reply
        attempted = _Attempted(reply, correction)
        try:
            answer = self._endpoint.parse(reply.body)
            code = self._code(answer)
            if code in self._endpoint.results and reply.status < 300:
                value = read(answer)
                self._clock.compare(reply.date)
                if keep is not None:
                    keep(reply.body)
                return value
            attempted = attempted._replace(code=code, reason=self._clean(answer.get(self._endpoint.reason)))
        except UnreadableAnswer as error:
            attempted = attempted._replace(problem=str(error))
        raise self._failure(attempted, what)

    def _code(self, answer: dict[str, Json]) -> int:
        code = whole(answer.get(self._endpoint.status))
        if code is None:
            raise UnreadableAnswer(f"no readable {self._endpoint.status!r} in the answer")
        return code

    def _exchange(
        self, question: Mapping[str, Json], now: float, what: str, stop: Event
    ) -> Reply | _FailedError:
        """Send once. What goes wrong is returned, not raised: an exception would drag the request along."""
        limit = self._settings.max_response_bytes
        attempt = Attempt(time.monotonic() + self._settings.timeout, stop)
        happened, hint, retry = (
            f"the answer is larger than {limit:,} bytes",
            "If that is right, raise max_response_bytes.",
            False,
        )
        response = None
        cancelled = False
        attempting(attempt)
        try:
            response = self._adapter.send(
                self._signed(question, now),
                stream=True,
                timeout=(self._settings.timeout, self._settings.timeout),
                verify=self._verify,
                proxies=self._proxies,
            )
            parts: list[bytes] = []
            size = 0
            while size <= limit and (part := response.raw.read(1 << 17, decode_content=True)):
                attempt.left()
                size += len(part)
                parts.append(part)
            if size <= limit:
                head = response.headers
                response.raw.release_conn()
                date, wait = head.get("Date", ""), head.get("Retry-After", "")
                return Reply(response.status_code, date, wait, b"".join(parts))
        except Cancelled:
            cancelled = True
        except Exception as error:  # noqa: BLE001 hostile bytes can break any layer below in any way
            cancelled = stop.is_set()
            happened, hint, retry = what_happened(error, self._settings.timeout)
        finally:
            attempting(None)
        if response is not None:
            response.raw.close()
        if cancelled:
            raise Cancelled
        return _FailedError(self._error(Code(VendorError, hint), what, happened, None, happened), retry=retry)

    def _signed(self, question: Mapping[str, Json], now: float) -> PreparedRequest:
        """Make the request by hand: the bytes that are signed are the bytes that are sent."""
        request = PreparedRequest()
        request.method = "POST"
        request.url = self._url
        request.body = body = self._endpoint.encode(question)
        request.headers = CaseInsensitiveDict(
            {
                "User-Agent": "callkit",
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
                "Content-Length": str(len(body)),
                **self._endpoint.sign(body, now),
            }
        )
        return request

    def _clean(self, text: Json) -> str:
        """The vendor's words are data: one line, not endless, and never with our own keys in them."""
        words = text[:2000] if isinstance(text, str) else ""
        for secret in self._endpoint.secrets:
            words = words.replace(secret.reveal(), "•••")
        words = " ".join("".join(c if c.isprintable() else " " for c in words).split())
        return words if len(words) <= 200 else words[:199] + "…"

    def _failure(self, got: _Attempted, what: str) -> _FailedError:
        """Sort an answer that is not what was wanted: the vendor's own code first, then HTTP's."""
        status = got.reply.status
        after = retry_after(got.reply)
        known = None if got.code is None else self._endpoint.codes.get(got.code)
        if got.code is not None and got.code not in self._endpoint.results and (known or status < 300):
            known = known or Code(VendorError, _UNDOCUMENTED)
            happened = f"{self._endpoint.status} {got.code}" + (f": {got.reason}" if got.reason else "")
            error = self._error(known, what, happened, got.code, got.reason)
            if known.clock:
                again = self._clock.correct(got.reply.date, got.correction)
                return _FailedError(error, retry=again, after=0.0)
            return _FailedError(error, retry=known.retry, after=after)
        if status < 300:
            happened = f"the answer is not readable ({self._clean(got.problem)})"
            error = self._error(Code(VendorError, _OTHER_API), what, happened, None, happened)
            return _FailedError(error, retry=True, after=after)
        kind, hint, retry = http_meaning(status)
        happened = f"HTTP {status}" + (f": {got.reason}" if got.reason else "")
        error = self._error(Code(kind, hint), what, happened, status, got.reason or happened)
        return _FailedError(error, retry=retry, after=after)

    def _error(self, meaning: Code, what: str, happened: str, code: int | None, reason: str) -> VendorError:
        message = f"{self._endpoint.vendor}: POST {self._path}, {what}: {happened}. {meaning.hint}"
        return meaning.error(message, code=code, reason=reason, hint=meaning.hint)
