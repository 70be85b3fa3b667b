from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import callkit as ck
from callkit.billing import money_of, units_of
from callkit.reconciliation.settlement import quoted_in_settlement
from reconciliation.calls import itnio, numbered, settled

amounts = st.decimals(-(10**6), 10**6, places=10) | st.decimals(-(10**18), 10**18, places=10)
rates = st.decimals(0, 2, places=4) | st.decimals(-1, 10**11, places=10)
directions = st.sampled_from([True, False, None])


@given(rows=st.lists(st.tuples(amounts, rates, directions), min_size=1, max_size=20))
def test_conversion_by_the_exchange_rate(rows):
    """A quoted amount is converted exactly and rounded half-even once; what leaves all sense is null, never wrapped."""
    frame = pl.DataFrame(
        {
            "cost": pl.Series([cost for cost, _, _ in rows], dtype=ck.MONEY),
            "exchange_rate": pl.Series([rate for _, rate, _ in rows], dtype=ck.MONEY),
            "_inverse": pl.Series([inverse for _, _, inverse in rows], dtype=pl.Boolean),
        }
    )
    converted = frame.select(money_of(quoted_in_settlement(units_of(pl.col("cost"))))).to_series().to_list()
    for (cost, rate, inverse), result in zip(rows, converted, strict=True):
        exact = None
        if inverse:
            if 0 < rate <= 10**6 and abs(cost) <= 10**12:
                exact = abs(Fraction(cost) * Fraction(rate))
        elif 0 < rate <= 10**10 and abs(Fraction(cost) / Fraction(rate)) <= 10**18:
            exact = abs(Fraction(cost) / Fraction(rate))
        if exact is None:
            assert result is None
        else:
            assert abs(Fraction(result)) == Fraction(round(exact * 10**10), 10**10)
            assert result == 0 or (result < 0) == (cost < 0)


@pytest.mark.parametrize(("inverse", "rate"), [(False, "2"), (True, "0.5"), (None, "2")])
def test_the_middle_goes_to_the_even_digit(inverse, rate):
    """Exactly half of the last digit is rounded to the even one, on either side of zero, whichever way it is quoted."""
    frame = pl.DataFrame(
        {
            "cost": pl.Series([Decimal(n).scaleb(-10) for n in (1, 3, -1, -3)], dtype=ck.MONEY),
            "exchange_rate": pl.Series([Decimal(rate)] * 4, dtype=ck.MONEY),
            "_inverse": pl.Series([inverse] * 4, dtype=pl.Boolean),
        }
    )
    assert frame.select(quoted_in_settlement(units_of(pl.col("cost")))).to_series().to_list() == [0, 2, 0, -2]


def decided(*calls):
    """Which way each source and currency is found to be quoted: True where amounts are multiplied."""
    terms = ck.reconcile(numbered(*calls)).facts.terms
    return {
        (source, currency): inverse
        for source, currency, inverse in terms["source", "currency", "_inverse"].iter_rows()
    }


INVERSE = settled(exchange_rate=Decimal("1.066098"))
"""The same call at the same price, with dollars for one euro."""


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ([settled()] * 3, False),
        ([INVERSE] * 3, True),
        ([settled()] * 2, None),
        ([INVERSE] * 2, None),
        ([INVERSE] * 9 + [settled()], True),
        ([INVERSE] * 8 + [settled()], None),
        ([settled(exchange_rate=Decimal(1), settle_rate=None, settle_cost=Decimal("0.07998"))] * 9, None),
        ([settled(rate=None, settle_rate=None, exchange_rate=Decimal("1.066098"))] * 3, True),
        ([settled(cost=None, settle_cost=None, exchange_rate=Decimal("1.066098"))] * 3, True),
    ],
)
def test_the_records_show_which_way_the_rate_is_quoted(calls, expected):
    """Three calls that fit one way only, nine of ten that tell, by rates or costs; else nothing is decided."""
    assert decided(*calls)["itnio-voice", "EUR"] is expected


def test_a_currency_that_does_not_tell_follows_its_source():
    """One call in another currency is judged as its source quotes, another source is not."""
    pound = INVERSE | {"currency": "GBP"}
    elsewhere = INVERSE | {"source": "other"}
    found = decided(*[INVERSE] * 3, pound, elsewhere, itnio())
    assert found["itnio-voice", "GBP"] is True
    assert found["other", "EUR"] is None


def test_the_settled_basis_multiplies_where_the_rate_is_quoted_so():
    """The settled basis is converted by the decided direction, and its rows still add up to what was settled."""
    result = ck.reconcile(numbered(*[INVERSE] * 3))
    bridge = {
        row["step"]: row["amount"] for row in result.bridge.filter(basis="settled").iter_rows(named=True)
    }
    assert sum(bridge.values()) == 3 * Decimal("0.085267")
    assert bridge["expected"] == 3 * (Decimal("0.07998") * Decimal("1.066098")).quantize(Decimal("1e-10"))
