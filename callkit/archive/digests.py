"""Digests of records: whether two versions of one are the same, and whether what is held is what was read.

A record's digest is 64 bits of BLAKE2b over a text that no other record has. Those of many records are added up, so
that neither order nor files matter. Nothing rests on Polars' own hashes, which differ between its versions.
"""

from __future__ import annotations

from hashlib import blake2b

import polars as pl

from callkit import cdr

__all__ = ["digest_of", "sum_of", "total_text"]

_MISSING = "~"
_MODULUS = 2**128


def digest_of() -> pl.Expr:
    """Digest each row of a CDR frame, as an Int64."""
    record = pl.struct(list(cdr.SCHEMA))
    return record.map_batches(_each, return_dtype=pl.Int64, is_elementwise=True)


def sum_of(digests: str = "digest") -> pl.Expr:
    """Add digests up without overflow."""
    return pl.col(digests).cast(pl.Int128).sum()


def total_text(total: int | None) -> str:
    """Write a sum of digests as 32 hexadecimal digits."""
    return f"{(total or 0) % _MODULUS:032x}"


def _each(records: pl.Series) -> pl.Series:
    frame = records.struct.unnest()
    if frame.is_empty():
        return pl.Series(records.name, [], dtype=pl.Int64)
    texts = frame.select(
        pl.concat_str([_text(frame[name]) for name in cdr.SCHEMA], separator="|")
    ).to_series()
    digests = [blake2b(text, digest_size=8).digest() for text in texts.cast(pl.Binary)]
    as_bytes = pl.Series(records.name, digests, dtype=pl.Binary)
    return as_bytes.bin.reinterpret(dtype=pl.Int64, endianness="big")


def _text(values: pl.Series) -> pl.Expr:
    """Write a column as text; what is empty throughout takes no time."""
    if values.null_count() == values.len():
        return pl.lit(_MISSING)
    column = pl.col(values.name)
    if values.dtype == pl.String:  # with its length, because it may hold anything
        sized = pl.concat_str(column.str.len_bytes().cast(pl.String), pl.lit(":"), column)
        return sized.fill_null(_MISSING)
    if values.dtype == cdr.INSTANT:
        column = column.to_physical()
    return column.cast(pl.String).fill_null(_MISSING)
