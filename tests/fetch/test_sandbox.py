"""Every record the sandbox holds comes back, field by field."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from callkit.fetch.itnio_page import FIELDS
from callkit.sandbox import Sandbox

pytestmark = pytest.mark.filterwarnings("ignore:.*lists .* under an id that it lists already:UserWarning")


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(calls=6000, seed=11) as sandbox:
        yield sandbox


def as_sent(row):
    """A row of the frame back in the vendor's words, as far as they are in the record."""
    extra = json.loads(row["extra"] or "{}", parse_float=Decimal)
    unreadable = extra.pop("unreadable", {})
    sent = dict(extra)
    for field, (column, _kind) in FIELDS.items():
        value = row[column]
        if isinstance(value, datetime):
            value = value.timestamp()
        if value is not None:
            sent[field] = value
    return {**sent, **{f: str(v) for f, v in unreadable.items()}}


def as_read(record):
    """A record in the frame's values, worked out one field at a time."""
    sent = {f: v for f, v in record.items() if v not in ("", None) and (f, str(v)) != ("feedbackValue", "-1")}
    return {"currency": "USD", **{field: meant(field, value) for field, value in sent.items()}}


def meant(field, value):
    column, _ = FIELDS.get(field, ("", None))
    try:
        if column.endswith("_at"):
            return datetime.fromisoformat(value).timestamp()
        if column.endswith("_duration"):
            return int(str(value))
        if column.endswith(("cost", "rate")):
            return Decimal(str(value))
    except (ArithmeticError, ValueError):
        return str(value)
    return value


def key(values):
    return tuple(
        sorted((k, str(v.normalize()) if isinstance(v, Decimal) else str(v)) for k, v in values.items())
    )


@pytest.mark.parametrize(
    "length", [timedelta(seconds=1), timedelta(days=1), timedelta(days=31), timedelta(days=60)]
)
def test_itnio(sandbox, length):
    """One second, one day, 31 days and 60 days: the same records as the server holds, field by field."""
    end = sandbox.now
    if length < timedelta(days=31):
        moment = datetime.fromisoformat(sandbox.records("itnio")[700]["submitTime"])
        end = moment.astimezone(UTC) + timedelta(seconds=1)
    start = end - length
    held = [r for r in sandbox.records("itnio") if start <= datetime.fromisoformat(r["submitTime"]) < end]
    assert held
    frame = sandbox.itnio_voice().fetch(start, end)
    inside = frame.filter(frame["submitted_at"].is_between(start, end, closed="left"))
    assert Counter(key(as_sent(r)) for r in inside.to_dicts()) == Counter(key(as_read(r)) for r in held)


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_nx(sandbox, count):
    """No, one and a thousand ids, repeated and unknown ones among them: a row each, as the server holds them."""
    held = {r["call_id"]: r for r in sandbox.records("nx")}
    ids = [*sandbox.call_ids[: count * 9 // 10], *(["no-such-call"] * (count // 20)), *sandbox.call_ids][
        :count
    ]
    frame = sandbox.nx_whatsapp().fetch(ids)
    assert frame["call_id"].to_list() == ids
    for row in frame.to_dicts():
        if not row["found"]:
            assert {k for k, v in row.items() if v is not None} == {"source", "call_id", "found"}
            continue
        record = held[row["call_id"]]
        extra = json.loads(row["extra"], parse_float=Decimal)
        if "unreadable" in extra:
            continue
        assert (row["caller"], row["callee"]) == (record["from"], record["to"])
        assert (row["bill_period"] or "") == (record.get("bill_type") or "")
        assert row["status_reason"] == record.get("end_reason")
        assert extra.get("costs", []) == record.get("costs", [])
        for column, field in (("call_duration", "call_duration"), ("charged_duration", "fee_duration")):
            assert row[column] == record.get(field)
        for column, field in (("answered_at", "start_time"), ("ended_at", "end_time")):
            assert (str(int(row[column].timestamp())) if row[column] else "") == (record.get(field) or "")
        costs = record.get("costs", [])
        lines = costs if isinstance(costs, list) else [costs]
        if len({line["currency"] for line in lines}) == 1:
            assert row["cost"] == sum(Decimal(str(line["price"])) for line in lines)
