from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import callkit as ck
import reference
from callkit import cdr
from callkit.reconciliation import coverage as covered
from callkit.reconciliation.checks import CHECKS
from callkit.reconciliation.coverage import coverage
from reconciliation.calls import RATINGS, cdrs, deck, failed, itnio, missing, numbered, random_calls, whatsapp

D = Decimal
# Each example reconciles a frame: a hundred of them are as many as CI has time for.
FEWER = settings(max_examples=min(100, settings.default.max_examples))
# Neither coverage nor memo asks what was found, and without findings they are known sooner.
OFF = {check.name: "off" for check in CHECKS}


def told(frame, rows=None, **arguments):
    result = ck.reconcile(frame, severity=OFF, **arguments)
    distinct = result.cdrs.height
    return coverage(result.ledger, result.facts, frame.height if rows is None else rows, distinct)


def reasons(frame, **arguments):
    table = told(frame, **arguments).filter(pl.col("status") != "dropped")
    return {(row["status"], row["reason"]): row["amount"] for row in table.iter_rows(named=True)}


def memo(frame, **arguments):
    return ck.reconcile(frame, severity=OFF, **arguments).rounding


@FEWER
@given(
    seed=st.integers(0, 10_000),
    made=st.sampled_from(RATINGS),
    stated=st.one_of(st.none(), st.sampled_from(RATINGS)),
)
def test_amounts_add_up_to_what_was_billed(seed, made, stated):
    """Whatever is wrong with the records, the amounts of a currency add up to its bill and the calls to all rows."""
    frame = cdrs(*random_calls(40, seed, made))
    table = told(frame, rating=stated)
    amounts = table.filter(pl.col("status") != "dropped").group_by("currency").agg(pl.col("amount").sum())
    billed = frame.unique().group_by("currency").agg(pl.col("cost").sum())
    assert dict(amounts.iter_rows()) == dict(billed.iter_rows())
    assert table["calls"].sum() == frame.height
    assert table.schema == covered.SCHEMA


def test_a_record_that_agrees_with_itself_is_not_verified_by_contract():
    """Without a stated rating nothing counts as verified by contract, however well it fits."""
    assert reasons(numbered(itnio())) == {("self_consistent", "agrees"): D("0.07998")}
    assert reasons(numbered(itnio()), rating=ck.Rating()) == {("contract_verified", "agrees"): D("0.07998")}


def test_what_disagrees_is_verified_money():
    """An overcharged call was recomputed: it stands under its verdict with all that was billed."""
    calls = numbered(itnio(cost=D("0.1")), itnio(cost=D("0.05")), itnio())
    assert reasons(calls, rating=ck.Rating()) == {
        ("contract_verified", "agrees"): D("0.07998"),
        ("contract_verified", "overcharged"): D("0.1"),
        ("contract_verified", "undercharged"): D("0.05"),
    }


def test_no_contract_is_asked_about_a_call_without_a_rate_or_a_double():
    """A rate that follows from the record's own cost verifies nothing by contract, nor does a second record."""
    rating = ck.Rating()
    assert set(reasons(numbered(whatsapp()), rating=rating)) == {("self_consistent", "agrees")}
    twice = cdrs(itnio(), itnio(call_id="another"))
    assert reasons(twice, rating=rating) == {
        ("self_consistent", "overcharged"): D("0.07998"),
        ("contract_verified", "agrees"): D("0.07998"),
    }


def test_an_attempt_fee_can_be_verified_by_contract():
    """A failed call is held against the stated attempt fee, whether the record has a rate or not."""
    fee = D("0.01")
    calls = numbered(failed(cost=fee, rate=None), failed(cost=fee))
    stated = ck.Rating(attempt_fee="0.01")
    assert reasons(calls, rating=stated) == {("contract_verified", "agrees"): 2 * fee}
    assert set(reasons(calls)) == {("self_consistent", "overcharged")}


@pytest.mark.parametrize(
    ("call", "rating", "reason"),
    [
        (missing(), None, "no record"),
        (
            whatsapp(cost=None, currency=None, extra='{"c":[{"currency":"EUR"},{"currency":"USD"}]}'),
            None,
            "several currencies",
        ),
        (itnio(cost=None), None, "no cost"),
        (itnio(call_duration=None), None, "no talk time"),
        (itnio(bill_period="60"), None, "no readable bill period"),
        (itnio(bill_period=None), None, "no readable bill period"),
        (itnio(charged_duration=None), None, "no charged seconds"),
        (itnio(rate=None, charged_duration=0), None, "no rate"),
        (itnio(bill_period="10+6"), ck.Rating(per_seconds="block"), "rate per block not defined"),
        (itnio(charged_duration=10**11), None, "beyond sense"),
        (itnio(rate=D(10) ** 16), None, "beyond sense"),
        (itnio(call_duration=10**16), None, "beyond sense"),
    ],
)
def test_every_reason_is_told(call, rating, reason):
    """What stops the recomputation is named, and the money stands beside it."""
    assert reasons(numbered(call), rating=rating) == {("unverified", reason): call["cost"] or D(0)}


def test_copies_are_counted_and_have_no_money():
    """Exact copies are one row, the last, with neither currency nor amount; none is a zero."""
    doubled = told(cdrs(itnio(), itnio(), itnio()))
    assert doubled.row(-1) == (None, "dropped", "exact copy", 2, None, None)
    assert told(cdr.empty()).rows() == [(None, "dropped", "exact copy", 0, None, None)]


def test_shares_and_order():
    """Shares are of the currency's bill, to ten decimals; rows go by currency, status and reason."""
    calls = numbered(
        itnio(currency="USD", cost=D("1.00"), bill_period="?"),
        failed(currency=None),
        itnio(currency="EUR"),
        itnio(currency="USD", cost=D("2.00"), call_duration=None),
    )
    table = told(calls).filter(pl.col("status") != "dropped")
    assert table.select("currency", "reason", "share").rows() == [
        ("EUR", "agrees", D(1)),
        ("USD", "no talk time", D("0.6666666667")),
        ("USD", "no readable bill period", D("0.3333333333")),
        (None, "agrees", None),
    ]


def test_a_share_of_a_bill_that_cancels_out_has_no_meaning():
    """Where credits cancel the charges there is no share, and no overflow either."""
    calls = numbered(itnio(cost=D(10) ** 17, bill_period="?"), itnio(cost=-(D(10) ** 17), call_duration=None))
    assert told(calls)["share"].null_count() == 3
    calls = numbered(
        itnio(cost=D(10) ** 17 + D("1e-10"), bill_period="?"),
        itnio(cost=-(D(10) ** 17), call_duration=None),
    )
    assert told(calls)["share"].null_count() == 3


def test_the_memo_is_the_rounding_of_the_calls_that_agree():
    """36 s at 0.1333 are 0.07998 exactly; 36 s at 0.00001 are 0.000006; 1 s at 0.0001 is rounded up by 1/3 · 10⁻⁶."""
    second = itnio(
        call_duration=1, charged_duration=1, bill_period="1+1", rate=D("0.0001"), cost=D("0.000002")
    )
    table = memo(numbered(itnio(), *[second] * 3))
    assert table.rows() == [("itnio-voice", "USD", 4, D("0.0000010000"))]
    assert table.schema == covered.MEMO


def test_the_memo_leaves_out_what_is_not_rounding():
    """Wrong costs, wrong seconds, two errors that cancel out, and doubles are no rounding."""
    cancelling = itnio(call_duration=31, charged_duration=72, cost=D("0.07998"))
    wrong = numbered(
        itnio(cost=D("0.1")), itnio(charged_duration=42, cost=D("0.09331")), cancelling, failed()
    )
    assert memo(wrong).is_empty()
    assert memo(cdrs(itnio(), itnio(call_id="another")))["calls"].to_list() == [1]


@FEWER
@given(
    calls=st.lists(st.tuples(st.integers(1, 7200), st.integers(1, 10**6)), min_size=1, max_size=20),
    rating=st.sampled_from([rating for rating in RATINGS if rating.per_seconds != "block"]),
)
def test_the_memo_is_exact(calls, rating):
    """The sum is that of exact fractions, rounded once."""
    made = []
    exact = Fraction(0)
    for talk, units in calls:
        rate = D(units).scaleb(-7)
        charged = reference.charged_duration(talk, "1+1", rating)
        cost = reference.cost(charged, rate, rating, "1+1")
        made.append(
            itnio(call_duration=talk, charged_duration=charged, bill_period="1+1", rate=rate, cost=cost)
        )
        exact += Fraction(cost) - Fraction(rating.connect_fee) - Fraction(rate) * charged / rating.per_seconds
    table = memo(numbered(*made), rating=rating, tolerance=0)
    assert table["calls"].to_list() == [len(calls)]
    assert table["amount"].to_list() == [D(round(exact * 10**10)).scaleb(-10)]


def test_a_deck_is_a_contract():
    """What the deck prices is verified by contract, also where the rating was inferred; what it does not, is not."""
    calls = [itnio(call_id="a"), whatsapp(call_id="b", callee="12025550100", currency="USD")]
    covered = ck.reconcile(cdrs(*calls), rate_deck=deck()).coverage.filter(pl.col("status") != "dropped")
    assert covered.select("status", "calls").rows() == [("self_consistent", 1), ("contract_verified", 1)]


def test_an_assumed_unit_verifies_no_price():
    """A price that follows from a cost, by a unit that nobody stated or saw, is not verified by contract."""
    covered = ck.reconcile(cdrs(whatsapp(currency="USD")), rate_deck=deck()).coverage
    assert covered["status"].to_list() == ["self_consistent", "dropped"]
