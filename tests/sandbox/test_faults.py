"""The fault plan: every fault is what its name says, and happens to the request it is meant for."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from callkit.errors import CallkitError
from callkit.sandbox import Fault, FaultPlan, Sandbox
from callkit.sandbox.faults import _DEFAULTS, _PASSING

CALLS = 500


def box(*faults: Fault, **plan: Any) -> Sandbox:
    return Sandbox(calls=CALLS, faults=FaultPlan(faults, **plan), billing_faults=0)


def ids(answer: requests.Response) -> list[str]:
    return [record["voiceId"] for record in answer.json()["data"]["records"]]


def test_the_plan_strikes_the_requests_it_names(ask_itnio: Any, ask_nx: Any) -> None:
    """Requests are counted from 1, for each vendor by itself; what struck is on record."""
    with box(
        Fault("http_503", on={2}, vendor="itnio"), Fault("http_500", on=range(1, 3), vendor="nx")
    ) as sandbox:
        assert [ask_itnio(sandbox).status_code for _ in range(3)] == [200, 503, 200]
        assert [ask_nx(sandbox, "x").status_code for _ in range(3)] == [500, 500, 200]
        struck = [(one.vendor, one.number, one.faults) for one in sandbox.exchanges]
    assert struck[:3] == [("itnio", 1, ()), ("itnio", 2, ("http_503",)), ("itnio", 3, ())]
    assert struck[3:] == [("nx", 1, ("http_500",)), ("nx", 2, ("http_500",)), ("nx", 3, ())]
    assert sandbox.exchanges[0].request.headers["api-key"] == sandbox.credentials["itnio"]["api_key"]


def test_the_plan_starts_anew(ask_itnio: Any) -> None:
    """A sandbox that is started again counts from 1 again."""
    sandbox = box(Fault("http_500", on={1}))
    for _ in range(2):
        with sandbox:
            assert [ask_itnio(sandbox).status_code for _ in range(2)] == [500, 200]
            assert len(sandbox.exchanges) == 2


@pytest.mark.parametrize("kind", ["reset", "reset_in_headers", "reset_in_body", "truncated", "chunked_cut"])
def test_connections_break(ask_itnio: Any, kind: str) -> None:
    """A broken delivery is an error for a client that looks, and the next request is answered."""
    with box(Fault(kind, on={1})) as sandbox:
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            ask_itnio(sandbox)
        assert len(ids(ask_itnio(sandbox))) == 100


def test_a_server_may_hang(ask_itnio: Any, session: requests.Session) -> None:
    """A hanging request gets no byte until its time is over, and stopping does not wait for it."""
    with box(Fault("hang", on={1}, value=0.3)) as sandbox:
        started = time.monotonic()
        with pytest.raises(requests.ConnectionError):
            ask_itnio(sandbox)
        assert time.monotonic() - started >= 0.3
    started = time.monotonic()
    with box(Fault("hang")) as sandbox, pytest.raises(requests.ReadTimeout):
        session.post(f"{sandbox.url}/voice/recordGroupQuery", timeout=0.1)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("kind", ["drip_headers", "drip_body"])
def test_bytes_may_drip(kind: str) -> None:
    """Bytes come one by one, the whole of them in the end."""
    with box(Fault(kind, value=0.001)) as sandbox:
        host, port = sandbox.url.removeprefix("http://").split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=10)
        started = time.monotonic()
        connection.request("POST", "/api/wa/calling/query", headers={"Content-Type": "application/json"})
        assert json.loads(connection.getresponse().read())["code"] == 1001
        assert time.monotonic() - started > 0.08
        connection.close()


def test_stopping_ends_a_drip(session: requests.Session) -> None:
    """A slow answer does not hold up the end of the sandbox, and leaves no thread."""
    before = set(threading.enumerate())
    with box(Fault("drip_headers", value=5)) as sandbox, pytest.raises(requests.ReadTimeout):
        session.post(f"{sandbox.url}/voice/recordGroupQuery", timeout=0.1)
    assert set(threading.enumerate()) == before


@pytest.mark.parametrize(("kind", "code"), [("http_408", 408), ("http_425", 425), ("http_429", 429)])
def test_try_again_later(ask_itnio: Any, kind: str, code: int) -> None:
    """Retry-After says in how many seconds."""
    with box(Fault(kind, value=7)) as sandbox:
        answer = ask_itnio(sandbox)
    assert (answer.status_code, answer.headers["Retry-After"]) == (code, "7")


def test_try_again_at_a_date(ask_itnio: Any) -> None:
    """Retry-After may be a date, too."""
    with box(Fault("http_429_date", value=30)) as sandbox:
        answer = ask_itnio(sandbox)
    wait = parsedate_to_datetime(answer.headers["Retry-After"]) - datetime.now(UTC)
    assert 25 <= wait.total_seconds() <= 31


def test_a_gateway_answers_in_html(ask_itnio: Any) -> None:
    """A 502 is a page of HTML."""
    with box(Fault("http_502")) as sandbox:
        answer = ask_itnio(sandbox)
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html")


def test_a_redirect_that_is_followed_shows(ask_itnio: Any, session: requests.Session) -> None:
    """A redirect leads to an address whose requests are on record, so that leaking credentials is seen."""
    with box(Fault("redirect")) as sandbox:
        answer = ask_itnio(sandbox)
        assert answer.status_code == 307
        session.post(answer.headers["Location"], timeout=10)
        assert [one.request.path for one in sandbox.exchanges] == ["/voice/recordGroupQuery", "/elsewhere"]
        assert (sandbox.exchanges[1].vendor, sandbox.exchanges[1].number) == (None, 0)


@pytest.mark.parametrize(
    "kind", ["not_json", "empty", "bad_utf8", "nan", "infinity", "deep_json", "wrong_shape"]
)
def test_bodies_that_are_no_answer(ask_itnio: Any, ask_nx: Any, kind: str) -> None:
    """The status is 200, but the body is not what the contract says, with either vendor."""
    with box(Fault(kind)) as sandbox:
        for answer in (ask_itnio(sandbox), ask_nx(sandbox, sandbox.call_ids[0])):
            assert answer.status_code == 200
            try:
                read = json.loads(answer.content)
            except (ValueError, RecursionError):
                continue
            text = json.dumps(read)
            assert kind in ("nan", "infinity", "wrong_shape")
            assert "NaN" in text or "Infinity" in text or read["data"] == [1]


def test_gzip_is_a_right_answer(ask_itnio: Any) -> None:
    """A compressed answer is an answer, a compressed flood is as large as it says."""
    with box(Fault("gzip", on={1}), Fault("gzip_bomb", on={2}, value=1_000_000)) as sandbox:
        assert len(ids(ask_itnio(sandbox))) == 100
        assert len(ask_itnio(sandbox).content) == 1_000_002


def test_a_huge_answer(ask_itnio: Any) -> None:
    """A huge answer announces its length and sends it."""
    with box(Fault("huge", value=5 * 65_536)) as sandbox:
        assert ask_itnio(sandbox).content.isspace()


def test_vendor_codes(ask_itnio: Any, ask_nx: Any) -> None:
    """A vendor's code comes in its own shape; ITNIO's system error is NXCloud's."""
    with box(Fault("vendor_code", on={1}), Fault("vendor_code", on={2}, value=-15)) as sandbox:
        assert [ask_itnio(sandbox).json()["status"] for _ in range(3)] == ["-18", "-15", "0"]
        assert [ask_nx(sandbox, "x").json()["code"] for _ in range(3)] == [9001, 9001, 10014]


def test_the_vendors_clock_may_be_off(ask_itnio: Any, ask_nx: Any) -> None:
    """With an offset, honest timestamps are refused; the Date header tells which time is accepted."""
    with box(clock_offset=900) as sandbox:
        answer = ask_itnio(sandbox)
        assert answer.json()["status"] == "-16"
        assert ask_nx(sandbox, "x").json()["code"] == 1004
        theirs = parsedate_to_datetime(answer.headers["Date"]).timestamp()
        assert abs(theirs - time.time() - 900) < 3
        assert ask_itnio(sandbox, timestamp=str(int(theirs))).json()["status"] == "0"


def test_only_the_date_may_be_wrong(ask_itnio: Any) -> None:
    """A wrong Date header alone refuses nothing."""
    with box(Fault("wrong_date", value=7_200)) as sandbox:
        answer = ask_itnio(sandbox)
    assert answer.json()["status"] == "0"
    assert parsedate_to_datetime(answer.headers["Date"]).timestamp() - time.time() > 7_000


def test_latency(ask_itnio: Any) -> None:
    """Every answer takes its time."""
    with box(latency_ms=80) as sandbox:
        started = time.monotonic()
        ask_itnio(sandbox)
        assert time.monotonic() - started >= 0.08


def test_an_unstable_order_loses_and_repeats(ask_itnio: Any) -> None:
    """Page by page, some records come twice and others never, though every count is right."""
    with box(Fault("unstable_order")) as sandbox:
        pages = [ask_itnio(sandbox, page) for page in range(1, 6)]
    got = Counter(one for page in pages for one in ids(page))
    assert {page.json()["data"]["total"] for page in pages} == {401}
    assert sum(got.values()) == 401
    assert len(got) < 401


def test_records_arrive_while_reading(ask_itnio: Any) -> None:
    """A record that is not there yet moves what comes behind it, and is counted later on."""
    with box(Fault("not_yet", on={1}, value=2)) as sandbox:
        first, second = ask_itnio(sandbox, 1), ask_itnio(sandbox, 1)
    assert (first.json()["data"]["total"], second.json()["data"]["total"]) == (399, 401)


def test_past_the_end_is_page_1_again(ask_itnio: Any) -> None:
    """With `repeat_first`, a page past the end holds the first page's records; others are as ever."""
    with box(Fault("repeat_first")) as sandbox:
        first, last, past = (ask_itnio(sandbox, page) for page in (1, 5, 6))
    assert len(ids(last)) == 1
    assert ids(past) == ids(first)
    assert past.json()["data"]["current"] == 1


def test_counts_may_be_text(ask_itnio: Any) -> None:
    """Counts as text, the records unchanged."""
    with box(Fault("text_counts", on={1})) as sandbox:
        texts, numbers = (ask_itnio(sandbox).json()["data"] for _ in range(2))
    assert (texts["total"], texts["current"], texts["pages"]) == ("401", "1", "5")
    assert texts["records"] == numbers["records"]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("wrong_current", 3, (401, 5, 100)),
        ("short_page", 7, (401, 2, 93)),
        ("long_page", 7, (401, 2, 107)),
        ("wrong_total", -5, (396, 2, 100)),
        ("endless", None, (10**9, 2, 100)),
        ("twice", 3, (404, 2, 100)),
        ("wrong_page", 5, (401, 5, 1)),
    ],
)
def test_pages_may_be_wrong(
    ask_itnio: Any, kind: str, value: float | None, expected: tuple[int, ...]
) -> None:
    """Total, echoed page and number of records are off as the fault says."""
    with box(Fault(kind, vendor="itnio", value=value)) as sandbox:
        data = ask_itnio(sandbox, 2).json()["data"]
    assert (data["total"], data["current"], len(data["records"])) == expected


def test_an_endless_list_has_no_last_page(ask_itnio: Any) -> None:
    """However far one turns, the page is full."""
    with box(Fault("endless")) as sandbox:
        assert len(ids(ask_itnio(sandbox, 1_000_000))) == 100


def test_records_of_nxcloud_may_be_wrong(ask_nx: Any) -> None:
    """No call, another call, a cost that is no array, and a code as text."""
    kinds = ("no_calls", "other_call", "costs_object", "text_code")
    with Sandbox(calls=500, billing_faults=0, nx_late=0, nx_lines=0) as honest:
        call_id = honest.call_ids[0]
        right = ask_nx(honest, call_id).json()
    plan = FaultPlan([Fault(kind, on={number}) for number, kind in enumerate(kinds, 1)])
    with Sandbox(calls=500, billing_faults=0, nx_late=0, nx_lines=0, faults=plan) as sandbox:
        none, other, single, text = (ask_nx(sandbox, call_id).json() for _ in kinds)
    assert none["data"]["calls"] == []
    assert other["data"]["calls"][0]["call_id"] != call_id
    (call,) = right["data"]["calls"]
    assert [single["data"]["calls"][0]["costs"]] == call["costs"]
    assert text["code"] == "0"


def test_plans_are_checked() -> None:
    """An unknown fault, and a vendor that cannot have it, are errors that say what there is."""
    with pytest.raises(ValueError, match=r"no fault 'explode'; there are .*unstable_order"):
        Fault("explode")
    with pytest.raises(ValueError, match="'itnio' only"):
        Fault("endless", vendor="nx")
    assert FaultPlan.__doc__ is not None
    assert all(f"`{kind}`" in FaultPlan.__doc__ for kind in _DEFAULTS)


def test_random_plans_are_seeded() -> None:
    """The same seed gives the same plan, another seed another; every passing fault comes up."""
    assert FaultPlan.random(1) == FaultPlan.random(1) != FaultPlan.random(2)
    drawn = {fault.kind for seed in range(60) for fault in FaultPlan.random(seed).faults}
    assert drawn == set(_PASSING)
    assert not FaultPlan.random(1, share=0).faults


@pytest.mark.parametrize("seed", range(6))
def test_a_random_plan_leaves_no_thread(ask_itnio: Any, ask_nx: Any, seed: int) -> None:
    """Whatever strikes, the sandbox goes on answering, and ends clean."""
    before = set(threading.enumerate())
    with Sandbox(calls=100, faults=FaultPlan.random(seed, share=1.0, requests=25)) as sandbox:
        for _ in range(25):
            for ask in (lambda: ask_itnio(sandbox), lambda: ask_nx(sandbox, sandbox.call_ids[0])):
                with suppress(requests.RequestException):
                    ask()
        assert ask_itnio(sandbox).json()["status"] == "0"
    assert set(threading.enumerate()) == before


def test_callkit_retries_what_passes() -> None:
    """callkit's own client gets every record through a few faults, or raises a CallkitError."""
    with Sandbox(calls=300, billing_faults=0) as honest:
        client = honest.itnio_voice()
        right = client.fetch(*honest.period)
        client.close()
    plan = FaultPlan([Fault("http_429", on={1}, value=0), Fault("reset", on={2})])
    with Sandbox(calls=300, billing_faults=0, faults=plan) as sandbox:
        client = sandbox.itnio_voice()
        try:
            assert client.fetch(*sandbox.period).equals(right)
        except CallkitError as error:  # its own tests say when it may give up; here it must not
            pytest.fail(str(error))
        finally:
            client.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", client_port(sandbox)), timeout=1)


def client_port(sandbox: Sandbox) -> int:
    """The port that was served, now free again."""
    host = sandbox.exchanges[0].request.headers["host"]
    return int(host.rpartition(":")[2])
