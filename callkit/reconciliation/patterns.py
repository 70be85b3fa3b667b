"""Findings that tell one story, as one sentence: "412 calls to Kandahar since 14 Sep 2026, +61.20 EUR"."""

from __future__ import annotations

import polars as pl

from callkit.cdr import MONEY, schema_of
from callkit.reconciliation.wording import money

FEWEST_CALLS = 5
"""Fewer calls make no pattern."""

MOST_DAYS_BETWEEN = 7
"""More days than these between one finding and the next, and they are two stretches of dates."""

SCHEMA = schema_of(
    check=pl.String,
    source=pl.String,
    destination=pl.String,
    rate=MONEY,
    bill_period=pl.String,
    currency=pl.String,
    calls=pl.Int64,
    amount=MONEY,
    first_day=pl.Date,
    last_day=pl.Date,
    sentence=pl.String,
)

_SHARED = ("check", "source", "destination", "rate", "bill_period", "currency", "_side")
_CALL = ("source", "call_id")


def patterns(findings: pl.DataFrame, records: pl.LazyFrame, tz: str) -> pl.DataFrame:
    """Tell findings that share everything but the call as one.

    Parameters
    ----------
    findings
        All findings; those about a group tell their story themselves and are left out.
    records
        The records that they are about, or the ledger.
    tz
        The zone in which days begin and end.

    Returns
    -------
    pl.DataFrame
        check, source, destination, rate, bill_period, currency, calls, amount, first_day, last_day, sentence: findings
        of one check about calls that share all of the columns up to currency, and a stretch of dates in which no two
        findings lie more than `MOST_DAYS_BETWEEN` days apart. Only where they are `FEWEST_CALLS` or more. Overcharges,
        undercharges and findings without money are told apart. amount is the sum of the findings' amounts, all of one
        step of the bridge; null where they have none. A call's day is that of its submission (else answer); what
        has neither has no day. The sentence says "since" where the stretch is still going on at the end of the
        source's records. The largest amount comes first, whatever its sign or currency; what has none comes last.
    """
    single = findings.filter(pl.col("call_id").is_not_null())
    if single.height < FEWEST_CALLS:
        return SCHEMA.to_frame()
    told = single.join(_calls(single, records, tz), on=_CALL, how="left", nulls_equal=True).with_columns(
        _side=pl.col("amount").sign().cast(pl.Int8).fill_null(0)
    )
    gap = pl.col("_day").diff().over(_SHARED, order_by="_day").dt.total_days() > MOST_DAYS_BETWEEN
    grouped = (
        told.sort(*_SHARED, "_day", nulls_last=True)
        .with_columns(
            _stretch=gap.fill_null(value=False).cast(pl.Int64).cum_sum().over(_SHARED, order_by="_day")
        )
        .group_by(*_SHARED, "_stretch")
        .agg(
            pl.col("call_id").n_unique().cast(pl.Int64).alias("calls"),
            pl.when(pl.col("amount").is_not_null().any()).then(pl.col("amount").sum()).cast(MONEY),
            pl.col("_day").min().alias("first_day"),
            pl.col("_day").max().alias("last_day"),
        )
        .filter(pl.col("calls") >= FEWEST_CALLS)
    )
    ordered = grouped.sort(
        pl.col("amount").abs().neg(), pl.col("calls").neg(), *_SHARED, "first_day", nulls_last=True
    )
    ends = _last_days(records, tz)
    return (
        ordered.join(ends, on="source", how="left", nulls_equal=True, maintain_order="left")
        .with_columns(sentence=_sentence())
        .select(SCHEMA.names())
    )


def _calls(findings: pl.DataFrame, records: pl.LazyFrame, tz: str) -> pl.DataFrame:
    """Look up the calls of the findings: one row each, also where the vendor lists an id with different values."""
    wanted = findings.lazy().select(_CALL).unique()
    return (
        records.select(*_CALL, "destination", "rate", "bill_period", _day(tz).alias("_day"))
        .join(wanted, on=_CALL, how="semi", nulls_equal=True)
        .collect(engine="streaming")
        .sort(pl.all(), nulls_last=True)
        .unique(_CALL, keep="first", maintain_order=True)
    )


def _last_days(records: pl.LazyFrame, tz: str) -> pl.DataFrame:
    last = records.group_by("source").agg(pl.coalesce("submitted_at", "answered_at").max().alias("_last"))
    return last.collect(engine="streaming").select(
        "source", pl.col("_last").dt.convert_time_zone(tz).dt.date().alias("_last")
    )


def _day(tz: str) -> pl.Expr:
    return pl.coalesce("submitted_at", "answered_at").dt.convert_time_zone(tz).dt.date()


def _sentence() -> pl.Expr:
    """`412 calls to Kandahar since 14 Sep 2026, +61.20 EUR: charged_duration on 60+60 at 0.055`."""
    first, last = (pl.col(name).dt.to_string("%-d %b %Y") for name in ("first_day", "last_day"))
    going_on = (pl.col("_last") - pl.col("last_day")).dt.total_days() <= MOST_DAYS_BETWEEN
    when = (
        pl.when(pl.col("first_day") == pl.col("last_day"))
        .then(pl.format(" on {}", first))
        .when(going_on)
        .then(pl.format(" since {}", first))
        .otherwise(pl.format(" from {} to {}", first, last))
    )
    sign = pl.when(pl.col("amount") < 0).then(pl.lit("−")).otherwise(pl.lit("+"))
    worth = pl.format(
        ", {}{} {}", sign, money(pl.col("amount").abs()), pl.col("currency").fill_null("(currency unknown)")
    )
    told = pl.format(
        "{} calls{}{}{}: {}{}{}",
        "calls",
        pl.coalesce(pl.format(" to {}", "destination"), pl.format(" of {}", "source"), pl.lit("")),
        when.fill_null(""),
        pl.when(pl.col("amount") != 0).then(worth).fill_null(""),
        "check",
        pl.format(" on {}", pl.col("bill_period").str.strip_chars()).fill_null(""),
        pl.format(" at {}", money(pl.col("rate"))).fill_null(""),
    )
    # Sentences are printed: a vendor's text must not bring line breaks and escape sequences of its own.
    return told.str.replace_all(r"\p{C}", "\N{REPLACEMENT CHARACTER}")
