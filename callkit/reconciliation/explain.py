"""The arithmetic of one call, in words and numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from callkit.reconciliation.checks.charged_duration import increments_in_words
from callkit.reconciliation.claims import GROUND
from callkit.reconciliation.contract import (
    deck_rate_unit,
    deck_row_in_words,
    due_increments,
    increments_differ,
)
from callkit.reconciliation.records import RECORD
from callkit.reconciliation.wording import connect_fee, money_text, rate_unit

if TYPE_CHECKING:
    from callkit.reconciliation.facts import Facts


def explain(calls: pl.DataFrame, found: pl.DataFrame, facts: Facts) -> str:
    """Explain the calls of one id: what was due, what was billed, and what was found.

    Parameters
    ----------
    calls
        The ledger's rows of the call, with `_record`: one, or several where the vendor lists the id more than once.
    found
        The findings about it, with the same. What is about none of several records is told at the end.
    """
    told = calls.with_columns(
        words=increments_in_words(facts),
        unit=pl.when(pl.col("_deck_row").is_null())
        .then(facts.rated(rate_unit))
        .otherwise(deck_rate_unit(facts)),
        fee=facts.rated(connect_fee),
        blocks=facts.rated(lambda rating: pl.lit(rating.per_seconds == "block")),
        deck=deck_row_in_words(facts),
        deck_period=pl.when(increments_differ()).then(pl.format("{}+{}", *due_increments())),
    )
    records = told.rows(named=True)
    if len(records) == 1:
        return "\n".join(_told(records[0], found))
    said = [
        line
        for at, row in enumerate(records, 1)
        for line in (
            f"Record {at} of {len(records)} ({row['source']}):",
            *_told(row, found.filter(pl.col(RECORD) == row[RECORD])),
        )
    ]
    return "\n".join([*said, *_findings("Findings about the id:", found.filter(pl.col(RECORD).is_null()))])


def _told(row: dict[str, Any], findings: pl.DataFrame) -> list[str]:
    """One record, what was found about it, and what to credit, in lines."""
    grade = _grade(row, findings)
    return [_one(row), *_findings("Findings:", findings), *([_credit(row, grade)] if grade else [])]


def _findings(title: str, findings: pl.DataFrame) -> list[str]:
    said = [
        f"  {row['check']} ({row['severity']}, grade {row['grade']}): {row['explanation']}"
        for row in findings.iter_rows(named=True)
    ]
    return [title, *said] if said else []


def _one(row: dict[str, Any]) -> str:
    """One record: its seconds, its money, its verdict."""
    currency = row["currency"] or ""
    if row["found"] is False:
        return "The vendor has no record of this call."
    if row["_double_of"] is not None:
        return f"Call {row['_double_of']} bills this conversation already, so nothing more is due. {_verdict(row)}"
    if row["call_duration"] is None:
        return f"The record does not say how long the talk was, so the charge cannot be recomputed. {_verdict(row)}"
    if row["call_duration"] <= 0:
        return f"Nobody answered, so {_amount(row['expected_cost'], currency)} is due. {_verdict(row)}"
    seconds = (
        row["words"] or f"{row['call_duration']} s of talk; bill period {row['bill_period'] or 'unknown'}"
    )
    return f"{seconds}. {_contract(row)}{_price(row, currency)} {_verdict(row)}"


def _contract(row: dict[str, Any]) -> str:
    """What the rate deck says otherwise of the bill period."""
    if row["deck_period"] is None:
        return ""
    return f"The rate deck says {row['deck_period']}: {row['expected_charged_duration']} s. "


def _price(row: dict[str, Any], currency: str) -> str:
    charged, due, expected = row["charged_duration"], row["expected_charged_duration"], row["expected_cost"]
    if expected is None:
        return f"What is missing to recompute the cost: {_missing(row)}."
    if row["expected_rate"] is not None:
        fee = row["fee"] if due else ""
        whose = f" (rate deck, {row['deck']})" if row["deck"] else ""
        rate = f"{money_text(row['expected_rate'])}/{row['unit']}"
        return f"{fee}{due} s × {rate}{whose} = {_amount(expected, currency)}."
    if charged == due:
        return f"The record has no rate, and its seconds are right: {_amount(expected, currency)} stands as billed."
    return (
        f"The record has no rate: {_amount(row['cost'], currency)} for {charged} s makes "
        f"{_amount(expected, currency)} for {due} s."
    )


def _missing(row: dict[str, Any]) -> str:
    needed = {
        "a cost": row["cost"] is None,
        "the charged seconds": row["charged_duration"] is None,
        "a bill period of the form a+b": row["_first"] is None,
        "a bill period whose first stretch is whole blocks": row["blocks"]
        and row["_first"] is not None
        and row["_first"] % row["_step"] != 0,
        "a rate, or charged seconds to derive one from": row["rate"] is None and not row["charged_duration"],
    }
    return ", ".join(what for what, lacks in needed.items() if lacks) or "amounts within reason"


def _verdict(row: dict[str, Any]) -> str:
    currency = row["currency"] or ""
    charged = row["charged_duration"]
    seconds = f"{charged} s, " if charged is not None else ""
    billed = f"Billed {seconds}{_amount(row['cost'], currency)}"
    difference = row["cost_difference"]
    match row["verdict"]:
        case "agrees":
            return f"{billed}: agrees."
        case "unverified":
            return f"{billed}: not verified."
        case _:
            side = "much" if difference > 0 else "little"
            return f"{billed}: {_amount(difference.copy_abs(), currency)} too {side}."


def _grade(row: dict[str, Any], findings: pl.DataFrame) -> str | None:
    """What a claim rests on: the weakest of its grounds; None where there is no claim."""
    grounds = findings.filter(pl.col("grade") != "D", pl.col("amount") > 0, pl.col("step") != "settlement")
    weakest = grounds["grade"].max()
    return str(weakest) if row["verdict"] == "overcharged" and weakest is not None else None


def _credit(row: dict[str, Any], grade: str) -> str:
    amount = f"{row['currency'] or ''} {money_text(row['cost_difference'])}".strip()
    return f"{GROUND[grade]} {amount} too much was billed. Please credit {amount} or name the clause that applies."


def _amount(amount: Decimal | None, currency: str) -> str:
    return "no amount" if amount is None else f"{money_text(amount)} {currency}".rstrip()
