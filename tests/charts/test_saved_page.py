"""A saved page in a real browser: the same days wherever it is opened, clickable, and silent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

import callkit as ck
from callkit import charts

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def opened(chromium: Browser, path: Path, zone: str) -> tuple[Page, list[str]]:
    """Open a page with the clock of a zone; the page, and whatever it asked for or complained of."""
    page = chromium.new_context(timezone_id=zone).new_page()
    heard: list[str] = []
    page.on("request", lambda request: heard.append(request.url) if request.url != path.as_uri() else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: (heard.append(dialog.message), dialog.dismiss()))
    page.goto(path.as_uri())
    page.locator("svg.marks, canvas.marks").wait_for(timeout=30_000)
    return page, heard


def test_a_page_shows_the_stated_days_wherever_it_is_opened(
    result: ck.Reconciliation, chromium: Browser, tmp_path: Path
) -> None:
    """Days of Kolkata are days of Kolkata in a browser in Auckland and in one in Los Angeles."""
    path = charts.save(charts.daily(result.cdrs, tz="Asia/Kolkata"), tmp_path / "daily.html")
    shots = []
    for zone in ("Pacific/Auckland", "America/Los_Angeles"):
        page, heard = opened(chromium, path, zone)
        shots.append(page.locator("#chart").screenshot())
        assert heard == []
    assert shots[0] == shots[1]


def test_a_page_can_be_clicked_and_runs_nothing_of_a_vendor(
    result: ck.Reconciliation, chromium: Browser, tmp_path: Path
) -> None:
    """A click on a bar fades the others; a destination that is a script is a name."""
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    most = result.cdrs["destination"].drop_nulls().mode().sort()[0]
    frame = result.cdrs.with_columns(pl.col("destination").replace(most, hostile))
    path = charts.save(charts.destinations(frame, "calls"), tmp_path / "page.html")
    page, heard = opened(chromium, path, "UTC")
    chart = page.locator("#chart")
    before = chart.screenshot()
    place = chart.bounding_box()
    assert place is not None
    page.mouse.click(place["x"] + 0.5 * place["width"], place["y"] + 70)
    page.wait_for_timeout(500)
    assert chart.screenshot() != before
    assert heard == []
