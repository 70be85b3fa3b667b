"""Connections that keep an attempt's deadline, however slowly the other side drips.

A socket timeout starts anew with every byte that comes, so a server that sends one byte a second holds a request
for ever. Here every single read of header or body waits only for what is left of the attempt, and gives up at
once when the work is cancelled.
"""

from __future__ import annotations

import http.client
import io
import socket
import threading
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import Any, cast

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError
from urllib3.util.connection import create_connection

__all__ = ["Attempt", "Cancelled", "DeadlineAdapter", "attempting"]

_LONGEST_NAP = 0.2


class Cancelled(Exception):
    """The caller does not wait any more."""


@dataclass(frozen=True)
class Attempt:
    """One attempt at a request: until when it may last, and what calls it off before."""

    deadline: float
    stop: threading.Event

    def left(self) -> float:
        """Seconds until the deadline; raises when there are none, or when the work is called off."""
        if self.stop.is_set():
            raise Cancelled
        left = self.deadline - monotonic()
        if left <= 0:
            raise TimeoutError("the attempt's deadline has passed")
        return left


_NO_ATTEMPT = Attempt(inf, threading.Event())


class _Current(threading.local):
    attempt = _NO_ATTEMPT


# http.client builds its own reader deep inside; an attempt stays in one thread from first to last byte.
_CURRENT = _Current()


def attempting(attempt: Attempt | None) -> None:
    """Say which attempt this thread is at: its connections keep to the attempt's deadline."""
    _CURRENT.attempt = attempt or _NO_ATTEMPT


class _Reader(io.RawIOBase):
    def __init__(self, sock: socket.socket, attempt: Attempt) -> None:
        self._sock = sock
        self._attempt = attempt
        # Keeps the socket open for as long as this reader is, as http.client expects of its own reader.
        self._hold = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            self._sock.settimeout(min(self._attempt.left(), _LONGEST_NAP))
            try:
                return self._sock.recv_into(buffer)
            except TimeoutError:
                continue

    def close(self) -> None:
        if not self.closed:
            self._hold.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        unguarded = self.fp
        self.fp = io.BufferedReader(_Reader(sock, _CURRENT.attempt), 1 << 16)
        unguarded.close()


class _Connecting:
    """What plain and TLS connections share: each address is tried for what is left of the attempt."""

    debuglevel = 0  # http.client would print headers, and with them the key, if someone turned it on globally
    response_class: Any = _Response
    socket_options: Any
    port: Any
    _dns_host: str

    def _new_conn(self) -> socket.socket:
        attempt = _CURRENT.attempt
        problem: OSError | None = None
        try:
            for *_, address in socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM):
                try:
                    sock = create_connection(
                        (str(address[0]), self.port),
                        timeout=attempt.left(),
                        socket_options=self.socket_options,
                    )
                except OSError as error:
                    problem = error
                    continue
                # A TLS handshake may take what is left, in total.
                sock.settimeout(max(attempt.deadline - monotonic(), 0.001))
                return sock
        except OSError as error:
            problem = error
        raise NewConnectionError(cast("HTTPConnection", self), type(problem).__name__) from problem


class _Http(_Connecting, HTTPConnection):
    pass


class _Https(_Connecting, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


_POOLS = {"http": _HttpPool, "https": _HttpsPool}


class DeadlineAdapter(HTTPAdapter):
    """requests' adapter over such connections.

    It is used without a `requests.Session`: redirects, cookies, .netrc and environment settings are a session's
    doing, and none of them may play a part here.
    """

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Pool our own connections to the vendor."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Pool our own connections through a proxy, too."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = _POOLS
        return manager
