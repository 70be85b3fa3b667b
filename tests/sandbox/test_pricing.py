"""The sandbox's own arithmetic."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callkit.sandbox.pricing import MINUTE, UNIT, Tariff, charged_seconds, divide, tariff_of, text

MODES = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "up": ROUND_UP, "down": ROUND_DOWN}


@given(st.integers(0, 10**14), st.integers(1, 1_000), st.sampled_from(sorted(MODES)))
def test_division_rounds_once(numerator: int, denominator: int, rounding: str) -> None:
    """A quotient is rounded as `decimal` rounds it."""
    exact = Decimal(numerator) / Decimal(denominator)
    assert divide(numerator, denominator, rounding) == int(exact.quantize(Decimal(1), MODES[rounding]))  # type: ignore[arg-type]  # drawn names


@pytest.mark.parametrize(
    ("talk", "period", "charged"),
    [(5, (6, 6), 6), (20, (6, 6), 24), (31, (6, 6), 36), (55, (6, 6), 60), (13, (20, 20), 20), (21, (20, 20), 40),
     (31, (30, 6), 36), (45, (30, 6), 48), (83, (60, 10), 90), (61, (60, 6), 66), (61, (60, 1), 61),
     (64, (60, 60), 120), (0, (60, 60), 0)],
)  # fmt: skip
def test_charged_seconds(talk: int, period: tuple[int, int], charged: int) -> None:
    """The examples of the contract come out."""
    assert charged_seconds(talk, *period) == charged


def test_costs() -> None:
    """45 s on 30+6 at 0.05 a minute cost 0.04, 64 s on 60+60 at 0.055 cost 0.11."""
    assert text(MINUTE.cost(5 * UNIT // 100, 48, 6)) == "0.04"
    assert text(MINUTE.cost(55 * UNIT // 1000, 120, 60)) == "0.11"


@given(st.integers(0, 10**10), st.integers(1, 7_200))
def test_a_fee_and_a_block(rate: int, seconds: int) -> None:
    """A connect fee comes on top once, and a block is the bill period's second number."""
    tariff = Tariff("block", 6, "half_up", 20_000_000)
    exact = (Fraction(20_000_000) + Fraction(rate * seconds, 20)) / 10_000
    assert abs(Fraction(tariff.cost(rate, seconds, 20), 10_000) - exact) <= Fraction(1, 2)
    assert tariff.cost(rate, 0, 20) == 0


def test_seeds_have_tariffs() -> None:
    """Seed 7 is conventional; others vary in unit, decimals, rounding and fee."""
    assert tariff_of(7) == MINUTE == Tariff(60, 6, "half_up", 0)
    drawn = [tariff_of(seed) for seed in range(50)]
    assert {tariff.per_seconds for tariff in drawn} == {1, 60, 3600, "block"}
    assert {tariff.decimals for tariff in drawn} == {4, 5, 6}
    assert {tariff.rounding for tariff in drawn} == set(MODES)
    assert 0 < sum(tariff.connect_fee > 0 for tariff in drawn) < 50


@given(st.integers(-(10**15), 10**15))
def test_text_is_exact(amount: int) -> None:
    """Money written down and read again is the same money."""
    assert Decimal(text(amount)) * UNIT == amount
