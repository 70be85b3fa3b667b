"""A deck in a few lines, and as a digest."""

from __future__ import annotations

from hashlib import sha256
from zoneinfo import ZoneInfo

import polars as pl

from callkit.cdr import INSTANT
from callkit.rates.matching import Precedence
from callkit.rates.schema import ROWS
from callkit.rates.stated import Unit, unit_text
from callkit.rates.versions import contradictions


def counted(rows: pl.DataFrame) -> str:
    """Count rows and prefixes: `2 rows, 1 prefix`."""
    return f"{_count(rows.height, 'row')}, {_count(rows['prefix'].n_unique(), 'prefix', 'prefixes')}"


def told(rows: pl.DataFrame, unreadable: int, per_seconds: Unit | None, tz: str) -> list[str]:
    """Say currencies, unit, dates, and what could not be read, a line each."""
    currencies = ", ".join(rows["currency"].unique().sort().to_list()) or "no currency"
    unit = "" if per_seconds is None else f" per {unit_text(per_seconds)}"
    starts = rows["valid_from"].drop_nulls().sort()
    dated = "undated"
    if starts.len():
        first, last = (edge.astimezone(ZoneInfo(tz)).date().isoformat() for edge in (starts[0], starts[-1]))
        dated = f"starts from {first} to {last} ({tz})" if first != last else f"starts {first} ({tz})"
    lines = [f"{currencies}{unit}; {dated}"]
    if unreadable:
        lines.append(f"{_count(unreadable, 'unreadable cell')}: see .unreadable")
    return lines


def digest(rows: pl.DataFrame, per_seconds: Unit | None, precedence: Precedence) -> str:
    """Take the SHA-256 of what rows say, in whatever order; the order counts only where they contradict."""
    said = rows.select(
        pl.struct(
            pl.col(name).to_physical().cast(pl.String) if dtype == INSTANT else pl.col(name).cast(pl.String)
            for name, dtype in ROWS.items()
            if name not in ("row", "place")
        ).struct.json_encode()
    ).to_series()
    against = contradictions(rows)
    order = f"{precedence} of {against['row'].to_list()}" if against.height else "one price each"
    text = "\n".join([f"per {per_seconds}, {order}", *sorted(said.to_list())])
    return sha256(text.encode()).hexdigest()


def _count(number: int, one: str, several: str = "") -> str:
    return f"1 {one}" if number == 1 else f"{number:,} {several or one + 's'}"
