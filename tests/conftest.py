"""What tests share: how hard hypothesis tries, and the programs that not every machine has."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Programs that are run by hand: they import each other as such, and have no examples.
collect_ignore = ["benchmarks"]

CI = os.environ.get("CI", "").lower() in ("1", "true")

# No deadline: the first run of an expression compiles it, and a shared machine may stall.
settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=400, deadline=None, derandomize=True, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if CI else "dev"))


def lacking(what: str) -> NoReturn:
    """Skip where a user lacks a program; fail in CI, where a skipped test would pass for a green one."""
    reason = f"{what} is not on this machine"
    if CI:
        pytest.fail(f"{reason}: .ci/run should have installed it")
    pytest.skip(reason)


@pytest.fixture
def php() -> str:
    """The path of a PHP interpreter with its curl extension."""
    found = shutil.which("php")
    if found is None:
        lacking("php")
    asked = [found, "-r", "exit(extension_loaded('curl') ? 0 : 1);"]
    if subprocess.run(asked, check=False).returncode != 0:
        lacking("php's curl extension")
    return found


@pytest.fixture(scope="session")
def java() -> str:
    """The path of a Java that is new enough for Spark."""
    home = os.environ.get("JAVA_HOME")
    found = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if found is None or not Path(found).exists():
        lacking("Java")
    said = subprocess.run([found, "-version"], check=False, capture_output=True, text=True).stderr
    release = re.search(r'version "(\d+)', said)
    if release is None or int(release[1]) < 17:
        lacking("a Java of release 17 or later")
    return found


@pytest.fixture
def chromium() -> Iterator[Browser]:
    """A headless Chromium, the system's own: nothing is downloaded, and each test begins with a fresh one.

    Started for each test, because Playwright's event loop must not outlive the test: nbval's kernels have their own.
    """
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        lacking("chromium")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - half a second that most runs do not need

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found)
        yield browser
        browser.close()
