"""`match()`: our own call records against the vendor's, one to one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from html import escape

import polars as pl

from callkit import cdr
from callkit.cdr import INSTANT, schema_of
from callkit.matching.clock import Offset, infer_offset
from callkit.matching.keys import CLOCKS, keyed
from callkit.matching.pairing import candidates, one_to_one
from callkit.matching.spans import span

CALLS = schema_of(
    source=pl.String,
    call_id=pl.String,
    at=INSTANT,
    our_call_id=pl.String,
    our_at=INSTANT,
    our_call_duration=pl.Int64,
    our_answered=pl.Boolean,
    seconds_apart=pl.Decimal(38, 6),
    candidates=pl.Int64,
)
"""`Match.calls`, one row per call of the vendor's."""

_MOST_WINDOW = timedelta(days=1)


@dataclass(frozen=True, eq=False, repr=False)
class Match:
    """Which of the vendor's calls is which of ours. Made by `match`.

    Attributes
    ----------
    calls : pl.DataFrame
        One row per call of the vendor's: source, call_id, at (its first known instant: submitted, else answered, else
        ended), our_call_id, our_at (our record's instant by the same rule, as it is written), our_call_duration [s],
        our_answered (all four null where no record of ours is this call; the last one also where our record has no
        talk time), seconds_apart (how much later ours is, on the vendor's clock [s]), candidates (how many of our
        records it could have been). Sorted by at, source and call_id.
    ours_unmatched : pl.DataFrame
        Our records that are none of the vendor's calls, as they were given; sorted like a CDR frame.
    clock_offset : timedelta
        What was added to our instants to get the vendor's.
    offset : Offset
        What shows it: `agreeing` of so many `pairs`, and whether it was `decided`.
    window : timedelta
        How far apart two records of one call may be.
    """

    calls: pl.DataFrame
    ours_unmatched: pl.DataFrame
    clock_offset: timedelta
    offset: Offset
    window: timedelta

    def __repr__(self) -> str:
        """Say how many calls were found, and by which clock offset."""
        matched = self.calls["our_call_id"].count()
        return (
            f"Match: {matched:,} of the vendor's {self.calls.height:,} calls are ours, "
            f"{self.ours_unmatched.height:,} of ours are none of the vendor's\n"
            f"  clock offset {_seconds(self.clock_offset)} ({self._why()}), window {_seconds(self.window)}"
        )

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"

    def _why(self) -> str:
        if self.offset.decided:
            pairs = self.offset.pairs
            return f"{self.offset.agreeing:,} of {pairs:,} pairs agree" if pairs else "given"
        return f"not to be told from {self.offset.pairs:,} pairs: state clock_offset="


def match(
    ours: object,
    theirs: object,
    *,
    window: timedelta | str = "10s",
    clock_offset: timedelta | str = "infer",
    digits: int = 9,
) -> Match:
    """Find for every call of the vendor's the record of ours that is the same call.

    Two records may be the same call where the last digits of the callees are the same, those of the callers too (if
    both are known: a telephone system may write an extension), and an instant is at most `window` apart: when they
    were submitted, or, if one side does not tell, answered, or ended. Of several the closest in time is taken, and
    each record once. How far our clock is from the vendor's, up to whole time zones, is read off the calls between two
    numbers that have one call on either side, or as many.

    Parameters
    ----------
    ours, theirs : frame
        CDR frames, eager or lazy, or anything with the Arrow C stream interface. Of the vendor's, rows with
        `found` = false are left out, and an id that is there twice is taken once.
    window : timedelta or str
        Such as "10s" or "1m30s".
    clock_offset : timedelta or str
        What is to be added to our instants to get the vendor's, such as "-8h" or "2s"; or "infer".
    digits : int
        So many last digits are compared, because one side may leave out the country code or write a 0 for it.

    Returns
    -------
    Match
        For `reconcile(…, match=…)`, which tells what our records contradict.

    Raises
    ------
    SchemaError
        If one of the frames is not a CDR frame.
    ValueError, TypeError
        For an argument that is not as above.

    Examples
    --------
    >>> import callkit as ck
    >>> with ck.Sandbox(calls=500, seed=7, billing_faults=0) as sandbox:
    ...     theirs = sandbox.itnio_voice().fetch(*sandbox.period)
    ...     ours = sandbox.own_cdrs()
    >>> found = ck.match(ours, theirs)
    >>> found.calls.height, found.clock_offset == -sandbox.own_clock
    (400, True)
    """
    widest = span(window, "window")
    if not timedelta() <= widest <= _MOST_WINDOW:
        raise ValueError(f"window must be from 0 s to a day, got {window!r}")
    if type(digits) is not int:
        raise TypeError(f"digits must be a whole number, got {digits!r}")
    if not 4 <= digits <= 15:
        raise ValueError(f"digits must be from 4 to 15, got {digits}")
    given = None if clock_offset == "infer" else span(clock_offset, "clock_offset")
    our_calls = _distinct(cdr.validate(ours).collect())
    their_calls = _once(cdr.validate(theirs))
    left, right = keyed(our_calls, digits), keyed(their_calls, digits)
    width = _microseconds(widest)
    offset = infer_offset(left, right, width) if given is None else Offset(_microseconds(given))
    possible = candidates(left, right, width, offset.microseconds)
    taken = one_to_one(possible)
    return Match(
        calls=_told(our_calls, their_calls, possible, taken),
        ours_unmatched=our_calls.with_row_index("_row")
        .join(taken, left_on="_row", right_on="_ours", how="anti", maintain_order="left")
        .drop("_row"),
        clock_offset=timedelta(microseconds=offset.microseconds),
        offset=offset,
        window=widest,
    )


def _distinct(ours: pl.DataFrame) -> pl.DataFrame:
    """Leave out exact copies; our ids need not tell records apart."""
    repeated = ours["call_id"].n_unique() < ours.height
    return cdr.sort(ours.unique(maintain_order=True) if repeated else ours)


def _once(theirs: pl.LazyFrame) -> pl.DataFrame:
    """Take every id of the vendor's once: the version of a call does not decide which call it is."""
    columns = ("source", "call_id", *CLOCKS, "call_duration", "caller", "callee")
    there = theirs.filter(pl.col("found").fill_null(value=True), pl.col("call_id").is_not_null())
    calls = there.select(columns).collect()
    if calls.select("source", "call_id").is_duplicated().any():
        ordered = calls.sort(columns, nulls_last=True)
        calls = ordered.unique(["source", "call_id"], keep="first", maintain_order=True)
    return cdr.sort(calls)


def _told(
    ours: pl.DataFrame, theirs: pl.DataFrame, possible: pl.DataFrame, taken: pl.DataFrame
) -> pl.DataFrame:
    at = pl.coalesce(CLOCKS)
    row = pl.int_range(pl.len(), dtype=pl.Int64)
    our = ours.select(
        row.alias("_ours"),
        pl.col("call_id").alias("our_call_id"),
        at.alias("our_at"),
        pl.col("call_duration").alias("our_call_duration"),
        (pl.col("call_duration") > 0).alias("our_answered"),
    )
    counts = possible.group_by("_theirs").agg(pl.len().cast(pl.Int64).alias("candidates"))
    microseconds = pl.col("_apart").cast(pl.Decimal(38, 6))
    return (
        theirs.select(row.alias("_theirs"), "source", "call_id", at.alias("at"))
        .join(taken, on="_theirs", how="left")
        .join(our, on="_ours", how="left")
        .join(counts, on="_theirs", how="left")
        .with_columns(
            (microseconds / 1_000_000).cast(pl.Decimal(38, 6)).alias("seconds_apart"),
            pl.col("candidates").fill_null(0),
        )
        .select(CALLS.names())
        .cast(CALLS)
        .sort("at", "source", "call_id", nulls_last=True)
    )


def _microseconds(length: timedelta) -> int:
    return length // timedelta(microseconds=1)


def _seconds(length: timedelta) -> str:
    told = f"{abs(_microseconds(length)) / 1_000_000:f}".rstrip("0").rstrip(".")
    return f"{'-' if length < timedelta() else ''}{told} s"
