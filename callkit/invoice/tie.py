"""`tie_out()`: an invoice held against the call records, line by line."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Literal

import polars as pl

from callkit.arguments import time_zone
from callkit.billing import money_of, units_of
from callkit.cdr import INSTANT
from callkit.invoice.asked import MEASURES, Asked, an_invoice, asked
from callkit.invoice.calls import (
    POPULATIONS,
    Clock,
    Population,
    at,
    charged_seconds,
    checked_by,
    checked_clock,
    folded,
    is_billed,
    key_of,
    taken,
    with_keys,
)
from callkit.invoice.calls import population as counts
from callkit.invoice.compared import best_population, compared, joined
from callkit.invoice.cut import Cut, cut_of
from callkit.invoice.invoice import Invoice
from callkit.invoice.periods import LOCAL, instants
from callkit.invoice.result import TieOut

_PERIOD = ["period_start", "period_end"]


def tie_out(
    cdrs: object,
    invoice: Invoice,
    *,
    by: Sequence[str] = ("destination",),
    tz: str | None = None,
    clock: Clock = "auto",
    population: Population | Literal["auto"] = "auto",
) -> TieOut:
    """Hold an invoice against the call records: what agrees, what differs, and what only one of them has.

    Every usage line is compared with the calls of its currency, its period and its destination; a line that is a call,
    with the call of its id; in a currency whose lines tell no destination, all its calls are compared. Lines of one
    destination whose periods overlap are compared together. Fees, taxes and credits are held against nothing.

    Parameters
    ----------
    cdrs : frame or Reconciliation
        A CDR frame, eager or lazy, or anything with the Arrow C stream interface; `Reconciliation.cdrs`; or a
        reconciliation itself, whose rating and steps the bridge then has. Calls from beyond the period may be there:
        they are counted apart.
    invoice : Invoice
        See `Invoice.read`.
    by : sequence of str
        The text columns that lines and calls are compared by, below currency and period. Capitals and blanks make no
        difference in them.
    tz : str, optional
        The zone on whose wall clock the invoice's periods are; else the invoice's own where it states one, else UTC.
        `find_cutoff` finds it.
    clock : "auto", "submitted", "answered" or "ended"
        Which instant of a call decides its period. "auto" and "submitted" are submitted, else answered, else ended. For
        a call that nobody answered, and for one whose end is not known, it is when the call was submitted.
    population : "auto", "all", "answered" or "charged"
        Which calls the invoice counts, and their seconds: every one, those that were answered, or those with
        charged seconds or a cost. "auto": with which the most lines agree. Money is that of all calls, whatever is
        counted.

    Returns
    -------
    TieOut
        See there for its frames.

    Raises
    ------
    SchemaError
        If `cdrs` is no CDR frame.
    ValueError, TypeError
        For an argument that is not as above, or an invoice that tells no period.

    Warns
    -----
    UserWarning
        If no zone is stated, and the records do not reach over both ends of the period: then nothing shows that it is
        cut in another one. See `TieOut.uncovered`.

    Examples
    --------
    >>> import callkit as ck
    >>> with ck.Sandbox(calls=2_000, seed=9, billing_faults=0) as sandbox:
    ...     cdrs = sandbox.itnio_voice().fetch("2026-08-30T12:00:00Z", "2026-10-02T12:00:00Z")
    ...     invoice = sandbox.invoice()
    >>> tied = ck.tie_out(cdrs, invoice, tz="Asia/Shanghai", clock="answered")
    >>> tied.statuses
    {'agrees': 45, 'differs': 0, 'only_on_invoice': 0, 'only_in_cdrs': 0}
    """
    time_zone(tz or "UTC")
    wanted = None if population == "auto" else population
    if wanted is not None and wanted not in POPULATIONS:
        raise ValueError(f"population must be 'auto' or one of {', '.join(POPULATIONS)}; got {population!r}")
    records = taken(cdrs)
    names = checked_by(by, an_invoice(invoice).lines, records)
    usage = asked(invoice, names)
    cut = cut_of(usage, tz or invoice.tz or "UTC", checked_clock(clock))
    calls = _calls(records, usage, cut)
    leaves = _leaves(calls.filter(pl.col("_inside")), usage, cut)
    counted = wanted or best_population(leaves)
    tied = TieOut(
        invoice=invoice,
        asked=usage,
        cut=cut,
        population=counted,
        leaves=compared(leaves, counted),
        billed_calls=leaves.group_by("currency").agg(pl.col("_billed_calls").sum()),
        labels=_labels(invoice, records, names),
        outside=_outside(calls.filter(~pl.col("_inside")), cut, counted),
        given=cdrs,
        records=records,
    )
    if tz is None and invoice.tz is None and tied.uncovered is not None:
        warnings.warn(f"{tied.uncovered} Or state tz.", UserWarning, stacklevel=2)
    return tied


def _calls(records: pl.LazyFrame, usage: Asked, cut: Cut) -> pl.DataFrame:
    """Collect what matters of every record: its keys, its instant, whether it is on the invoice, and what it counts."""
    keyed = with_keys(
        records.select(
            "currency",
            *usage.by,
            *(["call_id"] if usage.itemised.height else []),
            at(cut.clock).alias("_at"),
            charged_seconds().alias("_charged_seconds"),
            units_of(pl.col("cost")).fill_null(0).alias("_billed"),
            is_billed().alias("_is_billed"),
            *(counts(name).alias(f"_{name}") for name in POPULATIONS),
        ),
        usage.by,
        usage.lumped,
    ).drop(usage.by)
    calls = cut.marked(keyed, usage.itemised).collect(engine="streaming")
    return calls if usage.itemised.height else calls.with_columns(pl.lit(None, pl.String).alias("call_id"))


def _leaves(calls: pl.DataFrame, usage: Asked, cut: Cut) -> pl.DataFrame:
    """Put every call into the piece of the invoice that it belongs to, or one of its own; and add the pieces up."""
    keys = [*usage.keys, *_PERIOD, "call_id"]
    on_invoice = calls.filter(pl.col("_itemised"))
    placed = [_summed(_placed(calls.filter(~pl.col("_itemised")), usage, cut), keys)]
    pieces = [usage.pieces.with_columns(pl.lit(None, pl.String).alias("call_id")).select(*keys, *MEASURES)]
    if usage.itemised.height:
        # A line that is a call says where it belongs; what it leaves open is the call's own.
        own = on_invoice.group_by("currency", "call_id").agg(
            pl.col(key).drop_nulls().min().alias(f"_own{key}") for key in usage.keys[1:]
        )
        lines = usage.itemised.join(own, on=["currency", "call_id"], how="left").with_columns(
            pl.coalesce(key, f"_own{key}").alias(key) for key in usage.keys[1:]
        )
        told = lines.select(keys)
        same = on_invoice.drop(usage.keys[1:]).join(told, on=["currency", "call_id"], how="left")
        placed.append(_summed(same, keys))
        pieces.append(lines.select(*keys, *MEASURES))
    return joined(pl.concat(pieces), pl.concat(placed), keys)


def _placed(calls: pl.DataFrame, usage: Asked, cut: Cut) -> pl.DataFrame:
    """Give every call the period of the piece it falls into; else its day, or the invoice's whole period."""
    edges = instants({*usage.pieces["period_start"], *usage.pieces["period_end"]}, cut.tz)
    start, end = (pl.col(name).replace_strict(edges, return_dtype=INSTANT) for name in _PERIOD)
    pieces = usage.pieces.select(
        *usage.keys,
        *_PERIOD,
        start.alias("_start") if edges else pl.lit(None, INSTANT).alias("_start"),
        end.alias("_end") if edges else pl.lit(None, INSTANT).alias("_end"),
    ).sort("_start")
    # An asof join knows no null that equals another: no label is ever empty.
    filled = [pl.col(key).fill_null("") for key in usage.keys]
    found = (
        calls.sort("_at")
        .with_columns(filled)
        .join_asof(
            pieces.with_columns(filled),
            left_on="_at",
            right_on="_start",
            by=usage.keys,
            strategy="backward",
            check_sortedness=False,
        )
        .with_columns(pl.when(pl.col(key) != "").then(key).alias(key) for key in usage.keys)
    )
    within = (pl.col("_at") < pl.col("_end")).fill_null(value=False)
    day = pl.col("_at").dt.convert_time_zone(cut.tz).dt.replace_time_zone(None).dt.truncate("1d").cast(LOCAL)
    daily = pl.col("currency").is_in(list(usage.daily)).fill_null(value=False)
    whole = [pl.lit(edge, LOCAL) for edge in usage.period]
    alone = pl.col("currency").is_in(list(usage.only_itemised)).fill_null(value=False)
    return found.with_columns(
        pl.when(within).then("period_start").when(daily).then(day).otherwise(whole[0]).alias("period_start"),
        pl.when(within)
        .then("period_end")
        .when(daily)
        .then(day.dt.offset_by("1d"))
        .otherwise(whole[1])
        .alias("period_end"),
        pl.when(alone).then("call_id").alias("call_id"),
    )


def _summed(calls: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    return calls.group_by(list(keys)).agg(*_sums())


def _sums() -> list[pl.Expr]:
    return [
        *(pl.col(f"_{name}").sum().cast(pl.Int64).alias(f"_{name}_calls") for name in POPULATIONS),
        *(
            pl.col("_charged_seconds").filter(pl.col(f"_{name}")).sum().alias(f"_{name}_seconds")
            for name in POPULATIONS
        ),
        pl.col("_billed").sum(),
        pl.col("_is_billed").sum().cast(pl.Int64).alias("_billed_calls"),
    ]


def _outside(calls: pl.DataFrame, cut: Cut, counted: Population) -> pl.DataFrame:
    side = (
        pl.when(pl.col("_at") < cut.start)
        .then(pl.lit("before"))
        .when(pl.col("_at") >= cut.end)
        .then(pl.lit("after"))
    )
    return (
        calls.with_columns(side.otherwise(pl.lit("no time")).alias("side"))
        .group_by("currency", "side")
        .agg(*_sums())
        .select(
            "currency",
            "side",
            pl.col(f"_{counted}_calls").alias("calls"),
            pl.col(f"_{counted}_seconds").alias("seconds"),
            money_of(pl.col("_billed")).alias("amount"),
        )
        .sort(
            "currency",
            pl.col("side").replace_strict(["before", "after", "no time"], [0, 1, 2]),
            nulls_last=True,
        )
    )


def _labels(invoice: Invoice, records: pl.LazyFrame, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Say how each folded label is written: as on the invoice, else as in the records."""
    told = {}
    for name in names:
        ours = records.select(name).unique().collect(engine="streaming").to_series()
        theirs = invoice.lines.filter(pl.col("kind") == "usage")[name]
        written = pl.concat([ours.unique().sort(descending=True), theirs.unique().sort(descending=True)])
        frame = pl.DataFrame({"written": written}).with_columns(folded(pl.col("written")).alias(key_of(name)))
        told[name] = dict(frame.drop_nulls().select(key_of(name), "written").rows())
    return told
