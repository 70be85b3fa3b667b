"""The tables of single calls on a page: what is claimed, and what was billed too little."""

from __future__ import annotations

import polars as pl

from callkit.export.pack import Pack
from callkit.export.page import Shown, table
from callkit.export.words import NO_CURRENCY, counted

_CALL = [
    Shown("call_id", "Call", "id"),
    Shown("when", "When", "short"),
    Shown("route", "Route"),
    Shown("call_duration", "Talk [s]", "number"),
    Shown("charged_duration", "Charged [s]", "number"),
    Shown("expected_charged_duration", "Due [s]", "number"),
    Shown("billed", "Billed", "number"),
    Shown("expected", "Expected", "number"),
]


def claims(pack: Pack, most: int) -> str:
    """Every currency's claims, the largest first, each with the sentence that proves it under it."""
    columns = [
        Shown("number", "No.", "number"),
        *_CALL,
        Shown("claim", "Claim", "number"),
        Shown("counted", "Demanded"),
    ]
    if (pack.claims["counted"] == "yes").all():
        columns = [column for column in columns if column.name != "counted"]
    when = pl.coalesce("submitted_at", "answered_at", "ended_at").alias("when")
    told = []
    for (currency,), part in pack.claims.with_columns(when).group_by("currency", maintain_order=True):
        dearest = part.head(most)
        left = part.height - dearest.height
        title = f"{counted(part.height, 'claim')} in {currency or NO_CURRENCY}, the largest first; times in {pack.tz}"
        told.append(table(dearest, columns, title, tz=pack.tz, under="explanation"))
        if left:
            told.append(f"<p>{counted(left, 'smaller one')} left out: all are in the workbook.</p>")
    return "\n".join(told) or '<p class="quiet">None.</p>'


def undercharges(pack: Pack, most: int) -> str:
    """The calls that were billed too little, which go against the claims."""
    columns = [
        *(column for column in _CALL if column.name != "route"),
        Shown("undercharge", "Undercharge", "number"),
        Shown("currency", "Currency", "short"),
    ]
    when = pl.coalesce("submitted_at", "answered_at", "ended_at").alias("when")
    title = f"{counted(pack.undercharges.height, 'call')} billed too little"
    told = table(
        pack.undercharges.with_columns(when).head(most), columns, title, tz=pack.tz, under="explanation"
    )
    left = pack.undercharges.height - most
    return told + (
        f"<p>{counted(left, 'smaller one')} left out: all are in the workbook.</p>" if left > 0 else ""
    )
