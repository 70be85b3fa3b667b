"""Cells of text into values: each one exactly, or named as unreadable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from callkit.cdr import INSTANT, MONEY

_AMOUNT = r"^[+-]?[0-9]{1,28}(\.[0-9]{1,10}0*)?$"
_WHOLE = r"^[+-]?[0-9]+$"
_USUAL = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\+00:00$"
_INSTANT = (
    r"^([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-2][0-9]:[0-5][0-9]):?([0-5][0-9])?(\.[0-9]{1,6})?0* ?"
    r"(?:(Z|z)|([+-])([0-2][0-9]):?([0-5][0-9])?)?$"
)

_ERRORS = {
    "Div0": "#DIV/0!",
    "NA": "#N/A",
    "Name": "#NAME?",
    "Null": "#NULL!",
    "Num": "#NUM!",
    "Ref": "#REF!",
    "Value": "#VALUE!",
}

_NAMED = 20
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell that is not what its column needs; `place` goes before the row: the sheet, where there is one."""

    row: int
    column: str
    value: str
    expected: str
    place: str = ""


def listed(source: str, unreadable: Sequence[Unreadable]) -> str:
    """Name up to twenty unreadable cells of a file by place and row, and count the rest.

    Examples
    --------
    >>> from callkit.files.cells import Unreadable, listed
    >>> print(listed("deck.csv", [Unreadable(7, "Rate", "tba", "an amount like 0.0799")]))
    deck.csv: 1 cell cannot be read.
      row 7, column 'Rate': 'tba', expected an amount like 0.0799
    """
    lines = [
        f"  {cell.place}row {cell.row}, column {cell.column!r}: {_shown(cell.value)}, expected {cell.expected}"
        for cell in unreadable[:_NAMED]
    ]
    if len(unreadable) > _NAMED:
        lines.append(f"  … and {len(unreadable) - _NAMED:,} more")
    count = "1 cell" if len(unreadable) == 1 else f"{len(unreadable):,} cells"
    return "\n".join([f"{source}: {count} cannot be read.", *lines])


def error_value(detail: str) -> str:
    """The value of a workbook's cell that holds an error, as a spreadsheet shows it; else what its reader said.

    Examples
    --------
    >>> from callkit.files.cells import error_value
    >>> error_value("Expected string but got 'Error(Div0)'")
    '#DIV/0!'
    """
    return next((shown for name, shown in _ERRORS.items() if f"Error({name})" in detail), detail)


def _shown(value: str) -> str:
    return repr(value) if len(value) <= _LONGEST else f"{value[:_LONGEST]!r}…"


def converted(
    cells: pl.Series, dtype: pl.DataType, zone: str | None, rows: pl.Series, column: str
) -> tuple[pl.Series, list[Unreadable]]:
    """Turn cells of text into values of a dtype; an empty cell is a missing value.

    Parameters
    ----------
    cells
        The column, as text.
    dtype
        One of the CDR frame's.
    zone
        The zone of instants that are written without an offset; None refuses them.
    rows, column
        Where the cells are: row numbers, and what the file calls the column.
    """
    if dtype == pl.String:
        return cells, []
    read, expected = _READERS[dtype]
    text = pl.col("cells").str.strip_chars()
    told = pl.DataFrame({"cells": cells, "row": rows}).with_columns(value=read(text, zone).cast(dtype))
    if dtype == INSTANT:
        told = _otherwise_written(told, zone)
    bad = told.filter(text.fill_null("") != "", pl.col("value").is_null())
    if dtype == INSTANT and zone is None:
        expected += ", with an offset (or say which zone it is in: tz=)"
    unreadable = [Unreadable(row, column, cell, expected) for row, cell in bad.select("row", "cells").rows()]
    return told["value"].rename(cells.name), unreadable


def placed(
    instants: pl.Series, zone: str, rows: pl.Series, column: str
) -> tuple[pl.Series, list[Unreadable]]:
    """Turn local times into instants; what the clock shows twice or never is unreadable."""
    told = pl.DataFrame({"cells": instants, "row": rows}).with_columns(
        value=_in_zone(pl.col("cells").cast(pl.Datetime("us")), zone)
    )
    bad = told.filter(pl.col("cells").is_not_null(), pl.col("value").is_null())
    expected = f"a time that the clock shows once in {zone}"
    return told["value"].rename(instants.name), [
        Unreadable(row, column, str(cell), expected) for row, cell in bad.select("row", "cells").rows()
    ]


def _whole(text: pl.Expr, zone: str | None) -> pl.Expr:
    del zone
    return pl.when(text.str.contains(_WHOLE)).then(text.str.strip_prefix("+")).cast(pl.Int64, strict=False)


def _amount(text: pl.Expr, zone: str | None) -> pl.Expr:
    """More than ten decimals would be rounded without a word: only zeros may stand there."""
    del zone
    return pl.when(text.str.contains(_AMOUNT)).then(text.str.strip_prefix("+")).cast(MONEY, strict=False)


def _flag(text: pl.Expr, zone: str | None) -> pl.Expr:
    del zone
    said = text.str.to_lowercase()
    return pl.when(said == "true").then(pl.lit(True)).when(said == "false").then(pl.lit(False))


def _in_utc(text: pl.Expr, zone: str | None) -> pl.Expr:
    """Read instants as callkit writes them; the others are read more slowly, by `_otherwise_written`."""
    del zone
    usual = pl.when(text.str.contains(_USUAL)).then(text.str.head(19))
    return usual.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False).dt.replace_time_zone(
        "UTC"
    )


def _otherwise_written(told: pl.DataFrame, zone: str | None) -> pl.DataFrame:
    others = told.filter(pl.col("cells").is_not_null(), pl.col("value").is_null()).select("cells").unique()
    if others.is_empty():
        return told
    read = others.with_columns(other=_iso(pl.col("cells").str.strip_chars(), zone).cast(INSTANT))
    return told.join(read, on="cells", how="left", maintain_order="left").with_columns(
        pl.coalesce("value", "other").alias("value")
    )


def _iso(text: pl.Expr, zone: str | None) -> pl.Expr:
    """ISO 8601: a local time and how far it is ahead of UTC, or a local time in a stated zone."""
    part = text.str.extract_groups(_INSTANT).struct
    written = pl.concat_str(
        part.field("1"),
        pl.lit("T"),
        part.field("2"),
        pl.lit(":"),
        part.field("3").fill_null("00"),
        part.field("4").fill_null(".0"),
    )
    local = written.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
    hours, minutes = part.field("7").cast(pl.Int64), part.field("8").fill_null("0").cast(pl.Int64)
    ahead = pl.when(part.field("6") == "-").then(-1).otherwise(1) * (hours * 60 + minutes)
    offset = pl.when(part.field("5").is_not_null()).then(0).otherwise(ahead)
    known = (local - pl.duration(minutes=offset)).dt.replace_time_zone("UTC")
    return (
        known if zone is None else pl.when(offset.is_not_null()).then(known).otherwise(_in_zone(local, zone))
    )


def _in_zone(local: pl.Expr, zone: str) -> pl.Expr:
    """What the clock showed twice or never is no instant."""
    placed = local.dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
    return placed.dt.convert_time_zone("UTC")


_Reader = Callable[[pl.Expr, str | None], pl.Expr]
_READERS: dict[pl.DataType | type[pl.DataType], tuple[_Reader, str]] = {
    pl.Int64(): (_whole, "a whole number like 36"),
    MONEY: (_amount, "an amount like 0.0799, with at most 10 decimals"),
    pl.Boolean(): (_flag, "true or false"),
    INSTANT: (_in_utc, "an instant like 2026-09-01T12:00:00+00:00"),
}
