"""In whose zone, by which clock and over which calls: what a plain loop over all of them finds, and faster."""

from __future__ import annotations

# ruff: noqa: DTZ001 - what a wall clock shows has no zone
import re
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import callkit as ck
from callkit.invoice.cutoff import CUTOFF
from callkit.invoice.prefixes import Prefixes
from callkit.invoice.zones import zones
from invoice.bills import END, START, bill, counted, label, line, local, month, on, sums
from reconciliation.calls import numbered

D = Decimal
POPULATIONS = ("all", "answered", "charged")
CLOCKS = ("submitted", "answered", "ended")


def best(found: pl.DataFrame) -> pl.DataFrame:
    return found.filter(rank=1)


# Of few calls at random none may lie on one side of the period, which is told.
@pytest.mark.filterwarnings("ignore:the records do not reach over both ends")
@settings(max_examples=5)
@given(
    seed=st.integers(0, 10**6),
    zone=st.sampled_from(["Asia/Shanghai", "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Kiritimati"]),
    clock=st.sampled_from(CLOCKS),
    population=st.sampled_from(POPULATIONS),
    daily=st.booleans(),
)
def test_an_honest_invoices_cut_is_among_the_best(
    seed: int, zone: str, clock: str, population: str, daily: bool
) -> None:
    """Whoever cut it, wherever and by whatever clock: with that cut everything agrees, and nothing ranks before it."""
    calls = month(150, seed)
    invoice = bill(
        *sums(calls.to_dicts(), zone, clock, population, daily=daily), period=("2026-09-01", "2026-10-01")
    )
    found = ck.find_cutoff(calls, invoice)
    first = best(found)
    own = first.filter(pl.col("zones").list.contains(zone), clock=clock, population=population)
    assert own.height == 1
    assert own["tied"].to_list() == own["measures"].to_list()
    assert own.select("behind", "calls_off", "seconds_off", "off").row(0) == (0, 0, 0, 0.0)
    assert first["off"].unique().to_list() == [0.0]


def naive(
    calls: list[dict[str, Any]], lines: list[dict[str, Any]], zone: str, clock: str, population: str
) -> Any:
    """Measure by measure, line by line and currency by currency, with a loop over all calls for each."""
    placed = [
        (local(call, zone, clock), call)
        for call in calls
        if counted(call, population) and local(call, zone, clock) is not None
    ]

    def totals(currency: str, where: Any, start: datetime, end: datetime) -> tuple[int, int, Decimal]:
        own = [
            call
            for when, call in placed
            if when is not None and start <= when < end and call["currency"] == currency and where(call)
        ]
        return (
            len(own),
            sum(call["charged_duration"] or 0 for call in own),
            sum((call["cost"] or D(0) for call in own), D(0)),
        )

    pairs: dict[str, list[tuple[Any, Any, Any, bool]]] = {}
    for each in lines:
        key = label(each["destination"])
        got = totals(
            each["currency"],
            lambda call, key=key: label(call["destination"]) == key,
            each["period_start"],
            each["period_end"],
        )
        stated = (each["calls"], each["charged_seconds"], each["amount"])
        pairs.setdefault(each["currency"], []).extend(
            (ours, theirs, kind, True) for ours, theirs, kind in zip(stated, got, "csa", strict=True)
        )
    for currency in list(pairs):
        of = [each for each in lines if each["currency"] == currency]
        if len(of) > 1:
            start, end = min(each["period_start"] for each in of), max(each["period_end"] for each in of)
            got = totals(currency, lambda _: True, start, end)
            for name, theirs, kind in zip(("calls", "charged_seconds", "amount"), got, "csa", strict=True):
                pairs[currency].append((sum(each[name] for each in of), theirs, kind, False))
    half = {
        currency: D(5).scaleb(
            -1
            - max(
                2, *(-each[0].normalize().as_tuple().exponent for each in some if each[2] == "a" and each[3])
            )
        )
        for currency, some in pairs.items()
    }
    tied, shares = 0, []
    for currency, some in pairs.items():
        count = len([each for each in some if each[3]]) // 3
        for kind in "csa":
            off = stated = Fraction(0)
            for ours, theirs, of_kind, single in some:
                if of_kind != kind:
                    continue
                slack = (half[currency] * (1 if single else count)) if kind == "a" else 0
                difference = abs(ours - theirs)
                difference = difference if difference > slack else 0
                tied += difference == 0
                off += Fraction(difference)
                stated += Fraction(abs(ours))
            if off or stated:
                shares.append(off / stated if stated else Fraction(1))
    return tied, sum(shares, Fraction(0)) / max(len(shares), 1)


@pytest.mark.filterwarnings("ignore:the records do not reach over both ends")
@settings(max_examples=2)
@given(seed=st.integers(0, 10**6), daily=st.booleans())
def test_every_candidate_fits_as_the_naive_reference_says(seed: int, daily: bool) -> None:
    """For every candidate of a spoilt invoice the counts, shares and ranks are those of plain loops."""
    calls = month(60, seed)
    rows = calls.to_dicts()
    lines = [
        each | {"amount": round(each["amount"], 3)}
        for each in sums(rows, "Asia/Kolkata", "answered", "charged", daily=daily)
    ]
    if lines:
        lines[0]["amount"] += D("0.017")
        lines[-1]["calls"] += 1
    found = ck.find_cutoff(calls, bill(*lines, period=("2026-09-01", "2026-10-01")))
    qualities = []
    for row in found.iter_rows(named=True):
        # The last of the names of a candidate must do as well as the first.
        tied, off = naive(rows, lines, row["zones"][-1], row["clock"], row["population"])
        assert (row["tied"], row["off"]) == (tied, float(off)), row
        qualities.append((-tied, off))
    assert qualities == sorted(qualities)
    assert found["rank"].to_list() == [1 + sum(other < own for other in qualities) for own in qualities]
    assert found["behind"].to_list() == [own[0] - qualities[0][0] for own in qualities]


def test_every_zone_is_in_one_candidate_of_each_kind() -> None:
    """For each clock and population the candidates share all zones out among them, each zone once."""
    calls = month(100, 5)
    found = ck.find_cutoff(calls, bill(line(calls=1, amount=D(1))))
    assert dict(found.schema) == dict(CUTOFF)
    for (_, _), part in found.group_by("clock", "population"):
        names = [name for zones_ in part["zones"] for name in zones_]
        assert sorted(names) == sorted(zones())
    assert found["tz"].to_list() == [names[0] for names in found["zones"]]
    assert found.height == found.unique(["tz", "clock", "population"]).height


def test_zones_without_a_call_between_them_are_one_candidate() -> None:
    """Where no call lies between two zones' midnights they are one candidate; a call between them makes two."""
    around = [on(-5, currency="EUR"), on(40, currency="EUR")]
    noon = ck.find_cutoff(numbered(*around, on(15)), bill(line(calls=1)))
    assert noon.height == 9
    assert noon["rank"].unique().to_list() == [1]
    evening = on(30)
    evening["submitted_at"] = on(30, 17)["submitted_at"]  # October already from +07:00 on
    found = ck.find_cutoff(numbered(*around, on(15), evening), bill(line(calls=1)), by=())
    submitted = found.filter(clock="submitted", population="charged").sort("rank")
    assert submitted["calls_off"].to_list() == [0, 1]
    assert "Asia/Shanghai" in submitted["zones"][0].to_list()
    assert "UTC" in submitted["zones"][1].to_list()


def test_summer_time_counts() -> None:
    """A month whose last night is an hour longer in Berlin is not taken for one of a fixed offset."""
    rows = []
    for hour in range(-4, 4):
        call = on(1)
        call["submitted_at"] = on(1)["submitted_at"].replace(month=10, hour=0) + timedelta(hours=hour)
        rows.append(call)
        later = on(1)
        later["submitted_at"] = on(1)["submitted_at"].replace(month=11, hour=0) + timedelta(hours=hour)
        rows.append(later)
    calls = numbered(*rows)
    october = {"period_start": datetime(2026, 10, 1), "period_end": datetime(2026, 11, 1)}
    of_berlin = [
        call
        for call in calls.to_dicts()
        if october["period_start"] <= local(call, "Europe/Berlin", "submitted") < october["period_end"]
    ]
    invoice = bill(
        line(**october, destination=None, calls=len(of_berlin), amount=sum(c["cost"] for c in of_berlin))
    )
    found = best(ck.find_cutoff(calls, invoice)).filter(clock="submitted", population="charged")
    assert found.filter(pl.col("zones").list.contains("Europe/Berlin"))["utc_offset"].to_list() == [
        "+02:00 to +01:00"
    ]
    assert not found["zones"].explode().is_in(["Etc/GMT-2", "Etc/GMT-1"]).any()


def test_faults_of_some_lines_do_not_hide_the_cut() -> None:
    """With a third of its lines dearer than their calls the invoice is still recognised by the others."""
    calls = month(1500, 11)
    lines = list(sums(calls.to_dicts(), "Asia/Shanghai", "ended", "charged", daily=True))
    for each in lines[::3]:
        each["amount"] *= D("1.25")
    first = best(ck.find_cutoff(calls, bill(*lines)))
    assert first.select("tz", "clock", "population").rows() == [("Asia/Shanghai", "ended", "charged")]


def test_labels_that_fit_no_call_leave_the_totals() -> None:
    """An invoice that calls its destinations by other names is recognised by what each currency adds up to."""
    calls = month(1500, 12)
    lines = list(sums(calls.to_dicts(), "Asia/Shanghai", "ended", "charged"))
    for at, each in enumerate(lines):
        each["destination"] = f"Zone {at}"
    first = best(ck.find_cutoff(calls, bill(*lines)))
    assert first.select("tz", "clock", "population").rows() == [("Asia/Shanghai", "ended", "charged")]
    assert first["lines_tied"].to_list() == [0]


def test_calls_that_end_with_the_period_are_said_not_to_cover_it() -> None:
    """Without calls on both sides of the edges the answer says so, and a warning says what to fetch."""
    calls = month(300, 3)
    invoice = bill(*sums(calls.to_dicts(), "UTC", "submitted", "charged"))
    assert ck.find_cutoff(calls, invoice)["covered"].all()
    within = calls.filter(
        pl.col("submitted_at").dt.replace_time_zone(None).is_between(START, END, closed="left")
    )
    fetch = "Fetch from 2026-08-30T12:00:00+00:00 to 2026-10-02T12:00:00+00:00"
    with pytest.warns(UserWarning, match=f"none is from before or after it.*{re.escape(fetch)}"):
        found = ck.find_cutoff(within, invoice)
    assert not found.filter(clock="submitted")["covered"].any()
    until = calls.filter(pl.col("submitted_at").dt.replace_time_zone(None) < END)
    with pytest.warns(UserWarning, match="none is from after it"):
        ck.find_cutoff(until, invoice)


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_the_sandboxs_invoice_is_seen_through(seed: int) -> None:
    """The sandbox's faulty invoice: its zone, clock and population are found, and tying out there leaves its faults."""
    with ck.Sandbox(calls=3_000, seed=seed) as sandbox:
        start, end = sandbox.period
        with pytest.warns(UserWarning, match="lists already"):
            calls = sandbox.itnio_voice().fetch(start - timedelta(hours=36), end + timedelta(hours=36))
        invoice, cutoff, faults = sandbox.invoice(), sandbox.cutoff, sandbox.invoice_faults
    found = ck.find_cutoff(calls, invoice).row(0, named=True)
    assert (found["tz"], found["clock"], found["population"]) == (
        cutoff.zone,
        cutoff.clock,
        cutoff.population,
    )
    tied = ck.tie_out(calls, invoice, tz=found["tz"], clock=found["clock"])
    assert tied.population == cutoff.population
    wrong = tied.differences.with_columns(off=pl.col("amount_difference") + pl.col("rounding"))
    assert sorted(wrong.select("destination", "currency", "calls_difference", "off").rows()) == sorted(
        faults.select("destination", "currency", "calls", "amount").rows()
    )


def test_an_itemised_invoice_has_a_cut_too() -> None:
    """Lines that are calls are summed up by destination before zones are tried."""
    calls = month(400, 2).filter(pl.col("currency") == "USD")
    items = [
        line(call_id=call["call_id"], destination=call["destination"], amount=call["cost"] or D(0),
             charged_seconds=call["charged_duration"])
        for call in calls.to_dicts()
        if counted(call, "charged") and START <= (local(call, "Asia/Shanghai", "ended") or END) < END
    ]  # fmt: skip
    first = best(ck.find_cutoff(calls, bill(*items)))
    assert first.filter(pl.col("zones").list.contains("Asia/Shanghai"), clock="ended")["off"].to_list() == [
        0.0
    ]


def test_no_calls_at_all_is_an_answer_too() -> None:
    """Against an empty frame every candidate is off by all of the invoice, and all of them tie."""
    with pytest.warns(UserWarning, match="none is from before or after it"):
        found = ck.find_cutoff(month(5, 1).head(0), bill(line(calls=2, amount=D(3))))
    assert found["rank"].unique().to_list() == [1]
    assert found["calls_off"].unique().to_list() == [2]
    assert not found["covered"].any()


@given(
    calls=st.lists(
        st.tuples(st.integers(0, 3), st.integers(-(10**9), 10**15), st.integers(-(10**12), 10**12))
    ),
    intervals=st.lists(
        st.tuples(st.integers(0, 3), st.integers(-(10**10), 10**15), st.integers(-(10**10), 10**16)),
        min_size=1,
    ),
)
def test_running_totals_add_up_what_lies_between(
    calls: list[tuple[int, int, int]], intervals: list[tuple[int, int, int]]
) -> None:
    """The sum between two instants is that of a filter, for any calls and any interval of any key."""
    intervals = [(key, *sorted(edges)) for key, *edges in intervals]
    frame = pl.DataFrame(calls, schema=dict.fromkeys(("key", "t", "value"), pl.Int64), orient="row")
    wanted = pl.DataFrame(intervals, schema=dict.fromkeys(("key", "start", "end"), pl.Int64), orient="row")
    assert Prefixes(frame, ["value"]).between(wanted)["value"].to_list() == [
        sum(value for of, t, value in calls if of == key and start <= t < end)
        for key, start, end in intervals
    ]
