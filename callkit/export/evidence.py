"""One row of evidence per claim, and what else the records show: undercharges, questions, further findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from callkit.billing import money_of, units_of
from callkit.cdr import INSTANT, MONEY, schema_of
from callkit.numbers import country, country_name
from callkit.reconciliation.settlement import quoted_in_settlement

if TYPE_CHECKING:
    from callkit.reconciliation import Reconciliation

_CALL = schema_of(
    source=pl.String,
    call_id=pl.String,
    direction=pl.String,
    caller=pl.String,
    callee=pl.String,
    destination=pl.String,
    submitted_at=INSTANT,
    answered_at=INSTANT,
    ended_at=INSTANT,
    call_duration=pl.Int64,
    charged_duration=pl.Int64,
    expected_charged_duration=pl.Int64,
    bill_period=pl.String,
    rate=MONEY,
    expected_rate=MONEY,
    exchange_rate=MONEY,
    deck_row=pl.String,
    currency=pl.String,
    billed=MONEY,
    expected=MONEY,
    fetched_at=INSTANT,
)

EVIDENCE = schema_of(
    **_CALL, claim=MONEY, settled_claim=MONEY, grade=pl.String, cause=pl.String, explanation=pl.String
)
"""One row per claim. settled_claim is claim / exchange_rate in US dollars where the call is settled so, else null."""

UNDERCHARGES = schema_of(**_CALL, undercharge=MONEY, explanation=pl.String)
"""One row per call that is net undercharged; undercharge = expected − billed."""

QUESTIONS = schema_of(
    grade=pl.String,
    check=pl.String,
    severity=pl.String,
    source=pl.String,
    call_id=pl.String,
    reported=pl.String,
    expected=pl.String,
    amount=MONEY,
    currency=pl.String,
    explanation=pl.String,
)
"""Findings that are no claim."""

_ID = ("source", "call_id")
_SAME = (*_ID, "currency", "billed", "expected")


def evidence(result: Reconciliation) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Look the records of all claims and undercharges up, in one pass.

    Returns
    -------
    tuple of pl.DataFrame
        `EVIDENCE`, in the order of the claims, and `UNDERCHARGES`, by currency, the most money first.
    """
    calls = _calls(result)
    # Records of one id with equal amounts cannot be told from each other here: each tells what is wrong with them all.
    claimed = result.claims.group_by(_SAME, maintain_order=True).agg(
        pl.col("grade").max(),
        pl.col("cause").first(),
        pl.col("explanation").unique(maintain_order=True).str.join(" "),
    )
    claims = (
        calls.filter(verdict="overcharged")
        .join(claimed, on=_SAME, how="inner", nulls_equal=True)
        .select(EVIDENCE.names())
        .sort(
            "currency",
            pl.col("claim").neg(),
            *_ID,
            pl.all().exclude("currency", "claim", *_ID),
            nulls_last=True,
        )
    )
    said = (
        result.findings.filter(pl.col("amount") < 0, pl.col("grade") != "D")
        .group_by(_ID, maintain_order=True)
        .agg(pl.col("explanation").str.join(" "))
    )
    under = (
        calls.filter(verdict="undercharged")
        .with_columns(undercharge=pl.col("claim").neg())
        .join(said, on=_ID, how="left", nulls_equal=True)
        .select(UNDERCHARGES.names())
        .sort(
            "currency",
            pl.col("undercharge").neg(),
            *_ID,
            pl.all().exclude("currency", "undercharge", *_ID),
            nulls_last=True,
        )
    )
    return claims, under


def questions(result: Reconciliation) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Divide the findings that no claim and no undercharge rests on.

    Returns
    -------
    tuple of pl.DataFrame
        `QUESTIONS` of grade D, which only the vendor can answer, and those of the other grades: what contradicts the
        records or the contract and has no money in the quoted currency, such as a settlement. In the findings' order.
    """
    about = pl.concat([result.claims.select(_ID), _undercharged(result)]).unique()
    asked = result.findings.filter(pl.col("grade") == "D").select(QUESTIONS.names())
    contradictions = result.findings.filter(pl.col("grade") != "D")
    told = contradictions.join(about, on=_ID, how="semi", nulls_equal=True).filter(
        pl.col("amount").is_not_null(), pl.col("step") != "settlement"
    )
    others = contradictions.join(told, on="finding_id", how="anti", maintain_order="left")
    return asked, others.select(QUESTIONS.names())


def with_routes(claims: pl.DataFrame) -> pl.DataFrame:
    """Add `route`, where each call went or came from: the vendor's destination, else the other number's country."""
    inbound = pl.col("direction") == "in"
    other = pl.when(inbound).then("caller").otherwise("callee")
    named = claims.select(country(other).alias("code")).with_columns(
        pl.col("code").map_elements(country_name, return_dtype=pl.String, skip_nulls=True)
    )
    by_number = pl.concat_str(pl.when(inbound).then(pl.lit("from ")).otherwise(pl.lit("")), named["code"])
    return claims.with_columns(route=pl.coalesce("destination", by_number, "source"))


def _undercharged(result: Reconciliation) -> pl.DataFrame:
    return result.lazy.filter(verdict="undercharged").select(_ID).collect(engine="streaming")


def _calls(result: Reconciliation) -> pl.DataFrame:
    """All calls that are not billed right; of the overcharged ones those that are claimed."""
    claimed = result.claims.lazy().select(_ID).unique().with_columns(verdict=pl.lit("overcharged"))
    wanted = pl.concat(
        [claimed, _undercharged(result).lazy().unique().with_columns(verdict=pl.lit("undercharged"))]
    )
    ledger = result.ledger
    known = ledger.collect_schema()
    fetched = pl.col("fetched_at") if known.get("fetched_at") == INSTANT else pl.lit(None, INSTANT)
    deck_row = pl.col("_deck_row") if "_deck_row" in known else pl.lit(None, pl.Int64)
    settled = pl.when(pl.col("settle_cost").is_not_null()).then(
        money_of(quoted_in_settlement(units_of(pl.col("cost_difference"))))
    )
    usual = [name for name in _CALL if name in known and name != "fetched_at"]
    found = (
        ledger.join(wanted, on=[*_ID, "verdict"], how="semi", nulls_equal=True)
        .select(
            *usual,
            "verdict",
            pl.col("cost").alias("billed"),
            pl.col("expected_cost").alias("expected"),
            pl.col("cost_difference").alias("claim"),
            settled.cast(MONEY).alias("settled_claim"),
            fetched.alias("fetched_at"),
            deck_row.cast(pl.Int64).alias("_deck_row"),
        )
        .collect(engine="streaming")
    )
    return found.join(_places(result), on="_deck_row", how="left")


def _places(result: Reconciliation) -> pl.DataFrame:
    """Where each row of the rate deck stands in its file."""
    deck = getattr(result.facts.asked, "rate_deck", None)
    if deck is None:
        return pl.DataFrame(schema={"_deck_row": pl.Int64, "deck_row": pl.String})
    rows: pl.DataFrame = deck.rows
    return rows.select(
        pl.col("row").cast(pl.Int64).alias("_deck_row"),
        pl.format("{}: {}", "place", pl.coalesce("destination", "prefix")).alias("deck_row"),
    )
