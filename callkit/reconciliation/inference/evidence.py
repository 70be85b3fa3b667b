"""What the records show about the rating: their distinct charges, and how often each occurs."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from callkit.billing import DIGITS, increments, units_of
from callkit.cdr import MONEY, schema_of
from callkit.reconciliation.charges import ROWS

GROUP = ("source", "currency", "bill_period", "direction")
"""A rating is fitted for every group of records that these have in common."""

POOL = ("source", "currency")
"""What the groups of one contract have in common: its decimals, its attempt fee and, as a rule, its rating."""

FEWEST_ROWS = 20
"""Fewer rows decide nothing."""

FEWEST_ATTEMPTS = 3
"""Fewer failed calls of one price are no evidence of an attempt fee."""

MOST_CHARGES = 6_000
"""Distinct charges of a group that candidates are weighed on; what is chosen is then told of all of them."""

USUAL_DECIMALS = 6

READ = schema_of(
    source=pl.String,
    currency=pl.String,
    bill_period=pl.String,
    direction=pl.String,
    rate=MONEY,
    cost=MONEY,
    call_duration=pl.Int64,
    charged_duration=pl.Int64,
)
_VALUES = ("rate", "cost", "call_duration", "charged_duration")

# Beyond these, products of rates, costs and seconds could leave 128 bits.
_MOST_UNITS = 10**25
_MOST_SECONDS = 10**10


@dataclass(frozen=True, slots=True)
class Evidence:
    """The records, condensed.

    Attributes
    ----------
    groups
        The columns of `GROUP`, sorted, with `_group` (their number), `_pool` (the number of their source and
        currency), `_first` and `_step` of the bill period in seconds, `_rows` (answerable calls) and `_calls`.
    pools
        The columns of `POOL`, sorted, with `_pool`, `_decimals` (the most that its costs use), `_usual` (enough for
        nine of ten costs), `_rate_decimals` and `_attempt_fee` in units of 10⁻¹⁰.
    calls
        Every distinct answered call: `_group`, `_pool`, `_first`, `_step`, `_rate` and `_cost` in units of 10⁻¹⁰,
        `call_duration`, `charged_duration`, and `_rows`, how often it occurs.
    charges
        The same for what can be answered (charged seconds, a rate and a cost), whatever the talk time.
    """

    groups: pl.DataFrame
    pools: pl.DataFrame
    calls: pl.DataFrame
    charges: pl.DataFrame

    def sample(self, pool: int) -> pl.DataFrame:
        """Take a pool's charges, at most `MOST_CHARGES` of a group; the same ones in whatever order they came."""
        charges = self.charges.filter(pl.col("_pool") == pool)
        keys = ("_group", "_shuffled", "_rate", "charged_duration", "_cost")
        shuffled = charges.with_columns(_shuffled=_shuffle()).sort(keys)
        place = pl.int_range(pl.len()).over("_group")
        return shuffled.filter(place < MOST_CHARGES).drop("_shuffled")


def gather(condensed: pl.DataFrame) -> Evidence:
    """Sort out the distinct charges: the columns of `READ`, and how many calls have these values."""
    groups = _groups(condensed)
    counted = _counted(condensed, groups)
    answered = counted.filter(pl.col("call_duration") > 0)
    charges = (
        answered.filter(_answerable())
        .group_by("_group", "_pool", "_first", "_step", "_rate", "charged_duration", "_cost")
        .agg(pl.col("_rows").sum())
        .sort("_group", "_rate", "charged_duration", "_cost")
    )
    return Evidence(
        groups=groups.join(_sums(charges, "_rows"), on="_group", how="left")
        .join(_sums(counted, "_calls"), on="_group", how="left")
        .with_columns(pl.col("_rows", "_calls").fill_null(0))
        .sort("_group"),
        pools=_pools(groups, counted),
        calls=answered,
        charges=charges,
    )


def _groups(condensed: pl.DataFrame) -> pl.DataFrame:
    first, step = increments(pl.col("bill_period"))
    return (
        condensed.select(GROUP)
        .unique()
        .sort(GROUP, nulls_last=True)
        .with_row_index("_group")
        .with_columns(
            (pl.struct(POOL).rle_id()).alias("_pool"),
            first.alias("_first"),
            step.alias("_step"),
        )
    )


def _counted(condensed: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    return (
        condensed.join(groups.select(*GROUP, "_group"), on=GROUP, how="left", nulls_equal=True)
        .group_by("_group", *_VALUES)
        .agg(pl.col(ROWS).sum())
        .join(groups.select("_group", "_pool", "_first", "_step"), on="_group", how="left")
        .with_columns(_rate=units_of(pl.col("rate")), _cost=units_of(pl.col("cost")))
        .sort("_group", *_VALUES)
        .drop("rate", "cost")
    )


def _answerable() -> pl.Expr:
    sensible = pl.col("_rate", "_cost").abs() <= _MOST_UNITS
    return pl.all_horizontal(sensible) & pl.col("charged_duration").is_between(1, _MOST_SECONDS)


def _sums(counted: pl.DataFrame, name: str) -> pl.DataFrame:
    return counted.group_by("_group").agg(pl.col("_rows").sum().alias(name))


def _pools(groups: pl.DataFrame, counted: pl.DataFrame) -> pl.DataFrame:
    cost, rate = _decimals("_cost"), _decimals("_rate")
    paid = counted.filter(pl.col("_cost") != 0).with_columns(_used=cost)
    decimals = paid.group_by("_pool").agg(
        pl.col("_used").max().alias("_most"),
        pl.col("_rows").sum().alias("_costs"),
    )
    terms = counted.group_by("_pool").agg(
        rate.max().fill_null(0).cast(pl.Int64).alias("_rate_decimals"), _attempt_fee()
    )
    enough = pl.col("_costs") >= FEWEST_ROWS
    return (
        groups.select(*POOL, "_pool")
        .unique("_pool")
        .join(terms, on="_pool", how="left")
        .join(decimals, on="_pool", how="left")
        .join(_usual(paid), on="_pool", how="left")
        .with_columns(
            # A few costs such as 0.08 do not show that the vendor would round to two decimals.
            _decimals=pl.when(enough)
            .then("_most")
            .otherwise(pl.max_horizontal("_most", pl.lit(USUAL_DECIMALS)))
            .cast(pl.Int64)
        )
        .with_columns(_usual=pl.when(enough).then("_usual").otherwise("_decimals"))
        .sort("_pool")
    )


def _usual(paid: pl.DataFrame) -> pl.DataFrame:
    """How many decimals are enough for nine of ten costs."""
    shares = paid.group_by("_pool", "_used").agg(pl.col("_rows").sum()).sort("_pool", "_used")
    running = pl.col("_rows").cum_sum().over("_pool") * 10 >= pl.col("_rows").sum().over("_pool") * 9
    return shares.filter(running).group_by("_pool").agg(pl.col("_used").min().cast(pl.Int64).alias("_usual"))


def _decimals(name: str) -> pl.Expr:
    """How many decimals an amount needs, 0 to 10."""
    return pl.sum_horizontal((pl.col(name) % 10 ** (DIGITS - k) != 0).cast(pl.Int64) for k in range(DIGITS))


def _attempt_fee() -> pl.Expr:
    """The one amount that every failed call of a pool costs, else nothing."""
    failed = pl.col("call_duration") <= 0
    cost, rows = pl.col("_cost").filter(failed), pl.col("_rows").filter(failed)
    alike = (rows.sum() >= FEWEST_ATTEMPTS) & (cost.null_count() == 0) & (cost.min() == cost.max())
    # More than 10⁹ or less than nothing is no fee that a Rating could state.
    stated = cost.min().is_between(0, 10 ** (9 + DIGITS))
    return pl.when(alike & stated).then(cost.min()).otherwise(0).alias("_attempt_fee")


def _shuffle() -> pl.Expr:
    """A number that depends on nothing but the charge, the same with every version of Polars and on every machine."""
    prime = 2_147_483_647
    mixed = (
        (pl.col("charged_duration").cast(pl.Int128) % 65_521) * 40_503
        + (pl.col("_rate") % prime) * 69_621
        + (pl.col("_cost") % prime) * 16_807
    ) % prime
    return mixed * 48_271 % prime
