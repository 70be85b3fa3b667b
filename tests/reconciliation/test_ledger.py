from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import callkit as ck
from callkit import cdr
from callkit.reconciliation.ledger import COMPUTED
from reconciliation.calls import cdrs, failed, itnio, missing, numbered, random_calls, settled, whatsapp

DATA = Path(__file__).parents[1] / "data"


def judged(*calls: dict[str, Any], **arguments: Any) -> dict[str, Any]:
    return ck.reconcile(numbered(*calls), **arguments).cdrs.row(0, named=True)


@pytest.mark.parametrize(
    ("call", "verdict"),
    [
        (itnio(), "agrees"),
        (whatsapp(), "agrees"),
        (failed(), "agrees"),
        (failed(cost=None), "agrees"),
        (itnio(cost=Decimal("0.0799800001")), "overcharged"),
        (itnio(cost=Decimal("0.0799799999")), "undercharged"),
        (itnio(charged_duration=42, cost=Decimal("0.09331")), "overcharged"),
        (itnio(charged_duration=30, cost=Decimal("0.06665")), "undercharged"),
        (itnio(charged_duration=42), "agrees"),  # two wrongs that make a right: nothing is owed
        (itnio(bill_period="6"), "unverified"),
        (itnio(cost=None), "unverified"),
        (missing(), "unverified"),
    ],
)
def test_verdicts(call, verdict):
    """A call agrees when nothing is owed, is over- or undercharged by any amount, or could not be verified."""
    assert judged(call, tolerance=0)["verdict"] == verdict


def test_rounding_is_agreement():
    """A difference within tolerance is kept as a difference, and agrees."""
    row = judged(itnio(cost=Decimal("0.08")), tolerance="0.00002")
    assert (row["verdict"], row["cost_difference"]) == ("agrees", Decimal("0.00002"))


def test_the_columns_that_are_added():
    """Behind the record's columns come the expected seconds, rate, cost, the difference and the verdict."""
    frame = ck.reconcile(numbered(itnio(cost=Decimal("0.1"), charged_duration=42))).cdrs
    assert frame.schema == pl.Schema(
        {
            **cdr.SCHEMA,
            "expected_charged_duration": pl.Int64,
            "expected_rate": ck.MONEY,
            "expected_cost": ck.MONEY,
            "cost_difference": ck.MONEY,
            "verdict": pl.String,
        }
    )
    assert frame.select(COMPUTED).row(0)[:4] == (
        36,
        Decimal("0.1333"),
        Decimal("0.07998"),
        Decimal("0.02002"),
    )


def test_who_does_not_answer_owes_no_seconds():
    """A call that nobody answered is due 0 s whatever its bill period; the expression alone reads that and is null."""
    calls = numbered(failed(bill_period="6"), failed(bill_period=None), itnio(bill_period="6"))
    assert ck.reconcile(calls).cdrs["expected_charged_duration"].to_list() == [0, 0, None]
    assert calls.select(ck.charged_duration()).to_series().to_list() == [None, None, None]


def test_no_row_is_lost_or_multiplied():
    """Every distinct record is one row of the answer, in the CDR frame's order, with its own values unchanged."""
    frame = cdrs(*random_calls(500, 11, ck.Rating()))
    answer = ck.reconcile(frame).cdrs
    assert answer.height == frame.unique().height
    assert answer.select(cdr.SCHEMA.names()).sort(pl.all()).equals(frame.unique().sort(pl.all()))
    keys = [pl.coalesce("submitted_at", "answered_at"), pl.col("source"), pl.col("call_id")]
    assert answer.select(key.alias(str(at)) for at, key in enumerate(keys)).equals(
        answer.sort(*keys, nulls_last=True).select(key.alias(str(at)) for at, key in enumerate(keys))
    )


def test_without_a_rate_the_cost_stands_for_it():
    """A record without a rate is right by its own arithmetic; other seconds cost their share, rounded as stated."""
    row = judged(whatsapp(call_duration=1, charged_duration=42, cost=Decimal("0.1")))
    assert row["expected_cost"] == Decimal("0.014286")
    assert row["expected_rate"] is None
    unchanged = judged(whatsapp(cost=Decimal("0.0123456789")))
    assert unchanged["expected_cost"] == Decimal("0.0123456789")
    assert judged(whatsapp(charged_duration=0))["verdict"] == "unverified"


def test_nulls_in_currency_and_source_are_values():
    """Records without a currency or a source are judged among themselves, not lost in a join."""
    calls = [itnio(currency=None), itnio(source=None), itnio(currency=None, cost=Decimal("0.09001"))]
    result = ck.reconcile(numbered(*calls), tolerance=0)
    assert sorted(result.cdrs["verdict"].to_list()) == ["agrees", "agrees", "overcharged"]
    assert set(result.bridge["currency"].to_list()) == {None, "USD"}


@pytest.mark.parametrize("charged", [-(2**63), 2**63 - 1, 10**10 + 1])
def test_garbled_seconds_are_unverified(charged):
    """Charged seconds whose price would leave 128 bits, the least 64-bit number too, are not computed."""
    row = judged(itnio(charged_duration=charged, rate=Decimal(10) ** 14), rating=ck.Rating(per_seconds=1))
    assert row["verdict"] == "unverified"
    assert row["expected_cost"] is None


def sample_of_itnio() -> dict[str, Any]:
    """Make a row of the record that the vendor's page prints, by hand."""
    printed = (DATA / "itnio_record_group_query.txt").read_text(encoding="utf-8")
    told = json.loads(printed[printed.index("RESPONSEEXAMPLE") :].partition("\n")[2])["data"]["records"][0]
    instants = {
        "submitted_at": "submitTime",
        "called_at": "callTime",
        "ringing_at": "ringingTime",
        "answered_at": "answerTime",
        "ended_at": "hangupTime",
    }
    read = {
        name: pl.Series([told[field]]).str.to_datetime("%Y-%m-%dT%H:%M:%S%z").item()
        for name, field in instants.items()
    }
    money = {
        "rate": "rate",
        "cost": "cost",
        "base_cost": "baseCost",
        "exchange_rate": "quoteExchange",
        "settle_rate": "settleRate",
        "settle_cost": "settlePay",
    }
    return itnio(
        call_id=told["voiceId"],
        caller=told["displayNum"],
        callee=told["callee"],
        destination=told["code"],
        call_duration=told["callDuration"],
        charged_duration=told["chargedDuration"],
        bill_period=told["billPeriod"],
        currency=told["currency"],
        **{name: Decimal(told[field]) for name, field in money.items()},
        **read,
    )


def test_the_record_that_itnio_prints():
    """ITNIO's own sample is reported: 5 s on 20+20 should be 20 s, its cost, settlement, timeline and destination."""
    result = ck.reconcile(cdrs(sample_of_itnio()))
    told = {row["check"]: row for row in result.findings.iter_rows(named=True)}
    assert set(told) == {"charged_duration", "cost", "settlement", "timeline", "destination"}
    assert (told["charged_duration"]["reported"], told["charged_duration"]["expected"]) == ("5", "20")
    assert told["charged_duration"]["amount"] == Decimal("-0.3")
    assert told["cost"]["amount"] == Decimal("1.9")
    assert "5 s × 1.20/min = 0.10 EUR. Billed 2.00 EUR" in told["cost"]["explanation"]
    assert told["settlement"]["reported"] == "1.2793"
    assert "2.00 EUR / 0.938 = 2.132196 USD" in told["settlement"]["explanation"]
    assert "ringing" in told["timeline"]["explanation"]
    assert "India" in told["destination"]["explanation"]
    assert result.cdrs["cost_difference"].item() == Decimal("1.6")
    assert "5 s on 20+20: the first 20 s are charged in full → 20 s" in result.explain("2203031113381000002")


def test_the_record_that_nxcloud_prints():
    """NXCloud's own sample agrees: 31 s on 6+6 are 36 s."""
    printed = (DATA / "nxcloud_wa_calling_query.txt").read_text(encoding="utf-8")
    for shown in ('"call_duration": 31', '"fee_duration": 36', '"bill_type": "6+6"', '"price": 0.080000'):
        assert shown in printed
    result = ck.reconcile(cdrs(whatsapp(direction="in")))
    assert result.cdrs.row(0, named=True)["verdict"] == "agrees"
    assert result.findings.filter(pl.col("severity") == "error").is_empty()


def test_settled_fields_do_not_touch_the_quoted_verdict():
    """A wrong settlement is a finding of its own basis; the quoted charge still agrees."""
    assert judged(settled(settle_cost=Decimal(9)))["verdict"] == "agrees"
