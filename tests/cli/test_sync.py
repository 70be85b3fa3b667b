"""`callkit sync` and `callkit status`: what they keep, what they say, and how they end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

import callkit as ck
from callkit.archive.lock import Lock
from callkit.cli import main
from callkit.sandbox import Fault, FaultPlan, Sandbox

pytestmark = pytest.mark.filterwarnings("ignore:.*lists .* under an id that it lists already:UserWarning")

PERIOD = ["--from", "2026-09-03T00:00:00Z", "--to", "2026-09-05T08:00:00+08:00"]


def credentials(sandbox: Sandbox) -> dict[str, str]:
    return {
        f"CALLKIT_{vendor.upper()}_{name.upper()}": value
        for vendor, keys in sandbox.credentials.items()
        for name, value in keys.items()
    }


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(calls=400, seed=7) as sandbox:
        for name, value in credentials(sandbox).items():
            monkeypatch.setenv(name, value)
        yield sandbox


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "archive"


def itnio(sandbox: Sandbox, folder: Path, *more: str) -> list[str]:
    return ["sync", "itnio", str(folder), *PERIOD, "--base-url", f"{sandbox.url}/voice", *more]


def test_a_period(sandbox, folder, capsys):
    """It keeps what a fetch gives, with a line a window and one at the end; again, it has nothing to do."""
    assert main(itnio(sandbox, folder)) == 0
    fetched = sandbox.itnio_voice().fetch(PERIOD[1], PERIOD[3])
    assert ck.cdr.sort(ck.Archive(folder).scan().collect()).equals(fetched)
    *windows, last = capsys.readouterr().out.splitlines()
    assert len(windows) == 2
    assert all(line[:4].isdigit() and "itnio-voice" in line and " new, 0 changed" in line for line in windows)
    assert last == f"2 windows read, {fetched.height} records, {fetched.height} new, 0 changed: {folder}"
    assert main(itnio(sandbox, folder, "--look-back", "0")) == 0
    assert capsys.readouterr().out == f"0 windows read, 0 records, 0 new, 0 changed: {folder}\n"


def test_calls_by_id(sandbox, folder, tmp_path, capsys):
    """Ids come from a file, ids without a record stay with the archive, and a later sync needs no file."""
    file = tmp_path / "ids.txt"
    file.write_text("\n".join([*sandbox.call_ids[:20], "no-such-call"]))
    command = ["sync", "nx", str(folder), "--base-url", sandbox.url]
    assert main([*command, "--call-ids", str(file)]) == 0
    assert "ids without a record yet" in capsys.readouterr().out
    assert main(command) == 0
    assert set(ck.Archive(folder).scan().collect()["call_id"]) <= set(sandbox.call_ids[:20])
    assert "no-such-call" in ck.Archive(folder).pending()["call_id"].to_list()


def test_calls_of_a_webhook_dump(sandbox, folder, tmp_path):
    """A dump of what the webhook pushed names the calls, too."""
    dump = tmp_path / "calls.jsonl"
    records = sandbox.records("nx")[:5]
    dump.write_text("\n".join(json.dumps({"calls": [one]}, default=str) for one in records))
    assert main(["sync", "nx", str(folder), "--base-url", sandbox.url, "--call-ids", str(dump)]) == 0
    archive = ck.Archive(folder)
    there = set(archive.scan().collect()["call_id"]) | set(archive.pending()["call_id"])
    assert there == {one["call_id"] for one in records}


def test_another_sync_is_running(sandbox, folder, capsys):
    """A second sync ends with code 75, says who is at it, and leaves the archive alone."""
    assert main(itnio(sandbox, folder)) == 0
    with Lock(folder / ".callkit-lock"):
        assert main(itnio(sandbox, folder)) == 75
    assert f"another process writes to this archive: {os.getpid()} on " in capsys.readouterr().err
    assert main(itnio(sandbox, folder)) == 0


def test_the_vendor_fails(folder, monkeypatch, capsys):
    """When the vendor fails the sentence says what to do, the code is 1, and what was read before is kept."""
    with Sandbox(calls=400, faults=FaultPlan([Fault("vendor_code", value=-1, on=range(2, 99))])) as sandbox:
        for name, value in credentials(sandbox).items():
            monkeypatch.setenv(name, value)
        assert main(itnio(sandbox, folder)) == 1
    told = capsys.readouterr()
    assert "Check api_key and api_secret." in told.err
    assert ck.Archive(folder).ledger().height == told.out.count(" new, ")


def test_ctrl_c(folder, tmp_path):
    """Ctrl-C while the vendor keeps us waiting ends with code 130, and no lock is left behind."""
    with Sandbox(calls=50, faults=FaultPlan([Fault("hang")])) as sandbox:
        told = tmp_path / "told"
        command = [sys.executable, "-m", "callkit", *itnio(sandbox, folder)]
        with told.open("w") as output, subprocess.Popen(
            command, stdout=output, stderr=output, env={**os.environ, **credentials(sandbox)}
        ) as running:  # fmt: skip
            while not sandbox.exchanges:
                time.sleep(0.02)
            running.send_signal(signal.SIGINT)
            assert running.wait(timeout=20) == 130
    assert told.read_text().strip() == "Stopped."
    assert not (folder / ".callkit-lock").exists()


def test_status(sandbox, folder, tmp_path, capsys):
    """Status says what is held of whom, what is not, what runs out next, and what the vendor changed."""
    assert main(itnio(sandbox, folder, "--keep-raw")) == 0
    file = tmp_path / "ids.csv"
    pl.DataFrame({"call_id": [*sandbox.call_ids[:9], "no-such-call"]}).write_csv(file)
    assert main(["sync", "nx", str(folder), "--base-url", sandbox.url, "--call-ids", str(file)]) == 0
    archive = ck.Archive(folder)
    dearer = archive.scan(source="itnio-voice").collect().head(2).with_columns(pl.col("cost") + 1)
    archive.add(dearer, account=sandbox.itnio_voice().account, replace=True)
    capsys.readouterr()
    assert main(["status", str(folder), "--verify"]) == 0
    told = capsys.readouterr().out
    records = archive.scan(source="itnio-voice").collect().height
    assert f"{records} records, 2026-09-03 to 2026-09-04; last read 20" in told
    assert "Complete: 2026-09-03 to 2026-09-04 (2 days)" in told
    assert re.search(r"nx-whatsapp.*\n.*\n  \d+ ids? without a record yet; the next sync asks again", told)
    assert "Changed by the vendor after it was first seen: 2 calls" in told
    assert "Verified: 4 readings" in told
    archive._store.there("cdrs").delete(f"call_id = '{dearer['call_id'][0]}'")
    assert main(["status", str(folder), "--verify"]) == 1
    assert "Not verified: " in capsys.readouterr().out


def test_status_of_ids_alone(sandbox, folder, tmp_path, capsys):
    """An account of which only ids are known is shown, under its own vendor."""
    name = ["--account", "main"]
    assert main(itnio(sandbox, folder, *name)) == 0
    file = tmp_path / "ids.txt"
    file.write_text("no-such-call")
    command = ["sync", "nx", str(folder), "--base-url", sandbox.url, "--call-ids", str(file), *name]
    assert main(command) == 0
    capsys.readouterr()
    assert main(["status", str(folder)]) == 0
    before, _, nx = capsys.readouterr().out.partition("nx-whatsapp, account main\n")
    assert "without a record" not in before
    assert nx.startswith("  0 records; last read 20")
    assert "  1 id without a record yet" in nx


def test_status_that_fails_in_time(sandbox, folder, capsys):
    """With --fail-within it ends with code 1 where the vendor forgets something so soon."""
    assert main(itnio(sandbox, folder)) == 0
    assert main(["status", str(folder)]) == 0
    assert main(["status", str(folder), "--fail-within", "90"]) == 1
    assert main(["status", str(folder / "typo")]) == 1
    assert "there is no archive at" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["sync", "itnio"], "ARCHIVE"),
        (["sync", "itnio", "a", "--from", "2026-09-01"], "no zone"),
        (["sync", "itnio", "a", "--from", PERIOD[3], "--to", PERIOD[1]], "--from is after --to"),
        (["sync", "itnio", "a", "--look-back", "-1"], "no number of days"),
        (["sync", "nx", "a", "--look-back", "soon"], "no number of days"),
        (["status"], "ARCHIVE"),
    ],
)
def test_wrong_arguments_end_with_code_two(arguments, says, capsys):
    """What cannot work whatever the vendor says is told before anything is asked, with exit code 2."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert says in capsys.readouterr().err
