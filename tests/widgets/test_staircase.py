"""The staircase widget can be driven by its traits, without a browser."""

from __future__ import annotations

import warnings

import polars as pl
import pytest

import callkit as ck


@pytest.fixture(scope="module")
def result() -> ck.Reconciliation:
    with ck.Sandbox(calls=1_000, seed=7) as sandbox, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the vendor's doubled ids are not the matter here
        return ck.reconcile(sandbox.itnio_voice().fetch(*sandbox.period))


def test_the_bill_period_with_the_most_overcharges_comes_first(result: ck.Reconciliation) -> None:
    """What is worth looking at is shown without a click."""
    view = ck.widgets.StaircaseView(result)
    over = (
        result.cdrs.filter(
            pl.col("verdict") == "overcharged",
            pl.col("call_duration") > 0,
            pl.col("expected_charged_duration").is_not_null(),
        )
        .group_by("bill_period")
        .len()
        .sort("len", descending=True)
    )
    assert view.bill_period.value == over["bill_period"][0]
    assert view.chart.chart.title.text == f"Bill period {view.bill_period.value}"


def test_choosing_a_bill_period_changes_the_chart_in_place(result: ck.Reconciliation) -> None:
    """The chart is mounted once and swapped, because each mounted chart brings its own renderer along."""
    view = ck.widgets.StaircaseView(result)
    mounted = view.chart
    for _, bill_period in view.bill_period.options:
        view.bill_period.value = bill_period
        assert view.chart is mounted
        assert view.chart.chart.title.text == f"Bill period {bill_period}"


def test_a_saved_notebook_keeps_a_picture(result: ck.Reconciliation) -> None:
    """Whoever opens the notebook without its widgets sees the chart as a PNG."""
    bundle = ck.widgets.StaircaseView(result)._repr_mimebundle_()
    assert bundle["image/png"].startswith(b"\x89PNG")


def test_nothing_to_draw_is_said(result: ck.Reconciliation) -> None:
    """A result without answered calls gives a sentence, not an error."""
    nothing = ck.reconcile(result.cdrs.filter(pl.col("call_duration") <= 0))
    (label,) = ck.widgets.StaircaseView(nothing).children
    assert "nothing to draw" in label.value
