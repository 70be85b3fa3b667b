"""What a call is recognised by: the last digits of its numbers, and its instants."""

from __future__ import annotations

import polars as pl

CLOCKS = ("submitted_at", "answered_at", "ended_at")
"""The instants that both sides may have, the surest first: two records are held apart by the first that both have."""


def keyed(calls: pl.DataFrame, digits: int) -> pl.DataFrame:
    """Add to calls what they are recognised by.

    Returns
    -------
    pl.DataFrame
        `_row`, `_callee` and `_caller` (last digits; a caller with fewer is no number that a vendor would know, and
        null), `_talk` (Int64), and the instants of `CLOCKS` in microseconds (`_submitted_at` …).
    """
    caller = last_digits(pl.col("caller"), digits)
    return calls.select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("_row"),
        last_digits(pl.col("callee"), digits).alias("_callee"),
        pl.when(caller.str.len_bytes() == digits).then(caller).alias("_caller"),
        pl.col("call_duration").alias("_talk"),
        *(pl.col(name).dt.timestamp("us").alias(f"_{name}") for name in CLOCKS),
    )


def last_digits(number: pl.Expr, digits: int) -> pl.Expr:
    """The last digits of a telephone number, however it is written; null where there is none.

    Examples
    --------
    >>> import polars as pl
    >>> from callkit.matching.keys import last_digits
    >>> numbers = pl.DataFrame({"n": ["+49 (0)151-12345678", "015112345678", "sip:4915112345678@10.0.0.1", "101", "?"]})
    >>> numbers.select(last_digits(pl.col("n"), 9))["n"].to_list()
    ['112345678', '112345678', '112345678', '101', None]
    """
    # What follows the number in an address, and everything else that is no digit.
    plain = number.str.replace_all(r"[@;].*$|\D", "").str.strip_chars_start("0").str.tail(digits)
    return pl.when(plain != "").then(plain)
