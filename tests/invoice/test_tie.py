"""An invoice held against the calls: per line, with whatever is odd about either of them."""

from __future__ import annotations

# ruff: noqa: DTZ001 - what a wall clock shows has no zone
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import callkit as ck
from callkit.invoice.compared import COMPARED
from invoice.bills import END, START, bill, counted, label, line, local, moment, month, on, sums
from reconciliation.calls import missing, numbered, whatsapp

D = Decimal
CALL = {"calls": 1, "charged_seconds": 36, "amount": D("0.07998")}


def only(frame: pl.DataFrame, **keys: Any) -> dict[str, Any]:
    found = frame.filter(**keys) if keys else frame
    assert found.height == 1
    return found.row(0, named=True)


def test_lines_that_are_the_sums_of_their_calls_agree() -> None:
    """A line that states just what its calls add up to agrees, on every level."""
    tied = ck.tie_out(numbered(on(3), on(4)), bill(line(calls=2, charged_seconds=72, amount=D("0.15996"))))
    for frame in (tied.totals, tied.destinations, tied.lines):
        row = only(frame)
        assert (row["status"], row["differs_in"]) == ("agrees", "")
        assert row["invoice_amount"] == row["cdr_amount"] == D("0.15996")
    assert tied.days.is_empty()
    assert tied.calls.is_empty()
    assert tied.differences.is_empty()


@pytest.mark.parametrize(
    ("stated", "differs"),
    [
        ({"calls": 2}, "calls"),
        ({"charged_seconds": 42}, "seconds"),
        ({"amount": D("0.09998")}, "amount"),
        ({"calls": 0, "charged_seconds": 0, "amount": D(1)}, "calls, seconds, amount"),
        ({"calls": None, "charged_seconds": None}, ""),
    ],
)
def test_what_differs_is_said(stated: dict[str, Any], differs: str) -> None:
    """A line differs in what it states otherwise, and in nothing that it does not state."""
    row = only(ck.tie_out(numbered(on(3)), bill(line(**CALL | stated))).lines)
    assert row["differs_in"] == differs
    assert row["status"] == ("differs" if differs else "agrees")


def test_rounding_stands_apart_and_is_no_difference() -> None:
    """Half a unit of the invoice's last decimal, for each line, is rounding; more than that is all difference."""
    calls = numbered(on(3))
    rounded = only(ck.tie_out(calls, bill(line(**CALL | {"amount": D("0.08")}))).lines)
    assert (rounded["status"], rounded["rounding"], rounded["amount_difference"]) == (
        "agrees",
        D("0.00002"),
        D(0),
    )
    off = only(ck.tie_out(calls, bill(line(**CALL | {"amount": D("0.09")}))).lines)
    assert (off["status"], off["rounding"], off["amount_difference"]) == ("differs", D(0), D("0.01002"))
    fine = bill(line(**CALL | {"amount": D("0.08")}), line(destination="France", amount=D("1.2345")))
    assert only(ck.tie_out(calls, fine).lines, destination="Germany(Mobile)")["status"] == "agrees"
    finer = bill(line(**CALL | {"amount": D("0.08")}), line(destination="France", amount=D("1.23456")))
    assert only(ck.tie_out(calls, finer).lines, destination="Germany(Mobile)")["status"] == "differs"


@pytest.mark.parametrize(
    ("minutes", "other", "status"),
    [("0.6", "1.5", "agrees"), ("0.60", "1.23", "agrees"), ("0.65", "1.23", "differs"), ("0.7", "1.5", "differs"),
     ("1", "2", "agrees"), ("2", "2", "differs")],
)  # fmt: skip
def test_minutes_are_compared_to_their_last_decimal(minutes: str, other: str, status: str) -> None:
    """36 seconds are 0.6 minutes; with whole minutes 1 lies within half a unit of them, and 2 does not."""
    stated = CALL | {"charged_seconds": None, "charged_minutes": D(minutes)}
    invoice = bill(line(**stated), line(destination="France", charged_minutes=D(other), amount=D(1)))
    row = only(ck.tie_out(numbered(on(3)), invoice).lines, destination="Germany(Mobile)")
    assert row["status"] == status
    assert row["invoice_seconds"] == row["cdr_seconds"] + row["seconds_difference"] + row["seconds_rounding"]
    assert row["invoice_seconds"] == 60 * D(minutes)


def test_in_currencies_without_cents_a_unit_is_a_whole_one() -> None:
    """An amount in yen may lie half a yen off its calls, an amount in dollars half a cent."""
    calls = numbered(on(3, cost=D("12.4"), currency="JPY"), on(3, cost=D("12.4"), currency="USD"))
    invoice = bill(line(currency="JPY", amount=D(12)), line(currency="USD", amount=D(12)))
    status = dict(ck.tie_out(calls, invoice).lines.select("currency", "status").rows())
    assert status == {"JPY": "agrees", "USD": "differs"}


def test_each_side_may_have_what_the_other_has_not() -> None:
    """A destination that only the invoice has, one that only the records have, and currencies of either alone."""
    calls = numbered(on(3), on(3, destination="France"), on(3, currency="EUR"))
    invoice = bill(line(**CALL), line(**CALL | {"destination": "Nepal"}), line(**CALL | {"currency": "GBP"}))
    tied = ck.tie_out(calls, invoice)
    assert tied.lines.select("currency", "destination", "status").rows() == [
        ("EUR", "Germany(Mobile)", "only_in_cdrs"),
        ("GBP", "Germany(Mobile)", "only_on_invoice"),
        ("USD", "France", "only_in_cdrs"),
        ("USD", "Germany(Mobile)", "agrees"),
        ("USD", "Nepal", "only_on_invoice"),
    ]
    assert tied.totals.select("currency", "status").rows() == [
        ("EUR", "only_in_cdrs"),
        ("GBP", "only_on_invoice"),
        ("USD", "agrees"),  # France makes up for Nepal, which the lines show
    ]
    assert tied.statuses == {"agrees": 1, "differs": 0, "only_on_invoice": 2, "only_in_cdrs": 2}


def test_a_line_of_nothing_agrees_with_no_calls() -> None:
    """A line of zero calls and no money agrees where there are none; with calls on it, it is only on the invoice."""
    nothing = line(calls=0, charged_seconds=0, amount=D(0))
    three = line(destination="France", calls=3, charged_seconds=18, amount=D(0))
    tied = ck.tie_out(numbered(on(3, destination="Chile")), bill(nothing, three))
    assert tied.lines["status"].to_list() == ["only_in_cdrs", "only_on_invoice", "agrees"]


def test_calls_of_no_charge_are_nothing_that_an_invoice_lacks() -> None:
    """Unanswered calls of a destination that the invoice leaves out are no piece of it, unless all count."""
    free = on(3, destination="France", call_duration=0, charged_duration=0, cost=D(0))
    tied = ck.tie_out(numbered(on(3), free), bill(line(**CALL)))
    assert tied.population == "answered"
    assert only(tied.lines)["status"] == "agrees"
    every = ck.tie_out(numbered(on(3), free), bill(line(**CALL)), population="all")
    assert only(every.lines, destination="France")["status"] == "only_in_cdrs"


def test_credits_are_lines_below_zero() -> None:
    """A negative line is part of its destination's sum; a credit of its own is held against no calls."""
    lines = (
        line(**CALL | {"amount": D("0.17998")}),
        line(amount=D("-0.10")),
        line(kind="credit", amount=D("-5")),
    )
    tied = ck.tie_out(numbered(on(3)), bill(*lines))
    row = only(tied.lines)
    assert (row["lines"], row["invoice_amount"], row["amount_difference"]) == (2, D("0.07998"), D(0))
    assert only(tied.bridge, currency="USD", step="credit")["amount"] == D(-5)


def test_two_lines_of_one_destination_are_compared_together() -> None:
    """A destination split over two lines, written differently, is one comparison with the calls of both."""
    lines = (line(**CALL), line(**CALL | {"destination": "GERMANY (mobile)"}))
    row = only(ck.tie_out(numbered(on(3), on(4)), bill(*lines)).lines)
    assert (row["status"], row["lines"], row["cdr_calls"]) == ("agrees", 2, 2)


def test_a_line_that_is_there_twice_differs() -> None:
    """The same line again asks for the same calls again: the difference is one of them."""
    row = only(ck.tie_out(numbered(on(3)), bill(line(**CALL), line(**CALL))).lines)
    assert (row["status"], row["calls_difference"], row["amount_difference"]) == ("differs", 1, D("0.07998"))


def test_periods_that_overlap_are_compared_together() -> None:
    """Where two lines could claim a call, their calls are compared as one piece, and no call counts twice."""
    tenth, twentieth = datetime(2026, 9, 10), datetime(2026, 9, 20)
    lines = (
        line(period_end=twentieth, calls=1, amount=D("0.07998")),
        line(period_start=tenth, calls=2, amount=D("0.15996")),
        line(destination="France", period_end=tenth, calls=1, amount=D("0.07998")),
    )
    calls = numbered(on(5), on(15), on(25), on(9, destination="France"), on(15, destination="France"))
    tied = ck.tie_out(calls, bill(*lines))
    assert tied.lines.select("destination", "period_start", "period_end", "status", "cdr_calls").rows() == [
        ("France", START, tenth, "agrees", 1),
        ("France", START, END, "only_in_cdrs", 1),
        ("Germany(Mobile)", START, END, "agrees", 3),
    ]
    assert only(tied.destinations, destination="France")["calls_difference"] == -1


def test_daily_lines_are_tied_out_by_day() -> None:
    """Lines of single days are summed by day; a day without a line is a row of its own in the records."""
    days = [
        line(period_start=datetime(2026, 9, at), period_end=datetime(2026, 9, at) + timedelta(days=1), **CALL)
        for at in (1, 3, 30)
    ]
    tied = ck.tie_out(
        numbered(on(1), on(2), on(3), on(3, destination="France"), on(30, hour=23)), bill(*days)
    )
    assert tied.days.select("day", "status").rows() == [
        (datetime(2026, 9, 1).date(), "agrees"),
        (datetime(2026, 9, 2).date(), "only_in_cdrs"),
        (datetime(2026, 9, 3).date(), "differs"),
        (datetime(2026, 9, 30).date(), "agrees"),
    ]
    assert tied.lines.filter(status="only_in_cdrs")["period_start"].to_list() == [
        datetime(2026, 9, 2),
        datetime(2026, 9, 3),
    ]


def test_an_itemised_invoice_is_tied_out_by_call() -> None:
    """Lines with a call's id are held against that call, wherever the period's edge lies."""
    calls = numbered(on(3), on(4), on(31), on(29))
    lines = [line(call_id=f"id-0000{at}", amount=D("0.07998")) for at in (0, 2, 9)]
    lines[0]["charged_seconds"] = 42
    tied = ck.tie_out(calls, bill(*lines))
    assert tied.calls.select("call_id", "status", "differs_in").rows() == [
        ("id-00000", "differs", "seconds"),
        ("id-00001", "only_in_cdrs", "calls, seconds, amount"),
        ("id-00002", "agrees", ""),
        ("id-00003", "only_in_cdrs", "calls, seconds, amount"),
        ("id-00009", "only_on_invoice", "calls, amount"),
    ]
    assert tied.lines.is_empty()
    assert only(tied.destinations)["cdr_calls"] == 4
    assert tied.outside.is_empty()


def test_lines_that_are_calls_beside_lines_that_are_sums() -> None:
    """Calls that are lines of their own are not counted in the line that sums the others up."""
    calls = numbered(on(3), on(4), on(5))
    itemised = line(call_id="id-00001", destination=None, amount=D("0.07998"))
    tied = ck.tie_out(calls, bill(itemised, line(calls=2, amount=D("0.15996"))))
    assert tied.calls["status"].to_list() == ["agrees"]
    assert only(tied.lines)["status"] == "agrees"
    assert tied.totals["cdr_calls"].to_list() == [3]


def test_an_invoice_without_destinations_is_compared_in_total() -> None:
    """In a currency whose lines tell no destination all calls are compared; in another they are compared by it."""
    calls = numbered(
        on(3), on(3, destination="France"), on(3, currency="EUR"), on(3, currency="EUR", destination=None)
    )
    lines = (
        line(destination=None, calls=2, amount=D("0.15996")),
        line(currency="EUR", calls=1, amount=D("0.07998")),
        line(currency="EUR", destination=" ", calls=1, amount=D("0.07998")),
    )
    tied = ck.tie_out(calls, bill(*lines))
    assert tied.lines.select("currency", "destination", "status").rows() == [
        ("EUR", "Germany(Mobile)", "agrees"),
        ("EUR", None, "agrees"),
        ("USD", None, "agrees"),
    ]


def test_an_invoice_that_ends_at_the_last_second() -> None:
    """A period to 23:59:59 has the calls of that second and none of the next."""
    after = on(1)
    after["submitted_at"] = datetime(2026, 10, 1, tzinfo=UTC)
    last = on(1)
    last["submitted_at"] = datetime(2026, 9, 30, 23, 59, 59, 999_999, tzinfo=UTC)
    invoice = bill(line(**CALL, period_end=datetime(2026, 9, 30, 23, 59, 59)))
    tied = ck.tie_out(numbered(last, after), invoice)
    assert only(tied.lines)["status"] == "agrees"
    assert tied.outside.rows() == [("USD", "after", 1, 36, D("0.07998"))]


def test_calls_outside_are_counted_apart() -> None:
    """Calls before and after the period, and records without any time, stand in a frame of their own."""
    calls = numbered(on(3), on(-1), on(35), on(36), missing())
    tied = ck.tie_out(calls, bill(line(**CALL)))
    assert tied.outside.rows() == [
        ("USD", "before", 1, 36, D("0.07998")),
        ("USD", "after", 2, 72, D("0.15996")),
        (None, "no time", 0, 0, D(0)),
    ]


def test_the_clock_falls_back_so_that_no_call_is_lost() -> None:
    """auto is submitted, else answered, else ended; a call that nobody answered counts when it was submitted."""
    answered_in_october = on(30, 23)
    answered_in_october["answered_at"] = datetime(2026, 10, 1, 0, 0, 5, tzinfo=UTC)
    unanswered = on(30, 23, call_duration=0, charged_duration=0, cost=D("0.01"), answered_at=None)
    only_answer = whatsapp(answered_at=datetime(2026, 9, 5, tzinfo=UTC), currency="USD")
    only_end = whatsapp(answered_at=None, ended_at=datetime(2026, 9, 5, tzinfo=UTC), currency="USD")
    calls = numbered(answered_in_october, unanswered, only_answer, only_end)
    invoice = bill(line(destination=None))
    for clock, expected in (("auto", 4), ("submitted", 4), ("answered", 3), ("ended", 3)):
        tied = ck.tie_out(calls, invoice, clock=clock, population="all")
        assert only(tied.totals)["cdr_calls"] == expected, clock


def test_exact_copies_of_a_record_are_one_call() -> None:
    """A row that is there twice, as after two fetches put together, is charged once."""
    calls = numbered(on(3))
    for frame in (pl.concat([calls, calls]), pl.concat([calls, calls]).lazy()):
        assert only(ck.tie_out(frame, bill(line(**CALL))).lines)["status"] == "agrees"


def test_garbled_seconds_are_not_added_up() -> None:
    """A record with more charged seconds than make any sense does not spoil the sums of the others."""
    calls = numbered(on(3), on(4, charged_duration=2**62), on(5, charged_duration=2**62))
    row = only(ck.tie_out(calls, bill(line(calls=3))).lines)
    assert (row["cdr_calls"], row["cdr_seconds"]) == (3, 36)


def test_any_form_of_calls_gives_the_same() -> None:
    """A frame, a lazy one, Arrow, a reconciliation and its frame are the same calls."""
    calls = month(80, 3)
    invoice = bill(*sums(calls.to_dicts(), "UTC", "auto", "charged"))
    result = ck.reconcile(calls)
    told = [
        ck.tie_out(each, invoice) for each in (calls, calls.lazy(), calls.to_arrow(), result, result.cdrs)
    ]
    for other in told[1:]:
        assert other.leaves.drop("call_id").equals(told[0].leaves.drop("call_id")) or other.lines.equals(
            told[0].lines
        )
        assert other.outside.equals(told[0].outside)
        assert other.bridge.filter(part="total").equals(told[0].bridge.filter(part="total"))


def test_lines_by_other_columns() -> None:
    """Lines are compared by any text column that both have; by none, in total."""
    calls = numbered(on(3), on(3, direction="in"))
    lines = (line(**CALL, direction="IN"), line(**CALL, direction="out"))
    by_direction = ck.tie_out(calls, bill(*lines), by=("destination", "direction"))
    assert by_direction.destinations.select("destination", "direction", "status").rows() == [
        ("Germany(Mobile)", "IN", "agrees"),
        ("Germany(Mobile)", "out", "agrees"),
    ]
    assert only(ck.tie_out(calls, bill(*lines), by=()).destinations)["status"] == "agrees"


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ({"by": "destination"}, TypeError, r"by must be a sequence.*\('destination',\)"),
        ({"by": ("country",)}, ValueError, "the invoice's lines have no column 'country'"),
        ({"by": ("place",)}, ValueError, "the call records have no column 'place'"),
        ({"tz": "Mars/Phobos"}, ValueError, "tz must be the name of a time zone"),
        ({"clock": "billed"}, ValueError, "clock must be one of 'auto', 'submitted', 'answered', 'ended'"),
        ({"population": "some"}, ValueError, "population must be 'auto' or one of all, answered, charged"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], error: type[Exception], told: str) -> None:
    """An argument that is none of the documented ones is an error that says what there is."""
    with pytest.raises(error, match=told):
        ck.tie_out(numbered(on(3)), bill(line(**CALL)), **arguments)


def test_what_is_no_invoice_is_refused() -> None:
    """A frame in the invoice's place, an invoice without a period, and calls that are none are refused by name."""
    with pytest.raises(TypeError, match=r"expected a callkit\.Invoice \(see Invoice\.read\), got DataFrame"):
        ck.tie_out(numbered(on(3)), pl.DataFrame())
    fee = ck.Invoice.read(pl.DataFrame({"currency": ["USD"], "amount": [1], "kind": ["fee"]}))
    with pytest.raises(ValueError, match="the invoice tells no period of usage"):
        ck.tie_out(numbered(on(3)), fee)
    with pytest.raises(ck.SchemaError):
        ck.tie_out(pl.DataFrame({"a": [1]}), bill(line()))


def test_an_empty_month_against_an_empty_invoice() -> None:
    """Nothing against nothing is a tie-out of nothing, with all its frames."""
    nothing = bill(period=("2026-09-01", "2026-10-01"))
    tied = ck.tie_out(numbered(on(3)).head(0), nothing)
    for frame in (tied.totals, tied.days, tied.destinations, tied.lines, tied.calls, tied.differences):
        assert frame.is_empty()
        assert list(frame.schema.items())[-len(COMPARED) :] == list(COMPARED.items())
    assert tied.bridge.is_empty()
    assert tied.outside.is_empty()


@settings(max_examples=15)
@given(
    seed=st.integers(0, 10**6),
    zone=st.sampled_from(["UTC", "Asia/Shanghai", "America/Los_Angeles", "Asia/Kathmandu"]),
    clock=st.sampled_from(["auto", "submitted", "answered", "ended"]),
    population=st.sampled_from(["all", "answered", "charged"]),
    daily=st.booleans(),
)
def test_the_vendors_own_sums_agree_and_the_naive_reference_says_the_same(
    seed: int, zone: str, clock: str, population: str, daily: bool
) -> None:
    """Lines summed by a loop over the calls agree in that zone and clock; what is outside is what the loop left out."""
    calls = month(60, seed)
    rows = calls.to_dicts()
    invoice = bill(*sums(rows, zone, clock, population, daily=daily), period=("2026-09-01", "2026-10-01"))
    tied = ck.tie_out(calls, invoice, tz=zone, clock=clock, population=population)
    uncounted = {
        (call["currency"], label(call["destination"]))
        for call in rows
        if not counted(call, population) and call["cost"] not in (None, 0)
    }
    for row in tied.lines.iter_rows(named=True):
        own = row["currency"] is None or (row["currency"], label(row["destination"])) in uncounted
        assert own or row["status"] == "agrees", row
    inside = [call for call in rows if (when := local(call, zone, clock)) is not None and START <= when < END]
    assert tied.totals["cdr_calls"].sum() == sum(counted(call, population) for call in inside)
    assert tied.totals["cdr_amount"].sum() == sum((call["cost"] or D(0) for call in inside), D(0))
    known = [call for call in rows if moment(call, clock) is not None]
    assert tied.outside.filter(pl.col("side") != "no time")["amount"].sum() == sum(
        (call["cost"] or D(0) for call in known if call not in inside), D(0)
    )


@settings(max_examples=10)
@given(seed=st.integers(0, 10**6), hours=st.integers(-12, 12))
def test_boundary_calls_are_those_that_change_sides(seed: int, hours: int) -> None:
    """The calls listed at the edges are exactly those whose period another zone changes, with where they go."""
    zone = f"Etc/GMT{hours:+d}" if hours else "UTC"
    calls = month(60, seed)
    tied = ck.tie_out(calls, bill(line()), tz=zone, clock="answered")
    expected = {
        call["call_id"]: (before, after)
        for call in calls.to_dicts()
        if (before := side(call, "UTC", "auto")) != (after := side(call, zone, "answered"))
    }
    found = {
        row["call_id"]: (row["moved_from"], row["moved_to"]) for row in tied.boundary.iter_rows(named=True)
    }
    assert found == expected


def side(call: dict[str, Any], zone: str, clock: str) -> str:
    when = local(call, zone, clock)
    assert when is not None
    return "period before" if when < START else "this period" if when < END else "period after"


def test_the_invoices_own_zone_is_taken() -> None:
    """An invoice that states its zone is cut there; what the caller states goes before it."""
    early = on(1)
    early["submitted_at"] = datetime(2026, 9, 1, tzinfo=UTC) - timedelta(hours=3)
    invoice = bill(line(**CALL), tz="Asia/Shanghai")
    assert only(ck.tie_out(numbered(early), invoice).lines)["status"] == "agrees"
    assert only(ck.tie_out(numbered(early), invoice, tz="UTC").lines)["status"] == "only_on_invoice"
