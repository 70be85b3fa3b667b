"""What others sent, made fit to be shown: in a cell, a page or a letter."""

from __future__ import annotations

import polars as pl

PIECE = 16_000
"""Characters of a text that stand in one cell: in UTF-16 never more than a workbook's cell can hold."""

_UNPRINTABLE = r"[\p{C}&&[^\n]]"
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def printable(text: pl.Expr) -> pl.Expr:
    """Take out what has no shape of its own: control characters, changes of direction, private ones."""
    plain: pl.Expr = (
        text.str.replace_all(r"\r\n?", "\n")
        .str.replace_all("\t", " ")
        .str.replace_all(_UNPRINTABLE, _REPLACEMENT)
    )
    return plain


def shown(text: pl.Expr) -> pl.Expr:
    """Make a text printable and short enough for a cell, which then says how much is missing."""
    plain = printable(text)
    more = plain.str.len_chars().cast(pl.Int64) - PIECE
    return (
        pl.when(more > 0)
        .then(
            pl.format(
                "{}… (and {} more characters: see the sheet of long texts)", plain.str.head(PIECE), more
            )
        )
        .otherwise(plain)
    )


def printed(text: str) -> str:
    """The same for one text."""
    told: str = pl.select(shown(pl.lit(text))).item()
    return told
