"""Two numbers talk to each other twice at the same time.

Which of them dialled does not matter: whoever talks to a number can neither call it nor be called by it until they have
hung up. Switchboards can, whose lines share one number, so this is a question. Records that bill one conversation
twice are `double_billed`, and left out here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from callkit.cdr import INSTANT, MONEY, schema_of
from callkit.reconciliation.doubles import KEY as DOUBLE_KEY
from callkit.reconciliation.findings import GroupCheck
from callkit.reconciliation.meetings import LONGEST_TALK
from callkit.reconciliation.wording import instant

if TYPE_CHECKING:
    from callkit.reconciliation.facts import Facts

_PARTIES = ("source", "_one", "_other")
_ORDER = ("answered_at", "submitted_at", "call_id", "_until")
_FOUND = schema_of(
    source=pl.String,
    call_id=pl.String,
    answered_at=INSTANT,
    earlier=pl.String,
    began=INSTANT,
    ended=INSTANT,
    overlap=pl.Duration("us"),
)

Row = tuple[str | None, str, datetime, str, datetime, datetime, timedelta]


def _overlaps(ledger: pl.LazyFrame, facts: Facts) -> pl.DataFrame:
    del ledger  # the facts hold all that can overlap
    talks = facts.meetings.filter(pl.col("call_duration") <= LONGEST_TALK)
    single = talks.join(facts.doubles, on=DOUBLE_KEY, how="anti", nulls_equal=True)
    calls = single.with_columns(
        _until=pl.col("answered_at") + pl.duration(seconds="call_duration"),
        _one=pl.min_horizontal("caller", "callee"),
        _other=pl.max_horizontal("caller", "callee"),
    )
    calls = calls.sort(*_PARTIES, *_ORDER, nulls_last=True)
    still_talking = pl.col("_until").cum_max().shift().over(_PARTIES) > pl.col("answered_at")
    busy = calls.filter(still_talking.fill_null(value=False).any().over(_PARTIES))
    rows = [row for _, talk in busy.group_by(_PARTIES, maintain_order=True) for row in _against_earlier(talk)]
    found = pl.DataFrame(rows, _FOUND, orient="row").sort(
        "source", "call_id", pl.col("overlap").neg(), "earlier", "began", nulls_last=True
    )
    return _told(found.unique(["source", "call_id"], keep="first", maintain_order=True), facts.asked.tz)


def _against_earlier(talk: pl.DataFrame) -> Iterator[Row]:
    """Walk the calls of two numbers in time, and hold each against the earlier one that lasts longest.

    The second longest stands in where that is another record of the same call.
    """
    longest: list[tuple[datetime, str, datetime]] = []
    for source, call_id, answered_at, until in talk.select(
        "source", "call_id", "answered_at", "_until"
    ).iter_rows():
        other = next((call for call in longest if call[1] != call_id), None)
        if other is not None and other[0] > answered_at:
            end, earlier, began = other
            yield source, call_id, answered_at, earlier, began, end, min(end, until) - answered_at
        longest = _two_longest([*longest, (until, call_id, answered_at)])


def _two_longest(calls: list[tuple[datetime, str, datetime]]) -> list[tuple[datetime, str, datetime]]:
    """The call that lasts longest, and the one that lasts longest of all others."""
    # The earliest of equals comes first, because sorting keeps their order.
    first, *others = sorted(calls, key=lambda call: call[0], reverse=True)
    return [first, *[call for call in others if call[1] != first[1]][:1]]


def _told(found: pl.DataFrame, tz: str) -> pl.DataFrame:
    seconds = pl.col("overlap").dt.total_microseconds().cast(pl.String).str.pad_start(7, "0")
    seconds = seconds.str.replace(r"(\d{6})$", ".${1}").str.replace(r"\.?0+$", "")
    return found.with_columns(seconds=seconds).select(
        "call_id",
        "source",
        pl.format("{} s at the same time as {}", "seconds", "earlier").alias("reported"),
        pl.lit("one talk at a time").alias("expected"),
        pl.lit(None, MONEY).alias("amount"),
        pl.lit(None, pl.String).alias("currency"),
        pl.format(
            "Answered {}, while call {} between the same two numbers lasted from {} to {}: {} s of both at once. "
            "A switchboard can do that, a single telephone cannot. Did both take place?",
            instant(pl.col("answered_at"), tz),
            "earlier",
            instant(pl.col("began"), tz),
            instant(pl.col("ended"), tz),
            "seconds",
        ).alias("explanation"),
    )


CHECKS = (GroupCheck("overlap", "warning", "D", of_records=True, find=_overlaps),)
