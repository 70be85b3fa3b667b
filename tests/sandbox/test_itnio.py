"""ITNIO's endpoint: what the contract allows is answered, everything else is refused with the contract's code."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from callkit.sandbox import Sandbox
from callkit.sandbox.itnio import two_months_before


def status(answer: Any) -> str:
    """The vendor's code, after checking that the refusal has the documented shape."""
    assert answer.status_code == 200
    read = answer.json()
    assert set(read) == {"status", "reason", "data"}
    if read["status"] != "0":
        assert read["data"] is None
    return read["status"]


def test_a_page_has_the_documented_shape(sandbox: Sandbox, ask_itnio: Any) -> None:
    """A page says what was asked, counts the whole window, and holds records in the order of submitTime."""
    data = ask_itnio(sandbox, 2, 50).json()["data"]
    assert list(data) == ["total", "size", "current", "pages", "searchCount", "records"]
    assert (data["size"], data["current"], len(data["records"])) == (50, 2, 50)
    assert data["pages"] == -(-data["total"] // 50)
    order = [(record["submitTime"], record["voiceId"]) for record in data["records"]]
    assert order == sorted(order)


def test_every_record_comes_back(sandbox: Sandbox, ask_itnio: Any) -> None:
    """All pages of a window together are exactly the records that the sandbox holds for it."""
    pages = ask_itnio(sandbox).json()["data"]["pages"]
    got = [
        record
        for page in range(1, pages + 1)
        for record in ask_itnio(sandbox, page).json()["data"]["records"]
    ]
    start, end = sandbox.period
    held = [
        record
        for record in sandbox.records("itnio")
        if start <= datetime.fromisoformat(record["submitTime"]) <= end
    ]
    assert got == held
    assert len(got) == 4_000 + 9 + 1  # the nine calls listed twice, and the one at exactly the end


def test_a_record_has_the_documented_fields(sandbox: Sandbox) -> None:
    """Records have the fields of the vendor's page, texts and integers as documented; settlement only in EUR."""
    always = [
        "voiceId", "callee", "displayNum", "code", "submitTime", "callTime", "ringingTime", "answerTime",
        "hangupTime", "callDuration", "chargedDuration", "terminationCode", "terminationReason", "cost",
        "billPeriod", "rate", "baseCost", "voiceFileId", "feedbackValue", "calledInfo",
    ]  # fmt: skip
    settled = ["settleRate", "quoteExchange", "currency", "settlePay"]
    faulty = set(sandbox.truth["call_id"])
    for record in sandbox.records("itnio"):
        if record["voiceId"] in faulty:
            continue
        assert list(record) == always + settled * ("currency" in record)
        assert len(record["voiceId"]) == 19
        assert record["submitTime"].endswith("+08:00")
        for name, value in record.items():
            assert type(value) is (int if name in ("callDuration", "chargedDuration") else str)


def test_a_page_past_the_end_is_empty(sandbox: Sandbox, ask_itnio: Any) -> None:
    """Past the last page there are no records, but the counts stay."""
    data = ask_itnio(sandbox, 1_000).json()["data"]
    assert (data["records"], data["current"], data["total"]) == ([], 1_000, 4_010)


def test_the_vendors_php_sample_works(sandbox: Sandbox, ask_itnio: Any) -> None:
    """The bytes that the vendor's PHP sample sends, with other keys and dates, are answered."""
    body = (
        b'{"current":1,"size":10,"params":{"strTime":"2026-09-01T00:00:00+08:00",'
        b'"endTime":"2026-09-30T00:00:00+08:00"}}'
    )
    assert len(ask_itnio(sandbox, body=body).json()["data"]["records"]) == 10


@pytest.mark.parametrize(
    "headers",
    [
        {"Api-Key": None},
        {"Sign": None},
        {"Timestamp": None},
        {"Api-Key": "nobody"},
        {"Sign": "0" * 32},
        {"Sign": ""},
    ],
)
def test_what_is_not_signed_is_refused(
    sandbox: Sandbox, ask_itnio: Any, headers: dict[str, str | None]
) -> None:
    """A missing header, an unknown key and a wrong signature are -1."""
    assert status(ask_itnio(sandbox, headers=headers)) == "-1"


def test_the_case_of_a_signature_does_not_matter(sandbox: Sandbox, ask_itnio: Any) -> None:
    """Hexadecimal digits in capitals sign as well."""
    timestamp = str(int(time.time()))
    sign = ask_itnio(sandbox, timestamp=timestamp).request.headers["Sign"]
    assert status(ask_itnio(sandbox, timestamp=timestamp, headers={"Sign": sign.upper()})) == "0"


@pytest.mark.parametrize("off", [-310, 310])
def test_an_old_timestamp_is_refused(sandbox: Sandbox, ask_itnio: Any, off: int) -> None:
    """Five minutes off real time is too much, either way."""
    assert status(ask_itnio(sandbox, timestamp=str(int(time.time()) + off))) == "-16"


@pytest.mark.parametrize("timestamp", ["now", "1e9", "1760000000000"])
def test_a_timestamp_is_in_seconds(sandbox: Sandbox, ask_itnio: Any, timestamp: str) -> None:
    """What is not a number of seconds is no timestamp, even if it is signed."""
    assert status(ask_itnio(sandbox, timestamp=timestamp)) == "-16"


@pytest.mark.parametrize(
    ("current", "size"),
    [(0, 10), (-1, 10), (1, 0), (1, 101), ("1", 10), (1, "10"), (1.0, 10), (True, 10), (None, 10)],
)
def test_page_and_size_have_bounds(sandbox: Sandbox, ask_itnio: Any, current: Any, size: Any) -> None:
    """Pages count from 1, sizes go from 1 to 100, and both are integers."""
    assert status(ask_itnio(sandbox, current, size)) == "-22"


@pytest.mark.parametrize(
    "moment",
    [
        "",
        "2026-09-31T00:00:00+08:00",
        "2026-09-01T24:30:00+08:00",
        "2026-09-01T00:00:00",
        "2026-09-01",
        "2026-09-01 00:00:00+08:00",
        "1788192000",
        1788192000,
        None,
        "２026-09-01T00:00:00+08:00",
    ],
)
def test_a_time_is_iso_8601_with_an_offset(sandbox: Sandbox, ask_itnio: Any, moment: Any) -> None:
    """Dates that do not exist, times without an offset and other forms are -22, at either end."""
    assert status(ask_itnio(sandbox, start=moment)) == "-22"
    assert status(ask_itnio(sandbox, end=moment)) == "-22"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"current":1,"size":10}',
        b'{"current":1,"size":10,"params":{}}',
        b'{"current":1,"size":10,"params":[]}',
        b'{"current":1,"size":10,"params":{"strTime":"2026-09-01T00:00:00+08:00"}}',
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_not_the_documented_one_is_refused(
    sandbox: Sandbox, ask_itnio: Any, body: bytes
) -> None:
    """Broken JSON, missing and unknown keys are -22."""
    assert status(ask_itnio(sandbox, body=body)) == "-22"


def test_an_unknown_key_is_refused(sandbox: Sandbox, ask_itnio: Any) -> None:
    """A key that the page does not know is refused, at either level."""
    window = {"strTime": "2026-09-01T00:00:00+08:00", "endTime": "2026-09-02T00:00:00+08:00"}
    assert status(ask_itnio(sandbox, body={"current": 1, "size": 1, "params": window})) == "0"
    assert status(ask_itnio(sandbox, body={"current": 1, "size": 1, "params": window, "sort": ""})) == "-22"
    assert (
        status(ask_itnio(sandbox, body={"current": 1, "size": 1, "params": {**window, "code": ""}})) == "-22"
    )


def test_a_window_has_at_most_31_days(sandbox: Sandbox, ask_itnio: Any) -> None:
    """31 days are a window, a second more is -25, and one that ends before it starts is -22."""
    start = "2026-09-01T00:00:00+00:00"
    assert status(ask_itnio(sandbox, start=start, end="2026-10-02T00:00:00+00:00")) == "0"
    assert status(ask_itnio(sandbox, start=start, end="2026-10-02T00:00:01+00:00")) == "-25"
    assert status(ask_itnio(sandbox, start=start, end="2026-08-31T23:59:59+00:00")) == "-22"
    assert status(ask_itnio(sandbox, start=start, end=start)) == "0"


def test_only_the_last_two_months_are_shown(sandbox: Sandbox, ask_itnio: Any) -> None:
    """Two calendar months before the vendor's clock can be asked for, a second more cannot."""
    edge = two_months_before(sandbox.now)
    assert edge.isoformat() == "2026-08-06T09:00:00+00:00"
    end = "2026-08-20T00:00:00+00:00"
    assert status(ask_itnio(sandbox, start=edge.isoformat(), end=end)) == "0"
    before = (edge - timedelta(seconds=1)).isoformat()
    assert status(ask_itnio(sandbox, start=before, end=end)) == "-25"


@pytest.mark.parametrize(
    ("now", "edge"),
    [("2026-04-30", "2026-02-28"), ("2028-04-30", "2028-02-29"), ("2026-01-15", "2025-11-15")],
)
def test_two_months_are_calendar_months(now: str, edge: str) -> None:
    """A day that the earlier month lacks becomes its last one."""
    assert two_months_before(datetime.fromisoformat(now).replace(tzinfo=UTC)).date().isoformat() == edge


@pytest.mark.parametrize(
    ("expected", "request_form"),
    [
        (405, {"method": "GET"}),
        (405, {"method": "PUT"}),
        (404, {"path": "/recordGroupQuery"}),
        (404, {"path": "/voice/recordGroupQuery/"}),
        (415, {"headers": {"Content-Type": "text/plain"}}),
        (415, {"headers": {"Content-Type": "application/json;charset=GBK"}}),
        (415, {"headers": {"Content-Type": None}}),
    ],
)
def test_method_path_and_content_type(
    sandbox: Sandbox, ask_itnio: Any, expected: int, request_form: Any
) -> None:
    """What is wrong on the level of HTTP is answered on the level of HTTP."""
    assert ask_itnio(sandbox, **request_form).status_code == expected


def test_the_second_account_sees_its_own_calls_only(sandbox: Sandbox, ask_itnio: Any) -> None:
    """Another account's window holds other records."""
    data = ask_itnio(sandbox, account=sandbox.other_credentials["itnio"]).json()["data"]
    theirs = {record["voiceId"] for record in data["records"]}
    assert data["total"] == len(theirs) == 32
    assert not theirs & {record["voiceId"] for record in sandbox.records("itnio")}


def test_the_end_of_a_window_is_a_setting(ask_itnio: Any) -> None:
    """A record submitted exactly at the window's end belongs to it, or not, as the setting says."""
    for window_end, expected in (("inclusive", 401 + 3), ("exclusive", 400 + 3)):
        with Sandbox(calls=500, window_end=window_end) as box:
            assert ask_itnio(box).json()["data"]["total"] == expected


def test_the_order_of_pages_is_a_setting(ask_itnio: Any) -> None:
    """Newest first gives the same records from the other end."""
    with Sandbox(calls=500, page_order="descending") as box:
        pages = [ask_itnio(box, page).json()["data"]["records"] for page in range(1, 7)]
        got = [record["voiceId"] for page in pages for record in page]
        assert [len(page) for page in pages] == [100, 100, 100, 100, 4, 0]
        assert got == sorted(got, reverse=True)
        assert len(json.dumps(pages)) > 1_000
