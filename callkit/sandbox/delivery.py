"""Ways of delivering an answer badly: cut, slow, never, or as something else."""

from __future__ import annotations

import gzip
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache

from callkit.sandbox.server import Request, Response, Sender

__all__ = ["BODIES", "DELIVERIES", "STATUSES", "date_header", "status"]

_HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


def date_header(offset: float) -> str:
    """Write the Date header of a clock that is `offset` seconds fast."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=offset), usegmt=True)


def _abort(connection: socket.socket) -> bool:
    """Have the connection end in a reset instead of an orderly close."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def _reset(_value: float) -> Sender:
    def send(connection: socket.socket, head: bytes, body: bytes, stopping: threading.Event) -> bool:
        return _abort(connection)

    return send


def _reset_in_headers(_value: float) -> Sender:
    def send(connection: socket.socket, head: bytes, body: bytes, stopping: threading.Event) -> bool:
        connection.sendall(head[: len(head) // 2])
        stopping.wait(0.01)  # a reset overtakes what is still on its way
        return _abort(connection)

    return send


def _reset_in_body(_value: float) -> Sender:
    def send(connection: socket.socket, head: bytes, body: bytes, stopping: threading.Event) -> bool:
        connection.sendall(head + body[: len(body) // 2])
        stopping.wait(0.01)
        return _abort(connection)

    return send


def _hang(value: float) -> Sender:
    def send(connection: socket.socket, head: bytes, body: bytes, stopping: threading.Event) -> bool:
        _wait(connection, value, stopping)
        return False

    return send


def _wait(connection: socket.socket, seconds: float, stopping: threading.Event) -> bool:
    """Wait; return False as soon as the client is gone or the server is to stop."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if stopping.wait(min(left, 0.05)):
            return False
        readable, _, _ = select.select([connection], [], [], 0)
        if readable and connection.recv(1, socket.MSG_PEEK) == b"":
            return False
    return True


def _drip_headers(value: float) -> Sender:
    def send(connection: socket.socket, head: bytes, body: bytes, stopping: threading.Event) -> bool:
        return _drip(connection, head, value, stopping) and _rest(connection, body)

    return send


def _drip_body(value: float) -> Sender:
    def send(connection: socket.socket, head: bytes, body: bytes, stopping: threading.Event) -> bool:
        connection.sendall(head)
        return _drip(connection, body, value, stopping)

    return send


def _drip(connection: socket.socket, data: bytes, pause: float, stopping: threading.Event) -> bool:
    for place in range(len(data)):
        connection.sendall(data[place : place + 1])
        if not _wait(connection, pause, stopping):
            return False
    return True


def _rest(connection: socket.socket, body: bytes) -> bool:
    connection.sendall(body)
    return True


def _truncated(_value: float) -> Sender:
    def send(connection: socket.socket, head: bytes, body: bytes, stopping: threading.Event) -> bool:
        connection.sendall(head + body[: len(body) * 2 // 3])
        return False

    return send


def _chunked_cut(_value: float) -> Sender:
    def send(connection: socket.socket, head: bytes, body: bytes, stopping: threading.Event) -> bool:
        length = f"Content-Length: {len(body)}".encode()
        part = body[: len(body) // 2 + 1]
        chunk = f"{len(part):x}\r\n".encode() + part + b"\r\n"
        connection.sendall(head.replace(length, b"Transfer-Encoding: chunked") + chunk)
        return False

    return send


def _huge(value: float) -> Sender:
    def send(connection: socket.socket, head: bytes, body: bytes, stopping: threading.Event) -> bool:
        length = f"Content-Length: {len(body)}".encode()
        connection.sendall(head.replace(length, f"Content-Length: {int(value)}".encode()))
        blanks = b" " * 65_536
        for _ in range(int(value) // len(blanks)):
            if stopping.is_set():
                break
            connection.sendall(blanks)
        return False

    return send


DELIVERIES: dict[str, tuple[Callable[[float], Sender], float]] = {
    "reset": (_reset, 0.0),
    "reset_in_headers": (_reset_in_headers, 0.0),
    "reset_in_body": (_reset_in_body, 0.0),
    "hang": (_hang, 60.0),
    "drip_headers": (_drip_headers, 0.2),
    "drip_body": (_drip_body, 0.2),
    "truncated": (_truncated, 0.0),
    "chunked_cut": (_chunked_cut, 0.0),
    "huge": (_huge, 256.0 * 1024 * 1024),
}
"""How the bytes of an answer go out: what makes the sender of a value, and the value's default."""


@lru_cache(maxsize=2)
def _bomb(size: int) -> bytes:
    return gzip.compress(b"[" + b" " * size + b"]", 6)


def _not_json(response: Response, _value: float) -> Response:
    return replace(response, body=_HTML, content_type="text/html")


def _gzip(response: Response, _value: float) -> Response:
    return replace(
        response,
        body=gzip.compress(response.body, 1),
        headers={**response.headers, "Content-Encoding": "gzip"},
    )


def _gzip_bomb(response: Response, value: float) -> Response:
    return replace(response, body=_bomb(int(value)), headers={**response.headers, "Content-Encoding": "gzip"})


def _number(text: bytes) -> Callable[[Response, float], Response]:
    """Put what JSON has no number for where the answer has its first count or code."""

    def change(response: Response, _value: float) -> Response:
        body = response.body
        for name in (b'"total":', b'"price":', b'"code":'):
            if name in body:
                before, _, after = body.partition(name)
                return replace(response, body=before + name + text + after.lstrip(b'"-0123456789.'))
        return replace(response, body=text)

    return change


def _deep(response: Response, value: float) -> Response:
    return replace(
        response, body=b'{"status":"0","code":0,"data":' + b"[" * int(value) + b"]" * int(value) + b"}"
    )


def _wrong_shape(response: Response, _value: float) -> Response:
    return replace(
        response, body=b'{"status":"0","code":0,"reason":"success","message":"Success","data":[1]}'
    )


def _date(response: Response, value: float) -> Response:
    return replace(response, headers={**response.headers, "Date": date_header(value)})


BODIES: dict[str, tuple[Callable[[Response, float], Response], float]] = {
    "not_json": (_not_json, 0.0),
    "empty": (lambda response, _: replace(response, body=b""), 0.0),
    "bad_utf8": (lambda response, _: replace(response, body=response.body.replace(b"e", b"\xff", 1)), 0.0),
    "nan": (_number(b"NaN"), 0.0),
    "infinity": (_number(b"Infinity"), 0.0),
    "deep_json": (_deep, 100_000.0),
    "wrong_shape": (_wrong_shape, 0.0),
    "gzip": (_gzip, 0.0),
    "gzip_bomb": (_gzip_bomb, 64.0 * 1024 * 1024),
    "wrong_date": (_date, 3_600.0),
}
"""What becomes of an answer that was right: what changes it, and the default of the value."""

STATUSES = {
    "http_408": 408,
    "http_425": 425,
    "http_429": 429,
    "http_429_date": 429,
    "http_500": 500,
    "http_502": 502,
    "http_503": 503,
    "http_504": 504,
    "redirect": 307,
}
"""Answers of something that stands before the vendor."""


def status(name: str, value: float, request: Request) -> Response:
    """Answer like a gateway; `value` is the Retry-After of 408, 425 and 429 in seconds."""
    headers: dict[str, str] = {}
    if name == "redirect":
        headers["Location"] = f"http://{request.headers.get('host', '127.0.0.1')}/elsewhere"
    elif name == "http_429_date":
        headers["Retry-After"] = date_header(value)
    elif name in ("http_408", "http_425", "http_429"):
        headers["Retry-After"] = str(int(value))
    return Response(_HTML.replace(b"502 Bad Gateway", name.encode()), STATUSES[name], "text/html", headers)
