"""What is odd in a deck: rows that repeat, contradict or overlap one another, gaps in time, jumps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

import polars as pl

from callkit.cdr import schema_of
from callkit.rates.schema import KEY, Row, amount, day, last, period
from callkit.rates.versions import contradictions, repetitions

PROBLEMS = schema_of(
    problem=pl.String,
    severity=pl.String,
    row=pl.Int64,
    place=pl.String,
    prefix=pl.String,
    currency=pl.String,
    direction=pl.String,
    other_row=pl.Int64,
    detail=pl.String,
)

SEVERITIES = {
    "unreadable": "error",
    "contradiction": "error",
    "gap": "warning",
    "jump": "warning",
    "no_increments": "warning",
    "overlap": "warning",
    "duplicate": "info",
    "free": "info",
}

Problem = dict[str, Any]


def problems(rows: pl.DataFrame, unreadable: pl.DataFrame, tz: str, jump: Decimal) -> pl.DataFrame:
    """List the problems of a deck, errors first; see `RateDeck.validate`."""
    found = [
        *_unreadable(unreadable),
        *_repeated(rows),
        *_between_versions(rows, tz, Fraction(jump)),
        *_alone(rows),
    ]
    frame = pl.DataFrame(found, schema=PROBLEMS, infer_schema_length=None)
    order = pl.col("severity").replace_strict({"error": 0, "warning": 1, "info": 2}, return_dtype=pl.Int64)
    return frame.sort(order, "problem", "row", "other_row", maintain_order=True)


def _problem(problem: str, row: Row, detail: str, other: int | None = None) -> Problem:
    told = {name: row[name] for name in ("row", "place", *KEY)}
    return {
        "problem": problem,
        "severity": SEVERITIES[problem],
        **told,
        "other_row": other,
        "detail": detail,
    }


def _unreadable(cells: pl.DataFrame) -> Iterator[Problem]:
    for place, column, value, expected in cells.iter_rows():
        yield {
            **dict.fromkeys(PROBLEMS),
            "problem": "unreadable",
            "severity": SEVERITIES["unreadable"],
            "place": place,
            "detail": f"column {column!r}: {value!r}, expected {expected}",
        }


def _repeated(rows: pl.DataFrame) -> Iterator[Problem]:
    for row in contradictions(rows).iter_rows(named=True):
        before = amount({"rate": row["other_rate"], "currency": row["currency"]})
        terms = f"{amount(row)} on {row['bill_period']}, {before} on {row['other_bill_period']}"
        yield _problem("contradiction", row, f"{terms} in {row['other_place']}", row["other_row"])
    for row in repetitions(rows).iter_rows(named=True):
        yield _problem("duplicate", row, f"says what {row['other_place']} says", row["other_row"])


def _between_versions(rows: pl.DataFrame, tz: str, jump: Fraction) -> Iterator[Problem]:
    several = rows.filter(pl.len().over(KEY) > 1).sort(*KEY, "valid_from", "row", nulls_last=False)
    for _, group in groupby(several.iter_rows(named=True), key=itemgetter(*KEY)):
        versions = list(group)
        for row, following in pairwise(versions):
            yield from _overlap(row, following, tz)
            yield from _jump(row, following, tz, jump)
        yield from _gaps(versions, tz)


def _overlap(row: Row, following: Row, tz: str) -> Iterator[Problem]:
    """An open row is replaced by the next; that it should come back when the next ends is worth a question."""
    end, start, ends = row["valid_to"], following["valid_from"], following["valid_to"]
    if row["valid_from"] == start:
        return
    if ends is not None and (end is None or end > ends):
        detail = f"{amount(row)} is valid again after {last(ends, tz)}, when {following['place']} ends"
        yield _problem("overlap", row, detail, following["row"])
    elif end is not None and end > start:
        detail = f"ends {last(end, tz)}, but {following['place']} replaces it from {day(start, tz)} on"
        yield _problem("overlap", row, detail, following["row"])


def _gaps(versions: Iterable[Row], tz: str) -> Iterator[Problem]:
    latest: Row | None = None
    for row in versions:
        if (
            latest is not None
            and latest["valid_to"] is not None
            and row["valid_from"] is not None
            and latest["valid_to"] < row["valid_from"]
        ):
            end, start = last(latest["valid_to"], tz), day(row["valid_from"], tz)
            detail = f"no price after {end} until {row['place']} begins on {start}"
            yield _problem("gap", latest, detail, row["row"])
        if latest is None or latest["valid_to"] is not None:
            later = latest is None or row["valid_to"] is None or row["valid_to"] > latest["valid_to"]
            latest = row if later else latest


def _jump(row: Row, following: Row, tz: str, jump: Fraction) -> Iterator[Problem]:
    low, high = sorted((Fraction(row["rate"]), Fraction(following["rate"])))
    if low == high or (low and high < jump * low) or row["valid_from"] == following["valid_from"]:
        return
    when = period(following, tz)
    if not low:
        times = "while it was" if following["rate"] else "after"
        detail = f"{amount(following)} {when}, {times} {amount(row)} before it ({row['place']})"
    else:
        times = f"{float(high / low):.3g}"
        share = f"{times} times" if following["rate"] > row["rate"] else f"1/{times} of"
        detail = f"{amount(following)} {when}, {share} {amount(row)} before it ({row['place']})"
    yield _problem("jump", following, detail, row["row"])


def _alone(rows: pl.DataFrame) -> Iterator[Problem]:
    if rows["bill_period"].null_count() < rows.height:
        for row in rows.filter(pl.col("bill_period").is_null()).iter_rows(named=True):
            yield _problem("no_increments", row, "no bill period, while other rows have one")
    for row in rows.filter(pl.col("rate") == 0).iter_rows(named=True):
        yield _problem("free", row, "the rate is 0")
