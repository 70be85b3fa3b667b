"""The few numbers that an analyst wants first, per currency."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from html import escape
from typing import Any

import polars as pl

from callkit.cdr import INSTANT, MONEY, schema_of
from callkit.charts.asking import money_words
from callkit.export.deadline import months_later
from callkit.invoice import Invoice
from callkit.measures import instant
from callkit.reconciliation import Reconciliation
from callkit.widgets.workbench.pieces import counted

HEADLINE = schema_of(
    currency=pl.String,
    calls=pl.Int64,
    invoiced=MONEY,
    billed=MONEY,
    verified=MONEY,
    unverified=MONEY,
    claim=MONEY,
    claims=pl.Int64,
    claim_share=pl.Decimal(38, 10),
    evidence_until=INSTANT,
)
_MONTHS = 2


def headline(result: Reconciliation, invoice: Invoice | None) -> pl.DataFrame:
    """Put the result's main numbers together, one row a currency.

    Returns
    -------
    pl.DataFrame
        currency, calls (with a cost), invoiced (all lines of the invoice; null without one), billed (by the records),
        verified (of billed: recomputed, right or wrong), unverified, claim (grades A and B), claims (their number),
        claim_share (of what was invoiced, else of what was billed), evidence_until: when the vendor stops showing the
        record of the first ITNIO call that is claimed, two calendar months after it (NXCloud does not say; null).
        Sorted by currency, nulls last.
    """
    totals = result.totals.select("currency", "calls", "billed", "unverified")
    claimed = result.claims.filter(pl.col("grade").is_in(["A", "B"]))
    sums = claimed.group_by("currency").agg(pl.col("claim").sum(), pl.len().cast(pl.Int64).alias("claims"))
    first = (
        result.lazy.select("source", "call_id", "currency", instant().alias("at"))
        .filter(pl.col("source") == "itnio-voice")
        .join(claimed.lazy().select("source", "call_id").unique(), on=["source", "call_id"], how="semi")
        .group_by("currency")
        .agg(pl.col("at").min())
        .collect(engine="streaming")
    )
    asked = (
        pl.DataFrame(schema={"currency": pl.String, "invoiced": MONEY})
        if invoice is None
        else invoice.amounts.group_by("currency").agg(pl.col("amount").sum().alias("invoiced"))
    )
    joined = (
        totals.join(asked, on="currency", how="full", coalesce=True, nulls_equal=True)
        .join(sums, on="currency", how="left", nulls_equal=True)
        .join(first, on="currency", how="left", nulls_equal=True)
        .sort("currency", nulls_last=True)
    )
    rows = [_row(row) for row in joined.iter_rows(named=True)]
    return pl.DataFrame(rows, schema=HEADLINE, orient="row")


def _row(row: dict[str, Any]) -> dict[str, Any]:
    zero = Decimal(0)
    billed, unverified, claim = row["billed"] or zero, row["unverified"] or zero, row["claim"] or zero
    whole = row["invoiced"] if row["invoiced"] is not None else billed
    at = row["at"]
    return {
        "currency": row["currency"],
        "calls": row["calls"] or 0,
        "invoiced": row["invoiced"],
        "billed": billed,
        "verified": billed - unverified,
        "unverified": unverified,
        "claim": claim,
        "claims": row["claims"] or 0,
        "claim_share": (claim / whole).quantize(_TEN) if whole > 0 and claim < whole * 10**9 else None,
        "evidence_until": None if at is None else months_later(at.astimezone(UTC), _MONTHS),
    }


_TEN = Decimal("1e-10")


def days_left(until: datetime | None, now: datetime) -> int | None:
    """Whole days until an instant; 0 on the last one, below zero when it is over."""
    return None if until is None else (until - now).days


def as_html(rows: pl.DataFrame, complete: str, now: datetime) -> str:
    """Draw the headline as a table, one row a currency; amounts of several are never added up."""
    if rows.is_empty():
        return '<div class="ckw-quiet">No call has a cost: there is no money to check.</div>'
    invoiced = rows["invoiced"].null_count() < rows.height
    titles = [
        "",
        *(["Invoiced"] if invoiced else []),
        "Billed by the records",
        "To claim",
        "Unverified",
        "Evidence expires",
    ]
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in titles)
    body = "".join(_drawn(row, invoiced=invoiced, now=now) for row in rows.iter_rows(named=True))
    return (
        f'<table class="ckw-money"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        f'<div class="ckw-quiet">{escape(complete)}</div>'
    )


def _drawn(row: dict[str, Any], *, invoiced: bool, now: datetime) -> str:
    billed = row["billed"]
    verified = f"{counted(row['calls'], 'call')}, {_percent(row['verified'], billed)} recomputed"
    of = "the invoice" if row["invoiced"] is not None else "what was billed"
    share = f", {row['claim_share']:.2%} of {of}" if row["claim_share"] is not None else ""
    cells = [f"<b>{escape(row['currency'] or '(none)')}</b>"]
    if invoiced:
        cells.append(
            _cell(row["invoiced"], "taxes and fees included" if row["invoiced"] is not None else "no line")
        )
    cells += [
        _cell(billed, verified),
        _cell(row["claim"], f"{counted(row['claims'], 'call')}{share}"),
        _cell(row["unverified"], f"{_percent(row['unverified'], billed)} of what was billed"),
        _expiry(row, now),
    ]
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _expiry(row: dict[str, Any], now: datetime) -> str:
    left = days_left(row["evidence_until"], now)
    if left is None:
        told = "NXCloud does not say" if row["claims"] else "nothing is claimed"
        return f"<b>–</b><small>{told}</small>"
    until = f"{row['evidence_until']:%Y-%m-%d %H:%M} UTC"
    if left < 0:
        return f"<b>over</b><small>since {until}</small>"
    return f"<b>{left} day{'' if left == 1 else 's'}</b><small>first claim: {until}</small>"


def _cell(amount: Decimal | None, told: str) -> str:
    big = (
        "–"
        if amount is None
        else money_words(amount.quantize(Decimal("0.01")) if abs(amount) >= 10 else amount)
    )
    exact = "" if amount is None else f' title="{escape(money_words(amount))}"'
    return f"<b{exact}>{escape(big)}</b><small>{escape(told)}</small>"


def _percent(part: Decimal, whole: Decimal) -> str:
    return f"{part / whole:.1%}" if whole > 0 else "–"
