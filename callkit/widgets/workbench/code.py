"""The few lines of Python that give the same result as the clicks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from callkit.billing import Rating
from callkit.invoice import TieOut


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was clicked together.

    Attributes
    ----------
    fetched
        Lines that set `cdrs`.
    rating, tolerance, period, tz
        As they were handed to `callkit.reconcile`.
    inside
        To which period the records were cut before.
    deck, invoice
        How the papers were read, as expressions.
    archive
        Whether the records' archive is asked as well.
    """

    fetched: Sequence[str]
    rating: Rating | None
    tolerance: Decimal | None
    inside: tuple[datetime, datetime] | None
    period: tuple[datetime, datetime] | None
    tz: str
    deck: str | None
    invoice: str | None
    archive: bool


def code_of(asked: Asked, tied: TieOut | None) -> str:
    """Write the code; `tied` is the tie-out that was made."""
    lines = [*asked.fetched]
    # What belongs to the sandbox is read while it is open, at the depth of its other lines.
    papers = {"rate_deck": asked.deck, "invoice": asked.invoice}
    for name, how in papers.items():
        if how is not None:
            lines.append(f"{'    ' if _inside(how, lines) else ''}{name} = {how}")
    lines += ["", *_cut(asked, tied), f"result = ck.reconcile({_given('cdrs', _arguments(asked))})"]
    ending: dict[str, str] = {}
    if tied is not None:
        lines.append(f"tied = ck.tie_out({_given('result, invoice', _how(tied))})")
        ending["tie_out"] = "tied"
    lines.append(f"result.to_excel({_given(repr('callkit-dispute.xlsx'), ending)})")
    return "\n".join([*_imports("\n".join(lines)), "", *lines])


def _cut(asked: Asked, tied: TieOut | None) -> list[str]:
    """Leave out the records that are not meant."""
    if tied is not None:
        return [
            f"tied = ck.tie_out({_given('cdrs, invoice', _how(tied))})",
            "cdrs = tied.cdrs  # the calls that the invoice is about",
        ]
    if asked.inside is None:
        return []
    start, end = (f"datetime.fromisoformat({edge.isoformat()!r})" for edge in asked.inside)
    return [
        'at = pl.coalesce("submitted_at", "answered_at", "ended_at")',
        f"inside = at.is_between({start}, {end}, closed='left')",
        "cdrs = cdrs.filter(inside.fill_null(True))",
    ]


def _arguments(asked: Asked) -> dict[str, str]:
    told: dict[str, str] = {}
    if asked.rating is not None:
        told["rating"] = f"ck.{asked.rating!r}"
    if asked.deck:
        told["rate_deck"] = "rate_deck"
    if asked.archive:
        told["archive"] = "archive"
    if asked.tolerance is not None:
        told["tolerance"] = repr(str(asked.tolerance))
    if asked.period is not None:
        told["period"] = f"({asked.period[0].isoformat()!r}, {asked.period[1].isoformat()!r})"
    if asked.tz != "UTC":
        told["tz"] = repr(asked.tz)
    return told


def _how(tied: TieOut) -> dict[str, str]:
    return {"tz": repr(tied.cut.tz), "clock": repr(tied.cut.clock), "population": repr(tied.population)}


def _given(first: str, more: dict[str, str]) -> str:
    line = ", ".join([first, *(f"{name}={how}" for name, how in more.items())])
    if len(line) <= 80:
        return line
    parts = [first, *(f"{name}={how}" for name, how in more.items())]
    return "\n" + "".join(f"    {part},\n" for part in parts)


def _inside(how: str | None, fetched: Sequence[str]) -> bool:
    return bool(how and how.startswith("sandbox.") and fetched and fetched[-1].startswith("    "))


def _imports(text: str) -> list[str]:
    told = []
    if "datetime." in text:
        told.append("from datetime import datetime")
    if "Decimal(" in text:
        told.append("from decimal import Decimal")
    if "Path(" in text:
        told.append("from pathlib import Path")
    if told:
        told.append("")
    if "pl." in text:
        told += ["import polars as pl", ""]
    told.append("import callkit as ck")
    if "read_ids(" in text:
        told.append("from callkit.files import read_ids")
    return told
