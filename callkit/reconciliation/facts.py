"""What must be known about all the records before a single one can be judged.

How many decimals the vendor writes, what unanswered calls cost, which bill periods occur, which records double
another: a handful of small tables, each one aggregation over the records. With them every row is judged on its own, in
any order and any chunking.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

from callkit.billing import DIGITS, Rating, increments, units_of
from callkit.errors import SchemaError
from callkit.reconciliation import precision
from callkit.reconciliation.doubles import doubles

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

FEWEST_ATTEMPTS = 3
"""Fewer failed calls of one price are no evidence of an attempt fee."""

_WRITTEN = ("cost", "rate", "exchange_rate", "settle_rate", "settle_cost")
_TERMS = ("source", "currency")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the judgement of every single call rests on.

    Attributes
    ----------
    rating, rating_basis
        The rating used, and whether it was "given" by the user or "assumed" as the convention.
    tolerance
        The user's tolerance, or None for half a unit of what the vendor writes.
    tz
        The zone that instants are told in.
    period
        The period asked for as (start, end), or None.
    terms
        One row per (source, currency): `_unit_*`, the smallest step in which the vendor writes each amount, and
        `_attempt_fee`, what every failed call costs alike (null where they differ or cost nothing), all Int128 in
        units of 10⁻¹⁰; `_failed`, how many calls failed.
    bill_periods
        Every distinct bill_period with `_first` and `_step` in seconds, null where it is unreadable.
    doubles
        The records that double an earlier one, and `_double_of`, its id; see `doubles`.
    shortened
        The rates that are shown with fewer digits than used; see `precision`.
    """

    rating: Rating
    rating_basis: Literal["given", "assumed"]
    tolerance: Decimal | None
    tz: str
    period: tuple[datetime, datetime] | None
    terms: pl.DataFrame
    bill_periods: pl.DataFrame
    doubles: pl.DataFrame
    shortened: pl.DataFrame


def gather(
    cdrs: pl.LazyFrame,
    rating: Rating | None,
    tolerance: Decimal | None,
    tz: str,
    period: tuple[datetime, datetime] | None,
) -> Facts:
    """Read the facts off the records; three aggregations, whose results are small."""
    periods = cdrs.select(pl.col("bill_period").unique()).filter(pl.col("bill_period").is_not_null())
    terms = cdrs.group_by(*_TERMS).agg(*(_step_written(name) for name in _WRITTEN), *_failures(), _most())
    terms_found, periods_found = pl.collect_all([terms, periods], engine="streaming")
    _refuse_beyond_sense(terms_found)
    # The vendor's failures bear a fee alike only if none of them is free for lack of a cost, whatever the currency.
    alike = pl.col("_uncharged").sum().over("source") == 0
    terms_found = terms_found.with_columns(pl.when(alike).then("_attempt_fee")).drop("_uncharged", "_most")
    first, step = increments(pl.col("bill_period"))
    return Facts(
        rating=rating or Rating(),
        rating_basis="given" if rating else "assumed",
        tolerance=tolerance,
        tz=tz,
        period=period,
        terms=terms_found.sort(*_TERMS),
        bill_periods=periods_found.sort("bill_period").with_columns(_first=first, _step=step),
        doubles=doubles(cdrs),
        shortened=precision.SCHEMA.to_frame(),
    )


def _step_written(name: str) -> pl.Expr:
    """The unit of the last decimal that ever differs from zero: 10⁻⁶ where the vendor writes six decimals."""
    units = units_of(pl.col(name))
    decimals = pl.sum_horizontal(
        (units % 10 ** (DIGITS - k) != 0).any().cast(pl.Int64) for k in range(DIGITS)
    )
    return pl.lit(10, pl.Int128).pow(DIGITS - decimals).cast(pl.Int128).alias(f"_unit_{name}")


def _most() -> pl.Expr:
    sizes = (units_of(pl.col(name)).abs().max() for name in ("cost", "settle_cost"))
    return pl.max_horizontal(*sizes).alias("_most")


def _refuse_beyond_sense(terms: pl.DataFrame) -> None:
    """Sums of such amounts would leave 128 bits, and Polars' integers would wrap around without a word."""
    beyond = terms.filter(pl.col("_most") > 10 ** (18 + DIGITS))
    if beyond.height:
        source, currency = beyond.select("source", "currency").row(0)
        raise SchemaError(
            f"column 'cost' or 'settle_cost': an amount of more than 10^18 (source {source!r}, currency {currency!r}) "
            f"cannot be summed exactly. Such a cost is a misreading: make it null, and keep its text in `extra`."
        )


def _failures() -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    failed = pl.col("cost").filter(pl.col("call_duration") <= 0)
    alike = (failed.len() >= FEWEST_ATTEMPTS) & (failed.null_count() == 0) & (failed.min() == failed.max())
    fee = pl.when(alike & (failed.min() > 0)).then(units_of(failed.min()))
    return (
        fee.alias("_attempt_fee"),
        failed.len().cast(pl.Int64).alias("_failed"),
        failed.null_count().cast(pl.Int64).alias("_uncharged"),
    )
