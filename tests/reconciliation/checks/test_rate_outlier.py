from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pytest

import callkit as ck
from reconciliation.calls import Call, cdrs, failed, whatsapp
from reconciliation.found import found, marks

RATE = Decimal("0.1333")


def priced(charged: int, cost: str | Decimal, **changed: object) -> Call:
    return whatsapp(charged_duration=charged, cost=Decimal(cost), **changed)


def peers(count: int, rate: Decimal = RATE, **changed: object) -> list[Call]:
    """Calls of several lengths at one rate, to six decimals."""
    lengths = [6 * (1 + at % 9) for at in range(count)]
    return [priced(charged, round(rate * charged / 60, 6), **changed) for charged in lengths]


def outliers(*calls: Call, **arguments: Any) -> list[dict[str, Any]]:
    return found("rate_outlier", *calls, **arguments)


def test_fires_on_another_price():
    """A price a second that nearly all peers contradict is a warning with what they would pay."""
    (finding,) = outliers(*peers(24), priced(36, "0.12"))
    assert marks(finding) == ("warning", "D", None)
    assert (finding["call_id"], finding["source"], finding["currency"]) == ("id-00024", "nx-whatsapp", "EUR")
    assert (finding["reported"], finding["expected"], finding["amount"]) == ("0.12", "0.07998", None)
    assert finding["explanation"] == (
        "36 s cost 0.12 EUR, 0.20 a minute. Of 25 calls to Germany, 24 agree on 0.133294 to 0.133306 a minute: "
        "0.07998 EUR for this one. Which price is agreed for it?"
    )


def test_a_price_below_the_peers():
    """A call that is cheaper than its peers is a question, too, and so is one that is free."""
    told = outliers(*peers(24), priced(36, "0.04"), priced(36, "0"))
    assert [one["reported"] for one in told] == ["0.04", "0.00"]


@pytest.mark.parametrize(
    ("cost", "fires"), [("0.079979", True), ("0.07998", False), ("0.079981", True), ("0.08", True)]
)
def test_to_the_last_digit(cost, fires):
    """Where the peers leave no room, the last digit tells."""
    assert bool(outliers(*peers(24), priced(36, cost))) == fires


@pytest.mark.parametrize(("cost", "fires"), [("0.07", True), ("0.08", False), ("0.09", True)])
def test_half_a_unit_to_either_side(cost, fires):
    """Costs of two decimals leave half a cent to either side, and what that can explain is no finding."""
    calls = [priced(charged, round(RATE * charged / 60, 2)) for charged in (60, 120, 600, 3_600) * 6]
    assert bool(outliers(*calls, priced(36, cost))) == fires


def test_intervals_that_just_touch():
    """An interval that ends where the consensus begins meets it; a single unit farther it does not."""
    # 60 s for 0.10 are 0.095 to 0.105; 120 s meet them from 0.18 (0.175) up to 0.22 (0.215).
    calls = [priced(60, "0.10")] * 20 + [priced(60, "0.11")]
    for cost, fires in (("0.18", True), ("0.19", False), ("0.20", False), ("0.21", False), ("0.22", True)):
        told = [one["reported"] for one in outliers(*calls[:20], priced(120, cost))]
        assert told == ([str(Decimal(cost)).ljust(4, "0")] if fires else [])
    # 0.105 belongs to both.
    assert not outliers(*calls)


@pytest.mark.parametrize(
    ("agreeing", "others", "told"), [(20, 1, 1), (19, 1, 0), (20, 5, 5), (20, 6, 0), (24, 6, 6)]
)
def test_how_many_make_a_consensus(agreeing, others, told):
    """Twenty peers that agree are a consensus if they are four in five of all."""
    prices = [priced(36, Decimal(at + 1)) for at in range(others)]
    assert len(outliers(*peers(agreeing), *prices)) == told


@pytest.mark.parametrize(
    "changed",
    [
        {"direction": "in", "caller": "4915112345678"},
        {"direction": None},
        {"currency": "USD"},
        {"source": "other"},
        {"rate": Decimal("0.2")},
        {"charged_duration": 0},
        {"charged_duration": None},
        {"charged_duration": 2**20 + 1},
        {"cost": None},
        {"call_duration": 0},
        {"call_duration": None},
        {"callee": "48791234567"},
        {"callee": "anonymous"},
    ],
)
def test_only_against_peers(changed):
    """Calls of another country, direction, currency or vendor, with a rate, or without cost or seconds are no peers."""
    calls = [call | {"call_id": f"{at}", "callee": f"49151{at:08}"} for at, call in enumerate(peers(24))]
    other = priced(36, "0.12", call_id="other")
    assert len(outliers(*calls, other, keep=True)) == 1
    assert not outliers(*calls, other | changed, keep=True)
    spoilt = [call | changed for call in calls]
    assert not outliers(*spoilt, other, keep=True)


def test_calls_in_are_from_their_callers_country():
    """Of a call that comes in, the foreign party is the caller."""
    calls = [
        call | {"call_id": f"{at}", "direction": "in", "caller": f"91981{at:07}", "callee": "4915112345678"}
        for at, call in enumerate([*peers(24), priced(36, "0.12")])
    ]
    (finding,) = outliers(*calls, keep=True)
    assert "Of 25 calls from India, 24 agree" in finding["explanation"]
    foreign = [call | {"caller": "48791234567"} for call in calls[-1:]]
    assert not outliers(*calls[:-1], *foreign, keep=True)


def test_two_prices_are_no_consensus():
    """Where a new price began within the records, or a fee makes every length its own price, nothing is asked."""
    assert not outliers(*peers(30), *peers(15, Decimal("0.2")))
    fee = [priced(6 * at, Decimal("0.02") + RATE * 6 * at / 60) for at in range(1, 40)]
    assert not outliers(*fee)


def test_doubles_and_failures_are_other_matters():
    """A double is disputed as a whole, and a failed call has no price a second."""
    calls = [call | {"call_id": f"{at}", "callee": f"49151{at:08}"} for at, call in enumerate(peers(24))]
    double = calls[5] | {"call_id": "double", "cost": Decimal("0.5")}
    assert not outliers(*calls, double, keep=True)
    assert not outliers(*calls, failed(**{**double, "call_duration": 0, "charged_duration": 0}), keep=True)


def naive(calls: list[Call], unit: Fraction) -> set[str]:
    """The outliers of one group, with fractions, trying every end of an interval."""
    ends = {
        call["call_id"]: tuple(
            (Fraction(call["cost"]) + side * unit / 2) / call["charged_duration"] for side in (-1, 1)
        )
        for call in calls
    }
    meeting = {
        at: sum(low <= at <= high for low, high in ends.values()) for pair in ends.values() for at in pair
    }
    most = max(meeting.values())
    if most < 20 or most * 5 < 4 * len(calls):
        return set()
    deepest = [at for at, count in meeting.items() if count == most]
    least, greatest = min(deepest), max(deepest)
    return {call_id for call_id, (low, high) in ends.items() if high < least or low > greatest}


@pytest.mark.parametrize("seed", range(8))
def test_against_fractions(seed):
    """Among random calls the outliers are those that fractions find; in any order, eager or lazy."""
    import random  # noqa: PLC0415 - only here

    random_ = random.Random(seed)
    decimals = random_.choice((2, 4, 6))
    rate = Decimal(random_.randint(1, 9999)) / 10**4
    calls = []
    for at in range(200):
        charged = random_.choice((6, 7, 59, 3_599, random_.randint(1, 7_200), 2**20 - random_.randint(0, 9)))
        noise = random_.choice((0,) * 40 + (1, -1, 1, -1, 9)) * Decimal(10) ** -decimals
        cost = round(rate * charged / 60, decimals) + noise
        calls.append(priced(charged, cost, call_id=f"{at:03}", callee=f"49151{at:08}"))
    calls.append(priced(60, Decimal(1).scaleb(-decimals), call_id="unit", callee="4915199999999"))
    expected = naive(calls, Fraction(1, 10**decimals))
    frame = cdrs(*calls)
    tables = [
        ck.reconcile(given).findings.filter(pl.col("check") == "rate_outlier")
        for given in (frame, frame.sample(fraction=1, shuffle=True, seed=seed), frame.lazy())
    ]
    assert set(tables[0]["call_id"]) == expected
    assert all(table.equals(tables[0]) for table in tables)


def test_amounts_beyond_sense_are_left_out():
    """Costs and seconds that would leave 128 bits are not compared, and spoil nothing."""
    huge = [priced(1, Decimal(10) ** 17), priced(2**20, Decimal(10) ** 12), priced(1, -(Decimal(10) ** 12))]
    told = outliers(*peers(24), *huge, priced(36, "0.12"))
    assert [one["reported"] for one in told] == ["1000000000000.00", "-1000000000000.00", "0.12"]
