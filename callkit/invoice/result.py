"""What tying out answers, as frames, and how it introduces itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from callkit import cdr
from callkit.invoice.asked import Asked
from callkit.invoice.boundary import moved
from callkit.invoice.bridge import BRIDGE, to_billed, to_expected
from callkit.invoice.calls import Population, at, is_reconciled, key_of
from callkit.invoice.compared import COMPARED, STATUSES, shown, summed
from callkit.invoice.cut import Cut, cut_of
from callkit.invoice.edges import uncovered
from callkit.invoice.invoice import Invoice
from callkit.invoice.telling import html, text, told_cut, told_outside, told_statuses
from callkit.reconciliation.engine import reconcile
from callkit.reconciliation.result import Reconciliation


@dataclass(frozen=True, eq=False, repr=False)
class TieOut:
    """An invoice held against call records.

    Every frame but `outside` and `bridge` has, behind its keys: status (`agrees` | `differs` | `only_on_invoice` |
    `only_in_cdrs`), differs_in ("calls, seconds, amount"), lines; invoice_calls, cdr_calls, calls_difference;
    invoice_seconds, cdr_seconds, seconds_difference, seconds_rounding [s]; invoice_amount, cdr_amount,
    amount_difference, rounding [currency]. Differences are invoice minus records: above zero where the invoice asks for
    more. What half a unit of a line's last decimal explains stands in the rounding, and is no difference, so that
    invoice = records + difference + rounding, exactly (seconds: to the whole second). Calls and seconds that a line
    does not state are null and not compared. Sorted by the keys.

    Attributes
    ----------
    totals : pl.DataFrame
        By currency.
    days : pl.DataFrame
        By currency and day, of the currencies whose lines are all for one day each.
    destinations : pl.DataFrame
        By currency and the columns of `by`, written as on the invoice.
    lines : pl.DataFrame
        By currency, period_start, period_end (on the wall clock) and the columns of `by`: the finest comparison, of
        lines that are no calls.
    calls : pl.DataFrame
        The same with call_id: of invoices whose lines are calls.
    differences : pl.DataFrame
        Of `lines` and `calls`, what does not agree; the most money first.
    outside : pl.DataFrame
        currency, side (`before` | `after` | `no time`), calls, seconds, amount: records that are not of the invoice's
        period and on no line of it.
    cdrs : pl.DataFrame
        The records that the invoice is about, as they were given, in the CDR frame's order: reconcile these to dispute
        the invoice.
    boundary : pl.DataFrame
        The records that the zone and the clock move over the period's edge; see `callkit.invoice.boundary_calls`.
    bridge : pl.DataFrame
        currency, part, step, lines, calls, amount. The totals (part `total`) are `invoice`, `billed` by the records of
        the period, and `expected`. Between them, exactly: invoice = the steps of `tie_out` + billed, and billed = the
        steps of `reconciliation` + expected. `lines` are the invoice's lines that a row is about. `calls` are the
        billed records (with a cost, or with charged seconds that have none yet) behind it, whatever the population:
        for a step of `tie_out` those of its pieces, for one of `reconciliation` those that it changes; those of
        `billed` are those of `unverified` and of `expected`.
    uncovered : str or None
        What to fetch, where the records do not reach over both ends of the period, so that a cut in another zone or by
        another clock cannot be told. None for a reconciliation and for `Reconciliation.cdrs`: what was judged was
        chosen before.
    population : "all", "answered" or "charged"
        Which calls are counted.
    invoice : Invoice
    cut : Cut
        tz, clock, and the period's start and end as instants.
    """

    invoice: Invoice
    asked: Asked
    cut: Cut
    population: Population
    leaves: pl.DataFrame
    billed_calls: pl.DataFrame
    labels: dict[str, dict[str, str]]
    outside: pl.DataFrame
    given: object
    records: pl.LazyFrame

    @cached_property
    def totals(self) -> pl.DataFrame:
        """The two sides by currency."""
        return summed(self.leaves, ["currency"])

    @cached_property
    def days(self) -> pl.DataFrame:
        """The two sides by currency and day, where the invoice tells days."""
        daily = self.leaves.filter(pl.col("currency").is_in(list(self.asked.daily)))
        day = pl.col("period_start").cast(pl.Date).alias("day")
        return summed(daily.with_columns(day), ["currency", "day"])

    @cached_property
    def destinations(self) -> pl.DataFrame:
        """The two sides by currency and the columns of `by`."""
        return self._labelled(summed(self.leaves, self.asked.keys), ["currency", *self.asked.by])

    @cached_property
    def lines(self) -> pl.DataFrame:
        """The two sides of every line that is no call."""
        return self._finest(self.leaves.filter(pl.col("call_id").is_null()), [])

    @cached_property
    def calls(self) -> pl.DataFrame:
        """The two sides of every line that is a call."""
        return self._finest(self.leaves.filter(pl.col("call_id").is_not_null()), ["call_id"])

    @cached_property
    def differences(self) -> pl.DataFrame:
        """What does not agree, the most money first."""
        all_ = pl.concat([self.lines, self.calls], how="diagonal")
        keys = [name for name in self.calls.columns if name not in COMPARED]
        return (
            all_.filter(pl.col("status") != "agrees")
            .select(*keys, *COMPARED)
            .sort(
                pl.col("amount_difference").abs().neg(),
                pl.col("seconds_difference").abs().neg(),
                *keys,
                nulls_last=True,
            )
        )

    @cached_property
    def statuses(self) -> dict[str, int]:
        """How many lines and calls there are of each status."""
        counts = dict(pl.concat([self.lines["status"], self.calls["status"]]).value_counts().rows())
        return {status: counts.get(status, 0) for status in STATUSES}

    @cached_property
    def reconciliation(self) -> Reconciliation | None:
        """The reconciliation of the records: the given one, else one by an inferred rating.

        None where the records were `Reconciliation.cdrs`, which say what was expected themselves.
        """
        if isinstance(self.given, Reconciliation):
            return self.given
        return None if is_reconciled(self.given) else reconcile(self.records)

    @cached_property
    def to_billed(self) -> pl.DataFrame:
        """The bridge from the invoice's total to what the records bill."""
        return to_billed(self.invoice, shown(self.leaves), self.billed_calls)

    @cached_property
    def bridge(self) -> pl.DataFrame:
        """From the invoice's total to what the records bill, and on to what was due."""
        first = self.to_billed
        currencies = first.select("currency").unique()
        second = to_expected(self.records, self.reconciliation, self.asked, self.cut, currencies)
        order = pl.int_range(pl.len()).over("currency")
        both = pl.concat([first, second]).with_columns(order.alias("_order"))
        return both.sort("currency", "_order", nulls_last=True).select(BRIDGE.names())

    @cached_property
    def boundary(self) -> pl.DataFrame:
        """The records that the zone and the clock move over an edge of the period."""
        return moved(self.records, cut_of(self.asked, "UTC", "auto"), self.cut)

    @cached_property
    def cdrs(self) -> pl.DataFrame:
        """The records that the invoice is about: of its period, or on a line of their own."""
        timed = self.records.with_columns(at(self.cut.clock).alias("_at"))
        inside = self.cut.marked(timed, self.asked.itemised).filter("_inside")
        return cdr.sort(inside.drop("_at", "_itemised", "_inside")).collect(engine="streaming")

    @property
    def knows_expected(self) -> bool:
        """Whether the bridge's second half costs nothing more to tell."""
        return isinstance(self.given, Reconciliation) or is_reconciled(self.given)

    @property
    def uncovered(self) -> str | None:
        """What is to be fetched, where the records do not reach over both ends of the period."""
        # Of calls that were judged, those of the invoice were chosen before: `cdrs` has no others.
        return None if self.knows_expected else uncovered(self.asked.period, set(self.outside["side"]))

    def __repr__(self) -> str:
        return text(self._title(), self.to_billed, self._notes())

    def _repr_html_(self) -> str:
        bridge = self.bridge if self.knows_expected else self.to_billed
        return html(self._title(), bridge, self._notes(), self.differences, self.asked.by)

    def _title(self) -> str:
        return told_cut(self.invoice, self.asked.period, self.cut, self.population)

    def _notes(self) -> list[str]:
        there = [name for name, frame in (("calls", self.calls), ("lines", self.lines)) if frame.height]
        counts = told_statuses(" and ".join(there) or "lines", self.statuses)
        doubt = [f"note: {self.uncovered}"] if self.uncovered else []
        return [counts, *told_outside(self.outside), *doubt]

    def _finest(self, leaves: pl.DataFrame, more: list[str]) -> pl.DataFrame:
        keys = ["currency", "period_start", "period_end", *self.asked.by, *more]
        return self._labelled(shown(leaves), keys)

    def _labelled(self, frame: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
        written = [
            pl.col(key_of(name))
            .replace_strict(self.labels[name], default=pl.col(key_of(name)), return_dtype=pl.String)
            .alias(name)
            if self.labels[name]
            else pl.col(key_of(name)).alias(name)
            for name in self.asked.by
        ]
        return frame.with_columns(written).select(*keys, *COMPARED).sort(*keys, nulls_last=True)
