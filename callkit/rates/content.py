"""What a deck holds: read from one source, and with a later deck laid over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from callkit.cdr import schema_of
from callkit.errors import SchemaError
from callkit.files.cells import Unreadable, listed
from callkit.files.sheets import name_of
from callkit.rates.reading import rows_of
from callkit.rates.schema import ROWS
from callkit.rates.stated import Stated, Unit, unit_text
from callkit.rates.versions import followed, refuse_contradictions, stacked

UNREADABLE = schema_of(place=pl.String, column=pl.String, value=pl.String, expected=pl.String)


@dataclass(frozen=True, slots=True)
class Content:
    """What a deck holds; see `RateDeck` for each."""

    rows: pl.DataFrame
    unreadable: pl.DataFrame
    name: str
    per_seconds: Unit | None


def content_of(
    source: object,
    stated: Stated,
    *,
    unreadable: Literal["refuse", "list"],
    contradictory: Literal["refuse", "first", "last"],
) -> Content:
    """Read one source; see `RateDeck.read`.

    Raises
    ------
    SchemaError
        If cells cannot be read, a choice is open, or there is no price.
    """
    name = name_of(source)
    frames, cells, unit = rows_of(source, stated)
    if cells and unreadable == "refuse":
        raise SchemaError(
            f"{listed(name, cells)}\nMend the file, or read it with unreadable='list': the other rows are then read, "
            f"and these are listed in the deck's .unreadable."
        )
    rows = _numbered(stacked(frames, name))
    if rows.is_empty():
        count = "no row of it can be read" if cells else "there are no rows below its header"
        raise SchemaError(f"{name} holds no price: {count}.")
    if contradictory == "refuse":
        refuse_contradictions(rows, name)
    return Content(rows, _listed(cells), name, unit)


def laid_over(earlier: Content, later: Content) -> Content:
    """Lay a later deck over an earlier one; see `RateDeck.followed_by`.

    Raises
    ------
    ValueError
        If a row of the later deck has no start, or the decks' units differ.
    """
    refuse_other_unit(earlier, later)
    undated = later.rows.filter(pl.col("valid_from").is_null())
    if undated.height:
        raise ValueError(
            f"{later.name}, {undated['place'][0]}: prefix {undated['prefix'][0]!r} has no start, so "
            f"that it is open when it takes over from {earlier.name}: read it with valid_from='2026-09-01', or "
            f"whenever it begins"
        )
    both = (earlier, later)
    return Content(
        rows=_numbered(followed(*(_with_name(deck.rows, deck.name) for deck in both))),
        unreadable=pl.concat([_with_name(deck.unreadable, deck.name) for deck in both]),
        name=f"{earlier.name} + {later.name}",
        per_seconds=earlier.per_seconds,
    )


def refuse_other_unit(deck: Content, other: Content) -> None:
    """Refuse two decks whose rates are not the price of the same.

    Raises
    ------
    ValueError
        If they are not.
    """
    if deck.per_seconds == other.per_seconds:
        return
    said = [
        f"those of {each.name} "
        + ("do not say it" if each.per_seconds is None else f"are per {unit_text(each.per_seconds)}")
        for each in (deck, other)
    ]
    raise ValueError(
        f"the rates of the two decks are not per the same unit: {', '.join(said)}. Read both with per_seconds=."
    )


def _listed(cells: Sequence[Unreadable]) -> pl.DataFrame:
    told = [(f"{cell.place}row {cell.row}", cell.column, cell.value, cell.expected) for cell in cells]
    return pl.DataFrame(told, schema=UNREADABLE, orient="row")


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    return (
        rows.drop("row", strict=False)
        .with_row_index("row")
        .select(pl.col(name).cast(dtype) for name, dtype in ROWS.items())
    )


def _with_name(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Begin each place with the deck's name, but not once more in a deck that is made of several."""
    if " + " in name:
        return frame
    return frame.with_columns(pl.format("{}, {}", pl.lit(name), "place").alias("place"))
