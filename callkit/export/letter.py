"""The claim letter: plain text with what carriers tell each other about a difference in their accounts.

The fields are those of Recommendation ITU-T D.170: the period, the route, both totals, the difference, its cause, and
sample calls.
"""

from __future__ import annotations

from datetime import date
from textwrap import wrap
from typing import Any, cast
from zoneinfo import ZoneInfo

import polars as pl

from callkit.export.deadline import instant_text
from callkit.export.pack import Pack
from callkit.export.texts import printed
from callkit.export.words import GRADES, NO_CURRENCY, amount, cause_in_words, counted, decimals_of

_WIDTH = 100
_MOST_ROUTES = 12
_MOST_SAMPLES = 100


def letter(pack: Pack, samples: int = 3) -> str:
    """Write the letter about the demanded claims; see `Reconciliation.claim_letter`."""
    wanted: object = samples
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 0 <= wanted <= _MOST_SAMPLES:
        raise ValueError(f"samples must be a whole number from 0 to {_MOST_SAMPLES}, got {wanted!r}")
    when = pl.coalesce("submitted_at", "answered_at", "ended_at").dt.convert_time_zone(pack.tz)
    demanded = pack.claims.filter(pl.col("counted") == "yes").with_columns(_day=when.dt.date())
    parts = [_heading(pack), _opening(pack, demanded)]
    for currency in demanded["currency"].unique(maintain_order=True):
        ours = demanded.filter(pl.col("currency").eq_missing(currency))
        parts += [_totals(pack, currency), *_causes(ours, samples, pack.tz)]
    parts += _closing(pack, demanded)
    return "\n\n".join(parts) + "\n"


def _heading(pack: Pack) -> str:
    cover = pack.cover
    day = cast("date | None", cover.invoice_date)
    invoice = f"{cover.invoice or 'without a number'}{f' of {day.isoformat()}' if day else ''}"
    told = {
        "To": cover.vendor,
        "From": cover.customer,
        "Account": cover.account,
        "Invoice": invoice if cover.invoice or day else None,
        "Product": cover.product,
        "Period": f"{pack.period} ({pack.tz})",
    }
    lines = [f"{f'{title}:':<10}{_line(text)}" for title, text in told.items() if text]
    return "\n".join(["Dispute of charges", "", *lines])


def _opening(pack: Pack, demanded: pl.DataFrame) -> str:
    if demanded.is_empty():
        return _paragraph("We have recomputed every charge, and dispute none of them.")
    sums = [
        f"{currency or NO_CURRENCY} {amount(total)} ({counted(claims, 'call')})"
        for currency, total, claims in pack.demand.select(
            "currency", "demanded", "demanded_claims"
        ).iter_rows()
        if claims
    ]
    *most, last = sums
    together = f"{', '.join(most)} and {last}" if most else last
    return _paragraph(
        f"We have recomputed the charge of each call from the call detail records that you gave us. More was "
        f"billed than is due for {counted(demanded.height, 'call')}: {together}. Please credit these "
        f"amounts, or name the clause of our agreement by which each charge is due."
    )


def _totals(pack: Pack, currency: str | None) -> str:
    sums = pack.demand.with_columns(accepted=pl.col("billed") - pl.col("demanded"))
    row = sums.row(by_predicate=pl.col("currency").eq_missing(currency), named=True)
    name = _line(currency or NO_CURRENCY)
    told = [
        ("Billed by your records", row["billed"], row["calls"]),
        ("Not disputed", row["accepted"], None),
        ("Disputed", row["demanded"], row["demanded_claims"]),
    ]
    if row["credited"]:
        told.append(("Credited so far", row["credited"], None))
        told.append(("Disputed and not credited", row["outstanding"], None))
    digits = decimals_of([value for _, value, _ in told])
    texts = [amount(value, digits) for _, value, _ in told]
    width = max(map(len, texts))
    lines = []
    for (title, _, calls), text in zip(told, texts, strict=True):
        behind = "" if calls is None else f"   {counted(calls, 'call')}"
        lines.append(f"{title:<26}{text:>{width}} {name}{behind}")
    return "\n".join([name, "=" * len(name), *lines])


def _causes(claims: pl.DataFrame, samples: int, tz: str) -> list[str]:
    """One section per cause, the most money first."""
    sums = claims.group_by("cause").agg(pl.col("claim").sum()).sort(pl.col("claim").neg(), "cause")
    told = []
    for number, cause in enumerate(sums["cause"], 1):
        of_cause = claims.filter(pl.col("cause") == cause)
        told.append(_section(number, cause, of_cause, samples, tz))
    return told


def _section(number: int, cause: str, claims: pl.DataFrame, samples: int, tz: str) -> str:
    words = cause_in_words(cause)
    grade: str = claims.select(pl.col("grade").max()).item()
    routes = _sums(claims, "route").sort(pl.col("claim").neg(), "route", nulls_last=True)
    rows = [*routes.head(_MOST_ROUTES).iter_rows(named=True)]
    if routes.height > _MOST_ROUTES:
        rest = claims.join(routes.tail(-_MOST_ROUTES), on="route", how="semi", nulls_equal=True)
        others = f"{counted(routes.height - _MOST_ROUTES, 'other route')}"
        rows += _sums(rest.with_columns(route=pl.lit(others)), "route").iter_rows(named=True)
    if len(rows) > 1:
        rows += _sums(claims.with_columns(route=pl.lit("Together")), "route").iter_rows(named=True)
    title = f"{number}. {words[0].upper()}{words[1:]}"
    basis = f"   Basis: {GRADES[grade]} (check {cause}, grade {grade})."
    parts = [title, basis, "", *_table(rows)]
    if samples:
        # The dearest ones show most; of equal ones the first.
        shown = claims.head(samples).iter_rows(named=True)
        parts += [
            "",
            "   Sample calls:" if claims.height > samples else "   The calls:",
            *_samples(shown, tz),
        ]
    return "\n".join(parts)


def _sums(claims: pl.DataFrame, by: str) -> pl.DataFrame:
    day = pl.col("_day")
    return claims.group_by(by).agg(
        pl.len().alias("calls"),
        day.min().alias("first"),
        day.max().alias("last"),
        pl.col("billed", "expected", "claim").sum(),
    )


def _table(rows: list[dict[str, Any]]) -> list[str]:
    names = ("billed", "expected", "claim")
    digits = decimals_of([row[name] for row in rows for name in names])
    cells: list[tuple[str, ...]] = [("Route", "Calls", "Period", "Your total", "Our total", "Difference")]
    cells += [
        (
            _line(row["route"] or "(unknown)")[:36],
            f"{row['calls']:,}",
            _days(row["first"], row["last"]),
            *(amount(row[name], digits) for name in names),
        )
        for row in rows
    ]
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    left = (True, False, True, False, False, False)
    return [
        "   "
        + "  ".join(
            f"{cell:<{width}}" if to_left else f"{cell:>{width}}"
            for cell, width, to_left in zip(row, widths, left, strict=True)
        ).rstrip()
        for row in cells
    ]


def _samples(calls: Any, tz: str) -> list[str]:
    zone = ZoneInfo(tz)
    told = []
    for call in calls:
        when = call["submitted_at"] or call["answered_at"] or call["ended_at"]
        at = when.astimezone(zone).isoformat(" ", "seconds").replace("+", " +") if when else "time unknown"
        numbers = f", {_line(call['caller'] or 'unknown')} to {_line(call['callee'] or 'unknown')}"
        head = f"{_line(call['call_id'] or '(no id)')}, {at}{numbers}"
        body = _line(call["explanation"].partition(" Please credit ")[0])
        told += _hanging(f"{head}: {body}")
    return told


def _closing(pack: Pack, demanded: pl.DataFrame) -> list[str]:
    if demanded.is_empty():
        return []
    told = ["The evidence of every disputed call is in the workbook that belongs to this letter."]
    if pack.deadline.evidence is not None:
        told.append(
            f"Please keep the records of these calls until the dispute is settled: the first of them will be "
            f"{counted(pack.deadline.months, 'month')} old on {instant_text(pack.deadline.evidence)}."
        )
    if pack.masked:
        told.append("Telephone numbers are masked in this copy.")
    parts = [_paragraph(" ".join(told))]
    if pack.cover.contact:
        parts.append(f"Questions are answered by {_line(pack.cover.contact)}.")
    return parts


def _days(first: date | None, last: date | None) -> str:
    if first is None or last is None:
        return "unknown"
    return first.isoformat() if first == last else f"{first.isoformat()} to {last.isoformat()}"


def _line(text: str) -> str:
    """A vendor's text on one line."""
    return " ".join(printed(text).split())


def _paragraph(text: str) -> str:
    return "\n".join(wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False))


def _hanging(text: str) -> list[str]:
    return wrap(
        text,
        _WIDTH,
        initial_indent="   - ",
        subsequent_indent="     ",
        break_long_words=False,
        break_on_hyphens=False,
    )
