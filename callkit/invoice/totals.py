"""Totals that an invoice prints among its lines: checked against the lines, and never counted with them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import polars as pl

from callkit.errors import SchemaError
from callkit.invoice.decimals import decimals
from callkit.invoice.kinds import TOTAL, is_total
from callkit.invoice.schema import TOTALS
from callkit.reconciliation.wording import money_text

Row = dict[str, Any]


def without_totals(rows: pl.DataFrame, where: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Take the totals out of an invoice's rows, after checking each of them.

    A total is right if it is the sum of all lines of its currency, of those of one kind, of all without the taxes, or
    of one of these among the lines above it, or between it and the total before. Rounding is allowed: half a unit of
    the invoice's last decimal for every line. If it says calls, they must be the same lines' calls.

    Returns
    -------
    tuple of pl.DataFrame
        The other rows, and the totals (`TOTALS`).

    Raises
    ------
    SchemaError
        If a total is the sum of no such lines: it names the row, and what they add up to. If a line without a name is
        the sum of those above it.
    """
    is_one = pl.col("kind") == TOTAL
    lines = rows.filter(~is_one)
    _refuse_nameless(lines, where)
    if lines.height == rows.height:
        return rows, TOTALS.to_frame()
    currencies = lines["currency"].unique().sort().to_list()
    places = decimals(lines)
    found, since = [], 0
    numbered = rows.select("place", "kind", "destination", "currency", "amount", "calls").with_row_index("at")
    for total in numbered.filter(is_one).iter_rows(named=True):
        currency = total["currency"] or (currencies[0] if len(currencies) == 1 else None)
        if currency is None:
            raise SchemaError(
                f"{where}: {total['place']} is a total of {money_text(total['amount'])} without a currency, and the "
                f"lines have {', '.join(currencies) or 'none'}. Give it its currency, or take the row out of the file."
            )
        own = numbered.filter(~is_one, pl.col("currency") == currency)
        half = Decimal(5).scaleb(-places.get(currency, 2) - 1)
        fit = min(
            (
                (abs(total["amount"] - _sum(some)), rank, name, some)
                for rank, (name, some) in enumerate(_sums(own, total["at"], since))
                if abs(total["amount"] - _sum(some)) <= half * max(some.height, 1)
                and _same_calls(total, some)
            ),
            key=lambda each: each[:2],
            default=None,
        )
        if fit is None:
            raise SchemaError(_wrong(where, total, own, currency))
        found.append(
            {
                "place": total["place"],
                "label": total["destination"] if is_total(total["destination"] or "") else "total",
                "currency": currency,
                "amount": total["amount"],
                "of": fit[2],
                "lines_amount": _sum(fit[3]),
            }
        )
        since = total["at"]
    return lines, pl.DataFrame(found, schema=TOTALS)


def _refuse_nameless(lines: pl.DataFrame, where: str) -> None:
    """Refuse a line that is the sum of all lines above it, and says neither a destination nor a call: a bare sum."""
    so_far = pl.col("amount").cum_sum().shift(1).over("currency")
    above = pl.int_range(pl.len()).over("currency")
    nameless = pl.col("destination").is_null() & pl.col("call_id").is_null() & (pl.col("kind") == "usage")
    bare = nameless & (above >= 2) & (pl.col("amount") != 0) & (pl.col("amount") == so_far)
    named = lines["destination"].is_not_null() | lines["call_id"].is_not_null()
    found = lines.filter(bare & named.any())
    if found.height:
        row = found.row(0, named=True)
        raise SchemaError(
            f"{where}: {row['place']} has no destination, and its {money_text(row['amount'])} {row['currency']} "
            f"are the sum of the lines above it. If it is a total, write Total into it or take the row out of the "
            f"file; if it is a line, give it a destination."
        )


def _sums(own: pl.DataFrame, at: int, since: int) -> Iterator[tuple[str, pl.DataFrame]]:
    """What a total in row `at` may be the sum of, the most likely first."""
    above = own.filter(pl.col("at") < at)
    for where, some in (
        ("all lines", own),
        ("the lines above", above),
        ("the lines since the total before", above.filter(pl.col("at") > since)),
    ):
        if where == "all lines" or some.height:
            yield where, some
        yield f"{where}, without tax", some.filter(pl.col("kind") != "tax")
        for kind in some["kind"].unique(maintain_order=True):
            yield f"{where}, {kind} only", some.filter(pl.col("kind") == kind)


def _sum(lines: pl.DataFrame) -> Decimal:
    return Decimal(lines["amount"].sum() or 0)


def _same_calls(total: Row, lines: pl.DataFrame) -> bool:
    return total["calls"] is None or total["calls"] == lines["calls"].sum()


def _wrong(where: str, total: Row, own: pl.DataFrame, currency: str) -> str:
    by_kind = own.group_by("kind", maintain_order=True).agg(pl.col("amount").sum())
    told = ", ".join(f"{kind} {money_text(amount)}" for kind, amount in by_kind.iter_rows())
    calls = "" if total["calls"] is None else f" for {total['calls']:,} calls"
    return (
        f"{where}: {total['place']} is a total of {money_text(total['amount'])} {currency}{calls}, but the lines add "
        f"up to {money_text(_sum(own))} for {own['calls'].sum():,} calls ({told or 'there is none'}). A line may be "
        f"missing or changed; correct the file, or take the row out of it."
    )
