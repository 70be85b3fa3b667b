"""NXCloud WhatsApp calling: `POST …/api/wa/calling/query`, one call per request, by id.

The rules are the vendor's page "查询calling的流水记录" and its signing page. Code 10014 is an answer: there
is no CDR for that id. `costs` is documented as an object and shown as an array: both are read, and several entries.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Any, ClassVar

import polars as pl

from callkit import cdr
from callkit.errors import AuthenticationError, InvalidRequest, VendorError
from callkit.fetch.client import Client
from callkit.fetch.credentials import Secret
from callkit.fetch.nxcloud_call import NO_CDR, Call, read_answer, settled_call, to_rows
from callkit.fetch.settings import Settings
from callkit.fetch.signing import NX_ALGORITHMS, nx_signature
from callkit.fetch.transport import Code, Endpoint
from callkit.fetch.workers import progress_bar

__all__ = ["NxWhatsApp"]

_IDS_AT_ONCE = 500

_CREDENTIALS = "Check access_key, access_secret and algorithm."
_ACCOUNT = "Ask the vendor's account manager."
_CODES = {
    -1: Code(VendorError, "The vendor does not say why: ask its support."),
    1001: Code(InvalidRequest, "A header did not arrive: check what lies between here and the vendor."),
    1002: Code(InvalidRequest, "Check app_key and business_phone."),
    1003: Code(AuthenticationError, _CREDENTIALS),
    1004: Code(AuthenticationError, "Set this machine's clock (NTP).", clock=True),
    1005: Code(AuthenticationError, f"The account may not do this. {_ACCOUNT}"),
    **dict.fromkeys((1000, 1006, 1007, 1008, 1009), Code(AuthenticationError, _CREDENTIALS)),
    1100: Code(AuthenticationError, f"The account does not exist or is not active. {_ACCOUNT}"),
    1102: Code(VendorError, f"The balance is used up. {_ACCOUNT}"),
    9000: Code(InvalidRequest, "Check app_key, business_phone and the call ids."),
    9001: Code(VendorError, "The vendor's system has a problem: try again later.", retry=True),
    9002: Code(InvalidRequest, "Check business_phone: digits with country code."),
    9003: Code(AuthenticationError, "The app does not exist or is disabled: check app_key."),
    10003: Code(InvalidRequest, "business_phone is not bound to the app: check both, or have it bound."),
}


class NxWhatsApp(Client):
    """Call records of NXCloud WhatsApp calling, by call id.

    Parameters
    ----------
    access_key, access_secret
        The account's credentials.
    app_key, business_phone
        The app, and the business's WhatsApp number with country code.
    base_url
        The API's address. Plain http is allowed only to this machine.
    algorithm
        Of the signature: `"md5"` or `"sha256"`.
    timeout
        Seconds that one attempt at one request may take in all, from connecting to the last byte.
    max_attempts
        How often one request is tried in all.
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
    >>> with ck.Sandbox(calls=200, seed=7) as sandbox:
    ...     calls = sandbox.nx_whatsapp().fetch(sandbox.call_ids)
    >>> calls["call_id"].to_list() == list(sandbox.call_ids)
    True
    """

    _environment: ClassVar = {
        "access_key": "CALLKIT_NX_ACCESS_KEY",
        "access_secret": "CALLKIT_NX_ACCESS_SECRET",
        "app_key": "CALLKIT_NX_APP_KEY",
        "business_phone": "CALLKIT_NX_BUSINESS_PHONE",
    }
    _keyring_service: ClassVar = "callkit-nx"

    def __init__(
        self,
        access_key: str,
        access_secret: str,
        *,
        app_key: str,
        business_phone: str,
        base_url: str = "https://api2.nxcloud.com",
        algorithm: str = "md5",
        timeout: float = 30.0,
        max_attempts: int = 6,
        max_workers: int = 4,
        requests_per_second: float | None = None,
        max_response_bytes: int = 32 * 1024 * 1024,
        ca_bundle: str | Path | None = None,
    ) -> None:
        key, secret, app, phone = self._secrets(
            access_key=access_key, access_secret=access_secret, app_key=app_key, business_phone=business_phone
        )
        self._identity = (key, app, phone)
        if algorithm not in list(NX_ALGORITHMS):
            raise ValueError(f"algorithm must be one of {', '.join(NX_ALGORITHMS)}, got {algorithm!r:.40}")
        settings = Settings(
            base_url, timeout, max_attempts, max_workers, requests_per_second, max_response_bytes, ca_bundle
        )
        endpoint = Endpoint(
            vendor="NXCloud WhatsApp",
            path="/api/wa/calling/query",
            sign=partial(_headers, key, secret, algorithm),
            encode=partial(_encode, app, phone),
            status="code",
            reason="message",
            codes=_CODES,
            results=frozenset({0, NO_CDR}),
            secrets=(secret, key, app),
        )
        super().__init__(endpoint, settings)

    def fetch(self, call_ids: Iterable[str], *, progress: bool | None = None) -> pl.DataFrame:
        """Fetch the calls with these ids: one row per id, in the order asked.

        Parameters
        ----------
        call_ids
            Opaque and case-sensitive. An id that is given twice is asked for once and has two rows.
        progress
            Show a progress bar: by default on a terminal or in a notebook.

        Returns
        -------
        pl.DataFrame
            `callkit.cdr.SCHEMA`. An id for which the vendor has no CDR (its code 10014, or twice in a row a good answer
            without a record) has `found = false` and nothing else. Money in `currency`, durations in seconds,
            instants in UTC. Several cost lines in one currency are added up; in several currencies, cost and
            currency are null; the lines are always in `extra`. If the vendor gives several differing records for
            one id, the first is the row and the others are in its `extra` as `other_records`, with a warning.

        Raises
        ------
        AuthenticationError, InvalidRequest, RateLimited, VendorError
            The vendor's answer, or the lack of one. An answer about another call than the asked one is asked for
            again, and then a VendorError.
        TypeError, ValueError
            An argument is not what it should be; nothing was sent.

        Warns
        -----
        UserWarning
            The clock was corrected; an answer had no record, or several.

        Examples
        --------
        >>> import callkit as ck
        >>> with ck.Sandbox(calls=200, seed=7) as sandbox:
        ...     sandbox.nx_whatsapp().fetch(["no such call"])["found"].to_list()
        [False]
        """
        ids = _checked(call_ids)
        bar = progress_bar(progress, name="NXCloud WhatsApp", unit=" calls", total=len(ids))
        frames = [cdr.empty()]
        try:
            for frame in self._frames(ids):
                frames.append(frame)
                bar.update(frame.height)
        finally:
            bar.close()
            self._notices.give()
        return pl.concat(frames)

    def batches(self, call_ids: Iterable[str]) -> Iterator[pl.DataFrame]:
        """Fetch the calls with these ids in chunks of a few hundred, in the order asked.

        A failing chunk does not take back those before it.

        Parameters
        ----------
        call_ids
            As in `fetch`; checked at the call, before the first batch is asked for.

        Yields
        ------
        pl.DataFrame
            `callkit.cdr.SCHEMA`, one row per id.

        Raises
        ------
        AuthenticationError, InvalidRequest, RateLimited, VendorError
            As `fetch`.

        Examples
        --------
        >>> import callkit as ck
        >>> with ck.Sandbox(calls=200, seed=7) as sandbox:
        ...     ids = list(sandbox.call_ids)
        ...     sum(batch.height for batch in sandbox.nx_whatsapp().batches(ids)) == len(ids)
        True
        """
        return self._batches(_checked(call_ids))

    def answers(
        self, call_ids: Iterable[str], keep: Callable[[str, bytes], None] | None = None
    ) -> Iterator[pl.DataFrame]:
        """Give `batches`, and hand over what came: what an archive needs.

        Parameters
        ----------
        call_ids
            As in `fetch`.
        keep
            Is handed every asked id with the body of its answer, from threads. The body holds no credentials.

        Yields
        ------
        pl.DataFrame
            As `batches`.
        """
        return self._batches(_checked(call_ids), keep)

    def _batches(
        self, ids: Sequence[str], keep: Callable[[str, bytes], None] | None = None
    ) -> Iterator[pl.DataFrame]:
        try:
            for frame in self._frames(ids, keep):
                self._notices.give()
                yield frame
        finally:
            self._notices.give()

    def _frames(
        self, ids: Sequence[str], keep: Callable[[str, bytes], None] | None = None
    ) -> Iterator[pl.DataFrame]:
        if not ids:
            return
        still_to_come = Counter(ids)
        known: dict[str, Call] = {}
        with self._workers() as workers:
            for first in range(0, len(ids), _IDS_AT_ONCE):
                chunk = ids[first : first + _IDS_AT_ONCE]
                new = [
                    (call_id, f"call {first + i + 1} of {len(ids)} ({_masked(call_id)})")
                    for i, call_id in enumerate(chunk)
                ]
                distinct = {call_id: what for call_id, what in reversed(new) if call_id not in known}
                asked = [
                    workers.submit(self._call, workers.stop, keep, call_id, what)
                    for call_id, what in reversed(distinct.items())
                ]
                known.update(zip(reversed(distinct), workers.results(asked), strict=True))
                yield to_rows(chunk, [known[call_id] for call_id in chunk])
                still_to_come.subtract(chunk)
                # Only what will be asked for once more is kept, so that memory does not grow with the ids.
                known = {call_id: call for call_id, call in known.items() if still_to_come[call_id] > 0}

    def _call(self, stop: Event, keep: Callable[[str, bytes], None] | None, call_id: str, what: str) -> Call:
        question = {"call_id": call_id}
        kept = None if keep is None else partial(keep, call_id)
        read = partial(read_answer, call_id)

        def tell(text: str) -> None:
            self._notices.add(f"NXCloud WhatsApp: {what}: {text}")

        return settled_call(lambda: self._transport.ask(question, what, read, stop, kept), tell)


def _checked(call_ids: Iterable[str]) -> list[str]:
    if isinstance(call_ids, str | bytes) or not isinstance(call_ids, Iterable):
        raise TypeError(
            f"call_ids must be several ids (a list, a Series, …), got {type(call_ids).__name__}; for one: [call_id]"
        )
    ids: list[str] = []
    for position, call_id in enumerate(call_ids, 1):
        if not isinstance(call_id, str):
            raise TypeError(f"call id number {position} is a {type(call_id).__name__}, not a text")
        if not call_id.strip():
            raise ValueError(f"call id number {position} is empty")
        if any("\ud800" <= character <= "\udfff" for character in call_id):
            raise ValueError(f"call id number {position} is not valid Unicode")
        ids.append(call_id)
    return ids


def _masked(call_id: str) -> str:
    """The same short digest as `callkit.mask_numbers` gives: the id itself holds telephone numbers."""
    return "call-" + sha256(call_id.encode()).hexdigest()[:12]


def _headers(key: Secret, secret: Secret, algorithm: str, body: bytes, now: float) -> dict[str, str]:
    timestamp = str(int(now * 1000))
    headers = {
        "Content-Type": "application/json",
        "accessKey": key.reveal(),
        "ts": timestamp,
        "bizType": "2",
        "action": "mt",
        "sign": nx_signature(
            key.reveal(),
            secret.reveal(),
            body,
            action="mt",
            biz_type="2",
            timestamp=timestamp,
            algorithm=algorithm,
        ),
    }
    # MD5 is what the vendor assumes; the header is optional.
    return headers if algorithm == "md5" else {**headers, "algorithm": algorithm}


def _encode(app: Secret, phone: Secret, question: Mapping[str, Any]) -> bytes:
    body = {"appkey": app.reveal(), "business_phone": phone.reveal().removeprefix("+"), **question}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
