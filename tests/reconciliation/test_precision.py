from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest

import callkit as ck
from callkit.billing import DIGITS
from reconciliation.calls import itnio, numbered


def units(*calls: dict[str, object]) -> pl.DataFrame:
    return ck.reconcile(numbered(*calls)).facts.terms


@pytest.mark.parametrize(
    ("costs", "decimals"),
    [
        (["2"], 0),
        (["2", "0.080000"], 2),
        (["2", "0.123456"], 6),
        (["-0.5", None], 1),
        (["0.0000000001"], 10),
        ([None], 0),
        (["100"], 0),
    ],
)
def test_the_decimals_that_a_vendor_uses(costs, decimals):
    """The most decimals among the costs of a source and currency are what it writes, whatever one cost shows."""
    calls = [itnio(cost=None if cost is None else Decimal(cost)) for cost in costs]
    assert units(*calls)["_unit_cost"].to_list() == [10 ** (DIGITS - decimals)]


def test_sources_currencies_and_fields_are_apart():
    """What one vendor writes in one currency or field says nothing about another."""
    calls = [
        itnio(cost=Decimal("0.1"), rate=Decimal("0.12345")),
        itnio(cost=Decimal("0.001"), currency="EUR"),
        itnio(cost=Decimal("0.00001"), source="nx-whatsapp"),
    ]
    terms = units(*calls).sort("_unit_cost", descending=True)
    assert terms["_unit_cost"].to_list() == [10**9, 10**7, 10**5]
    assert terms["_unit_rate"].to_list() == [10**5, 10**6, 10**6]


@pytest.mark.parametrize("rating", [ck.Rating(per_seconds="block"), ck.Rating(per_seconds=10**15)])
def test_huge_costs_do_not_wrap_around_into_a_fit(rating):
    """A cost so large that the test for hidden digits would leave 128 bits is an error, not a hidden digit."""
    # 2^128 divided by the unit comes back to zero in 128 bits.
    wrapped = Decimal(2**128 // 10**15).scaleb(-10)
    call = itnio(bill_period=f"{10**15 - 1}+{10**15 - 1}", cost=wrapped, rate=Decimal(0))
    result = ck.reconcile(numbered(call), rating=rating)
    assert result.facts.shortened.is_empty()
    assert "cost" in result.findings["check"].to_list()
