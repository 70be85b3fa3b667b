"""The notebooks in JupyterLab, in a real browser, without a network."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NOTEBOOKS = Path(__file__).parent.parent.parent / "notebooks"
ARTIFACTS = Path(__file__).parent.parent.parent / ".artifacts"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """JupyterLab on copies of the notebooks; its address."""
    shutil.copytree(NOTEBOOKS, tmp_path / "notebooks")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        "--IdentityProvider.token=",
        "--ServerApp.password=",
    ]
    command = [sys.executable, "-m", "jupyterlab", *options, str(tmp_path / "notebooks")]
    with (tmp_path / "lab.log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_for(f"{url}/api", server)
            yield url
        finally:
            server.terminate()
            server.wait(timeout=20)


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(120):
        assert server.poll() is None, "JupyterLab ended before it answered"
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError("JupyterLab did not answer within a minute")


def opened(browser: Browser, url: str, notebook: str) -> tuple[Page, list[str], list[str]]:
    """Open a notebook; the page, the addresses it asked outside of this machine, and the errors of its console."""
    page = browser.new_page(viewport={"width": 1280, "height": 4200})
    outside: list[str] = []
    errors: list[str] = []
    local = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")
    page.on("request", lambda request: None if request.url.startswith(local) else outside.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{url}/lab/tree/{notebook}?reset", timeout=90_000)
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=90_000)
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=90_000)
    page.wait_for_timeout(
        4_000
    )  # idle comes before the session is connected, and JupyterLab would ask for a kernel
    return page, outside, errors


def test_the_quickstart_runs_and_its_control_changes_the_chart(lab: str, chromium: Browser) -> None:
    """Run all, choose a bill period, and the chart follows; nothing is asked for beyond this machine."""
    page, outside, errors = opened(chromium, lab, "01_quickstart.ipynb")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    choice = page.locator(".widget-dropdown select")
    choice.wait_for(timeout=90_000)
    title = page.locator(".vega-embed svg text, .vega-embed canvas").first
    title.wait_for(timeout=60_000)
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=90_000)
    before = page.locator(".vega-embed").screenshot()
    options = choice.locator("option").all_inner_texts()
    chosen = choice.evaluate("select => select.selectedIndex")
    choice.select_option(index=(chosen + 1) % len(options))
    page.wait_for_timeout(2_000)
    after = page.locator(".vega-embed").screenshot()
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / "01_quickstart.png")
    assert before != after
    assert page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']").count() == 0
    assert outside == []
    assert errors == []
