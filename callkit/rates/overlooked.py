"""Columns of a deck that no name was found for, although what they hold would change the money."""

from __future__ import annotations

import polars as pl

from callkit.errors import SchemaError
from callkit.rates.part import Part

# Two numbers and a sign, as in 60/60, 6+6 or 30 s / 6 s; a date has three.
_INCREMENTS = r"^\s*[1-9]\d{0,3}\s*(?:s|secs?|seconds?)?\s*[+/]\s*[1-9]\d{0,3}\s*(?:s|secs?|seconds?)?\.?\s*$"
_DATES = (
    r"^\s*(?:\d{4}([-/.])\d{1,2}([-/.])\d{1,2}|\d{1,2}([-/.])\d{1,2}([-/.])\d{2,4}"
    r"|\d{1,2}[-/. ]?[A-Za-z]{3,9}[-/. ,]*\d{2,4})(?:[T ][\d:.]+.*)?\s*$"
)


def refuse_overlooked(part: Part) -> None:
    """Refuse a deck that says neither increments nor dates by a name that is known, but in some other column.

    Raises
    ------
    SchemaError
        With the column, and what to say of it.
    """
    of, stated = part.sheet.of, part.stated
    asked = {*(stated.columns or {}), *of.values()}
    others = [cells for cells in part.sheet.frame if cells.name not in asked]
    if not {"bill_period", "initial", "subsequent"} & set(of):
        _refuse(part, others, _INCREMENTS, "increments", "bill_period")
    if not {"valid_from", "valid_to"} & set(of) and stated.valid_from is None:
        _refuse(part, others, _DATES, "dates", "valid_from")


def _refuse(part: Part, columns: list[pl.Series], form: str, what: str, name: str) -> None:
    found = next((cells.name for cells in columns if _all(cells.drop_nulls(), form)), None)
    if found is not None:
        raise SchemaError(
            f"{part.where}: column {found!r} holds {what}, and its header does not say of what. Say that it is the "
            f"{name}, columns={{{found!r}: {name!r}}}, or leave it out, columns={{{found!r}: None}}."
        )


def _all(cells: pl.Series, form: str) -> bool:
    if cells.dtype in (pl.Date, pl.Datetime):
        return form is _DATES and cells.len() > 0
    if cells.dtype != pl.String:
        return False
    told = cells.filter(cells.str.strip_chars() != "")
    return told.len() > 0 and bool(told.str.contains(form).all())
