"""From calls to deck rows: which number is priced, when, and by which index."""

from __future__ import annotations

from typing import Literal

import polars as pl

from callkit.cdr import INSTANT
from callkit.numbers import bare
from callkit.rates.index import ALWAYS, DIGITS, NEVER, Index

NEEDED = ("direction", "caller", "callee", "currency", "submitted_at", "answered_at", "ended_at")
"""The columns of the CDR frame that a price depends on."""

Precedence = Literal["first", "last"]


def is_inbound() -> pl.Expr:
    """A call whose direction is not known counts as outbound, like the vendor's own."""
    return (pl.col("direction") == "in").fill_null(value=False)


def priced_number() -> pl.Expr:
    """The number that decides the price, without a leading `+` or `00`; null where it is no run of digits."""
    number = pl.when(is_inbound()).then("caller").otherwise("callee").cast(pl.String)
    digits = bare(number)
    return pl.when(digits.str.contains("^[0-9]+$")).then(digits)


def instant_of_call() -> pl.Expr:
    """When a call is priced: when it was submitted, else answered, else ended."""
    return pl.coalesce("submitted_at", "answered_at", "ended_at")


class Matcher:
    """Longest-prefix match against the rows of a deck.

    Of the rows whose prefix the number begins with, whose currency is the call's, whose direction is the call's or not
    stated, and that are valid at the call's instant, the one with the longest prefix applies; among those one that
    states the direction; among those the one with the latest start; among those the first (or last) in the deck.
    """

    def __init__(self, rows: pl.DataFrame, precedence: Precedence = "first") -> None:
        self._rows = rows
        self._precedence = precedence
        self._indexes: dict[tuple[str, bool], Index] = {}

    def row_of(self) -> pl.Expr:
        """The row of each call, as an elementwise expression over the CDR frame's columns."""
        number = priced_number()
        self._build()
        asked = pl.struct(
            number=number.str.head(DIGITS).str.pad_end(DIGITS, "0").cast(pl.Int64, strict=False),
            length=number.str.len_bytes().cast(pl.Int64),
            instant=instant_of_call().cast(INSTANT).to_physical(),
            currency=pl.col("currency").cast(pl.String),
            inbound=is_inbound(),
        )
        return asked.map_batches(self._rows_of, return_dtype=pl.Int64, is_elementwise=True).alias("deck_row")

    def _rows_of(self, asked: pl.Series) -> pl.Series:
        calls = asked.struct.unnest().with_row_index("call")
        found = pl.Series(asked.name, [None], dtype=pl.Int64).new_from_index(0, calls.height)
        for (currency, inbound), index in self._indexes.items():
            theirs = calls.filter(
                pl.col("currency") == currency,
                pl.col("inbound") == inbound,
                pl.col("number").is_not_null(),
            )
            if theirs.height:
                rows = index.look_up(theirs["number"], theirs["length"], theirs["instant"])
                found = found.scatter(theirs["call"], rows)
        return found

    def _build(self) -> None:
        """Build every index before the first call is asked for: the engine asks from several threads at once."""
        if self._indexes or self._rows.is_empty():
            return
        for currency, rows in sorted(self._rows.partition_by("currency", as_dict=True).items()):
            one_for_both = rows["direction"].null_count() == rows.height
            outbound = _index(rows, "out", self._precedence)
            self._indexes[currency[0], False] = outbound
            self._indexes[currency[0], True] = (
                outbound if one_for_both else _index(rows, "in", self._precedence)
            )


def _index(rows: pl.DataFrame, direction: str, precedence: Precedence) -> Index:
    theirs = rows.filter((pl.col("direction") == direction).fill_null(value=True))
    # The rank of each row among all, so that one number tells which goes before which.
    weight = pl.struct(
        pl.col("direction").is_not_null(),
        pl.col("valid_from").to_physical().fill_null(ALWAYS),
        pl.col("row").neg() if precedence == "first" else pl.col("row"),
    ).rank("ordinal")
    return Index(
        theirs.select(
            "prefix",
            pl.col("valid_from").to_physical().fill_null(ALWAYS).alias("start"),
            pl.col("valid_to").to_physical().fill_null(NEVER).alias("end"),
            weight.cast(pl.Int64).alias("weight"),
            "row",
        )
    )
