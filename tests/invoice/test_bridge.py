"""From the invoice's total to what was due, exactly, whatever is on the invoice and in the records."""

from __future__ import annotations

# ruff: noqa: DTZ001 - what a wall clock shows has no zone
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import callkit as ck
from callkit.invoice.bridge import BRIDGE, TIE_OUT_STEPS
from invoice.bills import bill, line, month, on, sums
from reconciliation.calls import cdrs, numbered, random_calls

D = Decimal
CALL = {"calls": 1, "charged_seconds": 36, "amount": D("0.07998")}


def amounts(tied: ck.TieOut, currency: str | None) -> dict[tuple[str, str], Decimal]:
    rows = tied.bridge.filter(pl.col("currency").eq_missing(currency))
    return {(part, step): amount for part, step, amount in rows.select("part", "step", "amount").rows()}


def check(tied: ck.TieOut) -> None:
    """The identities of every currency, and that every frame's rows add up to the same."""
    assert tied.bridge.schema == BRIDGE
    for currency in tied.bridge["currency"].unique():
        found = amounts(tied, currency)
        between = {part: sum(value for (of, _), value in found.items() if of == part) for part, _ in found}
        invoice, billed, expected = (found["total", step] for step in ("invoice", "billed", "expected"))
        assert invoice == between["tie_out"] + billed
        assert billed == between["reconciliation"] + expected
        own = tied.invoice.lines.filter(currency=currency) if currency else tied.invoice.lines.head(0)
        assert invoice == own["amount"].sum()
        calls = dict(
            tied.bridge.filter(pl.col("currency").eq_missing(currency)).select("step", "calls").rows()
        )
        assert calls["billed"] == calls["unverified"] + calls["expected"]
    for frame in (
        tied.totals,
        tied.destinations,
        pl.concat([tied.lines, tied.calls], how="diagonal"),
        tied.days,
    ):
        odd = frame.filter(
            pl.col("invoice_amount")
            != pl.col("cdr_amount") + pl.col("amount_difference") + pl.col("rounding")
        )
        assert odd.is_empty()
        if frame is not tied.days:
            for column in ("invoice_amount", "cdr_amount", "amount_difference", "rounding"):
                assert frame[column].sum() == tied.totals[column].sum()


def test_every_kind_of_line_has_its_step() -> None:
    """A fee, a tax, a credit, a phantom, a forgotten call, rounding and a wrong sum stand in rows of their names."""
    calls = numbered(
        on(3), on(4, destination="France"), on(5, destination="Chile"), on(6, destination="Peru")
    )
    invoice = bill(
        line(**CALL | {"amount": D("0.08")}),
        line(**CALL | {"destination": "France", "amount": D("0.10")}),
        line(**CALL | {"destination": "Nepal", "amount": D("0.30")}),
        line(**CALL | {"destination": "Peru", "amount": D("0.08")}),
        line(kind="fee", amount=D(5)),
        line(kind="tax", amount=D("1.07")),
        line(kind="credit", amount=D("-0.50")),
        line(kind="other", amount=D("0.01")),
    )
    tied = ck.tie_out(calls, invoice)
    check(tied)
    found = amounts(tied, "USD")
    assert [step for part, step in found if part == "tie_out"] == list(TIE_OUT_STEPS)
    assert [found["tie_out", step] for step in TIE_OUT_STEPS] == [
        D(5),
        D("1.07"),
        D("-0.50"),
        D("0.01"),
        D("0.30"),
        D("-0.07998"),
        D("0.00004"),
        D("0.02002"),
    ]
    assert found["total", "invoice"] == D("6.14")
    assert found["total", "billed"] == found["total", "expected"] == D("0.31992")
    assert tied.bridge.filter(step="fee")["lines"].to_list() == [1]
    assert tied.bridge.filter(step="only_in_cdrs")["calls"].to_list() == [1]


def test_the_second_half_is_the_reconciliations_own() -> None:
    """The steps from billed to expected are those of the calls of the period, by the given reconciliation's rating."""
    wrong = on(4, charged_duration=42, cost=D("0.09331"))
    calls = numbered(on(3), wrong, on(-3, charged_duration=42, cost=D("0.09331")))
    result = ck.reconcile(calls, rating=ck.Rating())
    tied = ck.tie_out(result, bill(line(calls=2, charged_seconds=78, amount=D("0.17329"))))
    check(tied)
    found = amounts(tied, "USD")
    assert tied.reconciliation is result
    assert found["reconciliation", "duration"] == D("0.01333")
    assert found["total", "expected"] == D("0.15996")
    assert ck.tie_out(calls, bill(line())).bridge.filter(step="duration")["amount"].to_list() == [
        D("0.01333")
    ]


def test_the_reconciliations_frame_tells_the_sides_instead_of_the_steps() -> None:
    """Records that bring their expected cost are taken at their word: what was too much, too little, and unverified."""
    dear = on(4, charged_duration=42, cost=D("0.09331"))
    cheap = on(5, charged_duration=30, cost=D("0.06665"))
    unknown = on(6, bill_period="?")
    given = ck.reconcile(numbered(on(3), dear, cheap, unknown), rating=ck.Rating()).cdrs
    tied = ck.tie_out(given, bill(line(calls=4, amount=D("0.31992"))))
    check(tied)
    found = amounts(tied, "USD")
    assert tied.reconciliation is None
    assert found["reconciliation", "overcharged"] == D("0.01333")
    assert found["reconciliation", "undercharged"] == D("-0.01333")
    assert found["reconciliation", "unverified"] == D("0.07998")


def test_a_rate_deck_is_part_of_the_bridge() -> None:
    """A reconciliation against a deck carries the step of the rate into the invoice's bridge."""
    deck = ck.RateDeck.read(
        pl.DataFrame({"prefix": ["4915"], "destination": ["Germany"], "rate": ["0.1"], "currency": ["USD"]})
    )
    result = ck.reconcile(numbered(on(3)), rating=ck.Rating(), rate_deck=deck)
    tied = ck.tie_out(result, bill(line(**CALL)))
    check(tied)
    assert amounts(tied, "USD")["reconciliation", "rate"] == D("0.01998")


def test_calls_of_the_bridge_are_the_billed_ones() -> None:
    """Both halves count the same calls, whatever the population: those with a cost, and those that await theirs."""
    failed = {"call_duration": 0, "charged_duration": 0}
    calls = [on(3), on(4, **failed, cost=D(0)), on(5, **failed, cost=None), on(6, cost=None)]
    calls += [on(7, **failed, cost=D(0), destination="Chile")]
    invoice = bill(line(**CALL | {"amount": D("0.30")}))
    result = ck.reconcile(numbered(*calls), rating=ck.Rating())
    for judged in (result, result.cdrs):
        tied = ck.tie_out(judged, invoice, population="charged")
        check(tied)
        calls_of = dict(tied.bridge.filter(calls=pl.col("calls")).select("step", "calls").rows())
        assert (calls_of["billed"], calls_of["unverified"], calls_of["expected"]) == (4, 1, 3)
        assert calls_of["differences"] == 3


def test_a_currency_of_the_invoice_alone_is_bridged_too() -> None:
    """A currency in which nobody called goes from its total to a billed amount of nothing."""
    tied = ck.tie_out(numbered(on(3)), bill(line(**CALL), line(currency="GBP", amount=D(7))))
    check(tied)
    found = amounts(tied, "GBP")
    assert (found["total", "invoice"], found["tie_out", "only_on_invoice"]) == (D(7), D(7))
    assert found["total", "billed"] == found["total", "expected"] == D(0)


_LINE = st.fixed_dictionaries(
    {
        "currency": st.sampled_from(["USD", "EUR", "JPY", "GBP"]),
        "destination": st.sampled_from(["Germany(Mobile)", "GERMANY (Mobile)", "France", "", None]),
        "kind": st.sampled_from(["usage"] * 5 + ["fee", "tax", "credit", "other"]),
        "amount": st.decimals(-50, 50, places=3).map(lambda amount: round(amount, 3)),
        "calls": st.none() | st.integers(0, 9),
        "charged_seconds": st.none() | st.integers(0, 900),
        "charged_minutes": st.none() | st.decimals(0, 90, places=2).map(lambda minutes: round(minutes, 2)),
        "call_id": st.none() | st.none() | st.integers(0, 70).map("id-{:06}".format),
        "first": st.integers(0, 40),
        "days": st.integers(1, 40),
    }
)


def placed(drawn: dict[str, Any], first: datetime) -> dict[str, Any]:
    stated = {name: value for name, value in drawn.items() if name not in ("first", "days")}
    start = first + timedelta(days=drawn["first"])
    return line(**stated, period_start=start, period_end=start + timedelta(days=drawn["days"]))


# To shrink an example of so many calls takes minutes and tells little.
@settings(
    max_examples=10,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(
    lines=st.lists(_LINE, min_size=1, max_size=12),
    seed=st.integers(0, 10**6),
    zone=st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York"]),
    clock=st.sampled_from(["auto", "submitted", "answered", "ended"]),
    population=st.sampled_from(["auto", "all", "answered", "charged"]),
    form=st.sampled_from(["raw", "lazy", "result", "frame"]),
)
def test_the_bridge_is_exact_under_any_mix(
    lines: list[dict[str, Any]], *, seed: int, zone: str, clock: Any, population: Any, form: str
) -> None:
    """Any lines against any calls with anything wrong with them: both halves of the bridge hold to the last digit."""
    calls = cdrs(*random_calls(60, seed, ck.Rating()))
    first = datetime(2026, 9, 20)
    invoice = bill(*(placed(each, first) for each in lines), period=("2026-09-20", "2026-10-20"))
    given = {"raw": calls, "lazy": calls.lazy()}.get(form)
    if given is None:
        result = ck.reconcile(calls)
        given = result if form == "result" else result.cdrs
    tied = ck.tie_out(given, invoice, tz=zone, clock=clock, population=population)
    check(tied)
    distinct = calls.unique()
    costs = [tied.totals["cdr_amount"].sum(), tied.outside["amount"].sum()]
    assert sum(costs) == distinct["cost"].sum()


@settings(max_examples=5)
@given(seed=st.integers(0, 10**6), daily=st.booleans())
def test_an_honest_invoice_leaves_nothing_between(seed: int, daily: bool) -> None:
    """The sums of all calls of the period, to the last digit: nothing stands between the invoice and the records."""
    calls = month(60, seed).filter(pl.col("currency").is_not_null())
    invoice = bill(
        *sums(calls.to_dicts(), "UTC", "auto", "all", daily=daily), period=("2026-09-01", "2026-10-01")
    )
    tied = ck.tie_out(calls, invoice)
    check(tied)
    assert tied.bridge.filter(pl.col("part") == "tie_out")["amount"].unique().to_list() in ([], [D(0)])
    assert tied.differences.is_empty()


def test_the_bridges_rows_are_in_order() -> None:
    """By currency: the invoice, what stands between, billed, the reconciliation's steps, unverified, expected."""
    tied = ck.tie_out(numbered(on(3)), bill(line(**CALL)))
    steps = tied.bridge["step"].to_list()
    assert steps[0] == "invoice"
    assert steps[len(TIE_OUT_STEPS) + 1] == "billed"
    assert steps[-2:] == ["unverified", "expected"]
    assert tied.bridge.filter(part="total")["step"].to_list() == ["invoice", "billed", "expected"]
