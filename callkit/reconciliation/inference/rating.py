"""`infer_rating()`: how the vendor makes a cost out of a rate, from the records alone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import polars as pl

from callkit.billing import DIGITS, Rating
from callkit.cdr import validate
from callkit.reconciliation.charges import condense
from callkit.reconciliation.inference import telling
from callkit.reconciliation.inference.candidates import candidates, plain
from callkit.reconciliation.inference.deciding import Decision, decide
from callkit.reconciliation.inference.evidence import FEWEST_ROWS, READ, Evidence, gather
from callkit.reconciliation.inference.fit import RatingFit
from callkit.reconciliation.inference.settling import Pool, settle
from callkit.reconciliation.inference.weighing import Weighed, weigh


def infer_rating(cdrs: object) -> RatingFit:
    """Find out how the vendor rates calls: unit of the rate, decimals, rounding, fees, meaning of `a+b`.

    Neither vendor documents any of it (vendor contract, section 3), but the records show it: of all ratings that could
    be, only one explains nearly every cost at the seconds that were charged. A tenth of the records may be wrong.
    The rating is fitted for every source, currency, bill period and direction. Between two candidates only the
    calls count on which they disagree: at least 20, of which at least 95 % must side with the same one. Costs of
    fewer than ten units of their last digit do not count, and a rate that is shown with fewer digits than used refutes
    no rounding. What is not decided is rated by what the source's other calls show, else by the convention.

    Parameters
    ----------
    cdrs
        A CDR frame, eager or lazy, or anything with the Arrow C stream interface. Read are source, currency,
        bill_period, direction, rate, cost [currency], call_duration and charged_duration [s].

    Returns
    -------
    RatingFit
        The rating, how much it explains, and what speaks against the others; independent of the order of the rows.

    Raises
    ------
    SchemaError
        If one of those columns is missing or cannot be exact.

    Examples
    --------
    >>> import polars as pl
    >>> import callkit as ck
    >>> from callkit.reconciliation.inference import infer_rating
    >>> cdrs = pl.DataFrame({"call_duration": range(1, 200)}).with_columns(
    ...     source=pl.lit("itnio-voice"), currency=pl.lit("USD"), direction=pl.lit("out"),
    ...     bill_period=pl.lit("6+6"), rate=pl.lit("0.013457").cast(ck.MONEY))
    >>> cdrs = cdrs.with_columns(ck.charged_duration())
    >>> fit = infer_rating(cdrs.with_columns(ck.call_cost(rating=ck.Rating(1, 5, "up"))))
    >>> fit.rating, fit.explained, fit.decided
    (Rating(per_seconds=1, decimals=5, rounding='up'), 1.0, True)
    """
    return infer(condense(validate(cdrs, READ).select(READ.names()), READ.names()))


def infer(charges: pl.DataFrame) -> RatingFit:
    """Do the same for charges that are counted already: the columns read, and `_rows`."""
    evidence = gather(charges)
    pools = _pools(evidence)
    return telling.tell(evidence, pools, settle(evidence, pools))


def _pools(evidence: Evidence) -> list[Pool]:
    """Weigh the pools, the largest first: what it finds for a fee is tried on the others of its source."""
    sizes = evidence.groups.group_by("_pool").agg(pl.col("_rows").sum())
    largest_first = evidence.pools.join(sizes, on="_pool").sort("_rows", "_pool", descending=[True, False])
    pools: list[Pool] = []
    for row in largest_first.iter_rows(named=True):
        known = (pool.fee for pool in pools if pool.source == row["source"])
        pools.append(_pool(evidence, row, frozenset({Decimal(0), *known})))
    return sorted(pools, key=lambda pool: pool.number)


def _pool(evidence: Evidence, row: dict[str, Any], fees: frozenset[Decimal]) -> Pool:
    """Weigh what a source charges in one currency."""
    number, decimals, usual = row["_pool"], row["_decimals"], row["_usual"]
    fee = plain(Decimal(row["_attempt_fee"]).scaleb(-DIGITS))
    convention = Rating(decimals=decimals, attempt_fee=fee)
    charges = evidence.sample(number)
    if charges.is_empty():
        return Pool(number, row["source"], convention, None, None)
    weighed, decision = _weighed(charges, decimals, row["_rate_decimals"], fees)
    if usual < decimals and decision.explained[decision.leader] * 10 < decision.rows * 9:
        # Wrong costs may have more digits than the vendor uses.
        fewer, by_fewer = _weighed(charges, usual, row["_rate_decimals"], fees)
        gained = by_fewer.explained[by_fewer.leader] - decision.explained[decision.leader]
        if gained >= FEWEST_ROWS:
            weighed, decision = fewer, by_fewer
            convention = replace(convention, decimals=usual)
    return Pool(number, row["source"], convention, weighed, decision)


def _weighed(
    charges: pl.DataFrame, decimals: int, rate_decimals: int, fees: frozenset[Decimal]
) -> tuple[Weighed, Decision]:
    possible = frozenset(fee for fee in fees if fee == round(fee, decimals))
    weighed = weigh(charges, candidates(charges, decimals, possible), rate_decimals)
    return weighed, decide(weighed.charges, weighed.candidates)
