"""How a vendor settles in another currency than it quotes in, read off the records: by which form, at which rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from callkit.cdr import INSTANT, MONEY, schema_of
from callkit.reconciliation.directions import FEWEST, INVERSE, converts
from callkit.reconciliation.settlement import product_fits

if TYPE_CHECKING:
    from callkit.reconciliation.facts import Facts

_GROUP = ["source", "currency"]

FORMS = schema_of(
    source=pl.String,
    currency=pl.String,
    direction=pl.String,
    form=pl.String,
    calls=pl.Int64,
    fit=pl.Int64,
    alone=pl.Int64,
    share=pl.Float64,
    used=pl.Boolean,
    decided=pl.Boolean,
)
"""`settlement_forms`: four rows per source and currency."""

RATES = schema_of(
    source=pl.String,
    currency=pl.String,
    exchange_rate=MONEY,
    first_at=INSTANT,
    last_at=INSTANT,
    calls=pl.Int64,
)
"""`exchange_rates`: one row per stretch of time at one exchange rate."""

_DIRECTIONS = {"divided": False, "multiplied": True}
_KINDS = ("cost", "settle_rate")


def settlement_forms(ledger: pl.LazyFrame, facts: Facts) -> pl.DataFrame:
    """Count for every way to settle how many calls fit it, and say which one the records show.

    A settled cost can be the quoted cost converted by the exchange rate, or the settled rate times the charged
    seconds; and the exchange rate can be quoted as so much of the quoted currency for one of the settlement
    currency (amounts are divided by it) or the inverse (they are multiplied). Numbers agree within half a unit of the
    last decimal of each.

    Parameters
    ----------
    ledger
        The records with the ledger's columns: a LazyFrame. Read once.
    facts
        What is known about all records.

    Returns
    -------
    pl.DataFrame
        source, currency, direction (`divided` | `multiplied`), form (`cost`: settle_cost follows from cost and
        exchange_rate; `settle_rate`: it is settle_rate · s / unit, and that follows from rate and exchange_rate), calls
        (of which it can be told), fit (that fit it), alone (that fit it and none of the other three), share
        (fit / calls; null for none), used (whether the settled basis and the check go by this direction), decided
        (whether the records show this direction and form: at least three calls, and nine of ten that tell). Sorted
        by source, currency, direction and form; sources and currencies that are not settled are left out.
    """
    names = [f"{direction} {kind}" for direction in _DIRECTIONS for kind in _KINDS]
    fits = [
        _fits(direction, kind, facts).alias(f"{direction} {kind}")
        for direction in _DIRECTIONS
        for kind in _KINDS
    ]
    true = {name: pl.col(name).fill_null(value=False) for name in names}
    counted = (
        ledger.filter(pl.col("settle_cost").is_not_null())
        .select(*_GROUP, INVERSE, *fits)
        .group_by(_GROUP)
        .agg(
            pl.col(INVERSE).first(),
            *(pl.col(name).count().cast(pl.Int64).alias(f"{name} calls") for name in names),
            *(true[name].sum().cast(pl.Int64).alias(f"{name} fit") for name in names),
            *(
                (true[name] & ~pl.any_horizontal(true[other] for other in names if other != name))
                .sum()
                .cast(pl.Int64)
                .alias(f"{name} alone")
                for name in names
            ),
            *(
                (true[f"{direction} {kind}"] & ~true[f"{direction} {other}"])
                .sum()
                .cast(pl.Int64)
                .alias(f"{direction} {kind} rather")
                for direction in _DIRECTIONS
                for kind, other in (_KINDS, _KINDS[::-1])
            ),
        )
        .collect(engine="streaming")
    )
    rows = [_row(counted, direction, kind) for direction in _DIRECTIONS for kind in _KINDS]
    return pl.concat([FORMS.to_frame(), *rows]).sort(*_GROUP, "direction", "form", nulls_last=True)


def _fits(direction: str, kind: str, facts: Facts) -> pl.Expr:
    inverse = _DIRECTIONS[direction]
    if kind == "cost":
        return converts("settle_cost", "cost", inverse=inverse)
    # One known to be wrong is enough; to fit, both must be known.
    return product_fits(facts) & converts("settle_rate", "rate", inverse=inverse)


def _row(counted: pl.DataFrame, direction: str, kind: str) -> pl.DataFrame:
    name, other = f"{direction} {kind}", f"{direction} {next(one for one in _KINDS if one != kind)}"
    calls, fit = pl.col(f"{name} calls"), pl.col(f"{name} fit")
    rather, rather_other = pl.col(f"{name} rather"), pl.col(f"{other} rather")
    shown = (pl.col(INVERSE) == _DIRECTIONS[direction]).fill_null(value=False)
    return counted.select(
        *_GROUP,
        pl.lit(direction).alias("direction"),
        pl.lit(kind).alias("form"),
        calls.alias("calls"),
        fit.alias("fit"),
        pl.col(f"{name} alone").alias("alone"),
        pl.when(calls > 0).then(fit / calls).alias("share"),
        (pl.col(INVERSE).fill_null(value=False) == _DIRECTIONS[direction]).alias("used"),
        (shown & (rather >= FEWEST) & (rather >= 9 * rather_other)).alias("decided"),
    )


def exchange_rates(cdrs: pl.LazyFrame) -> pl.DataFrame:
    """List the exchange rates in the order of time: when each was applied, and so when it changed.

    Parameters
    ----------
    cdrs
        The records: a LazyFrame. Read once.

    Returns
    -------
    pl.DataFrame
        source, currency, exchange_rate, first_at and last_at (instants of the first and the last call in a stretch of
        calls at one rate; submitted, else answered, else ended), calls. A rate that comes back has a row for each
        stretch; stretches are told apart by the day in UTC. Sorted by source, currency and first_at.
    """
    instant = pl.coalesce("submitted_at", "answered_at", "ended_at")
    days = (
        cdrs.filter(pl.col("exchange_rate").is_not_null(), instant.is_not_null())
        .group_by(*_GROUP, "exchange_rate", instant.dt.truncate("1d").alias("day"))
        .agg(
            instant.min().alias("first_at"),
            instant.max().alias("last_at"),
            pl.len().cast(pl.Int64).alias("calls"),
        )
        .collect(engine="streaming")
        .sort(*_GROUP, "first_at", "last_at", "exchange_rate", nulls_last=True)
    )
    stretch = pl.struct(*_GROUP, "exchange_rate").rle_id().alias("stretch")
    return (
        days.group_by(stretch, *_GROUP, "exchange_rate")
        .agg(pl.col("first_at").min(), pl.col("last_at").max(), pl.col("calls").sum())
        .sort("stretch")
        .select(RATES.names())
    )
