"""One question over a real socket: retries, deadlines, clocks, bounds, and what the errors say."""

import _thread
import gzip
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import trustme

from callkit.errors import AuthenticationError, InvalidRequest, OutOfRange, RateLimited, VendorError
from callkit.fetch import ItnioVoice

EMPTY = {"status": "0", "data": {"total": 0, "records": []}}
GONE = {"code": 10014}


def ask(kit, client):
    return client.fetch(kit.START, kit.START + timedelta(days=1))


def first_then_good(*bad):
    return lambda request: bad[request.number - 1] if request.number <= len(bad) else EMPTY


def cut_short(handler):
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"status": "0", "da')


def hang_up(_handler):
    pass


@pytest.mark.parametrize(
    "bad",
    [
        cut_short,
        hang_up,
        lambda handler: handler.wfile.write(b"\x00\xff\x00 not http at all\r\n\r\n"),
        b"<html>502</html>",
        b"",
        b'{"status": "0", "data": {"total": 0, "records": [NaN]}}',
        (502, {}, b"<html>Bad Gateway</html>"),
        (500, {}, b""),
        (503, {"Retry-After": "0"}, b""),
        (408, {}, b""),
        (425, {}, b""),
        (429, {"Retry-After": "0"}, b""),
        {"status": "-15", "reason": "too frequent"},
        {"status": -18, "reason": "system"},
        (200, {"Content-Encoding": "gzip"}, b"not gzip"),
        (500, {}, {"status": "-18"}),
    ],
)
def test_what_is_asked_again(kit, bad):
    """What may pass by itself is asked again, up to max_attempts in all, and each attempt is signed anew."""
    with kit.Stub(first_then_good(bad, bad)) as stub:
        assert ask(kit, stub.itnio()).height == 0
        assert len(stub.requests) == 3
    with kit.Stub(lambda _request: bad) as stub:
        with pytest.raises(VendorError) as caught:
            ask(kit, stub.itnio(max_attempts=2))
        assert len(stub.requests) == 2
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert "POST /voice/recordGroupQuery, window 2026-03-01T00:00:00+00:00 to" in str(caught.value)
    assert caught.value.hint in str(caught.value)


def test_every_attempt_is_signed_anew(kit):
    """The timestamp and the signature of a retry are those of the retry."""
    with kit.Stub(first_then_good((503, {"Retry-After": "1"}, b""))) as stub:
        ask(kit, stub.itnio())
        first, second = (r.headers for r in stub.requests)
    assert int(second["Timestamp"]) > int(first["Timestamp"])
    assert first["Sign"] != second["Sign"]


@pytest.mark.parametrize(
    ("answer", "error", "code", "says"),
    [
        ({"status": "-1", "reason": "no"}, AuthenticationError, -1, "api_key"),
        ({"status": "-2"}, AuthenticationError, -2, "address"),
        ({"status": -22}, InvalidRequest, -22, "start and end"),
        ({"status": "-25", "data": None}, OutOfRange, -25, "two months"),
        ({"status": "-32"}, AuthenticationError, -32, "may not"),
        ({"status": "-10"}, VendorError, -10, "balance"),
        ({"status": "-999", "reason": "new"}, VendorError, -999, "not documented"),
        ((401, {}, b""), AuthenticationError, 401, "credentials"),
        ((403, {}, {"status": "-31"}), AuthenticationError, -31, "address"),
        ((404, {}, b"<html>"), VendorError, 404, "base_url"),
        ((400, {}, b""), InvalidRequest, 400, "arguments"),
        ((302, {"Location": "/elsewhere"}, b""), VendorError, 302, "not followed"),
        ((308, {"Location": "https://evil.example/"}, b""), VendorError, 308, "not followed"),
        ((418, {}, {"status": "0"}), VendorError, 418, "base_url"),
    ],
)
def test_what_is_not_asked_again(kit, answer, error, code, says):
    """Authentication, permission, parameters, range, redirects: one request, and an error that says what to do."""
    with kit.Stub(answer) as stub:
        with pytest.raises(error, match=says) as caught:
            ask(kit, stub.itnio())
        assert len(stub.requests) == 1
    assert type(caught.value) is error
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("code", "error", "requests"),
    [
        (-1, VendorError, 1),
        (1001, InvalidRequest, 1),
        (1003, AuthenticationError, 1),
        (1005, AuthenticationError, 1),
        (1100, AuthenticationError, 1),
        (9001, VendorError, 2),
        (9002, InvalidRequest, 1),
        (10003, InvalidRequest, 1),
        (4711, VendorError, 1),
    ],
)
def test_nx_codes(kit, code, error, requests):
    """NXCloud's codes are mapped, and only 9001 is asked again."""
    with kit.Stub({"code": code, "message": "so"}) as stub:
        with pytest.raises(error) as caught:
            stub.nx(max_attempts=2).fetch(["a"])
        assert len(stub.requests) == requests
    assert (type(caught.value), caught.value.code, caught.value.reason) == (error, code, "so")


def test_too_many_requests_for_good(kit):
    """429 to the last attempt is RateLimited."""
    with (
        kit.Stub((429, {"Retry-After": "0"}, b"")) as stub,
        pytest.raises(RateLimited, match="requests_per_second"),
    ):
        ask(kit, stub.itnio(max_attempts=2))


@pytest.mark.parametrize("form", ["seconds", "date", "absurd"])
def test_retry_after(kit, form):
    """Retry-After is honoured in seconds and as a date; what is neither is not."""
    value = {
        "seconds": "1",
        "date": format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True),
        "absurd": "nan",
    }[form]
    with kit.Stub(first_then_good((429, {"Retry-After": value, "Date": None}, b""))) as stub:
        ask(kit, stub.itnio())
        first, second = stub.requests
    assert (second.at - first.at >= 0.9) is (form != "absurd")


def drip(head, byte):
    def answer(handler):
        handler.wfile.write(head)
        while True:
            handler.wfile.write(byte)
            handler.wfile.flush()
            time.sleep(0.05)

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        drip(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "),
        drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        lambda _handler: time.sleep(3),
    ],
)
def test_a_slow_drip_does_not_hold_an_attempt(kit, answer):
    """However slowly header or body drips, or nothing comes at all, an attempt ends at its deadline."""
    with kit.Stub(lambda _request: answer) as stub:
        begun = time.monotonic()
        with pytest.raises(VendorError, match=r"no complete answer within 0\.4 s"):
            ask(kit, stub.itnio(timeout=0.4, max_attempts=1))
    assert time.monotonic() - begun < 1.0


def test_nobody_there(kit):
    """A refused connection is an error that names the request and what to check."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/voice"
    with pytest.raises(VendorError, match=r"connection failed .ConnectionRefusedError.*base_url"):
        ask(kit, ItnioVoice(**kit.KEYS, base_url=url, max_attempts=1))


@pytest.mark.parametrize("compressed", [False, True])
def test_the_size_of_an_answer_is_bounded(kit, compressed):
    """An answer larger than max_response_bytes, after decompression, is refused at once."""
    body = b'{"status": "0", "x": "' + b" " * 50_000_000 + b'"}'
    headers = {}
    if compressed:
        body, headers = gzip.compress(body, 1), {"Content-Encoding": "gzip"}
    with kit.Stub((200, headers, body)) as stub:
        with pytest.raises(VendorError, match=r"larger than 1,000,000 bytes.*max_response_bytes"):
            ask(kit, stub.itnio(max_response_bytes=1_000_000))
        assert len(stub.requests) == 1


def test_gzip_is_understood(kit):
    """A compressed answer is read like a plain one."""
    body = gzip.compress(b'{"status": "0", "data": {"total": 0, "records": []}}')
    with kit.Stub((200, {"Content-Encoding": "gzip"}, body)) as stub:
        assert ask(kit, stub.itnio()).height == 0


def test_connections_are_kept(kit):
    """Requests share pooled connections: no more of them than workers."""
    records = [kit.record(i, kit.START + timedelta(seconds=i)) for i in range(2000)]
    with kit.Stub(kit.ItnioModel(records)) as stub:
        assert ask(kit, stub.itnio(max_workers=3)).height == 2000
        assert len({r.connection for r in stub.requests}) <= 3


def skewed(by):
    return format_datetime(datetime.now(UTC) + timedelta(seconds=by), usegmt=True)


def test_a_refused_timestamp_corrects_the_clock_once(kit):
    """After -16 the clock is taken from the Date header, once, with one warning that says by how much."""

    def answer(request):
        good = abs(int(request.headers["Timestamp"]) - time.time() - 300) < 5
        body = EMPTY if good else {"status": "-16", "reason": "expired"}
        return 200, {"Date": skewed(300)}, body

    with kit.Stub(answer) as stub:
        client = stub.itnio()
        with pytest.warns(UserWarning, match=r"clock is 300 s behind|clock is 301 s behind") as told:
            ask(kit, client)
        assert len(told) == 1
        assert len(stub.requests) == 2
        ask(kit, client)
        assert len(stub.requests) == 3


def test_the_date_header_corrects_the_clock_before_a_refusal(kit):
    """A Date header far from our time corrects the clock even while the vendor still accepts it."""
    with kit.Stub(lambda _r: (200, {"Date": skewed(-50)}, GONE)) as stub:
        client = stub.nx()
        with pytest.warns(UserWarning, match="ahead of the vendor's"):
            client.fetch(["a"])
        client.fetch(["b"])
        assert abs(int(stub.requests[1].headers["ts"]) / 1000 - time.time() + 50) < 3


def test_a_wrong_date_header_is_not_believed_for_long(kit):
    """Where the correction itself gets refused, it is taken back."""

    def answer(request):
        good = abs(int(request.headers["Timestamp"]) - time.time()) < 5
        return 200, {"Date": skewed(4000)}, EMPTY if good else {"status": "-16"}

    with kit.Stub(answer) as stub:
        client = stub.itnio()
        with pytest.warns(UserWarning, match="behind"):
            ask(kit, client)
        with pytest.warns(UserWarning, match="taken back"):
            ask(kit, client)
        ask(kit, client)


@pytest.mark.parametrize("headers", [{"Date": None}, {"Date": "garbage"}, {}])
def test_a_refused_timestamp_without_a_reason(kit, headers):
    """-16 where no Date header explains it is an error, after one request."""
    with kit.Stub((200, headers, {"status": "-16"})) as stub:
        with pytest.raises(AuthenticationError, match="clock"):
            ask(kit, stub.itnio())
        assert len(stub.requests) == 1


def test_requests_per_second(kit):
    """The rate holds over threads and retries."""

    def answer(request):
        return (503, {"Retry-After": "0"}, b"") if request.number % 3 == 0 else GONE

    with kit.Stub(answer) as stub:
        stub.nx(requests_per_second=40, max_workers=8).fetch([f"id-{i}" for i in range(20)])
        times = sorted(r.at for r in stub.requests)
    assert len(times) >= 28
    assert times[-1] - times[0] >= (len(times) - 1) / 40 - 0.02


def test_ctrl_c_returns_control_and_ends_threads(kit):
    """Ctrl-C in the main thread returns within a second, and no worker outlives it for long, reading or waiting."""
    for answer in (lambda _handler: time.sleep(3), (503, {"Retry-After": "30"}, b"")):
        with kit.Stub(lambda _request, answer=answer: answer) as stub:
            timer = threading.Timer(0.3, _thread.interrupt_main)
            timer.start()
            begun = time.monotonic()
            with pytest.raises(KeyboardInterrupt):
                ask(kit, stub.itnio(timeout=20))
            assert time.monotonic() - begun < 1.3
            timer.join()
            time.sleep(0.5)
            assert not [t for t in threading.enumerate() if t.name.startswith("callkit-fetch")]


def test_closing_a_generator_ends_threads(kit):
    """Leaving a loop over batches ends the work behind it."""
    records = [kit.record(i, kit.START + timedelta(seconds=4 * i)) for i in range(21_000)]
    with kit.Stub(kit.ItnioModel(records)) as stub:
        for batch in stub.itnio().batches(kit.START, kit.START + timedelta(days=1)):
            assert batch.height
            break
        del batch
        time.sleep(0.4)
        assert not [t for t in threading.enumerate() if t.name.startswith("callkit-fetch")]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for localhost, the key to it, and the authority that nobody else knows."""
    path = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(path / "key.pem")
    authority.cert_pem.write_to_path(path / "cert.pem")
    return path


def test_tls_is_verified(kit, certificate, monkeypatch):
    """A certificate nobody vouches for is refused, one in ca_bundle accepted, one of another name refused; no retry."""
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hunter2@127.0.0.1:9")
    with kit.Stub(EMPTY) as stub:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate / "key.pem")
        stub.server.socket = context.wrap_socket(stub.server.socket, server_side=True)
        url = f"https://localhost:{stub.server.server_port}/voice"
        trusting = ItnioVoice(**kit.KEYS, base_url=url, ca_bundle=certificate / "cert.pem")
        assert ask(kit, trusting).height == 0
        with pytest.raises(VendorError, match=r"could not be verified.*ca_bundle"):
            ask(kit, ItnioVoice(**kit.KEYS, base_url=url))
        with pytest.raises(VendorError, match="could not be verified"):
            ask(
                kit,
                ItnioVoice(
                    **kit.KEYS,
                    base_url=url.replace("localhost", "127.0.0.1"),
                    ca_bundle=certificate / "cert.pem",
                ),
            )
        assert len(stub.requests) == 1
        trusting.close()


def test_no_proxy_and_no_netrc_on_loopback(kit, monkeypatch, tmp_path):
    """Neither proxies of the environment nor a .netrc play a part in loopback."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password hunter2\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with kit.Stub(EMPTY) as stub:
        ask(kit, stub.itnio())
        assert "Authorization" not in stub.requests[0].headers


def test_the_environments_proxy_elsewhere(kit, monkeypatch):
    """Toward a vendor the environment's proxy is used, through a tunnel, and its password shows in no error."""
    seen = []

    def tunnel(server):
        connection, _ = server.accept()
        with connection:
            seen.append(connection.recv(4096))
            connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:hunter2@127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        thread = threading.Thread(target=tunnel, args=(server,))
        thread.start()
        with pytest.raises(VendorError, match="the proxy did not connect us") as caught:
            ask(kit, ItnioVoice(**kit.KEYS, max_attempts=1))
        thread.join()
    assert seen[0].startswith(b"CONNECT api.itniotech.com:443")
    assert kit.KEYS["api_key"].encode() not in seen[0]
    assert "hunter2" not in str(caught.value)
