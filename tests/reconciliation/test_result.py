from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest

import callkit as ck
from callkit.reconciliation.checks import CHECKS
from reconciliation.calls import cdrs, failed, itnio, missing, numbered, random_calls, whatsapp

HOSTILE = '<img src=x onerror="alert(1)">\x1b[2J\r\n=cmd'


def mixed() -> ck.Reconciliation:
    return ck.reconcile(cdrs(*random_calls(300, 13, ck.Rating())))


@pytest.fixture(scope="module")
def result() -> ck.Reconciliation:
    return mixed()


def test_the_schema_of_findings(result):
    """Findings have their documented columns and dtypes."""
    text = pl.String
    assert result.findings.schema == pl.Schema(
        {
            "finding_id": text,
            "call_id": text,
            "source": text,
            "check": text,
            "severity": text,
            "grade": text,
            "step": text,
            "reported": text,
            "expected": text,
            "amount": ck.MONEY,
            "currency": text,
            "explanation": text,
        }
    )
    assert result.findings["explanation"].null_count() == 0
    assert result.findings["finding_id"].str.contains(r"^[0-9a-f]{16}$").all()


def test_the_summary_counts_and_sums_the_findings(result):
    """A row per check, severity and currency, in the order of the findings, with over- and undercharges apart."""
    assert result.summary.schema == pl.Schema(
        {
            "check": pl.String,
            "severity": pl.String,
            "currency": pl.String,
            "calls": pl.Int64,
            "amount": ck.MONEY,
            "overcharge": ck.MONEY,
            "undercharge": ck.MONEY,
        }
    )
    for row in result.summary.iter_rows(named=True):
        same = [pl.col(name).eq_missing(row[name]) for name in ("check", "severity", "currency")]
        findings = result.findings.filter(same)
        amounts = findings["amount"].drop_nulls()
        assert row["calls"] == findings["call_id"].drop_nulls().n_unique()
        assert row["amount"] == (amounts.sum() if len(amounts) else None)
        assert row["overcharge"] == amounts.filter(amounts > 0).sum()
        assert row["undercharge"] == amounts.filter(amounts < 0).sum()
    order = result.findings.select("check", "severity", "currency").unique(maintain_order=True)
    assert result.summary.select("check", "severity", "currency").equals(order)
    names = list(dict.fromkeys(check.name for check in CHECKS))
    errors = (
        result.summary.filter(pl.col("severity") == "error")["check"].unique(maintain_order=True).to_list()
    )
    assert errors == sorted(errors, key=names.index)


def test_the_totals_agree_with_the_bridge(result):
    """Per currency, in order, billed is expected plus over- and undercharges, unverified, and rounding."""
    money = ("billed", "expected", "overcharge", "undercharge", "unverified")
    assert result.totals.schema == pl.Schema(
        {"currency": pl.String, "calls": pl.Int64, **dict.fromkeys(money, ck.MONEY)}
    )
    assert result.totals["currency"].to_list() == ["EUR", "JPY", "USD", None]
    bridged = result.bridge.filter(pl.col("basis") == "quoted")
    for row in result.totals.iter_rows(named=True):
        of_currency = bridged.filter(pl.col("currency").eq_missing(row["currency"]))
        steps = dict(of_currency.select("step", "amount").iter_rows())
        assert row["billed"] == sum(steps.values())
        assert row["unverified"] == steps["unverified"]
        assert row["expected"] == steps["expected"]


def test_the_rating_is_given_or_assumed():
    """The result says which rating it used, and whether the user stated it."""
    frame = numbered(itnio())
    assumed, stated = ck.reconcile(frame).rating, ck.reconcile(frame, rating=ck.Rating(decimals=4)).rating
    assert (assumed.rating, assumed.basis) == (ck.Rating(), "assumed")
    assert (stated.rating, stated.basis) == (ck.Rating(decimals=4), "given")
    assert "assumed" in str(assumed)
    assert "given" in str(stated)


def test_repr_says_the_sums():
    """Printed, a result tells calls, sums per currency, findings and claims."""
    calls = [itnio(charged_duration=42, cost=Decimal("0.09331")), failed(), whatsapp(), missing()]
    said = repr(ck.reconcile(numbered(*calls)))
    assert said.startswith("Reconciliation of 4 calls; rating: ")
    assert (
        "USD: billed 0.09331, expected 0.07998, overcharged 0.01333, undercharged 0.00, unverified 0.00"
        in said
    )
    assert "EUR: billed 0.08, expected 0.08" in said
    assert said.endswith("2 findings, 1 claims")
    assert "Reconciliation of 1 call;" in repr(ck.reconcile(numbered(itnio())))


def test_hostile_text_stays_text():
    """A currency that is markup, or moves the cursor, is shown as what it is."""
    call = itnio(currency=HOSTILE, status_reason=HOSTILE, destination=HOSTILE, charged_duration=42)
    result = ck.reconcile(numbered(call))
    html = result._repr_html_()
    assert "<img" not in html
    assert "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;" in html
    assert "\x1b" not in repr(result)
    assert "\r" not in repr(result)
    assert repr(result).count("\n") == 2


def test_a_record_without_a_currency_is_shown():
    """Money without a currency is summed apart and named as that."""
    result = ck.reconcile(numbered(itnio(currency=None)))
    assert "(no currency): billed 0.07998" in repr(result)
    assert "(none)" in result._repr_html_()


def test_html_has_a_row_per_currency(result):
    """In a notebook a result is a table with a row per currency."""
    html = result._repr_html_()
    assert html.count("<tr>") == 1 + result.totals.height
    assert html.count("<table>") == html.count("</table>") == 1


def test_the_lazy_frame_is_the_answer(result):
    """`.lazy` has the rows and columns of `.cdrs`, for sinks."""
    collected = result.lazy.collect()
    assert collected.schema == result.cdrs.schema
    assert collected.sort(pl.all()).equals(result.cdrs.sort(pl.all()))


def test_conflicting_records_have_an_order_too():
    """Records that no instant and no id tells apart come in one order, whatever order they were given in."""
    calls = [itnio(note=note, cost=Decimal(cost)) for note in "zay" for cost in (3, 1, 2)]
    frames = [ck.reconcile(cdrs(*order)).cdrs for order in (calls, calls[::-1], sorted(calls, key=str))]
    assert frames[0].equals(frames[1])
    assert frames[0].equals(frames[2])


def test_every_billed_amount_is_covered_once(result):
    """The coverage of a result divides what was billed, in every currency, and nothing else."""
    covered = result.coverage.group_by("currency").agg(pl.col("amount").sum()).filter(pl.col("amount") != 0)
    billed = result.cdrs.group_by("currency").agg(pl.col("cost").sum()).filter(pl.col("cost") != 0)
    assert dict(covered.iter_rows()) == dict(billed.iter_rows())
    assert "contract_verified" not in result.coverage["status"]


def test_a_stated_rating_verifies_by_contract():
    """Only a rating that the user stated makes money contract-verified."""
    stated = ck.reconcile(cdrs(itnio()), rating=ck.Rating())
    assert "contract_verified" in stated.coverage["status"]


def test_the_same_records_and_rules_have_the_same_provenance(result):
    """Equal input, rules and package: equal digests; another tolerance is another rule."""
    one, again = ck.reconcile(result.cdrs), ck.reconcile(result.cdrs.reverse())
    other = ck.reconcile(result.cdrs, tolerance="0.01")
    assert (one.provenance.records, one.provenance.rules) == (
        again.provenance.records,
        again.provenance.rules,
    )
    assert one.provenance.records == other.provenance.records
    assert one.provenance.rules != other.provenance.rules


def test_what_repeats_is_told_once():
    """Findings with all but the call in common are a pattern of a result, with their money added up."""
    failures = [failed(call_id=f"f{at}", cost="0.05") for at in range(7)] + [failed(call_id="g", cost="0.06")]
    told = ck.reconcile(cdrs(*failures)).patterns
    assert told.select("check", "calls").rows() == [("unanswered_charged", 8)]
    assert told["amount"].item() == Decimal("0.41")


def test_rounding_has_its_price():
    """The memo tells what the vendor's rounding costs beyond the exact quotient."""
    up = ck.Rating(decimals=2, rounding="up")
    dear = itnio(rate="0.0511", call_duration=61, charged_duration=120, bill_period="60+60", cost="0.11")
    (memo,) = ck.reconcile(cdrs(dear), rating=up).rounding.iter_rows(named=True)
    assert memo["amount"] == Decimal("0.11") - Decimal("0.0511") * 2
