"""What reconciliation answers, as frames, and how it introduces itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Literal

import polars as pl

from callkit.billing import money_of
from callkit.cdr import MONEY
from callkit.reconciliation.bridge import bridge, groups
from callkit.reconciliation.charges import ROWS
from callkit.reconciliation.coverage import coverage, rounding_memo
from callkit.reconciliation.exchange import exchange_rates, settlement_forms
from callkit.reconciliation.explain import explain
from callkit.reconciliation.patterns import patterns
from callkit.reconciliation.provenance import Provenance, provenance
from callkit.reconciliation.records import RECORD, Records, in_order, told_apart
from callkit.reconciliation.sendable import Sendable
from callkit.reconciliation.wording import money_text, printable, rating_in_words

if TYPE_CHECKING:
    from callkit.billing import Rating
    from callkit.reconciliation.facts import Facts
    from callkit.reconciliation.findings import Severities
    from callkit.reconciliation.inference import RatingFit


@dataclass(frozen=True, slots=True)
class RatingUsed:
    """The rating that the expected charges rest on, and where it comes from.

    Attributes
    ----------
    rating : Rating
        The one rating, or the one that explains the most calls where several are in use.
    basis
        "given" by the user, "inferred" from the records, or "assumed" as the convention because they do not show it.
    fit : RatingFit or None
        How it was inferred, group by group; None where it was given.
    """

    rating: Rating
    basis: Literal["given", "inferred", "assumed"]
    fit: RatingFit | None = None

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{rating_in_words(self.rating)} ({self._origin()})"

    def _origin(self) -> str:
        if self.fit is None:
            return "as given"
        if self.basis == "assumed":
            return "assumed, because the records do not show it"
        others = len(set(self.fit.ratings.values())) - 1
        beside = f"; {others} other rating{'s' if others > 1 else ''} in smaller groups" if others else ""
        return f"inferred: explains {self.fit.explained:.1%} of the calls that show it{beside}"


@dataclass(frozen=True, eq=False, repr=False)
class Reconciliation(Sendable):
    """Every charge recomputed: what was billed, what was due, and why they differ.

    Attributes
    ----------
    cdrs : pl.DataFrame
        Every distinct input row, in the CDR frame's order, and behind its columns expected_charged_duration [s],
        expected_rate, expected_cost and cost_difference (billed minus expected) [currency], and verdict
        (`agrees` | `overcharged` | `undercharged` | `unverified`).
    findings : pl.DataFrame
        One row per finding: finding_id, call_id (null where it is about a group), source, check, severity, grade, step,
        reported and expected as text, amount (the bridge step that it explains, else null), currency,
        explanation. Errors first, then by check, then the most money.
    claims : pl.DataFrame
        One row per call that is net overcharged: call_id, source, currency, billed, expected, claim (their difference),
        grade, cause, explanation. By currency, the greatest first.
    bridge : pl.DataFrame
        basis, currency, step, calls, amount: how billed becomes expected. The amounts of a basis and currency add
        up to what was billed, exactly.
    summary : pl.DataFrame
        check, severity, currency, calls, amount, overcharge, undercharge.
    totals : pl.DataFrame
        currency, calls, billed, expected, overcharge, undercharge, unverified: one row per currency.
    patterns : pl.DataFrame
        check, source, destination, rate, bill_period, currency, calls, amount, first_day, last_day, sentence: findings
        that tell one story. The largest amount first.
    coverage : pl.DataFrame
        currency, status, reason, calls, amount, share: how much of the billed money was verified, and by what.
    rounding : pl.DataFrame
        source, currency, calls, amount: what the vendor's rounding costs (above zero) or saves.
    settlement : pl.DataFrame
        source, currency, direction, form, calls, fit, alone, share, used, decided: which way the vendor settles.
    exchange_rates : pl.DataFrame
        source, currency, exchange_rate, first_at, last_at, calls: the dates on which the exchange rate changed.
    rating : RatingUsed
        The rating, and whether it was given, inferred or assumed.
    provenance : Provenance
        Digests of the records, the rules and the package.
    """

    ledger: pl.LazyFrame
    charges: pl.DataFrame
    columns: tuple[str, ...]
    found: pl.DataFrame
    claims: pl.DataFrame
    bridge: pl.DataFrame
    facts: Facts
    records: Records
    severities: Severities

    @property
    def lazy(self) -> pl.LazyFrame:
        """The LazyFrame behind `cdrs`, unsorted, for sinks and for data larger than memory."""
        return self.ledger.select(self.columns)

    @cached_property
    def cdrs(self) -> pl.DataFrame:
        """Every distinct record with its expected charge and verdict."""
        return in_order(self.lazy, self.columns)

    @cached_property
    def findings(self) -> pl.DataFrame:
        """One row per finding."""
        return self.found.drop(RECORD)

    @property
    def rating(self) -> RatingUsed:
        """The rating used, and whether it was given, inferred or assumed."""
        return RatingUsed(self.facts.rating, self.facts.basis, self.facts.fit)

    def bridge_by(self, *columns: str) -> pl.DataFrame:
        """Make the bridge for every value of some columns: `result.bridge_by("destination")`.

        Raises
        ------
        ValueError
            If one of them is no column of `cdrs`.
        """
        return bridge(self.ledger, groups(columns, self.columns))

    @cached_property
    def summary(self) -> pl.DataFrame:
        """Findings counted and summed by check and currency, in the order of the findings."""
        amount = pl.col("amount")
        return self.findings.group_by("check", "severity", "currency", maintain_order=True).agg(
            pl.col("call_id").drop_nulls().n_unique().cast(pl.Int64).alias("calls"),
            pl.when(amount.is_not_null().any()).then(amount.sum()).cast(MONEY).alias("amount"),
            amount.filter(amount > 0).sum().cast(MONEY).alias("overcharge"),
            amount.filter(amount < 0).sum().cast(MONEY).alias("undercharge"),
        )

    @cached_property
    def patterns(self) -> pl.DataFrame:
        """Findings that tell one story, as one sentence each: the largest amount first."""
        return patterns(self.findings, self.ledger, self.facts.asked.tz)

    @cached_property
    def coverage(self) -> pl.DataFrame:
        """How much of the billed money was verified, by what, and why the rest was not."""
        return coverage(self.ledger, self.facts, self.records.rows, self._height)

    @cached_property
    def rounding(self) -> pl.DataFrame:
        """What the vendor's rounding costs, or saves, by source and currency: billed minus the exact quotient."""
        return rounding_memo(self.charges, self.facts)

    @cached_property
    def settlement(self) -> pl.DataFrame:
        """How the vendor settles: for every way it can, how many calls fit it; see `settlement_forms`."""
        return settlement_forms(self.ledger, self.facts)

    @cached_property
    def exchange_rates(self) -> pl.DataFrame:
        """The exchange rates used, each with its first and last call; see `exchange_rates`."""
        return exchange_rates(self.ledger)

    @cached_property
    def provenance(self) -> Provenance:
        """Digests of the records, the rules and the package: the same three give the same result."""
        return provenance(self.records.distinct, self.records.rows, self.facts.asked, self.severities)

    @cached_property
    def totals(self) -> pl.DataFrame:
        """Per currency: calls, billed, expected, overcharge, undercharge and unverified."""
        calls, verdict = pl.col(ROWS), pl.col("verdict")
        billed, expected = (pl.col(name) * calls for name in ("_billed", "_expected"))
        sums = {
            "billed": billed,
            "expected": expected,
            "overcharge": (billed - expected).filter(verdict == "overcharged"),
            "undercharge": (billed - expected).filter(verdict == "undercharged"),
            "unverified": billed.filter(verdict == "unverified"),
        }
        return (
            self.charges.filter(pl.col("cost").is_not_null())
            .group_by("currency")
            .agg(
                calls.sum().alias("calls"),
                *(money_of(amount.sum()).cast(MONEY).alias(name) for name, amount in sums.items()),
            )
            .sort("currency", nulls_last=True)
        )

    def explain(self, call_id: str, source: str | None = None) -> str:
        """Tell how one call's charge comes about, in words that the vendor can check.

        Parameters
        ----------
        call_id
            The vendor's id of the call.
        source
            `itnio-voice` or `nx-whatsapp`, where both should know the id.

        Raises
        ------
        KeyError
            If there is no such call.
        TypeError
            If an id is not text.
        """
        if not isinstance(call_id, str):
            raise TypeError(f"call_id must be text, as in the records, got {call_id!r}")
        wanted = pl.col("call_id") == call_id
        if source is not None:
            wanted &= pl.col("source") == source
        calls = in_order(self.ledger.filter(wanted), self.columns)
        if calls.is_empty():
            raise KeyError(
                f"no call {call_id!r}" + (f" of {source}" if source else "") + " among the records"
            )
        return explain(told_apart(calls, self.records.columns), self.found.filter(wanted), self.facts)

    def __repr__(self) -> str:
        said = [
            f"  {printable(row['currency'] or '(no currency)')}: billed {money_text(row['billed'])}, "
            f"expected {money_text(row['expected'])}, overcharged {money_text(row['overcharge'])}, "
            f"undercharged {money_text(row['undercharge'].copy_abs())}, unverified {money_text(row['unverified'])}"
            for row in self.totals.iter_rows(named=True)
        ]
        return "\n".join(
            [
                f"Reconciliation of {self._counted()}; rating: {self.rating}",
                *said,
                f"  {self.findings.height:,} findings, {self.claims.height:,} claims",
            ]
        )

    def _repr_html_(self) -> str:
        shown = {
            "currency": "Currency",
            "calls": "Calls",
            "billed": "Billed",
            "expected": "Expected",
            "overcharge": "Overcharged",
            "undercharge": "Undercharged",
            "unverified": "Unverified",
        }
        head = "".join(
            f'<th style="text-align:{"left" if name == "currency" else "right"}">{title}</th>'
            for name, title in shown.items()
        )
        body = "".join(
            "<tr>" + "".join(_cell(name, row[name]) for name in shown) + "</tr>"
            for row in self.totals.with_columns(pl.col("undercharge").neg()).iter_rows(named=True)
        )
        said = f"{self.findings.height:,} findings, {self.claims.height:,} claims · rating: {self.rating}"
        return (
            f"<div><strong>Reconciliation of {self._counted()}</strong>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            f"<div>{escape(said)}</div></div>"
        )

    @property
    def _height(self) -> int:
        return int(self.charges[ROWS].sum())

    def _counted(self) -> str:
        return f"{self._height:,} call" if self._height == 1 else f"{self._height:,} calls"


def _cell(name: str, value: object) -> str:
    if name == "currency":
        return f'<td style="text-align:left">{escape(str(value or "(none)"))}</td>'
    text = f"{value:,}" if isinstance(value, int) else money_text(value)  # type: ignore[arg-type]  # a MONEY column
    return f'<td style="text-align:right;font-variant-numeric:tabular-nums">{text}</td>'
