"""Small differences are not disputed, by the rule that the user states: exactly, by cause, currency and month."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import callkit as ck
from callkit.cdr import MONEY
from callkit.export.materiality import RATES, SCHEMA
from callkit.export.pack import gather
from export.packs import over, result, rows, sheets
from reconciliation.calls import failed, itnio

Row = tuple[str | None, str, date | None, Decimal]
months = st.none() | st.builds(date, st.just(2026), st.integers(1, 8), st.just(1))
currencies = st.sampled_from(["USD", "EUR", None])
amounts = st.decimals(0, 60, places=3, allow_nan=False)


def judged(rule: ck.Materiality, claims: list[Row], billed: dict[Any, Decimal]) -> pl.DataFrame:
    frame = pl.DataFrame(
        claims,
        schema={"currency": pl.String, "cause": pl.String, "month": pl.Date, "claim": MONEY},
        orient="row",
    )
    bills = pl.DataFrame(
        [(*key, amount) for key, amount in billed.items()],
        schema={"currency": pl.String, "month": pl.Date, "billed": MONEY},
        orient="row",
    )
    return rule.judge(frame, bills)


def naive(rule: ck.Materiality, claims: list[Row], billed: dict[Any, Decimal]) -> set[tuple[Any, ...]]:
    """The same in plain Python: every group alone, then every run of months."""
    sums: dict[Any, Fraction] = defaultdict(Fraction)
    for currency, cause, month, claim in claims:
        sums[currency, cause, month] += Fraction(claim)

    def limit(currency: str | None, cause: str, month: date | None) -> Fraction | None:
        if cause in rule.exempt:
            return None
        known = []
        if rule.share is not None:
            known.append(Fraction(rule.share) * Fraction(billed.get((currency, month), Decimal(0))))
        if currency in rule.amounts:
            known.append(Fraction(rule.amounts[currency]))
        return min(known, default=None)

    told = set()
    for (currency, cause, month), total in sums.items():
        at = limit(currency, cause, month)
        material = at is None or total >= at
        accumulated = False
        if month is not None and not material:
            run = [month]
            for step in (-1, 1):
                number = month.month + step
                while 1 <= number <= 12 and (currency, cause, date(2026, number, 1)) in sums:
                    run.append(date(2026, number, 1))
                    number += step
            together = sum(sums[currency, cause, each] for each in run)
            dearest = max(limit(currency, cause, each) or Fraction(0) for each in run)
            accumulated = len(run) > rule.months and together >= dearest
        told.add((currency, cause, month, material or accumulated, accumulated))
    return told


@given(
    st.lists(
        st.tuples(currencies, st.sampled_from(["double_billed", "charged_duration", "rate"]), months, amounts)
    ),
    st.dictionaries(st.tuples(currencies, months), st.decimals(0, 5000, places=3, allow_nan=False)),
    st.builds(
        ck.Materiality,
        share=st.none() | st.decimals(0, 1, places=3, allow_nan=False),
        amounts=st.dictionaries(st.sampled_from(["USD", "EUR"]), st.integers(0, 90)),
        months=st.integers(1, 4),
    ),
)
def test_the_rule_is_the_one_that_is_documented(
    claims: list[Row], billed: dict[Any, Decimal], rule: ck.Materiality
) -> None:
    """Every cause, currency and month is judged as a naive reading of the rule judges it."""
    told = judged(rule, claims, billed)
    assert told.schema == SCHEMA
    assert set(told.select("currency", "cause", "month", "material", "accumulated").rows()) == naive(
        rule, claims, billed
    )
    assert told["claims"].sum() == len(claims)


def test_the_profile_is_what_carriers_agree() -> None:
    """1 % of the bill or 1,000 USD for volumes, whichever is lower; nothing is too small for a rate."""
    rule = ck.Materiality()
    assert rule.limit("USD", Decimal(50_000)) == 500
    assert rule.limit("USD", Decimal(500_000)) == 1000
    assert rule.limit("EUR", Decimal(500_000)) == 5000
    assert set(RATES) == {"rate", "increments", "cost", "settlement"}
    assert str(rule).startswith("per cause, currency and month from 1 % of the month's bill or 1,000 USD on")


def test_what_repeats_for_more_than_three_months_accumulates() -> None:
    """Four months of 30 are no more to be passed over where one month's limit is 100; three months are."""
    rule = ck.Materiality(share=None, amounts={"USD": 100})
    each = [("USD", "double_billed", date(2026, month, 1), Decimal(30)) for month in (1, 2, 3, 4)]
    assert judged(rule, each, {})["material"].to_list() == [True] * 4
    assert judged(rule, each, {})["accumulated"].to_list() == [True] * 4
    assert judged(rule, each[:3], {})["material"].to_list() == [False] * 3
    gap = [each[0], *(("USD", "double_billed", date(2026, month, 1), Decimal(30)) for month in (3, 4, 5))]
    assert judged(rule, gap, {})["material"].to_list() == [False] * 4


def test_small_claims_stay_listed_and_are_not_demanded(tmp_path: Path) -> None:
    """A claim below the limit is a marked row; the demanded total and the letter leave it out."""
    calls = [failed(cost=Decimal("0.01")), over(cost="9.99", charged_duration=36), *([itnio()] * 5)]
    made = result(*calls)
    rule = ck.Materiality(share="0.5", amounts={})
    told = rows(sheets(made.to_excel(tmp_path / "a.xlsx", materiality=rule))["claims"])
    assert [(row["cause"], row["demanded"]) for row in told] == [
        ("cost", "yes"),
        ("unanswered_charged", "below materiality"),
    ]
    (demand,) = gather(made, materiality=rule).demand.iter_rows(named=True)
    assert demand["claimed"] == demand["below"] + demand["set_aside"] + demand["demanded"]
    assert (demand["below"], demand["demanded_claims"]) == (Decimal("0.01"), 1)
    assert "nobody answered" not in made.claim_letter(materiality=rule)
    assert "nobody answered" in made.claim_letter()


def test_months_are_the_vendor_s() -> None:
    """A call late on the last day in UTC is of the next month in Shanghai, and is judged with that one."""
    late = datetime(2026, 9, 30, 20, tzinfo=UTC)
    made = result(
        over(submitted_at=late), over(submitted_at=late - (late - datetime(2026, 9, 2, tzinfo=UTC)))
    )
    rule = ck.Materiality(share=None, amounts={"USD": "0.02"})
    assert set(gather(made, materiality=rule).claims["counted"]) == {"yes"}
    split = gather(made, materiality=rule, cover=ck.Cover(tz="Asia/Shanghai"))
    assert set(split.claims["counted"]) == {"below materiality"}


@pytest.mark.parametrize(
    ("stated", "error", "said"),
    [
        ({"share": 0.01}, TypeError, "share must be a Decimal, a whole number or text, got 0.01"),
        ({"share": "one"}, ValueError, "share must be a number like '0.01', got 'one'"),
        ({"share": 5}, ValueError, "share must be from 0 to 1"),
        ({"amounts": 1000}, TypeError, "amounts must be a mapping like {'USD': 1000}"),
        ({"amounts": {"USD": -1}}, ValueError, r"amounts\['USD'\] must be from 0"),
        ({"exempt": "rate"}, TypeError, "exempt must be names of checks"),
        ({"months": 0}, ValueError, "months must be a whole number from 1 on"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(
    stated: dict[str, Any], error: type[Exception], said: str
) -> None:
    """Each wrong setting is named, with what it should be."""
    with pytest.raises(error, match=said):
        ck.Materiality(**stated)
