"""How far our clock is from the vendor's, read off the calls that can be told without a clock."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from callkit.matching.keys import CLOCKS

FEWEST = 3
"""Fewer calls decide nothing."""


@dataclass(frozen=True, slots=True)
class Offset:
    """What is added to our instants to get the vendor's, and what shows it.

    Attributes
    ----------
    microseconds
        The offset; 0 where it is not decided.
    agreeing, pairs
        Of the pairs of calls that can be told without a clock, how many show this offset.
    decided
        Whether at least three pairs, and half of them, agree.
    """

    microseconds: int
    agreeing: int = 0
    pairs: int = 0
    decided: bool = True


def infer_offset(ours: pl.DataFrame, theirs: pl.DataFrame, window: int) -> Offset:
    """Find the offset on which the most pairs agree within the window: the median of theirs.

    Pairs are the calls between a caller and a callee that have one call on either side. Where these do not decide it,
    the same of a callee alone (a telephone system may know its callers by extensions); then, each in order, the calls
    of two numbers that have as many on either side.
    """
    both, callee = ["_callee", "_caller"], ["_callee"]
    offset = Offset(0, decided=False)
    for key, once in ((both, True), (callee, True), (both, False), (callee, False)):
        offset = _agreed(_differences(ours, theirs, key, once=once), window)
        if offset.decided:
            break
    return offset


def _agreed(apart: pl.Series, window: int) -> Offset:
    if apart.is_empty():
        return Offset(0, decided=False)
    # How many differences lie from each one on within two windows: the fullest stretch shows the offset.
    first = pl.int_range(apart.len(), dtype=pl.Int64, eager=True)
    after = apart.search_sorted(apart + 2 * window, side="right").cast(pl.Int64)
    counts = after - first
    stretch = (
        pl.DataFrame({"first": first, "count": counts, "middle": apart.gather(first + (counts - 1) // 2)})
        .sort(-pl.col("count"), pl.col("middle").abs(), "middle")
        .row(0, named=True)
    )
    agreeing = stretch["count"]
    decided = agreeing >= FEWEST and 2 * agreeing >= apart.len()
    return Offset(stretch["middle"] if decided else 0, agreeing, apart.len(), decided)


def _differences(ours: pl.DataFrame, theirs: pl.DataFrame, key: list[str], *, once: bool) -> pl.Series:
    """Vendor's instant minus ours, of calls whose key occurs once, or as often, on either side; sorted."""
    place, of = pl.int_range(pl.len()).over(key).alias("_place"), pl.len().over(key).alias("_of")
    numbered = [calls.drop_nulls(key).with_columns(place, of) for calls in (ours, theirs)]
    if once:
        numbered = [calls.filter(pl.col("_of") == 1) for calls in numbered]
    pairs = numbered[0].join(numbered[1], on=[*key, "_place", "_of"], how="inner", suffix="_theirs")
    apart = pl.coalesce(pl.col(f"_{clock}_theirs") - pl.col(f"_{clock}") for clock in CLOCKS)
    return pairs.select(apart.alias("apart"))["apart"].drop_nulls().sort()
