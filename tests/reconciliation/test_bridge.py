from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import callkit as ck
from callkit.reconciliation.bridge import QUOTED_ROWS, SETTLED_ROWS
from reconciliation.calls import (
    RATINGS,
    cdrs,
    failed,
    itnio,
    missing,
    numbered,
    random_calls,
    settled,
    whatsapp,
)

SCHEMA = pl.Schema(
    {"basis": pl.String, "currency": pl.String, "step": pl.String, "calls": pl.Int64, "amount": ck.MONEY}
)


def amounts(result: ck.Reconciliation, basis: str = "quoted") -> dict[str, Decimal]:
    """What is not zero, of a single currency."""
    rows = result.bridge.filter(pl.col("basis") == basis, pl.col("amount") != 0)
    return {row["step"]: row["amount"] for row in rows.iter_rows(named=True)}


def exact(frame: pl.DataFrame, amount: str, *by: str) -> dict[tuple[object, ...], Fraction]:
    sums: dict[tuple[object, ...], Fraction] = {}
    for row in frame.iter_rows(named=True):
        key = tuple(row[name] for name in by)
        sums[key] = sums.get(key, Fraction(0)) + Fraction(row[amount] or 0)
    return {key: total for key, total in sums.items() if total}


@settings(max_examples=6, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    size=st.integers(1, 60),
    seed=st.integers(0, 10**6),
    rating=st.none() | st.sampled_from(RATINGS),
    tolerance=st.sampled_from([None, "0", "0.01"]),
)
def test_billed_is_the_sum_of_all_rows(size, seed, rating, tolerance):
    """Billed = steps + unverified + expected, exactly: in total, per group and per call, quoted and settled."""
    frame = cdrs(*random_calls(size, seed, rating or ck.Rating()))
    result = ck.reconcile(frame, rating=rating, tolerance=tolerance)
    records = result.cdrs
    for basis, cost in (("quoted", "cost"), ("settled", "settle_cost")):
        of_basis = pl.col("basis") == basis
        by_currency = ["currency"] if basis == "quoted" else []
        assert exact(result.bridge.filter(of_basis), "amount", *by_currency) == exact(
            records, cost, *by_currency
        )
        for group in (
            ["destination"],
            ["bill_period", "source"],
            ["call_id", "source"],
            ["verdict", "found"],
        ):
            bridged = result.bridge_by(*group).filter(of_basis)
            assert exact(bridged, "amount", *group, *by_currency) == exact(
                records, cost, *group, *by_currency
            )


def test_the_rows_and_their_order():
    """Every step is a row, also where it is zero, in its order, quoted before settled, by currency."""
    bridge = ck.reconcile(numbered(itnio(), settled(), whatsapp(currency="CHF"), itnio(currency=None))).bridge
    assert bridge.schema == SCHEMA
    told = bridge.select("basis", "currency", "step").rows()
    quoted = [("quoted", currency, step) for currency in ("CHF", "EUR", "USD", None) for step in QUOTED_ROWS]
    assert told == [*quoted, *[("settled", "USD", step) for step in SETTLED_ROWS]]
    assert QUOTED_ROWS[-2:] == ("unverified", "expected")
    assert SETTLED_ROWS[0] == "settlement"


def test_each_step_stands_for_its_cause():
    """A call with two faults has two steps, taken one after the other; what is within tolerance is rounding."""
    over = itnio(charged_duration=42, cost=Decimal("0.10001"))  # 42 s are worth 0.09331, 36 s 0.07998
    assert amounts(ck.reconcile(numbered(over))) == {
        "arithmetic": Decimal("0.0067"),
        "duration": Decimal("0.01333"),
        "expected": Decimal("0.07998"),
    }
    near = itnio(cost=Decimal("0.079985"))
    assert amounts(ck.reconcile(numbered(near), tolerance="0.000005")) == {
        "rounding": Decimal("0.000005"),
        "expected": Decimal("0.07998"),
    }
    assert "arithmetic" in amounts(ck.reconcile(numbered(near), tolerance="0.0000049999"))


def test_what_cannot_be_computed_is_unverified():
    """The whole of a billed amount stands in `unverified` where any link of its chain is missing."""
    for lacking in ({"bill_period": None}, {"call_duration": None}, {"charged_duration": None}):
        result = ck.reconcile(numbered(itnio(**lacking)))
        assert amounts(result) == {"unverified": Decimal("0.07998")}
        assert result.cdrs["expected_cost"].item() is None
        assert result.cdrs["verdict"].item() == "unverified"


def test_doubles_and_failures_stop_the_chain():
    """A double is taken back whole and a failed call down to the attempt fee; nothing else is asked of them."""
    twice = [
        itnio(call_id="1"),
        itnio(call_id="2", charged_duration=60, cost=Decimal("0.2"), bill_period="?"),
    ]
    assert amounts(ck.reconcile(cdrs(*twice))) == {
        "double_billed": Decimal("0.2"),
        "expected": Decimal("0.07998"),
    }
    charged = failed(cost=Decimal("0.05"), charged_duration=60, bill_period=None)
    assert amounts(ck.reconcile(numbered(charged))) == {"unanswered": Decimal("0.05")}
    assert amounts(ck.reconcile(numbered(charged), rating=ck.Rating(attempt_fee="0.02"))) == {
        "unanswered": Decimal("0.03"),
        "expected": Decimal("0.02"),
    }


def test_the_calls_of_a_row():
    """A row counts the calls that have an amount in it; `expected` those that could be verified."""
    calls = [itnio(), itnio(cost=Decimal("0.1")), itnio(bill_period=None), failed(), missing()]
    counted = dict(ck.reconcile(numbered(*calls)).bridge.select("step", "calls").iter_rows())
    assert counted == dict.fromkeys(QUOTED_ROWS, 0) | {"arithmetic": 1, "unverified": 1, "expected": 3}


def test_settled_amounts_are_bridged_beside():
    """On the settled basis each value is divided by the exchange rate, after the step of the settlement itself."""
    result = ck.reconcile(numbered(settled(settle_cost=Decimal("0.1"))))
    exchanged = Decimal("0.0852665245")  # 0.07998 / 0.938, half-even at ten decimals
    assert amounts(result) == {"expected": Decimal("0.07998")}
    assert amounts(result, "settled") == {
        "settlement": Decimal("0.1") - exchanged,
        "expected": exchanged,
    }


@pytest.mark.parametrize(
    "lacking",
    [{"exchange_rate": None}, {"exchange_rate": Decimal(0)}, {"exchange_rate": Decimal(-1)}, {"cost": None}],
)
def test_what_cannot_be_settled_is_unverified(lacking):
    """Without a usable exchange rate or a quoted cost the settled amount is unverified, whole."""
    result = ck.reconcile(numbered(settled(**lacking)))
    assert amounts(result, "settled") == {"unverified": Decimal("0.085267")}


def test_huge_amounts_do_not_wrap_around():
    """A settled value that would leave 128 bits is unverified; the sum of the largest amounts is right."""
    huge = settled(cost=Decimal(10) ** 18, settle_cost=Decimal(10) ** 18, exchange_rate=Decimal("1e-10"))
    result = ck.reconcile(numbered(*[huge] * 3))
    assert amounts(result, "settled") == {"unverified": 3 * Decimal(10) ** 18}
    assert sum(amounts(result).values()) == 3 * Decimal(10) ** 18


def test_groups():
    """A grouped bridge has the groups' columns first, sorted, and all columns of the records can group."""
    result = ck.reconcile(numbered(itnio(), itnio(destination=None), whatsapp(), settled()))
    grouped = result.bridge_by("source", "destination")
    assert grouped.columns == ["source", "destination", *SCHEMA]
    assert grouped.select("source", "destination").unique(maintain_order=True).rows() == [
        ("itnio-voice", "Germany(Mobile)"),
        ("itnio-voice", None),
        ("nx-whatsapp", None),
    ]
    assert result.bridge_by("currency").equals(result.bridge)
    assert result.bridge_by("source", "currency", "source").equals(result.bridge_by("source"))
    assert "overcharged" not in result.bridge_by("verdict")["verdict"].to_list()


def test_wrong_groups_are_refused():
    """An unknown column, none at all, or one that the bridge has itself raises and says what there is."""
    result = ck.reconcile(cdrs(itnio(step="1")))
    with pytest.raises(ValueError, match="got 'destinations'; there are source, call_id"):
        result.bridge_by("destinations")
    with pytest.raises(ValueError, match="got none"):
        result.bridge_by()
    with pytest.raises(ValueError, match="the bridge has a column 'step' of its own"):
        result.bridge_by("step")
