"""A tie-out in a terminal and in a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import polars as pl

from callkit.cdr import mask_numbers
from callkit.invoice.invoice import told_period
from callkit.reconciliation.wording import money_text

if TYPE_CHECKING:
    from decimal import Decimal

    from callkit.invoice.result import TieOut

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
_SHOWN = 10


def text(tied: TieOut) -> str:
    """Tell a tie-out in a few lines."""
    said = [f"TieOut of {title(tied)}"]
    for (currency,), part in tied.to_billed.group_by("currency", maintain_order=True):
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
    return "\n".join([*said, f"  {counted(tied)}", *(f"  {line}" for line in beside(tied))])


def title(tied: TieOut) -> str:
    """Say which invoice, which period, and how the calls were taken."""
    invoice = tied.invoice
    start, end = told_period(*tied.asked.period)
    return (
        f"invoice {invoice.number or invoice.name}, {start} to {end} in {tied.cut.tz}, by when a call was "
        f"{_CLOCKS[tied.cut.clock]}; counted: {tied.population} calls"
    )


def counted(tied: TieOut) -> str:
    """Say how many lines there are of each status."""
    what = (
        "calls and lines"
        if tied.calls.height and tied.lines.height
        else "calls"
        if tied.calls.height
        else "lines"
    )
    told = [f"{count:,} {_STATUSES[status]}" for status, count in tied.statuses.items() if count]
    return f"{what}: {', '.join(told) or 'none'}"


def beside(tied: TieOut) -> list[str]:
    """Say what was left out."""
    told = []
    for (side,), part in tied.outside.group_by("side", maintain_order=True):
        amounts = [
            f"{money_text(amount)} {currency or '(no currency)'}"
            for currency, amount in part.select("currency", "amount").rows()
            if amount
        ]
        calls = part["calls"].sum()
        if calls or amounts:
            place = "without any time" if side == "no time" else f"{side} the period"
            told.append(f"{place}: {calls:,} calls, {', '.join(amounts) or 'no money'}")
    return told


def html(tied: TieOut) -> str:
    """Draw the bridge, and the lines that differ most."""
    bridge = tied.bridge if tied.knows_expected else tied.to_billed
    parts = [f"<strong>Tie-out of {escape(title(tied))}</strong>", _bridge(bridge)]
    parts.append(f"<div>{escape(counted(tied))}</div>")
    parts += [f"<div>{escape(line)}</div>" for line in beside(tied)]
    if tied.differences.height:
        parts.append(_differences(tied))
    return f"<div>{''.join(parts)}</div>"


def _bridge(bridge: pl.DataFrame) -> str:
    """One column a currency, one row a step that any of them has."""
    currencies = bridge.filter(pl.col("amount") != 0)["currency"].unique(maintain_order=True).to_list()
    rows: dict[tuple[int, str, str], dict[str | None, Decimal]] = {}
    places: dict[tuple[str, str], int] = {}
    for currency, part, step, amount in bridge.select("currency", "part", "step", "amount").rows():
        place = places.setdefault((part, step), len(places))
        rows.setdefault((place, part, step), {})[currency] = amount
    body = []
    for (_, part, step), amounts in sorted(rows.items()):
        if part != "total" and not any(amounts.values()):
            continue
        cells = "".join(_amount(amounts.get(currency), bold=part == "total") for currency in currencies)
        name = NAMES.get(step, step.replace("_", " "))
        sign = "" if part == "total" else "− "
        body.append(
            f'<tr><td style="text-align:left">{_bold(sign + name, bold=part == "total")}</td>{cells}</tr>'
        )
    head = "".join(
        f'<th style="text-align:right">{escape(currency or "(none)")}</th>' for currency in currencies
    )
    return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def _differences(tied: TieOut) -> str:
    shown = mask_numbers(tied.differences.head(_SHOWN))
    keys = [name for name in (*tied.asked.by, "call_id") if shown[name].null_count() < shown.height]
    columns = ["currency", *keys, "status", "calls_difference", "seconds_difference", "amount_difference"]
    titles = [name.replace("_difference", " off").replace("_", " ") for name in columns]
    numbers = {"calls_difference", "seconds_difference", "amount_difference"}
    head = "".join(
        f'<th style="text-align:{"right" if name in numbers else "left"}">{escape(title_)}</th>'
        for name, title_ in zip(columns, titles, strict=True)
    )
    body = []
    for row in shown.select("period_start", "period_end", *columns).iter_rows(named=True):
        when = " to ".join(dict.fromkeys(told_period(row["period_start"], row["period_end"])))
        cells = "".join(
            _amount(row[name])
            if name == "amount_difference"
            else f'<td style="text-align:{"right" if name in numbers else "left"}">{_value(name, row[name])}</td>'
            for name in columns
        )
        body.append(f'<tr><td style="text-align:left">{when}</td>{cells}</tr>')
    more = tied.differences.height - shown.height
    rest = f"<div>… and {more:,} more in .differences</div>" if more else ""
    first = '<th style="text-align:left">period</th>'
    return f"<table><thead><tr>{first}{head}</tr></thead><tbody>{''.join(body)}</tbody></table>{rest}"


def _value(name: str, value: object) -> str:
    if value is None:
        return "not stated" if name.endswith("_difference") else "(none)"
    if isinstance(value, int):
        return f"{value:+,}" if value else "0"
    return escape(_STATUSES.get(str(value), str(value)) if name == "status" else str(value))


def _amount(amount: Decimal | None, *, bold: bool = False) -> str:
    told = "" if amount is None else _bold(money_text(amount), bold=bold)
    return f'<td style="text-align:right;font-variant-numeric:tabular-nums">{told}</td>'


def _bold(told: str, *, bold: bool) -> str:
    return f"<strong>{escape(told)}</strong>" if bold else escape(told)
