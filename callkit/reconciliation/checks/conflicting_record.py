"""One call id, several records that differ.

Records that differ only in columns of the user's own are asked about, and neither is left out: which of them is the
record, and whose values in those columns are to go, only the user knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from callkit import cdr
from callkit.cdr import MONEY
from callkit.reconciliation.findings import GroupCheck
from callkit.reconciliation.wording import money

if TYPE_CHECKING:
    from callkit.reconciliation.facts import Facts

_VALUES = [name for name in cdr.SCHEMA if name not in ("source", "call_id")]


def _differing(names: list[str]) -> pl.Expr:
    """The columns in which the records of a call differ, by name; empty where there is none."""
    return pl.concat_str(
        [pl.lit(""), *(pl.when(pl.col(name).n_unique() > 1).then(pl.lit(name)) for name in names)],
        separator=", ",
        ignore_nulls=True,
    ).str.strip_prefix(", ")


def _told(facts: Facts, *, by_vendor: bool) -> pl.DataFrame:
    repeated = facts.repeated
    own = [name for name in repeated.columns if name not in cdr.SCHEMA]
    conflict = pl.format(
        "The vendor lists this call {} times, with different values of {}; the costs are {}. "
        "Each is taken as billed. Ask which record is right.",
        "records",
        "differing",
        "reported",
    )
    copies = pl.format(
        "This call is there {} times, and only columns of your own differ: {}. Each is taken as billed; "
        "if it is one record, leave those columns out, and it counts once.",
        "records",
        "own",
    )
    return (
        repeated.group_by("source", "call_id")
        .agg(
            pl.len().alias("records"),
            money(pl.col("cost")).fill_null("none").sort().str.join(", ").alias("reported"),
            _differing(_VALUES).alias("differing"),
            _differing(own).alias("own"),
            pl.col("currency").min().alias("currency"),
        )
        .filter((pl.col("differing") != "") == by_vendor)
        .select(
            "call_id",
            "source",
            "reported",
            pl.lit("one record").alias("expected"),
            pl.lit(None, MONEY).alias("amount"),
            "currency",
            (conflict if by_vendor else copies).alias("explanation"),
        )
    )


def _conflicts(ledger: pl.LazyFrame, facts: Facts) -> pl.DataFrame:
    del ledger  # the facts hold all that there is to tell
    return _told(facts, by_vendor=True)


def _copies(ledger: pl.LazyFrame, facts: Facts) -> pl.DataFrame:
    del ledger
    return _told(facts, by_vendor=False)


CHECKS = (
    GroupCheck("conflicting_record", "error", "A", find=_conflicts),
    GroupCheck("conflicting_record", "error", "D", find=_copies),
)
