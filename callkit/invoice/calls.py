"""Call records as an invoice sees them: at one instant, of one population, under a destination."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import polars as pl

from callkit import cdr
from callkit.errors import SchemaError
from callkit.reconciliation.ledger import COMPUTED
from callkit.reconciliation.records import take
from callkit.reconciliation.result import Reconciliation

Clock = Literal["auto", "submitted", "answered", "ended"]
Population = Literal["all", "answered", "charged"]

CLOCKS: dict[str, tuple[str, ...]] = {
    "submitted": ("submitted_at", "answered_at", "ended_at"),
    "answered": ("answered_at", "submitted_at", "ended_at"),
    "ended": ("ended_at", "submitted_at", "answered_at"),
}
"""Which instant of a call a clock goes by. What comes next stands in where a call does not have it: a charged call that
nobody answered has no answer, and not every vendor tells when a call was submitted. So no call is lost."""

MOST_SECONDS = 10**10
"""More are beyond all sense; up to here the seconds of a thousand million calls can be added up."""

POPULATIONS: tuple[Population, ...] = get_args(Population)


def taken(cdrs: object) -> pl.LazyFrame:
    """Take call records, each distinct row once; those of a reconciliation with what it found.

    Raises
    ------
    TypeError, SchemaError
        If it is neither a CDR frame nor a reconciliation.
    """
    if isinstance(cdrs, Reconciliation):
        return cdrs.ledger
    if is_reconciled(cdrs):
        return cdr.validate(cdrs)
    return take(cdrs).distinct


def is_reconciled(cdrs: object) -> bool:
    """Whether a frame is `Reconciliation.cdrs`, with the expected cost of every call."""
    return set(COMPUTED) <= set(cdr.as_lazy(cdrs).collect_schema())


def at(clock: str) -> pl.Expr:
    """When a call took place, by a clock; null for a record without any instant."""
    return pl.coalesce(CLOCKS["submitted" if clock == "auto" else clock])


def charged_seconds() -> pl.Expr:
    """The charged seconds of a call; none where they are not known, or garbled: more than 10¹⁰."""
    known = pl.col("charged_duration").is_between(-MOST_SECONDS, MOST_SECONDS)
    return pl.when(known).then("charged_duration").otherwise(pl.lit(0, pl.Int64))


def population(name: Population) -> pl.Expr:
    """Whether a record counts as a call: every one, the answered ones, or those charged seconds or money."""
    match name:
        case "all":
            counts = pl.col("found").fill_null(value=True)
        case "answered":
            counts = pl.col("call_duration") > 0
        case "charged":
            counts = (pl.col("charged_duration") > 0) | (pl.col("cost") != 0)
    return counts.fill_null(value=False)


def is_billed() -> pl.Expr:
    """Whether a record is billed, or should have been: what `Reconciliation.bridge` counts."""
    return pl.col("cost").is_not_null() | (pl.col("charged_duration") > 0).fill_null(value=False)


def checked_clock(clock: str) -> Clock:
    """Check the name of a clock.

    Raises
    ------
    ValueError
        If there is no such clock.
    """
    if clock not in get_args(Clock):
        known = ", ".join(map(repr, get_args(Clock)))
        raise ValueError(f"clock must be one of {known}, got {clock!r}")
    return clock  # type: ignore[return-value]  # one of them


def folded(text: pl.Expr) -> pl.Expr:
    """A label without what is no difference: capitals, blanks of any kind, and the width of its characters.

    Examples
    --------
    >>> import polars as pl
    >>> from callkit.invoice.calls import folded
    >>> labels = pl.DataFrame({"label": ["Germany (MOBILE)", "germany(Mobile) ", " "]})
    >>> labels.select(folded(pl.col("label")))["label"].to_list()
    ['germany(mobile)', 'germany(mobile)', None]
    """
    told = text.str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\s+", "")
    return pl.when(told != "").then(told)


def with_keys(records: pl.LazyFrame, by: Sequence[str], lumped: dict[str, frozenset[str]]) -> pl.LazyFrame:
    """Add the folded label of each column of `by`, as `_key_…`.

    It is null in the currencies in `lumped`, whose lines do not tell it. Each distinct label is folded once.
    """
    for name in by:
        labels = records.select(name).unique().collect(engine="streaming")
        keys = labels.with_columns(folded(pl.col(name)).alias(key_of(name)))
        known = ~pl.col("currency").is_in(list(lumped[name])).fill_null(value=False)
        records = records.join(keys.lazy(), on=name, how="left", nulls_equal=True).with_columns(
            pl.when(known).then(key_of(name)).alias(key_of(name))
        )
    return records


def key_of(name: str) -> str:
    """Name the column that holds the folded label of another."""
    return f"_key_{name}"


def checked_by(by: Sequence[str], lines: pl.DataFrame, records: pl.LazyFrame) -> tuple[str, ...]:
    """Check the columns by which lines are compared.

    Raises
    ------
    ValueError, TypeError, SchemaError
        If one of them is not text that both the invoice and the records have.
    """
    if isinstance(by, str):
        raise TypeError(f"by must be a sequence of columns, such as ({by!r},); got {by!r}")
    names = tuple(name for name in dict.fromkeys(by) if name != "currency")
    of_records = records.collect_schema()
    for what, schema in (("the invoice's lines", lines.schema), ("the call records", of_records)):
        absent = [name for name in names if name not in schema]
        if absent:
            raise ValueError(
                f"by: {what} have no column {', '.join(map(repr, absent))}; they have {', '.join(schema)}"
            )
        other = [name for name in names if schema[name] != pl.String]
        if other:
            raise SchemaError(
                f"by: {what} have {schema[other[0]]} in {other[0]!r}; lines are compared by text"
            )
    return names
