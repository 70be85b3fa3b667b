"""`reconcile()`: records in, judgement out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from hashlib import sha256

import polars as pl

from callkit.arguments import time_zone
from callkit.billing import DIGITS, Rating
from callkit.rates import RateDeck
from callkit.reconciliation import findings as told
from callkit.reconciliation.bridge import bridge
from callkit.reconciliation.charges import COLUMNS, calls_of, condense
from callkit.reconciliation.checks import CHECKS
from callkit.reconciliation.claims import claims
from callkit.reconciliation.contract import priced
from callkit.reconciliation.facts import Asked, Facts, gather
from callkit.reconciliation.findings import (
    SEVERITIES,
    CallCheck,
    Check,
    GroupCheck,
    Severities,
    Severity,
    finished,
)
from callkit.reconciliation.held import held
from callkit.reconciliation.ledger import COMPUTED, judged_charges, ledger, with_shortened
from callkit.reconciliation.records import take
from callkit.reconciliation.result import Reconciliation


def reconcile(
    cdrs: object,
    *,
    rating: Rating | None = None,
    rate_deck: RateDeck | None = None,
    archive: object = None,
    match: object = None,
    tolerance: Decimal | int | str | None = None,
    period: tuple[datetime | str, datetime | str] | None = None,
    tz: str = "UTC",
    severity: Mapping[str, Severity] | None = None,
) -> Reconciliation:
    """Recompute every charge, and explain every difference from what was billed.

    Parameters
    ----------
    cdrs : frame
        A CDR frame (`callkit.cdr.SCHEMA`), eager or lazy, or anything with the Arrow C stream interface. Exact copies
        of a row are taken once. A LazyFrame stays lazy and is collected on the streaming engine.
    rating : Rating, optional
        How the vendor makes a charge out of a talk time, where the contract says so. Without it, it is inferred from
        the records, group by group (`infer_rating`); where they do not show it, the convention is assumed (`Rating()`:
        a rate per minute, six decimals, half up). The result says which.
    rate_deck : RateDeck, optional
        The contract's prices. Its rate and bill period are what a call should have been charged by; a call that it
        does not price is charged by its own, and told.
    archive : Archive, optional
        Tells of records that were changed (`restated`), and of calls that were on an earlier invoice (`rebilled`): one
        whose period ended by the start of `period`, or any where no period is given.
    match : Match, optional
        Our own records of the same calls (`not_ours`, `longer_than_ours`, `unanswered_by_ours`).
    tolerance : Decimal, int or str, optional
        How far a cost may lie from rate times charged duration, in the currency, and still count as rounding. By
        default half a unit of the last decimal that the vendor uses; 0 means exact.
    period : (start, end), optional
        Records outside of [start, end) become findings. Aware datetimes or ISO 8601 text with an offset.
    tz : str
        The zone in which explanations tell instants, such as "Asia/Shanghai".
    severity : mapping, optional
        Another severity for some checks: "error", "warning", "info" or "off".

    Returns
    -------
    Reconciliation
        See there for its frames.

    Raises
    ------
    SchemaError
        If the frame is not a CDR frame.
    ValueError, TypeError
        For an argument that is not as above.

    Examples
    --------
    >>> import callkit as ck
    >>> with ck.Sandbox(calls=200, seed=7, billing_faults=0) as sandbox:
    ...     cdrs = sandbox.itnio_voice().fetch(*sandbox.period)
    >>> result = ck.reconcile(cdrs)
    >>> quoted = result.bridge.filter(basis="quoted")
    >>> quoted["amount"].sum() == cdrs["cost"].sum()
    True
    """
    if rating is not None and not isinstance(rating, Rating):
        raise TypeError(f"rating must be a callkit.Rating or None, got {type(rating).__name__}")
    if rate_deck is not None and not isinstance(rate_deck, RateDeck):
        raise TypeError(f"rate_deck must be a callkit.RateDeck or None, got {type(rate_deck).__name__}")
    asked = Asked(
        rating, _tolerance(tolerance), time_zone(tz), _period(period), rate_deck, held(archive, match)
    )
    severities = _severities(severity or {})
    records = take(cdrs)
    calls = priced(records.distinct, rate_deck)
    charges = condense(calls, COLUMNS if rate_deck is None else (*COLUMNS, "_deck_row"))
    facts = with_shortened(gather(calls, charges, records.repeated, asked))
    judged = judged_charges(facts)
    every = ledger(calls, facts)
    suspects = _suspects(calls, every, judged, facts)
    active = [check for check in CHECKS if severities[check.name, check.grade] != "off"]
    parts = [
        *((check, check.told(suspects.filter(_fires(check, facts)), facts)) for check in _single(active)),
        *_of_groups(active, every, calls, facts),
    ]
    found = _findings([finished(check, severities[check.name, check.grade], part) for check, part in parts])
    return Reconciliation(
        ledger=every,
        charges=judged,
        columns=(*records.distinct.collect_schema(), *COMPUTED),
        findings=found,
        claims=claims(suspects.filter(pl.col("verdict") == "overcharged"), found),
        bridge=bridge(judged.lazy()),
        facts=facts,
        records=records,
        severities=severities,
    )


def _suspects(
    records: pl.LazyFrame, ledger: pl.LazyFrame, charges: pl.DataFrame, facts: Facts
) -> pl.DataFrame:
    """Collect the calls at which any check fires, and few others; all the rest is left behind.

    First only their ids, which takes few columns of many rows; then all columns of few rows.
    """
    single = _single(CHECKS)
    of_charge = [_fires(check, facts) for check in single if check.asks == "charge"]
    of_record = [_fires(check, facts) for check in single if check.asks == "record" and check.among is None]
    wrong = charges.filter(pl.any_horizontal(of_charge))
    passes = [records.filter(pl.any_horizontal(*of_record, calls_of(wrong)))]
    passes += [
        records.filter(check.among(facts)).filter(_fires(check, facts))
        for check in single
        if check.among is not None
    ]
    ids = [some.select("call_id").collect(engine="streaming") for some in passes]
    wanted = pl.concat([*ids, facts.doubles.select("call_id")]).to_series().unique()
    return ledger.filter(pl.col("call_id").is_in(wanted.implode(), nulls_equal=True)).collect(
        engine="streaming"
    )


def _of_groups(
    checks: Sequence[Check], calls: pl.LazyFrame, records: pl.LazyFrame, facts: Facts
) -> Iterator[tuple[Check, pl.DataFrame]]:
    """Ask the checks that must see many calls at once."""
    for check in checks:
        if isinstance(check, GroupCheck):
            asked = records if check.of_records else calls
            yield check, check.find(asked, facts).lazy().collect(engine="streaming")


def _findings(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return _identified(_ordered(pl.concat([told.SCHEMA.to_frame(), *parts])))


def _single(checks: Sequence[Check]) -> list[CallCheck]:
    return [check for check in checks if isinstance(check, CallCheck)]


def _fires(check: CallCheck, facts: Facts) -> pl.Expr:
    return check.fires(facts).fill_null(value=False)


def _ordered(findings: pl.DataFrame) -> pl.DataFrame:
    """Errors first, then in the order of the checks, then the most money, then source and call."""
    names = list(dict.fromkeys(check.name for check in CHECKS))
    return findings.sort(
        pl.col("severity").replace_strict(SEVERITIES, range(len(SEVERITIES)), return_dtype=pl.Int64),
        pl.col("check").replace_strict(names, range(len(names)), return_dtype=pl.Int64),
        pl.col("amount").abs().fill_null(0).neg(),
        "source",
        "call_id",
        "reported",
        "explanation",
        "expected",
        "amount",
        "currency",
        nulls_last=True,
    )


def _identified(findings: pl.DataFrame) -> pl.DataFrame:
    """Number nothing: a finding's id follows from what it says, so that it stays the same when others come or go."""
    seen: dict[str, int] = {}
    ids = []
    for row in findings.select("check", "source", "call_id", "reported", "expected").iter_rows():
        said = "\x1f".join("" if value is None else value for value in row)
        seen[said] = seen.get(said, 0) + 1
        ids.append(sha256(f"{said}\x1f{seen[said]}".encode()).hexdigest()[:16])
    return findings.with_columns(pl.Series("finding_id", ids, dtype=pl.String))


def _severities(changed: Mapping[str, Severity]) -> Severities:
    if not isinstance(changed, Mapping):
        raise TypeError(f"severity must be a mapping like {{'talk_time': 'off'}}, got {changed!r}")
    names = dict.fromkeys(check.name for check in CHECKS)
    unknown = [name for name in changed if name not in names]
    if unknown:
        raise ValueError(
            f"severity: no check named {', '.join(map(repr, unknown))}; there are {', '.join(names)}"
        )
    for name, value in changed.items():
        if value not in SEVERITIES:
            raise ValueError(f"severity of {name!r} must be one of {', '.join(SEVERITIES)}, got {value!r}")
    return {(check.name, check.grade): changed.get(check.name, check.severity) for check in CHECKS}


def _tolerance(value: Decimal | int | str | None) -> Decimal | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise TypeError(f"tolerance must be a Decimal, a whole number or text, never a float; got {value!r}")
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"tolerance must be an amount like '0.005', got {value!r}") from None
    if not amount.is_finite() or not 0 <= amount <= 10**9 or Fraction(amount) * 10**DIGITS % 1 != 0:
        raise ValueError(f"tolerance must be from 0 to 10^9 with at most {DIGITS} decimals, got {value!r}")
    return amount


def _period(period: object) -> tuple[datetime, datetime] | None:
    if period is None:
        return None
    if not isinstance(period, tuple | list) or len(period) != 2:
        raise TypeError(f"period must be a pair (start, end), got {period!r}")
    start, end = (_instant(edge) for edge in period)
    if start >= end:
        raise ValueError(
            f"period: the start ({start.isoformat()}) must lie before the end ({end.isoformat()})"
        )
    return start, end


def _instant(value: datetime | str) -> datetime:
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"period: cannot read {value!r} as an ISO 8601 instant with an offset") from None
    if not isinstance(instant, datetime):
        raise TypeError(f"period: expected datetimes or ISO 8601 text, got {type(value).__name__}")
    if instant.tzinfo is None:
        raise ValueError(f"period: {value!s} has no zone; give an offset, such as 2026-10-01T00:00:00+00:00")
    return instant
