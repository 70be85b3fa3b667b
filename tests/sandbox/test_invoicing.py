"""The invoice, against an auditor who has only its file, the raw records, and fractions."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from callkit.sandbox import Sandbox
from sandbox.papers import Rows, instant, month, read, rounded

SEEDS = range(10)
CLOCKS = {"submitted": "submitTime", "answered": "answerTime", "ended": "hangupTime"}
Sums = dict[tuple[str, str], tuple[int, int, Fraction]]


def invoice(sandbox: Sandbox, folder: Path) -> Rows:
    return read(sandbox.write_invoice(folder / "invoice.csv"))


def billed(lines: Rows) -> Sums:
    """Calls, seconds and money of the usage lines by destination and currency."""
    sums: Sums = defaultdict(lambda: (0, 0, Fraction(0)))
    for line in lines:
        if line["Type"] == "usage":
            key = line["Destination"], line["Currency"]
            calls, seconds, amount = sums[key]
            sums[key] = (
                calls + int(line["Calls"]),
                seconds + int(line["Billed seconds"]),
                amount + Fraction(line["Amount"]),
            )
    return dict(sums)


def recorded(sandbox: Sandbox, zone: str, clock: str) -> Sums:
    """The same of the records of the calendar month in a zone by a clock."""
    sums: Sums = defaultdict(lambda: (0, 0, Fraction(0)))
    for record in sandbox.records("itnio"):
        cost, charged = Fraction(record.get("cost") or 0), record["chargedDuration"]
        # A charged call that nobody answered has no answer: when it was submitted stands in.
        at = instant(record[CLOCKS[clock]]) or instant(record["submitTime"])
        assert at is not None
        local = at.astimezone(ZoneInfo(zone))
        if (local.year, local.month) == (2026, 9) and (cost or charged):
            key = record["code"], record.get("currency", "USD")
            calls, seconds, amount = sums[key]
            sums[key] = calls + 1, seconds + charged, amount + cost
    return dict(sums)


def untied(lines: Sums, records: Sums) -> dict[tuple[str, str], tuple[int, int, Fraction]]:
    """Invoice minus records, where it is more than rounding to cents."""
    nothing = (0, 0, Fraction(0))
    differences = {}
    for key in lines.keys() | records.keys():
        ours, theirs = records.get(key, nothing), lines.get(key, nothing)
        if theirs != (*ours[:2], rounded(ours[2], 2)):
            differences[key] = (theirs[0] - ours[0], theirs[1] - ours[1], theirs[2] - ours[2])
    return differences


@pytest.mark.parametrize("seed", SEEDS)
def test_the_invoice_ties_out_but_for_its_faults(seed: int, tmp_path: Path) -> None:
    """By the stated cut-off every line is the sum of its records, rounded, but for exactly the faults of the truth."""
    sandbox = month(seed)
    records = recorded(sandbox, sandbox.cutoff.zone, sandbox.cutoff.clock)
    faults = {
        (fault["destination"], fault["currency"]): (
            fault["calls"],
            fault["charged_seconds"],
            Fraction(fault["amount"]),
        )
        for fault in sandbox.invoice_faults.iter_rows(named=True)
    }
    assert untied(billed(invoice(sandbox, tmp_path)), records) == faults
    assert len(faults) == sandbox.invoice_faults.height >= 4
    truth = sandbox.truth.filter(check="invoice")
    assert truth.select("call_id", "source").unique().rows() == [(None, "itnio-voice")]
    assert sorted(map(Fraction, truth["amount"])) == sorted(amount for _, _, amount in faults.values())


@pytest.mark.parametrize("seed", SEEDS)
def test_another_cutoff_ties_worse(seed: int, tmp_path: Path) -> None:
    """In UTC, or by another clock, more lines differ; a zone with the same offset ties as well."""
    sandbox = month(seed)
    lines = billed(invoice(sandbox, tmp_path))
    zone, clock = sandbox.cutoff.zone, sandbox.cutoff.clock
    best = len(untied(lines, recorded(sandbox, zone, clock)))
    for other_zone in ("UTC", zone, "Europe/Berlin"):
        for other_clock in CLOCKS:
            if (other_zone, other_clock) != (zone, clock):
                assert len(untied(lines, recorded(sandbox, other_zone, other_clock))) > best + 3
    assert len(untied(lines, recorded(sandbox, "Asia/Singapore", clock))) == best


def test_the_cutoff_is_not_utc_and_varies() -> None:
    """The month is cut at midnight in Shanghai; the clock is the seed's, or the one that is asked for."""
    assert {month(seed).cutoff.clock for seed in SEEDS} == set(CLOCKS)
    cutoff = Sandbox(calls=0, invoice_zone="Asia/Kolkata", invoice_clock="ended").cutoff
    assert cutoff.zone, cutoff.clock == ("Asia/Kolkata", "ended")
    assert cutoff.start == datetime(2026, 8, 31, 18, 30, tzinfo=UTC)
    assert cutoff.end == datetime(2026, 9, 30, 18, 30, tzinfo=UTC)
    for wrong in ({"invoice_zone": "Mars/Olympus"}, {"invoice_clock": "noon"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Sandbox(calls=0, **wrong)


def test_there_are_calls_around_the_month() -> None:
    """Every zone's month lies within the records, by any clock: they reach 36 hours beyond the month in UTC."""
    start, end = month(7).period
    for name in CLOCKS.values():
        moments = [at for record in month(7).records("itnio") if (at := instant(record[name]))]
        assert min(moments) < start - timedelta(hours=36)
        assert max(moments) > end + timedelta(hours=36)


@pytest.mark.parametrize("seed", SEEDS)
def test_fees_and_taxes_are_lines_of_their_own(seed: int, tmp_path: Path) -> None:
    """One fee, and of each currency 6 % of its lines as tax, rounded half up."""
    lines = invoice(month(seed), tmp_path)
    assert [line["Amount"] for line in lines if line["Type"] == "fee"] == ["49.00"]
    taxes = [line for line in lines if line["Type"] == "tax"]
    assert [line["Currency"] for line in taxes] == ["EUR", "USD"]
    for tax in taxes:
        base = sum(
            Fraction(line["Amount"])
            for line in lines
            if line["Type"] != "tax" and line["Currency"] == tax["Currency"]
        )
        assert Fraction(tax["Amount"]) == rounded(base * Fraction(6, 100), 2)


def test_every_kind_of_fault_is_there() -> None:
    """Lines are dearer, longer, there twice, without calls, or without some or all of theirs."""
    expected = {"dearer", "longer", "line_twice", "only_on_invoice", "calls_missing", "not_on_invoice"}
    assert set(Sandbox().invoice_faults["kind"]) == expected
    assert {kind for seed in SEEDS for kind in month(seed).invoice_faults["kind"]} == expected


def test_without_faults(tmp_path: Path) -> None:
    """With `billing_faults=0` the invoice ties out as a whole, and of no calls there are no lines."""
    sandbox = Sandbox(calls=500, billing_faults=0)
    records = recorded(sandbox, sandbox.cutoff.zone, sandbox.cutoff.clock)
    assert untied(billed(invoice(sandbox, tmp_path)), records) == {}
    assert sandbox.invoice_faults.is_empty()
    assert invoice(Sandbox(calls=0), tmp_path) == []


def test_the_fee_is_taxed_in_its_own_currency(tmp_path: Path) -> None:
    """Where all calls are in euros, the fee in dollars still has its tax."""
    lines = invoice(Sandbox(calls=200, eur_share=1.0), tmp_path)
    assert {line["Currency"] for line in lines if line["Type"] == "usage"} == {"EUR"}
    assert [line["Amount"] for line in lines if line["Type"] == "tax"][1] == "2.94"


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_equal_arguments_equal_files(tmp_path: Path, ending: str) -> None:
    """An invoice that was issued stays as it is, wherever the clock stands."""
    sandbox = Sandbox(calls=500)
    one = sandbox.write_invoice(tmp_path / f"one.{ending}").read_bytes()
    sandbox.advance(timedelta(days=60))
    assert sandbox.write_invoice(tmp_path / f"one.{ending}").read_bytes() == one
    assert Sandbox(calls=500, seed=8).write_invoice(tmp_path / f"two.{ending}").read_bytes() != one
