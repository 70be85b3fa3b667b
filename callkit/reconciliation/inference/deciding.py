"""Choosing between candidates: only the calls on which they disagree count."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from callkit.billing import Rating
from callkit.reconciliation.inference.evidence import FEWEST_ROWS

FEWEST_PERCENT = 95
"""Of the calls that side with either of two candidates, so many must side with the one that is chosen."""

_TELLING = 10
"""A cost of fewer units of its last digit fits nearly everything."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Which candidates are left, by their place in the list.

    Attributes
    ----------
    rows
        Calls that were weighed.
    explained
        How many of them each candidate explains.
    against, in_favour
        Telling calls that the leader explains and the candidate does not, and the other way round.
    leader
        The one that explains the most, and the most conventional of those that agree with it on every call.
    same
        All that agree with the leader on every call, itself included.
    open
        All that are not decided against, `same` included.
    decided
        Whether `open` is one class, and unit and fee were told apart.
    used
        The leader, or what is the convention among the open ones.
    """

    rows: int
    explained: tuple[int, ...]
    against: tuple[int, ...]
    in_favour: tuple[int, ...]
    leader: int
    same: frozenset[int]
    open: frozenset[int]
    decided: bool
    used: int


def decide(charges: pl.DataFrame, candidates: tuple[Rating, ...]) -> Decision:
    """Decide between candidates on the charges of a pool or a group.

    A candidate is out when it and the leader disagree on `FEWEST_ROWS` calls or more, most of which side with either,
    and `FEWEST_PERCENT` of those with the leader.
    """
    places = range(len(candidates))
    telling = pl.col("_cost").abs() >= _TELLING * 10 ** (10 - candidates[0].decimals)
    sums = charges.select(
        _calls(pl.lit(value=True)).alias("rows"),
        *(_calls(pl.col(f"fits_{i}")).alias(f"all_{i}") for i in places),
        *(_calls(pl.col(f"fits_{i}") & telling).alias(f"telling_{i}") for i in places),
    ).row(0, named=True)
    rows, explained = sums["rows"], tuple(sums[f"all_{i}"] for i in places)
    # Candidates come the most conventional first, so the first of equals is it.
    leader = max(places, key=lambda i: (sums[f"telling_{i}"], explained[i], -i))
    if rows < FEWEST_ROWS or explained[leader] * 2 < rows:
        everything = frozenset(places)
        return Decision(
            rows,
            explained,
            (0,) * len(places),
            (0,) * len(places),
            leader,
            frozenset({leader}),
            everything,
            False,
            0,
        )
    best, other = pl.col(f"fits_{leader}"), [pl.col(f"fits_{i}") for i in places]
    differs = [pl.col(f"cost_{i}").ne_missing(pl.col(f"cost_{leader}")) for i in places]
    counts = charges.select(
        *(_calls(telling & best & ~other[i]).alias(f"against_{i}") for i in places),
        *(_calls(telling & ~best & other[i]).alias(f"for_{i}") for i in places),
        *(_calls(telling & differs[i] & ~(best & other[i])).alias(f"disputed_{i}") for i in places),
        *(_calls(differs[i]).alias(f"differs_{i}") for i in places),
    ).row(0, named=True)
    against, in_favour = (tuple(counts[f"{side}_{i}"] for i in places) for side in ("against", "for"))
    same = frozenset(i for i in places if counts[f"differs_{i}"] == 0)
    open_ones = same | {i for i in places if not refuted(counts[f"disputed_{i}"], against[i], in_favour[i])}
    decided = open_ones == same and not _one_price(charges, leader)
    return Decision(
        rows,
        explained,
        against,
        in_favour,
        leader,
        same,
        open_ones,
        decided,
        min(same if decided else open_ones),
    )


def refuted(disputed: int, against: int, in_favour: int) -> bool:
    """Whether so many disputed calls, of which these side against and in favour, decide against a candidate."""
    siding = against + in_favour
    return disputed >= FEWEST_ROWS and siding * 2 > disputed and against * 100 >= siding * FEWEST_PERCENT


def _one_price(charges: pl.DataFrame, leader: int) -> bool:
    """Whether nearly all explained calls have one rate times seconds: then any unit fits, with a fee to go with it."""
    product = pl.col("_rate") * pl.col("charged_duration").cast(pl.Int128)
    prices = charges.filter(f"fits_{leader}").group_by(product.alias("price")).agg(pl.col("_rows").sum())
    counts = prices["_rows"]
    return int(counts.sum()) - int(counts.max() or 0) < FEWEST_ROWS  # type: ignore[arg-type]  # a column of counts


def _calls(condition: pl.Expr) -> pl.Expr:
    return pl.col("_rows").filter(condition).sum()
