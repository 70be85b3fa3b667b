"""NXCloud's endpoint: what the contract allows is answered, everything else is refused with the contract's code."""

from __future__ import annotations

import base64
import json
import re
import time
from decimal import Decimal
from typing import Any

import pytest

from callkit.sandbox import Sandbox


@pytest.fixture(scope="module")
def known(sandbox: Sandbox) -> str:
    """An id that has a record from the start."""
    return next(
        call.call_id for call in sandbox.month.calls["nx-whatsapp"] if not call.late_id and not call.never
    )


def code(answer: Any) -> int:
    """The vendor's code, after checking that the refusal has the documented shape."""
    assert answer.status_code == 200
    read = answer.json()
    assert re.fullmatch(r"[0-9a-f]{32}", read["traceId"])
    assert set(read) == {"code", "message", "traceId"} | ({"data"} if read["code"] == 0 else set())
    return read["code"]


def test_a_record_has_the_documented_shape(sandbox: Sandbox, ask_nx: Any, known: str) -> None:
    """The answer holds exactly the call that was asked for, in the fields of the vendor's page."""
    data = ask_nx(sandbox, known).json()["data"]
    assert list(data) == ["app_id", "business_phone", "wabaId", "calls"]
    (call,) = data["calls"]
    assert list(call) == [
        "call_id", "from", "to", "costs", "start_time", "end_time", "record", "call_duration", "fee_duration",
        "bill_type", "end_direction", "end_reason",
    ]  # fmt: skip
    assert call["call_id"] == known
    assert sandbox.credentials["nx"]["business_phone"] in (call["from"], call["to"])


def test_prices_are_numbers_with_six_decimals(sandbox: Sandbox, ask_nx: Any, known: str) -> None:
    """A price stands in the answer as a JSON number, with its zeros."""
    assert re.search(r'"price":\d+\.\d{6}[,}]', ask_nx(sandbox, known).text)


def test_every_record_comes_back(ask_nx: Any) -> None:
    """Asked twice, every id that has a record gives it as the sandbox holds it, and the others answer 10014."""
    with Sandbox(calls=500) as box:
        for call_id in box.call_ids:
            ask_nx(box, call_id)
        held = {record["call_id"]: record for record in box.records("nx")}
        for call_id in box.call_ids:
            answer = json.loads(ask_nx(box, call_id).text, parse_float=Decimal)
            if call_id in held:
                assert answer["data"]["calls"] == [held[call_id]]
            else:
                assert answer["code"] == 10014


def test_some_records_are_not_there_at_first(ask_nx: Any) -> None:
    """Three of a hundred ids answer 10014 the first time, and a few do so for ever."""
    with Sandbox() as box:
        first = {call_id: code(ask_nx(box, call_id)) for call_id in box.call_ids}
        again = {call_id: code(ask_nx(box, call_id)) for call_id in box.call_ids}
        never = set(box.truth.filter(check="missing_record")["call_id"])
    late = {call_id for call_id, answer in first.items() if answer == 10014} - never
    assert 15 <= len(late) <= 50
    assert {call_id for call_id, answer in again.items() if answer == 10014} == never
    assert len(never) == 5


@pytest.mark.parametrize("name", ["accessKey", "ts", "bizType", "action", "sign"])
def test_every_header_is_needed(sandbox: Sandbox, ask_nx: Any, known: str, name: str) -> None:
    """A missing header is 1001."""
    assert code(ask_nx(sandbox, known, headers={name: None})) == 1001


@pytest.mark.parametrize("headers", [{"bizType": "1"}, {"action": "send"}, {"algorithm": "sha1"}])
def test_fixed_headers_have_one_value(sandbox: Sandbox, ask_nx: Any, known: str, headers: Any) -> None:
    """Another bizType, action or algorithm is 1002."""
    assert code(ask_nx(sandbox, known, headers=headers)) == 1002


def test_the_signature_is_over_the_bytes_that_were_sent(sandbox: Sandbox, ask_nx: Any, known: str) -> None:
    """The form of the JSON is free, but what is signed is what is sent; digests are in lower case."""
    nx = sandbox.credentials["nx"]
    members = {"call_id": known, "appkey": nx["app_key"], "business_phone": nx["business_phone"]}
    assert code(ask_nx(sandbox, body=json.dumps(members, indent=2).encode())) == 0
    right = ask_nx(sandbox, known)
    sign, ts = right.request.headers["sign"], right.request.headers["ts"]
    assert code(ask_nx(sandbox, body=json.dumps(members).encode(), ts=ts, headers={"sign": sign})) == 1003
    assert code(ask_nx(sandbox, known, ts=ts, headers={"sign": sign.upper()})) == 1003


def test_sha256_signs_as_well(sandbox: Sandbox, ask_nx: Any, known: str) -> None:
    """With the header algorithm, the signature is a SHA-256; without it, it is not."""
    assert code(ask_nx(sandbox, known, algorithm="sha256")) == 0
    assert code(ask_nx(sandbox, known, algorithm="sha256", headers={"algorithm": None})) == 1003


@pytest.mark.parametrize("off", [-61_500, 61_500])
def test_the_clock_may_be_off_by_a_minute(sandbox: Sandbox, ask_nx: Any, known: str, off: int) -> None:
    """More than 60 s off real time is 1004, either way; 55 s are not."""
    assert code(ask_nx(sandbox, known, ts=str(int(time.time() * 1000) + off))) == 1004
    assert code(ask_nx(sandbox, known, ts=str(int(time.time() * 1000) + off * 55 // 62))) == 0


def test_ts_is_in_milliseconds(sandbox: Sandbox, ask_nx: Any, known: str) -> None:
    """A time in seconds is no ts."""
    assert code(ask_nx(sandbox, known, ts=str(int(time.time())))) == 1004


def test_an_unknown_key_has_no_permission(sandbox: Sandbox, ask_nx: Any, known: str) -> None:
    """An accessKey that nobody has is 1005."""
    assert code(ask_nx(sandbox, known, headers={"accessKey": "nobody"})) == 1005


@pytest.mark.parametrize(
    "change", [{"appkey": None}, {"call_id": ""}, {"call_id": 7}, {"business_phone": " "}, {"page": "1"}]
)
def test_the_body_has_exactly_three_texts(sandbox: Sandbox, ask_nx: Any, known: str, change: Any) -> None:
    """A missing, empty, unknown or wrongly typed parameter is 9000."""
    nx = sandbox.credentials["nx"]
    members = {"appkey": nx["app_key"], "business_phone": nx["business_phone"], "call_id": known, **change}
    body = {name: value for name, value in members.items() if value is not None}
    assert code(ask_nx(sandbox, body=body)) == 9000


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 50_000])
def test_a_body_is_a_json_object(sandbox: Sandbox, ask_nx: Any, body: bytes) -> None:
    """Anything else is 9000, an empty body included, which is signed without its part."""
    assert code(ask_nx(sandbox, body=body)) == 9000


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"business_phone": "+4917139200042"}, 9002),
        ({"business_phone": "none"}, 9002),
        ({"appkey": "nobody"}, 9003),
        ({"business_phone": "4917139200043"}, 10003),
        ({"call_id": "outgoing:wacid.unknown"}, 10014),
    ],
)
def test_what_does_not_exist(sandbox: Sandbox, ask_nx: Any, known: str, change: Any, expected: int) -> None:
    """A bad number, another app, an unbound number and an unknown id each have their code."""
    nx = sandbox.credentials["nx"]
    body = {"appkey": nx["app_key"], "business_phone": nx["business_phone"], "call_id": known, **change}
    assert code(ask_nx(sandbox, body=body)) == expected


def test_the_second_account_sees_its_own_calls_only(sandbox: Sandbox, ask_nx: Any, known: str) -> None:
    """The first account's ids, app and number are not the second one's."""
    other, nx = sandbox.other_credentials["nx"], sandbox.credentials["nx"]
    assert code(ask_nx(sandbox, known, account=other)) == 10014
    assert code(ask_nx(sandbox, known, account={**other, "app_key": nx["app_key"]})) == 9003
    assert code(ask_nx(sandbox, known, account={**other, "business_phone": nx["business_phone"]})) == 10003


@pytest.mark.parametrize(
    ("headers", "method", "expected"), [({"Content-Type": "text/plain"}, "POST", 415), ({}, "GET", 405)]
)
def test_method_and_content_type(
    sandbox: Sandbox, ask_nx: Any, headers: Any, method: str, expected: int
) -> None:
    """What is wrong on the level of HTTP is answered on the level of HTTP."""
    assert ask_nx(sandbox, "x", headers=headers, method=method).status_code == expected


def test_ids_are_made_like_the_vendors(sandbox: Sandbox) -> None:
    """An id is base64 of both numbers and a token, some padded, some called incoming."""
    prefixes = set()
    for record in sandbox.records("nx"):
        prefix, _, encoded = record["call_id"].partition(":wacid.")
        prefixes.add(prefix)
        decoded = base64.b64decode(encoded, validate=True)
        assert record["from"].encode() in decoded
        assert record["to"].encode() in decoded
    assert prefixes == {"outgoing", "incoming"}
    assert any(call_id.endswith("=") for call_id in sandbox.call_ids)


def test_every_attempt_costs_the_same(sandbox: Sandbox) -> None:
    """Calls that nobody answered cost an equal fee, all of them: a decoy, not a fault."""
    prices = {
        str(line["price"])
        for record in sandbox.records("nx")
        if record["call_duration"] == 0
        for line in record["costs"]
    }
    assert prices == {"0.001000"}


def test_calls_come_in_and_go_out(sandbox: Sandbox) -> None:
    """A third of the calls come in, are priced, and have their direction in costs; some have several cost lines."""
    records = [record for record in sandbox.records("nx") if record["call_duration"] and record["costs"]]
    inbound = [record for record in records if record["costs"][0]["direction"] == 0]
    assert 0.25 < len(inbound) / len(records) < 0.45
    phone = sandbox.credentials["nx"]["business_phone"]
    assert all(record["to"] == phone for record in inbound)
    assert all(record["from"] == phone for record in records if record not in inbound)
    assert sum(len(record["costs"]) > 1 for record in records) > 10
