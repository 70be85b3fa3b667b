"""What the vendor changed after it was first seen, and which calls were on which invoice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from callkit import cdr
from callkit.archive.schemas import INVOICED, RESTATEMENTS
from callkit.archive.store import Store
from callkit.cdr import INSTANT
from callkit.errors import SchemaError
from callkit.fetch.windows import period as read_period

__all__ = ["calls_of", "invoiced", "record_invoice", "restatements"]

_KEY = ["source", "account", "call_id", "place"]
_ORDER = ["seen_at", "source", "account", "call_id", "fields"]


def restatements(store: Store) -> pl.DataFrame:
    """Pair each version that ended with the one that began at that instant."""
    versions = store.scan("cdrs")
    ended = store.read(
        versions.filter(pl.col("seen_to").is_not_null(), pl.col("seen_to") > pl.col("seen_from"))
    )
    keys = ended.select("source", "month", "account", "call_id", seen_from="seen_to").unique()
    ids = keys["call_id"]
    if ended.is_empty():
        return RESTATEMENTS.to_frame()
    began = store.read(
        versions.filter(pl.col("call_id").is_between(pl.lit(ids.min()), pl.lit(ids.max()))).join(
            keys.lazy().drop("month"), on=["source", "account", "call_id", "seen_from"], how="semi"
        )
    )
    # Versions that began and ended within one sync lie between; the last of them is what the sync left.
    began = began.filter(pl.col("seen_to").is_null() | (pl.col("seen_to") > pl.col("seen_from")))
    before = _placed(ended.with_columns(seen_at="seen_to"))
    after = _placed(began.with_columns(seen_at="seen_from"))
    both = before.join(after, on=[*_KEY, "seen_at"], how="inner", suffix="_after")
    changed = [
        pl.when(pl.col(name).ne_missing(pl.col(f"{name}_after"))).then(pl.lit(name))
        for name in cdr.SCHEMA
        if name not in ("source", "call_id")
    ]
    same_currency = pl.col("currency").eq_missing(pl.col("currency_after"))
    return both.select(
        "source",
        "account",
        "call_id",
        currency=pl.coalesce("currency_after", "currency"),
        seen_at="seen_at",
        fields=pl.concat_str(changed, separator=", ", ignore_nulls=True),
        charged_duration_before="charged_duration",
        charged_duration_after="charged_duration_after",
        cost_before="cost",
        cost_after="cost_after",
        amount=pl.when(same_currency).then(pl.col("cost_after") - pl.col("cost")),
        settle_cost_before="settle_cost",
        settle_cost_after="settle_cost_after",
    ).match_to_schema(RESTATEMENTS).sort(_ORDER, nulls_last=True)  # fmt: skip


def _placed(versions: pl.DataFrame) -> pl.DataFrame:
    """Number the records of one id, where the vendor lists several: they are paired in the order of their content."""
    ordered = versions.sort("submitted_at", "cost", "digest", nulls_last=True)
    return ordered.with_columns(place=pl.int_range(pl.len()).over("source", "account", "call_id", "seen_at"))


def calls_of(
    name: object, cdrs: object, period: Sequence[datetime | str] | None, now: datetime
) -> pl.DataFrame:
    """Make the rows of an invoice: `callkit.archive.INVOICED`."""
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"name must be the invoice's number or another text, got {name!r:.60}")
    if period is not None and (isinstance(period, str) or len(period) != 2):
        raise TypeError(f"period must be (start, end), got {period!r:.60}")
    window = None if period is None else read_period(*period)
    edges = [None, None] if window is None else [window.start_text, window.end_text]
    calls = cdr.as_lazy(cdrs)
    if missing := {"source", "call_id"}.difference(there := calls.collect_schema().names()):
        raise SchemaError(
            f"the calls of an invoice need {' and '.join(sorted(missing))}; there is {there!r:.200}"
        )
    instants = [
        pl.lit(edge, pl.String).str.to_datetime("%Y-%m-%dT%H:%M:%S%z", time_unit="us") for edge in edges
    ]
    rows = (
        calls.select("source", "call_id")
        .unique()
        .select(
            pl.lit(name).alias("invoice"),
            "source",
            "call_id",
            instants[0].alias("period_start"),
            instants[1].alias("period_end"),
            pl.lit(now, INSTANT).alias("recorded_at"),
        )
        .sort("source", "call_id")
        .collect(engine="streaming")
    )
    if rows["source"].null_count() or rows["call_id"].null_count():
        raise SchemaError("every call of an invoice needs a source and a call_id: filter out what has none")
    return rows


def record_invoice(store: Store, name: str, rows: pl.DataFrame, *, replace: bool) -> None:
    """Remember which calls were on an invoice."""
    held = store.read(store.scan("invoiced").filter(pl.col("invoice") == name))
    compared = [column for column in INVOICED if column != "recorded_at"]
    if held.select(compared).sort(compared).equals(rows.select(compared).sort(compared)):
        return
    if held.height and not replace:
        raise ValueError(
            f"invoice {name!r} is recorded already, with {held.height:,} calls; these are {rows.height:,}. Choose "
            f"another name, or replace=True to put these in place of those."
        )
    if held.height:
        quoted = name.replace("'", "''")
        store.replace("invoiced", rows, f"invoice = '{quoted}'")
    else:
        store.append("invoiced", rows)


def invoiced(store: Store) -> pl.DataFrame:
    """Give every call of every recorded invoice."""
    return store.read(store.scan("invoiced")).sort("invoice", "source", "call_id")
