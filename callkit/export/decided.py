"""Decisions about claims, read back from a workbook that an analyst has edited."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from callkit.cdr import MONEY, schema_of
from callkit.errors import SchemaError

if TYPE_CHECKING:
    from fastexcel import ExcelReader

__all__ = ["read_decisions"]

DECISIONS = ("dispute", "hold", "withdraw")
"""What can be decided: claim it, keep it back for now, or let it be. Empty counts as "dispute"."""

STATUSES = ("open", "sent", "in review", "accepted", "partly accepted", "rejected", "credited", "closed")
"""How far a claim has come with the vendor."""

EDITED = schema_of(decision=pl.String, note=pl.String, status=pl.String, credit_received=MONEY)
"""The columns that the analyst fills in."""

SCHEMA = schema_of(source=pl.String, call_id=pl.String, billed=MONEY, **EDITED)

TITLES = {
    "source": "source",
    "call_id": "call id",
    "billed": "billed",
    "decision": "decision",
    "note": "note",
    "status": "status",
    "credit_received": "credit received",
}
"""What the columns are called in a workbook; a header is found by these, wherever it stands."""

_HEADER_WITHIN = 50
_MOST_TOLD = 20
_SURE_DIGITS = 15
_AMOUNT = r"-?[0-9]{1,27}(\.[0-9]{1,10}0*)?"


def read_decisions(path: str | Path) -> pl.DataFrame:
    """Read back what was filled in beside the claims of a dispute workbook.

    The workbook may have been edited: rows sorted, filtered or deleted, columns and sheets moved or added, rows put in
    above the header. What matters are the headers `source`, `call id` and `decision`, `note`, `status`, `credit
    received`: every sheet that has the first two and any of the others is read.

    Parameters
    ----------
    path : str or Path
        A workbook that `Reconciliation.to_excel` wrote.

    Returns
    -------
    pl.DataFrame
        source, call_id (as in the workbook: of a masked one, masked), billed, decision (`dispute` | `hold` |
        `withdraw`), note, status, credit_received [the claim's currency]: one row per claim with anything filled in.
        Sorted by its columns. Give it to the next `to_excel(decisions=…)`.

    Raises
    ------
    SchemaError
        If it is no such workbook, or a cell cannot be read: each one is named by sheet, row and column.
    ImportError
        If the extra `callkit[excel]` is missing.

    Examples
    --------
    >>> import callkit as ck
    >>> from tempfile import TemporaryDirectory
    >>> with ck.Sandbox(calls=200, seed=7) as sandbox:
    ...     result = ck.reconcile(sandbox.nx_whatsapp().fetch(sandbox.call_ids))
    >>> with TemporaryDirectory() as folder:
    ...     decided = ck.read_decisions(result.to_excel(f"{folder}/dispute.xlsx"))
    >>> decided.height
    0
    """
    file = Path(path)
    parts, problems = [], []
    for sheet in _sheets(file):
        part, bad = sheet.read()
        parts.append(part)
        problems += bad
    if not parts:
        raise SchemaError(
            f"{file}: no sheet has the headers 'source', 'call id' and 'decision'. Is it a workbook of to_excel?"
        )
    if problems:
        more = f"\n… and {len(problems) - _MOST_TOLD:,} more" if len(problems) > _MOST_TOLD else ""
        told = "\n".join(problems[:_MOST_TOLD])
        raise SchemaError(f"{file}: mend these cells and save it again.\n{told}{more}")
    decided = pl.concat([SCHEMA.to_frame(), *parts])
    return decided.sort(pl.all(), nulls_last=True)


class _Sheet:
    """A sheet with the headers of claims: its cells as text, and where they stand."""

    def __init__(self, book: ExcelReader, name: str, header: int, places: dict[str, int]) -> None:
        self.name = name
        self.first = header + 1
        self.places = places
        loaded = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
        arrow, errors = loaded.to_arrow_with_errors()
        self.cells = pl.DataFrame(arrow).slice(self.first)
        self.errors = {error.offset_position: error.detail for error in (errors.errors if errors else [])}
        # fastexcel writes numbers with nine decimals: what is a number is read as one. A flag is read where one is.
        self.flags, self.floats = (
            book.load_sheet(name, header_row=None, skip_rows=0, dtypes=kind).to_polars().slice(self.first)
            for kind in ("boolean", "float")
        )
        self.problems: list[str] = []

    def read(self) -> tuple[pl.DataFrame, list[str]]:
        """Give what is filled in, and what cannot be read."""
        columns = {name: self._column(name) for name in TITLES}
        rows = []
        for at, values in enumerate(zip(*columns.values(), strict=True)):
            row = dict(zip(columns, values, strict=True))
            edited = {name: self._value(at, name, row[name]) for name in EDITED}
            if all(value is None for value in edited.values()):
                continue
            for name in ("source", "call_id"):
                if row[name] is None:
                    self._bad(
                        at, name, "", "what the claim is about, because something is filled in beside it"
                    )
            rows.append(
                (row["source"], row["call_id"], self._value(at, "billed", row["billed"]), *edited.values())
            )
        return pl.DataFrame(rows, schema=SCHEMA, orient="row"), self.problems

    def _column(self, name: str) -> list[str | None]:
        """A column as text: numbers by their shortest decimal text, text as it is, blanks as nothing."""
        place = self.places.get(name)
        if place is None:
            return [None] * self.cells.height
        texts, flags, floats = (
            frame.to_series(place).to_list() for frame in (self.cells, self.flags, self.floats)
        )
        told: list[str | None] = []
        for at, (text, flag, number) in enumerate(zip(texts, flags, floats, strict=True)):
            if (self.first + at, place) in self.errors:
                self._bad(at, name, self.errors[self.first + at, place], "a value")
            numeric = flag is not None and number is not None and text not in ("true", "false")
            plain = f"{Decimal(repr(number)):f}".removesuffix(".0") if numeric else text
            if numeric and name in ("call_id", "billed", "credit_received") and not _sure(plain):
                self._bad(
                    at, name, plain, f"text, because a number of more than {_SURE_DIGITS} digits is not exact"
                )
            told.append(plain if plain is not None and plain.strip() else None)
        return told

    def _value(self, at: int, name: str, text: str | None) -> str | Decimal | None:
        if text is None or name == "note":
            return text
        allowed = {"decision": DECISIONS, "status": STATUSES}.get(name)
        if allowed is not None:
            said = " ".join(text.casefold().split())
            if said in allowed:
                return said
            self._bad(at, name, text, f"one of {', '.join(allowed)}")
        elif re.fullmatch(_AMOUNT, text.strip()) and (name == "billed" or not text.strip().startswith("-")):
            return Decimal(text.strip())
        else:
            self._bad(at, name, text, "an amount like 12.5, without a currency and without separators")
        return None

    def _bad(self, at: int, name: str, value: str, expected: str) -> None:
        got = f"got {value[:60]!r}" if value else "the cell is empty"
        row = self.first + at + 1
        self.problems.append(
            f"sheet {self.name!r}, row {row:,}, column {TITLES[name]!r}: expected {expected}; {got}"
        )


def _sure(digits: str) -> bool:
    return len(digits.lstrip("-0.").replace(".", "")) <= _SURE_DIGITS


def _sheets(file: Path) -> Iterator[_Sheet]:
    # fastexcel tells of error cells only through pyarrow.
    if find_spec("fastexcel") is None or find_spec("pyarrow") is None:
        raise ImportError("reading a workbook needs fastexcel and pyarrow: pip install 'callkit[excel]'")
    import fastexcel  # noqa: PLC0415 - an extra that only workbooks need

    if not file.is_file():
        raise FileNotFoundError(f"there is no file {file}")
    try:
        book = fastexcel.read_excel(file)
        for name in book.sheet_names:
            top = book.load_sheet(name, header_row=None, skip_rows=0, n_rows=_HEADER_WITHIN, dtypes="string")
            for at, row in enumerate(top.to_polars().rows()):
                places = _places(file, name, row)
                if {"source", "call_id"} <= set(places) and set(places) & set(EDITED):
                    yield _Sheet(book, name, at, places)
                    break
    except fastexcel.FastExcelError as error:
        raise SchemaError(f"{file} is not a workbook that can be read: {error}") from None


def _places(file: Path, sheet: str, row: tuple[str | None, ...]) -> dict[str, int]:
    """Which columns have the known headers, whatever their case."""
    said = [" ".join((cell or "").casefold().replace("_", " ").split()) for cell in row]
    places = {name: said.index(title) for name, title in TITLES.items() if title in said}
    if {"source", "call_id"} <= set(places):
        twice = [TITLES[name] for name in places if said.count(TITLES[name]) > 1]
        if twice:
            raise SchemaError(
                f"{file}, sheet {sheet!r}: the header {twice[0]!r} stands there twice: rename one"
            )
    return places
