"""Every call with what it should have cost, and how it gets from the one amount to the other.

The running value of a call goes from what was billed to what was due, one step at a time; a step's amount is the value
before it minus the value after it. All of it is integer arithmetic in units of 10⁻¹⁰ (columns that begin with an
underscore), so that the steps of every call add up exactly.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from callkit.billing import DIGITS, cost_units, money_of, rounded_units, seconds_charged, units_of
from callkit.reconciliation.contract import by_deck, due_increments, rate_differs, with_deck
from callkit.reconciliation.doubles import KEY as DOUBLE_KEY
from callkit.reconciliation.precision import KEY, SCHEMA, is_tie, shortened_rates

if TYPE_CHECKING:
    from decimal import Decimal

    from callkit.billing import Rating
    from callkit.reconciliation.facts import Facts

STEPS = ("double_billed", "unanswered", "arithmetic", "rounding", "duration", "increments", "rate")
"""The steps of the bridge in their order."""

COMPUTED = ("expected_charged_duration", "expected_rate", "expected_cost", "cost_difference", "verdict")
"""The columns that reconciliation adds to the records."""

# Products of these stay under 2^127.
_MOST_UNITS = 10 ** (15 + DIGITS)
_MOST_SECONDS = 10**10

MOST_MONEY = 10 ** (18 + DIGITS)
"""Larger amounts are beyond all sense: up to here ten thousand million of them can be added within 128 bits."""

_NOTHING = pl.lit(0, pl.Int128)


def answered() -> pl.Expr:
    """Whether anybody talked; null where the talk time is unknown. Vendors' status codes do not agree on success."""
    return pl.col("call_duration") > 0


def step_column(step: str) -> str:
    """Name the ledger's column that holds a step's amount."""
    return f"_{step}"


def step_amount(step: str) -> pl.Expr:
    """A step's amount as MONEY."""
    return money_of(pl.col(step_column(step)))


def verifiable() -> pl.Expr:
    """Whether the call's chain could be computed to its end."""
    return pl.col("_expected").is_not_null()


def beyond_tolerance(facts: Facts) -> pl.Expr:
    """Whether a cost lies farther from C(r, s) than rounding, or digits that the vendor does not show, can explain."""
    off = (pl.col("_billed") - pl.col("_own")).abs()
    if facts.asked.tolerance is not None:
        return off > pl.lit(in_units(facts.asked.tolerance), pl.Int128)
    beyond = (off > pl.col("_unit_cost") // 2) & ~pl.col("_shortened").fill_null(value=False)
    if facts.basis == "given":
        return beyond
    # Which way a vendor rounds a tie may be open; a cost half a unit off the exact quotient contradicts nothing.
    return beyond & ~facts.rated(is_tie).fill_null(value=False)


def in_units(amount: Decimal | int | str) -> int:
    """An amount in units of 10⁻¹⁰; by a fraction, because a caller's decimal context may keep only a few digits."""
    return int(Fraction(amount) * 10**DIGITS)


def ledger(cdrs: pl.LazyFrame, facts: Facts) -> pl.LazyFrame:
    """Add to the records what they should have cost, and the amount of every step."""
    return _judged(_with_doubles(cdrs, facts), facts)


def judged_charges(facts: Facts) -> pl.DataFrame:
    """Do the same for the distinct charges, each of them once for all of its calls."""
    return _judged(facts.charges.lazy(), facts).collect()


def with_shortened(facts: Facts) -> Facts:
    """Add to the facts what only the recomputed costs can tell: the rates shown with fewer digits than used."""
    if facts.asked.tolerance is not None:
        return replace(facts, shortened=SCHEMA.to_frame())
    single = facts.charges.lazy().filter(answered(), pl.col("_double_of").is_null())
    return replace(facts, shortened=shortened_rates(_valued(single, facts), facts))


def _judged(calls: pl.LazyFrame, facts: Facts) -> pl.LazyFrame:
    compared = _with_shortened(_valued(calls, facts), facts).with_columns(_rate_differs=_against_deck(facts))
    return compared.with_columns(_steps(facts)).with_columns(_answers())


def _valued(calls: pl.LazyFrame, facts: Facts) -> pl.LazyFrame:
    return (
        with_deck(_with_ratings(calls, facts), facts)
        .join(facts.bill_periods.lazy(), on="bill_period", how="left")
        .join(facts.terms.lazy(), on=["source", "currency"], how="left", nulls_equal=True)
        .with_columns(_charges(facts))
        .with_columns(_expected_seconds(facts))
        .with_columns(_values(facts))
        .with_columns(
            pl.when(pl.col(name).abs() <= MOST_MONEY).then(name).alias(name) for name in _values_of(facts)
        )
    )


# What is nearly always empty is not joined: a join costs the same for no row as for many.


def _with_ratings(cdrs: pl.LazyFrame, facts: Facts) -> pl.LazyFrame:
    if len(facts.ratings) == 1 and facts.asked.rate_deck is None:
        return cdrs
    groups = ["source", "currency", "bill_period", "direction"]
    return cdrs.join(facts.rated_by.lazy(), on=groups, how="left", nulls_equal=True)


def _with_doubles(cdrs: pl.LazyFrame, facts: Facts) -> pl.LazyFrame:
    """Mark the doubles. Joined by id, which is one column; the rest of the key is compared where the id is found."""
    marked, layers = cdrs, facts.doubles
    names = {name: f"_of_{name}" for name in DOUBLE_KEY if name != "call_id"}
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(of)) for name, of in names.items())
    while layers.height:
        layer = layers.unique("call_id", keep="first", maintain_order=True)
        layers = layers.join(layer, on=DOUBLE_KEY, how="anti", nulls_equal=True)
        found = layer.rename({**names, "_double_of": "_found"}).with_columns(_by_id=True)
        known = pl.col("_double_of") if "_double_of" in marked.collect_schema() else pl.lit(None, pl.String)
        marked = (
            marked.join(found.lazy(), on="call_id", how="left")
            .with_columns(
                pl.coalesce(known, pl.when(pl.col("_by_id") & same).then("_found")).alias("_double_of")
            )
            .drop(*names.values(), "_found", "_by_id")
        )
    return marked if marked is not cdrs else cdrs.with_columns(pl.lit(None, pl.String).alias("_double_of"))


def _with_shortened(valued: pl.LazyFrame, facts: Facts) -> pl.LazyFrame:
    if facts.shortened.is_empty():
        return valued.with_columns(pl.lit(None, pl.Boolean).alias("_shortened"))
    shortened = facts.shortened.lazy().select(*KEY, "_shortened")
    return valued.join(shortened, on=KEY, how="left", nulls_equal=True)


def _charges(facts: Facts) -> list[pl.Expr]:
    """S(d, p), what was billed, and the fee of a failed attempt."""
    due = facts.rated(
        lambda rating: seconds_charged(
            pl.col("call_duration"), pl.col("_first"), pl.col("_step"), rating.increments
        )
    )
    stated = pl.lit(in_units(facts.rating.attempt_fee), pl.Int128)
    fee = stated if facts.basis == "given" else pl.col("_attempt_fee").fill_null(0)
    return [
        pl.when(~answered()).then(pl.lit(0, pl.Int64)).otherwise(due).alias("_seconds"),
        units_of(pl.col("cost")).alias("_billed"),
        fee.alias("_fee"),
    ]


def _expected_seconds(facts: Facts) -> pl.Expr:
    """S(d, P): by the bill period that the deck states, else by the record's."""
    if facts.asked.rate_deck is None:
        return pl.col("_seconds").alias("expected_charged_duration")
    first, step = due_increments()
    due = facts.rated(lambda rating: seconds_charged(pl.col("call_duration"), first, step, rating.increments))
    return pl.when(~answered()).then(pl.lit(0, pl.Int64)).otherwise(due).alias("expected_charged_duration")


def cost_of(seconds: pl.Expr, facts: Facts, increments: tuple[pl.Expr, pl.Expr] | None = None) -> pl.Expr:
    """C(r, seconds) by the record's own rate; without one, the record's cost in proportion to its seconds.

    `increments` are those of the bill period, the record's by default: a rate can be the price of a block.
    """
    by = increments or (pl.col("_first"), pl.col("_step"))
    return facts.rated(lambda rating: _cost_by(rating, seconds, by))


def _cost_by(rating: Rating, seconds: pl.Expr, increments: tuple[pl.Expr, pl.Expr]) -> pl.Expr:
    charged, billed = pl.col("charged_duration"), pl.col("_billed")
    in_bounds = (billed.abs() <= _MOST_UNITS) & (seconds <= _MOST_SECONDS)
    in_proportion = rounded_units(
        billed * seconds.cast(pl.Int128),
        # Polars evaluates every branch of a when: keep the divisor positive where the branch is not taken.
        pl.max_horizontal(charged, pl.lit(1, pl.Int64)).cast(pl.Int128),
        rating,
    )
    # As Int128, because the size of the least Int64 is no Int64.
    by_rate = cost_units(units_of(pl.col("rate")), seconds.cast(pl.Int128), rating, increments)
    return (
        pl.when(pl.col("rate").is_not_null())
        .then(by_rate)
        .when(charged <= 0)
        .then(None)
        .when(seconds == charged)
        .then(billed)
        .when(in_bounds)
        .then(in_proportion)
    )


def _values(facts: Facts) -> list[pl.Expr]:
    """The cost of the seconds that were charged, and of those that were due, by the record and by the deck."""
    return [value.alias(name) for name, value in _values_of(facts).items()]


def _values_of(facts: Facts) -> dict[str, pl.Expr]:
    seconds, expected = pl.col("_seconds"), pl.col("expected_charged_duration")
    by_record = {
        "_own": cost_of(pl.col("charged_duration"), facts),  # C(r, s)
        "_due": cost_of(seconds, facts),  # C(r, S(d, p))
    }
    if facts.asked.rate_deck is None:
        return by_record
    stepped = cost_of(expected, facts, due_increments())
    priced = pl.when(pl.col("_deck_rate").is_not_null())
    return by_record | {
        "_stepped": stepped,  # C(r, S(d, P))
        "_last": priced.then(by_deck(expected, facts)).otherwise(stepped),  # C(R, S(d, P))
        "_by_deck": by_deck(pl.col("charged_duration"), facts),  # C(R, s)
    }


def _against_deck(facts: Facts) -> pl.Expr:
    if facts.asked.rate_deck is None:
        return pl.lit(value=False)
    stated = facts.asked.tolerance
    tolerance = pl.col("_unit_cost") // 2 if stated is None else pl.lit(in_units(stated), pl.Int128)
    return rate_differs(facts, tolerance).fill_null(value=False)


def _steps(facts: Facts) -> list[pl.Expr]:
    billed, own, due = pl.col("_billed"), pl.col("_own"), pl.col("_due")
    # Without a deck the record's own bill period and rate stand.
    stepped, last = (due, due) if facts.asked.rate_deck is None else (pl.col("_stepped"), pl.col("_last"))
    doubled = pl.col("_double_of").is_not_null()
    failed = ~answered() & ~doubled
    known = pl.all_horizontal(value.is_not_null() for value in (billed, own, due, stepped, last))
    chain = answered() & ~doubled & known
    beyond = beyond_tolerance(facts)
    free = pl.col("found").fill_null(value=True) & billed.is_null() & (pl.col("_fee") == 0)
    expected = (
        pl.when(doubled & billed.is_not_null())
        .then(_NOTHING)
        .when(failed & (billed.is_not_null() | free))
        .then(pl.col("_fee"))
        .when(chain)
        .then(last)
    )
    amounts = {
        "double_billed": pl.when(doubled).then(billed),
        "unanswered": pl.when(failed).then(billed - pl.col("_fee")),
        "arithmetic": pl.when(chain & beyond).then(billed - own),
        "rounding": pl.when(chain & ~beyond).then(billed - own),
        "duration": pl.when(chain).then(own - due),
        "increments": _NOTHING,
        "rate": _NOTHING,
    }
    if facts.asked.rate_deck is not None:
        differs = pl.col("_rate_differs")
        # What is left between rates that agree as far as their digits show is rounding as well.
        dust = pl.when(chain & ~differs).then(stepped - last).fill_null(0)
        amounts |= {
            "rounding": amounts["rounding"].fill_null(0) + dust,
            "increments": pl.when(chain).then(due - stepped),
            "rate": pl.when(chain & differs).then(stepped - last),
        }
    return [
        expected.alias("_expected"),
        pl.when(expected.is_null()).then(billed).fill_null(0).alias("_unverified"),
        *(amount.fill_null(0).alias(step_column(step)) for step, amount in amounts.items()),
    ]


def _answers() -> list[pl.Expr]:
    """The columns of `COMPUTED`, as the user sees them."""
    difference = pl.col("_billed") - pl.col("_expected")
    said = pl.sum_horizontal(step_column(step) for step in STEPS if step != "rounding")
    return [
        pl.when(pl.col("found").fill_null(value=True)).then("expected_charged_duration"),
        pl.coalesce(money_of(pl.col("_deck_rate")), "rate").alias("expected_rate"),
        money_of(pl.col("_expected")).alias("expected_cost"),
        money_of(difference).alias("cost_difference"),
        pl.when(pl.col("_expected").is_null())
        .then(pl.lit("unverified"))
        .when((said == 0) | (difference == 0) | difference.is_null())
        .then(pl.lit("agrees"))
        .when(difference > 0)
        .then(pl.lit("overcharged"))
        .otherwise(pl.lit("undercharged"))
        .alias("verdict"),
    ]
