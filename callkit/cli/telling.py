"""A reconciliation in lines of text, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

import polars as pl

from callkit.cdr import mask_numbers
from callkit.reconciliation import Reconciliation
from callkit.reconciliation.wording import money_text

_SHOWN = 6
_WIDTH = 110


def report(result: Reconciliation) -> list[str]:
    """Tell a reconciliation in lines of text: totals, findings by check, the costliest three."""
    return [
        "Billed and due, by currency",
        *_indented(_table(_totals(result.totals), left=1)),
        *_wrapped(f"Rating: {result.rating}.", "  "),
        "",
        "Findings by check",
        *_indented(_table(_by_check(result.summary), left=3)),
        "",
        *_patterns(result.patterns),
        *_costliest(result.claims),
    ]


def _patterns(patterns: pl.DataFrame) -> list[str]:
    told = patterns.filter(pl.col("amount").is_not_null()).head(5)
    if told.is_empty():
        return []
    return ["What repeats", *(line for text in told["sentence"] for line in _wrapped(text, "  ")), ""]


def _totals(totals: pl.DataFrame) -> list[list[str]]:
    shown = totals.with_columns(pl.col("undercharge").neg())
    amounts = ("billed", "expected", "overcharge", "undercharge", "unverified")
    columns = [
        ["currency", *(currency or "(none)" for currency in shown["currency"])],
        ["calls", *(f"{calls:,}" for calls in shown["calls"])],
        *([title, *_amounts(shown[title])] for title in amounts),
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def _by_check(summary: pl.DataFrame) -> list[list[str]]:
    columns = [
        ["check", *summary["check"]],
        ["severity", *summary["severity"]],
        ["currency", *(currency or "" for currency in summary["currency"])],
        ["calls", *(f"{calls:,}" if calls else "a group" for calls in summary["calls"])],
        ["too much", *_amounts(summary["overcharge"], blank=True)],
        ["too little", *_amounts(-summary["undercharge"], blank=True)],
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def _amounts(amounts: pl.Series, *, blank: bool = False) -> list[str]:
    """Amounts under one another, with six decimals: what the vendors write. The frames hold all ten."""
    return ["" if blank and not amount else f"{amount:,.{_SHOWN}f}" for amount in amounts]


def _costliest(claims: pl.DataFrame) -> list[str]:
    if claims.is_empty():
        return ["Nothing to dispute."]
    disputed = claims.group_by("currency").agg(pl.col("claim").sum()).sort("currency")
    totals = ", ".join(f"{money_text(amount)} {currency}" for currency, amount in disputed.iter_rows())
    lines = [f"To dispute: {claims.height:,} calls, {totals}. The costliest:"]
    # Currencies are not compared by exchange rate here: the amounts stand for themselves.
    top = mask_numbers(claims.sort("claim", "call_id", descending=[True, False]).head(3))
    for position, row in enumerate(top.iter_rows(named=True), 1):
        lines.append(
            f"  {position}. {row['call_id']}: {money_text(row['claim'])} {row['currency']} ({row['cause']})"
        )
        lines += _wrapped(row["explanation"], "     ")
    return lines


def _wrapped(text: str, indent: str) -> list[str]:
    return wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent)


def _table(rows: Sequence[Sequence[str]], left: int) -> list[str]:
    """Lay out rows of text, titles first: the first `left` columns flush left, the others flush right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if position < left else cell.rjust(width)
            for position, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" for line in lines]
