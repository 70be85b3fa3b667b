"""The staircase draws every disagreement, says what it leaves out, and refuses what it cannot draw."""

from __future__ import annotations

import json
import warnings

import polars as pl
import pytest

import callkit as ck


@pytest.fixture(scope="module")
def calls() -> pl.DataFrame:
    with ck.Sandbox(calls=1_000, seed=7) as sandbox, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the vendor's doubled ids are not the matter here
        return ck.reconcile(sandbox.itnio_voice().fetch(*sandbox.period)).cdrs


def rows_of(chart: dict) -> list[dict]:
    return [row for rows in chart["datasets"].values() for row in rows]


def test_a_staircase_draws_every_disagreement_within_its_bounds(calls: pl.DataFrame) -> None:
    """The points that stand out are exactly the calls of the bill period that do not agree."""
    drawn = ck.charts.staircase(calls, bill_period="60+60", up_to=3_600).to_dict()
    shown = {
        (row["call_duration"], row["charged_duration"], row["verdict"])
        for row in rows_of(drawn)
        if row.get("verdict", "agrees") != "agrees"
    }
    meant = calls.filter(
        pl.col("bill_period") == "60+60",
        pl.col("call_duration").is_between(1, 3_600),
        pl.col("charged_duration").is_not_null(),
        pl.col("verdict") != "agrees",
    )
    assert shown == set(meant.select("call_duration", "charged_duration", "verdict").iter_rows())
    assert shown


def test_the_steps_are_those_of_the_bill_period(calls: pl.DataFrame) -> None:
    """The line follows a+b second by second: the first step reaches to a, the next ones are b long."""
    drawn = ck.charts.staircase(calls, bill_period="30+6", up_to=45).to_dict()
    steps = {row["call_duration"]: row["charged_duration"] for row in rows_of(drawn) if "verdict" not in row}
    assert [steps[second] for second in (0, 1, 30, 31, 36, 37, 45)] == [0, 30, 30, 36, 36, 42, 48]


def test_what_is_not_shown_is_counted(calls: pl.DataFrame) -> None:
    """Calls longer than the chart is wide are not silently left out."""
    subtitle = ck.charts.staircase(calls, bill_period="60+60", up_to=30).to_dict()["title"]["subtitle"]
    longer = calls.filter(pl.col("bill_period") == "60+60", pl.col("call_duration") > 30).height
    assert f"{longer:,} longer than 30 s not shown" in subtitle


def test_a_chart_of_no_calls_says_so(calls: pl.DataFrame) -> None:
    """Nothing to draw is a picture that says that there is nothing to draw."""
    (row,) = rows_of(ck.charts.staircase(calls.clear(), bill_period="6+6").to_dict())
    assert row["said"] == "There is no answered call with this bill period."


def test_a_chart_names_no_caller(calls: pl.DataFrame) -> None:
    """A chart can be sent on: it holds counts, no telephone number and no id."""
    drawn = json.dumps(ck.charts.staircase(calls, bill_period="60+60").to_dict())
    numbers = calls.filter(pl.col("callee").is_not_null()).select("callee", "call_id").rows()
    assert not [text for row in numbers for text in row if text in drawn]


def test_one_call_is_ringed_where_it_lies(calls: pl.DataFrame) -> None:
    """The stairs of a call reach as far as the call, and a ring is drawn around its place."""
    drawn = ck.charts.staircase(calls, bill_period="60+60", call=(900, 960)).to_dict()
    (ring,) = [row for row in rows_of(drawn) if row.get("said") == "this call"]
    assert (ring["call_duration"], ring["charged_duration"]) == (900, 960)
    assert max(row["call_duration"] for row in rows_of(drawn) if "verdict" not in row) == 900


def test_amounts_of_two_currencies_stand_side_by_side(calls: pl.DataFrame) -> None:
    """One point of calls in two currencies names both differences and adds up neither."""
    two = calls.filter(pl.col("cost_difference") > 0, pl.col("call_duration") > 0).head(1)
    both = pl.concat([two.with_columns(currency=pl.lit(code)) for code in ("EUR", "USD")])
    drawn = ck.charts.staircase(both, bill_period=two["bill_period"][0], up_to=3_600).to_dict()
    (point,) = [row for row in rows_of(drawn) if "difference" in row]
    amount = f"{two['cost_difference'][0].normalize():f}"
    assert point["calls"] == 2
    assert point["difference"] == f"{amount} EUR, {amount} USD"


@pytest.mark.parametrize(("bill_period", "columns"), [("sixty", None), ("6+6", ["bill_period", "cost"])])
def test_what_cannot_be_drawn_is_refused(
    calls: pl.DataFrame, bill_period: str, columns: list[str] | None
) -> None:
    """A bill period that is not a+b and a frame without verdicts are errors that name what is wrong."""
    with pytest.raises(
        ValueError, match=r"bill_period must be a\+b|needs Reconciliation.cdrs; missing: call_duration"
    ):
        ck.charts.staircase(calls.select(columns or pl.all()), bill_period=bill_period)
