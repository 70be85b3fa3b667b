"""Every measure is what its definition says, over any group of calls, against plain Python."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callkit import cdr
from callkit.cdr import MONEY
from callkit.measures import COUNTED, MEASURES, PAID, SHORT, instant, parts, sums

MONEYS = st.none() | st.integers(-(10**12), 10**15).map(lambda units: Decimal(units).scaleb(-10))
SECONDS = st.none() | st.integers(0, 20) | st.integers(0, 10_000)
INSTANTS = st.none() | st.integers(1_790_000_000_000_000, 1_790_000_060_000_000)
CALLS = st.lists(
    st.fixed_dictionaries(
        {
            "destination": st.sampled_from(["a", "b", None]),
            "currency": st.sampled_from(["EUR", "USD", None]),
            "call_duration": SECONDS,
            "charged_duration": SECONDS,
            "cost": MONEYS,
            "cost_difference": MONEYS,
            "submitted_at": INSTANTS,
            "called_at": INSTANTS,
            "ringing_at": INSTANTS,
        }
    ),
    max_size=25,
)


def framed(rows: list[dict[str, Any]]) -> pl.DataFrame:
    money = {name: [row[name] for row in rows] for name in ("cost", "cost_difference")}
    known = {name: dtype for name, dtype in cdr.SCHEMA.items() if name in rows[0] and name not in money}
    plain = pl.DataFrame(
        [{name: value for name, value in row.items() if name not in money} for row in rows],
        schema={
            name: pl.Int64 if name.endswith("_at") else dtype
            for name, dtype in known.items()
            if name not in money
        },
    )
    return plain.with_columns(
        *(pl.col(name).cast(cdr.INSTANT) for name in plain.columns if name.endswith("_at")),
        *(pl.Series(name, values, dtype=MONEY) for name, values in money.items()),
    )


def mean(values: list[float], scale: float = 1.0) -> float | None:
    return scale * sum(values) / len(values) if values else None


def naive(calls: list[dict[str, Any]], currency: str | None) -> dict[str, Any]:
    """The definitions of the measures, call by call."""
    answered = [call for call in calls if (call["call_duration"] or 0) > 0]
    known = [call for call in calls if call["call_duration"] is not None]
    paid = [call for call in calls if call["currency"] == currency and call["cost"] is not None]
    talk = sum(call["call_duration"] or 0 for call in paid)
    cost = sum((call["cost"] for call in paid), Decimal(0))
    waits = []
    for call in calls:
        begun = call["called_at"] if call["called_at"] is not None else call["submitted_at"]
        if begun is not None and call["ringing_at"] is not None and call["ringing_at"] >= begun:
            waits.append((call["ringing_at"] - begun) / 1_000_000)
    differences = [call["cost_difference"] or Decimal(0) for call in calls if call["currency"] == currency]
    return {
        "calls": len(calls),
        "minutes": sum(call["call_duration"] for call in answered) / 60,
        "charged_minutes": sum(call["charged_duration"] or 0 for call in calls) / 60,
        "cost": cost,
        "asr": mean([100.0 * (call["call_duration"] > 0) for call in known]),
        "acd": mean([call["call_duration"] for call in answered]),
        "pdd": mean(waits),
        "effective_rate": round(cost * 60 / talk, 10) if talk else None,
        "short_calls": mean([100.0 * (call["call_duration"] <= SHORT) for call in answered]),
        "overcharge": sum((amount for amount in differences if amount > 0), Decimal(0)),
        "undercharge": -sum((amount for amount in differences if amount < 0), Decimal(0)),
    }


@given(CALLS.filter(bool), st.sampled_from(["EUR", "USD", None]))
def test_a_measure_is_what_its_definition_says(rows: list[dict[str, Any]], currency: str | None) -> None:
    """Each measure of each group is the naive one: money exactly, the others within rounding."""
    frame = framed(rows)
    found = (
        frame.with_columns(parts(frame.columns))
        .group_by("destination")
        .agg(sums(currency))
        .select(
            "destination",
            *(pl.struct(measure.value()).alias(f"_{name}") for name, measure in MEASURES.items()),
        )
    )
    groups = defaultdict(list)
    for row in rows:
        groups[row["destination"]].append(row)
    assert set(found["destination"]) == set(groups)
    for row in found.iter_rows(named=True):
        expected = naive(groups[row["destination"]], currency)
        for name, due in expected.items():
            value = row[f"_{name}"][name]
            if isinstance(due, float):
                assert value == pytest.approx(due, rel=1e-12)
            else:
                assert value == due
                assert not isinstance(value, float)


@given(CALLS.filter(bool))
def test_sums_of_sums_are_sums(rows: list[dict[str, Any]]) -> None:
    """Adding up groups gives what all calls together give, so that any roll-up of a cube is right."""
    frame = framed(rows)
    calls = frame.select("destination", "currency", *parts(frame.columns))
    cube = calls.group_by("destination", "currency").agg(pl.col(name).sum() for name in (*COUNTED, *PAID))
    assert cube.select(sums("EUR")).equals(calls.select(sums("EUR")))


def test_a_plain_frame_has_no_differences() -> None:
    """Without a reconciliation nothing is over or under, and nothing fails."""
    totals = cdr.empty().lazy().with_columns(parts(list(cdr.SCHEMA))).collect()
    assert totals.select(sums("EUR")).row(0) == (0,) * (len(COUNTED) + len(PAID))


def test_an_instant_is_the_first_that_is_known() -> None:
    """Submitted comes before answered, and answered before ended."""
    instants = pl.DataFrame(
        {"submitted_at": [1, None, None], "answered_at": [2, 2, None], "ended_at": [3, 3, 3]}
    ).cast(cdr.INSTANT)
    assert instants.select(instant()).to_series().dt.epoch("us").to_list() == [1, 2, 3]


def test_every_measure_is_defined_in_words() -> None:
    """A measure has a title and a definition that differ, and one that adds up is divided by nothing."""
    for measure in MEASURES.values():
        assert measure.title
        assert len(measure.definition) > 15
        assert measure.adds_up == (measure.below == "")
