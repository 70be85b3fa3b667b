from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl

import callkit as ck
from callkit.reconciliation import patterns as told
from callkit.reconciliation.patterns import FEWEST_CALLS, patterns
from reconciliation.calls import cdrs, itnio, numbered, whatsapp

D = Decimal
START = datetime(2026, 9, 14, 12, tzinfo=UTC)


def day(number, **changed):
    return itnio(**({"submitted_at": START + timedelta(days=number)} | changed))


def long(number, **changed):
    """A call of 31 s on 6+6 that was charged 42 s: 0.01333 too much."""
    usual = {"charged_duration": 42, "cost": D("0.09331"), "destination": "Kandahar"}
    return day(number, **(usual | changed))


def short(number):
    """A call of 31 s on 6+6 that was charged 30 s: 0.01333 too little."""
    return long(number, charged_duration=30, cost=D("0.06665"))


def of(*calls, tz="UTC"):
    result = ck.reconcile(numbered(*calls), rating=ck.Rating(), severity={"talk_time": "off"})
    return patterns(result.findings, result.ledger, tz)


def test_findings_that_share_their_circumstances_are_one_sentence():
    """Calls to one destination at one rate and bill period are told once, with their money."""
    table = of(*(long(at) for at in range(6)))
    assert table.schema == told.SCHEMA
    assert table.rows() == [
        (
            "charged_duration",
            "itnio-voice",
            "Kandahar",
            D("0.1333"),
            "6+6",
            "USD",
            6,
            D("0.07998"),
            date(2026, 9, 14),
            date(2026, 9, 19),
            "6 calls to Kandahar since 14 Sep 2026, +0.07998 USD: charged_duration on 6+6 at 0.1333",
        )
    ]


def test_a_few_calls_make_no_pattern():
    """Below the threshold nothing is told, and an empty frame has the same columns."""
    table = of(*(long(0) for _ in range(FEWEST_CALLS - 1)))
    assert table.is_empty()
    assert table.schema == told.SCHEMA
    scattered = of(*(long(0, destination=f"Place {at}") for at in range(2 * FEWEST_CALLS)))
    assert scattered.is_empty()
    assert scattered.schema == told.SCHEMA


def test_too_much_and_too_little_are_told_apart():
    """Undercharges do not hide overcharges of the same route; the larger amount comes first."""
    table = of(*(long(0) for _ in range(6)), *(short(0) for _ in range(5)))
    assert table.select("calls", "amount").rows() == [(6, D("0.07998")), (5, D("-0.06665"))]
    assert table["sentence"].to_list() == [
        "6 calls to Kandahar on 14 Sep 2026, +0.07998 USD: charged_duration on 6+6 at 0.1333",
        "5 calls to Kandahar on 14 Sep 2026, −0.06665 USD: charged_duration on 6+6 at 0.1333",
    ]


def test_a_week_without_findings_ends_a_stretch():
    """Seven days between two findings are one stretch, eight are two; what is over is told with its last day."""
    calls = [long(at) for at in (0, 0, 0, 1, 8)]
    assert of(*calls)["calls"].to_list() == [5]
    later = [long(at) for at in (16, 17, 17, 18, 18, 18)]
    table = of(*calls[:4], long(7), *later, *(day(at) for at in range(30)))
    assert table.select("calls", "first_day", "last_day").rows() == [
        (6, date(2026, 9, 30), date(2026, 10, 2)),
        (5, date(2026, 9, 14), date(2026, 9, 21)),
    ]
    assert "from 14 Sep 2026 to 21 Sep 2026" in table["sentence"][1]


def test_days_are_those_of_the_zone():
    """20:00 in UTC is tomorrow in Shanghai."""
    calls = [long(0, submitted_at=START.replace(hour=20)) for _ in range(5)]
    late = [call | {"answered_at": None, "ended_at": None} for call in calls]
    assert set(of(*late)["first_day"]) == {date(2026, 9, 14)}
    assert set(of(*late, tz="Asia/Shanghai")["first_day"]) == {date(2026, 9, 15)}


def test_findings_without_money_or_place_are_told_as_well():
    """Without money the sentence names none; without destination, rate or bill period it says what is known."""
    missing = [whatsapp(bill_period=None, charged_duration=0, cost=D(0)) for _ in range(5)]
    table = of(*missing).filter(pl.col("check") == "bill_period")
    assert table.select("amount", "sentence").rows() == [
        (None, "5 calls of nx-whatsapp on 5 Oct 2026: bill_period")
    ]


def test_a_vendors_text_brings_no_lines_of_its_own():
    """A sentence is one line without escape sequences, whatever a destination holds; the column has it as it was."""
    table = of(*(long(0, destination="\x1b[2JKabul\r\n=cmd") for _ in range(5)))
    assert table["sentence"][0].startswith("5 calls to \ufffd[2JKabul\ufffd\ufffd=cmd on 14 Sep 2026")
    assert table["destination"][0] == "\x1b[2JKabul\r\n=cmd"


def test_an_id_with_two_records_counts_once():
    """Two records of one call that differ are one call, whatever their order."""
    calls = [long(at, call_id=f"id-{at}", callee=f"4915112345{at:03}") for at in range(5)]
    again = calls[0] | {"rate": D("0.2"), "cost": D("0.14")}
    one, other = (
        ck.reconcile(cdrs(*order), rating=ck.Rating()) for order in ([*calls, again], [again, *calls])
    )
    tables = [patterns(each.findings, each.ledger, "UTC") for each in (one, other)]
    assert tables[0].equals(tables[1])
    assert tables[0]["calls"].max() == 5


def test_order_and_chunks_do_not_matter():
    """The same findings in another order give the same patterns."""
    places = ("Kandahar", "Kabul", None)
    calls = [make(at % 23, destination=places[at % 3]) for at in range(90) for make in (long, day)]
    result = ck.reconcile(numbered(*calls, *(short(at % 5) for at in range(20))), rating=ck.Rating())
    table = patterns(result.findings, result.ledger, "UTC")
    shuffled = result.cdrs.sample(fraction=1, shuffle=True, seed=1)
    other = patterns(
        pl.concat([result.findings.slice(100), result.findings.head(100)], rechunk=False),
        pl.concat([shuffled.head(7), shuffled.slice(7)], rechunk=False).lazy(),
        "UTC",
    )
    assert table.height > 3
    assert table.equals(other)
    sizes = [abs(amount) for amount in table["amount"].drop_nulls()]
    assert sizes == sorted(sizes, reverse=True)
