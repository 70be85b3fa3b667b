"""Complete, or an error: a server that shifts, repeats, miscounts and lies."""

import random
from datetime import timedelta

import polars as pl
import pytest

from callkit.errors import IncompleteFetch, VendorError


def spread(kit, count, seconds=60, **fields):
    return [kit.record(i, kit.START + timedelta(seconds=i * seconds), **fields) for i in range(count)]


def ids(records):
    return [r["voiceId"] for r in records]


def days(kit, count):
    return kit.START, kit.START + timedelta(days=count)


def variant(kit, change):
    """A model whose page is `change(model, body, found, request number)`."""

    class Variant(kit.ItnioModel):
        def __call__(self, request):
            self.number = request.number
            return super().__call__(request)

        def page(self, body, found):
            return change(super().page, body, found, self.number)

    return Variant


def test_counts_as_text_and_a_wrong_echo(kit):
    """Counts that come as text, and an echo of another page than asked, do no harm: ids are counted."""

    def change(page, body, found, _number):
        answer = page(body, found)
        answer["data"].update(total=str(len(found)), pages="3", current=1, size="20")
        return answer

    records = spread(kit, 250)
    with kit.Stub(variant(kit, change)(records)) as stub:
        assert stub.itnio().fetch(*days(kit, 1))["call_id"].to_list() == ids(records)


def test_unstable_order(kit):
    """With another order at every request, every record comes back once, from windows narrow enough to stay put."""
    shuffler = random.Random(3)

    def change(page, body, found, _number):
        return page(body, shuffler.sample(found, len(found)))

    records = spread(kit, 450)
    with kit.Stub(variant(kit, change)(records)) as stub:
        assert stub.itnio().fetch(*days(kit, 1))["call_id"].to_list() == ids(records)


def test_an_order_that_changes_from_page_to_page_is_no_double_listing(kit):
    """A page-dependent order repeats itself in two readings alike, and still is not taken for the vendor's doubles."""

    def change(page, body, found, _number):
        return page(body, random.Random(body["current"]).sample(found, len(found)))

    records = spread(kit, 200)
    with kit.Stub(variant(kit, change)(records)) as stub:
        assert stub.itnio().fetch(*days(kit, 1))["call_id"].to_list() == ids(records)


def test_always_page_one(kit):
    """A server that answers page 1 whatever is asked loses no record and repeats none."""

    def change(page, body, found, _number):
        return page({**body, "current": 1}, found)

    records = spread(kit, 200)
    with kit.Stub(variant(kit, change)(records)) as stub:
        assert stub.itnio().fetch(*days(kit, 1))["call_id"].to_list() == ids(records)


def test_records_arriving_while_reading(kit):
    """Records that arrive between two pages make the window be read again; what is given is a complete reading."""
    records = spread(kit, 320)

    def change(page, body, found, number):
        return page(body, found[max(0, 3 - number) :])

    with kit.Stub(variant(kit, change)(records)) as stub:
        got = stub.itnio(max_workers=1).fetch(*days(kit, 1))["call_id"].to_list()
    assert got == ids(records)


@pytest.mark.parametrize("length", [37, 100, 250])
def test_pages_of_the_wrong_length(kit, length):
    """Pages shorter or longer than asked for: everything comes back, or an IncompleteFetch."""

    def change(_page, body, found, _number):
        start = (body["current"] - 1) * length
        return kit.page(len(found), found[start : start + length])

    records = spread(kit, 240)
    with kit.Stub(variant(kit, change)(records)) as stub:
        try:
            got = ids(
                stub.itnio(max_attempts=3).fetch(*days(kit, 1)).rename({"call_id": "voiceId"}).to_dicts()
            )
        except IncompleteFetch:
            return
    assert got == ids(records)


def test_an_endless_server(kit):
    """A server that announces a billion records in every window, and always has more, is given up on soon."""

    def answer(request):
        first = request.number * 1000
        return kit.page(10**9, [kit.record(first + i) for i in range(100)])

    with kit.Stub(answer) as stub:
        with pytest.raises(IncompleteFetch, match="1000000000"):
            stub.itnio().fetch(*days(kit, 31))
        assert len(stub.requests) < 100


def test_a_total_that_always_grows(kit):
    """A total that changes with every answer ends in an IncompleteFetch that says so, after bounded readings."""

    def answer(request):
        return kit.page(50 + request.number, [kit.record(i) for i in range(50)])

    with kit.Stub(answer) as stub:
        with pytest.raises(IncompleteFetch, match="total changed while it was read") as caught:
            stub.itnio(max_attempts=4).fetch(*days(kit, 1))
        assert len(stub.requests) <= 8
    assert caught.value.received == 50
    assert "2026-03-01" in caught.value.window


def test_a_record_that_is_counted_but_never_listed(kit):
    """The error names a narrow window, what was counted and what came; finished windows have been handed over."""
    records = spread(kit, 5000, 100)

    def change(page, body, found, _number):
        answer = page(body, found)
        answer["data"]["records"] = [r for r in answer["data"]["records"] if r is not records[4500]]
        return answer

    given = []
    with (
        kit.Stub(variant(kit, change)(records)) as stub,
        pytest.raises(IncompleteFetch, match="Windows before it are complete") as caught,
    ):
        given.extend(stub.itnio(max_attempts=3).batches(*days(kit, 7)))
    got = pl.concat(given)["call_id"].to_list()
    assert got == ids(records)[: len(got)]
    assert len(got) > 1500
    assert caught.value.expected == caught.value.received + 1


def test_the_vendor_lists_an_id_twice(kit):
    """Listed twice in two readings alike: rows that differ are kept, copies dropped, one warning with counts."""
    records = spread(kit, 150)
    records += [dict(records[3]), {**records[7], "cost": "9"}]
    with kit.Stub(kit.ItnioModel(records)) as stub, pytest.warns(UserWarning, match="lists 2 record") as told:
        got = stub.itnio().fetch(*days(kit, 1))
    assert got.height == 151
    assert got.filter(pl.col("call_id") == records[7]["voiceId"])["cost"].n_unique() == 2
    assert [str(w.message) for w in told] == [
        (
            "ITNIO voice: the vendor lists 2 record(s) under an id that it lists already: 1 exact copies are dropped, "
            "1 are kept because they differ."
        )
    ]
    assert told[0].filename == __file__


@pytest.mark.parametrize("inclusive", [(True, True), (True, False), (False, True)])
def test_borders(kit, inclusive):
    """Whichever ends the vendor includes, a record on a border is given once, and one at `end` not at all."""
    start, end = days(kit, 62)
    middle = start + timedelta(days=31)
    records = [
        kit.record(0, start + timedelta(seconds=1)),
        kit.record(1, middle),
        kit.record(2, end - timedelta(seconds=1)),
        kit.record(3, end),
    ]
    with kit.Stub(kit.ItnioModel(records, inclusive=inclusive)) as stub:
        assert stub.itnio().fetch(start, end)["call_id"].to_list() == ids(records[:3])


def test_ends_that_are_both_left_out(kit):
    """A vendor that includes neither end loses what lies on a cut: the parts are added up, and the loss is an error."""
    records = spread(kit, 14_400, 30)
    with (
        kit.Stub(kit.ItnioModel(records, inclusive=(False, False))) as stub,
        pytest.raises(IncompleteFetch, match="narrower windows list fewer"),
    ):
        stub.itnio().fetch(*days(kit, 5))


def test_borders_of_narrow_windows(kit):
    """Records on every cut, with both ends included: adaptively cut windows give each of them once."""
    records = spread(kit, 14_400, 30)
    with kit.Stub(kit.ItnioModel(records)) as stub:
        assert stub.itnio().fetch(*days(kit, 5))["call_id"].to_list() == ids(records)


@pytest.mark.parametrize(("clock", "named"), [("hangupTime", "ended_at"), ("submitTime", "")])
def test_the_clock_that_the_vendor_filters_by(kit, clock, named):
    """Records submitted outside of the period are kept, and a warning names the clock that explains them."""
    records = []
    for i in range(100):
        at = kit.START + timedelta(minutes=i)
        records.append(kit.record(i, at, hangupTime=(at + timedelta(minutes=5)).isoformat()))
    start, end = kit.START + timedelta(minutes=20), kit.START + timedelta(minutes=60)
    with kit.Stub(kit.ItnioModel(records, clock=clock)) as stub:
        if not named:
            assert stub.itnio().fetch(start, end).height == 40
            return
        with pytest.warns(UserWarning, match=r"5 record\(s\) were submitted outside .* filter by ended_at\."):
            got = stub.itnio().fetch(start, end)
    assert got["call_id"].to_list() == ids(records[15:56])


@pytest.mark.parametrize("limit", [1, 99, 100, 101, 250, 299, 300, 301, 1000])
def test_limit(kit, limit):
    """A limit gives that many distinct records, for no more requests than they take."""
    records = spread(kit, 300)
    with kit.Stub(kit.ItnioModel(records)) as stub:
        got = stub.itnio().fetch(*days(kit, 1), limit=limit)
        assert len(stub.requests) == min(-(-limit // 100), 3)
    assert got["call_id"].n_unique() == got.height == min(limit, 300)


def test_limit_over_several_windows(kit):
    """A limit reads the oldest windows first, and stops where it is reached."""
    records = spread(kit, 90, 86400)
    with kit.Stub(kit.ItnioModel(records)) as stub:
        assert stub.itnio().fetch(*days(kit, 90), limit=40)["call_id"].to_list() == ids(records[:40])
        # The record on the border comes twice, hence one page more than would hold forty.
        assert len(stub.requests) == 3


def test_nothing(kit):
    """A period without records, and an empty period, are an empty frame of the same schema."""
    with kit.Stub({"status": 0, "data": {"total": 0, "records": None}}) as stub:
        assert stub.itnio().fetch(*days(kit, 1)).height == 0
        assert list(stub.itnio().batches(*days(kit, 1))) == []
        asked = len(stub.requests)
        assert stub.itnio().fetch(kit.START, kit.START).equals(stub.itnio().fetch(*days(kit, 1)))
        assert len(stub.requests) == asked + 1


def test_fractions_of_a_second_are_widened(kit):
    """A period with fractions of a second is asked for in whole seconds around it."""
    with kit.Stub(kit.ItnioModel([])) as stub:
        stub.itnio().fetch("2026-03-01T00:00:00.9+00:00", "2026-03-01T00:00:01.1Z")
        assert stub.requests[0].body["params"] == {
            "strTime": "2026-03-01T00:00:00+00:00",
            "endTime": "2026-03-01T00:00:02+00:00",
        }


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"status": "0"},
        {"status": "0", "data": None},
        {"status": "0", "data": []},
        {"status": "0", "data": {"total": -1, "records": []}},
        {"status": "0", "data": {"total": "many", "records": []}},
        {"status": "0", "data": {"total": 1.5, "records": []}},
        {"status": "0", "data": {"total": 1, "records": {}}},
        {"status": "0", "data": {"total": 1, "records": ["x"]}},
        {"status": "0", "data": {"total": 1, "records": [{"cost": "1"}]}},
        {"status": "0", "data": {"total": 1, "records": [{"voiceId": None}]}},
        {"status": "zero", "data": {"total": 0, "records": []}},
        {"status": None, "data": {"total": 0, "records": []}},
    ],
)
def test_pages_of_the_wrong_shape(kit, answer):
    """What cannot be counted is no page: asked for again, then a VendorError that names the request."""
    with kit.Stub(answer) as stub:
        with pytest.raises(
            VendorError, match=r"recordGroupQuery, window .*, page 1: the answer is not readable"
        ):
            stub.itnio(max_attempts=2).fetch(*days(kit, 1))
        assert len(stub.requests) == 2


def test_nothing_of_a_finished_window_is_lost_to_the_next_ones_error(kit):
    """An error in the window behind arrives after the finished window, not instead of it."""
    records = spread(kit, 50)

    def answer(request):
        if request.body["params"]["strTime"] > "2026-03-10":
            return {"status": "-25", "reason": "range"}
        return kit.ItnioModel(records)(request)

    given = []
    with kit.Stub(answer) as stub, pytest.raises(VendorError, match="-25"):
        given.extend(stub.itnio().batches(*days(kit, 40)))
    assert sum(b.height for b in given) == 50
