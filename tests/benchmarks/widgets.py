"""The workbench: from a click to the answer, and how many bytes the browser is sent for it.

    python tests/benchmarks/widgets.py                      # 10,000, 100,000 and 1,000,000 calls, in Python
    python tests/benchmarks/widgets.py --browser            # the same clicks in Chromium, in JupyterLab
    python tests/benchmarks/widgets.py --rows 100000

In Python a click is what the browser would say of it; the time is until everything that follows is sent. In the browser
the time is from the click until the page shows it. Needs the extra `bench`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets
import nbformat
import polars as pl
from reconcile import make

import callkit as ck

SIZES = (10_000, 100_000, 1_000_000)
SETTLED = 1.5
"""Seconds after a click in which the browser must have got all that follows."""


class Sent:
    """Counts the bytes that widgets send."""

    def __init__(self) -> None:
        self.bytes = 0
        send = ipywidgets.Widget._send

        def counting(widget: Any, message: Any, buffers: Any = None) -> None:
            self.bytes += len(json.dumps(message, default=str)) + sum(map(len, buffers or ()))
            send(widget, message, buffers)

        ipywidgets.Widget._send = counting


def picks(chart: Any, point: dict[str, Any]) -> None:
    value = {"vlPoint": {"or": [point]}}
    chart._vl_selections = {**chart._vl_selections, "pick": {"value": value, "store": [point]}}


def in_python(path: Path, sent: Sent) -> None:
    workbench = ck.widgets.Workbench(path)
    workbench.fetch()
    sent.bytes, began = 0, time.perf_counter()
    workbench.reconcile()
    rows = workbench.cdrs.height
    told("reconcile and draw", rows, time.perf_counter() - began, sent.bytes)
    view, table = workbench.view, workbench.view.table
    place = workbench.result.cdrs["destination"].drop_nulls()[0]
    day = f"{workbench.result.cdrs['submitted_at'].drop_nulls()[rows // 2]:%Y-%m-%d}"
    clicks: dict[str, Callable[[], object]] = {
        "a step of the bridge": lambda: picks(view.bridge, {"step": "duration"}),
        "a check": lambda: picks(view.findings, {"check": "charged_duration"}),
        "all calls": view.clear_choice,
        "a day": lambda: picks(view.days, {"day": day}),
        "a destination": lambda: picks(view.places, {"destination": place}),
        "all calls again": view.clear_choice,
        "sort by a number": lambda: setattr(table, "sort", "call_duration"),
        "sort by text": lambda: setattr(table, "sort", "callee"),
        "the next page": lambda: setattr(table, "page", 1),
        "the last page": lambda: setattr(table, "page", table.pages - 1),
        "a call": lambda: setattr(table, "chosen", 3),
        "days show all money": lambda: setattr(view.shows, "value", "cost"),
    }
    for name, click in clicks.items():
        sent.bytes, began = 0, time.perf_counter()
        click()
        told(name, rows, time.perf_counter() - began, sent.bytes)
    workbench.close()


def in_browser(path: Path, rows: int, folder: Path) -> None:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - for this measurement only

    sys.path.insert(0, str(Path(__file__).parents[1] / "notebooks"))
    from test_workbench_in_browser import opened_in_lab, served  # noqa: PLC0415 - for this measurement only

    lines = f"import callkit as ck\nwb = ck.widgets.Workbench({str(path)!r})\nwb.fetch()\nwb.reconcile()\nwb"
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    )
    notebook.cells = [nbformat.v4.new_code_cell(lines)]
    nbformat.write(notebook, folder / "bench.ipynb")
    got = [0]

    def counted(payload: str | bytes) -> None:
        got[0] += len(payload)

    with served("lab", folder, folder.parent / "log") as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport={"width": 1920, "height": 3_400})
        page.on("websocket", lambda socket: socket.on("framereceived", counted))
        opened_in_lab(page, url, "bench.ipynb", 1)
        page.locator(".ckw-table tbody tr").first.wait_for(timeout=300_000)
        page.locator(".vega-embed svg.marks").nth(4).wait_for(timeout=60_000)
        page.wait_for_timeout(4_000)
        foot = "document.querySelector('.ckw-table .foot span').textContent"
        row = "document.querySelector('.ckw-table tbody').textContent"
        said = "document.querySelector('pre.ckw-pre')?.textContent"
        clicks = {
            "a bar": ('.vega-embed path[aria-label*="charged_duration"]', foot),
            "all calls": ("button:has-text('All calls')", foot),
            "sort": ("button[data-column=call_duration]", row),
            "the next page": ("button[title='Next page']", foot),
            "a call": (".ckw-table tbody tr >> nth=4", said),
        }
        for name, (what, shows) in clicks.items():
            before, got[0] = page.evaluate(shows), 0
            began = time.perf_counter()
            page.locator(what).first.click()
            page.wait_for_function(f"before => {shows} !== before", arg=before, polling=20)
            took = time.perf_counter() - began
            page.wait_for_timeout(SETTLED * 1_000)
            told(name, rows, took, got[0])
        browser.close()


def told(name: str, rows: int, seconds: float, sent: int) -> None:
    print(f"{rows:>10,} calls  {name:<22} {seconds:>8.3f} s  {sent / 1_000:>9,.1f} kB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="*", default=SIZES)
    parser.add_argument("--browser", action="store_true")
    arguments = parser.parse_args()
    sent = Sent()
    with tempfile.TemporaryDirectory() as scratch:
        for rows in arguments.rows:
            path, folder = Path(scratch, f"{rows}.parquet"), Path(scratch, "lab", str(rows))
            folder.mkdir(parents=True)
            make(path, rows)
            pl.read_parquet(path, n_rows=1)  # what is loaded once is not what is measured
            if arguments.browser:
                in_browser(path, rows, folder)
            else:
                in_python(path, sent)


if __name__ == "__main__":
    main()
