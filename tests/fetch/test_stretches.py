"""What an archive needs of the clients: which windows are complete, what came for them, and an account's name."""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import datetime, timedelta

import polars as pl
import pytest

import callkit as ck
from callkit.fetch.itnio import replayed
from callkit.fetch.nxcloud_call import replayed as replayed_call
from callkit.fetch.windows import Window, period

pytestmark = pytest.mark.filterwarnings("ignore:.*lists .* under an id that it lists already:UserWarning")


@pytest.fixture
def sandbox():
    with ck.Sandbox(calls=600, seed=7) as sandbox:
        yield sandbox


def days(sandbox, count=5):
    start = int((sandbox.period[0] + timedelta(days=13)).timestamp())
    return [Window(start + n * 86_400, start + (n + 1) * 86_400) for n in range(count)]


def answers(exchanges):
    """Give the bodies again, question by question, in the order in which they came."""
    kept = defaultdict(deque)
    for window, page, size, body in exchanges:
        kept[window, page, size].append(body)
    return lambda *question: kept[question].popleft()


@pytest.mark.parametrize("at_once", [10_000, 7])
def test_every_window_is_told_complete_once(sandbox, monkeypatch, at_once):
    """Each window asked for is complete with its last part, those without a record too, and together they are all."""
    monkeypatch.setattr("callkit.fetch.paging.RECORDS_AT_ONCE", at_once)
    client, windows = sandbox.itnio_voice(), days(sandbox)
    stretches = list(client.stretches(windows))
    assert [stretch.whole for stretch in stretches if stretch.whole] == windows
    assert (len(stretches) > len(windows)) == (at_once < 10_000)
    fetched = client.fetch(windows[0].start_text, windows[-1].end_text)
    together = pl.concat([stretch.frame for stretch in stretches])
    assert ck.cdr.sort(together).equals(fetched)
    assert list(client.stretches([])) == []


@pytest.mark.parametrize("at_once", [10_000, 7])
def test_a_window_can_be_made_again(sandbox, monkeypatch, at_once):
    """The bodies that came for a window, asked for in any order, give the very records that were read off it."""
    monkeypatch.setattr("callkit.fetch.paging.RECORDS_AT_ONCE", at_once)
    exchanges = []
    [window] = days(sandbox, 1)
    stretches = list(sandbox.itnio_voice().stretches([window], exchanges.append))
    again = replayed(window, answers(exchanges))
    # A record at the very end is the next window's.
    end = datetime.fromisoformat(window.end_text)
    again = again.filter(pl.col("submitted_at") != end)
    assert ck.cdr.sort(again).equals(ck.cdr.sort(pl.concat([stretch.frame for stretch in stretches])))


def test_a_call_can_be_made_again(sandbox):
    """The bodies that came for a WhatsApp call give its row again, also where there was no record."""
    kept = defaultdict(list)
    ids = [*sandbox.call_ids[:20], "no such call"]
    frames = list(sandbox.nx_whatsapp().answers(ids, lambda call_id, body: kept[call_id].append(body)))
    again = pl.concat([replayed_call(call_id, kept[call_id]) for call_id in ids])
    assert again.equals(pl.concat(frames))


def test_the_vendor_s_count(sandbox):
    """The total of a period is the vendor's, also where the period is longer than it may be asked at once."""
    start, end = sandbox.now - timedelta(days=58), sandbox.now
    fetched = sandbox.itnio_voice().fetch(start, end)
    assert sandbox.itnio_voice().total(period(start, end)) == fetched.height


def test_an_account_has_a_name_that_tells_nothing(sandbox):
    """The same key has the same name and another one another, whatever the secret; none of them is in it."""
    ours = sandbox.itnio_voice()
    assert ours.account == sandbox.itnio_voice(api_secret="another").account
    theirs = sandbox.itnio_voice(**sandbox.other_credentials["itnio"])
    assert len({ours.account, theirs.account, sandbox.nx_whatsapp().account}) == 3
    assert sandbox.nx_whatsapp().account != sandbox.nx_whatsapp(business_phone="4915112345678").account
    assert sandbox.credentials["itnio"]["api_key"] not in ours.account
    assert len(ours.account) == 12
