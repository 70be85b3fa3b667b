"""The bars of the bridge cover exactly what it says, above zero, below it, and across."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import callkit as ck
from callkit.cdr import MONEY
from callkit.export.bridge_sheet import COLORS, _stretch
from callkit.export.waterfall import Bar, axis_start, bars
from callkit.reconciliation.bridge import SETTLED_ROWS
from export.packs import result, rows, sheets
from reconciliation.calls import itnio

amounts = st.decimals(-(10**9), 10**9, places=6, allow_nan=False)
bridges = st.lists(amounts, min_size=len(SETTLED_ROWS), max_size=len(SETTLED_ROWS))


def drawn(told: list[Decimal]) -> list[Bar]:
    return bars(pl.DataFrame({"step": SETTLED_ROWS, "amount": pl.Series(told, dtype=MONEY)}))


@given(bridges)
def test_bars_lead_from_billed_to_expected(told: list[Decimal]) -> None:
    """Each bar begins where the one before ends; the first is what was billed, the last what was expected."""
    first, *steps, last = drawn(told)
    assert first.end == sum(told)
    assert (last.start, last.end) == (0, told[-1])
    at = first.end
    for bar in steps:
        assert bar.start == at
        assert bar.start - bar.end == bar.amount != 0
        at = bar.end
    assert at == last.end


@given(bridges)
def test_what_is_stacked_is_what_is_meant(told: list[Decimal]) -> None:
    """The unseen part and the seen ones stack up to the bar's two ends, on either side of zero."""
    for bar in drawn(told):
        above = [_stretch(bar, name) for name in ("under", *COLORS)]
        below = [_stretch(bar, f"{name}, below zero") for name in ("under", *COLORS)]
        low, high = sorted((float(bar.start), float(bar.end)))
        assert min(above) >= 0
        assert max(below) <= 0
        assert sum(above) == pytest.approx(max(high, 0), rel=1e-9, abs=1e-9)
        assert sum(below) == pytest.approx(min(low, 0), rel=1e-9, abs=1e-9)
        drawn_length = sum(above[1:]) - sum(below[1:])
        assert drawn_length == pytest.approx(float(abs(bar.end - bar.start)), rel=1e-9, abs=1e-9)


@given(bridges)
def test_the_axis_cuts_nothing_off(told: list[Decimal]) -> None:
    """Where the axis begins above zero, every bar ends above its beginning."""
    made = drawn(told)
    start = axis_start(made)
    assert start >= 0
    assert start == 0 or all(float(bar.end) >= start for bar in made)


def test_refunds_are_drawn_below_zero(tmp_path: Path) -> None:
    """A bill of credits is drawn as well, and the chart's numbers say so."""
    made = result(itnio(cost=Decimal("-0.05")), itnio(cost=Decimal("-0.5"), rate=Decimal("-0.8333")))
    told = rows(sheets(made.to_excel(tmp_path / "a.xlsx"))["chart data"])
    assert told[0]["step"].startswith("Billed\n−0.55")
    assert told[0]["total, below zero"] == pytest.approx(-0.55)


def test_no_call_no_chart(tmp_path: Path) -> None:
    """Where nothing was billed there is nothing to draw, and the bridge says so."""
    told = sheets(ck.reconcile(result(itnio()).cdrs.clear()).to_excel(tmp_path / "a.xlsx"))
    assert told["bridge"]["A1"].value == "Nothing was billed."
    assert "chart data" not in told


@given(bridges)
def test_a_bar_is_as_long_as_its_amount(told: list[Decimal]) -> None:
    """What a bar is drawn with is the exact amount, to the last digit that a workbook can hold."""
    for bar in drawn(told):
        pieces = [_stretch(bar, f"{bar.part}{below}") for below in ("", ", below zero")]
        if 0 in pieces:
            assert abs(sum(pieces)) == float(abs(bar.end - bar.start))
