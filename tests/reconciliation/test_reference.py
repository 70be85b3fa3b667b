from __future__ import annotations

import os
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pytest

import callkit as ck
import reference_reconciliation as naive
from callkit import cdr
from callkit.reconciliation.ledger import STEPS
from reconciliation.calls import RATINGS, cdrs, random_calls

# 100,000 are a minute or two: CALLKIT_RANDOM_CALLS=100000 pytest tests/reconciliation/test_reference.py
CALLS = int(os.environ.get("CALLKIT_RANDOM_CALLS", "6000"))
SETTINGS: list[tuple[ck.Rating | None, str | None]] = [
    (None, None),
    (None, "0"),
    (None, "0.000001"),
    *[(rating, None) for rating in RATINGS],
    (RATINGS[5], "0.005"),
]


def in_units(value: Any) -> int | None:
    return None if value is None else int(Fraction(value) * 10**10)


@pytest.mark.parametrize(("rating", "tolerance"), SETTINGS)
def test_agrees_with_the_reference(rating, tolerance):
    """Every expected duration and cost, every step, verdict and finding is the reference's, quoted and settled."""
    left, seed = CALLS // len(SETTINGS), 0
    while left > 0:
        size = 30 if seed == 0 else min(left, 900)  # few calls make other facts than many
        compare(random_calls(size, seed, rating or ck.Rating()), rating, tolerance)
        left, seed = left - size, seed + 1


PRICES: list[dict[str, Any]] = [
    {"prefix": prefix, "rate": Decimal(rate), "bill_period": period, "currency": currency, "direction": way}
    for prefix, rate, period, currency, way in (
        ("49151", "0.3", "60+60", "EUR", None),
        ("49151", "0.03", "6+6", "USD", "out"),
        ("491510", "0.1", "6+6", "EUR", None),
        ("4915100", "0.12345", "60+1", "USD", None),
        ("491510000", "0.5", None, "EUR", "out"),
        ("4915100001", "0", "1+1", "EUR", "out"),
        ("4915100002", "0.02", "30+6", "USD", "out"),
        ("8613", "0.7", "10+6", "EUR", "in"),
        ("1", "0", None, "USD", "in"),
        ("1202", "1.1", "20+20", "JPY", None),
    )
]


def price_of(call: naive.Call) -> naive.Price | None:
    """The longest prefix, one after the other; these prices hold at all times."""
    number = call["caller"] if call["direction"] == "in" else call["callee"]
    fitting = [
        row
        for row in PRICES
        if number is not None
        and number.startswith(row["prefix"])
        and row["currency"] == call["currency"]
        and row["direction"] in (None, "in" if call["direction"] == "in" else "out")
    ]
    longest = max(fitting, key=lambda row: len(row["prefix"]), default=None)
    return None if longest is None else (longest["rate"], longest["bill_period"])


def test_agrees_with_the_reference_by_a_rate_deck():
    """The same with a deck, whose rate and bill period are due: by ratings that are given, and by inferred ones."""
    deck = ck.RateDeck.read(pl.DataFrame(PRICES, schema_overrides={"rate": ck.MONEY}))
    for seed, (rating, tolerance) in enumerate(SETTINGS):
        for size in (30, 200):
            compare(random_calls(size, seed, rating or ck.Rating()), rating, tolerance, deck)


def compare(
    given: list[naive.Call], rating: ck.Rating | None, tolerance: str | None, deck: ck.RateDeck | None = None
) -> None:
    calls = naive.distinct(given)
    marked = cdrs(*(call | {"row": at} for at, call in enumerate(calls)))
    result = ck.reconcile(marked, rating=rating, tolerance=tolerance, rate_deck=deck)
    inferred = result.rating.fit.ratings if result.rating.fit else {}

    def rating_of(call: naive.Call) -> ck.Rating:
        return inferred[call["source"], call["currency"], call["bill_period"], call["direction"]]

    off = None if tolerance is None else Decimal(tolerance)
    expected = naive.judge(calls, rating, off, rating_of, price_of if deck else lambda _: None)
    ledger = result.ledger.sort("row").collect()
    assert ledger.height == len(calls)
    for judged, call, row in zip(expected, calls, ledger.iter_rows(named=True), strict=True):
        told = {
            "charged": row["expected_charged_duration"],
            "expected": row["_expected"],
            **{step: row[f"_{step}"] for step in STEPS},
            "unverified": row["_unverified"],
            "verdict": row["verdict"],
            "expected_cost": in_units(row["expected_cost"]),
            "difference": in_units(row["cost_difference"]),
        }
        both = judged.expected is not None and call["cost"] is not None
        assert told == {
            "charged": judged.charged,
            "expected": in_units(judged.expected),
            **{step: in_units(judged.steps[step]) for step in STEPS},
            "unverified": in_units(judged.unverified),
            "verdict": judged.verdict,
            "expected_cost": in_units(judged.expected),
            "difference": in_units(call["cost"]) - in_units(judged.expected) if both else None,
        }, call
    compare_bridges(result, calls, expected)
    compare_findings(result, calls, expected)


def compare_bridges(result: ck.Reconciliation, calls: list[naive.Call], expected: list[naive.Judged]) -> None:
    sums: dict[tuple[Any, ...], Fraction] = {}

    def add(row: int, basis: str, currency: str | None, step: str, amount: Fraction | None) -> None:
        key = (row, basis, currency, step)
        sums[key] = sums.get(key, Fraction(0)) + (amount or 0)

    for at, (call, judged) in enumerate(zip(calls, expected, strict=True)):
        for step, amount in judged.steps.items():
            add(at, "quoted", call["currency"], step, amount)
        add(at, "quoted", call["currency"], "expected", judged.expected)
        add(at, "quoted", call["currency"], "unverified", judged.unverified)
        if judged.settled is not None:
            for step, amount in judged.settled.steps.items():
                add(at, "settled", "USD", step, amount)
            add(at, "settled", "USD", "expected", judged.settled.expected)
            add(at, "settled", "USD", "unverified", judged.settled.unverified)
    by_call = {
        (row["row"], row["basis"], row["currency"], row["step"]): Fraction(row["amount"])
        for row in result.bridge_by("row").iter_rows(named=True)
    }
    assert {key: amount for key, amount in by_call.items() if amount} == {
        key: amount for key, amount in sums.items() if amount
    }
    total: dict[tuple[Any, ...], Fraction] = {}
    for (_, *key), amount in sums.items():
        total[tuple(key)] = total.get(tuple(key), Fraction(0)) + amount
    bridged = {
        (row["basis"], row["currency"], row["step"]): Fraction(row["amount"])
        for row in result.bridge.iter_rows(named=True)
    }
    assert {key: amount for key, amount in bridged.items() if amount} == {
        key: amount for key, amount in total.items() if amount
    }


def compare_findings(
    result: ck.Reconciliation, calls: list[naive.Call], expected: list[naive.Judged]
) -> None:
    checks = ("double_billed", "cost", "charged_duration", "unanswered_charged", "rate", "increments")
    by_id: dict[tuple[Any, ...], int] = {}
    for call, judged in zip(calls, expected, strict=True):
        # A rating that was given leaves a fee that all failures bear alike to one grouped finding.
        for check in judged.found - ({"unanswered_charged"} if result.rating.basis == "given" else set()):
            key = (call["source"], call["call_id"], check)
            by_id[key] = by_id.get(key, 0) + 1
    told = result.findings.filter(
        pl.col("check").is_in(checks),
        pl.col("call_id").is_not_null(),
        pl.col("expected") != "a price in the rate deck",
    )
    if result.rating.basis == "given":
        told = told.filter(pl.col("check") != "unanswered_charged")
    counted = told.group_by("source", "call_id", "check").len()
    assert {row[:3]: row[3] for row in counted.iter_rows()} == by_id


def test_the_random_calls_are_mixed():
    """What the comparison rests on occurs: every verdict, every step, both bases, every unreadable bill period."""
    calls = naive.distinct(random_calls(900, 0, ck.Rating()))
    judged = naive.judge(calls)
    assert {call["verdict"] for call in map(vars, judged)} == {
        "agrees",
        "overcharged",
        "undercharged",
        "unverified",
    }
    used = {step for call in judged for step, amount in call.steps.items() if amount}
    assert used == set(STEPS) - {"increments", "rate"}  # these two need a rate deck
    assert any(call.settled and call.settled.steps["settlement"] for call in judged)
    assert {call["currency"] for call in calls} == {"USD", "EUR", "JPY", None}
    assert set(cdr.SCHEMA) == set(calls[0])
