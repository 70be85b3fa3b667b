"""One table of an invoice on its way into lines: what it has, what the user says beside it, what cannot be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from callkit.files.amounts import Sign
from callkit.files.cells import Unreadable
from callkit.files.dates import Ends
from callkit.files.sheets import Sheet


@dataclass(frozen=True, slots=True)
class Told:
    """What the user says of an invoice that the file does not."""

    where: str
    date_format: str | None = None
    decimal: Sign | None = None
    currency: str | Mapping[str, str] | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    period: tuple[object, object] | None = None
    period_end: Ends | None = None


@dataclass(slots=True)
class Reading:
    """One table on its way into lines, and what of it could not be read."""

    sheet: Sheet
    told: Told
    bad: list[Unreadable]

    def cells(self, name: str) -> tuple[pl.Series, pl.Series, str]:
        """Give a column; nulls where the table does not have it."""
        empty = pl.Series(name, [None] * self.sheet.frame.height, dtype=pl.String)
        found = self.sheet.column(name)
        return (empty, self.sheet.rows, name) if found is None else found

    def refuse(self, at: int, name: str, value: object, expected: str) -> None:
        """Name a cell by its place in the table."""
        column = self.sheet.of.get(name, name)
        self.bad.append(
            Unreadable(self.sheet.rows[at], column, "" if value is None else str(value), expected)
        )
