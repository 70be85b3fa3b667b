"""What every candidate says each charge should cost, and which charges it explains."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

import polars as pl

from callkit.billing import DIGITS, Rating, cost_units
from callkit.reconciliation.inference.candidates import Unit

_Terms = tuple[Unit, Decimal]

_RATE = ("_group", "_rate")


@dataclass(frozen=True, slots=True)
class Weighed:
    """A pool's charges, weighed.

    Attributes
    ----------
    candidates
        The ratings, the most conventional first; the i-th has the columns `cost_i` and `fits_i`.
    charges
        The charges with `cost_i` (units of 10⁻¹⁰, null where not defined) and `fits_i` for every candidate.
    shortened
        `_group` and `_rate` of the rates that are shown with fewer digits than used, with unit and connect_fee at which
        that explains them, and `_half`, half a unit of the rate.
    """

    candidates: tuple[Rating, ...]
    charges: pl.DataFrame
    shortened: pl.DataFrame


def weigh(charges: pl.DataFrame, candidates: tuple[Rating, ...], rate_decimals: int) -> Weighed:
    """Compute every charge by every candidate.

    At a rate that the vendor shows with fewer digits than it uses, no candidate is right to the last digit, and the
    wrong one may be right more often than the right one. There every cost is explained that lies within half a
    unit of the rate, and roundings cannot be told apart.
    """
    half = 10 ** (DIGITS - rate_decimals) // 2
    terms = list(dict.fromkeys((rating.per_seconds, Decimal(rating.connect_fee)) for rating in candidates))
    computed = charges.with_columns(
        _cost_by(rating).alias(f"cost_{i}") for i, rating in enumerate(candidates)
    ).with_columns(
        *(
            (pl.col(f"cost_{i}") == pl.col("_cost")).fill_null(value=False).alias(f"fits_{i}")
            for i in _indices(candidates)
        ),
        *(within(rating_of(term, candidates[0]), half).alias(f"near_{k}") for k, term in enumerate(terms)),
    )
    hidden = _hidden(computed, len(candidates), len(terms))
    relaxed = computed.join(hidden, on=_RATE, how="left").with_columns(
        pl.col(f"fits_{i}") | (pl.col(f"near_{k}") & pl.col(f"hidden_{k}"))
        for i, rating in enumerate(candidates)
        for k in [terms.index((rating.per_seconds, Decimal(rating.connect_fee)))]
    )
    return Weighed(
        candidates, relaxed.drop(pl.selectors.matches("^(near|hidden)_")), _listed(hidden, terms, half)
    )


def within(rating: Rating, half: int | pl.Expr) -> pl.Expr:
    """Whether a cost can come from a rate that rounds to the one shown, however the cost itself was rounded."""
    least = _cost_by(replace(rating, rounding="down"), pl.col("_rate") - half)
    most = _cost_by(replace(rating, rounding="up"), pl.col("_rate") + half)
    return pl.col("_cost").is_between(least, most).fill_null(value=False)


def rating_of(terms: _Terms, like: Rating) -> Rating:
    """Make a rating with these terms, all else as in another."""
    return replace(like, per_seconds=terms[0], connect_fee=terms[1])


def explains(rating: Rating, shortened: pl.DataFrame, charges: pl.DataFrame) -> pl.DataFrame:
    """Add `_own`, what a rating says each charge costs, and `_fits`, whether that explains it."""
    terms = shortened.filter(
        pl.col("unit") == str(rating.per_seconds), pl.col("connect_fee") == str(Decimal(rating.connect_fee))
    ).select(*_RATE, "_half")
    near = within(rating, pl.col("_half").fill_null(0)) & pl.col("_half").is_not_null()
    return (
        charges.join(terms, on=_RATE, how="left")
        .with_columns(_own=_cost_by(rating))
        .with_columns(_fits=(pl.col("_own") == pl.col("_cost")).fill_null(value=False) | near)
        .drop("_half")
    )


def _cost_by(rating: Rating, rate: pl.Expr | None = None) -> pl.Expr:
    steps = (pl.col("_first"), pl.col("_step"))
    return cost_units(pl.col("_rate") if rate is None else rate, pl.col("charged_duration"), rating, steps)


def _indices(candidates: tuple[Rating, ...]) -> range:
    return range(len(candidates))


def _hidden(computed: pl.DataFrame, candidates: int, terms: int) -> pl.DataFrame:
    """The rates of each group at which digits must be hidden: nearly all costs lie near, but no rating hits them."""

    def rows(column: str) -> pl.Expr:
        return pl.col("_rows").filter(pl.col(column)).sum()

    best = pl.max_horizontal(f"fits_{i}" for i in range(candidates))
    return (
        computed.group_by(_RATE)
        .agg(
            pl.col("_rows").sum(),
            *(rows(f"fits_{i}").alias(f"fits_{i}") for i in range(candidates)),
            *(rows(f"near_{k}").alias(f"near_{k}") for k in range(terms)),
        )
        .select(
            *_RATE,
            *(
                (
                    (best * 10 < pl.col(f"near_{k}") * 8) & (pl.col(f"near_{k}") * 10 >= pl.col("_rows") * 8)
                ).alias(f"hidden_{k}")
                for k in range(terms)
            ),
        )
    )


def _listed(hidden: pl.DataFrame, terms: list[_Terms], half: int) -> pl.DataFrame:
    parts = [
        hidden.filter(f"hidden_{k}").select(
            *_RATE,
            unit=pl.lit(str(unit)),
            connect_fee=pl.lit(str(fee)),
            _half=pl.lit(half, pl.Int128),
        )
        for k, (unit, fee) in enumerate(terms)
    ]
    return pl.concat(parts)
