from __future__ import annotations

from decimal import Decimal

import polars as pl

import callkit as ck
from reconciliation.calls import cdrs, failed, itnio, numbered, random_calls, settled, whatsapp

SCHEMA = {
    "call_id": pl.String,
    "source": pl.String,
    "currency": pl.String,
    "billed": ck.MONEY,
    "expected": ck.MONEY,
    "claim": ck.MONEY,
    "grade": pl.String,
    "cause": pl.String,
    "explanation": pl.String,
}


def test_a_claim_says_what_to_credit():
    """A claim has the amounts, the cause, and ends in what the vendor is asked for."""
    over = itnio(charged_duration=42, cost=Decimal("0.09331"))
    claims = ck.reconcile(numbered(over)).claims
    assert claims.schema == pl.Schema(SCHEMA)
    claim = claims.row(0, named=True)
    assert (claim["billed"], claim["expected"]) == (Decimal("0.09331"), Decimal("0.07998"))
    assert claim["claim"] == claim["billed"] - claim["expected"]
    assert (claim["grade"], claim["cause"]) == ("A", "charged_duration")
    assert claim["explanation"].endswith(
        "6 s too much, worth 0.01333 USD. By your own record USD 0.07998 is due, USD 0.09331 was billed. "
        "Please credit USD 0.01333 or name the clause that applies."
    )


def test_only_what_is_net_overcharged():
    """Undercharges, agreement, unverified money and rounding are no claims, nor is a wrong settlement."""
    calls = [
        itnio(),
        itnio(charged_duration=30, cost=Decimal("0.06665")),
        itnio(bill_period="6", cost=Decimal(9)),
        itnio(cost=Decimal("0.079984")),
        itnio(charged_duration=42, cost=Decimal("0.05001")),
        settled(settle_cost=Decimal("9.000001")),
        whatsapp(direction="in"),
    ]
    assert ck.reconcile(numbered(*calls), tolerance="0.000005").claims.is_empty()


def test_several_causes_are_one_claim():
    """A call with two faults is one claim over the net amount; the costlier fault is its cause, both are told."""
    both = itnio(charged_duration=42, cost=Decimal("0.20001"))
    claim = ck.reconcile(numbered(both)).claims.row(0, named=True)
    assert (claim["cause"], claim["claim"]) == ("cost", Decimal("0.12003"))
    assert "42 s × 0.1333/min" in claim["explanation"]
    assert "Charged 42 s: 6 s too much" in claim["explanation"]
    under = itnio(charged_duration=30, cost=Decimal("0.20001"))
    assert ck.reconcile(numbered(under)).claims["cause"].item() == "cost"


def test_an_attempt_fee_is_a_question():
    """What all failures cost alike is asked about and not claimed, whatever rating was stated."""
    fees = [failed(cost=Decimal("0.01"))] * 3
    assert ck.reconcile(numbered(*fees)).claims.is_empty()
    assert ck.reconcile(numbered(*fees), rating=ck.Rating()).claims.is_empty()


def test_two_records_of_one_id_are_two_claims():
    """Records that conflict are claimed one by one, none of them twice, in an order that does not change."""
    calls = [
        itnio(charged_duration=42, cost=Decimal("0.09331")),
        itnio(charged_duration=48, cost=Decimal("0.10664")),
        itnio(charged_duration=42, cost=Decimal("0.09331"), recording="again"),
    ]
    claims = [ck.reconcile(cdrs(*order)).claims for order in (calls, calls[::-1])]
    assert claims[0]["claim"].to_list() == [Decimal("0.02666"), Decimal("0.01333"), Decimal("0.01333")]
    assert claims[0].equals(claims[1])


def test_each_record_is_claimed_by_its_own_words():
    """Of records under one id each claim tells what is wrong with its own, and nothing of what is wrong with others."""
    dear, long = itnio(cost=Decimal("0.2")), itnio(charged_duration=42, cost=Decimal("0.09331"))
    alone = [ck.reconcile(cdrs(call)).claims for call in (dear, long)]
    both = ck.reconcile(cdrs(long, dear, itnio(recording="right"))).claims
    assert both.equals(pl.concat(alone))
    assert both["cause"].to_list() == ["cost", "charged_duration"]


def test_records_that_differ_in_a_column_of_ones_own_are_claimed_alike():
    """Two rows that are the same to the vendor have the same sentences, each of them once."""
    over = itnio(charged_duration=42, cost=Decimal("0.09331"))
    alone = ck.reconcile(cdrs(over)).claims
    twice = ck.reconcile(cdrs(over | {"file": "a.csv"}, over | {"file": "b.csv"})).claims
    assert twice.equals(pl.concat([alone, alone]))


def test_no_more_is_claimed_than_is_billed():
    """Of an id with several records no more is claimed than all of them together bill."""
    calls = [
        call for call in random_calls(900, 5, ck.Rating()) if min(call["cost"] or 0, call["rate"] or 0) >= 0
    ]
    result = ck.reconcile(cdrs(*calls))
    key = ["source", "call_id", "currency"]
    billed = (
        result.cdrs.filter(pl.len().over("source", "call_id") > 1).group_by(key).agg(pl.col("cost").sum())
    )
    claimed = result.claims.group_by(key).agg(pl.col("claim").sum()).join(billed, on=key, nulls_equal=True)
    assert claimed.height >= 5
    assert claimed.filter(pl.col("claim") > pl.col("cost")).is_empty()


def test_claims_are_the_overcharged_calls():
    """Every overcharged call that a finding explains is claimed once, by currency and from the greatest."""
    result = ck.reconcile(cdrs(*random_calls(700, 12, ck.Rating())))
    over = result.cdrs.filter(pl.col("verdict") == "overcharged")
    assert result.claims.height == over.height
    assert result.claims["claim"].sum() == over["cost_difference"].sum()
    assert (result.claims["claim"] > 0).all()
    ordered = result.claims.sort("currency", "claim", descending=[False, True], nulls_last=True)
    assert ordered.select("currency", "claim").equals(result.claims.select("currency", "claim"))
    graded = result.findings.filter(pl.col("grade") != "D", pl.col("amount") > 0)
    assert result.claims.join(graded, on=["source", "call_id"], how="anti").is_empty()
