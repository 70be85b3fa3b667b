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
    from playwright.sync_api import Browser, Locator, Page

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
        # A test that turns the page dark must not turn its user's dark, nor depend on it.
        f"--LabApp.user_settings_dir={tmp_path / 'settings'}",
        f"--LabApp.workspaces_dir={tmp_path / 'workspaces'}",
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


def _turn_dark(page: Page) -> None:
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    page.get_by_text("Theme", exact=True).first.hover()
    page.get_by_text("JupyterLab Dark", exact=True).click()


def _brush(page: Page, chart: Locator, start: float, end: float) -> None:
    place = chart.bounding_box()
    assert place is not None
    page.mouse.move(place["x"] + start * place["width"], place["y"] + 90)
    page.mouse.down()
    page.mouse.move(place["x"] + end * place["width"], place["y"] + 100, steps=8)
    page.mouse.up()


def test_a_brush_and_a_click_in_the_explorer_move_everything(lab: str, chromium: Browser) -> None:
    """Run all, brush some days, click a bar: the numbers follow; a dark and a wide page is followed, too."""
    page, outside, errors = opened(chromium, lab, "03_explore.ipynb")
    page.set_viewport_size({"width": 1280, "height": 9_000})
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    page.locator(".callkit-explorer").first.wait_for(timeout=180_000)
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=180_000)
    page.locator(".vega-embed svg.marks").nth(7).wait_for(timeout=60_000)
    page.wait_for_timeout(3_000)  # the charts take the width of the page once they know it
    charts = page.locator(".vega-embed")
    days, ranking = charts.nth(5), charts.nth(7)
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / "03_explore_1280_light.png")
    assert charts.count() == 8
    assert page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']").count() == 0

    _brush(page, days, 0.2, 0.35)
    page.get_by_text("Chosen:").first.wait_for(timeout=20_000)
    page.wait_for_timeout(2_000)
    ranking.locator("path[aria-roledescription=bar]").first.click()
    page.get_by_text("· country").first.wait_for(timeout=20_000)
    assert " days) · country" in page.locator(".callkit-explorer > .callkit-quiet").first.inner_text()
    page.wait_for_timeout(1_000)
    page.screenshot(path=ARTIFACTS / "03_explore_1280_chosen.png")

    narrow = days.bounding_box()
    _turn_dark(page)
    page.set_viewport_size({"width": 1920, "height": 9_000})
    page.wait_for_timeout(5_000)
    page.screenshot(path=ARTIFACTS / "03_explore_1920_dark.png")
    wide = days.bounding_box()
    assert narrow is not None
    assert wide is not None
    assert wide["width"] > narrow["width"] + 200
    page.get_by_role("button", name="All calls").click()
    page.get_by_text("All calls: brush days").first.wait_for(timeout=20_000)
    assert outside == []
    assert errors == []
