"""Where an archive can be: folders of any name, and what is told of those that cannot be opened."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import callkit as ck

pytestmark = pytest.mark.filterwarnings("ignore:.*lists .* under an id that it lists already:UserWarning")
DAY = ("2026-09-10T00:00:00Z", "2026-09-11T00:00:00Z")


@pytest.mark.parametrize("name", ["two words", "Müller & Söhne", "日本", "a#b?c", "{a}*'b\"+~"])
def test_a_folder_of_any_name(sandbox, tmp_path, name):
    """A folder is called what the user calls it: what is written there can be read, synced again and verified."""
    archive = ck.Archive(tmp_path / name, keep_raw=True, clock=lambda: sandbox.now)
    first = archive.sync(sandbox.itnio_voice(), *DAY)
    assert archive.sync(sandbox.itnio_voice(), *DAY).new == 0
    assert ck.cdr.sort(archive.scan().collect()).equals(sandbox.itnio_voice().fetch(*DAY))
    assert archive.coverage()["records"].sum() == first.new > 0
    assert archive.verify()["problem"].null_count() == archive.ledger().height
    assert all(Path(file).exists() for file in archive.files())
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_damaged_file_in_a_folder_of_any_name(sandbox, tmp_path):
    """Where the folder's name is no plain word, a damaged file is named nevertheless, as it is called on the disk."""
    archive = ck.Archive(tmp_path / "two words", clock=lambda: sandbox.now)
    archive.sync(sandbox.itnio_voice(), *DAY)
    [file] = archive.files()
    Path(file).write_bytes(Path(file).read_bytes()[:-100])
    with pytest.raises(ck.ArchiveError, match=r"1 damaged file\(s\)[^%]*two words"):
        archive.verify()


@pytest.mark.parametrize("name", ["100%", "a%20b", "a[1]", "a|b", "a^b", "a\nb"])
def test_a_folder_that_delta_cannot_open(tmp_path, name):
    """A name that the library below takes for another one is refused, before a file lands in the wrong folder."""
    with pytest.raises(ValueError, match="must not have"):
        ck.Archive(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", [None, 5])
def test_no_folder(path):
    """What is no path is no folder called `None`."""
    with pytest.raises(TypeError, match="path must be a folder or an address, got"):
        ck.Archive(path)


def test_a_relative_folder(sandbox, tmp_path, monkeypatch):
    """A relative folder stays where it was when the archive was named, wherever the process goes."""
    monkeypatch.chdir(tmp_path)
    archive = ck.Archive("here", clock=lambda: sandbox.now)
    archive.sync(sandbox.itnio_voice(), *DAY)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert archive.scan().collect().height > 0
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_clock_in_another_zone(sandbox, tmp_path):
    """Days are days in UTC, in whatever zone the clock tells the time."""
    late = datetime(2026, 9, 19, 20, tzinfo=UTC)  # the 20th in Shanghai
    archive = ck.Archive(tmp_path / "archive", clock=lambda: late.astimezone(ZoneInfo("Asia/Shanghai")))
    archive.sync(sandbox.itnio_voice(), *DAY)
    coverage = archive.coverage()
    assert coverage["day"].max() == late.date()
    assert coverage.equals(ck.Archive(archive.uri, clock=lambda: late).coverage())
