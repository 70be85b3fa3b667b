"""Why a call has no row in a deck, and which row explains a price that is not the deck's: for few calls, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

import polars as pl

from callkit.rates.matching import NEEDED, Matcher, instant_of_call, is_inbound, priced_number
from callkit.rates.schema import Row, amount, day, last, period, prefix

Call = dict[str, Any]


class Reasons:
    """The rows of a deck by prefix and by destination, for looking around."""

    def __init__(self, rows: pl.DataFrame, matcher: Matcher, tz: str) -> None:
        self._frame = rows
        self._matcher = matcher
        self._tz = tz

    def unmatched(self, calls: pl.DataFrame) -> pl.Series:
        """Say why each call has no row; null where it has one."""
        rows = calls.select(self._matcher.row_of()).to_series().to_list()
        told = [
            self._why_not(call) if row is None else None
            for call, row in zip(_asked(calls).iter_rows(named=True), rows, strict=True)
        ]
        return pl.Series("reason", told, dtype=pl.String)

    def explaining(self, calls: pl.DataFrame, low: pl.Series, high: pl.Series) -> pl.Series:
        """Name the row whose rate lies from `low` to `high`, the nearest relation first; null where none does."""
        rows = calls.select(self._matcher.row_of()).to_series().to_list()
        told = [
            None if least is None or most is None else self._explained(call, row, least, most)
            for call, row, least, most in zip(
                _asked(calls).iter_rows(named=True), rows, low.to_list(), high.to_list(), strict=True
            )
        ]
        return pl.Series("explained_by", told, dtype=pl.String)

    @cached_property
    def _rows(self) -> list[Row]:
        return self._frame.to_dicts()

    @cached_property
    def _by_prefix(self) -> dict[str, list[Row]]:
        return _grouped(self._rows, "prefix")

    @cached_property
    def _by_destination(self) -> dict[str, list[Row]]:
        return _grouped(self._rows, "destination")

    def _around(self, number: str) -> Iterator[Row]:
        """Every row whose prefix the number begins with, the longest prefix first."""
        for length in range(len(number), -1, -1):
            yield from self._by_prefix.get(number[:length], ())

    def _why_not(self, call: Call) -> str:
        number = call["number"]
        if number is None:
            return "the number is unknown" if call["written"] is None else "the number is no telephone number"
        if call["currency"] is None:
            return "the call's currency is unknown"
        around = list(self._around(number))
        if not around:
            return f"no prefix of {number[:5]}{'…' if len(number) > 5 else ''} in the deck"
        direction = "in" if call["inbound"] else "out"
        kept = [row for row in around if row["currency"] == call["currency"]]
        if not kept:
            return f"{_is_priced(around)} only in {_and(row['currency'] for row in _longest(around))}"
        around, kept = kept, [row for row in kept if row["direction"] in (None, direction)]
        if not kept:
            return f"{_is_priced(around)} only for {_DIRECTIONS[around[0]['direction']]} calls"
        if call["instant"] is None:
            return f"{_is_priced(kept)} only by date, and when the call was is unknown"
        return f"{_is_priced(kept)} only {self._when(_longest(kept), call['instant'])}"

    def _when(self, versions: Sequence[Row], instant: datetime) -> str:
        later = [row for row in versions if row["valid_from"] is not None and row["valid_from"] > instant]
        earlier = [row for row in versions if row not in later]
        told = []
        if earlier:
            told.append(f"until {last(max(row['valid_to'] for row in earlier), self._tz)}")
        if later:
            told.append(f"from {day(min(row['valid_from'] for row in later), self._tz)} on")
        return " and ".join(told)

    def _explained(self, call: Call, at: int | None, low: Decimal, high: Decimal) -> str | None:
        applied = None if at is None else self._rows[at]
        for relation, rows in self._related(call, applied):
            fitting = [row for row in rows if row["row"] != at and low <= row["rate"] <= high]
            if fitting:
                row = fitting[0]
                when = period(row, self._tz)
                return (
                    f"{relation}: {prefix(row)}, {amount(row)}{', ' + when if when else ''} ({row['place']})"
                )
        return None

    def _related(self, call: Call, applied: Row | None) -> Iterator[tuple[str, list[Row]]]:
        number, currency = call["number"], call["currency"]
        direction = "in" if call["inbound"] else "out"
        around = [] if number is None else list(self._around(number))

        def alike(row: Row) -> bool:
            return row["currency"] == currency and row["direction"] in (None, direction)

        if applied is not None:
            same = [row for row in around if alike(row) and row["prefix"] == applied["prefix"]]
            start = applied["valid_from"]
            before = [row for row in same if _starts(row) < _starts(applied)]
            yield "the earlier price", sorted(before, key=_starts, reverse=True)
            after = [row for row in same if start is None or _starts(row) > _starts(applied)]
            yield "the later price", sorted((row for row in after if row["valid_from"]), key=_starts)
            yield "another price of the same prefix", same
            size = len(applied["prefix"])
            yield (
                "the price of a shorter prefix",
                [row for row in around if alike(row) and len(row["prefix"]) < size],
            )
            yield (
                "the price of a longer prefix",
                [row for row in around if alike(row) and len(row["prefix"]) > size],
            )
            place = self._by_destination.get(applied["destination"], []) if applied["destination"] else []
            yield "the price of the same destination elsewhere", [row for row in place if alike(row)]
        else:
            yield "a price that is not valid at that time", [row for row in around if alike(row)]
        yield (
            f"the price of {_DIRECTIONS['out' if direction == 'in' else 'in']} calls",
            [row for row in around if row["currency"] == currency and not alike(row)],
        )
        yield (
            "the price in another currency",
            [row for row in around if row["currency"] != currency and row["direction"] in (None, direction)],
        )


_DIRECTIONS = {"in": "inbound", "out": "outbound"}


def _asked(calls: pl.DataFrame) -> pl.DataFrame:
    return calls.select(NEEDED).select(
        number=priced_number(),
        written=pl.when(is_inbound()).then("caller").otherwise("callee"),
        currency=pl.col("currency").cast(pl.String),
        inbound=is_inbound(),
        instant=instant_of_call(),
    )


def _grouped(rows: Iterable[Row], name: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[name], []).append(row)
    return groups


def _starts(row: Row) -> float:
    return row["valid_from"].timestamp() if row["valid_from"] is not None else float("-inf")


def _longest(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["prefix"] == rows[0]["prefix"]]


def _is_priced(rows: Sequence[Row]) -> str:
    return f"prefix {rows[0]['prefix']} is priced" if rows[0]["prefix"] else "calls to all numbers are priced"


def _and(words: Iterable[str]) -> str:
    return " and ".join(sorted(set(words)))
