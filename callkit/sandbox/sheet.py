"""A table as a file that a vendor would send: CSV, or a workbook with real numbers and dates."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

__all__ = ["write_sheet"]

Cell = str | int | date | None
"""What a cell holds; an amount is decimal text."""


def write_sheet(path: str | Path, name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Path:
    """Write a table as CSV or as a workbook of one sheet, by the ending; equal rows give equal bytes.

    Raises
    ------
    ValueError
        If the ending is neither `.csv` nor `.xlsx`.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from callkit.sandbox.sheet import write_sheet
    >>> with TemporaryDirectory() as folder:
    ...     print(write_sheet(f"{folder}/rates.csv", "Rates", ["Prefix", "Rate"], [["49", "0.01"]]).read_text(), end="")
    Prefix,Rate
    49,0.01
    """
    target = Path(path)
    write = _WRITERS.get(target.suffix.lower())
    if write is None:
        raise ValueError(f"{target.name} must end in {' or '.join(_WRITERS)}")
    write(target, name, header, rows)
    return target


def _write_csv(path: Path, name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _write_xlsx(path: Path, name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    from xlsxwriter import Workbook  # noqa: PLC0415  # the sandbox serves without any workbook

    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(str(path), options) as workbook:
        workbook.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC)})
        sheet = workbook.add_worksheet(name)
        bold, day = workbook.add_format({"bold": True}), workbook.add_format({"num_format": "yyyy-mm-dd"})
        sheet.freeze_panes(1, 0)
        cells = list(rows)
        for place, title in enumerate(header):
            widest = max(len(str(row[place] or "")) for row in [header, *cells])
            sheet.set_column(place, place, widest + 2)
            sheet.write_string(0, place, title, bold)
        for at, row in enumerate(cells, 1):
            for place, cell in enumerate(row):
                if isinstance(cell, date):
                    sheet.write_datetime(at, place, cell, day)
                elif isinstance(cell, int):
                    sheet.write_number(at, place, cell)
                elif cell is not None and header[place] in _AMOUNTS:
                    sheet.write_number(at, place, float(cell))  # at most 15 digits, which a double keeps
                elif cell is not None:
                    sheet.write_string(at, place, cell)


_AMOUNTS = ("Rate", "Amount")
_WRITERS: dict[str, Callable[[Path, str, Sequence[str], Iterable[Sequence[Cell]]], None]] = {
    ".csv": _write_csv,
    ".xlsx": _write_xlsx,
}
