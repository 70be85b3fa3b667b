"""Records → frame: exact, and nothing lost."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callkit import cdr
from callkit.fetch.exact import UnreadableAnswer, read_json
from callkit.fetch.itnio_page import CONSTANTS, FIELDS
from callkit.fetch.records import to_frame
from callkit.fetch.tables import Table


def framed(records):
    return to_frame(Table.of(records, FIELDS), FIELDS, CONSTANTS)


def one(**fields):
    return framed([{"voiceId": "1", **fields}]).row(0, named=True)


@pytest.mark.parametrize(
    ("field", "value", "column", "reads"),
    [
        ("cost", "0.080000", "cost", Decimal("0.08")),
        ("cost", Decimal("0.080000"), "cost", Decimal("0.08")),
        ("cost", 2, "cost", Decimal(2)),
        ("cost", "-1.5", "cost", Decimal("-1.5")),
        ("cost", " 1.5 ", "cost", Decimal("1.5")),
        ("cost", "1E-3", "cost", Decimal("0.001")),
        ("cost", "0.1000000000000", "cost", Decimal("0.1")),
        ("cost", Decimal("0E-30"), "cost", Decimal(0)),
        ("cost", "9" * 28 + "." + "9" * 10, "cost", Decimal("9" * 28 + "." + "9" * 10)),
        ("cost", "", "cost", None),
        ("cost", None, "cost", None),
        ("callDuration", "5", "call_duration", 5),
        ("callDuration", 0, "call_duration", 0),
        ("callDuration", Decimal("5.0"), "call_duration", 5),
        ("callDuration", "", "call_duration", None),
        (
            "submitTime",
            "2022-02-18T14:42:40+08:00",
            "submitted_at",
            datetime(2022, 2, 18, 6, 42, 40, tzinfo=UTC),
        ),
        ("submitTime", "2022-02-18T06:42:40Z", "submitted_at", datetime(2022, 2, 18, 6, 42, 40, tzinfo=UTC)),
        (
            "submitTime",
            "2022-02-18T06:42:40.25Z",
            "submitted_at",
            datetime(2022, 2, 18, 6, 42, 40, 250000, UTC),
        ),
        ("submitTime", "", "submitted_at", None),
        ("callee", "+49 151 123", "callee", "49151123"),
        ("callee", 49151123, "callee", "49151123"),
        ("feedbackValue", "-1", "dtmf", None),
        ("feedbackValue", -1, "dtmf", None),
        ("feedbackValue", "0", "dtmf", "0"),
        ("terminationCode", 1000, "status_code", "1000"),
        ("currency", "", "currency", "USD"),
        ("currency", "EUR", "currency", "EUR"),
        ("calledInfo", "=1+1", "note", "=1+1"),
    ],
)
def test_readable(field, value, column, reads):
    """A value in any form that has one meaning is read exactly, and leaves nothing in extra."""
    row = one(**{field: value})
    assert row[column] == reads
    assert row["extra"] is None


@pytest.mark.parametrize(
    ("field", "value", "column"),
    [
        ("cost", "0.12345678901", "cost"),
        ("cost", "1" * 29, "cost"),
        ("cost", Decimal("1E+999999"), "cost"),
        ("cost", 10**400, "cost"),
        ("cost", "NaN", "cost"),
        ("cost", "1,5", "cost"),
        ("cost", "1_0", "cost"),
        ("cost", "٣", "cost"),
        ("cost", True, "cost"),
        ("cost", ["1"], "cost"),
        ("callDuration", "12x", "call_duration"),
        ("callDuration", Decimal("6.7"), "call_duration"),
        ("callDuration", "6.7", "call_duration"),
        ("callDuration", 2**63, "call_duration"),
        ("callDuration", True, "call_duration"),
        ("submitTime", "2022-02-18T14:42:40", "submitted_at"),
        ("submitTime", "2022-02-30T14:42:40+08:00", "submitted_at"),
        ("submitTime", "2022-02-18T14:42:40.1234567+08:00", "submitted_at"),
        ("submitTime", "0000-00-00 00:00:00", "submitted_at"),
        ("submitTime", "0001-01-01T00:00:00+08:00", "submitted_at"),
        ("submitTime", 1645166560, "submitted_at"),
        ("callee", {"number": "1"}, "callee"),
        ("calledInfo", False, "note"),
    ],
)
def test_unreadable(field, value, column):
    """A value that cannot be read leaves its cell null and itself in extra; the rest of the row stands."""
    row = one(**{field: value, "billPeriod": "6+6"})
    assert row[column] is None
    assert row["bill_period"] == "6+6"
    assert json.loads(row["extra"], parse_float=Decimal) == {"unreadable": {field: value}}


def test_one_bad_value_does_not_change_its_neighbours():
    """A column with one unreadable value reads every other one as if it were not there."""
    good = [{"voiceId": str(i), "cost": f"0.{i:010}", "callDuration": i} for i in range(1, 300)]
    bad = [{"voiceId": "x", "cost": "?", "callDuration": "?"}]
    mixed = framed(good[:200] + bad + good[200:])
    alone = framed(good)
    assert mixed.filter(mixed["call_id"] != "x").equals(alone)


def test_unknown_fields_go_to_extra_exactly():
    """A field nobody named is kept as JSON text: keys sorted, numbers with the digits that came."""
    answer = read_json(
        b'{"z": 0.080000, "a": {"y": 12345678901234567890, "b": [1E+2, null, true, "\xc3\xa4"]}}'
    )
    assert (
        one(**answer)["extra"]
        == '{"a": {"b": [1E+2, null, true, "ä"], "y": 12345678901234567890}, "z": 0.080000}'
    )


def test_a_vendor_field_called_unreadable_is_not_lost():
    """Even a vendor's own field with our key's name is kept."""
    assert json.loads(one(unreadable="x", cost="?")["extra"]) == {
        "unreadable": {"cost": "?"},
        "unreadable (vendor)": "x",
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>502 Bad Gateway</html>",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a": 1e99999999999999999999999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": "\xff"}',
        b"[1]",
        b"null",
        b'{"a": 1',
    ],
)
def test_what_is_not_json_is_refused(body):
    """NaN, Infinity, depth bombs, endless numbers, broken text: one clear refusal, no other exception."""
    with pytest.raises(UnreadableAnswer) as caught:
        read_json(body)
    assert caught.value.__context__ is None


def test_half_a_surrogate_pair():
    """Text that no frame could hold is written out instead of failing deep inside."""
    answer = read_json(rb'{"calledInfo": "a\ud800b", "x": ["\udfff"]}')
    row = one(**answer)
    assert row["note"] == r"a\ud800b"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.=\u00e4", max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from([*list(FIELDS)[1:], "unknown"]), json_values), max_size=4))
def test_any_values_make_a_frame(rows):
    """Whatever a record holds, the frame has the schema and a row for it; what is not in a cell is in extra."""
    records = [{"voiceId": str(i), **row} for i, row in enumerate(rows)]
    frame = framed(records)
    assert frame.schema == cdr.SCHEMA
    for record, row in zip(records, frame.to_dicts(), strict=True):
        extra = json.loads(row["extra"] or "{}", parse_float=Decimal)
        assert extra.get("unknown") == record.get("unknown")
        for name, value in record.items():
            column = FIELDS.get(name, ("", None))[0]
            if column and row[column] is None and value not in (None, "", "-1", -1):
                lost = name not in extra.get("unreadable", {})
                assert not lost or not str(value).strip().removeprefix("+").strip(), (name, value)
