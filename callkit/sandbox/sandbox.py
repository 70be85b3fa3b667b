"""The sandbox: both vendors' APIs on loopback, over a month of seeded calls with known billing faults."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

import polars as pl

from callkit import cdr
from callkit.sandbox import itnio, nxcloud
from callkit.sandbox.calls import ITNIO, NX
from callkit.sandbox.faults import Exchange, FaultPlan, Faults
from callkit.sandbox.month import Month, make_month
from callkit.sandbox.papers import Papers
from callkit.sandbox.pricing import Tariff, exact
from callkit.sandbox.server import Request, Response, Server
from callkit.sandbox.settings import NOW, PERIOD, Settings

if TYPE_CHECKING:
    from types import TracebackType

    from callkit.fetch import ItnioVoice, NxWhatsApp

__all__ = ["Sandbox"]

ITNIO_PATH = "/voice/recordGroupQuery"
NX_PATH = "/api/wa/calling/query"

_CREDENTIALS = {
    "itnio": {"api_key": "sbxK3yF7", "api_secret": "sbxS3cr9"},
    "nx": {
        "access_key": "sbx2na3kdi3ki",
        "access_secret": "sbxiiiko2k3",
        "app_key": "sbx8kje1",
        "business_phone": "4917139200042",
    },
}
_OTHER_CREDENTIALS = {
    "itnio": {"api_key": "othK3yQ2", "api_secret": "othS3cr4"},
    "nx": {
        "access_key": "oth7na3kdi3kx",
        "access_secret": "othiiiko5m8",
        "app_key": "oth4kje9",
        "business_phone": "4917139200077",
    },
}


class Sandbox(Papers):
    """Both vendor APIs on 127.0.0.1, as strict as their documents, with billing faults injected on purpose.

    Equal arguments give equal bytes. Every number behind the month is a field of `Settings` and can be
    given as a keyword.

    Parameters
    ----------
    calls : int
        Calls of the month, both vendors together (80 % ITNIO). The calls just before and after the month, which
        ITNIO holds as well, come on top.
    seed : int
        Which month. Seed 7 is billed per minute, with six decimals, half up and without a fee; others vary.
    faults : FaultPlan, optional
        What goes wrong on the way; by default nothing does.
    port : int
        0 picks a free one.
    now : datetime
        The vendors' clock, as far as it governs which records are there and which ranges may be asked for.
        Timestamps of requests are checked against real time.
    **settings
        Fields of `Settings`.

    Attributes
    ----------
    credentials, other_credentials : dict
        Two accounts; neither sees the other one's calls.
    period : tuple of datetime
        The month, half-open.

    Examples
    --------
    >>> import callkit.sandbox as sb
    >>> with sb.Sandbox(calls=500) as sandbox:
    ...     print(len(sandbox.call_ids), sandbox.truth.columns)
    100 ['call_id', 'source', 'check', 'amount']
    """

    def __init__(
        self,
        calls: int = 5_000,
        seed: int = 7,
        faults: FaultPlan | None = None,
        *,
        port: int = 0,
        now: datetime = NOW,
        **settings: Any,
    ) -> None:
        if type(calls) is not int or calls < 0:
            raise ValueError(f"calls must be a whole number, 0 or more; got {calls!r}")
        if now.tzinfo is None:
            raise ValueError(f"now must have a time zone; got {now!r}")
        self.settings = Settings(**settings)
        self.seed = seed
        self.credentials = {name: dict(values) for name, values in _CREDENTIALS.items()}
        self.other_credentials = {name: dict(values) for name, values in _OTHER_CREDENTIALS.items()}
        self.period = PERIOD
        self._now = now
        self._port = port
        self._server: Server | None = None
        self._plan = faults
        self._faults: Faults | None = None
        self._lock = threading.Lock()
        self._asked: set[str] = set()
        self._month = make_month(calls, seed, self.settings, self.credentials["nx"]["business_phone"])
        honest = replace(self.settings, billing_faults=0.0)
        self._other = make_month(40, seed + 1_000_003, honest, self.other_credentials["nx"]["business_phone"])
        self._write_down()

    def _write_down(self) -> None:
        """Render what is visible now, once, so that serving a page is only joining it."""
        now = self._now.timestamp()
        books, apps, late = {}, {}, set()
        for number, (month, credentials) in enumerate(
            ((self._month, self.credentials), (self._other, self.other_credentials))
        ):
            account, app = credentials["itnio"], credentials["nx"]
            books[account["api_key"]] = itnio.book(
                month.calls[ITNIO], account["api_secret"], month.tariffs[ITNIO], now
            )
            records = {}
            for call in month.calls[NX]:
                if call.recorded <= now and not call.never:
                    version = call.later if call.later is not None and call.later_at <= now else call
                    records[call.call_id] = nxcloud.record(version)
                    if call.late_id:
                        late.add(call.call_id)
            apps[app["access_key"]] = nxcloud.App(
                app["access_secret"],
                app["app_key"],
                app["business_phone"],
                282 + number,
                f"10{number}",
                records,
            )
        self._books, self._apps, self._late = books, apps, late

    @property
    def now(self) -> datetime:
        """The vendors' clock: fixed, until `advance` moves it."""
        return self._now

    def advance(self, to: datetime | timedelta) -> None:
        """Move the vendors' clock: late records appear, and some records are restated.

        Parameters
        ----------
        to
            The new time, or how much later it is.
        """
        moved = self._now + to if isinstance(to, timedelta) else to
        if moved.tzinfo is None:
            raise ValueError(f"the time must have a zone; got {moved!r}")
        self._now = moved
        self._write_down()

    def start(self) -> Self:
        """Begin to serve."""
        if self._server is None:
            self._asked.clear()
            self._faults = None if self._plan is None else Faults(self._plan, self._honest)
            self._server = Server(self._answer, self._port).start()
        return self

    def stop(self) -> None:
        """Stop serving; no thread and no socket is left."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        where = f"serving on {self.url}" if self._server else "not started"
        return f"<callkit sandbox, seed {self.seed}, {where}>"

    @property
    def url(self) -> str:
        """Where it is served."""
        if self._server is None:
            raise RuntimeError("the sandbox is not running: use it in a with statement, or call .start()")
        return f"http://127.0.0.1:{self._server.port}"

    def itnio_voice(self, **options: Any) -> ItnioVoice:
        """Make a client of ITNIO's API; `options` go to `callkit.ItnioVoice`."""
        from callkit.fetch import ItnioVoice  # noqa: PLC0415  # the sandbox serves without any client

        return ItnioVoice(**{**self.credentials["itnio"], "base_url": f"{self.url}/voice", **options})

    def nx_whatsapp(self, **options: Any) -> NxWhatsApp:
        """Make a client of NXCloud's API; `options` go to `callkit.NxWhatsApp`."""
        from callkit.fetch import NxWhatsApp  # noqa: PLC0415  # the sandbox serves without any client

        return NxWhatsApp(**{**self.credentials["nx"], "base_url": self.url, **options})

    @cached_property
    def call_ids(self) -> list[str]:
        """The NXCloud ids that a customer would know, by time, with those that have no record (yet)."""
        return [call.call_id for call in self._month.calls[NX]]

    @cached_property
    def truth(self) -> pl.DataFrame:
        """One row per injected fault: call_id, source, check, amount; sorted by source, check, call_id, amount.

        `amount` is the difference by the bridge step of that check, in the quoted currency (`settlement`: in the
        settlement currency), positive where too much was billed; null where the check has no step. A missing
        stretch belongs to no call, nor does a wrong line of the invoice (`invoice`), whose amount is the line's minus
        its records'. `rate` and `increments` show against the vendor's price list (`rate_deck`); an NXCloud call at a
        wrong price is a `rate` there, and a `rate_outlier` among its peers. `restated` are the calls whose record
        changes at any time: at a given `now` some of them have not changed yet.
        """
        rows = [
            {
                "call_id": call_id,
                "source": source,
                "check": check,
                "amount": None if amount is None else exact(amount),
            }
            for call_id, source, check, amount in [*self._month.truth(), *self._invoice_truth()]
        ]
        schema: dict[str, Any] = {
            "call_id": pl.String,
            "source": pl.String,
            "check": pl.String,
            "amount": cdr.MONEY,
        }
        return pl.DataFrame(rows, schema=schema).sort("source", "check", "call_id", "amount")

    @cached_property
    def rating(self) -> dict[str, dict[str, Any]]:
        """How each source makes money out of rates, by source: what `callkit.Rating` takes as keywords."""
        return {source: _rating(tariff) for source, tariff in self._month.tariffs.items()}

    def records(self, vendor: Literal["itnio", "nx"]) -> list[dict[str, Any]]:
        """List the first account's records that are visible now, as the vendor writes them (fractions as Decimal).

        Parameters
        ----------
        vendor
            `"itnio"`: by submitTime and voiceId, those around the period too. `"nx"`: by end of the call,
            without the ids that never have a record.
        """
        if vendor == "itnio":
            rows = self._books[self.credentials["itnio"]["api_key"]].rows
        elif vendor == "nx":
            rows = list(self._apps[self.credentials["nx"]["access_key"]].records.values())
        else:
            raise ValueError(f"vendor must be 'itnio' or 'nx'; got {vendor!r}")
        return [json.loads(row, parse_float=Decimal) for row in rows]

    @property
    def month(self) -> Month:
        """The month behind the answers, in the sandbox's own terms: its calls and its rate deck."""
        return self._month

    @property
    def exchanges(self) -> list[Exchange]:
        """The requests that came since the start, and what struck them; kept only with a fault plan."""
        return [] if self._faults is None else list(self._faults.exchanges)

    def _answer(self, request: Request) -> Response:
        path = request.path.partition("?")[0]
        vendor = "itnio" if path == ITNIO_PATH else "nx" if path == NX_PATH else None
        if self._faults is not None:
            return self._faults.answer(vendor, request)
        return (
            Response(b"", 404, "text/plain") if vendor is None else self._honest(vendor, request, time.time())
        )

    def _honest(
        self,
        vendor: str,
        request: Request,
        clock: float,
        change: Callable[[itnio.Listing], None] | None = None,
    ) -> Response:
        if vendor == "itnio":
            query = itnio.understand(request, self._books, self.settings, self._now, clock)
            if isinstance(query, Response):
                return query
            listing = itnio.page(query, self.settings)
            if change is not None:
                change(listing)
            return itnio.written(listing)
        question = nxcloud.understand(request, self._apps, self.settings, clock)
        if isinstance(question, Response):
            return question
        if question.call_id not in question.app.records or self._not_yet(question.call_id):
            return nxcloud.failure(10014, request)
        return nxcloud.found(question, request)

    @property
    def late_call_ids(self) -> frozenset[str]:
        """The NXCloud ids that answer "no CDR" when they are asked for the first time."""
        return frozenset(self._late)

    def _not_yet(self, call_id: str) -> bool:
        """Whether this is the first time that a record is asked for which is not there the first time."""
        if call_id not in self._late:
            return False
        with self._lock:
            first = call_id not in self._asked
            self._asked.add(call_id)
        return first


def _rating(tariff: Tariff) -> dict[str, Any]:
    return {
        "per_seconds": tariff.per_seconds,
        "decimals": tariff.decimals,
        "rounding": tariff.rounding,
        "connect_fee": exact(tariff.connect_fee),
        "increments": "after_first",
    }
