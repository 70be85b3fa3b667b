"""Everything that a dispute pack says, worked out once for the workbook, the report and the letter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

import polars as pl

from callkit.cdr import mask_numbers
from callkit.export.cover import Cover
from callkit.export.deadline import Deadline, deadline, instant_text
from callkit.export.decided import EDITED
from callkit.export.decisions import taken, with_decisions
from callkit.export.demand import by_cause, counted, demanded
from callkit.export.evidence import evidence, questions, with_routes
from callkit.export.invoiced import checked
from callkit.export.materiality import Materiality

if TYPE_CHECKING:
    from callkit.reconciliation import Reconciliation


@dataclass(frozen=True, slots=True)
class Pack:
    """What a dispute pack says.

    Attributes
    ----------
    result
        The reconciliation.
    cover, materiality, tie_out
        What the user stated.
    tz, period, deadline
        The vendor's zone, what the pack is about in words, and until when.
    masked
        Whether numbers are hidden.
    claims
        The evidence: one row per claim, numbered, with its route, `counted`, and the columns that the analyst fills in.
    undercharges, questions, others, orphans
        Undercharged calls, findings of grade D, findings of other grades without a claim, and decisions about calls
        that are no claims any more.
    demand, causes
        Per currency what was billed, claimed and is demanded; and the claims by cause.
    """

    result: Reconciliation
    cover: Cover
    materiality: Materiality | None
    tie_out: Any
    tz: str
    period: str
    deadline: Deadline
    masked: bool
    claims: pl.DataFrame
    undercharges: pl.DataFrame
    questions: pl.DataFrame
    others: pl.DataFrame
    orphans: pl.DataFrame
    demand: pl.DataFrame
    causes: pl.DataFrame


def gather(
    result: Reconciliation,
    *,
    cover: Cover | None = None,
    masked: bool | None = None,
    materiality: Materiality | None = None,
    decisions: pl.DataFrame | str | Path | None = None,
    tie_out: Any = None,
) -> Pack:
    """Work everything out; see `Reconciliation.to_excel` for the arguments."""
    cover = _asked("cover", cover, Cover) or Cover()
    materiality = _asked("materiality", materiality, Materiality)
    if masked is not None and not isinstance(masked, bool):
        raise TypeError(f"masked must be True, False or None, got {masked!r}")
    checked(tie_out)
    decided = taken(decisions)
    hidden = not cover.vendor_copy if masked is None else masked
    tz = cover.tz or result.facts.asked.tz
    claims, under = evidence(result)
    claims, orphans = with_decisions(claims, decided)
    claims, limits = counted(result, claims, materiality, tz)
    claims = with_routes(claims).with_row_index("number", offset=1).cast({"number": pl.Int64})
    if cover.fetched_at is not None:
        claims = claims.with_columns(pl.col("fetched_at").fill_null(cover.fetched_at))
    asked, others = questions(result)
    demand, causes = demanded(result, claims), by_cause(claims, limits)
    until = deadline(claims, cover, tz)
    if cover.vendor_copy:
        # What was decided and noted about a claim is not for the other party.
        claims = claims.with_columns(pl.lit(None, EDITED[name]).alias(name) for name in ("decision", "note"))
        orphans = orphans.clear()
    if hidden:
        claims, under, asked, others = (mask_numbers(frame) for frame in (claims, under, asked, others))
        orphans = _masked_once(orphans)
    return Pack(
        result=result,
        cover=cover,
        materiality=materiality,
        tie_out=tie_out,
        tz=tz,
        period=_period(result, cover, tie_out, tz),
        deadline=until,
        masked=hidden,
        claims=claims,
        undercharges=under,
        questions=asked,
        others=others,
        orphans=orphans,
        demand=demand,
        causes=causes,
    )


def _asked(name: str, value: object, kind: type) -> Any:
    if value is not None and not isinstance(value, kind):
        raise TypeError(f"{name} must be a callkit.{kind.__name__}, got {type(value).__name__}")
    return value


def _masked_once(orphans: pl.DataFrame) -> pl.DataFrame:
    """Ids that were read from a masked workbook are masked already."""
    already = pl.col("call_id").str.contains(r"^call-[0-9a-f]{12}$")
    masked = mask_numbers(orphans)
    ids = pl.when(already).then("call_id").otherwise(masked["call_id"])
    return masked.with_columns(orphans.select(ids.alias("call_id")).to_series())


def _period(result: Reconciliation, cover: Cover, tie_out: Any, tz: str) -> str:
    """`2026-09-01 00:00 +08:00 to 2026-10-01 00:00 +08:00`; the end is not part of it."""
    zone = ZoneInfo(tz)
    stated = cover.period or result.facts.asked.period
    if stated is None and tie_out is not None:
        stated = (tie_out.cut.start, tie_out.cut.end)
    if stated is not None:
        start, end = (cast("datetime", edge).astimezone(zone) for edge in stated)
        return f"{instant_text(start)} to {instant_text(end)}"
    when = pl.coalesce("submitted_at", "answered_at", "ended_at")
    seen = result.lazy.select(first=when.min(), last=when.max()).collect(engine="streaming").row(0)
    if seen[0] is None:
        return "unknown: no record says when its call was"
    first, last = (instant_text(edge.astimezone(zone)) for edge in seen)
    return f"{first} to {last}, from the first call to the last"


def facts_of(pack: Pack) -> list[tuple[str, str]]:
    """What stands on the cover, as pairs of a title and a text; what is not known is left out."""
    cover = pack.cover
    invoice_date = cast("date | None", cover.invoice_date)
    told: list[tuple[str, str | None]] = [
        ("Customer", cover.customer),
        ("Vendor", cover.vendor),
        ("Contact", cover.contact),
        ("Account", cover.account),
        ("Invoice", cover.invoice),
        ("Invoice date", invoice_date.isoformat() if invoice_date else None),
        ("Product", cover.product),
        ("Period", pack.period),
        ("Time zone", pack.tz),
        ("Deadline", str(pack.deadline)),
        ("Materiality", str(pack.materiality) if pack.materiality else "none: every claim counts"),
        ("Numbers", "masked" if pack.masked else "in full"),
        ("Copy", "the vendor's" if cover.vendor_copy else "our own"),
    ]
    if pack.deadline.contract and pack.deadline.evidence:
        ends = (instant_text(pack.deadline.contract), instant_text(pack.deadline.evidence))
        told.insert(10, ("Both deadlines", "by the contract before {}; by the evidence {}".format(*ends)))
    return [(title, text) for title, text in told if text]
