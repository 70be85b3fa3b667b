"""A small server on a real socket, and models of both vendors to put behind it."""

import hashlib
import json
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from callkit.fetch import ItnioVoice, NxWhatsApp

DATA = Path(__file__).parent.parent / "data"
KEYS = {"api_key": "key-bDqJFiq9", "api_secret": "secret-7bz1lzh9"}
NX_KEYS = {
    "access_key": "access-fme2na3k",
    "access_secret": "secret-abciiiko2k3",
    "app_key": "app-pem28kje",
    "business_phone": "8613376333907",
}
START = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class Request:
    path: str
    headers: dict
    raw: bytes
    at: float
    connection: tuple

    @property
    def body(self):
        return json.loads(self.raw)


@dataclass
class Stub:
    """Answers a POST with `answer(request)`: a dict, bytes, (status, headers, body) or a callable on the handler."""

    answer: object
    requests: list = field(default_factory=list)
    protocol: str = "HTTP/1.1"

    def __enter__(self):
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = stub.protocol
            disable_nagle_algorithm = True

            def do_POST(self):
                raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = Request(self.path, dict(self.headers), raw, time.monotonic(), self.client_address)
                with stub.lock:
                    stub.requests.append(request)
                    request.number = len(stub.requests)
                given = stub.answer(request) if callable(stub.answer) else stub.answer
                if callable(given):
                    given(self)
                    self.close_connection = True
                    return
                status, headers, body = given if isinstance(given, tuple) else (200, {}, given)
                if not isinstance(body, bytes):
                    body = json.dumps(body, ensure_ascii=False).encode()
                headers = {"Date": self.date_time_string(), "Content-Type": "application/json", **headers}
                self.send_response_only(status)
                for name, value in headers.items():
                    if value is not None:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                with stub.lock:
                    stub.requests.append(Request(self.path, dict(self.headers), b"", time.monotonic(), ()))
                self.send_error(405)

            def log_message(self, *_):
                pass

        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def itnio(self, **settings):
        return ItnioVoice(**KEYS, base_url=self.url + "/voice", **settings)

    def nx(self, **settings):
        return NxWhatsApp(**NX_KEYS, base_url=self.url, **settings)


def record(number, at=START, **fields):
    return {
        "voiceId": f"22030311133810{number:05}",
        "callee": f"4915{number:08}",
        "displayNum": "1008122211",
        "code": "Germany(Mobile)",
        "submitTime": at.isoformat(),
        "callDuration": 5,
        "chargedDuration": 20,
        "cost": "0.400000",
        "billPeriod": "20+20",
        "rate": "1.2",
        **fields,
    }


def page(total, records, **data):
    return {"status": "0", "reason": "success", "data": {"total": total, "records": records, **data}}


class ItnioModel:
    """A well-behaved ITNIO account: checks the signature, filters by `clock`, sorts, counts, pages."""

    def __init__(self, records, clock="submitTime", inclusive=(True, True)):
        self.records = records
        self.clock = clock
        self.inclusive = inclusive
        self.moments = [datetime.fromisoformat(r[clock]) for r in records]

    def within(self, body):
        start, end = (datetime.fromisoformat(body["params"][k]) for k in ("strTime", "endTime"))
        first, last = self.inclusive
        return [
            r
            for r, t in zip(self.records, self.moments, strict=True)
            if start <= t <= end and (first or t != start) and (last or t != end)
        ]

    def __call__(self, request):
        assert request.path == "/voice/recordGroupQuery"
        head, body = request.headers, request.body
        signed = KEYS["api_key"] + KEYS["api_secret"] + head["Timestamp"]
        if head["Sign"] != hashlib.md5(signed.encode()).hexdigest() or head["Api-Key"] != KEYS["api_key"]:
            return {"status": "-1", "reason": "auth"}
        start, end = (datetime.fromisoformat(body["params"][k]) for k in ("strTime", "endTime"))
        if end - start > timedelta(days=31) or not 1 <= body["size"] <= 100:
            return {"status": "-22", "reason": "parameter"}
        found = self.within(body)
        return self.page(body, found)

    def page(self, body, found):
        size, current = body["size"], body["current"]
        part = found[(current - 1) * size : current * size]
        return page(
            len(found), part, size=size, current=current, pages=-(-len(found) // size), searchCount=True
        )


@pytest.fixture(scope="session")
def kit():
    """Everything above, for tests that cannot import this file (pytest runs with --import-mode=importlib)."""
    itnio_page = (DATA / "itnio_record_group_query.txt").read_text()
    nx_page = (DATA / "nxcloud_wa_calling_query.txt").read_text()
    itnio_sample = itnio_page.partition("RESPONSEEXAMPLE")[2].strip()
    nx_found = nx_page.partition("响应示例1 记录存在")[2].partition("响应示例2")[0].strip()
    nx_missing = nx_page.partition("响应示例2 记录不存在")[2].partition("响应码说明")[0].strip()
    return SimpleNamespace(
        Stub=Stub,
        ItnioModel=ItnioModel,
        record=record,
        page=page,
        KEYS=KEYS,
        NX_KEYS=NX_KEYS,
        START=START,
        itnio_sample=itnio_sample.encode(),
        nx_found=nx_found.encode(),
        nx_missing=nx_missing.encode(),
    )


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    """Retries wait in proportion, not in full."""
    monkeypatch.setattr("callkit.fetch.transport._FIRST_WAIT", 0.01)
    monkeypatch.setattr("callkit.fetch.transport._JITTER", 0.01)
