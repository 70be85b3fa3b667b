"""The commands of the terminal: what they print, what they leave behind, and how they end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import polars as pl
import pytest

from callkit.cli import main


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """`callkit --help` tells a newcomer what there is and where to begin."""
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    told = capsys.readouterr().out
    assert ended.value.code == 0
    assert all(
        f"\n  {command} " in told or f"    {command} " in told
        for command in ("demo", "fetch", "sandbox", "lab")
    )
    assert "callkit demo" in told


def test_the_demo_fetches_reconciles_tells_and_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One command does the whole job and leaves the findings in a file."""
    out = tmp_path / "findings.csv"
    assert main(["demo", "--calls", "600", "--out", str(out)]) == 0
    told = capsys.readouterr().out
    findings = pl.read_csv(out, infer_schema=False)
    assert f"All {findings.height:,} findings: {out}" in told
    for part in (
        "ITNIO Tech",
        "NXCloud",
        "Billed and due",
        "Findings by check",
        "To dispute:",
        "callkit lab",
    ):
        assert part in told
    assert len(re.findall(r"^  [123]\. ", told, re.MULTILINE)) == 3


def test_the_demo_tells_the_same_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same seed gives the same findings, to the byte."""
    for name in ("one.csv", "two.csv"):
        assert main(["demo", "--calls", "300", "--seed", "3", "--out", str(tmp_path / name)]) == 0
    capsys.readouterr()
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


def test_a_file_that_cannot_be_written_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A failure ends with exit code 1 and one line on stderr, not with a traceback."""
    assert main(["demo", "--calls", "100", "--out", str(tmp_path / "nowhere" / "findings.csv")]) == 1
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert told.startswith("callkit demo: ")
    assert "nowhere" in told


def test_unknown_arguments_end_with_code_two() -> None:
    """A wrong call is told from a failed one by its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(["demo", "--cals", "3"])
    assert ended.value.code == 2


@pytest.mark.parametrize("port", ["65536", "-1", "http"])
def test_a_port_that_is_none_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`callkit sandbox` refuses a port beyond the last one in a sentence."""
    with pytest.raises(SystemExit) as ended:
        main(["sandbox", f"--port={port}"])
    assert ended.value.code == 2
    assert "is no port" in capsys.readouterr().err


def test_the_sandbox_serves_until_it_is_interrupted() -> None:
    """`callkit sandbox` says how to reach it, answers, and ends quietly at Ctrl-C."""
    command = [sys.executable, "-m", "callkit", "sandbox", "--calls", "50"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as served:
        assert served.stdout is not None
        told = (re.search(r"http://127\.0\.0\.1:\d+", line) for line in served.stdout)
        url = next(found[0] for found in told if found)
        request = urllib.request.Request(
            f"{url}/voice/recordGroupQuery", data=b"{}", headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert b'"status"' in answer.read()
        served.send_signal(signal.SIGINT)
        _, errors = served.communicate(timeout=10)
        assert served.returncode == 0
    assert "Traceback" not in errors


def test_a_reader_that_goes_away_is_told_in_a_sentence(tmp_path: Path) -> None:
    """Where the output is cut off, as by `head`, it is said what is missing, without a traceback."""
    command = [
        sys.executable,
        "-u",
        "-m",
        "callkit",
        "demo",
        "--calls",
        "200",
        "--out",
        str(tmp_path / "a.csv"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        assert demo.stderr is not None
        demo.stdout.close()
        said = demo.stderr.read()
    assert demo.returncode == 1
    assert said.splitlines()[-1].startswith("callkit demo: what reads the output has ended")
    assert "Errno" not in said
