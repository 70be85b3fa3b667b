"""The ledger: what need not be read again, and rows that got lost between two commits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import callkit as ck
from callkit.archive.ledger import frame_of, settled, text, to_read, unsettled
from callkit.archive.schemas import LEDGER
from callkit.fetch.windows import Window

pytestmark = pytest.mark.filterwarnings("ignore:.*lists .* under an id that it lists already:UserWarning")

DAY = 86_400
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

moments = st.integers(0, 6 * DAY)
windows = st.tuples(moments, st.integers(1, 3 * DAY)).map(lambda pair: Window(pair[0], pair[0] + pair[1]))


def rows_of(readings):
    return frame_of(
        {
            "source": "itnio-voice", "account": "a", "kind": "window", "complete": complete,
            "window_start": text(EPOCH + timedelta(seconds=window.start)),
            "window_end": text(EPOCH + timedelta(seconds=window.end)),
            "read_at": text(EPOCH + timedelta(seconds=at)),
        }
        for window, at, complete in readings
    )  # fmt: skip


@given(
    windows,
    st.lists(st.tuples(windows, moments, st.booleans()), max_size=8),
    st.integers(0, DAY),
    st.integers(1, 4),
    moments,
)
def test_what_is_left_to_read(asked, readings, look_back, days, recent):
    """Together, what is settled and what is to be read are the period, and nothing unsettled is left out."""
    done = settled(rows_of(readings), "itnio-voice", "a", timedelta(seconds=look_back))
    cut = to_read(asked, unsettled(asked, done), days, recent)
    # A second earlier but for the first: see `to_read`.
    claimed = [
        window if window.start == asked.start else Window(window.start + 1, window.end) for window in cut
    ]
    late_enough = [window for window, at, complete in readings if complete and at >= window.end + look_back]
    edges = sorted({asked.start, asked.end, *(e for w in [*late_enough, *claimed] for e in w)})
    for second in [second for second in edges if asked.start <= second < asked.end]:
        settled_there = any(window.start <= second < window.end for window in late_enough)
        assert any(window.start <= second < window.end for window in claimed) != settled_there
    for window in claimed:
        first, last = window.start // DAY, (window.end - 1) // DAY
        assert last - first < days
        assert first == last or window.end <= recent
    assert claimed == sorted(claimed)


def test_other_accounts_settle_nothing():
    """What was read of one account or vendor says nothing about another."""
    rows = rows_of([(Window(0, DAY), 9 * DAY, True)])
    assert settled(rows, "itnio-voice", "a", timedelta(0)) == [Window(0, DAY)]
    assert settled(rows, "itnio-voice", "b", timedelta(0)) == []
    assert settled(rows, "nx-whatsapp", "a", timedelta(0)) == []


@pytest.mark.usefixtures("by_day")
def test_a_row_that_is_only_in_the_log(sandbox, archive, kit, monkeypatch):
    """Between the two commits a row is in the log alone: readers see it, and the next sync writes it down."""
    client = sandbox.itnio_voice()
    append = archive._store.append

    def dies(name, rows):
        if name == "ledger":
            raise ck.ArchiveError("the process is gone")
        return append(name, rows)

    monkeypatch.setattr(archive._store, "append", dies)
    with pytest.raises(ck.ArchiveError, match="gone"):
        archive.sync(client, kit.START, kit.END)
    monkeypatch.undo()
    assert archive._store.read(archive._store.scan("ledger")).is_empty()
    told = archive.ledger()
    assert told.schema == LEDGER
    assert told.height == 11
    assert archive.verify()["problem"].null_count() == 11
    again = archive.sync(client, kit.START, kit.END)
    assert again.new == 0
    assert again.read < 11
    written = archive._store.read(archive._store.scan("ledger"))
    assert set(told["entry"]) <= set(written["entry"])
    assert written["entry"].is_unique().all()


def test_a_row_that_others_overtook(kit, tmp_path, monkeypatch):
    """A writer that dies between its two commits is made up for even if another one has written both meanwhile."""
    start, day = datetime(2026, 9, 1, tzinfo=UTC), timedelta(days=1)
    archive = ck.Archive(tmp_path, clock=lambda: start + 40 * day)
    append = archive._store.append
    monkeypatch.setattr(
        archive._store, "append", lambda name, rows: 0 if name == "ledger" else append(name, rows)
    )
    kit.write(archive, kit.frame(kit.call(1, start)), start, start + day)
    monkeypatch.undo()
    zero = {"added": pl.lit(0, pl.Int64), "added_digest": pl.lit("0" * 32)}
    other = archive.ledger().with_columns(entry=pl.lit("other"), table_version=pl.lit(2, pl.Int64), **zero)
    append("ledger", other)
    assert archive.ledger().height == 2
    assert archive.verify()["problem"].null_count() == 2


def test_the_ledger_counts(sandbox, archive, kit):
    """A row says how many the vendor counted, how many records came, and how many of them were new."""
    archive.sync(sandbox.itnio_voice(), kit.START, kit.END)
    ledger = archive.ledger()
    assert ledger["records"].sum() == archive.scan().collect().height == ledger["added"].sum()
    assert ledger.select((pl.col("total") >= pl.col("records")).all()).item()
    assert ledger["window_start"].to_list()[1:] == ledger["window_end"].to_list()[:-1]
