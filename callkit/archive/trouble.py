"""What delta-rs, Polars and the system raise, as errors that say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import polars as pl

from callkit.errors import ArchiveBusy, ArchiveError

__all__ = ["explained"]


@contextmanager
def explained(uri: str, what: str) -> Iterator[None]:
    """Turn what delta-rs, Polars and the system raise into an ArchiveError that says what to do."""
    errors = import_module("deltalake.exceptions")
    problem: ArchiveError | None = None
    try:
        yield
    except errors.CommitFailedError as error:
        problem = ArchiveBusy(
            f"the archive at {uri} was written to by another process meanwhile ({_first(error)}). Nothing of "
            f"this commit was kept; sync again."
        )
    except BaseException as error:
        # A panic of the Rust below is a BaseException, of a class of its own in each library.
        known = (errors.DeltaError, pl.exceptions.PolarsError, OSError)
        if not isinstance(error, known) and type(error).__name__ != "PanicException":
            raise
        problem = ArchiveError(
            f"the archive at {uri} {what}: {_told(error)}. {_advice(str(error), what)} What was committed "
            f"before is kept."
        )
    if problem is not None:
        raise problem


def _advice(said: str, what: str) -> str:
    text = said.lower()
    if "no space left" in text or "os error 28" in text or "file too large" in text or "quota" in text:
        return "Make room on the disk and sync again."
    if "permission denied" in text or "read-only" in text or "os error 13" in text or "os error 30" in text:
        return "Check the permissions of the folder and the account that runs this."
    if what == "cannot be read":
        return "A file may be damaged or missing: archive.verify() names it; bring it back from a backup."
    return "Check the disk or the network, then sync again."


def _told(error: BaseException) -> str:
    """A panic's words are about the insides of a library, not about the file that it choked on."""
    if type(error).__name__ == "PanicException":
        return f"the library that reads and writes its files gave up ({_first(error)[:80]}…)"
    return _first(error)


def _first(error: BaseException) -> str:
    # delta-rs colours its errors for a terminal.
    text = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", str(error)).split())
    return text if len(text) <= 400 else text[:399] + "…"
