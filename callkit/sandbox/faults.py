"""Faults of the way and of the server, on purpose: to see whether a client loses a record."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Literal, Self

from callkit.sandbox import itnio, nxcloud
from callkit.sandbox.delivery import BODIES, DELIVERIES, STATUSES, date_header, status
from callkit.sandbox.itnio import Listing
from callkit.sandbox.paging_faults import NX_RECORDS, PAGES
from callkit.sandbox.server import Request, Response

__all__ = ["Exchange", "Fault", "FaultPlan", "Faults", "Honest"]

Vendor = Literal["itnio", "nx"]

_DEFAULTS: dict[str, float] = {
    **{name: default for name, (_, default) in DELIVERIES.items()},
    **{name: default for name, (_, default) in BODIES.items()},
    **{name: default for name, (_, default) in PAGES.items()},
    **dict.fromkeys(NX_RECORDS, 0.0),
    **dict.fromkeys(STATUSES, 1.0),
    "vendor_code": -18.0,
}

# Faults that a second attempt does not meet again, that end soon, and that are not as large as a memory. None of them
# tells a consistent lie: a record that is not there twice over, or written in another form, no client can notice.
_PASSING = (
    "reset", "reset_in_headers", "reset_in_body", "truncated", "chunked_cut", "not_json", "empty", "bad_utf8",
    "nan", "infinity", "deep_json", "wrong_shape", "gzip", "http_408", "http_425", "http_429", "http_429_date",
    "http_500", "http_502", "http_503", "http_504", "vendor_code", "unstable_order", "repeat_first",
    "text_counts", "wrong_current", "wrong_page", "short_page", "long_page", "wrong_total",
    "other_call", "text_code",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Parameters
    ----------
    kind
        What goes wrong; see `FaultPlan`.
    on
        The requests that it happens to, counted from 1 for each vendor: a set, a list or a range. None: to all.
    vendor
        `"itnio"` or `"nx"`; None means both, as far as the kind applies.
    value
        How much of it; each kind has its own meaning and default.

    Examples
    --------
    >>> from callkit.sandbox import Fault
    >>> Fault("http_429", on={2, 3}, value=1).strikes("itnio", 3)
    True
    """

    kind: str
    on: Collection[int] | None = field(default=None, kw_only=True)
    vendor: Vendor | None = field(default=None, kw_only=True)
    value: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.kind not in _DEFAULTS:
            raise ValueError(f"there is no fault {self.kind!r}; there are {', '.join(sorted(_DEFAULTS))}")
        only = "itnio" if self.kind in PAGES else "nx" if self.kind in NX_RECORDS else None
        if only and self.vendor not in (None, only):
            raise ValueError(f"the fault {self.kind!r} happens to {only!r} only, got {self.vendor!r}")

    @property
    def amount(self) -> float:
        """The value, or the kind's default."""
        return _DEFAULTS[self.kind] if self.value is None else self.value

    def strikes(self, vendor: str, number: int) -> bool:
        """Whether it happens to a vendor's request of this number."""
        return self.vendor in (None, vendor) and (self.on is None or number in self.on)


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Which faults happen to which requests.

    A request may meet several: one that replaces the answer (the first in the list), any that change the page, the
    body, and one that spoils its delivery. Without any, the answer is the honest one.

    Parameters
    ----------
    faults
        The plan.
    latency_ms
        Every answer takes at least so many milliseconds.
    clock_offset
        The vendors' clock is so many seconds fast: it is what Timestamp and ts are checked against, and what the
        Date header says.

    Notes
    -----
    *Instead of an answer*: `http_408`, `http_425`, `http_429` (value: Retry-After in seconds), `http_429_date` (the
    same, as a date), `http_500`, `http_502`, `http_503`, `http_504` (all in HTML), `redirect` (to `/elsewhere`),
    `vendor_code` (value: the code, by default -18, which NXCloud calls 9001; NXCloud's 1004 is ITNIO's -16).

    *Delivery*: `reset` (before the first byte), `reset_in_headers`, `reset_in_body`, `hang` (value: seconds, 60),
    `drip_headers`, `drip_body` (value: seconds between bytes, 0.2), `truncated` (shorter than its Content-Length),
    `chunked_cut` (no last chunk), `huge` (value: bytes, 256 MiB).

    *Body*: `not_json`, `empty`, `bad_utf8`, `nan`, `infinity`, `deep_json` (value: depth, 100,000), `wrong_shape`,
    `gzip` (a right answer), `gzip_bomb` (value: bytes unpacked, 64 MiB), `wrong_date` (value: seconds that the Date
    header alone is fast, 3,600).

    *Pages of ITNIO*: `unstable_order` (records cross page borders), `not_yet` (value: records that are missing in this
    answer and arrive later, 1), `repeat_first` (a page past the end is page 1 again), `text_counts`, `wrong_current`
    (value: off by, 1), `wrong_page` (value: the page served, 1), `short_page`, `long_page` (value: records, 1),
    `wrong_total` (value: off by, 1), `endless` (value: the total, 10**9), `twice` (value: how many of the window's
    records are listed twice, 1).

    *Records of NXCloud*: `no_calls`, `other_call` (another id than asked for), `costs_object` (not in an array; a right
    answer), `text_code` (a right answer).

    Examples
    --------
    >>> from callkit.sandbox import Fault, FaultPlan, Sandbox
    >>> plan = FaultPlan([Fault("http_502", on={1}), Fault("reset", on=range(2, 4))], latency_ms=5)
    >>> with Sandbox(calls=50, faults=plan) as sandbox:
    ...     pass  # try your own client on sandbox.url, and look at sandbox.exchanges
    """

    faults: Sequence[Fault] = ()
    latency_ms: float = 0.0
    clock_offset: float = 0.0

    @classmethod
    def random(
        cls, seed: int, *, share: float = 0.2, requests: int = 40, kinds: Sequence[str] = _PASSING
    ) -> Self:
        """Draw a plan: the same seed, the same plan.

        Parameters
        ----------
        seed
            Any whole number.
        share
            Of the first `requests` requests to each vendor, how many meet a fault.
        requests
            Behind so many, there are no faults any more.
        kinds
            What to draw from; by default everything that a second attempt need not meet again.
        """
        rng = Random(f"{seed}/fault plan")
        drawn = []
        elsewhere: dict[Vendor, Collection[str]] = {"itnio": NX_RECORDS, "nx": PAGES}
        for vendor, others in elsewhere.items():
            possible = [kind for kind in kinds if kind not in others]
            for number in range(1, requests + 1):
                if possible and rng.random() < share:
                    kind = rng.choice(possible)
                    drawn.append(Fault(kind, on=(number,), vendor=vendor, value=_drawn(rng, kind, vendor)))
        return cls(drawn)


def _drawn(rng: Random, kind: str, vendor: Vendor) -> float | None:
    """Draw a value where the default would be always the same, or slow."""
    if kind == "vendor_code":
        return rng.choice((-15, -18, -16) if vendor == "itnio" else (9001, -1, 1004))
    if kind.startswith("http_4"):
        return 0.0
    if kind in ("not_yet", "short_page", "long_page", "twice"):
        return rng.randint(1, 3)
    if kind in ("wrong_total", "wrong_current"):
        return rng.choice((-1, 1, 2))
    return None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request that a sandbox with a fault plan received.

    Attributes
    ----------
    vendor, number
        Which endpoint, and the number of the request to it; None and 0 for any other path.
    faults
        The kinds that struck.
    request
        As it came, with its headers in lower case.
    at
        `time.monotonic()` when it came.
    """

    vendor: str | None
    number: int
    faults: tuple[str, ...]
    request: Request
    at: float


Honest = Callable[[str, Request, float, Callable[[Listing], None] | None], Response]
"""(vendor, request, real time, what changes a page) → the answer."""


class Faults:
    """Carries out a plan between the requests and the honest answers."""

    def __init__(self, plan: FaultPlan, honest: Honest) -> None:
        self._plan = plan
        self._honest = honest
        self._lock = threading.Lock()
        self._counts = {"itnio": 0, "nx": 0}
        self.exchanges: list[Exchange] = []

    def answer(self, vendor: str | None, request: Request) -> Response:
        """Answer a request, as well as the plan allows."""
        with self._lock:
            number = 0
            if vendor is not None:
                self._counts[vendor] += 1
                number = self._counts[vendor]
            struck = (
                [] if vendor is None else [one for one in self._plan.faults if one.strikes(vendor, number)]
            )
            kinds = tuple(one.kind for one in struck)
            self.exchanges.append(Exchange(vendor, number, kinds, request, time.monotonic()))
        if self._plan.latency_ms:
            time.sleep(self._plan.latency_ms / 1000)
        if vendor is None:
            return Response(b"", 404, "text/plain")
        response = _instead(vendor, request, struck)
        if response is None:
            clock = time.time() + self._plan.clock_offset
            response = self._honest(vendor, request, clock, _page_change(struck, number))
        if self._plan.clock_offset:
            response = replace(
                response, headers={**response.headers, "Date": date_header(self._plan.clock_offset)}
            )
        for fault in struck:
            if fault.kind in BODIES:
                response = BODIES[fault.kind][0](response, fault.amount)
            elif fault.kind in NX_RECORDS and vendor == "nx":
                response = NX_RECORDS[fault.kind](response)
        for fault in struck:
            if fault.kind in DELIVERIES:
                return replace(response, sender=DELIVERIES[fault.kind][0](fault.amount))
        return response


def _instead(vendor: str, request: Request, struck: list[Fault]) -> Response | None:
    for fault in struck:
        if fault.kind in STATUSES:
            return status(fault.kind, fault.amount, request)
        if fault.kind == "vendor_code":
            code = int(fault.amount)
            if vendor == "itnio":
                return itnio.failure({9001: -18, 1004: -16}.get(code, code))
            return nxcloud.failure({-18: 9001, -15: 9001, -16: 1004}.get(code, code), request)
    return None


def _page_change(struck: list[Fault], number: int) -> Callable[[Listing], None] | None:
    changes = [fault for fault in struck if fault.kind in PAGES]
    if not changes:
        return None

    def change(listing: Listing) -> None:
        for fault in changes:
            PAGES[fault.kind][0](listing, fault.amount, number)

    return change
