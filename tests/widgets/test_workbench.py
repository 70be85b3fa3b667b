"""The workbench keeps its promises when it is driven by its traits, without a browser."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import altair as alt
import ipywidgets as widgets
import openpyxl
import polars as pl
import pytest

import callkit as ck
from callkit.invoice.calls import at
from callkit.sandbox import Fault, FaultPlan
from callkit.widgets import Workbench
from callkit.widgets.workbench.headline import days_left
from callkit.widgets.workbench.takeaway import LARGEST
from callkit.widgets.workbench.uploads import plain_name

CALLS = 1_200


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Whatever a test does: once its workbenches are closed, no thread is left."""
    before = set(threading.enumerate())
    yield
    for _ in range(100):
        # Threads of compiled libraries are seen as dummies, and are nobody's to end.
        left = [one for one in set(threading.enumerate()) - before if not one.name.startswith("Dummy-")]
        if not left:
            return
        time.sleep(0.05)
    raise AssertionError(f"threads left: {left}")


@pytest.fixture(scope="module")
def done() -> Iterator[Workbench]:
    """A workbench with the sandbox's month, reconciled against its rate deck and its invoice."""
    workbench = small()
    assert workbench.fetch() is not None
    workbench.check.deck.use_sandbox()
    workbench.check.invoice.use_sandbox()
    assert workbench.reconcile() is not None
    yield workbench
    workbench.close()


@pytest.fixture
def clear(done: Workbench) -> Workbench:
    done.view.clear_choice()
    return done


def small(source: object = "sandbox", **options: Any) -> Workbench:
    workbench = Workbench(source, **options)
    workbench.source.sandbox.calls.value = CALLS
    return workbench


def picks(chart: alt.JupyterChart, name: str, *points: dict[str, Any]) -> None:
    """Say what the browser says when points are clicked; none when the click is beside all of them."""
    value = {"vlPoint": {"or": list(points)}} if points else {}
    chart._vl_selections = {**chart._vl_selections, name: {"value": value, "store": [*points]}}


def upload(target: Any, name: str, content: bytes) -> None:
    """Say what the browser says when a file is chosen."""
    file = {
        "name": name, "type": "", "size": len(content), "content": memoryview(content),
        "last_modified": datetime(2026, 10, 6, tzinfo=UTC),
    }  # fmt: skip
    target.value = (file,)


def every_widget(widget: Any) -> Iterator[Any]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from every_widget(child)


def state_of(workbench: Workbench) -> str:
    """Everything that a saved notebook would hold."""
    return json.dumps([widget.get_state() for widget in every_widget(workbench)], default=repr)


def test_a_newcomer_sees_a_result_after_two_clicks():
    """With nothing set, Fetch and Reconcile give the sandbox month's result: the same as in plain Python."""
    workbench = small()
    workbench.fetching.go.click()
    workbench.wait()
    workbench.check.go.click()
    with ck.Sandbox(CALLS, seed=7) as sandbox, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the vendor's doubled ids are not the matter here
        plain = ck.reconcile(sandbox.itnio_voice().fetch(*sandbox.period, progress=False))
    assert workbench.result.claims.equals(plain.claims)
    assert workbench.result.bridge.equals(plain.bridge)
    assert workbench.selection.height == plain.cdrs.height
    workbench.close()


def test_a_fetch_by_days_brings_what_one_fetch_brings():
    """The records are those of `fetch`, whatever windows they came in, and the bar counts them all."""
    workbench = small()
    cdrs = workbench.fetch()
    first, last = workbench.period.fetched
    with ck.Sandbox(CALLS, seed=7) as sandbox, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the vendor's doubled ids are not the matter here
        assert cdrs.equals(sandbox.itnio_voice().fetch(first, last, progress=False))
    assert workbench.fetching.bar.value == workbench.fetching.bar.max == cdrs.height
    assert "complete by the vendor's own count" in workbench.fetching.message.text
    workbench.close()


def test_the_invoice_says_which_calls_are_meant(done):
    """How the invoice was cut is found out; the records beside it are left out, and counted in a note."""
    with ck.Sandbox(CALLS, seed=7) as sandbox:
        cutoff = sandbox.cutoff
    cut = done.tie_out.cut
    assert (cut.start, cut.end, cut.clock) == (cutoff.start, cutoff.end, cutoff.clock)
    inside = at(cut.clock).is_between(cut.start, cut.end, closed="left")
    assert done.result.cdrs.height == done.cdrs.filter(inside).height < done.cdrs.height
    outside = done.cdrs.height - done.result.cdrs.height
    assert f"{outside:,} records are not of the invoice's period" in unescape(done.check.message.value)


def test_the_headline_adds_up(done):
    """Each currency's row stands for itself, and its parts are those of the result's frames."""
    numbers, result = done.view.numbers, done.result
    assert numbers["currency"].to_list() == ["EUR", "USD"]
    for row in numbers.iter_rows(named=True):
        mine = pl.col("currency") == row["currency"]
        claims = result.claims.filter(mine, pl.col("grade").is_in(["A", "B"]))
        invoice = done.check.invoice.value.amounts.filter(mine)
        assert row["invoiced"] == invoice["amount"].sum()
        assert row["claim"] == claims["claim"].sum()
        assert row["claims"] == claims.height
        assert row["billed"] == row["verified"] + row["unverified"]
        assert (
            abs(row["claim_share"] * row["invoiced"] - row["claim"]) < Decimal("0.00000001") * row["invoiced"]
        )
        first = result.cdrs.join(claims, on=["source", "call_id"], how="semi")["submitted_at"].min()
        assert row["evidence_until"] == first.replace(month=first.month + 2)
        assert days_left(row["evidence_until"], done.source.pane.now) >= 0


@pytest.mark.parametrize("step", ["duration", "unanswered", "double_billed", "unverified"])
def test_a_click_on_the_bridge_chooses_its_calls(clear, step):
    """The calls behind a bar are those that its row of the bridge counts, and the page shows the worst first."""
    picks(clear.view.bridge, "pick", {"step": step})
    currency = clear.view.currency.value
    counted = clear.result.bridge.filter(basis="quoted", currency=currency, step=step)
    assert clear.selection.height == counted["calls"].item()
    assert clear.view.table.total == clear.selection.height
    assert clear.selection["currency"].unique().to_list() == [currency]


def test_a_click_on_a_check_chooses_its_calls(clear):
    """The calls of a check are those that its findings name; a click beside the bars chooses all again."""
    picks(clear.view.findings, "pick", {"check": "charged_duration"})
    named = clear.result.findings.filter(check="charged_duration")["call_id"]
    assert set(clear.selection["call_id"]) == set(named)
    picks(clear.view.findings, "pick")
    assert not clear.view.chosen
    assert clear.selection.height == clear.result.cdrs.height


def test_clicks_on_a_day_and_a_destination_narrow_each_other_down(clear):
    """Parts that are chosen in several charts hold together."""
    view = clear.view
    view.shows.value = "calls"
    picks(view.days, "pick", {"day": "2026-09-10"})
    at = pl.coalesce("submitted_at", "answered_at", "ended_at").dt.date()
    expected = clear.result.cdrs.filter(at == date(2026, 9, 10))
    assert view.selection["call_id"].sort().equals(expected["call_id"].sort())
    place = expected["destination"].drop_nulls()[0]
    picks(view.places, "pick", {"destination": place})
    assert view.selection.height == expected.filter(destination=place).height > 0
    view.shows.value = "difference"


def test_a_point_of_the_staircase_chooses_its_calls(clear):
    """A point stands for the calls with its talk time, charged seconds and verdict on its bill period."""
    view = clear.view
    period = view.bill_period.value
    one = clear.result.cdrs.filter(pl.col("bill_period") == period, pl.col("verdict") == "overcharged").row(
        0, named=True
    )
    point = {name: one[name] for name in ("call_duration", "charged_duration", "verdict")}
    picks(view.stairs, "pick", point)
    assert one["call_id"] in view.selection["call_id"]
    assert view.selection.select(*point).unique().rows() == [tuple(point.values())]


def test_the_table_sorts_and_pages_like_the_frame(clear):
    """Every page is the part of the whole sorted frame that it says it is, nulls last in either direction."""
    table = clear.view.table
    for sort, descending in (("cost_difference", True), ("call_duration", False), ("destination", True)):
        table.sort, table.descending, table.page = sort, descending, 0
        ordered = clear.result.cdrs.with_row_index("_row").sort(
            sort, "_row", descending=[descending, False], nulls_last=True
        )
        seen = []
        for page in range(table.pages):
            table.page = page
            assert table.first == len(seen) + 1
            seen += table.shown["call_id"].to_list()
        assert seen == ordered["call_id"].to_list()
    table.page = 10**6
    assert table.page == table.pages - 1
    table.sort, table.descending = "cost_difference", True


def test_a_call_is_explained_and_has_its_place_on_the_stairs(clear):
    """A click on a row shows the arithmetic of that call, masked, and a ring around its point."""
    view = clear.view
    picks(view.findings, "pick", {"check": "charged_duration"})
    view.table.chosen = 0
    call = view.call
    assert call["call_id"] in set(clear.selection["call_id"])
    told = ck.mask_numbers(
        pl.DataFrame({"explanation": [clear.result.explain(call["call_id"], call["source"])]})
    )
    assert told["explanation"][0].splitlines()[0].replace("&", "&amp;") in view.explanation.value
    rings = [rows for rows in view.stairs.spec["datasets"].values() if any("said" in row for row in rows)]
    assert rings[0][0]["call_duration"] == call["call_duration"]
    assert view.bill_period.value == call["bill_period"]


def test_another_width_keeps_what_is_chosen(clear):
    """A page that grows draws wider charts; that nothing is clicked in the new ones is not taken for a click."""
    view = clear.view
    picks(view.findings, "pick", {"check": "charged_duration"})
    chosen, narrow = view.chosen, view.days.spec["width"]
    clear.surroundings.width = 1_600
    picks(view.findings, "pick")
    assert view.days.spec["width"] > narrow
    assert view.chosen == chosen
    clear.surroundings.dark = True
    assert view.days.spec["config"]["background"] == "#111111"
    clear.surroundings.dark = False
    clear.surroundings.width = 800
    assert "caller" not in [column["name"] for column in view.table.columns]
    assert len(view.table.rows[0]) == len(view.table.columns)
    clear.surroundings.width = 0


def test_the_pictures_are_of_one_currency(clear):
    """Another currency draws other pictures, and gives up what was clicked."""
    view = clear.view
    picks(view.bridge, "pick", {"step": "duration"})
    view.currency.value = "EUR"
    assert view.bridge.spec["title"]["text"] == "From billed to expected, EUR"
    assert not view.chosen
    view.currency.value = "USD"


def test_numbers_are_masked(done):
    """No telephone number of the records stands in anything that the browser is sent."""
    sent = state_of(done)
    numbers = set(done.cdrs["callee"].drop_nulls()) | set(done.cdrs["caller"].drop_nulls())
    assert numbers
    assert [number for number in numbers if number in sent] == []


def test_the_code_gives_the_same_result(done, tmp_path, monkeypatch):
    """What "show me the code" shows runs, and makes the same claims, bridge, and tie-out."""
    monkeypatch.chdir(tmp_path)
    scope: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the vendor's doubled ids are not the matter here
        exec(done.code, scope)  # noqa: S102 - that it runs is the promise
    assert scope["result"].claims.equals(done.result.claims)
    assert scope["result"].bridge.equals(done.result.bridge)
    assert scope["tied"].lines.equals(done.tie_out.lines)
    assert Path("callkit-dispute.xlsx").stat().st_size > 10_000


def test_the_code_has_what_was_stated(tmp_path, monkeypatch):
    """A stated rating, a tolerance, a zone and a period are in the code, and it gives the same result."""
    monkeypatch.chdir(tmp_path)
    workbench = small(tz="Asia/Shanghai")
    workbench.check.rating.value, workbench.check.decimals.value = "stated", 4
    workbench.check.connect_fee.value, workbench.check.tolerance.value = "0.01", "0.002"
    for around in (True, False):
        workbench.period.around.value = around
        workbench.fetch()
        result = workbench.reconcile()
        scope: dict[str, Any] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the vendor's doubled ids are not the matter here
            exec(workbench.code, scope)  # noqa: S102 - that it runs is the promise
        assert scope["result"].claims.equals(result.claims)
        assert scope["result"].findings.equals(result.findings)
        assert "decimals=4" in workbench.code
    workbench.close()


def test_what_is_taken_away_is_what_was_found(done):
    """The workbook opens and claims what the result claims; each link holds the whole file."""
    content = done.take_away.make("callkit-dispute.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(content))["claims"]
    texts = {str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert set(done.result.claims["call_id"]) <= texts
    for name in done.take_away.makers:
        made = done.take_away.make(name)
        data = done.take_away.links.value.split(f'download="{name}"')[0].rpartition("base64,")[2].rstrip('" ')
        assert base64.b64decode(data) == made
    letter = done.take_away.files["callkit-claim-letter.txt"].decode()
    assert done.check.invoice.value.number in letter


def test_a_file_too_large_for_a_link_is_written(done, tmp_path, monkeypatch):
    """What a link cannot carry is written into a file beside the notebook, and the page says where."""
    monkeypatch.setattr("callkit.widgets.workbench.takeaway.LARGEST", 100)
    monkeypatch.setattr(done.take_away, "_folder", tmp_path)
    made = done.take_away.make("callkit-claims.csv")
    assert made == tmp_path / "callkit-claims.csv"
    assert made.stat().st_size > 100
    assert str(made) in done.take_away.links.value
    assert LARGEST == 8_000_000


def test_cancel_ends_a_fetch_midway():
    """A cancelled fetch ends at once, keeps nothing, leaves no thread, and can be begun again."""
    with ck.Sandbox(CALLS, faults=FaultPlan(latency_ms=60)) as sandbox:
        workbench = Workbench(sandbox)
        workbench.fetching.go.click()
        for _ in range(200):
            if workbench.fetching.bar.value:
                break
            time.sleep(0.02)
        began = time.monotonic()
        workbench.fetching.cancel.click()
        workbench.wait()
        assert time.monotonic() - began < 2
        assert workbench.fetching.message.text.startswith("Cancelled")
        assert workbench.fetching.bar.max > 0
        assert workbench.cdrs is None
        assert not workbench.fetching.go.disabled
        workbench.close()


def test_a_vendor_error_in_the_middle_stands_where_it_happened():
    """An error of the vendor is told in the Fetch section, in words; what was fetched before is still there."""
    plan = FaultPlan([Fault("vendor_code", on=range(30, 10**6), vendor="itnio", value=-16)])
    with ck.Sandbox(CALLS, faults=plan) as sandbox:
        workbench = Workbench(sandbox)
        assert workbench.fetch() is None
        message = workbench.fetching.message
        assert message.kind == "error"
        assert "-16" in message.text
        assert 'role="alert"' in message.value
        assert "Traceback" not in message.value
        assert workbench.reconcile() is None
        assert workbench.check.message.text == "There are no records yet: fetch first"
        workbench.close()


def test_closing_in_the_middle_leaves_nothing_behind():
    """Closing ends the fetch, its thread, and the sandbox's server."""
    workbench = Workbench()
    workbench.source.sandbox.calls.value = 20_000
    workbench.fetching.go.click()
    workbench.close()
    workbench.close()
    assert not workbench.fetching.running


def test_typed_secrets_leave_the_fields_at_once():
    """What is typed into a password field is in no widget's state, works once fetched, and is forgotten on close."""
    with ck.Sandbox(CALLS) as sandbox:
        workbench = Workbench("itnio")
        pane = workbench.source.itnio.credentials
        pane.way.value = "typed"
        pane.address.value = f"{sandbox.url}/voice"
        secrets = sandbox.credentials["itnio"]
        for name, secret in secrets.items():
            pane.fields[name].value = secret
            assert pane.fields[name].value == ""
        assert not any(secret in state_of(workbench) for secret in secrets.values())
        workbench.period.between(date(2026, 9, 1), date(2026, 9, 3))
        assert workbench.fetch().height > 0
        assert not any(secret in workbench.code + repr(workbench) for secret in secrets.values())
        workbench.close()
        with pytest.raises(ValueError, match="type the api key"):
            pane.client()


def test_missing_credentials_are_asked_for_in_words(monkeypatch):
    """Without credentials the Fetch section says which are missing and where they could be; nothing is sent."""
    monkeypatch.delenv("CALLKIT_ITNIO_API_KEY", raising=False)
    monkeypatch.delenv("CALLKIT_ITNIO_API_SECRET", raising=False)
    workbench = Workbench("itnio")
    assert workbench.source.itnio.credentials.way.value == "typed"
    assert workbench.fetch() is None
    assert "CALLKIT_ITNIO_API_KEY" in workbench.fetching.message.text
    workbench.source.itnio.credentials.way.value = "environment"
    assert workbench.fetch() is None
    assert "CALLKIT_ITNIO_API_SECRET" in workbench.fetching.message.text
    workbench.close()


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_uploaded_papers_are_read_and_forgotten(tmp_path, kind):
    """A rate deck and an invoice that were uploaded do what the sandbox's own do; their bytes are in no widget."""
    with ck.Sandbox(CALLS) as sandbox:
        deck = sandbox.write_rate_deck(tmp_path / f"deck.{kind}").read_bytes()
        invoice = sandbox.write_invoice(tmp_path / f"invoice.{kind}").read_bytes()
        own = sandbox.rate_deck()
    workbench = small()
    check = workbench.check
    check.deck.zone.value = "Asia/Shanghai"
    upload(check.deck.upload, f"C:\\fakepath\\deck.{kind}", deck)
    upload(check.invoice.upload, f"invoice.{kind}", invoice)
    assert check.deck.upload.value == check.invoice.upload.value == ()
    assert check.deck.message.kind == check.invoice.message.kind == "done"
    assert check.deck.value.rows.drop("place").equals(own.rows.drop("place"))
    assert f"ck.RateDeck.read('deck.{kind}', tz='Asia/Shanghai')" == check.deck.code
    workbench.fetch()
    assert workbench.reconcile() is not None
    assert workbench.tie_out is not None
    check.deck.drop()
    assert workbench.check.message.kind == "note"
    workbench.close()


def test_a_wrong_upload_says_which_row_and_column():
    """An unreadable paper is refused where it was uploaded, with its place, and with its text escaped."""
    workbench = small()
    bad = b'Prefix,Rate,Currency\n49,0.08,USD\n44,"<img onerror=alert(1)>",USD\n'
    upload(workbench.check.deck.upload, "prices.csv", bad)
    message = workbench.check.deck.message
    assert message.kind == "error"
    assert "prices.csv" in message.text
    assert "row 3" in message.text
    assert "Rate" in message.text
    assert "<img" not in message.value
    assert workbench.check.deck.value is None
    upload(workbench.check.deck.upload, "prices.csv", bad.replace(b'"<img onerror=alert(1)>"', b"0.09"))
    assert message.kind == "done"
    workbench.close()


def test_records_from_a_file_and_an_upload(done, tmp_path):
    """A file gives the same records by its path and through the browser; one of something else is refused in words."""
    path = tmp_path / "calls.parquet"
    done.cdrs.write_parquet(path)
    workbench = Workbench("file")
    assert workbench.fetch() is None
    assert "upload one" in workbench.fetching.message.text
    workbench.source.file.path.value = str(path)
    assert workbench.fetch().equals(done.cdrs)
    upload(workbench.source.file.upload, "calls.parquet", path.read_bytes())
    assert workbench.fetch().equals(done.cdrs)
    assert "ck.read_cdrs('calls.parquet')" in (workbench.reconcile() and workbench.code)
    upload(workbench.source.file.upload, "calls.csv", b"a,b\n1,2\n")
    assert workbench.fetch() is None
    assert workbench.fetching.message.text.startswith("calls.csv")
    assert str(tmp_path) not in workbench.fetching.message.text
    workbench.close()


def test_nxcloud_takes_ids_by_paste_file_and_upload(tmp_path):
    """The three ways to name call ids fetch the same calls, in the order asked."""
    with ck.Sandbox(CALLS) as sandbox:
        ids = list(sandbox.call_ids)[:40]
        file = tmp_path / "ids.txt"
        file.write_text("\n".join(ids))
        frames = []
        for way in ("paste", "path", "upload"):
            workbench = Workbench("nxcloud")
            pane = workbench.source.nxcloud.credentials
            pane.way.value, pane.address.value = "typed", sandbox.url
            for name, secret in sandbox.credentials["nx"].items():
                pane.fields[name].value = secret
            if way == "paste":
                workbench.source.nxcloud.ids.value = "\n".join(ids)
            elif way == "path":
                workbench.source.nxcloud.path.value = str(file)
            else:
                upload(workbench.source.nxcloud.upload, "ids.txt", file.read_bytes())
            frames.append(workbench.fetch())
            workbench.close()
    assert [frame["call_id"].to_list() for frame in frames] == [ids] * 3


def test_clients_given_from_python_are_asked_without_credentials():
    """A client, a sandbox or an archive at hand needs no credentials typed, and can be told whatever else it needs."""
    with ck.Sandbox(CALLS) as sandbox:
        ids = list(sandbox.call_ids)[:10]
        nx = Workbench(sandbox.nx_whatsapp())
        assert nx.source.given.credentials is None
        assert nx.fetch() is None
        assert "paste call ids" in nx.fetching.message.text
        nx.source.given.ids.value = "\n".join(ids)
        assert nx.fetch()["call_id"].to_list() == ids
        itnio = Workbench(sandbox.itnio_voice())
        itnio.period.between(date(2026, 9, 1), date(2026, 9, 2))
        assert itnio.fetch().height > 0
        whole = Workbench(sandbox)
        whole.source.given.vendor.value = "nx"
        assert whole.fetch()["call_id"].to_list() == list(sandbox.call_ids)
        for workbench in (nx, itnio, whole):
            workbench.close()
    with pytest.raises(TypeError, match="expected a frame of CDRs"):
        Workbench(42)


def test_an_archive_is_a_source(done, tmp_path):
    """Calls of the period are taken out of an archive, which tells of its changes in the reconciliation."""
    archive = ck.Archive(tmp_path / "archive")
    archive.add(done.cdrs.unique("call_id", keep="first", maintain_order=True))
    workbench = Workbench("archive")
    assert workbench.fetch() is None
    workbench.source.archive.path.value = str(tmp_path / "archive")
    workbench.period.between(date(2026, 9, 5), date(2026, 9, 6))
    workbench.period.around.value = False
    days = workbench.fetch()["submitted_at"].dt.date().unique().sort().to_list()
    assert days == [date(2026, 9, 5), date(2026, 9, 6)]
    result = workbench.reconcile()
    scope: dict[str, Any] = {}
    exec(workbench.code.replace("result.to_excel", "# result.to_excel"), scope)  # noqa: S102 - that it runs is the promise
    assert scope["result"].findings.equals(result.findings)
    workbench.close()


HOSTILE = ["<img src=x onerror=alert(1)>", "=cmd|'/c calc'!A1", "</pre><script>alert(1)</script>"]


def test_hostile_text_is_text(done):
    """Markup and formulas in a vendor's fields reach the page escaped, and the table as plain text."""
    cdrs = done.cdrs.head(600).with_columns(
        destination=pl.lit(HOSTILE[0]), bill_period=pl.lit(HOSTILE[2]), status_reason=pl.lit(HOSTILE[1])
    )
    workbench = Workbench(cdrs)
    workbench.fetch()
    workbench.reconcile()
    workbench.view.table.chosen = 0
    html = [widget.value for widget in every_widget(workbench) if isinstance(widget, widgets.HTML)]
    assert not any(text in value for value in html for text in ("<img", "<script", "onerror=alert(1)>"))
    assert any(HOSTILE[0] in row for row in workbench.view.table.rows)
    csv = workbench.take_away.make("callkit-calls.csv").decode()
    assert ",=cmd" not in csv
    assert "\n=cmd" not in csv
    workbench.close()


def test_wrong_choices_are_answered_in_words():
    """A period that ends before it begins, an unknown zone, and an amount that is none are told where they are."""
    workbench = small()
    workbench.period.between(date(2026, 9, 5), date(2026, 9, 1))
    assert workbench.fetch() is None
    assert "is before the first" in workbench.fetching.message.text
    workbench.period.between(date(2026, 9, 1), date(2026, 9, 2))
    workbench.period.zone.value = "Mars/Olympus"
    assert workbench.fetch() is None
    assert "Mars/Olympus" in workbench.fetching.message.text
    workbench.period.zone.value = "UTC"
    assert workbench.fetch() is not None
    workbench.check.tolerance.value = "a lot"
    assert workbench.reconcile() is None
    assert "Tolerance: write an amount" in workbench.check.message.text
    with pytest.raises(ValueError, match="source must be one of"):
        workbench.source.value = "moon"
    workbench.close()


def test_the_vendors_two_months_are_told():
    """A period that begins before what ITNIO still shows is noted before anything is sent."""
    workbench = small()
    assert "ckw-note" not in workbench.period.told.value
    workbench.period.between(date(2026, 7, 1), date(2026, 7, 31))
    assert "6 August 2026" in workbench.period.told.value
    assert "ckw-note" in workbench.period.told.value
    workbench.close()


def test_another_source_takes_the_result_away(done):
    """What is shown never belongs to other records than those chosen: a new source, and a new fetch, begin anew."""
    workbench = Workbench(done.cdrs)
    workbench.fetch()
    workbench.reconcile()
    assert workbench.selection.height > 0
    workbench.source.value = "sandbox"
    assert (workbench.result, workbench.cdrs, workbench.selection.height) == (None, None, 0)
    assert all(maker.disabled for maker in workbench.take_away.makers.values())
    assert (workbench.fetching.message.text, workbench.fetching.bar.value) == ("", 0)
    workbench.close()


def test_nothing_is_an_honest_answer():
    """No call at all is a result that says so, and no error."""
    workbench = Workbench(ck.cdr.empty())
    assert workbench.fetch().is_empty()
    assert workbench.reconcile() is not None
    assert "no money to check" in workbench.view.headline.value
    assert workbench.view.table.rows == []
    workbench.close()


def test_every_control_has_a_label(done):
    """Each field has a description and each button says what it does, for those who do not see the page."""
    for widget in every_widget(done):
        if isinstance(widget, widgets.Button | widgets.FileUpload):
            assert widget.description
            assert widget.tooltip
        elif isinstance(
            widget, widgets.Text | widgets.Dropdown | widgets.BoundedIntText | widgets.DatePicker
        ):
            assert widget.description


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\fakepath\\deck.csv", "deck.csv"),
        ("..", "upload"),
        ("a\n\x00b.csv", "ab.csv"),
    ],
)
def test_an_uploads_name_is_no_path(given, expected):
    """A file's name from the browser never leads anywhere."""
    assert plain_name(given) == expected
