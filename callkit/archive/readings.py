"""What a sync reads and what it did, as plain values."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import polars as pl

from callkit.fetch.windows import Window

__all__ = ["Body", "Reading", "Synced", "counted"]


@dataclass(frozen=True, slots=True)
class Body:
    """A gzipped answer, the digest of what came, and which question it answers."""

    question: tuple[str | int, ...]
    digest: str
    zipped: bytes

    @classmethod
    def of(cls, question: tuple[str | int, ...], body: bytes) -> Body:
        """Zip a body; equal bodies give equal bytes."""
        return cls(question, sha256(body).hexdigest(), gzip.compress(body, 6, mtime=0))


@dataclass(frozen=True, slots=True)
class Reading:
    """A verified reading.

    Attributes
    ----------
    kind
        `window`, `ids` or `frame`.
    frame
        What came, a CDR frame.
    total
        How many records the vendor counted, or how many ids were asked for.
    window
        The stretch that was read.
    complete
        Whether all of the window is verified; False for a part whose whole is still being read.
    bodies
        The answers behind it.
    """

    kind: str
    frame: pl.DataFrame
    total: int
    window: Window | None = None
    complete: bool = True
    bodies: Sequence[Body] = ()


@dataclass(slots=True)
class Synced:
    """What a sync did.

    Attributes
    ----------
    read
        Windows read and verified, or ids asked for.
    settled
        Of the period, how many seconds did not have to be read again.
    records
        Distinct records that came.
    new, changed
        Of them, those of calls that were not held before, and those of calls that were held with other values.
    pending
        Ids that have no record yet; they are asked for again.
    """

    read: int = 0
    settled: int = 0
    records: int = 0
    new: int = 0
    changed: int = 0
    pending: int = 0
    unit: str = field(default="window", repr=False)

    def __str__(self) -> str:
        told = [
            f"{counted(self.read, self.unit)} read",
            counted(self.records, "record"),
            f"{self.new:,} new",
            f"{self.changed:,} changed",
        ]
        if self.pending:
            told.append(f"{counted(self.pending, 'id')} without a record yet")
        return ", ".join(told)


def counted(count: int, what: str) -> str:
    """Say how many of what."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
