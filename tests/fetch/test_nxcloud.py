"""NXCloud WhatsApp calling over a real socket."""

import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from callkit import cdr
from callkit.errors import VendorError
from callkit.fetch.signing import nx_signature

ID = (
    "outgoing:wacid.HBgNODYxMzc2MzMzOTA3MBUCABIYIDAyQ0JGREQyNkM1Qjg0ODI3NTU3Q0JBOEYwRUZEM0I3"
    "HBgMNjIyMTUwOTgwMzY2FQIAFTgA"
)
GONE = {"code": 10014, "message": "Calling cdr not exist", "traceId": "x"}


def found(call_id, costs=None, **fields):
    call = {
        "call_id": call_id,
        "from": "86133",
        "to": "62215",
        "call_duration": 31,
        "fee_duration": 36,
        **fields,
    }
    if costs is not None:
        call["costs"] = costs
    return {
        "code": 0,
        "message": "Success",
        "data": {"app_id": 282, "wabaId": "1", "calls": [call]},
        "traceId": "x",
    }


def test_printed_sample(kit):
    """The answer printed on the vendor's page, served byte for byte, comes back as the design's table says."""
    with kit.Stub(kit.nx_found) as stub:
        frame = stub.nx().fetch([ID])
        asked = stub.requests[0]
    assert frame.schema == cdr.SCHEMA
    row = frame.row(0, named=True)
    assert json.loads(row.pop("extra"), parse_float=Decimal) == {
        "app_id": 282,
        "business_phone": "xxx",
        "wabaId": "xxx",
        "costs": [{"currency": "EUR", "direction": 0, "price": Decimal("0.080000")}],
    }
    assert {name: value for name, value in row.items() if value is not None} == {
        "source": "nx-whatsapp",
        "call_id": ID,
        "found": True,
        "direction": "in",
        "caller": "xxx",
        "callee": "xxx",
        "answered_at": datetime.fromtimestamp(1757915478, UTC),
        "ended_at": datetime.fromtimestamp(1757915509, UTC),
        "call_duration": 31,
        "charged_duration": 36,
        "bill_period": "6+6",
        "cost": Decimal("0.08"),
        "currency": "EUR",
        "status_reason": "NORMAL_CLEARING",
        "hangup_by": "callee",
        "recording": "https://hhd.xxx",
    }
    head = asked.headers
    assert asked.path == "/api/wa/calling/query"
    assert asked.body == {
        "appkey": kit.NX_KEYS["app_key"],
        "business_phone": kit.NX_KEYS["business_phone"],
        "call_id": ID,
    }
    assert (head["Content-Type"], head["bizType"], head["action"]) == ("application/json", "2", "mt")
    assert head["sign"] == nx_signature(
        head["accessKey"],
        kit.NX_KEYS["access_secret"],
        asked.raw,
        action="mt",
        biz_type="2",
        timestamp=head["ts"],
    )


def test_printed_sample_of_no_record(kit):
    """Code 10014 is a row with found = false, its source and its id, and nothing else."""
    with kit.Stub(kit.nx_missing) as stub:
        row = stub.nx().fetch([ID]).row(0, named=True)
    assert {k: v for k, v in row.items() if v is not None} == {
        "source": "nx-whatsapp",
        "call_id": ID,
        "found": False,
    }


def test_order_repeats_and_chunks(kit):
    """One row per asked id in the asked order; an id asked for twice is sent once, whatever the chunks."""
    ids = [f"id-{i % 700}" for i in range(1200)]

    def answer(request):
        call_id = request.body["call_id"]
        return GONE if call_id.endswith("7") else found(call_id)

    with kit.Stub(answer) as stub:
        frame = stub.nx().fetch(pl.Series(ids))
        assert Counter(r.body["call_id"] for r in stub.requests).most_common(1)[0][1] == 1
        batches = list(stub.nx().batches(i for i in ids))
        assert stub.nx().fetch([]).equals(cdr.empty())
    assert frame["call_id"].to_list() == ids
    assert frame["found"].to_list() == [not i.endswith("7") for i in ids]
    assert len(batches) == 3
    assert pl.concat(batches).equals(frame)


@pytest.mark.parametrize(
    ("costs", "cost", "currency", "direction"),
    [
        ({"direction": 1, "currency": "USD", "price": Decimal("0.33")}, "0.33", "USD", "out"),
        ([{"direction": "0", "currency": "USD", "price": "0.33"}], "0.33", "USD", "in"),
        (
            [{"direction": 1, "currency": "USD", "price": p} for p in ("0.1", "0.25", None)],
            "0.35",
            "USD",
            "out",
        ),
        ([{"direction": 1, "currency": c, "price": "1"} for c in ("USD", "EUR")], None, None, "out"),
        ([{"direction": 1, "currency": "USD", "price": None}], None, "USD", "out"),
        ([{"direction": 1, "price": "1"}], "1", None, "out"),
        ([], None, None, None),
        (None, None, None, None),
    ],
)
def test_cost_lines(kit, costs, cost, currency, direction):
    """An object or an array; one currency is added up, several are not; the lines are in extra, all readable."""

    def answer(request):
        body = json.dumps(found(request.body["call_id"], costs), default=lambda d: f"@{d}@")
        return body.replace('"@', "").replace('@"', "").encode()

    with kit.Stub(answer) as stub:
        row = stub.nx().fetch(["a"]).row(0, named=True)
    assert (row["cost"], row["currency"], row["direction"]) == (cost and Decimal(cost), currency, direction)
    extra = json.loads(row["extra"], parse_float=Decimal)
    assert extra.get("costs") == (costs or None)
    assert "unreadable" not in extra


@pytest.mark.parametrize(
    ("costs", "unreadable"),
    [
        ("0.33", {"costs": "0.33"}),
        ([None], {"costs": [None]}),
        (0, {"costs": 0}),
        ([{"direction": 1, "currency": "USD", "price": "x"}], {"costs.price": "x"}),
        ([{"direction": 9, "currency": "USD", "price": "1"}], {"costs.direction": 9}),
        (
            [{"direction": d, "currency": "USD", "price": "1"} for d in (0, 1)],
            {"costs.direction": ["0", "1"]},
        ),
        ([{"direction": 1, "currency": 7, "price": "1"}], {"costs.currency": [7]}),
    ],
)
def test_cost_lines_that_cannot_be_read(kit, costs, unreadable):
    """What cannot be read about the costs leaves null and stands in extra."""
    with kit.Stub(lambda request: found(request.body["call_id"], costs)) as stub:
        row = stub.nx().fetch(["a"]).row(0, named=True)
    assert json.loads(row["extra"])["unreadable"] == unreadable


def test_an_id_sent_as_a_number(kit):
    """An answer that writes the asked id as a JSON number is about that call."""
    with kit.Stub(lambda request: found(int(request.body["call_id"]))) as stub:
        row = stub.nx().fetch(["9007199254740993"]).row(0, named=True)
    assert (row["call_id"], row["found"]) == ("9007199254740993", True)


def test_unreadable_fields(kit):
    """Milliseconds for seconds, a direction of 7: null, and the value in extra."""
    fields = {
        "start_time": "1757915478000",
        "end_time": "soon",
        "end_direction": 7,
        "bill_type": "6+6",
        "new": 1.50,
    }
    with kit.Stub(lambda request: found(request.body["call_id"], **fields)) as stub:
        row = stub.nx().fetch(["a"]).row(0, named=True)
    assert (row["answered_at"], row["ended_at"], row["hangup_by"]) == (None, None, None)
    extra = json.loads(row["extra"])
    assert extra["unreadable"] == {"start_time": "1757915478000", "end_time": "soon", "end_direction": 7}
    assert extra["new"] == 1.5


def test_code_as_text(kit):
    """Code "0" and code "10014" as text mean what the numbers mean."""

    def answer(request):
        given = GONE if request.body["call_id"] == "gone" else found(request.body["call_id"])
        return {**given, "code": str(given["code"])}

    with kit.Stub(answer) as stub:
        assert stub.nx().fetch(["a", "gone"])["found"].to_list() == [True, False]


def test_a_good_answer_without_a_record(kit):
    """Code 0 without a record has to be said twice, and is then no CDR, with a warning that does not show the id."""
    empty = {"code": 0, "data": {"calls": []}}
    with (
        kit.Stub(empty) as stub,
        pytest.warns(UserWarning, match="twice a good answer without a record") as told,
    ):
        frame = stub.nx().fetch([ID])
    assert frame["found"].to_list() == [False]
    assert len(stub.requests) == 2
    assert "wacid" not in str(told[0].message)
    with kit.Stub(lambda r: empty if r.number == 1 else found(r.body["call_id"])) as stub:
        assert stub.nx().fetch([ID])["found"].to_list() == [True]


def test_several_records(kit):
    """Several records on the asked id: copies are one, differing ones stand in extra, with a warning."""

    def answer(request):
        given = found(request.body["call_id"])
        [call] = given["data"]["calls"]
        given["data"]["calls"] += [call, {**call, "fee_duration": 99}]
        return given

    with kit.Stub(answer) as stub, pytest.warns(UserWarning, match="2 differing records"):
        row = stub.nx().fetch(["a"]).row(0, named=True)
    assert row["charged_duration"] == 36
    assert [r["fee_duration"] for r in json.loads(row["extra"])["other_records"]] == [99]


def test_an_answer_about_another_call(kit):
    """Another call's record is never given for the asked one: asked again, then an error without the id in it."""
    with kit.Stub(lambda r: found("another" if r.number == 1 else r.body["call_id"])) as stub:
        assert stub.nx().fetch(["a"])["call_id"].to_list() == ["a"]
    with kit.Stub(found("another")) as stub, pytest.raises(VendorError, match="another call") as caught:
        stub.nx(max_attempts=2).fetch([ID])
    assert "wacid" not in str(caught.value)
    assert "call 1 of 1 (call-" in str(caught.value)


def test_sha256(kit):
    """With sha256 the header says so and the signature is one."""
    with kit.Stub(GONE) as stub:
        stub.nx(algorithm="sha256").fetch(["a"])
        stub.nx().fetch(["a"])
        first, second = stub.requests
    assert (first.headers["algorithm"], len(first.headers["sign"])) == ("sha256", 64)
    assert "algorithm" not in second.headers


def test_what_is_not_ascii_is_signed_as_sent(kit):
    """An id of any characters is signed over the very bytes that are sent."""
    with kit.Stub(GONE) as stub:
        assert stub.nx().fetch(['呼叫 "é"\\'])["found"].to_list() == [False]
        asked = stub.requests[0]
    assert "呼叫".encode() in asked.raw
    assert asked.headers["sign"] == nx_signature(
        kit.NX_KEYS["access_key"],
        kit.NX_KEYS["access_secret"],
        asked.raw,
        action="mt",
        biz_type="2",
        timestamp=asked.headers["ts"],
    )
