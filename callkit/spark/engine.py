"""`ck.spark.reconcile()` and what belongs to it: records in a Spark frame in, judgement out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import polars as pl
from pyspark.sql import DataFrame

from callkit.billing import Rating
from callkit.rates import RateDeck
from callkit.reconciliation import RatingFit
from callkit.reconciliation import bridge as bridges
from callkit.reconciliation.asked import read
from callkit.reconciliation.inference import infer
from callkit.reconciliation.inference.evidence import READ
from callkit.reconciliation.ledger import COMPUTED, judged_charges
from callkit.spark.arrow import collected
from callkit.spark.frames import distinct, take
from callkit.spark.gathering import counted, gathered
from callkit.spark.judging import judged

_OF_FINDINGS = ("archive", "match", "period", "tz", "severity")


def reconcile(
    cdrs: object,
    *,
    rating: Rating | None = None,
    rate_deck: RateDeck | None = None,
    tolerance: Decimal | int | str | None = None,
    **of_findings: object,
) -> DataFrame:
    """Recompute every charge, as `callkit.reconcile` does, on Spark.

    What must see many calls at once (exact copies, double billing, inference, decimals, attempt fees) is counted by
    Spark when this is called, in three or four jobs. The answer is lazy, like any Spark frame.

    Parameters
    ----------
    cdrs : pyspark.sql.DataFrame
        A CDR frame (`callkit.cdr.SCHEMA`): instants as timestamp, money as decimal with at most 28 digits before and 10
        behind the point, seconds as whole numbers. It is read several times: see `callkit.spark` on caching.
    rating, rate_deck, tolerance
        As in `callkit.reconcile`.
    **of_findings
        What else `callkit.reconcile` takes (archive, match, period, tz, severity) concerns findings, of which there are
        none here: TypeError.

    Returns
    -------
    pyspark.sql.DataFrame
        The columns and rows of `Reconciliation.cdrs`: the CDR frame's, then your own, then
        expected_charged_duration [s], expected_rate, expected_cost, cost_difference [currency] and verdict. In no
        order; by `orderBy(coalesce("submitted_at", "answered_at"), "source", "call_id")` it comes in the stated one.

    Raises
    ------
    SchemaError
        If the frame is not a CDR frame.
    ValueError, TypeError
        For an argument that is not as above.
    """
    _refuse(of_findings, "reconcile")
    asked = read(rating=rating, rate_deck=rate_deck, tolerance=tolerance)
    calls = distinct(take(cdrs))
    return judged(calls, gathered(calls, asked))


def bridge(
    cdrs: object,
    *,
    by: str | Sequence[str] = (),
    rating: Rating | None = None,
    rate_deck: RateDeck | None = None,
    tolerance: Decimal | int | str | None = None,
    **of_findings: object,
) -> pl.DataFrame:
    """Make the bridge from billed to expected: what `Reconciliation.bridge` and `.bridge_by` are.

    Spark counts the calls that are charged alike, and each of these charges is judged once for all of its calls.

    Parameters
    ----------
    cdrs, rating, rate_deck, tolerance
        As in `reconcile`.
    by
        Columns of the result to make a bridge for every value of, such as "destination".

    Returns
    -------
    pl.DataFrame
        On the driver: the columns of `by`, then basis, currency, step, calls and amount. For every group and basis,
        the amounts add up to what was billed, exactly.
    """
    _refuse(of_findings, "bridge")
    asked = read(rating=rating, rate_deck=rate_deck, tolerance=tolerance)
    records = take(cdrs)
    names = [by] if isinstance(by, str) else list(by)
    grouped = bridges.groups(names, [*records.columns, *COMPUTED]) if names else []
    told_apart = [name for name in grouped if name not in COMPUTED]
    facts = gathered(distinct(records), asked, told_apart)
    return bridges.bridge(judged_charges(facts).lazy(), grouped)


def infer_rating(cdrs: object) -> RatingFit:
    """Find out how the vendor rates calls, as `callkit.infer_rating` does; the distinct charges are counted by Spark.

    Parameters
    ----------
    cdrs : pyspark.sql.DataFrame
        A CDR frame; read are source, currency, bill_period, direction, rate, cost, call_duration and charged_duration.
    """
    return infer(collected(counted(take(cdrs, READ), READ.names())))


def _refuse(others: Mapping[str, object], name: str) -> None:
    for other in others:
        if other in _OF_FINDINGS:
            raise TypeError(
                f"{other} decides what becomes a finding, and ck.spark.{name} makes none: leave it out. For findings, "
                f"give ck.reconcile a part that fits one machine, such as a month of one source."
            )
        raise TypeError(f"ck.spark.{name}() got an unexpected keyword argument {other!r}")
