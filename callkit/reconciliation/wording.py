"""Numbers in sentences: as few digits as say everything."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from callkit.billing import Rating


def money(amount: pl.Expr) -> pl.Expr:
    """`0.0800000000` → `0.08`, `2.0000000000` → `2.00`, `0.0133330000` → `0.013333`."""
    return amount.cast(pl.String).str.replace(r"(\.\d{2}\d*?)0+$", "${1}")


def money_text(amount: Decimal) -> str:
    """The same for one number."""
    digits = f"{amount:f}"
    whole, _, fraction = digits.partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


def printable(text: str) -> str:
    """A vendor's text on a terminal, without line breaks and escape sequences of its own."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def too_much(difference: pl.Expr, unit: pl.Expr | str, show: pl.Expr) -> pl.Expr:
    """`0.02 EUR too much` or `0.02 EUR too little`; `show` is the difference's size as text."""
    unit_text = pl.lit(unit) if isinstance(unit, str) else unit
    side = pl.when(difference > 0).then(pl.lit("too much")).otherwise(pl.lit("too little"))
    return pl.format("{} {} {}", show, unit_text.fill_null("(currency unknown)"), side)


def instant(when: pl.Expr, tz: str) -> pl.Expr:
    """An instant in a zone, to the second, with its offset."""
    return when.dt.convert_time_zone(tz).dt.to_string("%Y-%m-%d %H:%M:%S%:z").fill_null("unknown")


def connect_fee(rating: Rating) -> pl.Expr:
    """What goes before rate times seconds: `0.01 + `, or nothing where there is no fee."""
    return pl.lit(f"{Decimal(rating.connect_fee):f} + " if rating.connect_fee else "")


def rate_unit(rating: Rating, step: pl.Expr | None = None) -> pl.Expr:
    """What the rate is the price of: `min`, `s`, `h`, `90 s` or `20-s block`; `step` is by default the record's."""
    if rating.per_seconds == "block":
        return pl.format("{}-s block", pl.col("_step") if step is None else step)
    usual = {1: "s", 60: "min", 3600: "h"}
    return pl.lit(usual.get(rating.per_seconds, f"{rating.per_seconds} s"))


def rating_in_words(rating: Rating) -> str:
    """`a rate per minute, 6 decimals, rounded half up`, and whatever else is not the convention."""
    usual = {1: "second", 60: "minute", 3600: "hour", "block": "step of the bill period"}
    told = [
        f"a rate per {usual.get(rating.per_seconds, f'{rating.per_seconds} s')}",
        f"{rating.decimals} decimals",
        f"rounded {rating.rounding.replace('_', ' ')}",
    ]
    if rating.connect_fee:
        told.append(f"connect fee {rating.connect_fee}")
    if rating.attempt_fee:
        told.append(f"attempt fee {rating.attempt_fee}")
    if rating.increments == "total":
        told.append("a+b: the whole call in steps of b, at least a")
    return ", ".join(told)
