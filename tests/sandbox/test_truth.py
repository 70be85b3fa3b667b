"""The truth, against an auditor who knows only the documents: raw records, fractions, one record at a time."""

from __future__ import annotations

import math
import re
import statistics
from collections import Counter, defaultdict
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pytest

from callkit.sandbox import Sandbox

Found = dict[tuple[str, str], Fraction | None]
SOURCES = {"itnio": "itnio-voice", "nx": "nx-whatsapp"}
MONEY_CHECKS = {
    "charged_duration",
    "cost",
    "rate",
    "increments",
    "unanswered_charged",
    "double_billed",
    "settlement",
    "invoice",
}


def owed(talk: int, period: tuple[int, int]) -> int:
    first, step = period
    return 0 if talk <= 0 else first if talk <= first else first + -(-(talk - first) // step) * step


def rounded(value: Fraction, decimals: int, rounding: str) -> Fraction:
    scaled = value * 10**decimals
    low = math.floor(scaled)
    rest = scaled - low
    up = {
        "down": False,
        "up": rest > 0,
        "half_up": rest >= Fraction(1, 2),
        "half_even": rest > Fraction(1, 2) or (rest == Fraction(1, 2) and low % 2 == 1),
    }[rounding]
    return Fraction(low + up, 10**decimals)


def charge(rate: Fraction, seconds: int, period: tuple[int, int], rating: dict[str, Any]) -> Fraction:
    if seconds == 0:
        return Fraction(0)
    unit = period[1] if rating["per_seconds"] == "block" else rating["per_seconds"]
    exact = Fraction(rating["connect_fee"]) + rate * seconds / unit
    return rounded(exact, rating["decimals"], rating["rounding"])


def parsed(pattern: str, text: Any) -> bool:
    return isinstance(text, str) and re.fullmatch(pattern, text) is not None


def instant(text: Any) -> int | None:
    """Read ITNIO's time; None where there is none, ValueError where it cannot be read."""
    return int(datetime.fromisoformat(text).timestamp()) if text else None


class Auditor:
    """Looks at the raw records of one vendor and notes which checks fail, and by how much."""

    def __init__(self, sandbox: Sandbox, vendor: str) -> None:
        self.source = SOURCES[vendor]
        self.rating = sandbox.rating[self.source]
        self.half = Fraction(1, 2 * 10 ** self.rating["decimals"])
        self.routes = sandbox.month.routes[self.source]
        self.records = sandbox.records(vendor)
        self.found: Found = {}
        self.shortened: list[tuple[Fraction, int]] = []
        self.talks: list[tuple[tuple[str, ...], int, int, str, int, Fraction]] = []

    def note(self, call_id: str, check: str, amount: Fraction | None = None) -> None:
        self.found[call_id, check] = amount

    def note_doubles(self) -> None:
        kept: dict[tuple[str, ...], list[tuple[int, int, str]]] = defaultdict(list)
        for key, answered, _, call_id, talk, cost in sorted(self.talks):
            if any(
                abs(answered - a) <= 2 and abs(talk - t) <= 2 and call_id != other
                for a, t, other in kept[key]
            ):
                self.note(call_id, "double_billed", cost)
            else:
                kept[key].append((answered, talk, call_id))


def period_of(text: Any) -> tuple[int, int] | None:
    if not parsed(r"[0-9]+\+[0-9]+", text):
        return None
    first, step = map(int, text.split("+"))
    return (first, step) if first and step else None


def audit_itnio(sandbox: Sandbox) -> Auditor:
    auditor = Auditor(sandbox, "itnio")
    twice = Counter(record["voiceId"] for record in auditor.records)
    for record in auditor.records:
        audit_itnio_record(auditor, record)
        if twice[record["voiceId"]] > 1:
            auditor.note(record["voiceId"], "conflicting_record")
    auditor.note_doubles()
    return auditor


def audit_itnio_record(auditor: Auditor, record: dict[str, Any]) -> None:
    call_id = record["voiceId"]
    note = auditor.note
    times: dict[str, int | None] = {}
    for name in ("submitTime", "callTime", "ringingTime", "answerTime", "hangupTime"):
        try:
            times[name] = instant(record[name])
        except ValueError:
            note(call_id, "unreadable")
            times[name] = None
    order = [moment for moment in times.values() if moment is not None]
    if order != sorted(order):
        note(call_id, "timeline")
    if not parsed(r"\d+(\.\d+)?", record["baseCost"]):
        note(call_id, "unreadable")
    talk, charged = record["callDuration"], record["chargedDuration"]
    if not isinstance(talk, int):
        note(call_id, "unreadable")
        return
    answered, ended = times["answerTime"], times["hangupTime"]
    if talk and answered is None:
        note(call_id, "no_answer_time")
    if answered is not None and ended is not None and abs(ended - answered - talk) > 1:
        note(call_id, "talk_time")
    route = next(route for route in auditor.routes if record["callee"].startswith(route.prefix))
    if not record["code"].startswith(f"{route.country}("):
        note(call_id, "destination")
    if not record.get("cost"):
        assert charged > 0
        note(call_id, "unpriced")
        return
    cost, rate = Fraction(record["cost"]), Fraction(record["rate"])
    currency = record.get("currency", "USD")
    assert ("settlePay" in record) == ("quoteExchange" in record) == (currency == "EUR")
    if currency == "EUR":
        audit_settlement(auditor, record, cost, rate)
    if answered is not None and talk:
        key = (record["displayNum"], record["callee"])
        submitted = times["submitTime"] or 0
        auditor.talks.append((key, answered, submitted, call_id, talk, cost))
    period = period_of(record.get("billPeriod"))
    if period is None:
        note(call_id, "bill_period")
        return
    if talk == 0:
        if cost:
            note(call_id, "unanswered_charged", cost)
        return
    expected = owed(talk, period)
    by_own = charge(rate, charged, period, auditor.rating)
    if route.shortened:
        assert charged == expected
        auditor.shortened.append((abs(cost - by_own), charged))
        return
    if abs(cost - by_own) > auditor.half:
        note(call_id, "cost", cost - by_own)
    by_duration = charge(rate, expected, period, auditor.rating)
    if charged != expected:
        note(call_id, "charged_duration", by_own - by_duration)
    deck_rate = Fraction(route.rates[currency].shown, 10**10)
    deck_period = (route.first, route.step)
    by_increments = charge(rate, owed(talk, deck_period), deck_period, auditor.rating)
    if period != deck_period:
        note(call_id, "increments", by_duration - by_increments)
    if rate != deck_rate:
        right = charge(deck_rate, owed(talk, deck_period), deck_period, auditor.rating)
        note(call_id, "rate", by_increments - right)


def audit_settlement(auditor: Auditor, record: dict[str, Any], cost: Fraction, rate: Fraction) -> None:
    exchange = Fraction(record["quoteExchange"])
    settle_rate, settle_cost = Fraction(record["settleRate"]), Fraction(record["settlePay"])
    digits = 8 if auditor.rating["per_seconds"] in (1, "block") else 6
    rate_half = Fraction(1, 2 * 10**digits)
    period = period_of(record.get("billPeriod")) or (1, 60)
    unit = period[1] if auditor.rating["per_seconds"] == "block" else auditor.rating["per_seconds"]
    by_rate = settle_rate * record["chargedDuration"] / unit
    fits_cost = abs(settle_cost - cost / exchange) <= auditor.half + auditor.half / exchange
    fits_rate = abs(settle_cost - by_rate) <= auditor.half + rate_half * record["chargedDuration"] / unit
    if abs(settle_rate - rate / exchange) > rate_half or not (fits_cost or fits_rate):
        exact = settle_cost - cost / exchange
        amount = rounded(abs(exact), 10, "half_even")
        auditor.note(record["voiceId"], "settlement", amount if exact > 0 else -amount)


def audit_nx(sandbox: Sandbox) -> Auditor:
    auditor = Auditor(sandbox, "nx")
    prices: dict[tuple[str, int, str], list[tuple[str, Fraction, int]]] = defaultdict(list)
    for record in auditor.records:
        audit_nx_record(auditor, record, prices)
    for peers in prices.values():
        consensus = statistics.median(cost / seconds for _, cost, seconds in peers)
        for call_id, cost, seconds in peers:
            half = Fraction(1, 2 * 10**6)
            if len(peers) > 20 and not (cost - half) / seconds <= consensus <= (cost + half) / seconds:
                auditor.note(call_id, "rate_outlier")
    held = {record["call_id"] for record in auditor.records}
    for call_id in sandbox.call_ids:
        if call_id not in held:
            auditor.note(call_id, "missing_record")
    auditor.note_doubles()
    return auditor


def audit_nx_record(
    auditor: Auditor,
    record: dict[str, Any],
    prices: dict[tuple[str, int, str], list[tuple[str, Fraction, int]]],
) -> None:
    call_id, talk, charged = record["call_id"], record["call_duration"], record["fee_duration"]
    note = auditor.note
    if not parsed(r"\d{10}", record["end_time"]) or not isinstance(talk, int):
        note(call_id, "unreadable")
        return
    answered = int(record["start_time"]) if record["start_time"] else None
    if answered is not None and abs(int(record["end_time"]) - answered - talk) > 1:
        note(call_id, "talk_time")
    period = period_of(record.get("bill_type"))
    if period is None:
        note(call_id, "bill_period")
    currencies = {line["currency"] for line in record["costs"]}
    if len(currencies) > 1:
        note(call_id, "mixed_currency")
        return
    if not record["costs"]:
        assert charged > 0
        note(call_id, "unpriced")
        return
    cost = sum((Fraction(line["price"]) for line in record["costs"]), Fraction(0))
    if talk == 0:
        assert cost == Fraction(1, 1000)  # the same for every attempt: a decoy
        return
    direction = record["costs"][0]["direction"]
    customer = record["to"] if direction else record["from"]
    route = next(route for route in auditor.routes if customer.startswith(route.prefix))
    prices[route.country, direction, currencies.pop()].append((call_id, cost, charged))
    assert answered is not None
    auditor.talks.append(((record["from"], record["to"], str(direction)), answered, 0, call_id, talk, cost))
    if period is None:
        return
    expected = owed(talk, period)
    by_duration = rounded(cost * expected / charged, auditor.rating["decimals"], "half_up")
    if charged != expected:
        note(call_id, "charged_duration", cost - by_duration)
    if period != (6, 6):
        right = rounded(cost * owed(talk, (6, 6)) / charged, auditor.rating["decimals"], "half_up")
        note(call_id, "increments", by_duration - right)


def truth_of(sandbox: Sandbox) -> Found:
    """What shows in the records, and in the rates that they state: test_deck and test_invoicing look at the papers."""
    elsewhere = pl.col("check").is_in(["restated", "missing_stretch", "invoice"])
    unstated = (pl.col("check") == "rate") & (pl.col("source") == "nx-whatsapp")
    shown = sandbox.truth.filter(~elsewhere & ~unstated)
    return {
        (call_id, check): None if amount is None else Fraction(amount)
        for call_id, _, check, amount in shown.iter_rows()
    }


@pytest.mark.parametrize("seed", [7, 1, 2, 4, 5, 10])
def test_the_auditor_finds_exactly_the_truth(seed: int) -> None:
    """Every injected fault shows in the records with its exact amount, and nothing else is wrong."""
    sandbox = Sandbox(seed=seed)
    assert audit_itnio(sandbox).found | audit_nx(sandbox).found == truth_of(sandbox)


def test_money_faults_are_visible(sandbox: Sandbox) -> None:
    """The amount of a money fault is never within the tolerance of half a unit, and other faults have none."""
    for check, amount in sandbox.truth.select("check", "amount").iter_rows():
        if check in MONEY_CHECKS:
            assert abs(amount) > Decimal("0.0000005")
        else:
            assert amount is None


def test_shortened_rates_differ_a_little(sandbox: Sandbox) -> None:
    """Rates shown with fewer digits miss some costs, by at most half a unit of the rate and half one of the cost."""
    seen = audit_itnio(sandbox).shortened
    half = Fraction(1, 2_000_000)
    assert sum(difference > half for difference, _ in seen) >= 5
    assert all(difference <= half + half * seconds / 60 for difference, seconds in seen)


@pytest.mark.parametrize("seed", range(7, 13))
def test_net_overcharge(seed: int) -> None:
    """Net of the undercharges, 1 to 2.5 % of what was billed was billed too much."""
    sandbox = Sandbox(seed=seed)
    billed = Fraction(0)
    for record in sandbox.records("itnio"):
        billed += Fraction(record.get("cost") or 0)
    for record in sandbox.records("nx"):
        billed += sum(Fraction(line["price"]) for line in record["costs"])
    amounts = sandbox.truth.filter(~pl.col("check").is_in(["settlement", "invoice"]))["amount"].drop_nulls()
    assert Fraction(1, 100) <= Fraction(amounts.sum()) / billed <= Fraction(25, 1000)
