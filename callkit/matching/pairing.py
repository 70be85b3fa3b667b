"""Which records may be the same call, and one of each side for each."""

from __future__ import annotations

import polars as pl

from callkit.matching.keys import CLOCKS

PAIRS = pl.Schema({"_ours": pl.Int64, "_theirs": pl.Int64, "_apart": pl.Int64})
"""Rows of ours and of theirs, and by how many microseconds ours is later, once it is on the vendor's clock."""


def candidates(ours: pl.DataFrame, theirs: pl.DataFrame, window: int, offset: int) -> pl.DataFrame:
    """Find the pairs of records with the same numbers and an instant that is at most `window` apart.

    The instant is the first of `CLOCKS` that both records have. The callees' last digits are the same, and the
    callers', where both are known.

    Parameters
    ----------
    ours, theirs
        As `keyed` makes them.
    window, offset
        Microseconds; the offset is added to our instants.

    Returns
    -------
    pl.DataFrame
        `PAIRS`, the most probable first: callers that are known to be the same, then the closer in time, then in talk
        time, then in the records' order.
    """
    moved = ours.with_columns(pl.col(f"_{clock}") + offset for clock in CLOCKS)
    found = [_by_clock(moved, theirs, place, window) for place in range(len(CLOCKS))]
    return (
        pl.concat(found)
        .sort("_unsure", pl.col("_apart").abs(), "_talk_apart", "_theirs", "_ours", nulls_last=True)
        .select(PAIRS.names())
    )


def _by_clock(ours: pl.DataFrame, theirs: pl.DataFrame, place: int, window: int) -> pl.DataFrame:
    """Find candidates by one clock among the records that have no surer one in common."""
    at = f"_{CLOCKS[place]}"
    # Two instants that are at most a window apart lie in the same slot of time, or in adjoining ones.
    slot = (pl.col(at) // (window + 1)).alias("_slot")
    slots = pl.concat(ours.drop_nulls(at).with_columns(slot + step) for step in (-1, 0, 1))
    apart, talk = pl.col(at) - pl.col(f"{at}_theirs"), pl.col("_talk") - pl.col("_talk_theirs")
    same_caller = pl.col("_caller") == pl.col("_caller_theirs")
    surer = [
        pl.col(f"_{clock}").is_not_null() & pl.col(f"_{clock}_theirs").is_not_null()
        for clock in CLOCKS[:place]
    ]
    return (
        slots.join(
            theirs.drop_nulls(at).with_columns(slot), on=["_callee", "_slot"], how="inner", suffix="_theirs"
        )
        .filter(
            apart.abs() <= window,
            same_caller.fill_null(value=True),
            ~pl.any_horizontal(pl.lit(value=False), *surer),
        )
        .select(
            pl.col("_row").alias("_ours"),
            pl.col("_row_theirs").alias("_theirs"),
            apart.alias("_apart"),
            talk.abs().alias("_talk_apart"),
            same_caller.is_null().alias("_unsure"),
        )
    )


def one_to_one(pairs: pl.DataFrame) -> pl.DataFrame:
    """Take the most probable pair, leave out all others of its two records, and so on.

    Done in rounds: in each, every pair is taken than which neither of its records has a better one.

    Parameters
    ----------
    pairs
        `PAIRS`, the most probable first.

    Returns
    -------
    pl.DataFrame
        The pairs taken, in the same order.
    """
    left = pairs.with_row_index("_rank")
    taken = [left.head(0)]
    while left.height:
        best = pl.col("_rank") == pl.min_horizontal(
            pl.col("_rank").min().over("_ours"), pl.col("_rank").min().over("_theirs")
        )
        chosen = left.filter(best)
        taken.append(chosen)
        left = left.join(chosen, on="_ours", how="anti").join(chosen, on="_theirs", how="anti")
    return pl.concat(taken).sort("_rank").drop("_rank")
