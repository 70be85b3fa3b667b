"""The sandbox as a whole: the same every time, and gone when it is over."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from callkit.cdr import MONEY
from callkit.sandbox import Sandbox, describe, serve


def answers(sandbox: Sandbox, ask_itnio: Any, ask_nx: Any) -> str:
    """A digest of every page and every record, as they come over the wire."""
    digest = hashlib.sha256()
    for page in range(1, 6):
        digest.update(ask_itnio(sandbox, page).content)
    for call_id in sandbox.call_ids * 2:
        digest.update(ask_nx(sandbox, call_id).content)
    return digest.hexdigest()


def test_the_same_seed_gives_the_same_bytes(ask_itnio: Any, ask_nx: Any) -> None:
    """Two sandboxes of one seed answer alike, today and in every later version; another seed does not."""
    with Sandbox(calls=500) as one, Sandbox(calls=500) as two, Sandbox(calls=500, seed=8) as other:
        first = answers(one, ask_itnio, ask_nx)
        assert first == answers(two, ask_itnio, ask_nx)
        assert first != answers(other, ask_itnio, ask_nx)
        assert one.truth.equals(two.truth)
    assert first == "d5509e12aeca76073519d50a1e77311a9fbe582860d0dd183551807ade53c7f8"


def test_the_truth_is_a_frame() -> None:
    """The truth has its columns, dtypes and order."""
    truth = Sandbox().truth
    assert truth.schema == {"call_id": pl.String, "source": pl.String, "check": pl.String, "amount": MONEY}
    assert truth.equals(truth.sort("source", "check", "call_id", "amount"))
    assert truth.drop_nulls("call_id").select("call_id", "source", "check").is_duplicated().sum() == 0


def test_the_truths_calls_are_in_the_period(sandbox: Sandbox) -> None:
    """Whoever fetches exactly the period sees every fault."""
    start, end = sandbox.period
    inside = {
        record["voiceId"]
        for record in sandbox.records("itnio")
        if start <= datetime.fromisoformat(record["submitTime"]) < end
    }
    assert set(sandbox.truth["call_id"].drop_nulls()) <= inside | set(sandbox.call_ids)


def test_nothing_is_left_behind(ask_itnio: Any) -> None:
    """After the with statement there is no thread and no address; it may be started again."""
    before = set(threading.enumerate())
    sandbox = Sandbox(calls=50)
    with pytest.raises(RuntimeError, match="not running"):
        _ = sandbox.url
    for _ in range(2):
        with sandbox:
            assert ask_itnio(sandbox).json()["status"] == "0"
        assert set(threading.enumerate()) == before
    assert "not started" in repr(sandbox)


def test_secrets_do_not_show(sandbox: Sandbox) -> None:
    """A repr holds no secret, though the sandbox's are no secrets at all."""
    assert sandbox.credentials["itnio"]["api_secret"] not in repr(sandbox)


def test_credentials_have_their_shape(sandbox: Sandbox) -> None:
    """Credentials are what the clients take as keywords."""
    for credentials in (sandbox.credentials, sandbox.other_credentials):
        assert set(credentials["itnio"]) == {"api_key", "api_secret"}
        assert set(credentials["nx"]) == {"access_key", "access_secret", "app_key", "business_phone"}


@pytest.mark.parametrize(
    "bad", [{"calls": -1}, {"calls": 1.5}, {"calls": True}, {"now": datetime.fromisoformat("2026-10-01")}]
)
def test_bad_arguments(bad: dict[str, Any]) -> None:
    """A number of calls that is none, and a clock without a zone, are errors."""
    with pytest.raises(ValueError, match=next(iter(bad))):
        Sandbox(**bad)
    with pytest.raises(ValueError, match="vendor"):
        Sandbox(calls=0).records("nobody")  # type: ignore[arg-type]  # the wrong name is the test


def test_the_clock_can_be_moved() -> None:
    """Late records appear when the clock passes them, and restated ones change their money then, not before."""
    sandbox = Sandbox(now=datetime(2026, 9, 18, 12, tzinfo=UTC))
    early = {record["voiceId"]: record for record in sandbox.records("itnio")}
    sandbox.advance(timedelta(days=60))
    late = {record["voiceId"]: record for record in sandbox.records("itnio")}
    assert early.keys() < late.keys()
    before = datetime(2026, 9, 18, 9, tzinfo=UTC)
    appeared = [
        record
        for call_id, record in late.items()
        if call_id not in early and datetime.fromisoformat(record["submitTime"]) < before
    ]
    assert appeared
    restated = set(sandbox.truth.filter(check="restated", source="itnio-voice")["call_id"])
    changed = {call_id for call_id in early if early[call_id] != late[call_id]}
    assert changed
    assert changed <= restated
    assert all(Decimal(early[call_id]["cost"]) < Decimal(late[call_id]["cost"]) for call_id in changed)


def test_the_rating_is_told(sandbox: Sandbox) -> None:
    """The rating of each source is given as the keywords of `callkit.Rating`."""
    assert sandbox.rating["itnio-voice"] == {
        "per_seconds": 60,
        "decimals": 6,
        "rounding": "half_up",
        "connect_fee": Decimal(0),
        "increments": "after_first",
    }
    assert set(sandbox.rating) == {"itnio-voice", "nx-whatsapp"}


def test_clients_are_made() -> None:
    """The sandbox makes clients of both vendors that fetch from it; options are passed on."""
    with Sandbox(calls=500, billing_faults=0) as sandbox:
        with closing(sandbox.itnio_voice()) as itnio:
            fetched = itnio.fetch(*sandbox.period)
        assert fetched.height == 400
        asked = sandbox.call_ids[:20]
        with closing(sandbox.nx_whatsapp(max_workers=2)) as nx:
            assert nx.fetch(asked)["call_id"].to_list() == asked


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("md5sum")), reason="needs curl and md5sum")
def test_the_lines_to_paste_work(sandbox: Sandbox) -> None:
    """The description's curl lines are answered by both vendors, and it names the period and the clock."""
    told = describe(sandbox)
    assert sandbox.url in told
    assert sandbox.now.isoformat() in told
    lines = told.split("\n\n")
    itnio, nx = (part for part in lines if "curl" in part)
    assert json.loads(run(itnio))["data"]["total"] == 4_010
    assert json.loads(run(nx))["code"] in (0, 10014)


def run(script: str) -> str:
    return subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=True, timeout=20
    ).stdout


def test_it_serves_until_told_to_stop() -> None:
    """`serve` shows how to reach it, serves, and ends with its event."""
    shown: list[str] = []
    over = threading.Event()

    def show(text: str) -> None:
        shown.append(text)
        over.set()

    sandbox = Sandbox(calls=50)
    serve(sandbox, show, over)
    assert "Api-Key" in shown[0]
    assert "not started" in repr(sandbox)


def test_ctrl_c_stops_it() -> None:
    """Ctrl-C ends it without a traceback."""

    class Interrupted(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002 - an event waits by this signature
            raise KeyboardInterrupt

    shown: list[str] = []
    serve(Sandbox(calls=50), shown.append, Interrupted())
    assert shown[-1] == "Stopped."
