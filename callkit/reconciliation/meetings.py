"""The calls whose two numbers talk to each other again at about the same time.

Nearly all calls are none, and are gone before anything is sorted: what is billed twice and what overlaps is looked for
among the few that are left.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

LONGEST_TALK = 86_400
"""Seconds. More are a misreading (`talk_time` tells), and would overlap with all that follows."""

_DAY = 86_400
_NEARBY = 3
_KNOWN = ("answered_at", "caller", "callee")


def meetings(cdrs: pl.LazyFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Collect the answered calls whose numbers talk again on one of their days.

    A talk of up to a day touches two days. Whatever overlaps with it begins on one of them, and so does what is
    answered within two seconds of it.

    Parameters
    ----------
    cdrs
        The distinct records.
    columns
        What is wanted of the calls, their call_id among it; those without one are left out.
    """
    talks = cdrs.filter(
        pl.col("call_duration") > 0, pl.all_horizontal(pl.col(name).is_not_null() for name in _KNOWN)
    )
    began, ended = _together(pl.lit(0)), _together(_lasted())
    days = talks.select(_began=began, _ended=ended).collect(engine="streaming")
    met = days["_began"].append(days.filter(pl.col("_began") != pl.col("_ended"))["_ended"])
    met = met.sort()
    again = met.filter(met == met.shift(1)).unique()
    if again.is_empty():
        talks = talks.head(0)
    wanted = again.implode()
    found = talks.filter(began.is_in(wanted) | ended.is_in(wanted)).select(columns)
    # Asked only now, so that the ids of all the others are not read.
    return found.collect(engine="streaming").filter(pl.col("call_id").is_not_null())


def _lasted() -> pl.Expr:
    """How long a talk can meet another one, in seconds; never so long as to reach a third day."""
    return pl.min_horizontal(pl.col("call_duration"), pl.lit(LONGEST_TALK - _NEARBY)) + _NEARBY


def _together(after: pl.Expr) -> pl.Expr:
    """One number for source, both telephone numbers in either order, and the day so many seconds after the answer."""
    day = (pl.col("answered_at").dt.epoch("s") + after) // _DAY
    parties = pl.col("source").hash() + pl.col("caller").hash() + pl.col("callee").hash()
    return parties + day.hash()
