"""A sync is killed with SIGKILL: the archive opens, verifies, and one more sync makes it whole.

Each kill is a process of its own that syncs, commit by commit, a month of which an earlier state is held: so it
appends, ends versions, compacts, and keeps bodies. Ten random moments and some seams between two commits by default,
to be quick; `CALLKIT_KILLS=50 python -m pytest tests/archive/test_kills.py` tries more.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

import callkit as ck

pytestmark = pytest.mark.filterwarnings("ignore:.*lists .* under an id that it lists already:UserWarning")

KILLS = int(os.environ.get("CALLKIT_KILLS", "10"))
PERIOD = ("2026-09-01T00:00:00Z", "2026-10-01T00:00:00Z")

# Says "ready" when it is loaded, begins when it is told to, and can kill itself at a seam: before or after the n-th
# thing that it writes.
CHILD = """
import os, signal, sys, warnings
from datetime import UTC, datetime, timedelta
import callkit as ck
from callkit.archive import sync, vendors
from callkit.archive.store import Store
warnings.simplefilter("ignore")
folder, url, seam, when = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
sync._RECORDS_AT_ONCE = 60
vendors._RECORDS_AT_ONCE = 1
client = ck.ItnioVoice("sbxK3yF7", "sbxS3cr9", base_url=f"{url}/voice")
written = 0
def at_seam(write):
    def writing(*arguments, **named):
        global written
        written += 1
        if seam == "before" and written == when:
            os.kill(os.getpid(), signal.SIGKILL)
        done = write(*arguments, **named)
        if seam == "after" and written == when:
            os.kill(os.getpid(), signal.SIGKILL)
        return done
    return writing
if seam in ("before", "after"):
    Store.append, Store.commit, Store.compact = map(at_seam, (Store.append, Store.commit, Store.compact))
archive = ck.Archive(folder, keep_raw=True, clock=lambda: datetime(2026, 10, 6, 9, tzinfo=UTC))
client.account
print("ready", flush=True)
sys.stdin.readline()
archive.sync(client, "2026-09-01T00:00:00Z", "2026-10-01T00:00:00Z", look_back=timedelta(days=60))
print("done", flush=True)
"""


@dataclass
class Case:
    """A vendor with a month that is over, an archive of its first twenty days as they were then, and the truth."""

    vendor: ck.Sandbox
    held: ck.Archive
    truth: pl.DataFrame
    early: datetime
    late: datetime

    def archive(self, folder: Path) -> ck.Archive:
        return ck.Archive(folder, keep_raw=True, clock=lambda: self.late)

    def copied(self, folder: Path) -> Path:
        shutil.copytree(self.held.uri, folder)
        return folder

    @contextmanager
    def syncing(self, folder: Path, seam: str = "never", when: int = 0) -> Iterator[subprocess.Popen[str]]:
        """Load a process, and let it begin."""
        command = [sys.executable, "-c", CHILD, str(folder), self.vendor.url, seam, str(when)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout.readline() == "ready\n"
            running.stdin.write("go\n")
            running.stdin.flush()
            yield running

    def recovers(self, folder: Path) -> None:
        """Check what a kill has left: it opens, verifies, lost nothing of before, and is whole after one more sync."""
        archive = self.archive(folder)
        before = self.sorted(self.held.scan())
        assert archive.verify()["problem"].null_count() == archive.ledger().height
        assert self.sorted(archive.scan(as_of=self.early)).equals(before)
        archive.sync(self.vendor.itnio_voice(), *PERIOD, look_back=timedelta(days=60))
        assert self.sorted(archive.scan()).equals(self.truth)
        assert archive.verify()["problem"].null_count() == archive.ledger().height
        assert self.sorted(archive.scan(as_of=self.early)).equals(before)
        assert archive.coverage().filter("complete").height == 30

    @staticmethod
    def sorted(rows: pl.LazyFrame) -> pl.DataFrame:
        return ck.cdr.sort(rows.collect())


@pytest.fixture(scope="module")
def case(tmp_path_factory, kit) -> Iterator[Case]:
    with ck.Sandbox(calls=300, seed=7, now=kit.EARLY, restated_share=0.1, late_share=0.1) as vendor:
        folder = tmp_path_factory.mktemp("held") / "archive"
        held = ck.Archive(folder, keep_raw=True, clock=lambda: kit.EARLY)
        held.sync(vendor.itnio_voice(), PERIOD[0], "2026-09-20T07:00:00Z")
        vendor.advance(kit.LATE)
        yield Case(vendor, held, vendor.itnio_voice().fetch(*PERIOD), kit.EARLY, kit.LATE)


@pytest.fixture(scope="module")
def seconds(case, tmp_path_factory) -> float:
    """How long the sync takes when nobody kills it."""
    with case.syncing(case.copied(tmp_path_factory.mktemp("undisturbed") / "archive")) as running:
        began = time.monotonic()
        assert running.stdout.readline().startswith("done")
        return time.monotonic() - began


def test_killed_at_any_moment(case, seconds, tmp_path):
    """Wherever SIGKILL strikes, the archive verifies, and one more sync reaches exactly the vendor's records."""
    moments = random.Random(7)
    killed = 0
    for number in range(KILLS):
        folder = case.copied(tmp_path / f"kill-{number}")
        with case.syncing(folder) as running:
            time.sleep(moments.uniform(0.0, seconds))
            running.kill()
        killed += running.returncode == -signal.SIGKILL
        case.recovers(folder)
        shutil.rmtree(folder)
    assert killed >= KILLS // 2


@pytest.mark.parametrize(
    ("seam", "when"), [("before", 1), ("after", 1), ("after", 2), ("before", 6), ("after", 5), ("after", 8)]
)
def test_killed_at_a_seam(case, tmp_path, seam, when):
    """Between the bodies, the records and the ledger there is no moment that costs anything."""
    folder = case.copied(tmp_path / "archive")
    with case.syncing(folder, seam, when) as running:
        assert running.wait(timeout=60) == -signal.SIGKILL
    assert (folder / ".callkit-lock").exists()
    case.recovers(folder)
    assert not (folder / ".callkit-lock").exists()
