from __future__ import annotations

import re
from decimal import Decimal

import pytest

import callkit as ck
from reconciliation.calls import cdrs, deck, failed, itnio, missing, seconds, whatsapp

ID = "1534852416384921600"


def explained(*calls: dict[str, object], call_id: str = ID, **arguments: object) -> str:
    return ck.reconcile(cdrs(*calls), **arguments).explain(call_id)


def test_a_call_that_agrees():
    """The arithmetic is told step by step and ends in agreement, with nothing to credit."""
    assert explained(itnio()) == (
        "31 s on 6+6: the first 6 s, then 25 s in steps of 6 s → 36 s. "
        "36 s × 0.1333/min = 0.07998 USD. Billed 36 s, 0.07998 USD: agrees."
    )


def test_an_overcharged_call():
    """An overcharge is told with its findings and ends in what to credit."""
    said = explained(itnio(charged_duration=42, cost=Decimal("0.09331")))
    assert (
        "Billed 42 s, 0.09331 USD: 0.01333 USD too much.\nFindings:\n  charged_duration (error, grade A): "
        in said
    )
    assert said.endswith(
        "By your own record USD 0.01333 too much was billed. "
        "Please credit USD 0.01333 or name the clause that applies."
    )


def test_an_undercharged_call():
    """An undercharge is told and claims nothing."""
    said = explained(itnio(charged_duration=30, cost=Decimal("0.06665")))
    assert "0.01333 USD too little." in said
    assert "credit" not in said


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ({"cost": None}, "What is missing to recompute the cost: a cost."),
        ({"charged_duration": None}, "the charged seconds"),
        (
            {"bill_period": "6"},
            "31 s of talk; bill period 6. What is missing to recompute the cost: a bill period",
        ),
        ({"rate": None, "charged_duration": 0}, "a rate, or charged seconds to derive one from"),
        ({"call_duration": None}, "does not say how long the talk was"),
        ({"rate": Decimal(10) ** 17}, "amounts within reason"),
    ],
)
def test_an_unverified_call_says_what_is_missing(lacking, said):
    """Where a charge cannot be recomputed, what is missing is named, and the billed amount is not verified."""
    told = explained(itnio(**lacking))
    assert said in told
    assert "not verified." in told


def test_a_block_needs_whole_blocks():
    """A rate per block that is not defined for a bill period is told as that."""
    told = explained(itnio(bill_period="10+6"), rating=ck.Rating(per_seconds="block"))
    assert "What is missing to recompute the cost: a bill period whose first stretch is whole blocks." in told


def test_a_call_without_a_rate():
    """Without a rate the billed cost stands for its seconds, or is told in proportion to the seconds due."""
    call = whatsapp(call_id=ID)
    assert "The record has no rate, and its seconds are right: 0.08 EUR stands as billed." in explained(call)
    over = explained(call | {"charged_duration": 42, "cost": Decimal("0.0933")})
    assert "The record has no rate: 0.0933 EUR for 42 s makes 0.079971 EUR for 36 s." in over


def test_the_arithmetic_comes_out():
    """The connect fee and the other meaning of a+b are in the words, so that they lead to the amount told."""
    call = itnio(call_duration=11, charged_duration=12, bill_period="10+6", cost=Decimal("0.03666"))
    rating = ck.Rating(connect_fee="0.01", increments="total")
    assert explained(call, rating=rating).startswith(
        "11 s on 10+6: all of it in steps of 6 s, at least 10 s → 12 s. 0.01 + 12 s × 0.1333/min = 0.03666 USD."
    )


def test_an_unanswered_call():
    """A failed call is told with what is due, nothing or the fee."""
    assert explained(failed()).startswith(
        "Nobody answered, so 0.00 USD is due. Billed 0 s, 0.00 USD: agrees."
    )
    fee = explained(failed(cost=Decimal("0.03")), rating=ck.Rating(attempt_fee="0.01"))
    assert "Nobody answered, so 0.01 USD is due. Billed 0 s, 0.03 USD: 0.02 USD too much." in fee


def test_a_missing_record():
    """An id without a record says that the vendor has none."""
    assert explained(missing(), call_id="wacid.gone").startswith("The vendor has no record of this call.")


def test_a_double():
    """A double names the call that bills the conversation already."""
    said = explained(itnio(), itnio(call_id="9"), call_id="9")
    assert said.startswith(f"Call {ID} bills this conversation already, so nothing more is due.")
    assert "0.07998 USD too much" in said


def test_conflicting_records_are_told_apart():
    """An id with two records is explained record by record, each with its own findings, and then the conflict."""
    right, dear = itnio(), itnio(cost=Decimal("0.2"))
    said = explained(right, dear)
    one, two, about = re.split(r"Record \d of 2 \(itnio-voice\):\n|Findings about the id:\n", said)[1:]
    assert [one.strip(), two.strip()] == [explained(right), explained(dear)]
    assert about.startswith("  conflicting_record (error, grade A)")
    assert said == explained(dear, right)


def test_the_source_tells_two_vendors_apart():
    """Where both vendors know an id, the source picks the record and its findings."""
    result = ck.reconcile(cdrs(itnio(charged_duration=42), whatsapp(call_id=ID, ended_at=None)))
    assert "charged_duration (error" not in result.explain(ID, "nx-whatsapp")
    assert "charged_duration (error" in result.explain(ID, "itnio-voice")
    assert "stands as billed" in result.explain(ID)


def test_an_unknown_id():
    """An id that is not among the records raises KeyError with the id in it."""
    result = ck.reconcile(cdrs(itnio()))
    with pytest.raises(KeyError, match="no call '7' among the records"):
        result.explain("7")
    with pytest.raises(KeyError, match=f"no call '{ID}' of nx-whatsapp"):
        result.explain(ID, "nx-whatsapp")


def test_what_the_rate_deck_says():
    """The deck's bill period and rate stand in the arithmetic, with their row; the claim is by contract."""
    said = explained(itnio(), rate_deck=deck({"rate": Decimal("0.05")}))
    assert said.startswith(
        "31 s on 6+6: the first 6 s, then 25 s in steps of 6 s → 36 s. "
        "36 s × 0.05/min (rate deck, prefix 49, Germany (frame, row 1)) = 0.03 USD."
    )
    said = explained(itnio(), rate_deck=deck({"rate": Decimal("0.05"), "bill_period": "1+1"}))
    assert "The rate deck says 1+1: 31 s. 31 s × 0.05/min (rate deck" in said
    assert "By our contract USD 0.054147 too much was billed." in said


def test_every_call_can_be_explained():
    """No call that can occur breaks the explanation."""
    odd = itnio(call_id="odd", currency=None, status_reason=None, callee="1")
    calls = [
        odd | {name: value}
        for name, value in (
            ("charged_duration", None),
            ("bill_period", None),
            ("rate", None),
            ("cost", None),
            ("ended_at", odd["submitted_at"] - seconds(5)),
            ("extra", None),
        )
    ]
    for call in calls:
        assert explained(call, call_id="odd")


def test_an_id_is_text():
    """A number is no id: the error says so, in place of the engine's own."""
    with pytest.raises(TypeError, match="call_id must be text, as in the records, got 3"):
        ck.reconcile(cdrs(itnio())).explain(3)
