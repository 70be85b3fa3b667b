"""One sheet of a deck on its way into rows."""

from __future__ import annotations

from dataclasses import dataclass, field

from callkit.files.cells import Unreadable
from callkit.files.sheets import Sheet
from callkit.rates.stated import Stated


@dataclass(slots=True)
class Part:
    """The sheet, what the user says about it, and what could not be read of it."""

    sheet: Sheet
    stated: Stated
    where: str
    unreadable: list[Unreadable] = field(default_factory=list)

    def named(self, name: str) -> str:
        """Give what the file calls a column."""
        return self.sheet.of.get(name, name)

    def refuse(self, at: int, name: str, value: object, expected: str) -> None:
        """List a cell as unreadable; `at` counts the rows of the sheet's frame."""
        shown = "" if value is None else str(value)
        self.unreadable.append(Unreadable(self.sheet.rows[at], self.named(name), shown, expected))
