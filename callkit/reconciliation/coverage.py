"""How much of the billed money was verified, by what, and why the rest was not.

A record that agrees with itself is not yet a right one: only money that a rate deck or a stated rating was asked about
is verified by contract. Whatever was inferred from the records, or assumed, or derived from a record's own cost, is
self-consistent.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import polars as pl

from callkit.billing import DIGITS, increments, units_of
from callkit.cdr import MONEY, schema_of
from callkit.reconciliation.charges import ROWS
from callkit.reconciliation.checks.mixed_currency import several_currencies
from callkit.reconciliation.contract import unit_assumed
from callkit.reconciliation.ledger import answered, in_units, step_column, verifiable
from callkit.reconciliation.precision import per_seconds

if TYPE_CHECKING:
    from callkit.reconciliation.facts import Facts

SCHEMA = schema_of(
    currency=pl.String,
    status=pl.String,
    reason=pl.String,
    calls=pl.Int64,
    amount=MONEY,
    share=pl.Decimal(38, 10),
)

STATUSES = ("self_consistent", "contract_verified", "unverified", "dropped")

VERDICTS = ("agrees", "overcharged", "undercharged")
"""The reasons of verified money: what disagrees was verified as well, and found wrong."""

REASONS = (
    "no record",
    "several currencies",
    "no cost",
    "no talk time",
    "no readable bill period",
    "no charged seconds",
    "no rate",
    "rate per block not defined",
    "beyond sense",
)
"""Why money is unverified: of several reasons a call counts under the first. The last is for amounts and seconds."""

COPIES = "exact copy"

MEMO = schema_of(source=pl.String, currency=pl.String, calls=pl.Int64, amount=MONEY)

# A share of more is the quotient of a sum that nearly cancels out, and says nothing.
_MOST_SHARE = 10**18
_MOST_RATE = 10 ** (15 + DIGITS)
_MOST_COST = 10 ** (18 + DIGITS)
_MOST_SECONDS = 10**10
_MOST_TALK = 10**15

# Products of a cost and the longest unit stay under 2^127; what is summed is only what rounding leaves of them.
_MOST_ROUNDED = 10 ** (15 + DIGITS)
_MOST_PER = 10**8


def coverage(
    ledger: pl.LazyFrame,
    facts: Facts,
    rows: int,
    distinct: int,
) -> pl.DataFrame:
    """Divide the billed money of every currency by how it was verified.

    Parameters
    ----------
    ledger
        The ledger of every distinct record.
    facts
        What its judgement rests on.
    rows, distinct
        How many records came, and how many of them are distinct.

    Returns
    -------
    pl.DataFrame
        currency, status, reason, calls, amount, share. The amounts of a currency add up to what was billed in it,
        exactly, and all calls to the records that came.

        - status `self_consistent`: recomputed with a rating that was inferred or assumed; or, whatever the rating, a
          call that needs none: a double, or a record without a rate, whose cost is all that its rate follows from.
        - status `contract_verified`: recomputed with the rate that the user's deck has for the call; without a deck,
          with the rating that the user stated. Of both, reason is the verdict: money that is `overcharged` or
          `undercharged` was verified, and found wrong; it stands here as billed.
        - status `unverified`: reason is the first that applies of `REASONS`.
        - status `dropped`, reason `exact copy`: how many copies were left out. One row, always the last; currency,
          amount and share are null.

        share is amount / billed in that currency, rounded half-even; null where that has no meaning, because
        nothing was billed or credits nearly cancel the charges. A call without a currency has the currency null.
        Sorted by currency (nulls last), then status and reason as above; what no call has is left out.
    """
    block = facts.rated(lambda rating: pl.lit(rating.per_seconds == "block"))
    counted = (
        ledger.with_columns(_status=_status(facts), _reason=_reason(block))
        .group_by("currency", "_status", "_reason")
        .agg(pl.len().cast(pl.Int64).alias("calls"), pl.col("_billed").fill_null(0).sum())
        .collect(engine="streaming")
    )
    billed: dict[str | None, int] = {}
    for currency, amount in counted.select("currency", "_billed").iter_rows():
        billed[currency] = billed.get(currency, 0) + amount
    told = [
        (currency, status, reason, calls, _money(amount), _share(amount, billed[currency]))
        for currency, status, reason, calls, amount in counted.iter_rows()
    ]
    copies = (None, "dropped", COPIES, rows - distinct, None, None)
    return pl.DataFrame([*sorted(told, key=_place), copies], schema=SCHEMA, orient="row")


def rounding_memo(charges: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """Tell what the vendor's rounding costs the customer, or saves: billed minus the exact quotient.

    Parameters
    ----------
    charges
        The judged charges, each counted.
    facts
        What its judgement rests on.

    Returns
    -------
    pl.DataFrame
        source, currency, calls, amount: the sum of cost − (connect fee + rate · charged seconds / unit) over the
        answered calls that agree and have a rate, positive where rounding costs the customer. The sum is exact, and
        rounded once, half-even, to ten decimals. Left out are calls whose rate is shown with fewer digits than it is
        charged by, because there the exact quotient is not known. Sorted by source and currency, nulls last.
    """
    unit, of = facts.rated(per_seconds), pl.col(ROWS)
    flat = facts.rated(lambda rating: pl.lit(in_units(rating.connect_fee), pl.Int128))
    seconds = pl.col("charged_duration").cast(pl.Int128)
    exact = units_of(pl.col("rate")) * seconds + pl.when(seconds != 0).then(flat).otherwise(0) * unit
    summed = (
        charges.filter(
            answered(),
            pl.col("verdict") == "agrees",
            pl.col("rate").is_not_null(),
            pl.col("_billed").abs() <= _MOST_ROUNDED,
            pl.col("_own").is_not_null(),
            # Two wrong steps may cancel out: such a call agrees, but not by rounding.
            pl.col(step_column("arithmetic")) == 0,
            pl.col(step_column("duration")) == 0,
            ~pl.col("_shortened").fill_null(value=False),
            pl.col("_double_of").is_null(),
        )
        .with_columns(_per=unit)
        .filter(pl.col("_per") <= _MOST_PER)
        .group_by("source", "currency", "_per")
        .agg(
            of.sum().alias("calls"),
            ((pl.col("_billed") * unit - exact) * of).sum().alias("_over"),
        )
    )
    totals: dict[tuple[str | None, str | None], tuple[int, Fraction]] = {}
    for source, currency, seconds_per, calls, over in summed.iter_rows():
        so_far, amount = totals.get((source, currency), (0, Fraction(0)))
        totals[source, currency] = (so_far + calls, amount + Fraction(over, seconds_per))
    ordered = sorted(totals, key=_nulls_last)
    told = [(*key, totals[key][0], _money(round(totals[key][1]))) for key in ordered]
    return pl.DataFrame(told, schema=MEMO, orient="row")


def _status(facts: Facts) -> pl.Expr:
    return (
        pl.when(~verifiable())
        .then(pl.lit("unverified"))
        .when((_asked(facts) & pl.col("_double_of").is_null()).fill_null(value=False))
        .then(pl.lit("contract_verified"))
        .otherwise(pl.lit("self_consistent"))
    )


def _asked(facts: Facts) -> pl.Expr:
    """Whether the contract was asked: a deck that prices the call, or a stated rating and a rate to apply it to.

    A record without a rate is held against one that follows from its own cost; and what was only assumed of a price
    that no record states is no contract's word.
    """
    given = pl.lit(facts.basis == "given")
    failed = given & ~answered()
    if facts.asked.rate_deck is None:
        return failed | (given & pl.col("rate").is_not_null())
    known_unit = pl.col("rate").is_not_null() | ~unit_assumed(facts)
    return failed | (pl.col("_deck_row").is_not_null() & answered() & known_unit)


def _reason(block: pl.Expr) -> pl.Expr:
    first, step = increments(pl.col("bill_period"))
    charged = pl.col("charged_duration")
    beyond = (
        (units_of(pl.col("rate")).abs() > _MOST_RATE)
        | (pl.col("_billed").abs() > _MOST_COST)
        | ~charged.is_between(-_MOST_SECONDS, _MOST_SECONDS)
        | (pl.col("call_duration") > _MOST_TALK)
    )
    conditions: dict[str, pl.Expr] = {
        "no record": ~pl.col("found"),
        "several currencies": several_currencies(),
        "no cost": pl.col("cost").is_null(),
        "no talk time": pl.col("call_duration").is_null(),
        "no readable bill period": first.is_null(),
        "no charged seconds": charged.is_null(),
        "no rate": pl.col("rate").is_null() & (charged <= 0),
        "rate per block not defined": block & ~beyond.fill_null(value=False) & (first % step != 0),
    }
    why: Any = pl.when(verifiable()).then("verdict")
    for reason, applies in conditions.items():
        why = why.when(applies.fill_null(value=False)).then(pl.lit(reason))
    told: pl.Expr = why.otherwise(pl.lit(REASONS[-1]))
    return told


def _money(units: int) -> Decimal:
    """As text, because a caller's decimal context may keep only a few digits."""
    return Decimal(f"{units}e-{DIGITS}")


def _share(amount: int, billed: int) -> Decimal | None:
    if billed == 0 or abs(amount) > abs(billed) * _MOST_SHARE:
        return None
    return _money(round(Fraction(amount * 10**DIGITS, billed)))


def _place(row: tuple[Any, ...]) -> tuple[Any, ...]:
    currency, status, reason = row[:3]
    return (*_nulls_last((currency,)), STATUSES.index(status), (*VERDICTS, *REASONS).index(reason))


def _nulls_last(values: Iterable[str | None]) -> tuple[tuple[bool, str], ...]:
    return tuple((value is None, value or "") for value in values)
