"""What a bad disk does: a clear error, and what was held before is intact."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

import callkit as ck
from callkit.archive.trouble import explained

pytestmark = pytest.mark.filterwarnings("ignore:.*lists .* under an id that it lists already:UserWarning")
DAY = ("2026-09-10T00:00:00Z", "2026-09-11T00:00:00Z")
NEXT = ("2026-09-11T00:00:00Z", "2026-09-19T00:00:00Z")

# A process of its own: it gives up rights or runs into limits that a test must not have.
CHILD = """
import os, resource, signal, sys
import callkit as ck
import warnings; warnings.simplefilter("ignore")
folder, url, how = sys.argv[1:]
client = ck.ItnioVoice("sbxK3yF7", "sbxS3cr9", base_url=f"{url}/voice")
archive = ck.Archive(folder, keep_raw=True)
archive.coverage()
if how == "full":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))
if how == "nobody":
    os.seteuid(65534)
try:
    archive.sync(client, "2026-09-11T00:00:00Z", "2026-09-19T00:00:00Z")
except ck.ArchiveError as error:
    print(error)
    os._exit(3)
"""


def child(archive: ck.Archive, sandbox: ck.Sandbox, how: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(CHILD), archive.uri, sandbox.url, how]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=100)


@pytest.fixture
def a_day(sandbox, archive):
    """An archive that holds one day, and that day's records."""
    archive.sync(sandbox.itnio_voice(), *DAY)
    return archive, ck.cdr.sort(archive.scan().collect())


def intact(archive: ck.Archive, before: pl.DataFrame) -> None:
    assert ck.cdr.sort(archive.scan().collect()).equals(before)
    assert archive.verify()["problem"].null_count() == archive.ledger().height


def test_files_that_cannot_grow(sandbox, a_day):
    """Where nothing more can be written, it is said with what to do, and one more sync with room is all it takes."""
    archive, before = a_day
    ended = child(archive, sandbox, "full")
    assert ended.returncode == 3, ended.stderr
    assert "cannot be written" in ended.stdout
    assert "Make room on the disk" in ended.stdout
    intact(archive, before)
    archive.sync(sandbox.itnio_voice(), *NEXT)
    assert ck.cdr.sort(archive.scan().collect()).equals(sandbox.itnio_voice().fetch(DAY[0], NEXT[1]))


@pytest.fixture
def small_disk(tmp_path):
    """A disk of half a megabyte; None where this machine lets nobody make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder], check=False, capture_output=True
    )
    if not made or made.returncode:
        yield None
        return
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk(sandbox, small_disk):
    """On a disk that fills up on the way, what was committed before is intact, and with room the sync completes."""
    if small_disk is None:
        pytest.skip("only root can mount a small disk; test_files_that_cannot_grow covers the same without")
    archive = ck.Archive(small_disk / "archive", keep_raw=True, clock=lambda: sandbox.now)
    archive.sync(sandbox.itnio_voice(), *DAY)
    before = ck.cdr.sort(archive.scan().collect())
    left = shutil.disk_usage(small_disk).free - 16_384
    (small_disk / "ballast").write_bytes(bytes(left))
    with pytest.raises(ck.ArchiveError, match=r"No space left on device.*Make room on the disk"):
        archive.sync(sandbox.itnio_voice(), *NEXT)
    intact(archive, before)
    (small_disk / "ballast").unlink()
    archive.sync(sandbox.itnio_voice(), *NEXT)
    assert ck.cdr.sort(archive.scan().collect()).equals(sandbox.itnio_voice().fetch(DAY[0], NEXT[1]))


def test_a_folder_that_is_read_only(sandbox, a_day):
    """Without the right to write, the error says so; what is held can still be read."""
    archive, before = a_day
    folders = [Path(archive.uri), *(path for path in Path(archive.uri).rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    # The tests may run as root, whom nothing keeps from writing: then as nobody, who has to get at the folder first.
    for parent in Path(archive.uri).parents:
        if parent.stat().st_uid == os.geteuid() and parent.stat().st_mode & 0o005 != 0o005:
            parent.chmod(parent.stat().st_mode | 0o055)
    try:
        ended = child(archive, sandbox, "nobody" if os.geteuid() == 0 else "read-only")
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert ended.returncode == 3, ended.stderr
    assert "Check the permissions" in ended.stdout
    intact(archive, before)


def files(archive: ck.Archive, name: str) -> list[Path]:
    return sorted(Path(path) for path in archive._store.there(name).file_uris())


def test_a_damaged_file_is_named(sandbox, a_day, kit):
    """A file cut off is named by `verify`, reading says where to look, and the rest of the archive can be read."""
    archive, _ = a_day
    [file] = files(archive, "cdrs")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ck.ArchiveError, match=file.name):
        archive.verify()
    with pytest.raises(ck.ArchiveError, match=r"archive\.verify\(\) names it"):
        archive.coverage()
    with pytest.raises(ck.ArchiveError, match="cannot be read"):
        archive.sync(sandbox.itnio_voice(), *DAY, look_back=kit.ALWAYS)
    assert archive.ledger().height == 1
    file.write_bytes(whole)
    assert archive.verify()["problem"].null_count() == 1


def test_a_file_that_is_missing(a_day):
    """A file that somebody deleted is named, too."""
    archive, _ = a_day
    [file] = files(archive, "cdrs")
    file.unlink()
    with pytest.raises(ck.ArchiveError, match=file.name):
        archive.verify()


def test_records_that_were_tampered_with(a_day):
    """A table that reads well but holds other amounts, or fewer records, does not verify."""
    archive, before = a_day
    archive._store.there("cdrs").update({"cost": "cost + 1"}, predicate=f"call_id = '{before['call_id'][0]}'")
    assert archive.verify()["problem"].to_list() == ["records are not what they were when they were added"]
    archive._store.there("cdrs").delete(f"call_id = '{before['call_id'][0]}'")
    [problem] = archive.verify()["problem"]
    assert problem == f"{before.height} records were added, {before.height - 1} are there"


def test_pages_that_were_tampered_with(sandbox, tmp_path):
    """A kept page that is missing, or is not what came, does not verify, and the reading is named."""
    archive = ck.Archive(tmp_path / "archive", keep_raw=True, clock=lambda: sandbox.now)
    archive.sync(sandbox.itnio_voice(), *DAY)
    assert archive.verify().select("pages", "problem").rows() == [(1, None)]
    rows = archive._store.read(archive._store.scan("raw"))
    body = gzip.decompress(rows["body"].item()).replace(b'"cost":"0', b'"cost":"9')
    archive._store.replace("raw", rows.with_columns(body=pl.lit(gzip.compress(body))), "true")
    assert "is not what came" in archive.verify()["problem"].item()
    archive._store.replace("raw", rows.head(0), "true")
    assert "is missing" in archive.verify()["problem"].item()


def test_a_damaged_page_stops_no_sync(sandbox, tmp_path):
    """Kept pages that cannot be read are told by `verify`; syncing goes on, and keeps what it reads again."""
    archive = ck.Archive(tmp_path / "archive", keep_raw=True, clock=lambda: sandbox.now)
    archive.sync(sandbox.itnio_voice(), *DAY)
    [file] = files(archive, "raw")
    file.write_bytes(b"PAR1")
    archive.sync(sandbox.itnio_voice(), DAY[0], NEXT[1], look_back=timedelta(days=60))
    assert ck.cdr.sort(archive.scan().collect()).equals(sandbox.itnio_voice().fetch(DAY[0], NEXT[1]))
    with pytest.raises(ck.ArchiveError, match=file.name):
        archive.verify()


def test_records_that_the_pages_do_not_give(sandbox, tmp_path, monkeypatch):
    """Should what is kept and what was made of it ever part, the rebuilt records tell, in both directions."""
    archive = ck.Archive(tmp_path / "archive", keep_raw=True, clock=lambda: sandbox.now)
    archive.sync(sandbox.itnio_voice(), *DAY)
    constants = {"source": "itnio-voice", "found": True, "direction": "in", "currency": "USD"}
    monkeypatch.setattr("callkit.fetch.itnio.CONSTANTS", constants)
    [problem] = archive.verify()["problem"]
    assert problem.endswith("records of its pages are not held as they came")


def test_a_log_that_cannot_be_read(a_day):
    """A damaged log is an error that names the table, not a traceback of the library below."""
    archive, _ = a_day
    for entry in (Path(archive.uri) / "cdrs" / "_delta_log").glob("*.json"):
        entry.write_text("{")
    with pytest.raises(ck.ArchiveError, match="cannot be read"):
        archive.scan()


def test_somebody_else_s_folder(sandbox, tmp_path):
    """A folder that holds other things is left alone, and so is a Delta table of somebody else."""
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ck.ArchiveError, match=r"holds other things \(thesis.txt\)"):
        ck.Archive(tmp_path).sync(sandbox.itnio_voice(), *DAY)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    theirs = tmp_path / "theirs"
    pl.DataFrame({"a": [1]}).write_delta(theirs / "ledger")
    with pytest.raises(ck.ArchiveError, match="but not one of 'callkit archive, format 1'"):
        ck.Archive(theirs).coverage()


def test_a_future_clock_is_no_trouble(sandbox, a_day):
    """A machine whose clock is far off reads more than it has to, and loses nothing."""
    archive, before = a_day
    off = ck.Archive(archive.uri, clock=lambda: datetime(2036, 1, 1, tzinfo=UTC))
    assert off.sync(sandbox.itnio_voice(), *DAY).new == 0
    intact(off, before)


def test_no_colours_in_an_error():
    """What the library below colours for a terminal is plain text: it goes into logs and mails."""
    with (
        pytest.raises(ck.ArchiveError, match="cannot be read: Generic S3 error ↳ timed out"),
        explained("a", "cannot be read"),
    ):
        raise OSError("Generic S3 error \x1b[31m↳\x1b[0m timed out")
