"""Pieces of a page: all text is escaped, whoever wrote it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any, Literal
from zoneinfo import ZoneInfo

import polars as pl

from callkit.cdr import MONEY
from callkit.export.texts import printable
from callkit.export.words import amount, decimals_of

Form = Literal["", "number", "short", "words", "id"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A column of a page's table: its title, and how its cells look."""

    name: str
    title: str
    form: Form = ""


def text(value: str) -> str:
    """Escape a text, and take out what has no shape of its own."""
    told: str = pl.select(printable(pl.lit(value))).item()
    return escape(told)


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """A list of titles with a text each."""
    told = "".join(f"<dt>{text(title)}</dt><dd>{text(said)}</dd>" for title, said in pairs)
    return f'<dl class="facts">{told}</dl>'


def table(
    frame: pl.DataFrame,
    columns: Sequence[Shown],
    caption: str,
    *,
    tz: str = "UTC",
    heads: bool = False,
    under: str | None = None,
    strong: Collection[int] = (),
) -> str:
    """A table with a caption.

    Parameters
    ----------
    tz
        The zone that instants are told in.
    heads
        Whether the first cell of a row is its heading.
    under
        A column of long texts, each of which stands under its row.
    strong
        The rows that stand out.
    """
    if frame.is_empty():
        return f'<p class="quiet">{text(caption)}: none.</p>'
    head = "".join(
        f'<th scope="col"{_class(column.form if column.form == "number" else "")}>{text(column.title)}</th>'
        for column in columns
    )
    digits = {
        column.name: decimals_of(frame[column.name].drop_nulls().to_list())
        for column in columns
        if frame.schema[column.name] == MONEY
    }
    zone = ZoneInfo(tz)
    names = [column.name for column in columns]
    told = frame.select(*names, *([under] if under else [])).with_columns(printable(pl.col(pl.String)))
    rows = []
    for place, row in enumerate(told.iter_rows()):
        values = row[: len(columns)]
        cells = [
            _cell(_words(value, digits.get(column.name), zone), column.form, heading=heads and at == 0)
            for at, (column, value) in enumerate(zip(columns, values, strict=True))
        ]
        below = (
            f'<tr><td class="under" colspan="{len(columns)}">{escape(row[-1] or "")}</td></tr>'
            if under
            else ""
        )
        form = "over" if under else "total" if place in strong else ""
        rows.append(f"<tr{_class(form)}>{''.join(cells)}</tr>{below}")
    return (
        f'<div class="wide"><table><caption>{text(caption)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(said: str, form: Form, *, heading: bool) -> str:
    tag = 'th scope="row"' if heading else "td"
    return f"<{tag}{_class(form)}>{escape(said)}</{tag.partition(' ')[0]}>"


def _words(value: Any, digits: int | None, zone: ZoneInfo) -> str:
    if value is None:
        return ""
    if digits is not None:
        return amount(value, digits)
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _class(form: str) -> str:
    return f' class="{form}"' if form else ""
