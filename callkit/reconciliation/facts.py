"""What must be known about all the records before a single one can be judged.

How many decimals the vendor writes, what unanswered calls cost, which bill periods occur, which records double
another: a handful of small tables, each one aggregation over the records. With them every row is judged on its own, in
any order and any chunking.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import polars as pl

from callkit.billing import DIGITS, Rating, increments, units_of
from callkit.errors import SchemaError
from callkit.reconciliation.clocks import biased_routes
from callkit.reconciliation.doubles import doubles
from callkit.reconciliation.held import Held
from callkit.reconciliation.inference import RatingFit, infer_rating
from callkit.reconciliation.settlement import with_directions
from callkit.reconciliation.writing import first_look, steps_written, surprises

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from callkit.rates import RateDeck

FEWEST_ATTEMPTS = 3
"""Fewer failed calls of one price are no evidence of an attempt fee."""

_TERMS = ("source", "currency")
_RATED = ("source", "currency", "bill_period", "direction")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user asks for, checked.

    Attributes
    ----------
    rating
        The rating that the user states, or None.
    tolerance
        The user's tolerance, or None for half a unit of what the vendor writes.
    tz
        The zone that instants are told in.
    period
        The period asked for as (start, end), or None.
    rate_deck
        The contract's prices, or None.
    held
        What the archive and our own records say of the calls.
    """

    rating: Rating | None
    tolerance: Decimal | None
    tz: str
    period: tuple[datetime, datetime] | None
    rate_deck: RateDeck | None = None
    held: Held = field(default_factory=Held)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the judgement of every single call rests on.

    Attributes
    ----------
    asked
        What the user asked for.
    rating, basis
        The rating of the whole, and whether it was "given", "inferred" or "assumed".
    fit
        How the rating was inferred, or None where it was given.
    ratings, rated_by
        Every rating in use; and which one (`_rating`) a source, currency, bill period and direction is under, and
        whether it is only the convention (`_assumed`). Empty where the rating was given.
    terms
        One row per (source, currency): `_unit_*`, the smallest step in which the vendor writes each amount, and
        `_attempt_fee`, what every failed call costs alike (null where they differ or cost nothing), all Int128 in
        units of 10⁻¹⁰; `_failed`, how many calls failed; and `_inverse`, which way the exchange rate is quoted.
    bill_periods
        Every distinct bill_period with `_first` and `_step` in seconds, null where it is unreadable.
    doubles
        The records that double an earlier one, and `_double_of`, its id; see `doubles`.
    repeated
        The distinct rows of ids that occur more than once.
    biased
        The routes whose talk times are off as a habit; see `clocks`.
    shortened
        The rates that are shown with fewer digits than used, which only the ledger can tell; see `precision`.
    """

    asked: Asked
    rating: Rating
    basis: Literal["given", "inferred", "assumed"]
    fit: RatingFit | None
    ratings: tuple[Rating, ...]
    rated_by: pl.DataFrame
    terms: pl.DataFrame
    bill_periods: pl.DataFrame
    doubles: pl.DataFrame
    repeated: pl.DataFrame
    biased: pl.DataFrame
    shortened: pl.DataFrame = field(default_factory=pl.DataFrame)

    def rated(self, build: Callable[[Rating], pl.Expr]) -> pl.Expr:
        """Build an expression that follows the rating of each call."""
        if len(self.ratings) == 1:
            return build(self.ratings[0])
        return pl.coalesce(
            pl.when(pl.col("_rating") == position).then(build(rating))
            for position, rating in enumerate(self.ratings)
        )


def gather(cdrs: pl.LazyFrame, repeated: pl.DataFrame, asked: Asked) -> Facts:
    """Read the facts off the distinct records; a few aggregations, whose results are small."""
    seen = first_look(cdrs, _TERMS)
    found = (
        cdrs.group_by(_TERMS)
        .agg(*_failures(), _most(), pl.col("bill_period").unique(), *surprises(seen))
        .collect(engine="streaming")
    )
    _refuse_beyond_sense(found)
    periods = found.select(pl.col("bill_period").explode(empty_as_null=True).unique().drop_nulls().sort())
    first, step = increments(pl.col("bill_period"))
    fit = infer_rating(_with_known_rates(cdrs, asked)) if asked.rating is None else None
    ratings, rated_by = _ratings(fit)
    rating = asked.rating or (fit.rating if fit else Rating())
    return Facts(
        asked=asked,
        rating=rating,
        basis=fit.basis if fit else "given",
        fit=fit,
        ratings=ratings or (rating,),
        rated_by=rated_by,
        terms=with_directions(
            _alike(found).join(
                steps_written(cdrs, _TERMS, seen, found), on=_TERMS, how="left", nulls_equal=True
            ),
            cdrs,
        ),
        bill_periods=periods.with_columns(_first=first, _step=step),
        doubles=doubles(cdrs),
        repeated=repeated,
        biased=biased_routes(cdrs),
    )


def _with_known_rates(cdrs: pl.LazyFrame, asked: Asked) -> pl.LazyFrame:
    """What the deck charges shows the unit of the rate also where records state no rate."""
    deck = asked.rate_deck
    if deck is None:
        return cdrs
    known = deck.rows.lazy().select(_deck_row="row", _deck_rate="rate")
    return (
        cdrs.with_columns(deck.row_of().alias("_deck_row"))
        .join(known, on="_deck_row", how="left")
        .with_columns(pl.coalesce("rate", "_deck_rate").alias("rate"))
        .drop("_deck_row", "_deck_rate")
    )


def _ratings(fit: RatingFit | None) -> tuple[tuple[Rating, ...], pl.DataFrame]:
    """List the ratings that are in use, and which group is under which."""
    of_group = fit.ratings if fit else {}
    ratings = tuple(dict.fromkeys(of_group.values()))
    assumed = dict(zip(of_group, fit.by["basis"] == "convention", strict=True)) if fit else {}
    rows = [(*group, ratings.index(rating), assumed[group]) for group, rating in of_group.items()]
    schema = {**dict.fromkeys(_RATED, pl.String), "_rating": pl.Int64, "_assumed": pl.Boolean}
    return ratings, pl.DataFrame(rows, schema=schema, orient="row")


def _alike(found: pl.DataFrame) -> pl.DataFrame:
    """The vendor's failures bear a fee alike only if none of them is free for lack of a cost, whatever the currency."""
    alike = pl.col("_uncharged").sum().over("source") == 0
    return found.sort(_TERMS).select(*_TERMS, "_failed", pl.when(alike).then("_attempt_fee"))


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
