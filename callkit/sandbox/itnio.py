"""ITNIO's `POST /voice/recordGroupQuery`: a strict reading of its page, as functions from request to answer."""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import md5
from hmac import compare_digest
from typing import Any

from callkit.sandbox.calls import Call, local_time
from callkit.sandbox.pricing import Tariff, divide, text
from callkit.sandbox.server import Request, Response
from callkit.sandbox.settings import Settings

__all__ = [
    "Book",
    "Listing",
    "Query",
    "book",
    "failure",
    "page",
    "rows",
    "two_months_before",
    "understand",
    "written",
]

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", re.ASCII)
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_CODES = {
    "answered": ("1000", "success"),
    "no_answer": ("480", "no answer"),
    "busy": ("486", "busy"),
    "rejected": ("603", "rejected"),
    "invalid": ("404", "invalid number"),
    "network": ("503", "network failure"),
}
# What people type into free text, some of it dangerous where it is pasted into a workbook or a page.
_NOTES = (
    "", "", "", "", "", "", "order shipped", "reminder", "您的验证码", "código de acceso",
    "=1+1", "@SUM(A1:A9)", "<b>urgent</b>", "<img src=x onerror=alert(1)>", "line one\nline two", "-2+3",
)  # fmt: skip
_REASONS = {
    -1: "account authentication failed",
    -2: "ip restricted",
    -15: "too frequent",
    -16: "timestamp expired",
    -18: "system error",
    -22: "parameter error",
    -25: "out of time range",
}


@dataclass(frozen=True, slots=True)
class Book:
    """An account's records that are visible now, in the order of submitTime and voiceId."""

    secret: str
    instants: list[int]
    rows: list[bytes]


@dataclass(frozen=True, slots=True)
class Query:
    """A request that passed every check."""

    book: Book
    first: int
    last: int
    current: int
    size: int

    @property
    def total(self) -> int:
        """How many records the window holds."""
        return self.last - self.first


def failure(code: int, detail: str = "") -> Response:
    """Answer with one of the vendor's codes: HTTP 200, and no data."""
    reason = _REASONS.get(code, "failure")
    answer = {"status": str(code), "reason": f"{reason}: {detail}" if detail else reason, "data": None}
    return Response(json.dumps(answer, separators=(",", ":")).encode())


def understand(
    request: Request, books: dict[str, Book], settings: Settings, now: datetime, clock: float
) -> Query | Response:
    """Check a request in the order of signature, time, parameters and range; return what it asks for, or the refusal.

    Parameters
    ----------
    request
        As it came.
    books
        By Api-Key.
    settings
        The allowed skew, and whether windows include their end.
    now
        The clock that governs data and ranges.
    clock
        Real time, in epoch seconds: it governs Timestamp.
    """
    wrong = _wrong_form(request)
    if wrong is not None:
        return wrong
    headers = request.headers
    account = books.get(headers.get("api-key", ""))
    timestamp = headers.get("timestamp", "")
    if account is None or "sign" not in headers or not timestamp:
        return failure(-1)
    right = md5(f"{headers['api-key']}{account.secret}{timestamp}".encode()).hexdigest()
    if not compare_digest(headers["sign"].lower().encode(), right.encode()):
        return failure(-1)
    if not re.fullmatch(r"\d{10}", timestamp, re.ASCII) or abs(int(timestamp) - clock) > settings.itnio_skew:
        return failure(-16)
    try:
        current, size, start, end = _parameters(request.body)
    except ValueError as problem:
        return failure(-22, str(problem))
    if end - start > timedelta(days=31):
        return failure(-25, "at most 31 days")
    if start < two_months_before(now):
        return failure(-25, "the last two months")
    first = bisect_left(account.instants, start.timestamp())
    cut = bisect_right if settings.window_end == "inclusive" else bisect_left
    last = max(first, cut(account.instants, end.timestamp()))
    return Query(account, first, last, current, size)


def _wrong_form(request: Request) -> Response | None:
    if request.method != "POST":
        return Response(b"", 405, "text/plain", {"Allow": "POST"})
    media, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.replace(" ", "").lower()
    if media.strip().lower() != "application/json" or charset not in ("", "charset=utf-8"):
        return Response(b"", 415, "text/plain")
    return None


def _parameters(body: bytes) -> tuple[int, int, datetime, datetime]:
    """Read the body; a ValueError says what is wrong with it."""
    try:
        read = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise ValueError("the body is not JSON") from None
    if not isinstance(read, dict) or set(read) != {"current", "size", "params"}:
        raise ValueError("expected current, size and params")
    window = read["params"]
    if not isinstance(window, dict) or set(window) != {"strTime", "endTime"}:
        raise ValueError("expected params.strTime and params.endTime")
    current, size = _whole(read, "current"), _whole(read, "size")
    if current < 1:
        raise ValueError("current counts from 1")
    if not 1 <= size <= 100:
        raise ValueError("size must be 1-100")
    start, end = _moment(window, "strTime"), _moment(window, "endTime")
    if start > end:
        raise ValueError("strTime is after endTime")
    return current, size, start, end


def _whole(members: dict[str, Any], name: str) -> int:
    value = members[name]
    if type(value) is not int:  # a bool is none, nor is "1" or 1.0
        raise ValueError(f"{name} must be an integer")
    return value


def _moment(members: dict[str, Any], name: str) -> datetime:
    value = members[name]
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError(f"{name} must look like 2022-01-01T00:00:00+08:00")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{name} is not a date") from None


def two_months_before(now: datetime) -> datetime:
    """Go back two calendar months; a day that the month lacks becomes its last one.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from callkit.sandbox.itnio import two_months_before
    >>> two_months_before(datetime(2026, 4, 30, tzinfo=UTC)).date().isoformat()
    '2026-02-28'
    """
    months = now.year * 12 + now.month - 1 - 2
    year, month = divmod(months, 12)
    return now.replace(year=year, month=month + 1, day=min(now.day, monthrange(year, month + 1)[1]))


@dataclass(slots=True)
class Listing:
    """A page before it is written; a fault may change it. `total`, `current` and `pages` are texts only then."""

    query: Query
    settings: Settings
    total: int | str
    current: int | str
    pages: int | str
    rows: list[bytes]

    def window(self) -> list[bytes]:
        """All records of the window, in the order of its pages."""
        rows = self.query.book.rows[self.query.first : self.query.last]
        return rows if self.settings.page_order == "ascending" else rows[::-1]

    def cut(self, rows: list[bytes], number: int) -> None:
        """Make this page `number` of a window of `rows`."""
        size = self.query.size
        self.total, self.pages = len(rows), -(-len(rows) // size)
        self.rows = rows[(number - 1) * size : number * size]


def page(query: Query, settings: Settings) -> Listing:
    """Turn to the page that is asked for; past the last page there are no records."""
    offset = (query.current - 1) * query.size
    if settings.page_order == "ascending":
        first = query.first + offset
        found = query.book.rows[first : min(first + query.size, query.last)] if first < query.last else []
    else:
        last = query.last - offset
        found = query.book.rows[max(query.first, last - query.size) : last] if last > query.first else []
        found = found[::-1]
    return Listing(query, settings, query.total, query.current, -(-query.total // query.size), found)


def written(listing: Listing) -> Response:
    """Write a page as the answer; its records are written already."""
    total, current, pages = (json.dumps(count) for count in (listing.total, listing.current, listing.pages))
    head = (
        f'{{"status":"0","reason":"success","data":{{"total":{total},"size":{listing.query.size},'
        f'"current":{current},"pages":{pages},"searchCount":true,"records":['
    )
    return Response(b"".join((head.encode(), b",".join(listing.rows), b"]}}")))


def book(calls: list[Call], secret: str, tariff: Tariff, now: float) -> Book:
    """Write down everything that is visible at `now`; `calls` are in order."""
    instants, written = [], []
    for call in calls:
        if call.recorded <= now:
            for row in rows(call, tariff, now):
                instants.append(call.submitted)
                written.append(row)
    return Book(secret, instants, written)


def rows(call: Call, tariff: Tariff, now: float) -> list[bytes]:
    """Write a call's record, or records, as JSON in UTF-8."""
    versions = [call.later if call.later is not None and call.later_at <= now else call]
    if call.twin is not None:
        versions.append(call.twin)
    return [_JSON(_record(one, tariff)).encode() for one in versions]


def _record(call: Call, tariff: Tariff) -> dict[str, str | int]:
    code, reason = _CODES[call.outcome]
    noise = int.from_bytes(md5(call.call_id.encode()).digest())  # the same for every version of a record
    in_usd = call.cost if call.exchange is None else call.settle_cost
    base = divide(in_usd * 62, 100 * tariff.grain) * tariff.grain
    recording = f"1{call.call_id[:6]}{noise:032x}.mp3" if call.answered is not None and not call.code else ""
    key = str(noise % 10) if call.talk > 8 and noise % 7 == 0 else "-1"
    record: dict[str, str | int] = {
        "voiceId": call.call_id,
        "callee": call.callee,
        "displayNum": call.caller,
        "code": call.destination,
        "submitTime": local_time(call.submitted),
        "callTime": local_time(call.called),
        "ringingTime": _moment_text(call.ringing),
        "answerTime": _moment_text(call.answered),
        "hangupTime": local_time(call.ended),
        "callDuration": call.talk,
        "chargedDuration": call.charged,
        "terminationCode": code,
        "terminationReason": reason,
        "cost": text(call.cost),
        "billPeriod": call.bill_period,
        "rate": text(call.rate),
        "baseCost": text(base),
        "voiceFileId": recording,
        "feedbackValue": key,
        "calledInfo": _NOTES[noise // 1000 % len(_NOTES)],
    }
    if call.exchange is not None:
        record["settleRate"] = text(call.settle_rate)
        record["quoteExchange"] = f"0.{call.exchange}"
        record["currency"] = call.currency
        record["settlePay"] = text(call.settle_cost)
    for name, value in call.raw.items():
        if value is None:
            record.pop(name, None)
        else:
            record[name] = value
    return record


def _moment_text(instant: int | None) -> str:
    return "" if instant is None else local_time(instant)
