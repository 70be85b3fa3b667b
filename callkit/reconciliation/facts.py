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
from callkit.reconciliation.charges import COLUMNS, ROWS, apart
from callkit.reconciliation.directions import with_directions
from callkit.reconciliation.doubles import KEY, double_records, doubles
from callkit.reconciliation.held import Held
from callkit.reconciliation.inference import RatingFit, infer
from callkit.reconciliation.writing import steps_written

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
    meetings
        The calls whose two numbers talk again on the same day: the columns of a charge and of `doubles.KEY`.
    charges
        Every distinct charge, with `_double_of` set where its calls are doubles, and `_rows`, how many they are; see
        `charges`.
    shortened
        The rates that are shown with fewer digits than used, which only the ledger can tell; see `precision`.
    repeated
        For the checks, as the next two: the distinct rows of ids that occur more than once.
    biased
        The routes whose talk times are off as a habit; see `clocks`.
    elsewhere
        The pairs of destination and number that contradict each other; see `places`.
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
    meetings: pl.DataFrame
    charges: pl.DataFrame
    shortened: pl.DataFrame = field(default_factory=pl.DataFrame)
    repeated: pl.DataFrame = field(default_factory=pl.DataFrame)
    biased: pl.DataFrame = field(default_factory=pl.DataFrame)
    elsewhere: pl.DataFrame = field(default_factory=pl.DataFrame)

    def rated(self, build: Callable[[Rating], pl.Expr]) -> pl.Expr:
        """Build an expression that follows the rating of each call."""
        if len(self.ratings) == 1:
            return build(self.ratings[0])
        return pl.coalesce(
            pl.when(pl.col("_rating") == position).then(build(rating))
            for position, rating in enumerate(self.ratings)
        )


def charge_columns(asked: Asked) -> tuple[str, ...]:
    """Name what charges are told apart by."""
    return COLUMNS if asked.rate_deck is None else (*COLUMNS, "_deck_row")


def meeting_columns(asked: Asked) -> tuple[str, ...]:
    """Name what must be known of the calls whose numbers talk again."""
    return tuple(dict.fromkeys((*KEY, "submitted_at", *charge_columns(asked))))


def gather(charges: pl.DataFrame, met: pl.DataFrame, asked: Asked) -> Facts:
    """Read off what the ledger rests on. What only checks ask for is left empty.

    Parameters
    ----------
    charges
        The distinct records, condensed by `charge_columns`; more columns do not matter.
    met
        At least those calls whose two numbers talk again within seconds, with `meeting_columns` and whatever else
        `charges` has.
    asked
        What the user asks for.
    """
    _refuse_beyond_sense(charges)
    periods = charges.select(pl.col("bill_period").unique().drop_nulls().sort())
    first, step = increments(pl.col("bill_period"))
    fit = infer(_with_known_rates(charges, asked)) if asked.rating is None else None
    ratings, rated_by = _ratings(fit)
    rating = asked.rating or (fit.rating if fit else Rating())
    terms = _failures(charges).join(steps_written(charges, _TERMS), on=_TERMS, how="left", nulls_equal=True)
    charge = [name for name in charges.columns if name != ROWS]
    twice = double_records(met)
    return Facts(
        asked=asked,
        rating=rating,
        basis=fit.basis if fit else "given",
        fit=fit,
        ratings=ratings or (rating,),
        rated_by=rated_by,
        terms=with_directions(terms, charges),
        bill_periods=periods.with_columns(_first=first, _step=step),
        doubles=doubles(twice),
        charges=apart(charges, twice.group_by(charge).agg(pl.len().cast(pl.Int64).alias(ROWS))),
        meetings=met,
    )


def _with_known_rates(charges: pl.DataFrame, asked: Asked) -> pl.DataFrame:
    """What the deck charges shows the unit of the rate also where records state no rate."""
    if asked.rate_deck is None:
        return charges
    known = asked.rate_deck.rows.select(_deck_row="row", _deck_rate="rate")
    priced = charges.join(known, on="_deck_row", how="left")
    return priced.with_columns(pl.coalesce("rate", "_deck_rate").alias("rate"))


def _ratings(fit: RatingFit | None) -> tuple[tuple[Rating, ...], pl.DataFrame]:
    """List the ratings that are in use, and which group is under which."""
    of_group = fit.ratings if fit else {}
    ratings = tuple(dict.fromkeys(of_group.values()))
    assumed = dict(zip(of_group, fit.by["basis"] == "convention", strict=True)) if fit else {}
    rows = [(*group, ratings.index(rating), assumed[group]) for group, rating in of_group.items()]
    schema = {**dict.fromkeys(_RATED, pl.String), "_rating": pl.Int64, "_assumed": pl.Boolean}
    return ratings, pl.DataFrame(rows, schema=schema, orient="row")


def _refuse_beyond_sense(charges: pl.DataFrame) -> None:
    """Sums of such amounts would leave 128 bits, and Polars' integers would wrap around without a word."""
    sizes = [units_of(pl.col(name)).abs() > 10 ** (18 + DIGITS) for name in ("cost", "settle_cost")]
    beyond = charges.filter(pl.any_horizontal(sizes)).sort(_TERMS, nulls_last=True)
    if beyond.height:
        source, currency = beyond.select("source", "currency").row(0)
        raise SchemaError(
            f"column 'cost' or 'settle_cost': an amount of more than 10^18 (source {source!r}, currency {currency!r}) "
            f"cannot be summed exactly. Such a cost is a misreading: make it null, and keep its text in `extra`."
        )


def _failures(charges: pl.DataFrame) -> pl.DataFrame:
    """What the calls that nobody answered cost alike, by `_TERMS`.

    The vendor's failures bear a fee alike only if none of them is free for lack of a cost, whatever the currency.
    """
    failed = pl.col("call_duration") <= 0
    cost, calls = pl.col("cost").filter(failed), pl.col(ROWS).filter(failed).sum()
    alike = (calls >= FEWEST_ATTEMPTS) & (cost.null_count() == 0) & (cost.min() == cost.max())
    found = charges.group_by(_TERMS).agg(
        pl.when(alike & (cost.min() > 0)).then(units_of(cost.min())).alias("_attempt_fee"),
        calls.alias("_failed"),
        cost.null_count().alias("_uncharged"),
    )
    known = pl.col("_uncharged").sum().over("source") == 0
    return found.sort(_TERMS, nulls_last=True).select(*_TERMS, "_failed", pl.when(known).then("_attempt_fee"))
