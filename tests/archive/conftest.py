"""A month of the sandbox while it is still going on, and what a test needs to look at an archive."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

import callkit as ck
from callkit import cdr
from callkit.archive.readings import Reading
from callkit.archive.sync import Writer
from callkit.archive.vendors import ITNIO
from callkit.fetch.windows import Window

EARLY = datetime(2026, 9, 20, 8, tzinfo=UTC)
LATE = datetime(2026, 10, 6, 9, tzinfo=UTC)
START, END = "2026-09-10T00:00:00Z", "2026-09-20T07:00:00Z"
ALWAYS = timedelta(days=60)


@pytest.fixture
def sandbox() -> Iterator[ck.Sandbox]:
    """In the middle of the month: what comes late is not there yet, and nothing is restated yet."""
    with ck.Sandbox(calls=600, seed=7, now=EARLY, restated_share=0.05, late_share=0.05) as sandbox:
        yield sandbox


@pytest.fixture
def by_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a large account: every window is a day."""
    monkeypatch.setattr("callkit.archive.vendors._RECORDS_AT_ONCE", 1)


@pytest.fixture
def archive(sandbox: ck.Sandbox, tmp_path: Path) -> ck.Archive:
    """Empty, on the sandbox's clock."""
    return ck.Archive(tmp_path / "archive", clock=lambda: sandbox.now)


def call(number: int, at: datetime | None = datetime(2026, 9, 1, tzinfo=UTC), **values: object) -> dict:
    """A record of few words."""
    return {"source": ITNIO, "call_id": f"{number:019}", "found": True, "submitted_at": at, **values}


def frame(*calls: dict) -> pl.DataFrame:
    """A CDR frame out of such records."""
    return pl.DataFrame(
        {name: pl.Series([one.get(name) for one in calls], dtype=dtype) for name, dtype in cdr.SCHEMA.items()}
    )


def write(archive: ck.Archive, calls: pl.DataFrame, start: datetime, end: datetime) -> None:
    """Commit a reading of a window without a vendor."""
    with archive._writing(0, ITNIO, "a") as writer:
        assert isinstance(writer, Writer)
        window = Window(int(start.timestamp()), int(end.timestamp()))
        writer.add(Reading("window", calls, calls.height, window))
        writer.flush()


@pytest.fixture(scope="session")
def kit() -> SimpleNamespace:
    """The above, for tests that cannot import this file (pytest runs with --import-mode=importlib)."""
    return SimpleNamespace(
        EARLY=EARLY, LATE=LATE, START=START, END=END, ALWAYS=ALWAYS, call=call, frame=frame, write=write
    )
