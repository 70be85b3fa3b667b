"""The workbench in JupyterLab and in Voilà, in a real browser, without a network."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import openpyxl
import pytest

import callkit as ck

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NOTEBOOKS = Path(__file__).parent.parent.parent / "notebooks"
ARTIFACTS = Path(__file__).parent.parent.parent / ".artifacts"
LARGE = "{'websocket_max_message_size':209715200}"
TROUBLE = """
import polars as pl
import callkit as ck
from callkit.sandbox import Fault, FaultPlan

plan = FaultPlan([Fault("vendor_code", on=range(50, 10**6), vendor="itnio", value=-16)], latency_ms=60)
sandbox = ck.Sandbox(3_000, faults=plan).start()
workbench = ck.widgets.Workbench(sandbox)
workbench
"""
HOSTILE = """
with ck.Sandbox(300) as other:
    cdrs = other.nx_whatsapp().fetch(other.call_ids, progress=False)
marked = pl.lit("<img src=x onerror=alert(1)>")
hostile = ck.widgets.Workbench(cdrs.with_columns(destination=marked, bill_period=pl.lit("=cmd|'/c calc'!A1")))
hostile.fetch()
hostile.reconcile()
hostile.view.table.chosen = 0
hostile
"""


@contextmanager
def served(kind: str, folder: Path, log: Path) -> Iterator[str]:
    """JupyterLab on a folder, or Voilà on its workbench; the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    if kind == "voila":
        options = [f"--Voila.tornado_settings={LARGE}", "--theme=dark", str(folder / "04_workbench.ipynb")]
    else:
        options = [
            "--allow-root",
            "--IdentityProvider.token=",
            "--ServerApp.password=",
            f"--ServerApp.tornado_settings={LARGE}",
            f"--LabApp.user_settings_dir={folder.parent / 'settings'}",
            f"--LabApp.workspaces_dir={folder.parent / 'workspaces'}",
            str(folder),
        ]
    module = "voila" if kind == "voila" else "jupyterlab"
    command = [sys.executable, "-m", module, "--no-browser", f"--port={port}", *options]
    with log.open("w") as told, subprocess.Popen(command, stdout=told, stderr=told, cwd=folder) as server:
        try:
            for _ in range(240):
                assert server.poll() is None, f"{module} ended before it answered: {log.read_text()[-2_000:]}"
                if answers(f"{url}/api" if kind == "lab" else f"{url}/voila/static/none"):
                    break
                time.sleep(0.25)
            yield url
        finally:
            server.terminate()
            server.wait(timeout=20)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def watched(browser: Browser) -> tuple[Page, list[str]]:
    """A page, and what must not happen on it: requests beyond this machine, errors of the console, dialogs."""
    page = browser.new_page(viewport={"width": 1280, "height": 3_400})
    wrong: list[str] = []
    local = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")
    page.on("request", lambda asked: None if asked.url.startswith(local) else wrong.append(asked.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
    return page, wrong


def opened_in_lab(page: Page, url: str, notebook: str, cells: int) -> None:
    page.goto(f"{url}/lab/tree/{notebook}?reset", timeout=90_000)
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=90_000)
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=90_000)
    page.wait_for_timeout(4_000)  # idle comes before the session is connected
    page.locator(".jp-Notebook .jp-CodeCell .cm-content").first.click()
    for _ in range(cells):
        page.keyboard.press("Shift+Enter")


def press(page: Page, name: str, nth: int = 0) -> None:
    page.get_by_role("button", name=name, exact=True).nth(nth).click()


def upload(page: Page, nth: int, file: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.locator("button.widget-upload:visible").nth(nth).click()
    chooser.value.set_files(file)


@pytest.mark.parametrize("kind", ["lab", "voila"])
def test_the_month_is_reconciled_clicked_and_taken_away(kind: str, tmp_path: Path, chromium: Browser) -> None:
    """Fetch, upload a deck and an invoice, reconcile, click a bar, open a call, and save the dispute workbook."""
    folder = tmp_path / "notebooks"
    shutil.copytree(NOTEBOOKS, folder)
    sandbox = ck.Sandbox(5_000, seed=7)
    deck, invoice = (
        sandbox.write_rate_deck(tmp_path / "deck.xlsx"),
        sandbox.write_invoice(tmp_path / "invoice.csv"),
    )
    wrong_deck = tmp_path / "wrong.csv"
    wrong_deck.write_text("Prefix,Rate,Currency\n49,0.08,USD\n44,<img src=x onerror=alert(1)>,USD\n")
    page, wrong = watched(chromium)
    with served(kind, folder, tmp_path / "log") as url:
        if kind == "lab":
            opened_in_lab(page, url, "04_workbench.ipynb", 2)
        else:
            page.goto(url, timeout=120_000)
        page.get_by_role("button", name="Fetch", exact=True).wait_for(timeout=90_000)
        press(page, "Fetch")
        page.get_by_text("complete by the vendor's own count").first.wait_for(timeout=60_000)

        upload(page, 0, wrong_deck)
        said = page.locator(".ckw [role=alert]").first
        said.wait_for(timeout=20_000)
        assert "row 3" in said.inner_text()
        assert "<img" in said.inner_text()
        upload(page, 0, deck)
        page.get_by_text("RateDeck deck.xlsx").wait_for(timeout=20_000)
        upload(page, 1, invoice)
        page.get_by_text("Invoice INV-").first.wait_for(timeout=20_000)
        press(page, "Reconcile")
        rows = page.locator(".ckw-table tbody tr")
        rows.first.wait_for(timeout=60_000)
        marks = page.locator(".vega-embed svg.marks")
        marks.nth(4).wait_for(timeout=60_000)
        page.wait_for_timeout(1_500)  # the charts take the width of the page once they know it
        page.get_by_text("lines agree").first.wait_for(timeout=10_000)

        counted = page.locator(".ckw-table .foot span")
        everything = counted.inner_text()
        page.locator(
            '.vega-embed path[aria-label*="ouble billed"], .vega-embed path[aria-label*="charged_duration"]'
        ).first.click()
        page.wait_for_function(
            "before => document.querySelector('.ckw-table .foot span').textContent !== before", arg=everything
        )
        assert everything.endswith(f"of {_total(everything)}")
        assert int(_total(counted.inner_text()).replace(",", "")) < 100
        rows.nth(1).click()
        page.locator("pre.ckw-pre").filter(has_text="Please credit").first.wait_for(timeout=20_000)
        rows.nth(1).press("ArrowDown")
        page.keyboard.press("Enter")
        page.locator('.ckw-table tr[aria-selected="true"]').wait_for()

        press(page, "Dispute workbook")
        link = page.get_by_role("link", name="Save callkit-dispute.xlsx")
        link.wait_for(timeout=60_000)
        with page.expect_download() as download:
            link.click()
        download.value.save_as(tmp_path / "dispute.xlsx")
        sheets = openpyxl.load_workbook(tmp_path / "dispute.xlsx").sheetnames
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / f"04_workbench_{kind}_1280.png")
        page.set_viewport_size({"width": 1920, "height": 3_000})
        page.wait_for_timeout(2_500)
        page.screenshot(path=ARTIFACTS / f"04_workbench_{kind}_1920.png")
    assert {"claims", "invoice"} <= set(sheets)
    assert wrong == []


def test_trouble_is_told_and_hostile_text_is_text(tmp_path: Path, chromium: Browser) -> None:
    """Cancel ends a fetch midway, a vendor's error stands in words under the bar, and markup is shown as text."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    )
    notebook.cells = [nbformat.v4.new_code_cell(text.strip()) for text in (TROUBLE, HOSTILE)]
    nbformat.write(notebook, folder / "trouble.ipynb")
    page, wrong = watched(chromium)
    with served("lab", folder, tmp_path / "log") as url:
        opened_in_lab(page, url, "trouble.ipynb", 2)
        page.locator(".ckw-table tbody tr").first.wait_for(timeout=60_000)
        press(page, "Fetch")
        page.get_by_text("records · window").first.wait_for(timeout=30_000)
        press(page, "Cancel")
        page.get_by_text("Cancelled: nothing of it is kept").wait_for(timeout=10_000)
        press(page, "Fetch")
        said = page.locator(".ckw [role=alert]").filter(has_text="-16").first
        said.wait_for(timeout=60_000)
        assert "Traceback" not in said.inner_text()
        cells = page.locator(".ckw-table tbody td").all_inner_texts()
        page.screenshot(path=ARTIFACTS / "04_workbench_trouble.png")
        assert page.locator('img[src="x"]').count() == 0
        assert (
            page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']").count() == 0
        )
    assert "<img src=x onerror=alert(1)>" in cells
    assert wrong == []


def _total(told: str) -> str:
    return told.rpartition(" of ")[2]
