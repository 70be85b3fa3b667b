"""The price lists, against an auditor who has only their files, the raw records, and fractions."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from callkit.sandbox import Sandbox
from sandbox.papers import charge, instant, month, owed, period, read, rounded

ITNIO, NX = "itnio-voice", "nx-whatsapp"
SEEDS = range(10)
BEGINNING = datetime.min.replace(tzinfo=UTC)
END = datetime.max.replace(tzinfo=UTC)
Row = dict[str, Any]


@cache
def deck(seed: int, source: str) -> list[Row]:
    """The rows of a price list's file, with dates as instants."""
    sandbox = month(seed)
    zone = ZoneInfo(sandbox.settings.deck_zone)

    def midnight(day: str, days: int = 0) -> datetime:
        return (datetime.fromisoformat(day) + timedelta(days=days)).replace(tzinfo=zone)

    with TemporaryDirectory() as folder:
        rows = read(sandbox.write_rate_deck(Path(folder) / "deck.csv", source))
    return [
        {
            **row,
            "from": midnight(row["Effective date"]) if row["Effective date"] else BEGINNING,
            "to": midnight(row["End date"], 1) if row["End date"] else END,
            "rate": Fraction(row["Rate"]),
            "period": period(row["Billing increment"]),
        }
        for row in rows
    ]


def applying(
    rows: list[Row], number: str, currency: str, direction: str, at: datetime | None = None
) -> list[Row]:
    """The rows for a number, the longest prefix first; at an instant or at any time."""
    found = [
        row
        for row in rows
        if number.startswith(row["Prefix"])
        and (row["Currency"], row["Direction"]) == (currency, direction)
        and (at is None or row["from"] <= at < row["to"])
    ]
    return sorted(found, key=lambda row: -len(row["Prefix"]))


class Audit:
    """What each record should have cost by the price list, and where it does not."""

    def __init__(self, seed: int) -> None:
        self.sandbox = month(seed)
        self.seed = seed
        self.found: dict[tuple[str, str], Fraction] = {}
        self.off: dict[str, Fraction] = {}
        for record in self.sandbox.records("itnio"):
            self.itnio(record)
        for record in self.sandbox.records("nx"):
            self.nx(record)

    def itnio(self, record: Row) -> None:
        talk, own, rating = (
            record["callDuration"],
            period(record.get("billPeriod")),
            self.sandbox.rating[ITNIO],
        )
        if not (isinstance(talk, int) and talk and own and record.get("cost")):
            return
        at, currency = instant(record["submitTime"]), record.get("currency", "USD")
        row = applying(deck(self.seed, ITNIO), record["callee"], currency, "out", at)[0]
        rate = Fraction(record["rate"])
        # What a record shows may be rounded; then it is the list's rate.
        digits = len(record["rate"].partition(".")[2])
        if abs(rate - row["rate"]) < Fraction(1, 2 * 10**digits):
            rate = row["rate"]
        by_own = charge(rate, owed(talk, own), own, rating)
        by_increments = charge(rate, owed(talk, row["period"]), row["period"], rating)
        right = charge(row["rate"], owed(talk, row["period"]), row["period"], rating)
        self.note(record["voiceId"], by_own, by_increments, right)
        self.off[record["voiceId"]] = Fraction(record["cost"]) - right

    def nx(self, record: Row) -> None:
        talk, own, rating = record["call_duration"], period(record.get("bill_type")), self.sandbox.rating[NX]
        currencies = {line["currency"] for line in record["costs"]}
        if not (isinstance(talk, int) and talk and own and len(currencies) == 1):
            return
        cost = sum((Fraction(line["price"]) for line in record["costs"]), Fraction(0))
        out = record["costs"][0]["direction"] == 1
        at = datetime.fromtimestamp(int(record["start_time"]), UTC)
        number, direction = (record["to"], "out") if out else (record["from"], "in")
        row = applying(deck(self.seed, NX), number, currencies.pop(), direction, at)[0]

        def in_proportion(seconds: int) -> Fraction:
            return rounded(cost * seconds / record["fee_duration"], rating["decimals"])

        right = charge(row["rate"], owed(talk, row["period"]), row["period"], rating)
        by_own, by_increments = in_proportion(owed(talk, own)), in_proportion(owed(talk, row["period"]))
        self.note(record["call_id"], by_own, by_increments, right)
        self.off[record["call_id"]] = cost - right

    def note(self, call_id: str, by_own: Fraction, by_increments: Fraction, right: Fraction) -> None:
        for check, amount in (("increments", by_own - by_increments), ("rate", by_increments - right)):
            if amount:
                self.found[call_id, check] = amount


audit = cache(Audit)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_auditor_finds_exactly_the_truth(seed: int) -> None:
    """By the rows in force, exactly the truth's calls have another rate or bill period, by its amounts."""
    contract = month(seed).truth.filter(pl.col("check").is_in(["rate", "increments"]))
    truth = {(call_id, check): Fraction(amount) for call_id, _, check, amount in contract.iter_rows()}
    assert audit(seed).found == truth
    assert {check for _, check in truth} == {"rate", "increments"}


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_billed_correctly_is_billed_by_the_price_list(seed: int) -> None:
    """A call without a fault costs what the list says, to the last digit, also where its record shortens the rate."""
    faulty = set(month(seed).truth["call_id"])
    off = {call_id: amount for call_id, amount in audit(seed).off.items() if amount and call_id not in faulty}
    assert len(audit(seed).off) > 1_000
    assert off == {}


@pytest.mark.parametrize("seed", SEEDS)
def test_some_wrong_rates_stand_elsewhere_in_the_list(seed: int) -> None:
    """Most of the wrong rates are those of an earlier version, or of another prefix of the number, in the same list."""
    wrong = set(month(seed).truth.filter(check="rate", source=ITNIO)["call_id"])
    explained = [
        any(row["rate"] == Fraction(record["rate"]) for row in rows)
        for record in month(seed).records("itnio")
        if record["voiceId"] in wrong
        for rows in [applying(deck(seed, ITNIO), record["callee"], record.get("currency", "USD"), "out")]
    ]
    assert 0.4 * len(explained) <= sum(explained)


def test_the_longest_prefix_matters() -> None:
    """For most calls a shorter prefix has another price."""
    rows = deck(7, ITNIO)
    others = 0
    for record in month(7).records("itnio"):
        at, currency = instant(record["submitTime"]), record.get("currency", "USD")
        first, *shorter = applying(rows, record["callee"], currency, "out", at)
        others += any(row["rate"] != first["rate"] for row in shorter)
    assert others > 0.5 * len(month(7).records("itnio"))


@pytest.mark.parametrize("source", [ITNIO, NX])
def test_versions_adjoin(source: str) -> None:
    """The versions of a price do not overlap; some are over, some are announced, and some begin in the month."""
    versions = defaultdict(list)
    for row in deck(7, source):
        versions[row["Prefix"], row["Currency"], row["Direction"]].append(row)
    for rows in versions.values():
        assert all(one["to"] == other["from"] for one, other in pairwise(rows))
    start, end = month(7).period
    everything = [row for rows in versions.values() for row in rows]
    assert any(row["to"] < start - timedelta(hours=48) for row in everything)
    assert any(row["from"] > end + timedelta(hours=48) for row in everything)
    assert any(start < row["from"] < end for row in everything)
    assert {row["Currency"] for row in everything} == {"EUR", "USD"}


def test_both_directions_have_prices() -> None:
    """ITNIO's list is for calls out, NXCloud's for both directions."""
    assert {row["Direction"] for row in deck(7, ITNIO)} == {"out"}
    assert {row["Direction"] for row in deck(7, NX)} == {"out", "in"}


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_equal_arguments_equal_files(tmp_path: Path, ending: str) -> None:
    """A price list has the same bytes every time, wherever the clock stands, and others with another seed."""
    sandbox = Sandbox(calls=200)
    one = sandbox.write_rate_deck(tmp_path / f"one.{ending}").read_bytes()
    sandbox.advance(timedelta(days=60))
    assert sandbox.write_rate_deck(str(tmp_path / f"one.{ending}")).read_bytes() == one
    assert Sandbox(calls=200, seed=8).write_rate_deck(tmp_path / f"two.{ending}").read_bytes() != one


def test_bad_arguments(tmp_path: Path) -> None:
    """A source that is none, an ending that is none, and a zone that is none, are errors."""
    with pytest.raises(ValueError, match="source must be"):
        month(7).write_rate_deck(tmp_path / "deck.csv", "nobody")
    with pytest.raises(ValueError, match=r"deck\.txt must end in \.csv or \.xlsx"):
        month(7).write_rate_deck(tmp_path / "deck.txt")
    with pytest.raises(ValueError, match="deck_zone must be the name of a time zone"):
        Sandbox(calls=0, deck_zone="Asia/Nowhere")
