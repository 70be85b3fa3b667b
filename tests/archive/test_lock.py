"""One writer at a time, and none that is gone keeps the others out."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time

import pytest

import callkit as ck
from callkit.archive.lock import Lock

pytestmark = pytest.mark.filterwarnings("ignore:.*lists .* under an id that it lists already:UserWarning")


def test_the_second_is_refused_and_told_who(tmp_path):
    """While one writes, another is refused at once, and told which process it is and since when."""
    path = tmp_path / "lock"
    with (
        Lock(path),
        pytest.raises(ck.ArchiveBusy, match=f"{os.getpid()} on {socket.gethostname()}, since 20"),
        Lock(path),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_the_second_can_wait(tmp_path):
    """With a wait, the second begins when the first has ended."""
    path = tmp_path / "lock"
    first = Lock(path)
    first.__enter__()
    threading.Timer(0.3, first.__exit__, (None, None, None)).start()
    began = time.monotonic()
    with Lock(path, wait=20):
        assert time.monotonic() - began > 0.25


def test_a_dead_process_holds_nothing(tmp_path):
    """The lock of a process that was killed is taken over at once."""
    path = tmp_path / "lock"
    code = (
        "import os, pathlib, sys; from callkit.archive.lock import Lock; "
        "Lock(pathlib.Path(sys.argv[1])).__enter__(); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code, path], check=False).returncode == 9
    assert path.exists()
    with Lock(path):
        assert json.loads(path.read_text())["pid"] == os.getpid()


def held_elsewhere(path, silent):
    path.write_text(
        json.dumps({"token": "x", "pid": 1, "host": "elsewhere", "since": "2026-09-01T00:00:00+00:00"})
    )
    os.utime(path, (time.time() - silent,) * 2)


def test_another_machine_s_lock(tmp_path):
    """A lock of another machine holds as long as it is renewed, and a minute longer."""
    path = tmp_path / "lock"
    held_elsewhere(path, 50)
    with pytest.raises(ck.ArchiveBusy, match="1 on elsewhere"), Lock(path):
        pass
    held_elsewhere(path, 70)
    with Lock(path):
        pass


def test_a_lock_is_renewed(tmp_path, monkeypatch):
    """While it is held, the file is touched again and again."""
    monkeypatch.setattr("callkit.archive.lock._BEAT", 0.05)
    path = tmp_path / "lock"
    with Lock(path):
        os.utime(path, (0, 0))
        patience = time.monotonic() + 10
        while path.stat().st_mtime == 0 and time.monotonic() < patience:
            time.sleep(0.02)
        assert time.time() - path.stat().st_mtime < 60


def test_a_sleeper_finds_its_lock_gone(tmp_path):
    """One that was silent for too long is told so before it writes again, and leaves the new holder's lock alone."""
    path = tmp_path / "lock"
    with Lock(path) as sleeper:
        os.utime(path, (time.time() - 70,) * 2)
        with Lock(path):
            with pytest.raises(ck.ArchiveBusy, match="lost its lock"):
                sleeper.check()
            sleeper.__exit__(None, None, None)
            assert path.exists()
    assert not path.exists()


def test_many_at_once(tmp_path):
    """Of many that find a dead lock at the same time, one at a time gets it."""
    path = tmp_path / "lock"
    held_elsewhere(path, 70)
    inside, most, failures = [], [], []

    def work():
        try:
            with Lock(path, wait=30):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.01)
                inside.pop()
        except Exception as error:  # noqa: BLE001 - told to the test
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (max(most), len(most), failures) == (1, 12, [])


def test_two_syncs_at_once(sandbox, archive, kit):
    """Of two syncs at the same time one waits or is refused, and nothing is lost or there twice."""
    failures = []

    def sync(wait):
        try:
            ck.Archive(archive.uri, clock=lambda: sandbox.now).sync(
                sandbox.itnio_voice(), kit.START, kit.END, wait=wait
            )
        except ck.ArchiveBusy as error:
            failures.append(error)

    threads = [threading.Thread(target=sync, args=(wait,)) for wait in (60, 60, 0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failures) <= 1
    assert ck.cdr.sort(archive.scan().collect()).equals(sandbox.itnio_voice().fetch(kit.START, kit.END))


@pytest.mark.usefixtures("by_day")
def test_without_a_lock_delta_keeps_order(sandbox, archive, kit, monkeypatch):
    """Where no lock keeps writers out, as on an object store, commits that do not follow are refused and made anew."""
    address = f"file://{archive.uri}"  # an address, as an object store's: no lock file
    monkeypatch.setattr("callkit.archive.sync._RECORDS_AT_ONCE", 1)
    archive._store.make()
    failures = []

    def sync():
        try:
            ck.Archive(address, clock=lambda: sandbox.now).sync(sandbox.itnio_voice(), kit.START, kit.END)
        except ck.CallkitError as error:
            failures.append(error)

    threads = [threading.Thread(target=sync) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    archive.sync(sandbox.itnio_voice(), kit.START, kit.END)
    assert ck.cdr.sort(archive.scan().collect()).equals(sandbox.itnio_voice().fetch(kit.START, kit.END))
    assert archive.verify()["problem"].null_count() == archive.ledger().height
    assert len(failures) < 3
