"""`RateDeck`: a price list with prefixes and dates, as rows that calls can be looked up in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property, reduce
from html import escape
from typing import Any, Literal

import polars as pl

from callkit.arguments import time_zone
from callkit.files.amounts import Sign
from callkit.files.columns import ColumnMap
from callkit.files.dates import Ends
from callkit.rates.content import UNREADABLE, Content, content_of, laid_over, refuse_other_unit
from callkit.rates.difference import changes
from callkit.rates.lookup import look_up
from callkit.rates.matching import Matcher, Precedence
from callkit.rates.reasons import Reasons
from callkit.rates.stated import (
    Stated,
    Unit,
    beginning,
    currency_code,
    factor,
    one_of,
    unit_of_rates,
)
from callkit.rates.telling import counted, digest, told
from callkit.rates.validation import problems


@dataclass(frozen=True, eq=False, repr=False)
class RateDeck:
    """What calls to numbers should cost, by prefix, currency, direction and date. Made by `RateDeck.read`.

    Of the rows whose prefix the number begins with, whose currency is the call's, whose direction is the call's or not
    stated, and that are valid at the call's instant, the one with the longest prefix applies: a prefix that has no
    price at the instant gives way to a shorter one. Among rows of one prefix one that states the direction goes first,
    then the one with the latest start.

    Attributes
    ----------
    rows : pl.DataFrame
        row (0, 1, …: the deck's own order, which is the order of the frame), prefix (digits; empty: every number),
        destination, rate [currency/unit], bill_period (`a+b`), currency, direction (`out` | `in`, null: both),
        valid_from and valid_to (instants: the first inside and the first outside, null: open), place (where the row
        stands in the file).
    unreadable : pl.DataFrame
        place, column, value, expected: every cell that could not be read, in the file's order. Empty unless the
        deck was read with `unreadable="list"`.
    name : str
        The file without its folder, or "frame".
    tz : str
        The zone of dates in the file, and of dates in sentences.
    per_seconds : int, "block" or None
        What a rate is the price of, as `Rating.per_seconds`; None where neither the file nor the user said: then it
        is what the rating says.
    precedence : "first" or "last"
        Which of the rows that contradict each other applies, by the order of the rows.
    """

    rows: pl.DataFrame
    unreadable: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=UNREADABLE))
    name: str = "frame"
    tz: str = "UTC"
    per_seconds: Unit | None = None
    precedence: Precedence = "first"

    @classmethod
    def read(
        cls,
        source: object,
        *,
        columns: ColumnMap | None = None,
        sheet: str | Sequence[str] | None = None,
        date_format: str | None = None,
        tz: str = "UTC",
        currency: str | None = None,
        direction: Literal["out", "in"] | None = None,
        per_seconds: Unit | None = None,
        decimal: Sign | None = None,
        ends: Ends = "inclusive",
        valid_from: datetime | date | str | None = None,
        prefix_lists: bool | None = None,
        unreadable: Literal["refuse", "list"] = "refuse",
        contradictory: Literal["refuse", "first", "last"] = "refuse",
    ) -> RateDeck:
        r"""Read a rate deck: CSV, a workbook, Parquet, or any frame with the Arrow C stream interface.

        The header may stand below a title; its columns are recognised by their usual names in English (prefix, code,
        dial code, country code with area code; destination; rate, price; increments in one column or two; currency;
        direction; effective and expiry date). Whatever would change the money is not guessed: the deck is refused with
        the choice to make.

        Parameters
        ----------
        source
            A path or a frame; or a list of them, in the order in which they were sent: see `followed_by`.
        columns
            The file's names of columns against the deck's: `{"interrate": "rate"}`; `{"Old price": None}` leaves
            one out. The deck's names are prefix, country_code, area_code, destination, rate, bill_period, initial,
            subsequent, currency, direction, valid_from, valid_to, rate_unit and connect_fee.
        sheet
            The sheet of a workbook, or several. None: all that hold a deck. Where the rows have no dates, a date
            in the name of a sheet is the start of its rows, and a later sheet takes over from an earlier one.
        date_format
            A `strptime` format such as "%m/%d/%Y". Without it only dates that can be read in one way are.
        tz
            The zone in which a day begins.
        currency
            The currency of the rates, where the file does not tell it.
        direction
            "out" or "in", where the file does not tell it. None: the rates hold for both.
        per_seconds
            What the rates are the price of, as in `Rating`, where the file does not tell it; a file that says
            otherwise is refused. Where neither tells it, a rate is the price of what the rating says.
        decimal
            "." or ",", where the cells do not show it.
        ends
            What a day given as the end means: the last day of the price ("inclusive", as most decks mean it), or
            the first one after it ("exclusive"). A time at the end is the first instant outside, but for the last
            second or minute of a day, which is the end of that day.
        valid_from
            The start of rows that do not tell it.
        prefix_lists
            Whether the comma of `447,448` parts two prefixes (True) or thousands (False), where it could be either.
        unreadable
            "refuse" raises with every unreadable cell; "list" leaves those rows out and lists the cells in
            `RateDeck.unreadable`.
        contradictory
            What to do with rows of the same prefix, currency, direction and start, but another rate or bill period:
            "refuse", or take the "first" or the "last" in the file's order.

        Returns
        -------
        RateDeck

        Raises
        ------
        SchemaError
            If cells cannot be read (up to twenty are named), or a choice is open.
        ValueError, TypeError
            For an argument that is none of the above.

        Examples
        --------
        >>> import callkit as ck
        >>> import polars as pl
        >>> prices = {"Code": ["86", "86139"], "Rate (USD/min)": ["0.035", "0.055"], "Increment": ["60/60", "6+6"]}
        >>> deck = ck.RateDeck.read(pl.DataFrame(prices))
        >>> deck.rows.select("prefix", "rate", "bill_period", "currency").rows()
        [('86', Decimal('0.0350000000'), '60+60', 'USD'), ('86139', Decimal('0.0550000000'), '6+6', 'USD')]
        """
        one_of("unreadable", unreadable, ("refuse", "list"))
        one_of("contradictory", contradictory, ("refuse", "first", "last"))
        one_of("ends", ends, ("inclusive", "exclusive"))
        one_of("direction", direction, ("out", "in", None))
        zone = time_zone(tz)
        stated = Stated(
            columns=columns,
            sheet=sheet,
            date_format=date_format,
            tz=zone,
            currency=currency_code(currency),
            direction=direction,
            per_seconds=unit_of_rates(per_seconds),
            decimal=decimal,
            ends=ends,
            valid_from=beginning(valid_from, zone),
            prefix_lists=prefix_lists,
        )
        sources = list(source) if isinstance(source, list | tuple) else [source]
        if not sources:
            raise ValueError("source: an empty list; expected a path or a frame, or several of them")
        contents = [
            content_of(each, stated, unreadable=unreadable, contradictory=contradictory) for each in sources
        ]
        return cls(
            **_fields(reduce(laid_over, contents)),
            tz=zone,
            precedence="last" if contradictory == "last" else "first",
        )

    def followed_by(self, other: RateDeck) -> RateDeck:
        """Put a later deck on top of this one, as carriers send them: full lists, or changes only.

        From its first start on, a prefix of the later deck (in one currency and direction) takes over from the earlier
        one: the earlier rows of the prefix end there, and those that would have begun later are dropped. What the later
        deck does not name goes on as it was.

        Parameters
        ----------
        other
            The later deck. Each of its rows needs a start; `RateDeck.read(…, valid_from=…)` gives one to all.

        Returns
        -------
        RateDeck
            The rows of this deck, then the other's, numbered anew; each place begins with the deck's name.

        Raises
        ------
        ValueError
            If a row of the later deck has no start, or the decks' units differ.

        Examples
        --------
        >>> import callkit as ck
        >>> import polars as pl
        >>> prices = pl.DataFrame({"prefix": ["49", "4915"], "rate": ["0.01", "0.05"]})
        >>> dearer = prices.tail(1).with_columns(rate=pl.lit("0.06"))
        >>> new = ck.RateDeck.read(dearer, currency="USD", valid_from="2026-09-01")
        >>> both = ck.RateDeck.read(prices, currency="USD").followed_by(new)
        >>> both.rows.select("prefix", "rate", pl.col("valid_from", "valid_to").dt.to_string("%F")).rows()[1:]
        [('4915', Decimal('0.0500000000'), None, '2026-09-01'), ('4915', Decimal('0.0600000000'), '2026-09-01', None)]
        """
        if not isinstance(other, RateDeck):
            raise TypeError(f"followed_by needs a RateDeck, got {type(other).__name__}")
        return replace(self, **_fields(laid_over(self._content, other._content)))

    def validate(self, *, jump: Decimal | int | str = 2) -> pl.DataFrame:
        """Look for what is odd in the deck: nothing here stops it from being used.

        Parameters
        ----------
        jump
            A price that is at least so many times the one before, or the other way round, is a jump.

        Returns
        -------
        pl.DataFrame
            problem, severity (`error` | `warning` | `info`), row, place, prefix, currency, direction, other_row,
            detail; errors first, then by problem and row. Problems:

            - unreadable (error): a cell that could not be read; row is null, place says where.
            - contradiction (error): the same prefix, currency, direction and start as an earlier row, other prices.
            - duplicate (info): the same, and the same price.
            - overlap (warning): the row is valid beyond the start of the next one, which ends before it: then it is
              valid again.
            - gap (warning): between the row and the next one of its key nothing is priced; a shorter prefix applies.
            - jump (warning): the rate, against the version before.
            - no_increments (warning): no bill period, while other rows have one.
            - free (info): the rate is 0.

        Examples
        --------
        >>> import callkit as ck
        >>> import polars as pl
        >>> starts = ["2026-08-01", "2026-09-01"]
        >>> prices = pl.DataFrame({"prefix": ["49", "49"], "rate": ["0.01", "0.1"], "valid_from": starts})
        >>> ck.RateDeck.read(prices, currency="EUR").validate().select("problem", "row", "detail").row(0)
        ('jump', 1, '0.10 EUR from 2026-09-01 on, 10 times 0.01 EUR before it (row 1)')
        """
        return problems(self.rows, self.unreadable, self.tz, factor(jump))

    def diff(self, other: RateDeck, *, announced: datetime | date | str | None = None) -> pl.DataFrame:
        """Compare a later deck with this one, price by price.

        A price is a prefix in one currency and direction. Each row of the later deck is compared with what this one
        has for the price at the row's start (for a row without a start: at the later deck's earliest one).
        Prices of this deck that the later one does not have at all are closed at the later deck's earliest start: that
        is right for a full list, while a list of changes says nothing about them.

        Parameters
        ----------
        other
            The later deck.
        announced
            When the later deck came, in this deck's zone where no other is stated. None: its earliest start, since it
            cannot have come later and be in time; the notice is then the least that there was.

        Returns
        -------
        pl.DataFrame
            change (`new` | `closed` | `dearer` | `cheaper` | `increments`), prefix, destination, currency, direction,
            rate_before, rate_after, bill_period_before, bill_period_after, difference (after minus before),
            effective (instant), notice_days (Int64, whole days from the announcement to the effective date by the
            calendar of the deck's zone, null where either is not known), row_before, row_after. `increments`: the rate
            is the same, the bill period is not. What did not change is left out. Sorted by prefix, currency,
            direction and effective.

        Examples
        --------
        >>> import callkit as ck
        >>> import polars as pl
        >>> old = ck.RateDeck.read(pl.DataFrame({"prefix": ["49", "33"], "rate": ["0.01", "0.02"]}), currency="EUR")
        >>> prices = pl.DataFrame({"prefix": ["49", "34"], "rate": ["0.03", "0.02"], "valid_from": "2026-09-08"})
        >>> changes = old.diff(ck.RateDeck.read(prices, currency="EUR"), announced="2026-09-01")
        >>> changes.select("change", "prefix", "difference", "notice_days").rows()[1:]
        [('new', '34', None, 7), ('dearer', '49', Decimal('0.0200000000'), 7)]
        """
        if not isinstance(other, RateDeck):
            raise TypeError(f"diff needs a RateDeck, got {type(other).__name__}")
        refuse_other_unit(self._content, other._content)
        return changes(self.rows, other.rows, beginning(announced, self.tz, "announced"), self.tz)

    def row_of(self) -> pl.Expr:
        """Look a call up, as an expression over the CDR frame's columns: `deck_row`, null where no row applies.

        Elementwise, so that it streams. The callee's number is priced, an inbound call's caller's; at the instant at
        which the call was submitted, else answered, else ended. A leading `+` or `00` is passed over; what is no run of
        digits has no price. A call without a currency has none either, and one without any instant only where the
        price never changes.
        """
        return self._matcher.row_of()

    def lookup(self, cdrs: Any) -> Any:
        """Look calls up: the same rows in the same order, with what the deck says of each behind them.

        Parameters
        ----------
        cdrs
            A CDR frame, or any frame with the columns callee and currency. Of direction, caller, submitted_at,
            answered_at and ended_at what is not there is not known. Polars, or with the Arrow C stream interface.

        Returns
        -------
        pl.DataFrame or pl.LazyFrame
            All columns, then deck_row (null: no row applies), deck_prefix, deck_destination, deck_rate,
            deck_bill_period, deck_currency, deck_valid_from and deck_valid_to. What was lazy stays lazy.

        Examples
        --------
        >>> import callkit as ck
        >>> import polars as pl
        >>> deck = ck.RateDeck.read(pl.DataFrame({"prefix": ["49", "4915"], "rate": ["0.01", "0.05"]}), currency="EUR")
        >>> calls = pl.DataFrame({"callee": ["4915112345678", "4930123456", "anonymous"], "currency": "EUR"})
        >>> deck.lookup(calls).select("callee", "deck_prefix", "deck_rate").rows()[:2]
        [('4915112345678', '4915', Decimal('0.0500000000')), ('4930123456', '49', Decimal('0.0100000000'))]
        """
        return look_up(cdrs, self.rows, self.row_of())

    def reason_unmatched(self, calls: pl.DataFrame) -> pl.Series:
        """Say of each of a few calls why no row applies to it: text, null where one does.

        Parameters
        ----------
        calls
            With the columns of the CDR frame that `row_of` reads.
        """
        return self._reasons.unmatched(calls)

    def explaining(self, calls: pl.DataFrame, low: pl.Series, high: pl.Series) -> pl.Series:
        """Say of each of a few calls with a wrong price which other row of the deck explains what was billed.

        Parameters
        ----------
        calls
            With the columns of the CDR frame that `row_of` reads.
        low, high
            MONEY: the least and the greatest rate that the billed cost may come from.

        Returns
        -------
        pl.Series
            Text, null where no row does. An earlier or later version of the row that applies goes first, then a
            shorter and a longer prefix of the number, the same destination, the other direction, another currency.
        """
        return self._reasons.explaining(calls, low, high)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what the deck says, 64 hexadecimal digits: whatever the file's form and the order of rows."""
        return digest(self.rows, self.per_seconds, self.precedence)

    @property
    def _content(self) -> Content:
        return Content(self.rows, self.unreadable, self.name, self.per_seconds)

    @cached_property
    def _matcher(self) -> Matcher:
        return Matcher(self.rows, self.precedence)

    @cached_property
    def _reasons(self) -> Reasons:
        return Reasons(self.rows, self._matcher, self.tz)

    def __repr__(self) -> str:
        return "\n".join(
            [f"RateDeck {self.name}: {counted(self.rows)}", *(f"  {line}" for line in self._told())]
        )

    def _repr_html_(self) -> str:
        lines = "".join(f"<div>{escape(line)}</div>" for line in self._told())
        return (
            f"<div><strong>RateDeck {escape(self.name)}</strong>: {escape(counted(self.rows))}{lines}</div>"
        )

    def _told(self) -> list[str]:
        return told(self.rows, self.unreadable.height, self.per_seconds, self.tz)


def _fields(content: Content) -> dict[str, Any]:
    return {each.name: getattr(content, each.name) for each in fields(content)}
