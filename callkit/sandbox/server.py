"""A small HTTP/1.1 server for loopback: threads, keep-alive, nothing left behind.

It is written on bare sockets so that a benchmark measures the client, and so that faults can be made byte by byte.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from io import BufferedReader
from typing import Protocol, Self

__all__ = ["Request", "Response", "Sender", "Server"]

_LONGEST_LINE = 16_384
_LARGEST_BODY = 1 << 20
_PHRASES = {
    200: "OK", 302: "Found", 307: "Temporary Redirect", 400: "Bad Request", 404: "Not Found",
    405: "Method Not Allowed", 408: "Request Timeout", 411: "Length Required", 413: "Content Too Large",
    415: "Unsupported Media Type", 425: "Too Early", 429: "Too Many Requests", 500: "Internal Server Error",
    502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
}  # fmt: skip


class Sender(Protocol):
    """Delivers an answer in its own way; returns whether the connection may be used again."""

    def __call__(
        self, connection: socket.socket, head: bytes, body: bytes, stopping: threading.Event
    ) -> bool:
        """Send what should be sent of `head` and `body`, and give up when `stopping` is set."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; `sender` delivers it in another way than at once and whole."""

    body: bytes
    status: int = 200
    content_type: str = "application/json;charset=UTF-8"
    headers: dict[str, str] = field(default_factory=dict)
    sender: Sender | None = None


class _BadRequestError(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Server:
    """Serves `answer` on 127.0.0.1 until it is stopped.

    Parameters
    ----------
    answer
        Makes the response to a request; called from many threads at once.
    port
        0 picks a free one.
    """

    def __init__(self, answer: Callable[[Request], Response], port: int = 0) -> None:
        self._answer = answer
        self._lock = threading.Lock()
        self._open: dict[socket.socket, threading.Thread] = {}
        self.stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, name="callkit-sandbox", daemon=True)

    def start(self) -> Self:
        """Begin to accept connections."""
        self._acceptor.start()
        return self

    def stop(self) -> None:
        """Close every connection and wait until every thread has ended. Safe to call twice."""
        if self.stopping.is_set():
            return
        self.stopping.set()
        # A connection of our own wakes the acceptor on every platform; closing its socket does not.
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5):
            pass
        self._acceptor.join()
        self._listener.close()
        with self._lock:
            remaining = dict(self._open)
        for connection in remaining:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in remaining.values():
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # a client that hung up before it was accepted
                if self.stopping.is_set():
                    return
                continue
            if self.stopping.is_set():
                connection.close()
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(
                target=self._serve, args=(connection,), name="callkit-sandbox", daemon=True
            )
            with self._lock:
                self._open[connection] = thread
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        # A client may vanish at any moment; that is its right.
        with suppress(OSError), connection, connection.makefile("rb") as reader:
            while not self.stopping.is_set() and self._exchange(connection, reader):
                pass
        with self._lock:
            self._open.pop(connection, None)

    def _exchange(self, connection: socket.socket, reader: BufferedReader) -> bool:
        """Answer one request; return whether another may follow."""
        keep = False
        try:
            read = _read(connection, reader)
            if read is None:
                return False
            request, keep = read
            response = self._answer(request)
        except _BadRequestError as problem:
            response = Response(b"", problem.status, "text/plain")
        head = _head(response, keep=keep)
        if response.sender is not None:
            return response.sender(connection, head, response.body, self.stopping) and keep
        connection.sendall(head + response.body)
        return keep


def _read(connection: socket.socket, reader: BufferedReader) -> tuple[Request, bool] | None:
    line = reader.readline(_LONGEST_LINE)
    if not line:
        return None
    parts = line.split()
    if len(parts) != 3 or not parts[2].startswith(b"HTTP/1."):
        raise _BadRequestError(400)
    headers: dict[str, str] = {}
    while (line := reader.readline(_LONGEST_LINE)) not in (b"\r\n", b"\n"):
        name, colon, value = line.partition(b":")
        if not colon or not line.endswith(b"\n") or len(headers) > 100:
            raise _BadRequestError(400)
        headers[name.decode("latin-1").strip().lower()] = value.decode("latin-1").strip()
    if "transfer-encoding" in headers:
        raise _BadRequestError(411)
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise _BadRequestError(400)
    if int(length) > _LARGEST_BODY:
        raise _BadRequestError(413)
    if headers.get("expect", "").lower() == "100-continue":  # curl waits for it before a long body
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = reader.read(int(length))
    if len(body) < int(length):
        return None
    keep = headers.get("connection", "").lower() != "close" and parts[2] != b"HTTP/1.0"
    return Request(parts[0].decode("latin-1"), parts[1].decode("latin-1"), headers, body), keep


def _head(response: Response, *, keep: bool) -> bytes:
    headers = {
        "Date": formatdate(time.time(), usegmt=True),
        "Content-Type": response.content_type,
        "Content-Length": str(len(response.body)),
        "Connection": "keep-alive" if keep else "close",
        **response.headers,
    }
    lines = [f"HTTP/1.1 {response.status} {_PHRASES.get(response.status, '')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
