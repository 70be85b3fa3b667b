"""Ways to ask the sandbox that owe nothing to callkit's own clients."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from callkit.sandbox import Sandbox

Ask = Callable[..., requests.Response]


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """The default month, served."""
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="session")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture(scope="session")
def ask_itnio(session: requests.Session) -> Ask:
    """ask_itnio(sandbox, current, size, start, end, body=…, headers=…, method=…): None removes a header."""

    def ask(
        sandbox: Sandbox,
        current: Any = 1,
        size: Any = 100,
        start: Any = "2026-09-01T00:00:00+00:00",
        end: Any = "2026-10-01T00:00:00+00:00",
        *,
        body: Any = None,
        headers: dict[str, str | None] | None = None,
        method: str = "POST",
        path: str = "/voice/recordGroupQuery",
        timestamp: str | None = None,
        account: dict[str, str] | None = None,
    ) -> requests.Response:
        account = account or sandbox.credentials["itnio"]
        timestamp = timestamp or str(int(time.time()))
        if body is None:
            body = {"current": current, "size": size, "params": {"strTime": start, "endTime": end}}
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        signed = f"{account['api_key']}{account['api_secret']}{timestamp}"
        sent: dict[str, str | None] = {
            "Content-Type": "application/json;charset=UTF-8",
            "Api-Key": account["api_key"],
            "Timestamp": timestamp,
            "Sign": hashlib.md5(signed.encode(), usedforsecurity=False).hexdigest(),
            **(headers or {}),
        }
        kept = {name: value for name, value in sent.items() if value is not None}
        return session.request(
            method, sandbox.url + path, data=raw, headers=kept, timeout=10, allow_redirects=False
        )

    return ask


@pytest.fixture(scope="session")
def ask_nx(session: requests.Session) -> Ask:
    """ask_nx(sandbox, call_id, body=…, headers=…, ts=…, algorithm=…): None removes a header."""

    def ask(
        sandbox: Sandbox,
        call_id: Any = "",
        *,
        body: Any = None,
        headers: dict[str, str | None] | None = None,
        ts: str | None = None,
        algorithm: str | None = None,
        account: dict[str, str] | None = None,
        method: str = "POST",
    ) -> requests.Response:
        account = account or sandbox.credentials["nx"]
        ts = ts or str(int(time.time() * 1000))
        if body is None:
            body = {
                "appkey": account["app_key"],
                "business_phone": account["business_phone"],
                "call_id": call_id,
            }
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        signed = f"accessKey={account['access_key']}&action=mt&bizType=2&ts={ts}".encode()
        signed += (b"&body=" + raw if raw else b"") + f"&accessSecret={account['access_secret']}".encode()
        sent: dict[str, str | None] = {
            "Content-Type": "application/json",
            "accessKey": account["access_key"],
            "ts": ts,
            "bizType": "2",
            "action": "mt",
            "algorithm": algorithm,
            "sign": hashlib.new(algorithm or "md5", signed).hexdigest(),
            **(headers or {}),
        }
        kept = {name: value for name, value in sent.items() if value is not None}
        url = sandbox.url + "/api/wa/calling/query"
        return session.request(method, url, data=raw, headers=kept, timeout=10, allow_redirects=False)

    return ask
