"""What rating inference answers, and how it introduces itself."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from html import escape
from typing import Any, Literal

import polars as pl

from callkit.billing import Rating
from callkit.cdr import MONEY, schema_of
from callkit.reconciliation.inference.candidates import plain
from callkit.reconciliation.wording import money_text, rating_in_words

GroupKey = tuple[str | None, str | None, str | None, str | None]
"""source, currency, bill_period, direction."""

BY = schema_of(
    source=pl.String,
    currency=pl.String,
    bill_period=pl.String,
    direction=pl.String,
    per_seconds=pl.String,
    decimals=pl.Int64,
    rounding=pl.String,
    connect_fee=MONEY,
    attempt_fee=MONEY,
    increments=pl.String,
    calls=pl.Int64,
    rows=pl.Int64,
    explained=pl.Float64,
    disagreeing=pl.Int64,
    decided=pl.Boolean,
    basis=pl.String,
    money_between=MONEY,
)

CANDIDATES = schema_of(
    source=pl.String,
    currency=pl.String,
    part=pl.String,
    per_seconds=pl.String,
    decimals=pl.Int64,
    rounding=pl.String,
    connect_fee=MONEY,
    increments=pl.String,
    rows=pl.Int64,
    explained=pl.Float64,
    against=pl.Int64,
    in_favour=pl.Int64,
    verdict=pl.String,
    example=pl.String,
)

_SHOWN_GROUPS = 12
_SHOWN_RIVALS = 3
_IN_WORDS = {
    "1": "per second",
    "60": "per minute",
    "3600": "per hour",
    "block": "per step of the bill period",
}


@dataclass(frozen=True, eq=False, repr=False)
class RatingFit:
    """How the vendor rates calls, as far as its records show.

    Attributes
    ----------
    rating : Rating
        The rating that explains the most calls of all groups: the rating of the whole, if one fits all. Ties go to the
        most calls, then to the convention. Without any record, the convention.
    explained : float
        Share of the answerable calls (talk, charged seconds, a rate and a cost) whose cost the ratings of their
        groups explain, 0 to 1; 0 where no call is answerable.
    decided : bool
        Whether every group with answerable calls is decided by its own calls or by others of its source. False
        where nothing is answerable.
    money_between : dict of str to Decimal
        Per currency, what the choice between undecided candidates is worth on these calls, in that currency.
    by : pl.DataFrame
        One row per source, currency, bill_period and direction, sorted by them, nulls last: the fields of its rating
        (per_seconds as text: "60", "block"), `calls` (all), `rows` (answerable), `explained` (share of rows; null
        without any), `disagreeing` (rows not explained), `decided` (by its own calls), `basis` and `money_between` (0
        where decided). basis is "own", "source" (other calls of the source decide, and its own do not speak
        against it) or "convention".
    candidates : pl.DataFrame
        One row per candidate tried, by source and currency. part is "cost" (per_seconds to connect_fee) or "duration"
        (increments); `rows` weighed and the share `explained`; telling calls `against` it (explained by the best
        candidate only) and `in_favour` (by this one only); verdict "chosen", "same" (as the chosen one, on every
        call), "open" or "refuted"; and as example the most frequent charge that speaks against it.
    """

    rating: Rating
    explained: float
    decided: bool
    money_between: dict[str | None, Decimal]
    by: pl.DataFrame
    candidates: pl.DataFrame

    @cached_property
    def ratings(self) -> dict[GroupKey, Rating]:
        """The rating of every (source, currency, bill_period, direction), in the order of `by`.

        Every group of the records is in it, with nulls as None. A reconciler joins `by` on those four columns
        (`nulls_equal=True`), or computes group by group with these.
        """
        return {
            (row["source"], row["currency"], row["bill_period"], row["direction"]): rating_of(row)
            for row in self.by.iter_rows(named=True)
        }

    @property
    def basis(self) -> Literal["inferred", "assumed"]:
        """Whether any group's rating follows from the records."""
        return "inferred" if (self.by["basis"] != "convention").any() else "assumed"

    def __repr__(self) -> str:
        return "\n".join([f"RatingFit: {self._headline()}", *(f"  {line}" for line in self._lines())])

    def _repr_html_(self) -> str:
        lines = "".join(f"<div>{escape(line)}</div>" for line in self._lines())
        head = "".join(f'<th style="text-align:left">{title}</th>' for title in _COLUMNS)
        body = "".join(_table_row(row) for row in self.by.head(_SHOWN_GROUPS).iter_rows(named=True))
        more = self.by.height - _SHOWN_GROUPS
        rest = f"<div>… and {more:,} more groups</div>" if more > 0 else ""
        return (
            f"<div><strong>{escape(self._headline())}</strong>{lines}"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{rest}</div>"
        )

    def _headline(self) -> str:
        rows = int(self.by["rows"].sum())
        said = rating_in_words(self.rating)
        if not rows:
            return f"{said} (the convention: no call shows a rate, a cost and charged seconds)"
        state = "decided" if self.decided else "not decided"
        return f"{said}: {percent(self.explained)} of {rows:,} calls explained, {state}"

    def _lines(self) -> list[str]:
        others = [
            f"{_named(row)}: {rating_in_words(rating_of(row))}, {percent(row['explained'])} of {row['rows']:,} calls"
            for row in self.by.filter(pl.col("rows") > 0).iter_rows(named=True)
            if rating_of(row) != self.rating
        ]
        shown = others[:_SHOWN_RIVALS]
        if len(others) > _SHOWN_RIVALS:
            shown.append(f"… {len(others) - _SHOWN_RIVALS:,} more groups with another rating")
        return [*shown, *self._rivals(), *self._undecided()]

    def _rivals(self) -> list[str]:
        """The candidates that come closest, and what speaks against them."""
        refuted = self.candidates.filter(pl.col("verdict") == "refuted", pl.col("against") > 0)
        closest = refuted.sort("explained", descending=True, maintain_order=True)
        calls: dict[str, int] = {}
        examples: dict[str, str] = {}
        for row in closest.iter_rows(named=True):
            said = candidate_in_words(row)
            calls[said] = calls.get(said, 0) + row["against"]
            examples.setdefault(said, row["example"])
        return [
            f"{said} refuted by {calls[said]:,} calls ({examples[said]})"
            for said in list(calls)[:_SHOWN_RIVALS]
        ]

    def _undecided(self) -> list[str]:
        unsettled = self.by.filter(~pl.col("decided"), pl.col("rows") > 0)
        if unsettled.is_empty():
            return []
        worth = ", ".join(
            f"{money_text(amount)} {currency or '(currency unknown)'}"
            for currency, amount in self.money_between.items()
            if amount
        )
        by_source = unsettled.filter(pl.col("basis") == "source").height
        borrowed = f", {by_source:,} of them rated as other calls of their source" if by_source else ""
        said = f"undecided by their own calls: {unsettled.height:,} of {self.by.height:,} groups{borrowed}"
        return [f"{said}; the choice is worth {worth or 'nothing on these calls'}"]


_COLUMNS = ("Group", "Rating", "Calls", "Explained", "Decided", "Basis")


def rating_of(row: dict[str, Any]) -> Rating:
    """Make the rating of a row of `by`."""
    unit = str(row["per_seconds"])
    return Rating(
        per_seconds="block" if unit == "block" else int(unit),
        decimals=row["decimals"],
        rounding=row["rounding"],
        connect_fee=plain(row["connect_fee"]),
        attempt_fee=plain(row["attempt_fee"]),
        increments=row["increments"],
    )


def candidate_in_words(row: dict[str, Any]) -> str:
    """`per second, half up, fee 0.01` or `total increments`."""
    if row["part"] == "duration":
        return f"{row['increments']} increments"
    unit, fee = str(row["per_seconds"]), row["connect_fee"]
    told = [_IN_WORDS.get(unit, f"per {unit} s"), str(row["rounding"]).replace("_", " ")]
    if fee:
        told.append(f"fee {money_text(fee)}")
    return ", ".join(told)


def percent(share: float | None) -> str:
    """One decimal, and 100 only where it is all."""
    if share is None:
        return "none"
    return "100 %" if share == 1 else f"{min(share * 100, 99.9):.1f} %"


def _named(row: dict[str, Any]) -> str:
    keys = ("source", "currency", "bill_period", "direction")
    return " ".join(str(row[key]) for key in keys if row[key] is not None) or "(nothing known)"


def _table_row(row: dict[str, Any]) -> str:
    cells = (
        _named(row),
        rating_in_words(rating_of(row)),
        f"{row['rows']:,}",
        percent(row["explained"]),
        "yes" if row["decided"] else "no",
        str(row["basis"]),
    )
    return "<tr>" + "".join(f'<td style="text-align:left">{escape(cell)}</td>' for cell in cells) + "</tr>"
