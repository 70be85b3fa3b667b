"""Until when a dispute must be raised: the contract's day, or the day when its evidence is gone."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

import polars as pl

if TYPE_CHECKING:
    from callkit.export.cover import Cover


@dataclass(frozen=True, slots=True)
class Deadline:
    """Until when the claims must be with the vendor, and what that follows from.

    Attributes
    ----------
    at
        The earlier one of the two that follow; None where neither is known.
    contract
        The end of the last day that the contract allows.
    evidence
        When the vendor stops showing the record of the first disputed call.
    first_call
        When that call was made.
    months
        For how many calendar months the vendor shows a record.
    tz
        The zone that all of them are told in.
    """

    at: datetime | None
    contract: datetime | None
    evidence: datetime | None
    first_call: datetime | None
    months: int
    tz: str

    def __str__(self) -> str:
        """Say it with its reason, in one sentence."""
        if self.at is None:
            return "none is known: nothing is demanded, and no contract deadline was stated"
        if self.at == self.evidence:
            reason = (
                f"then the record of the first disputed call, of {instant_text(self.first_call)}, is "
                f"{self.months} {'month' if self.months == 1 else 'months'} old and the vendor stops showing it"
            )
            return f"{instant_text(self.at)}: {reason}"
        return f"end of {self.at - timedelta(seconds=1):%Y-%m-%d} ({self.tz}), by the contract"


def deadline(claims: pl.DataFrame, cover: Cover, tz: str) -> Deadline:
    """Work out the deadline of the demanded claims.

    Parameters
    ----------
    claims
        Rows of the evidence, of which those count whose `counted` is "yes".
    cover
        Says the contract's day, and for how long records are shown.
    tz
        The vendor's zone: its months and days are meant.
    """
    zone = ZoneInfo(tz)
    demanded = claims.filter(pl.col("counted") == "yes")
    first = demanded.select(pl.coalesce("submitted_at", "answered_at", "ended_at").min()).item()
    first_call = None if first is None else cast("datetime", first).astimezone(zone)
    evidence = None if first_call is None else months_later(first_call, cover.record_months)
    last_day = cast("date | None", cover.contract_deadline)
    contract = None if last_day is None else datetime.combine(last_day + timedelta(1), time(), zone)
    known = [at for at in (contract, evidence) if at is not None]
    return Deadline(
        at=min(known, default=None),
        contract=contract,
        evidence=evidence,
        first_call=first_call,
        months=cover.record_months,
        tz=tz,
    )


def months_later(start: datetime, months: int) -> datetime:
    """Go on by calendar months; where the month is too short, to its last day.

    Examples
    --------
    >>> from datetime import datetime
    >>> from callkit.export.deadline import months_later
    >>> months_later(datetime(2026, 12, 31, 9), 2).isoformat()
    '2027-02-28T09:00:00'
    """
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return start.replace(
        year=year, month=month + 1, day=min(start.day, monthrange(year, month + 1)[1]), fold=0
    )


def instant_text(instant: datetime | None) -> str:
    """`2026-09-01 17:44 +08:00`, in the zone it is in."""
    return "unknown" if instant is None else instant.isoformat(" ", "minutes").replace("+", " +")
