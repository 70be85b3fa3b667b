"""What charts take: frames with the columns they need, one currency at a time, a measure and a time zone."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import polars as pl

from callkit.cdr import as_lazy
from callkit.measures import MEASURES, Measure, instant, parts
from callkit.reconciliation.wording import money_text

WIDEST = 2_400


def calls_of(cdrs: object, chart: str, also: Sequence[str] = ()) -> pl.LazyFrame:
    """Take a CDR frame apart into the parts that are summed, one row per call that the vendor has.

    Returns
    -------
    pl.LazyFrame
        currency, the parts of `measures.parts`, `at` (the instant), and the columns of `also`.

    Raises
    ------
    ValueError
        Names the columns that are missing.
    """
    frame = as_lazy(cdrs)
    columns = frame.collect_schema().names()
    needed(columns, [*_NEEDED, *also], chart, "a CDR frame, or Reconciliation.cdrs")
    found = pl.col("found") if "found" in columns else pl.lit(value=True)
    return frame.filter(found.fill_null(value=True)).select(
        "currency", instant().alias("at"), *parts(columns), *also
    )


def needed(columns: Sequence[str], wanted: Sequence[str], chart: str, source: str) -> None:
    """Refuse a frame without the columns that a chart needs."""
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise ValueError(f"{chart} needs {source}; missing: {', '.join(missing)}")


def measured(name: str, columns: Sequence[str] | None = None) -> Measure:
    """Look a measure up by its name; with `columns`, refuse those of a reconciliation where there is none."""
    if name not in MEASURES:
        raise ValueError(f"measure must be one of {', '.join(MEASURES)}; got {name!r}")
    if columns is not None and name in ("overcharge", "undercharge") and "cost_difference" not in columns:
        raise ValueError(f"{name} needs Reconciliation.cdrs: a column cost_difference is missing")
    return MEASURES[name]


def sized(width: int) -> int:
    """Check a width in pixels."""
    if not 200 <= width <= WIDEST:
        raise ValueError(f"width must be from 200 to {WIDEST} pixels, got {width}")
    return width


def currencies(calls: pl.LazyFrame) -> list[str | None]:
    """Every currency of the calls, the one with the most money first; calls without one come last, as None."""
    totals = (
        calls.group_by("currency")
        .agg(pl.col("money").sum())
        .sort("money", "currency", descending=[True, False], nulls_last=True)
        .collect(engine="streaming")
    )
    known = [code for code in totals["currency"] if code is not None]
    return [*known, *([None] if totals["currency"].null_count() else [])]


def one_of(found: Sequence[str | None], currency: str | None, chart: str) -> tuple[str | None, str]:
    """Choose a currency, and say which others there are: amounts of several are never added up.

    Raises
    ------
    ValueError
        If the one asked for does not occur.
    """
    known = [code for code in found if code is not None]
    if currency is not None and currency not in known:
        raise ValueError(
            f"{chart}: there is nothing in {currency!r}; the currencies are {', '.join(known) or '(none)'}"
        )
    chosen = currency or (known[0] if known else None)
    others = [code for code in known if code != chosen]
    return chosen, f"{', '.join(others)} apart" if others else ""


def written(measure: Measure, value: Decimal | float | None, currency: str | None) -> str:
    """Write a value with its unit, money with all its digits: `1,234`, `12.5 %`, `0.0799 EUR/min`."""
    if value is None:
        return "–"
    unit = measure.unit_in(currency)
    if measure.of_money:
        amount = Decimal(value)
        return f"{money_words(amount.quantize(_SIX) if measure.kind == 'rate' else amount)} {unit}"
    if measure.kind == "count":
        return f"{value:,}"
    return f"{value:,.1f} {unit}"


def money_words(amount: Decimal, decimals: int = 2) -> str:
    """Write an amount with all its digits, at least so many decimals, and thousands apart: `−1,234.50`."""
    whole, _, fraction = money_text(amount.copy_abs()).partition(".")
    return f"{'−' if amount < 0 else ''}{int(whole):,}.{fraction.ljust(decimals, '0')}"


def none_drawn(calls: pl.LazyFrame) -> str:
    """Say why there is no day and no hour to draw."""
    count: int = calls.select(pl.len()).collect(engine="streaming").item()
    return f"None of the {count:,} calls has an instant." if count else "There are no calls."


def joined(*told: str) -> str:
    """Join what there is to say of a chart."""
    return " · ".join(text for text in told if text)


_SIX = Decimal("0.000001")
_NEEDED = (
    "currency", "submitted_at", "called_at", "ringing_at", "answered_at", "ended_at", "call_duration",
    "charged_duration", "cost",
)  # fmt: skip
