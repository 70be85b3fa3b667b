"""The HTTP server under the sandbox."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import pytest

from callkit.sandbox.server import Request, Response, Server


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that answers with the method, the path and the body of the request."""

    def echo(request: Request) -> Response:
        return Response(f"{request.method} {request.path} ".encode() + request.body)

    running = Server(echo).start()
    yield running
    running.stop()


def raw(server: Server, sent: bytes) -> bytes:
    """Send bytes, and read until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(sent)
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
    return received


def test_a_connection_is_kept(server: Server) -> None:
    """Several requests go over one connection, each answered with its own body and a Date."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    for number in range(3):
        connection.request("POST", f"/{number}", body=b"x" * number)
        answer = connection.getresponse()
        assert answer.read() == f"POST /{number} ".encode() + b"x" * number
        assert parsedate_to_datetime(answer.headers["Date"]).tzinfo is not None
        if number == 0:
            first = connection.sock
    assert connection.sock is first
    connection.close()


def test_requests_may_be_pipelined(server: Server) -> None:
    """Two requests in one packet get two answers in order; the second one closes the connection."""
    received = raw(server, b"GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert received.index(b"GET /a ") < received.index(b"GET /b ")
    assert received.count(b"HTTP/1.1 200 OK") == 2


def test_curl_may_wait_for_permission(server: Server) -> None:
    """`Expect: 100-continue` is granted before the body is read."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"ok")
        assert connection.recv(1_000).endswith(b"POST / ok")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 20_000 + b"\r\n\r\n", b"400"),
    ],
)
def test_what_is_not_http_is_refused(server: Server, sent: bytes, status: bytes) -> None:
    """A request that cannot be read is answered with its status, and the connection is closed."""
    assert raw(server, sent).startswith(b"HTTP/1.1 " + status)


def test_a_client_may_vanish(server: Server) -> None:
    """A client that hangs up half-way disturbs nobody."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf")
    assert raw(server, b"GET /still HTTP/1.0\r\n\r\n").endswith(b"GET /still ")


def test_nothing_is_left_behind() -> None:
    """Stopping closes idle connections, ends all threads, frees the port, and may be done twice."""
    before = set(threading.enumerate())
    server = Server(lambda _: Response(b"")).start()
    idle = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(5)]
    for connection in idle:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert connection.recv(1_000).startswith(b"HTTP/1.1 200")
    server.stop()
    server.stop()
    assert set(threading.enumerate()) == before
    assert [connection.recv(1) for connection in idle] == [b""] * 5
    for connection in idle:
        connection.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=10)
