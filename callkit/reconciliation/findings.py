"""What a check is, and the frame that all checks fill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import polars as pl

from callkit.cdr import MONEY, schema_of
from callkit.reconciliation.records import RECORD

if TYPE_CHECKING:
    from callkit.reconciliation.facts import Facts

Severity = Literal["error", "warning", "info", "off"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info", "off")
Grade = Literal["A", "B", "C", "D"]
Severities = Mapping[tuple[str, Grade], Severity]
"""By check and grade: a question is not as grave as a contradiction."""

SCHEMA = schema_of(
    finding_id=pl.String,
    call_id=pl.String,
    source=pl.String,
    check=pl.String,
    severity=pl.String,
    grade=pl.String,
    step=pl.String,
    reported=pl.String,
    expected=pl.String,
    amount=MONEY,
    currency=pl.String,
    explanation=pl.String,
)

FOUND = schema_of(**SCHEMA, **{RECORD: pl.UInt64})
"""The same with what tells the records of one id apart; null where a finding is about the id, or about a group."""

TOLD = {
    name: dtype
    for name, dtype in SCHEMA.items()
    if name in ("call_id", "source", "reported", "expected", "amount", "currency", "explanation")
}
"""What a check says of each thing it found; the rest of the frame follows from the check itself."""


@dataclass(frozen=True, slots=True)
class Check:
    """One question asked of the records: its name, how grave a yes is, and which step of the bridge it explains.

    Attributes
    ----------
    severity
        The default; `reconcile(severity=…)` may set another.
    grade
        A: the vendor's record contradicts itself. B: it contradicts the contract. C: it contradicts our own
        records. D: a question, no claim.
    step
        The step of the bridge that a finding's amount is, or None.
    """

    name: str
    severity: Severity
    grade: Grade
    step: str | None = None


@dataclass(frozen=True, slots=True)
class CallCheck(Check):
    """A check that looks at one call at a time, as expressions over the ledger.

    `fires` must never be null where a finding is meant; null counts as no. What it `asks` says which columns it reads:
    those of a "record"; what the ledger makes of a "charge" (`charges.COLUMNS`), so that it is asked once for all
    calls that are charged alike; or those of a "double", whose records are known. `among` is a cheap condition without
    which it never fires, for a check of records that is dear to compute and can concern few of them.
    """

    asks: Literal["record", "charge", "double"] = field(kw_only=True, default="record")
    fires: Callable[[Facts], pl.Expr] = field(kw_only=True)
    among: Callable[[Facts], pl.Expr] | None = field(kw_only=True, default=None)
    reported: pl.Expr = field(kw_only=True)
    expected: pl.Expr = field(kw_only=True)
    explanation: Callable[[Facts], pl.Expr] = field(kw_only=True)
    amount: pl.Expr = field(kw_only=True, default_factory=lambda: pl.lit(None, MONEY))
    currency: pl.Expr = field(kw_only=True, default_factory=lambda: pl.col("currency"))

    def told(self, calls: pl.DataFrame, facts: Facts) -> pl.DataFrame:
        """Say what was found in `calls`, all of which fire."""
        return calls.select(
            "call_id",
            "source",
            RECORD,
            self.reported.cast(pl.String).alias("reported"),
            self.expected.cast(pl.String).alias("expected"),
            self.amount.alias("amount"),
            self.currency.alias("currency"),
            self.explanation(facts).alias("explanation"),
        )


@dataclass(frozen=True, slots=True)
class GroupCheck(Check):
    """A check that must see many calls at once.

    `find` takes the ledger and returns a frame with the columns of `TOLD`. Where `of_records` is set it takes the
    records as they came, which are cheaper to read again.
    """

    of_records: bool = field(kw_only=True, default=False)
    find: Callable[[pl.LazyFrame, Facts], pl.LazyFrame | pl.DataFrame] = field(kw_only=True)


def finished(check: Check, severity: Severity, told: pl.DataFrame) -> pl.DataFrame:
    """Make findings out of what a check told; the ids are still missing."""
    return told.select(
        pl.lit(None, pl.String).alias("finding_id"),
        "call_id",
        "source",
        pl.lit(check.name).alias("check"),
        pl.lit(severity).alias("severity"),
        pl.lit(check.grade).alias("grade"),
        pl.lit(check.step, pl.String).alias("step"),
        "reported",
        "expected",
        pl.col("amount").cast(MONEY),
        "currency",
        "explanation",
        pl.col(RECORD) if RECORD in told.columns else pl.lit(None, pl.UInt64).alias(RECORD),
    )
