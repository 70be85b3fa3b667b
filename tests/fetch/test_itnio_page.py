"""Two roads from a page's JSON to a table: the quick one gives what the exact one gives, or leaves it to it."""

import json

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callkit.fetch.exact import UnreadableAnswer, read_json
from callkit.fetch.itnio_page import CONSTANTS, FIELDS, parse, read_page
from callkit.fetch.records import to_frame
from callkit.fetch.tables import Table

PIECES = [b'"', b":", b" ", b"null", b"1e5", b'"cost":"9",', b"\\u003a", b"\xff"]


def body(*records, **data):
    page = {"total": len(records), "size": 100, "current": 1, "pages": 1, "searchCount": True, **data}
    answer = {"status": "0", "reason": "success", "data": {**page, "records": records}}
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


def read(answer):
    page = read_page(answer)
    return page.total, to_frame(page.records, FIELDS, CONSTANTS)


def both(text):
    """What each road makes of a body; None where it is refused."""
    made = []
    for road in (parse, read_json):
        try:
            total, frame = read(road(text))
            made.append((total, frame.rows()))
        except UnreadableAnswer:
            made.append(None)
    return made


def test_a_documented_page_takes_the_quick_road(kit):
    """A page in the documented form needs no look at each value."""
    records = [kit.record(i) for i in range(3)]
    assert read_page(parse(body(*records))).records.typed
    assert not read_page(parse(body(*records, {**records[0], "new": "x"}))).records.typed
    assert both(body(*records))[0] == both(body(*records))[1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cost", 0.4),
        ("callDuration", "5"),
        ("callDuration", True),
        ("callDuration", 10**30),
        ("note", "x"),
        ("callee", None),
        ("calledInfo", '":":":'),
        ("calledInfo", '\\":'),
        ("calledInfo", "\U0001f600 \x00"),
        ("terminationReason", ["x"]),
    ],
)
def test_what_deviates(kit, name, value):
    """A value of another type, an unknown field, a null and odd text are read as the exact road reads them."""
    quick, exact = both(body(kit.record(1), {**kit.record(2), name: value}))
    assert quick == exact is not None


@pytest.mark.parametrize("blank", ["", " "])
def test_a_name_that_stands_twice(kit, blank):
    """A record with two costs is refused on either road, because nothing says which of them is meant."""
    text = body(kit.record(1)).replace(b'"cost":', f'"cost"{blank}:"9","cost":'.encode())
    assert both(text) == [None, None]
    with pytest.raises(UnreadableAnswer, match="stands twice"):
        parse(text)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_mutated_pages(kit, data):
    """Whatever a byte becomes, the quick road reads what the exact one reads, or both refuse."""
    text = bytearray(body(*[kit.record(i) for i in range(3)]))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        change = data.draw(st.sampled_from(["set", "delete", "insert", "repeat"]))
        if change == "set":
            text[at] = data.draw(st.integers(0, 255))
        elif change == "delete":
            del text[at : at + data.draw(st.integers(1, 30))]
        elif change == "insert":
            text[at:at] = data.draw(st.sampled_from(PIECES))
        else:
            text[at:at] = text[at : at + data.draw(st.integers(1, 40))]
    quick, exact = both(bytes(text))
    assert quick == exact


def test_written_again_is_never_longer():
    """The shortest JSON of every character is msgspec's own: nothing can hide in what it would write at length."""
    for number in (*range(0xD800), *range(0xE000, 0x11000)):
        text = chr(number)
        assert len(msgspec.json.encode(text)) <= len(json.dumps(text, ensure_ascii=False).encode())


def test_tables_compare_exactly():
    """A text and a number that look alike are different; what a vendor lists in another order is the same."""
    one, two = {"voiceId": "a", "cost": "1"}, {"voiceId": "a", "cost": 1}
    assert Table.of([one], FIELDS).record(0) != Table.of([two], FIELDS).record(0)
    assert Table.of([one, two], FIELDS).same_records(Table.of([two, one], FIELDS))
    assert not Table.of([one, one], FIELDS).same_records(Table.of([two, one], FIELDS))
    nested = [{"voiceId": "a", "x": {"p": 1, "q": 2}}, {"voiceId": "a", "x": {"q": 2, "p": 1}}]
    assert Table.of(nested, FIELDS).first_of_each() == [0]
    joined = Table.joined([Table.of([one], FIELDS), Table.of(nested[:1], FIELDS)])
    assert joined.rest == [{}, {"x": {"p": 1, "q": 2}}]
