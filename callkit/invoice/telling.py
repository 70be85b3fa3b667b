"""A tie-out in a terminal and in a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from html import escape

import polars as pl

from callkit.cdr import mask_numbers
from callkit.invoice.calls import Population
from callkit.invoice.cut import Cut
from callkit.invoice.invoice import Invoice
from callkit.invoice.periods import told_period
from callkit.reconciliation.wording import money_text

NAMES = {
    "invoice": "Invoice",
    "fee": "fees",
    "tax": "taxes",
    "credit": "credits",
    "other": "other",
    "only_on_invoice": "only on the invoice",
    "only_in_cdrs": "only in the records",
    "rounding": "rounding",
    "differences": "differences",
    "billed": "Billed by the records",
    "expected": "Expected",
}
_IN_RECORDS = {"rounding": "rounding of the calls", "expected": "Expected"}
_CLOCKS = {
    "auto": "submitted, else answered, else ended",
    "submitted": "submitted, else answered, else ended",
    "answered": "answered, else submitted",
    "ended": "ended, else submitted",
}
_STATUSES = {
    "agrees": "agree",
    "differs": "differ",
    "only_on_invoice": "only on the invoice",
    "only_in_cdrs": "only in the records",
}
_STATUS = {"only_on_invoice": "only on the invoice", "only_in_cdrs": "only in the records"}
_SHOWN = 10


def text(title: str, to_billed: pl.DataFrame, notes: Sequence[str]) -> str:
    """Tell a tie-out in a few lines: what it is, how the money adds up, and what else there is to say."""
    said = [f"TieOut of {title}"]
    for (currency,), part in to_billed.group_by("currency", maintain_order=True):
        amounts = dict(part.select("step", "amount").rows())
        if not any(amounts.values()):
            continue
        terms = " ".join(
            f"{'-' if amount < 0 else '+'} {NAMES[step]} {money_text(abs(amount))}"
            for step, amount in amounts.items()
            if amount and step not in ("invoice", "billed")
        )
        total, billed = money_text(amounts["invoice"]), money_text(amounts["billed"])
        said.append(f"  {currency or '(no currency)'}: invoice {total} = records {billed} {terms}".rstrip())
    return "\n".join([*said, *(f"  {note}" for note in notes)])


def html(
    title: str, bridge: pl.DataFrame, notes: Sequence[str], differences: pl.DataFrame, by: Sequence[str]
) -> str:
    """Draw the bridge, and the lines that differ most."""
    parts = [f"<strong>Tie-out of {escape(title)}</strong>", _bridge(bridge)]
    parts += [f"<div>{escape(note)}</div>" for note in notes]
    if differences.height:
        parts.append(_differences(differences, by))
    return f"<div>{''.join(parts)}</div>"


def told_cut(invoice: Invoice, period: tuple[datetime, datetime], cut: Cut, population: Population) -> str:
    """Say which invoice, which period, and how the calls were taken."""
    start, end = told_period(*period)
    return (
        f"invoice {invoice.number or invoice.name}, {start} to {end} in {cut.tz}, by when a call was "
        f"{_CLOCKS[cut.clock]}; counted: {population} calls"
    )


def told_statuses(what: str, statuses: Mapping[str, int]) -> str:
    """Say how many lines or calls there are of each status."""
    told = [f"{count:,} {_STATUSES[status]}" for status, count in statuses.items() if count]
    return f"{what}: {', '.join(told) or 'none'}"


def told_outside(outside: pl.DataFrame) -> list[str]:
    """Say what was left out."""
    told = []
    for (side,), part in outside.group_by("side", maintain_order=True):
        amounts = [
            f"{money_text(amount)} {currency or '(no currency)'}"
            for currency, amount in part.select("currency", "amount").rows()
            if amount
        ]
        calls = part["calls"].sum()
        if calls or amounts:
            place = "without any time" if side == "no time" else f"{side} the period"
            count = f"{calls:,} call{'' if calls == 1 else 's'}"
            told.append(f"{place}: {count}, {', '.join(amounts) or 'no money'}")
    return told


def _bridge(bridge: pl.DataFrame) -> str:
    """One column a currency that adds up from the invoice down, one row a step that any of them has."""
    currencies = bridge.filter(pl.col("amount") != 0)["currency"].unique(maintain_order=True).to_list()
    rows: dict[tuple[str, str], dict[str | None, Decimal]] = {}
    for currency, part, step, amount in bridge.select("currency", "part", "step", "amount").rows():
        rows.setdefault((part, step), {})[currency] = amount if part == "total" else -amount
    rows = {
        (part, step): amounts
        for (part, step), amounts in rows.items()
        if part == "total" or any(amounts.values())
    }
    columns = {
        currency: _aligned([amounts.get(currency, Decimal(0)) for amounts in rows.values()])
        for currency in currencies
    }
    body = []
    for at, (part, step) in enumerate(rows):
        bold = part == "total"
        name = _IN_RECORDS.get(step, NAMES.get(step)) if part == "reconciliation" else NAMES.get(step)
        told = [columns[currency][at] for currency in currencies]
        signed = [
            text if bold or text.startswith("−") or not text.strip("0.") else f"+{text}" for text in told
        ]
        cells = "".join(_number(_bold(text, bold=bold)) for text in signed)
        body.append(f"<tr>{_words(_bold(name or step.replace('_', ' '), bold=bold))}{cells}</tr>")
    head = "".join(
        f'<th style="text-align:right">{escape(currency or "(none)")}</th>' for currency in currencies
    )
    return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def _differences(differences: pl.DataFrame, by: Sequence[str]) -> str:
    shown = mask_numbers(differences.head(_SHOWN))
    keys = [name for name in (*by, "call_id") if shown[name].null_count() < shown.height]
    head = "".join(
        f'<th style="text-align:left">{escape(name)}</th>' for name in ("period", "currency", *keys, "status")
    )
    head += "".join(
        f'<th style="text-align:right">{name} off</th>' for name in ("calls", "seconds", "amount")
    )
    amounts = _aligned(shown["amount_difference"].to_list())
    body = []
    for row, amount in zip(shown.iter_rows(named=True), amounts, strict=True):
        when = " to ".join(dict.fromkeys(told_period(row["period_start"], row["period_end"])))
        words = [
            when,
            *(row[name] or "(none)" for name in ("currency", *keys)),
            row["status"].replace("_", " "),
        ]
        cells = "".join(_words(escape(word)) for word in words)
        counts = "".join(_number(_count(row[f"{name}_difference"])) for name in ("calls", "seconds"))
        body.append(f"<tr>{cells}{counts}{_number(amount)}</tr>")
    more = differences.height - shown.height
    rest = f"<div>… and {more:,} more in .differences</div>" if more else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>{rest}"


def _aligned(amounts: list[Decimal]) -> list[str]:
    """Amounts with as many decimals as the one that needs the most, so that their points stand below each other."""
    texts = [money_text(amount) for amount in amounts]
    longest = max((len(text.partition(".")[2]) for text in texts), default=0)
    padded = [f"{text}{'0' * (longest - len(text.partition('.')[2]))}" for text in texts]
    return [text.replace("-", "−") for text in padded]


def _count(difference: int | None) -> str:
    return "not stated" if difference is None else f"{difference:+,}".replace("-", "−") if difference else "0"


def _words(told: str) -> str:
    return f'<td style="text-align:left;white-space:nowrap">{told}</td>'


def _number(told: str) -> str:
    return f'<td style="text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums">{told}</td>'


def _bold(told: str, *, bold: bool) -> str:
    return f"<strong>{escape(told)}</strong>" if bold else escape(told)
