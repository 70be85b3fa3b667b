"""`reconcile()`: records in, judgement out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

import polars as pl

from callkit.reconciliation import findings as told
from callkit.reconciliation.asked import read
from callkit.reconciliation.bridge import bridge
from callkit.reconciliation.charges import calls_of, condense
from callkit.reconciliation.checks import CHECKS
from callkit.reconciliation.claims import claims
from callkit.reconciliation.clocks import biased_routes
from callkit.reconciliation.contract import priced
from callkit.reconciliation.facts import Facts, charge_columns, gather, meeting_columns
from callkit.reconciliation.findings import (
    SEVERITIES,
    CallCheck,
    Check,
    GroupCheck,
    Severities,
    Severity,
    finished,
)
from callkit.reconciliation.ledger import COMPUTED, judged_charges, ledger, with_shortened
from callkit.reconciliation.meetings import meetings
from callkit.reconciliation.places import elsewhere
from callkit.reconciliation.records import take, told_apart
from callkit.reconciliation.result import Reconciliation

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from callkit.billing import Rating
    from callkit.rates import RateDeck


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
        of a row are taken once. Columns of your own belong to the row: copies that differ in one (the file they came
        from) are two records, and told (`conflicting_record`); leave it out, and they are one.
        A LazyFrame stays lazy and is collected on the streaming engine.
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
    asked = read(
        rating=rating,
        rate_deck=rate_deck,
        archive=archive,
        match=match,
        tolerance=tolerance,
        period=period,
        tz=tz,
    )
    severities = _severities(severity or {})
    records = take(cdrs)
    calls = priced(records.distinct, rate_deck)
    charges = condense(calls, charge_columns(asked))
    facts = replace(
        with_shortened(gather(charges, meetings(calls, meeting_columns(asked)), asked)),
        repeated=records.repeated,
        biased=biased_routes(calls),
        elsewhere=elsewhere(calls),
    )
    judged = judged_charges(facts)
    every = ledger(calls, facts)
    suspects = told_apart(_suspects(calls, judged, facts), records.columns)
    active = [check for check in CHECKS if severities[check.name, check.grade] != "off"]
    parts = [
        *((check, check.told(suspects.filter(_fires(check, facts)), facts)) for check in _single(active)),
        *_of_groups(active, every, calls, facts),
    ]
    found = _findings([finished(check, severities[check.name, check.grade], part) for check, part in parts])
    return Reconciliation(
        ledger=every,
        charges=judged,
        columns=(*records.columns, *COMPUTED),
        found=found,
        claims=claims(suspects.filter(pl.col("verdict") == "overcharged"), found),
        bridge=bridge(judged.lazy()),
        facts=facts,
        records=records,
        severities=severities,
    )


def _suspects(calls: pl.LazyFrame, charges: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """Collect the calls at which any check fires, and few others; all the rest is left behind."""
    single = _single(CHECKS)
    of_charge = [_fires(check, facts) for check in single if check.asks == "charge"]
    of_record = [
        _fires(check, facts) if check.among is None else check.among(facts)
        for check in single
        if check.asks == "record"
    ]
    wrong = charges.filter(pl.any_horizontal(of_charge))
    doubled = pl.col("call_id").is_in(facts.doubles["call_id"].unique().implode())
    asked = pl.any_horizontal(*of_record, calls_of(wrong), doubled).fill_null(value=False)
    return ledger(calls.filter(asked).collect(engine="streaming").lazy(), facts).collect()


def _of_groups(
    checks: Sequence[Check], calls: pl.LazyFrame, records: pl.LazyFrame, facts: Facts
) -> Iterator[tuple[Check, pl.DataFrame]]:
    """Ask the checks that must see many calls at once."""
    for check in checks:
        if isinstance(check, GroupCheck):
            asked = records if check.of_records else calls
            yield check, check.find(asked, facts).lazy().collect(engine="streaming")


def _findings(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return _identified(_ordered(pl.concat([told.FOUND.to_frame(), *parts])))


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
