"""The ratings that could be the vendor's: every unit, rounding and number of decimals, with fees read off the data."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from typing import Literal

import polars as pl

from callkit.billing import DIGITS, Rating, Rounding
from callkit.reconciliation.inference.evidence import FEWEST_ROWS

Unit = int | Literal["block"]

UNITS: tuple[Unit, ...] = (60, 1, 3600, "block")
"""What a rate may be the price of, the most conventional first."""

ROUNDINGS: tuple[Rounding, ...] = ("half_up", "half_even", "up", "down")
"""The most conventional first."""

_MOST_FEE = 10 ** (9 + DIGITS)
_MOST_GROUPS = 3  # whose own fees are tried: a fee belongs to a contract, hardly ever to one bill period


def conventionality(rating: Rating) -> tuple[bool, int, int, int, bool, Decimal, int]:
    """Sort key that puts the most conventional rating first: no fee, per minute, half up, after the first."""
    fee = Decimal(rating.connect_fee)
    return (
        fee != 0,
        UNITS.index(rating.per_seconds),
        significant(fee),
        ROUNDINGS.index(rating.rounding),
        rating.increments == "total",
        fee,
        -rating.decimals,
    )


def significant(fee: Decimal) -> int:
    """Count the digits that a fee is written with: 0 for nothing, 1 for 0.01, 2 for 0.015."""
    return len(fee.normalize().as_tuple().digits) if fee else 0


def plain(amount: Decimal) -> Decimal:
    """The same amount with as few digits as say it, for a Rating's repr: 0.01 for 0.0100000000, 10 for 1E+1."""
    return Decimal(f"{amount.normalize():f}")


def candidates(charges: pl.DataFrame, decimals: int, fees: frozenset[Decimal]) -> tuple[Rating, ...]:
    """All ratings to weigh on the charges of a pool, the most conventional first; `fees` are tried at every unit."""
    found = {
        Rating(unit, decimals, rounding, fee)
        for unit in UNITS
        for fee, rounding in product({*fees, *_fees(charges, unit, decimals)}, ROUNDINGS)
    }
    return tuple(sorted(found, key=conventionality))


def per_seconds(unit: Unit) -> pl.Expr:
    """How many seconds a rate is the price of; null where a rate per block is not defined."""
    if unit == "block":
        defined = pl.col("_first") % pl.col("_step") == 0
        return pl.when(defined).then("_step").cast(pl.Int128)
    return pl.lit(unit, pl.Int128)


def _fees(charges: pl.DataFrame, unit: Unit, decimals: int) -> list[Decimal]:
    """Fees that leave most charges of the pool, or of one of its groups, explained at this unit.

    What a cost exceeds rate times units by is the fee, but for the rounding, whichever it is: every charge votes for
    the two whole amounts around its excess.
    """
    per, last = per_seconds(unit), 10 ** (DIGITS - decimals)
    price = pl.col("_rate") * pl.col("charged_duration").cast(pl.Int128)
    excess, whole = pl.col("_cost") * per - price, per * last
    below = charges.select(
        "_group", "_rows", _price=price, _fee=excess // whole, _between=excess % whole != 0
    )
    above = below.filter("_between").with_columns(pl.col("_fee") + 1)
    votes = pl.concat([below, above]).filter(pl.col("_fee").is_between(0, _MOST_FEE // last))
    pooled = pl.lit(0, pl.UInt32).alias("_group")
    everywhere = _ample(votes.with_columns(pooled), charges.with_columns(pooled), prices=1)
    # At a single price any unit is right, with a fee to go with it.
    somewhere = _ample(votes, charges, prices=2)[:_MOST_GROUPS]
    elected = {fee for ample in (*everywhere, *somewhere) for fee in _elected(ample, last)}
    return [_money(fee * last) for fee in sorted(elected)]


def _ample(votes: pl.DataFrame, charges: pl.DataFrame, prices: int) -> list[list[tuple[int, int]]]:
    """Fees and votes of every group that has one with most of its calls behind it, the largest group first."""
    sizes = charges.group_by("_group").agg(pl.col("_rows").sum().alias("_size"))
    ample = (
        votes.group_by("_group", "_fee")
        .agg(pl.col("_rows").sum(), pl.col("_price").n_unique().alias("_prices"))
        .join(sizes, on="_group")
        .filter(
            pl.col("_rows") * 2 >= pl.col("_size"),
            pl.col("_size") >= FEWEST_ROWS,
            pl.col("_prices") >= prices,
        )
        .sort("_size", "_group", "_fee", descending=[True, False, False])
    )
    groups = ample.partition_by("_group", maintain_order=True)
    return [group.select("_fee", "_rows").rows() for group in groups]


def _elected(votes: list[tuple[int, int]], last: int) -> list[int]:
    """The roundest of the fees that come within a tenth of the most votes; the top one too, where it stands out."""
    if not votes:
        return []
    most = max(rows for _, rows in votes)
    near = [(fee, rows) for fee, rows in votes if rows * 10 >= most * 9]
    fewest = min(significant(_money(fee * last)) for fee, _ in near)
    round_ones = [(fee, rows) for fee, rows in near if significant(_money(fee * last)) == fewest]
    stands_out = max(rows for _, rows in round_ones) + FEWEST_ROWS <= most
    top = [fee for fee, rows in near if rows == most] if stands_out else []
    return [*(fee for fee, _ in round_ones), *top]


def _money(units: int) -> Decimal:
    return plain(Decimal(units).scaleb(-DIGITS))
