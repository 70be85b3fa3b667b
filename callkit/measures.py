"""What is measured of calls: volumes, money, quality; each a sum, or a quotient of two sums.

Sums of parts of calls can be taken over any group of them, and over groups of groups, so that a day, a destination
and a month are computed the same way. Money stays exact throughout.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from callkit.billing import Rating, money_of, rounded_units, units_of

__all__ = ["MEASURES", "SHORT", "Measure", "instant", "parts", "sums"]

Kind = Literal["count", "minutes", "seconds", "share", "money", "rate"]

SHORT = 6
"""The longest talk, in seconds, that counts as short: answered and gone again, as by a machine or a bad line."""

_QUOTIENT = Rating(decimals=10, rounding="half_even")


@dataclass(frozen=True, slots=True)
class Measure:
    """One question about a group of calls.

    Attributes
    ----------
    name : str
        The column that holds it.
    title, unit : str
        What a chart calls it; the unit is empty for counts and for what is counted in a currency.
    definition : str
        What exactly it is, in a sentence.
    kind : str
        Decides how it is written: `count`, `minutes`, `seconds`, `share` (in per cent), `money` or `rate` (money per
        minute).
    above, below : str
        The part that is summed, and the one it is divided by; nothing is divided by the empty one.
    """

    name: str
    title: str
    unit: str
    definition: str
    kind: Kind
    above: str
    below: str = ""

    @property
    def adds_up(self) -> bool:
        """Whether the values of two groups add up to the value of both together."""
        return not self.below

    @property
    def short(self) -> str:
        """The title, or its abbreviation where it has one: ASR, ACD."""
        found = re.search(r"\(([A-Z]+)\)$", self.title)
        return found[1] if found else self.title

    @property
    def of_money(self) -> bool:
        """Whether it is said of one currency only."""
        return self.kind in ("money", "rate")

    def unit_in(self, currency: str | None) -> str:
        """Name the unit, with the currency where it has one."""
        code = currency or "(no currency)"
        return {"money": code, "rate": f"{code}/min"}.get(self.kind, self.unit)

    def value(self) -> pl.Expr:
        """Compute it from the columns of `sums`; null where there is nothing to divide by.

        MONEY for money and rates (a rate is rounded once, half-even, to ten decimals), Int64 for counts, else Float64.
        """
        above = pl.col(self.above)
        if self.kind == "count":
            found = above.cast(pl.Int64)
        elif self.kind == "money":
            found = money_of(above)
        elif self.kind == "rate":
            seconds = pl.col(self.below).cast(pl.Int128)
            # A quotient by a stand-in for zero is computed, too, and thrown away.
            quotient = rounded_units(above * 60, pl.max_horizontal(seconds, pl.lit(1, pl.Int128)), _QUOTIENT)
            found = pl.when(seconds > 0).then(money_of(quotient))
        else:
            times, over = _SCALES[self.kind, self.above]
            below = pl.col(self.below) if self.below else pl.lit(1)
            found = pl.when(below > 0).then(above * times / (below * over))
        return found.alias(self.name)


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("calls", "Calls", "", "call records that the vendor has", "count", "calls"),
        Measure("minutes", "Minutes", "min", "talk time of answered calls", "minutes", "talk"),
        Measure("charged_minutes", "Charged minutes", "min", "charged durations", "minutes", "charged"),
        Measure("cost", "Billed", "", "costs in one currency", "money", "money"),
        Measure(
            "asr",
            "Answer-seizure ratio (ASR)",
            "%",
            "answered calls per call that is known to be answered or not (seizures that result in an answer signal "
            "per seizure, as in ITU-T E.411)",
            "share",
            "answered",
            "attempts",
        ),
        Measure(
            "acd",
            "Average call duration (ACD)",
            "s",
            "talk time per answered call",
            "seconds",
            "talk",
            "answered",
        ),
        Measure(
            "pdd",
            "Post-dial delay",
            "s",
            "from dialling out (else from submission) to ringing, per call that rang; calls whose instants are out of "
            "order do not count",
            "seconds",
            "waiting",
            "rang",
        ),
        Measure(
            "effective_rate",
            "Effective rate",
            "",
            "money billed per minute of talk, over calls with a cost: what a minute really costs, with the rounding up "
            "to whole increments and with charges for calls that nobody answered",
            "rate",
            "money",
            "paid_talk",
        ),
        Measure(
            "short_calls",
            f"Short calls (≤ {SHORT} s)",
            "%",
            f"answered calls of {SHORT} seconds of talk or less, per answered call",
            "share",
            "short",
            "answered",
        ),
        Measure(
            "overcharge",
            "Overcharged",
            "",
            "billed minus expected, over calls that were billed too much (of a reconciliation)",
            "money",
            "over",
        ),
        Measure(
            "undercharge",
            "Undercharged",
            "",
            "expected minus billed, over calls that were billed too little (of a reconciliation)",
            "money",
            "under",
        ),
    )
}

_SCALES = {
    ("minutes", "talk"): (1, 60),
    ("minutes", "charged"): (1, 60),
    ("seconds", "talk"): (1, 1),
    ("seconds", "waiting"): (1, 1_000_000),
    ("share", "answered"): (100, 1),
    ("share", "short"): (100, 1),
}
"""From the sums, which are whole seconds, microseconds and counts, to the unit: times, and divided by."""

COUNTED = ("calls", "attempts", "answered", "talk", "charged", "short", "waiting", "rang")
PAID = ("money", "paid_talk", "over", "under")
"""The parts of a call: those of every call, and those that belong to its currency."""


def instant() -> pl.Expr:
    """When a call was: submitted, else answered, else ended."""
    return pl.coalesce("submitted_at", "answered_at", "ended_at")


def parts(columns: Sequence[str]) -> list[pl.Expr]:
    """Tell what each call contributes to every sum, as expressions over a CDR frame.

    Money is Int128 in units of 10⁻¹⁰, the waiting for the ring is in microseconds: whole numbers add up to the
    same in whatever order. `columns` are those of the frame: `over` and `under` are zero where there is no
    `cost_difference`. Records that were not found are no calls: filter them out first.
    """
    talk = pl.col("call_duration")
    answered = (talk > 0).fill_null(value=False)
    waiting = (pl.col("ringing_at") - pl.coalesce("called_at", "submitted_at")).dt.total_microseconds()
    rang = (waiting >= 0).fill_null(value=False)
    money = units_of(pl.col("cost"))
    difference = units_of(pl.col("cost_difference")) if "cost_difference" in columns else pl.lit(0, pl.Int128)
    zero = pl.lit(0, pl.Int128)
    found = {
        "calls": pl.lit(1, pl.Int64),
        "attempts": talk.is_not_null(),
        "answered": answered,
        "talk": pl.when(answered).then(talk).otherwise(0),
        "charged": pl.col("charged_duration").fill_null(0),
        "short": answered & (talk <= SHORT),
        "rang": rang,
        "waiting": pl.when(rang).then(waiting).otherwise(0),
        "paid_talk": pl.when(answered & money.is_not_null()).then(talk).otherwise(0),
    }
    return [
        *(expr.cast(pl.Int64).alias(name) for name, expr in found.items()),
        money.fill_null(0).alias("money"),
        pl.when(difference > 0).then(difference).otherwise(zero).alias("over"),
        pl.when(difference < 0).then(zero - difference).otherwise(zero).alias("under"),
    ]


def sums(currency: str | None) -> list[pl.Expr]:
    """Add the parts up; what belongs to a currency only over the calls in this one."""
    paid = pl.col("currency").eq_missing(pl.lit(currency, pl.String))
    return [
        *(pl.col(name).sum() for name in COUNTED),
        *(pl.col(name).filter(paid).sum() for name in PAID),
    ]
