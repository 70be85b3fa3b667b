from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

import callkit as ck
from callkit.billing import money_of, units_of
from callkit.reconciliation.settlement import quoted_in_settlement

amounts = st.decimals(-(10**6), 10**6, places=10) | st.decimals(-(10**18), 10**18, places=10)
rates = st.decimals(0, 2, places=4) | st.decimals(-1, 10**11, places=10)


@given(rows=st.lists(st.tuples(amounts, rates), min_size=1, max_size=20))
def test_division_by_the_exchange_rate(rows):
    """A quoted amount is divided exactly and rounded half-even once; what leaves all sense is null, never wrapped."""
    frame = pl.DataFrame(
        {
            "cost": pl.Series([cost for cost, _ in rows], dtype=ck.MONEY),
            "exchange_rate": pl.Series([rate for _, rate in rows], dtype=ck.MONEY),
        }
    )
    divided = frame.select(money_of(quoted_in_settlement(units_of(pl.col("cost"))))).to_series().to_list()
    for (cost, rate), quotient in zip(rows, divided, strict=True):
        exact = abs(Fraction(cost) / Fraction(rate)) if 0 < rate <= 10**10 else None
        if exact is None or exact > 10**18:
            assert quotient is None
        else:
            assert abs(Fraction(quotient)) == Fraction(round(exact * 10**10), 10**10)
            assert quotient == 0 or (quotient < 0) == (cost < 0)


def test_the_middle_goes_to_the_even_digit():
    """Exactly half of the last digit is rounded to the even one, on either side of zero."""
    frame = pl.DataFrame(
        {
            "cost": pl.Series([Decimal(n).scaleb(-10) for n in (1, 3, -1, -3)], dtype=ck.MONEY),
            "exchange_rate": pl.Series([Decimal(2)] * 4, dtype=ck.MONEY),
        }
    )
    assert frame.select(quoted_in_settlement(units_of(pl.col("cost")))).to_series().to_list() == [0, 2, 0, -2]
