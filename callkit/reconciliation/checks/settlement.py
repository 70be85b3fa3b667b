"""The settled amount does not follow from the quoted one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from callkit.billing import money_of, units_of
from callkit.reconciliation.directions import INVERSE
from callkit.reconciliation.findings import CallCheck
from callkit.reconciliation.settlement import (
    SETTLEMENT_CURRENCY,
    cost_fits,
    quoted_in_settlement,
    rate_fits,
    settlement_step,
)
from callkit.reconciliation.wording import money, rate_unit, too_much

if TYPE_CHECKING:
    from callkit.reconciliation.facts import Facts


def _by_exchange(name: str) -> pl.Expr:
    return money_of(quoted_in_settlement(units_of(pl.col(name))))


def _sign() -> pl.Expr:
    return pl.when(pl.col(INVERSE).fill_null(value=False)).then(pl.lit("·")).otherwise(pl.lit("/"))


def _what_is_off(cost: pl.Expr, rate: pl.Expr) -> pl.Expr:
    """Of the costs and the rates the ones that differ: the costs, unless they agree or are not known."""
    agree = (pl.col("settle_cost") == _by_exchange("cost").round(6)).fill_null(value=False)
    unknown = pl.col("settle_cost").is_null() | _by_exchange("cost").is_null()
    only_rate = agree | (unknown & (~rate_fits()).fill_null(value=False))
    return pl.when(only_rate).then(money(rate)).otherwise(cost)


def _by_settled_rate(unit: pl.Expr | None = None) -> pl.Expr:
    """What the settled cost should follow from where the quoted one, or its exchange rate, is not known."""
    rate = money(pl.col("settle_rate"))
    return pl.format(
        "{} s × {}", "charged_duration", rate if unit is None else pl.format("{}/{}", rate, unit)
    )


def _explanation(facts: Facts) -> pl.Expr:
    wrong_cost = pl.format(
        "{} {} {} {} = {} {}. Settled {}: {}.",
        money(pl.col("cost")),
        pl.col("currency").fill_null(""),
        _sign(),
        money(pl.col("exchange_rate")),
        money(_by_exchange("cost").round(6)),
        pl.lit(SETTLEMENT_CURRENCY),
        money(pl.col("settle_cost")),
        too_much(settlement_step(), SETTLEMENT_CURRENCY, money(money_of(settlement_step().abs()).round(6))),
    )
    fee = facts.rated(lambda rating: pl.lit(" and the connect fee" if rating.connect_fee else ""))
    not_by_rate = pl.format(
        "{}{} is not {} {}.",
        _by_settled_rate(facts.rated(rate_unit)),
        fee,
        money(pl.col("settle_cost")),
        pl.lit(SETTLEMENT_CURRENCY),
    )
    wrong_rate = pl.format(
        "The rate {} {} {} is {} {}, not {}.",
        money(pl.col("rate")),
        _sign(),
        money(pl.col("exchange_rate")),
        money(_by_exchange("rate").round(6)),
        pl.lit(SETTLEMENT_CURRENCY),
        money(pl.col("settle_rate")),
    )
    return pl.concat_str(
        pl.when(~cost_fits(facts)).then(pl.coalesce(wrong_cost, not_by_rate)),
        pl.when(~rate_fits()).then(wrong_rate),
        separator=" ",
        ignore_nulls=True,
    )


CHECKS = (
    CallCheck(
        "settlement",
        "error",
        "A",
        "settlement",
        asks="charge",
        fires=lambda facts: (
            (~rate_fits()).fill_null(value=False) | (~cost_fits(facts)).fill_null(value=False)
        ),
        reported=_what_is_off(money(pl.col("settle_cost")), pl.col("settle_rate")),
        expected=_what_is_off(
            pl.coalesce(money(_by_exchange("cost").round(6)), _by_settled_rate()),
            _by_exchange("rate").round(6),
        ),
        amount=money_of(settlement_step()),
        currency=pl.lit(SETTLEMENT_CURRENCY),
        explanation=_explanation,
    ),
)
