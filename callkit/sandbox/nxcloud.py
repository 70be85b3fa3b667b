"""NXCloud's `POST /api/wa/calling/query`: a strict reading of its pages, as functions from request to answer."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from hashlib import md5, sha256
from hmac import compare_digest
from typing import Any

from callkit.sandbox.calls import Call
from callkit.sandbox.pricing import text
from callkit.sandbox.server import Request, Response
from callkit.sandbox.settings import Settings

__all__ = ["App", "Question", "failure", "found", "record", "understand"]

_MESSAGES = {
    -1: "Failure",
    1001: "Authentication failed: a header is missing",
    1002: "Authentication failed: bizType, action or another parameter",
    1003: "Authentication failed: sign",
    1004: "Authentication failed: ts",
    1005: "Authentication failed: no permission",
    9000: "Request parameter error",
    9001: "System business error",
    9002: "Phone number error",
    9003: "Customer APP does not exist / Status is unavailable",
    10003: "WhatsApp business phone is not bind app",
    10014: "Calling cdr not exist",
}
_REASONS = {
    "answered": ("NORMAL_CLEARING", "NORMAL_CLEARING", "Normal Clearing"),
    "no_answer": ("NO_ANSWER", "Request Timeout", "ORIGINATOR_CANCEL"),
    "busy": ("Busy Here", "USER_BUSY", "Busy Here"),
    "rejected": ("CALL_REJECTED", "Decline", "Decline"),
    "invalid": ("Not Found", "UNALLOCATED_NUMBER", "Not Found"),
    "network": ("NORMAL_TEMPORARY_FAILURE", "Service Unavailable", "Service Unavailable"),
}


@dataclass(frozen=True, slots=True)
class App:
    """An account's application, and the records that are visible now, by call id."""

    secret: str
    app_key: str
    business_phone: str
    app_id: int
    waba_id: str
    records: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Question:
    """A request that passed every check."""

    app: App
    call_id: str


def failure(code: int, request: Request) -> Response:
    """Answer with one of the vendor's codes: HTTP 200, and no data."""
    answer = {"code": code, "message": _MESSAGES.get(code, "Failure"), "traceId": _trace(request)}
    return Response(json.dumps(answer, separators=(",", ":")).encode())


def _trace(request: Request) -> str:
    # Of the body only: equal questions get equal answers, whenever they are asked.
    return md5(b"trace " + request.body).hexdigest()


def understand(
    request: Request, apps: dict[str, App], settings: Settings, clock: float
) -> Question | Response:
    """Check a request in the order of headers, signature, time and parameters; return its question, or the refusal.

    Parameters
    ----------
    request
        As it came.
    apps
        By accessKey.
    settings
        The allowed skew.
    clock
        Real time, in epoch seconds: it governs ts.
    """
    headers = request.headers
    if request.method != "POST":
        return Response(b"", 405, "text/plain", {"Allow": "POST"})
    if headers.get("content-type", "").replace(" ", "").lower() not in (
        "application/json",
        "application/json;charset=utf-8",
    ):
        return Response(b"", 415, "text/plain")
    code = _unauthentic(request, apps, settings, clock)
    if code:
        return failure(code, request)
    app = apps[headers["accesskey"]]
    members = _members(request.body)
    if members is None:
        return failure(9000, request)
    if not re.fullmatch(r"[1-9]\d{6,14}", members["business_phone"], re.ASCII):
        return failure(9002, request)
    if members["appkey"] != app.app_key:
        return failure(9003, request)
    if members["business_phone"] != app.business_phone:
        return failure(10003, request)
    return Question(app, members["call_id"])


def _unauthentic(request: Request, apps: dict[str, App], settings: Settings, clock: float) -> int:
    """Return the code of what is wrong with the headers, or 0."""
    headers = request.headers
    if not all(headers.get(name) for name in ("accesskey", "ts", "biztype", "action", "sign")):
        return 1001
    digest = {"md5": md5, "sha256": sha256}.get(headers.get("algorithm", "md5").lower())
    ts = headers["ts"]
    if headers["biztype"] != "2" or headers["action"] != "mt" or digest is None:
        return 1002
    if not re.fullmatch(r"\d{13}", ts, re.ASCII):
        return 1004
    app = apps.get(headers["accesskey"])
    if app is None:
        return 1005
    signed = f"accessKey={headers['accesskey']}&action=mt&bizType=2&ts={ts}".encode()
    if request.body:
        signed += b"&body=" + request.body
    right = digest(signed + f"&accessSecret={app.secret}".encode()).hexdigest()
    if not compare_digest(headers["sign"].encode(), right.encode()):
        return 1003
    if abs(int(ts) / 1000 - clock) > settings.nx_skew:
        return 1004
    return 0


def _members(body: bytes) -> dict[str, str] | None:
    """Read the body: exactly three texts, none of them empty."""
    try:
        read: Any = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(read, dict) or set(read) != {"appkey", "business_phone", "call_id"}:
        return None
    if not all(isinstance(value, str) and value.strip() for value in read.values()):
        return None
    return read


def found(question: Question, request: Request) -> Response:
    """Answer with the record that was asked for."""
    app = question.app
    head = (
        f'{{"code":0,"message":"Success","data":{{"app_id":{app.app_id},"business_phone":"{app.business_phone}",'
        f'"wabaId":"{app.waba_id}","calls":['
    )
    tail = f']}},"traceId":"{_trace(request)}"}}'
    return Response(b"".join((head.encode(), app.records[question.call_id], tail.encode())))


def record(call: Call) -> bytes:
    """Write a call's record as JSON; prices are numbers with exactly six decimals."""
    noise = int.from_bytes(md5(call.call_id.encode()).digest())  # the same for every version of a record
    direction = 1 if call.direction == "out" else 0
    costs = ",".join(
        f'{{"direction":{direction},"currency":"{currency}","price":{text(price, 6)}}}'
        for currency, price in call.cost_lines
    )
    talked = call.answered is not None
    members: dict[str, str | int | None] = {
        "start_time": "" if call.answered is None else str(call.answered),
        "end_time": str(call.ended),
        "record": f"https://records.example/{noise:032x}.mp3" if talked and noise % 3 else "",
        "call_duration": call.talk,
        "fee_duration": call.charged,
        "bill_type": call.bill_period,
        "end_direction": noise // 7 % 2 if talked else (1, 2, 3)[noise // 7 % 3],
        "end_reason": _REASONS[call.outcome][noise // 11 % 3],
    }
    members |= call.raw
    head = json.dumps(
        {"call_id": call.call_id, "from": call.caller, "to": call.callee}, separators=(",", ":")
    )
    rest = json.dumps(
        {name: value for name, value in members.items() if value is not None}, separators=(",", ":")
    )
    return f'{head[:-1]},"costs":[{costs}],{rest[1:]}'.encode()
