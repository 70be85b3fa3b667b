"""`read_cdrs(format="nx-webhook")`: what NXCloud's webhook pushed, as records."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

import callkit as ck
from callkit import cdr

# The vendor's documented example, with numbers in place of its "xxx".
PUSH = """{
  "app_id": 277, "business_phone": "8613376333907", "channel": 2, "merchant_phone": "8613376333907",
  "messaging_product": "whatsapp", "wabaId": "1",
  "calls": [{
    "call_id": "ae5b182f-f37b-123e-dcb0-42010a34f811", "from": "8613376333907", "to": "4915112345678",
    "costs": [{"direction": 1, "currency": "EUR", "price": 1.2948}],
    "start_time": "1755153316", "end_time": "1755153319", "record": "https://records.example/1.mp3",
    "call_duration": 55, "fee_duration": 60, "bill_type": "6+6", "end_direction": 1, "end_reason": "Busy Here"
  }]
}"""


@pytest.fixture
def file(tmp_path):
    return tmp_path / "calls.json"


def test_the_vendor_s_example(file):
    """The documented push is read as the query's answer is, every amount exactly."""
    file.write_text(PUSH)
    frame = ck.read_cdrs(file, format="nx-webhook")
    assert frame.schema == cdr.SCHEMA
    [row] = frame.rows(named=True)
    assert (row["source"], row["found"], row["direction"]) == ("nx-whatsapp", True, "out")
    assert (row["cost"], row["currency"], row["bill_period"]) == (Decimal("1.2948"), "EUR", "6+6")
    assert (row["call_duration"], row["charged_duration"], row["hangup_by"]) == (55, 60, "callee")
    assert row["answered_at"] == datetime.fromtimestamp(1755153316, UTC)
    assert json.loads(row["extra"])["wabaId"] == "1"


def test_it_is_what_the_query_gives(file):
    """A dump of the sandbox's records is the frame that asking for them gives, but for what stands beside them."""
    with ck.Sandbox(calls=200, seed=7, nx_late=0, nx_never=0) as sandbox:
        asked = cdr.sort(sandbox.nx_whatsapp().fetch(sandbox.call_ids))
        pushes = [{"wabaId": "1", "calls": [call]} for call in sandbox.records("nx")]
    file.write_text("\n".join(json.dumps(push, default=float) for push in pushes))
    pushed = ck.read_cdrs(file, format="nx-webhook")
    assert pushed.drop("extra").equals(asked.filter("found").drop("extra"))


@pytest.mark.parametrize("form", ["one", "lines", "array", "bom", "indented"])
def test_forms_of_a_dump(file, form):
    """One object, one a line, an array, with a byte order mark or spread over lines: all are read alike."""
    one = json.loads(PUSH)
    other = {**one, "calls": [{**one["calls"][0], "call_id": "b"}]}
    event = {"messaging_product": "whatsapp", "statuses": []}
    text = {
        "one": PUSH,
        "lines": "\n".join(json.dumps(push) for push in (one, event, other)) + "\n",
        "array": json.dumps([one, event, other]),
        "bom": "\ufeff" + json.dumps([one]),
        "indented": json.dumps([other], indent=2),
    }[form]
    file.write_text(text, encoding="utf-8")
    ids = {"one": [one], "lines": [one, other], "array": [one, other], "bom": [one], "indented": [other]}[
        form
    ]
    assert ck.read_cdrs(file, format="nx-webhook")["call_id"].to_list() == [
        push["calls"][0]["call_id"] for push in ids
    ]


def test_a_call_that_was_pushed_twice(file):
    """Of several pushes about one call the last counts."""
    one = json.loads(PUSH)
    later = {**one, "calls": [{**one["calls"][0], "fee_duration": 120}]}
    file.write_text(json.dumps([one, later]))
    assert ck.read_cdrs(file, format="nx-webhook")["charged_duration"].to_list() == [120]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "nothing in it has 'calls'"),
        ('{"statuses": []}', "nothing in it has 'calls'"),
        ("not json", "the file cannot be read"),
        ('{"calls": []}\n{"calls": [1]}\n', "line 2 cannot be read"),
        ('[{"calls": []}, {"calls": [{"from": "1"}]}]', "object 2 cannot be read .a call without 'call_id'"),
        ('[{"calls": [}]', "the array cannot be read"),
        ('[{"calls": []}, 7]', "object 2 cannot be read"),
        ('{"calls": [{"call_id": "a", "fee_duration": NaN}]}', "NaN"),
    ],
)
def test_what_cannot_be_read_is_named(file, text, says):
    """A dump with something else in it is refused, with the place and what was expected."""
    file.write_text(text)
    with pytest.raises(ck.SchemaError, match=says) as refused:
        ck.read_cdrs(file, format="nx-webhook")
    assert "Expected what NXCloud's webhook pushes" in str(refused.value)
