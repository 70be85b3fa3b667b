"""Nobody answered, yet there is a charge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from callkit.billing import money_of
from callkit.cdr import MONEY
from callkit.reconciliation.findings import CallCheck, GroupCheck
from callkit.reconciliation.ledger import answered, step_amount
from callkit.reconciliation.wording import money

if TYPE_CHECKING:
    from callkit.reconciliation.facts import Facts


def _alike(facts: Facts) -> pl.DataFrame:
    """(source, currency) whose failed calls all cost the same, unless the user stated that very fee."""
    fees = facts.terms.filter(pl.col("_attempt_fee").is_not_null()).with_columns(
        fee=money_of(pl.col("_attempt_fee"))
    )
    if facts.basis == "given":
        fees = fees.filter(pl.col("fee") != pl.lit(facts.rating.attempt_fee, MONEY))
    return fees


def _charged(facts: Facts) -> pl.Expr:
    """A charge on a failed call that is not the one charge which all failed calls bear."""
    charged = ~answered() & (pl.col("_unanswered") != 0)
    return charged if facts.basis != "given" else charged & pl.col("_attempt_fee").is_null()


def _attempt_fees(ledger: pl.LazyFrame, facts: Facts) -> pl.DataFrame:
    del ledger  # the facts hold all that there is to tell
    fees, worth = _alike(facts), pl.col("fee") * pl.col("_failed")
    step = (pl.col("fee") - pl.lit(facts.rating.attempt_fee, MONEY)) * pl.col("_failed")
    return fees.select(
        pl.lit(None, pl.String).alias("call_id"),
        "source",
        money(pl.col("fee")).alias("reported"),
        pl.lit(f"{facts.rating.attempt_fee:f}" if facts.basis == "given" else "0").alias("expected"),
        # A stated rating puts the money into the bridge; an assumed one takes the fee for the custom it seems to be.
        (step if facts.basis == "given" else pl.lit(None, MONEY)).cast(MONEY).alias("amount"),
        "currency",
        pl.format(
            "Each of the {} calls that nobody answered costs {} {}, {} together. Is an attempt fee agreed? "
            "State it with Rating(attempt_fee=…), or dispute it.",
            "_failed",
            money(pl.col("fee")),
            pl.col("currency").fill_null(""),
            money(worth.cast(MONEY)),
        ).alias("explanation"),
    )


CHECKS = (
    CallCheck(
        "unanswered_charged",
        "error",
        "A",
        "unanswered",
        asks="charge",
        fires=_charged,
        reported=money(pl.col("cost")),
        expected=money(money_of(pl.col("_fee"))),
        amount=step_amount("unanswered"),
        explanation=lambda _: pl.format(
            "Nobody answered ({}): {} s of talk, yet {} {} is billed for {} s. {} is due.",
            pl.coalesce("status_reason", "status_code", pl.lit("no reason given")).str.slice(0, 60),
            "call_duration",
            money(pl.col("cost")),
            pl.col("currency").fill_null(""),
            pl.col("charged_duration").cast(pl.String).fill_null("an unknown number of"),
            pl.when(pl.col("_fee") == 0).then(pl.lit("Nothing")).otherwise(money(money_of(pl.col("_fee")))),
        ),
    ),
    GroupCheck("attempt_fee", "warning", "D", "unanswered", find=_attempt_fees),
)
