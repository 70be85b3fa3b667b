"""Our own records of the same calls say something else than the vendor's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from callkit.cdr import MONEY
from callkit.reconciliation.findings import GroupCheck
from callkit.reconciliation.ledger import answered
from callkit.reconciliation.wording import money

if TYPE_CHECKING:
    from callkit.reconciliation.facts import Facts

CLOSE_SECONDS = 1
"""Both sides cut the talk to whole seconds: it may come out one second longer."""

_KEY = ("source", "call_id")
_OURS = ("our_call_id", "our_call_duration", "our_answered")


def _compared(records: pl.LazyFrame, facts: Facts) -> pl.DataFrame:
    """The vendor's calls with what ours say of them."""
    matched = facts.asked.held.matched.filter(pl.col("call_id").is_not_null())
    return (
        (records if matched.height else records.head(0))
        .select(*_KEY, "call_duration", "cost", "currency")
        .join(matched.lazy(), on=_KEY)
        .collect(engine="streaming")
    )


def _not_ours(records: pl.LazyFrame, facts: Facts) -> pl.DataFrame:
    found = _compared(records, facts).filter(
        pl.col("our_call_id").is_null(), (pl.col("call_duration") > 0) | (pl.col("cost") > 0)
    )
    return _told(
        found,
        reported=pl.format("{} s", pl.col("call_duration").cast(pl.String).fill_null("?")),
        expected=pl.lit("a call of ours"),
        explanation=pl.format("None of our records is this call. {}", _billed()),
    )


def _longer(records: pl.LazyFrame, facts: Facts) -> pl.DataFrame:
    longer = pl.col("call_duration").cast(pl.Int128) - pl.col("our_call_duration")
    found = _compared(records, facts).filter(
        longer > CLOSE_SECONDS, pl.col("our_answered").fill_null(value=True)
    )
    return _told(
        found,
        reported=pl.format("{} s", "call_duration"),
        expected=pl.format("{} s", "our_call_duration"),
        explanation=pl.format(
            "By our record {} the talk lasted {} s, by the vendor's {} s: {} s longer. {}",
            "our_call_id",
            "our_call_duration",
            "call_duration",
            longer,
            _billed(),
        ),
    )


def _unanswered(records: pl.LazyFrame, facts: Facts) -> pl.DataFrame:
    found = _compared(records, facts).filter(answered(), ~pl.col("our_answered"))
    return _told(
        found,
        reported=pl.format("{} s", "call_duration"),
        expected=pl.lit("not answered"),
        explanation=pl.format(
            "By our record {} nobody answered; the vendor has {} s of talk. {}",
            "our_call_id",
            "call_duration",
            _billed(),
        ),
    )


def _billed() -> pl.Expr:
    currency = pl.col("currency").fill_null("")
    return pl.format("{} {} is billed.", money(pl.col("cost")), currency).fill_null("No amount is billed.")


def _told(found: pl.DataFrame, *, reported: pl.Expr, expected: pl.Expr, explanation: pl.Expr) -> pl.DataFrame:
    return found.select(
        *("call_id", "source"),
        reported.alias("reported"),
        expected.alias("expected"),
        pl.lit(None, MONEY).alias("amount"),
        "currency",
        explanation.alias("explanation"),
    )


CHECKS = (
    GroupCheck("not_ours", "error", "C", of_records=True, find=_not_ours),
    GroupCheck("longer_than_ours", "error", "C", of_records=True, find=_longer),
    GroupCheck("unanswered_by_ours", "error", "C", of_records=True, find=_unanswered),
)
