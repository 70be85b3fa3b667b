"""`callkit fetch`: what it writes, what it refuses, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from callkit import cdr
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


def itnio(sandbox: Sandbox, out: Path, *more: str) -> list[str]:
    return ["fetch", "itnio", *PERIOD, "--base-url", f"{sandbox.url}/voice", "--out", str(out), *more]


def test_a_period_into_parquet(sandbox, tmp_path, capsys):
    """The file holds exactly what `fetch` gives, and one line says how many and where."""
    out = tmp_path / "calls.parquet"
    assert main(itnio(sandbox, out)) == 0
    frame = sandbox.itnio_voice().fetch(PERIOD[1], PERIOD[3])
    assert frame.height
    assert pl.read_parquet(out).equals(frame)
    told = capsys.readouterr().out
    assert told.startswith(f"{frame.height:,} call records from 2026-09-03")
    assert told.count("\n") == 1
    assert str(out) in told
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_other_endings(sandbox, tmp_path, ending):
    """The ending chooses the form; ids keep every digit in each."""
    out = tmp_path / f"calls.{ending}"
    assert main(itnio(sandbox, out)) == 0
    if ending == "csv":
        ids = pl.read_csv(out, infer_schema=False)["call_id"].to_list()
    else:
        with zipfile.ZipFile(out) as archive:
            sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        ids = re.findall(r'<c r="B\d+" t="inlineStr"><is><t>(.*?)</t>', sheet)
    assert ids == sandbox.itnio_voice().fetch(PERIOD[1], PERIOD[3])["call_id"].to_list()


@pytest.mark.parametrize("form", ["txt", "csv", "parquet"])
def test_calls_by_id(sandbox, tmp_path, capsys, form):
    """Ids come from lines of text or a column, in the file's order, unknown ones too."""
    ids = [*sandbox.call_ids[:5], "no-such-call"]
    file = tmp_path / f"ids.{form}"
    if form == "txt":
        file.write_text("\ufeff" + "\r\n".join(ids) + "\n\n", encoding="utf-8")
    elif form == "csv":
        pl.DataFrame({"n": range(6), "call_id": ids}).write_csv(file)
    else:
        pl.DataFrame({"id": ids}).write_parquet(file)
    out = tmp_path / "calls.parquet"
    assert main(["fetch", "nx", "--call-ids", str(file), "--base-url", sandbox.url, "--out", str(out)]) == 0
    assert pl.read_parquet(out)["call_id"].to_list() == ids
    assert capsys.readouterr().out.startswith("6 call ids, ")


def test_a_column_that_is_not_there(sandbox, tmp_path, capsys):
    """Where it cannot tell which column holds the ids, it names those there are, and asks for nothing."""
    file = tmp_path / "ids.csv"
    pl.DataFrame({"a": ["1"], "b": ["2"]}).write_csv(file)
    given = [
        "fetch",
        "nx",
        "--call-ids",
        str(file),
        "--base-url",
        sandbox.url,
        "--out",
        str(tmp_path / "x.csv"),
    ]
    assert main(given) == 1
    assert "name one with --column; there are: a, b" in capsys.readouterr().err
    assert main([*given, "--column", "b"]) == 0


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff\xfe\xfd"])
def test_a_file_without_ids(sandbox, tmp_path, capsys, content):
    """A file that holds no id, or is no text, is told by name."""
    file = tmp_path / "ids.txt"
    file.write_bytes(content)
    given = [
        "fetch",
        "nx",
        "--call-ids",
        str(file),
        "--base-url",
        sandbox.url,
        "--out",
        str(tmp_path / "x.csv"),
    ]
    assert main(given) == 1
    assert str(file) in capsys.readouterr().err


def test_an_existing_file_is_kept(sandbox, tmp_path, capsys):
    """A file that is there is replaced only with --force, and the refusal comes before any request."""
    out = tmp_path / "calls.csv"
    out.write_text("mine")
    assert main([*itnio(sandbox, out), "--base-url", "http://127.0.0.1:9/voice"]) == 1
    assert "--force" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert main(itnio(sandbox, out, "--force")) == 0
    assert out.read_text().startswith("source,call_id,")


def test_a_failure_leaves_no_file(tmp_path, monkeypatch, capsys):
    """When the vendor fails, the sentence says what to do, the code is 1, and no half of a file is left."""
    faults = FaultPlan([Fault("vendor_code", value=-1)])
    with Sandbox(calls=50, faults=faults) as sandbox:
        for name, value in credentials(sandbox).items():
            monkeypatch.setenv(name, value)
        assert main(itnio(sandbox, tmp_path / "calls.parquet")) == 1
    told = capsys.readouterr().err
    assert told.startswith("callkit fetch: ITNIO voice: POST /voice/recordGroupQuery, window ")
    assert told.strip().endswith("Check api_key and api_secret.")
    assert list(tmp_path.iterdir()) == []


def test_a_writer_that_fails_leaves_the_old_file(tmp_path, sandbox, monkeypatch, capsys):
    """What goes wrong while writing costs neither the file that was there nor leaves half of one."""
    out = tmp_path / "calls.xlsx"
    out.write_text("old")
    monkeypatch.setattr("callkit.export.frames.MOST_ROWS", 1)
    assert main(itnio(sandbox, out, "--force")) == 1
    assert "write .parquet or .csv" in capsys.readouterr().err
    assert (out.read_text(), list(tmp_path.iterdir())) == ("old", [out])


def test_missing_credentials(tmp_path, monkeypatch, capsys):
    """Without credentials it names the variables to set."""
    for name in ("CALLKIT_ITNIO_API_KEY", "CALLKIT_ITNIO_API_SECRET"):
        monkeypatch.delenv(name, raising=False)
    assert main(["fetch", "itnio", *PERIOD, "--out", str(tmp_path / "x.csv")]) == 1
    assert "CALLKIT_ITNIO_API_KEY, CALLKIT_ITNIO_API_SECRET" in capsys.readouterr().err


def test_a_folder_that_is_not_there(tmp_path, sandbox, capsys):
    """A folder that does not exist is told before anything is fetched."""
    assert main(itnio(sandbox, tmp_path / "nowhere" / "x.csv")) == 1
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["itnio", *PERIOD, "--out", "calls.docx"], ".csv, .parquet, .xlsx"),
        (["itnio", *PERIOD], "--out"),
        (["itnio", "--from", "2026-09-31T00:00:00Z", "--to", PERIOD[3], "--out", "x.csv"], "2026-09-31"),
        (["itnio", "--from", "2026-09-01", "--to", PERIOD[3], "--out", "x.csv"], "no zone"),
        (["itnio", "--from", PERIOD[3], "--to", PERIOD[1], "--out", "x.csv"], "--from is after --to"),
        (["nx", "--out", "x.csv"], "--call-ids"),
        (["other", "--out", "x.csv"], "itnio"),
        ([], "VENDOR"),
    ],
)
def test_wrong_arguments_end_with_code_two(arguments, says, capsys):
    """What cannot work whatever the vendor says is told before anything is asked, with exit code 2."""
    with pytest.raises(SystemExit) as ended:
        main(["fetch", *arguments])
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


def test_keyring(sandbox, tmp_path, monkeypatch, capsys):
    """With --keyring the credentials come from there, and what is missing there is told with the command to add it."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert main(itnio(sandbox, tmp_path / "x.csv", "--keyring")) == 1
    assert "pip install" in capsys.readouterr().err


def interrupted(sandbox: Sandbox, out: Path, output: int) -> tuple[int, float]:
    """Run the command, press Ctrl-C while it waits for the vendor; gives its exit code, and how long it took to end."""
    command = [sys.executable, "-m", "callkit", *itnio(sandbox, out)]
    with subprocess.Popen(
        command, stdout=output, stderr=output, env={**os.environ, **credentials(sandbox)}
    ) as running:
        while not sandbox.exchanges:
            time.sleep(0.02)
        time.sleep(0.3)
        begun = time.monotonic()
        running.send_signal(signal.SIGINT)
        code = running.wait(timeout=20)
        return code, time.monotonic() - begun


def test_ctrl_c(tmp_path):
    """Ctrl-C while the vendor keeps us waiting ends the whole process within a second, code 130, and leaves no file."""
    with Sandbox(calls=50, faults=FaultPlan([Fault("hang")])) as sandbox:
        told = tmp_path / "told"
        with told.open("w") as output:
            code, seconds = interrupted(sandbox, tmp_path / "calls.parquet", output.fileno())
    assert code == 130
    assert seconds < 1.0
    assert told.read_text().strip() == "Stopped."
    assert list(tmp_path.iterdir()) == [told]


def test_the_progress_bar_on_a_terminal(sandbox, tmp_path):
    """On a terminal a bar counts the calls; it shows the vendor's name and no key."""
    pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminals")
    termios = pytest.importorskip("termios", reason="Windows has no pseudo-terminals")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    command = [sys.executable, "-m", "callkit", *itnio(sandbox, tmp_path / "calls.parquet")]
    with subprocess.Popen(command, stderr=theirs, stdout=subprocess.PIPE) as running:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # what Linux says when the other end is closed
                break
            if not part:
                break
            shown += part
        assert running.wait(timeout=30) == 0
    os.close(ours)
    assert b"ITNIO voice" in shown
    assert b" calls" in shown
    for secret in sandbox.credentials["itnio"].values():
        assert secret.encode() not in shown
    assert pl.read_parquet(tmp_path / "calls.parquet").schema == cdr.SCHEMA
