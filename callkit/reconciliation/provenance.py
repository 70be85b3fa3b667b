"""What a result rests on, as digests: the same records, rules and version give the same result.

A record's digest is the SHA-256 of a canonical text of its row, and the records' is the sum of theirs modulo 2²⁵⁶: it
depends on neither order nor chunks nor machine, and every copy of a row counts. Nothing of it rests on Polars' own
hashes, which differ between versions. It tells whether two people hold the same data; it is no signature.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from functools import reduce
from hashlib import sha256
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import polars as pl

from callkit.reconciliation.checks import CHECKS
from callkit.reconciliation.wording import money_text

if TYPE_CHECKING:
    from callkit.billing import Rating
    from callkit.reconciliation.facts import Asked
    from callkit.reconciliation.findings import Severities

_MODULUS = 2**256
_BATCH_ROWS = 100_000
_MISSING = "~"
_SEPARATOR = "|"


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a result rests on: the same three give the same result.

    Attributes
    ----------
    records : str
        Digest of the rows, 64 hexadecimal digits.
    rows : int
        How many rows came, exact copies among them.
    rules : str
        Digest of `stated`, 64 hexadecimal digits.
    version : str
        Of callkit.
    stated : dict
        The rules: the rating that the user stated (or None: what is inferred follows from the records), tolerance,
        period, zone, the digests of the rate deck and of what the archive and our own records say, and every check
        with its severity, grade and step. Plain values, fit for JSON.
    """

    records: str
    rows: int
    rules: str
    version: str
    stated: dict[str, Any]

    def __repr__(self) -> str:
        count = f"{self.rows:,} row" if self.rows == 1 else f"{self.rows:,} rows"
        return f"Provenance(records {self.records[:16]}… of {count}, rules {self.rules[:16]}…, callkit {self.version})"

    def __str__(self) -> str:
        """Say all of it, one line each: fit for the foot of a report."""
        return (
            f"Records ({self.rows:,} rows): sha256-sum {self.records}\n"
            f"Rules: sha256 {self.rules}\n"
            f"callkit {self.version}"
        )


def provenance(records: pl.LazyFrame, rows: int, asked: Asked, severities: Severities) -> Provenance:
    """Take the digests of what a result rests on. Reads every row: call it when it is asked for.

    Parameters
    ----------
    records
        The distinct records.
    rows
        How many rows came; exact copies change no charge, but they are counted in the coverage.
    asked
        What the user asked for.
    severities
        The severity of every check.
    """
    stated = rules(asked, severities)
    text = json.dumps(stated, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return Provenance(
        records=digest(records, rows),
        rows=rows,
        rules=sha256(text.encode()).hexdigest(),
        version=version("callkit"),
        stated=stated,
    )


def digest(records: pl.LazyFrame, rows: int) -> str:
    """Digest rows, whatever their order, chunks and order of columns; `rows` is how many came with their copies."""
    schema = records.collect_schema()
    names = sorted(schema)
    row = pl.concat_str([_canonical(name, schema[name]) for name in names], separator=_SEPARATOR)
    batches = records.select(row.alias("row")).collect_batches(
        chunk_size=_BATCH_ROWS, maintain_order=False, engine="streaming"
    )
    total = reduce(lambda so_far, batch: (so_far + _sum(batch["row"])) % _MODULUS, batches, 0)
    head = json.dumps([[name, _kind(schema[name])] for name in names], ensure_ascii=True)
    return sha256(f"{head}\n{rows}\n{total:064x}".encode()).hexdigest()


def rules(asked: Asked, severities: Severities) -> dict[str, Any]:
    """List the rules as plain values; equal amounts, instants and ratings are written alike."""
    return {
        "rating": None if asked.rating is None else _rating(asked.rating),
        "tolerance": None if asked.tolerance is None else money_text(asked.tolerance),
        "period": None
        if asked.period is None
        else [edge.astimezone(UTC).isoformat() for edge in asked.period],
        "tz": asked.tz,
        "rate_deck": None if asked.rate_deck is None else asked.rate_deck.digest,
        "held": {
            name: digest(frame.lazy(), frame.height) if frame.height else None
            for name, frame in (
                ("restatements", asked.held.restatements),
                ("invoiced", asked.held.invoiced),
                ("matched", asked.held.matched),
            )
        },
        "checks": [
            {
                "name": check.name,
                "severity": severities[check.name, check.grade],
                "grade": check.grade,
                "step": check.step,
            }
            for check in CHECKS
        ],
    }


def _sum(texts: pl.Series) -> int:
    return sum(int.from_bytes(sha256(text.encode()).digest()) for text in texts.to_list())


def _kind(dtype: pl.DataType) -> str:
    """Name a dtype in words of our own, because Polars may come to write it differently."""
    if isinstance(dtype, pl.Datetime):
        return f"instant {dtype.time_unit} {dtype.time_zone}"
    if isinstance(dtype, pl.Decimal):
        return f"decimal {dtype.scale}"
    if isinstance(dtype, pl.Duration):
        return f"duration {dtype.time_unit}"
    if dtype.is_integer():
        return "whole"
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return "text"
    return str(dtype).lower()


def _canonical(name: str, dtype: pl.DataType) -> pl.Expr:
    """Write a column as text that no other value has: text with its length, because it may hold anything."""
    column = pl.col(name)
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return _sized(column.cast(pl.String))
    if dtype == pl.Binary:
        return _sized(column.bin.encode("hex"))
    if dtype.is_temporal():
        return column.to_physical().cast(pl.String).fill_null(_MISSING)
    if dtype.is_float():
        bits = column.cast(pl.Float64).reinterpret(dtype=pl.UInt64)
        return bits.cast(pl.String).fill_null(_MISSING)
    if dtype.is_nested():
        return _sized(pl.struct(column).struct.json_encode())
    return column.cast(pl.String).fill_null(_MISSING)


def _sized(text: pl.Expr) -> pl.Expr:
    sized = pl.concat_str(text.str.len_bytes().cast(pl.String), pl.lit(":"), text)
    return sized.fill_null(_MISSING)


def _rating(rating: Rating) -> dict[str, Any]:
    return {
        "per_seconds": rating.per_seconds,
        "decimals": rating.decimals,
        "rounding": rating.rounding,
        "connect_fee": money_text(Decimal(rating.connect_fee)),
        "attempt_fee": money_text(Decimal(rating.attempt_fee)),
        "increments": rating.increments,
    }
