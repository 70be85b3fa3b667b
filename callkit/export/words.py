"""What checks, steps and codes are called where people read them."""

from __future__ import annotations

from decimal import Decimal

STEPS = {
    "billed": ("Billed", "what the records say was charged"),
    "settlement": ("Settlement", "the settled amount does not follow from the exchange rate"),
    "double_billed": ("Billed twice", "the same conversation was billed before"),
    "unanswered": ("Not answered", "charged although nobody answered"),
    "arithmetic": ("Rate × seconds", "the cost is not rate × charged seconds"),
    "rounding": ("Rounding", "within the vendor's rounding; not disputed"),
    "duration": ("Charged seconds", "the charged seconds are not what the bill period makes of the talk"),
    "increments": ("Bill period", "the bill period is not the rate deck's"),
    "rate": ("Rate", "the rate is not the rate deck's"),
    "unverified": ("Unverified", "could not be recomputed; not disputed"),
    "expected": ("Expected", "what is due by our computation"),
}
"""The rows of the bridge: their titles, and what they mean."""

TIED = {
    "invoice": ("Invoice", "what the invoice asks for"),
    "fee": ("Fees", "lines that are no calls"),
    "tax": ("Taxes", "lines that are no calls"),
    "credit": ("Credits", "lines that are no calls"),
    "other": ("Other", "lines that are no calls"),
    "only_on_invoice": ("Only on the invoice", "lines without any record"),
    "only_in_cdrs": ("Only in the records", "records that no line asks for"),
    "rounding": ("Rounding of lines", "within the last decimal of a line; not a difference"),
    "differences": ("Differences", "lines and records that differ"),
}
"""The way from an invoice to what the records bill, before the rows of the bridge."""

LEVELS = frozenset(("Invoice", "Billed", "Expected"))
"""The titles of the rows that are no steps: what the steps lead from and to."""

CAUSES = {
    "double_billed": "the same conversation is billed twice",
    "unanswered_charged": "charged although nobody answered",
    "cost": "the cost is not rate × charged seconds",
    "charged_duration": "more seconds are charged than the bill period allows",
    "rate": "the rate is not the agreed one",
    "increments": "the bill period is not the agreed one",
    "settlement": "the settled amount does not follow from the exchange rate",
    "rebilled": "the call was on an earlier invoice",
    "out_of_period": "the call is outside of the billed period",
    "conflicting_record": "one call id has several records that differ",
    "inbound_charged": "an inbound call is charged that is free by contract",
    "not_ours": "we have no record of the call",
    "longer_than_ours": "the talk is longer than by our own records",
    "unanswered_by_ours": "by our own records nobody answered",
}
"""Why a claim is made."""

GRADES = {
    "A": "the vendor's own record contradicts itself",
    "B": "the record contradicts the contract",
    "C": "the record contradicts our own records",
    "D": "a question, no claim",
}

COUNTED = ("yes", "below materiality", "held", "withdrawn")
"""Whether a claim counts towards what is demanded, and why not."""

NO_CURRENCY = "(no currency)"


def cause_in_words(cause: str) -> str:
    """What a check found, as the vendor would be told."""
    return CAUSES.get(cause, cause.replace("_", " "))


def amount(value: Decimal, decimals: int = 2) -> str:
    """`1,234.50`, with the thousands apart and at least so many decimals: for pages and letters."""
    whole, _, fraction = f"{value.copy_abs():f}".partition(".")
    kept = fraction.rstrip("0").ljust(decimals, "0")
    return f"{'−' if value < 0 else ''}{int(whole):,}{f'.{kept}' if kept else ''}"


def decimals_of(values: list[Decimal]) -> int:
    """How many decimals show all of some amounts, at least two."""
    return max((len(f"{value:f}".partition(".")[2].rstrip("0")) for value in values), default=0) or 2


def counted(count: int, one: str, several: str | None = None) -> str:
    """`1 call`, `2,000 calls`."""
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"
