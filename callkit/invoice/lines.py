"""The rows of an invoice's table into lines: every cell exactly, or named as unreadable."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import polars as pl

from callkit.cdr import MONEY
from callkit.errors import SchemaError
from callkit.files.amounts import Sign, amounts
from callkit.files.cells import Unreadable
from callkit.files.columns import plain
from callkit.files.sheets import Sheet
from callkit.invoice.kinds import KINDS, TOTAL, is_total, kind_by_label, kind_of
from callkit.invoice.reading import Reading, Told
from callkit.invoice.schema import CURRENCY_OF_HEADER, LABELS, LINES
from callkit.invoice.spans import periods

_OPTIONAL = ("direction", "source")
_CODES = {"€": "EUR"}
_COUNT = "a whole number like 36"
_MOST = 10**10


def lines_of(sheet: Sheet, told: Told) -> tuple[pl.DataFrame, list[Unreadable]]:
    """Read a table's lines, totals among them as lines of the kind `total`.

    Returns
    -------
    pl.DataFrame, list of Unreadable
        `LINES` without `line`, then the columns that callkit does not know; and the cells that cannot be read.
        A total's currency and period may be null.
    """
    sheet = _with_label(sheet)
    reading = Reading(sheet, told, list(sheet.unreadable))
    totals = _totals(sheet)
    values: dict[str, pl.Series] = {
        "place": pl.Series("place", [f"{sheet.place}row {row}" for row in sheet.rows], dtype=pl.String),
        "destination": sheet.text("destination"),
        "call_id": sheet.text("call_id"),
        "amount": _amounts(reading),
    }
    for name in ("calls", "charged_seconds"):
        values[name] = _counts(reading, name)
    values["charged_minutes"] = _minutes(reading)
    values["kind"] = _kinds(reading, values, totals)
    values["currency"] = _currencies(reading, values["kind"])
    values["period_start"], values["period_end"] = periods(reading, values["kind"])
    known = [values[name].rename(name) for name in LINES if name != "line"]
    extra = [sheet.text(name) for name in _OPTIONAL if name in sheet.of]
    taken = {*sheet.of.values(), *LINES, *(column.name for column in extra)}
    others = [sheet.frame[name] for name in sheet.frame.columns if name not in taken]
    bad = [replace(cell, place=cell.place or sheet.place) for cell in reading.bad]
    return pl.DataFrame([*known, *extra, *others]), bad


def _with_label(sheet: Sheet) -> Sheet:
    """Take a column such as "Description" for the destination where no other is one."""
    labels = [
        name
        for name in sheet.frame.columns
        if name not in sheet.of.values() and re.fullmatch(LABELS, plain(name))
    ]
    if "destination" in sheet.of or len(labels) != 1:
        return sheet
    return replace(sheet, of={**sheet.of, "destination": labels[0]})


def _totals(sheet: Sheet) -> list[bool]:
    """Find the rows in which a cell says that they are totals."""
    texts = sheet.frame.select(pl.col(pl.String))
    said = {text for name in texts.columns for text in texts[name].unique().drop_nulls() if is_total(text)}
    if not said:
        return [False] * sheet.frame.height
    found: list[bool] = (
        texts.select(pl.any_horizontal(pl.all().is_in(list(said))))
        .to_series()
        .fill_null(value=False)
        .to_list()
    )
    return found


def _amounts(reading: Reading) -> pl.Series:
    cells, rows, column = reading.cells("amount")
    read, bad = amounts(cells, rows, column, decimal=reading.told.decimal, where=reading.told.where)
    reading.bad += bad
    named = {cell.row for cell in bad}
    for at, value in enumerate(read):
        if value is None and rows[at] not in named:
            reading.refuse(at, "amount", cells[at], "the line's amount")
    return read


def _counts(reading: Reading, name: Literal["calls", "charged_seconds"]) -> pl.Series:
    cells, rows, column = reading.cells(name)
    if cells.dtype.is_float() and bool((cells.floor() == cells).all()):
        cells = cells.cast(pl.Int64)  # pandas has no other form for whole numbers of which some are missing
    sign = _decimal_sign(reading)
    read, bad = amounts(cells, rows, column, decimal=sign, expected=_COUNT, where=reading.told.where)
    reading.bad += bad
    whole = read.cast(pl.Int64, strict=False)
    sensible = (read == whole.cast(MONEY)) & (read.abs() <= _MOST)
    for at in (read.is_not_null() & ~sensible.fill_null(value=False)).arg_true():
        other = "." if sign == "," else ","
        thousands = f" (say decimal={other!r} if the file writes thousands with {sign!r})"
        reading.refuse(at, name, cells[at], _COUNT + (thousands if cells.dtype == pl.String else ""))
    return whole


def _decimal_sign(reading: Reading) -> Sign:
    """Say which sign the amounts show to be the decimal one: in a count it can only part thousands."""
    cells, _, _ = reading.cells("amount")
    commas = cells.dtype == pl.String and cells.str.contains(r",(\d{1,2}|\d{4,})\D*$").any()
    return reading.told.decimal or ("," if commas else ".")


def _minutes(reading: Reading) -> pl.Series:
    cells, rows, column = reading.cells("charged_minutes")
    if cells.dtype.is_float() and bool((cells.floor() == cells).all()):
        cells = cells.cast(pl.Int64)
    expected = "minutes like 12.35, with at most 10 decimals"
    read, bad = amounts(
        cells, rows, column, decimal=reading.told.decimal, expected=expected, where=reading.told.where
    )
    reading.bad += bad
    for at in (read.abs() > _MOST).fill_null(value=False).arg_true():
        reading.refuse(at, "charged_minutes", cells[at], expected)
    return read


def _kinds(reading: Reading, values: Mapping[str, pl.Series], totals: list[bool]) -> pl.Series:
    cells = reading.sheet.text("kind")
    words = {word: kind_of(word, reading.told.kinds) for word in cells.unique().drop_nulls()}
    measured = pl.DataFrame([values[name] for name in ("calls", "charged_seconds", "charged_minutes")])
    usage = measured.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    kinds = []
    for at, word in enumerate(cells):
        kind = None if word is None else words[word]
        if totals[at]:
            kind = TOTAL
        elif word is None:
            kind = "usage" if usage[at] else kind_by_label(values["destination"][at])
        elif kind is None:
            reading.refuse(
                at, "kind", word, f"one of {', '.join(KINDS)}; say what it is: kinds={{{word!r}: 'fee'}}"
            )
        kinds.append(kind)
    return pl.Series("kind", kinds, dtype=pl.String)


def _currencies(reading: Reading, kinds: pl.Series) -> pl.Series:
    cells, stated = reading.sheet.text("currency"), reading.told.currency
    own = stated if isinstance(stated, Mapping) else {}
    named = re.fullmatch(CURRENCY_OF_HEADER, plain(reading.sheet.of["amount"]))
    default = stated if isinstance(stated, str) else named[1].upper() if named else None
    if "currency" not in reading.sheet.of and default is None:
        raise SchemaError(
            f"{reading.told.where}: no column says which currency the amounts are in. Say it: currency='USD', or name "
            f"the column: columns={{'…': 'currency'}}."
        )
    codes = {text: own.get(text, _CODES.get(text, text.upper())) for text in cells.unique().drop_nulls()}
    found = []
    for at, text in enumerate(cells):
        code = default if text is None else codes[text]
        if code is not None and not re.fullmatch("[A-Z]{3}", code):
            expected = f"a currency code like USD; say which one it is: currency={{{text!r}: 'USD'}}"
            reading.refuse(at, "currency", text, expected)
        elif code is None and kinds[at] != TOTAL:
            reading.refuse(at, "currency", None, "a currency code like USD, or currency='USD' for such cells")
        found.append(code)
    return pl.Series("currency", found, dtype=pl.String)
