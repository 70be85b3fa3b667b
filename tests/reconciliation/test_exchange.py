from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import callkit as ck
from callkit.reconciliation.exchange import FORMS, RATES, exchange_rates, settlement_forms
from reconciliation.calls import cdrs, itnio, numbered, settled

DIRECTIONS = ("divided", "multiplied")


def judged_by(*calls):
    return ck.reconcile(numbered(*calls), rating=ck.Rating())


def forms(*calls):
    result = judged_by(*calls)
    return settlement_forms(result.ledger, result.facts)


def interval(value, half):
    return Fraction(value) - half, Fraction(value) + half


def meet(one, other):
    return one[0] <= other[1] and other[0] <= one[1]


def product(one, other):
    corners = [first * second for first in one for second in other]
    return min(corners), max(corners)


def fitting(call, halves):
    """Which of the four ways a call fits, by fractions."""
    settle_cost, settle_rate, cost, rate, exchange = (
        interval(call[name], halves[name])
        for name in ("settle_cost", "settle_rate", "cost", "rate", "exchange_rate")
    )
    seconds = Fraction(call["charged_duration"], 60)
    by_seconds = meet(settle_cost, product(settle_rate, (seconds, seconds)))
    return {
        ("divided", "cost"): meet(product(settle_cost, exchange), cost),
        ("multiplied", "cost"): meet(product(cost, exchange), settle_cost),
        ("divided", "settle_rate"): by_seconds and meet(product(settle_rate, exchange), rate),
        ("multiplied", "settle_rate"): by_seconds and meet(product(rate, exchange), settle_rate),
    }


def quoted(rate, exchange, charged, way, off):
    """A call settled one way, its settled cost `off` units of the last digit too high."""
    last = Decimal("0.000001")
    cost = (rate * charged / 60).quantize(last)
    convert = (lambda amount: amount / exchange) if way == "divided" else (lambda amount: amount * exchange)
    return settled(
        rate=rate, cost=cost, exchange_rate=exchange, charged_duration=charged,
        settle_rate=convert(rate).quantize(last), settle_cost=convert(cost).quantize(last) + off * last,
    )  # fmt: skip


four = st.integers(1, 20_000).map(lambda units: Decimal(units).scaleb(-4))
settlements = st.builds(
    quoted,
    four, st.sampled_from([Decimal("0.938"), Decimal("1.05"), Decimal("1.001")]), st.sampled_from([6, 60, 120]),
    st.sampled_from([*DIRECTIONS]), st.sampled_from([0, 0, 1, 7]),
)  # fmt: skip


@settings(max_examples=15)
@given(calls=st.lists(settlements, min_size=1, max_size=8))
def test_the_counts_are_the_references(calls):
    """Of every way to settle, the calls that fit it, and it alone, are those that fractions find."""
    found = forms(*calls)
    result = ck.reconcile(
        cdrs(*(call | {"call_id": str(at)} for at, call in enumerate(calls))), rating=ck.Rating()
    )
    units = result.facts.terms.filter(currency="EUR").row(0, named=True)
    names = ("settle_cost", "settle_rate", "cost", "rate", "exchange_rate")
    halves = {name: Fraction(units[f"_unit_{name}"], 2 * 10**10) for name in names}
    judged = [fitting(call, halves) for call in calls]
    for row in found.iter_rows(named=True):
        way = row["direction"], row["form"]
        assert row["calls"] == len(calls)
        assert row["fit"] == sum(fits[way] for fits in judged)
        assert row["alone"] == sum(fits[way] and sum(fits.values()) == 1 for fits in judged)
        assert row["share"] == row["fit"] / len(calls)


@pytest.mark.parametrize("way", DIRECTIONS)
def test_direction_and_form_are_decided(way):
    """Where costs are converted and rounded rates would give others, direction and form are both known."""
    calls = [
        quoted(Decimal("0.1333"), Decimal("0.938271"), charged, way, 0)
        for charged in (3600, 7200, 3660, 7260)
    ]
    coarse = [call | {"settle_rate": call["settle_rate"].quantize(Decimal("0.0001"))} for call in calls]
    exact = [call | {"settle_cost": call["settle_cost"] + Decimal("0.0011")} for call in coarse]
    by_cost = {row["form"]: row for row in forms(*calls).filter(direction=way).iter_rows(named=True)}
    assert all(row["used"] for row in by_cost.values())
    assert not any(row["decided"] for row in by_cost.values())  # both forms fit: nothing tells them apart
    by_rate = {row["form"]: row for row in forms(*exact).filter(direction=way).iter_rows(named=True)}
    assert (by_rate["settle_rate"]["decided"], by_rate["cost"]["decided"]) == (True, False)
    other = forms(*exact).filter(pl.col("direction") != way)
    assert not other["used"].any()
    assert not other["decided"].any()


def test_what_is_not_settled_is_left_out():
    """Without settled amounts there is no row, but the columns are there."""
    assert forms(itnio()).equals(FORMS.to_frame())
    assert exchange_rates(cdrs(itnio()).lazy()).equals(RATES.to_frame())


def test_the_frames_have_their_schema_and_order():
    """Four rows for each source and currency, sorted by direction and form."""
    found = forms(settled(), settled(currency="GBP"))
    assert found.schema == FORMS
    assert found.select("currency", "direction", "form").rows() == [
        (currency, direction, form)
        for currency in ("EUR", "GBP")
        for direction in DIRECTIONS
        for form in ("cost", "settle_rate")
    ]


def test_the_days_on_which_the_rate_changed():
    """Each stretch of calls at one exchange rate is a row, also where a rate comes back, per source and currency."""
    start = datetime.fromisoformat("2026-09-01T10:00:00+00:00")
    series = [("0.938", 0), ("0.938", 1), ("0.921", 1.2), ("0.921", 3), ("0.938", 4), ("0.938", 9)]
    calls = [
        settled(exchange_rate=Decimal(rate), submitted_at=start + timedelta(days=days), call_id=str(at))
        for at, (rate, days) in enumerate(series)
    ]
    pound = settled(currency="GBP", exchange_rate=Decimal("0.77"), submitted_at=start, call_id="p")
    found = exchange_rates(cdrs(*reversed(calls), pound).lazy())
    assert found.schema == RATES
    told = [
        (row["currency"], str(row["exchange_rate"].normalize()), (row["first_at"] - start).days, row["calls"])
        for row in found.iter_rows(named=True)
    ]
    assert told == [
        ("EUR", "0.938", 0, 2),
        ("EUR", "0.921", 1, 2),
        ("EUR", "0.938", 4, 2),
        ("GBP", "0.77", 0, 1),
    ]
    assert found["last_at"].to_list()[2] == start + timedelta(days=9)
