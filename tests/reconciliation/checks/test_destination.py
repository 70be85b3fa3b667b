from __future__ import annotations

import re
from pathlib import Path

import pytest

import callkit as ck
from reconciliation.calls import cdrs, failed, itnio, whatsapp
from reconciliation.found import found, marks

SAMPLE = Path(__file__).parents[2] / "data" / "itnio_record_group_query.txt"


def destined(callee: str | None, destination: str | None, **changed: object) -> dict[str, object]:
    return itnio(callee=callee, destination=destination, **changed)


def contradicts(callee: str | None, destination: str | None) -> bool:
    return bool(found("destination", destined(callee, destination), keep=True))


def test_fires_on_another_country():
    """A number of another country than the destination is a warning that names both."""
    (finding,) = found("destination", destined("919810012345", "Afghanistan(Kandahar)"), keep=True)
    assert marks(finding) == ("warning", "D", None)
    assert (finding["reported"], finding["expected"]) == ("Afghanistan(Kandahar)", "India")
    assert (finding["amount"], finding["currency"]) == (None, "USD")
    assert finding["explanation"] == (
        "The number called, 9198…, is in India, but the destination is Afghanistan(Kandahar). "
        "Which of the two is the price for?"
    )


def test_the_vendors_own_sample():
    """The record that the vendor prints, an Indian number labelled Afghanistan, fires."""
    text = SAMPLE.read_text(encoding="utf-8")
    callee, code = (re.search(rf'"{name}": "([^"]*)"', text)[1] for name in ("callee", "code"))
    assert contradicts(callee, code)


@pytest.mark.parametrize(
    ("callee", "destination"),
    [
        ("4915112345678", "Germany(Mobile)"),
        ("+4915112345678", "GERMANY"),
        ("12125550123", "USA(New York)"),
        ("12125550123", "U.S.A."),
        ("17875550123", "United States(Puerto Rico)"),
        ("447911723456", "UK(Guernsey)"),
        ("442079460011", "United Kingdom"),
        ("77011234567", "Kazakhstan(Kcell)"),
        ("390669812345", "Vatican"),
        ("85251234567", "China(Hong Kong)"),
        ("821012345678", "Korea"),
        ("18005550123", "Germany"),
        ("919810012345", "Elbonia(Mobile)"),
        ("919810012345", ""),
        ("919810012345", None),
        (None, "Germany"),
        ("anonymous", "Germany"),
        ("110", "Germany"),
    ],
)
def test_silent_unless_the_countries_certainly_differ(callee, destination):
    """The right country, a name for it, its territories, and whatever is unknown are no finding."""
    assert not contradicts(callee, destination)


@pytest.mark.parametrize(
    ("callee", "destination"),
    [
        ("14165550123", "USA"),
        ("12125550123", "Canada(Bell)"),
        ("12125550123", "Puerto Rico"),
        ("77011234567", "Russia"),
        ("79161234567", "Kazakhstan"),
        ("442079460011", "Jersey"),
        ("8613800000000", "Hong Kong"),
        ("390669812345", "Spain"),
    ],
)
def test_shared_codes_are_told_apart(callee, destination):
    """Countries on one country code differ where their numbers do."""
    assert contradicts(callee, destination)


def test_many_at_once_in_any_order():
    """Each call is judged on its own, whatever stands around it, eager or lazy, answered or not; none is dropped."""
    numbers = ["4915112345678", None, "919810012345", "12125550123", "x"]
    labels = ["Germany", "India(Airtel)", None, "Elbonia", "Canada"]
    calls = [
        (failed if at % 2 else whatsapp)(call_id=f"{at}", callee=number, destination=label)
        for at, (number, label) in enumerate([(number, label) for number in numbers for label in labels] * 40)
    ]
    alone = {(number, label): contradicts(number, label) for number in numbers for label in labels}
    wrong = {call["call_id"] for call in calls if alone[call["callee"], call["destination"]]}
    assert len(wrong) == 7 * 40
    frame = cdrs(*calls)
    for given in (frame, frame.reverse(), frame.lazy()):
        result = ck.reconcile(given)
        told = [row for row in result.findings.iter_rows(named=True) if row["check"] == "destination"]
        assert len(told) == len(wrong)
        assert {finding["call_id"] for finding in told} == wrong
        assert result.cdrs.height == len(calls)


def test_a_label_is_only_text():
    """A hostile label is shown cut short, and breaks nothing."""
    (finding,) = found("destination", destined("919810012345", "Germany(" + "<b>" * 99), keep=True)
    assert len(finding["explanation"]) < 200
