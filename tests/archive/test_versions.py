"""Which versions begin and end, against a reference in plain Python; and the tables that any order of windows makes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import callkit as ck
from callkit import cdr
from callkit.archive.readings import Reading
from callkit.archive.schemas import CDRS
from callkit.archive.vendors import ITNIO
from callkit.archive.versions import changes, prepared
from callkit.fetch.windows import Window

DAY = datetime(2026, 9, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURS = 12

# A record: its id, its hour, and what it costs. Ids may come several times, in one hour or in several.
records = st.tuples(st.integers(0, 4), st.integers(0, HOURS - 1), st.integers(0, 2))
windows = st.tuples(st.integers(0, HOURS - 1), st.integers(1, 6)).map(
    lambda w: (w[0], min(w[0] + w[1], HOURS))
)


def as_frame(kit, rows):
    return kit.frame(*(kit.call(call, DAY + hour * HOUR, cost=cost) for call, hour, cost in sorted(rows)))


def as_window(window):
    edges = {"window_start": [DAY + window[0] * HOUR], "window_end": [DAY + window[1] * HOUR]}
    return pl.DataFrame(edges).cast(cdr.INSTANT)


def as_rows(frame):
    return sorted(
        (int(call), (at - DAY) // HOUR, int(cost))
        for call, at, cost in frame.select("call_id", "submitted_at", "cost").iter_rows()
    )


class Naive:
    """Versions as a list of [record, seen from, seen to], gone through one by one."""

    def __init__(self):
        self.versions = []

    def read(self, listed, window, seen):
        """What a reading does to the versions: the rule of `versions.py`, said once more."""
        listed = set(listed)
        newest = [version for version in self.versions if version[2] is None]
        for version in newest:
            call, hour, _ = version[0]
            shown = [record for record in listed if record[0] == call]
            if not shown or version[0] in listed:
                continue
            if window[0] <= hour < window[1] or any(record[1] == hour for record in shown):
                version[2] = seen
        there = {version[0] for version in newest}
        self.versions += [[record, seen, None] for record in sorted(listed - there)]

    def as_of(self, at):
        return sorted(r for r, begin, end in self.versions if begin <= at and (end is None or end > at))


@settings(max_examples=60)
@given(st.lists(st.tuples(windows, st.sets(records, max_size=8)), min_size=1, max_size=6))
def test_against_the_reference(kit, readings):
    """Whatever the vendor says in whatever windows, every version begins and ends as the reference has it."""
    held, naive = CDRS.to_frame(), Naive()
    for at, (window, world) in enumerate(readings):
        listed = [record for record in world if window[0] <= record[1] < window[1]]
        seen = DAY + timedelta(days=40 + at)
        found = changes(held.lazy(), prepared(as_frame(kit, listed), "a", f"e{at}"), as_window(window), seen)
        ends = found.closed.select("call_id", "digest", "seen_from", ended="seen_to")
        held = pl.concat(
            [
                held.join(ends, on=["call_id", "digest", "seen_from"], how="left")
                .with_columns(pl.coalesce("seen_to", "ended").alias("seen_to"))
                .drop("ended"),
                found.rows,
            ]
        )
        naive.read(listed, window, seen)
        current = held.filter(pl.col("seen_to").is_null())
        assert as_rows(current) == naive.as_of(seen)
    for at in range(len(readings)):
        seen = DAY + timedelta(days=40 + at)
        then = held.filter(
            pl.col("seen_from") <= seen, pl.col("seen_to").is_null() | (pl.col("seen_to") > seen)
        )
        assert as_rows(then) == naive.as_of(seen)


def read(archive, kit, world, window):
    listed = [record for record in world if window[0] <= record[1] < window[1]]
    kit.write(archive, as_frame(kit, listed), DAY + window[0] * HOUR, DAY + window[1] * HOUR)


@settings(max_examples=8)
@given(st.data())
def test_any_order_and_overlap_ends_in_the_same_table(kit, data):
    """However a period is cut, overlapped and repeated, and in whatever order: the table is what the vendor has."""
    world = data.draw(st.sets(records, min_size=1, max_size=12))
    cuts = data.draw(st.lists(windows, max_size=3))
    order = data.draw(st.permutations([(0, 5), (4, 9), (9, HOURS), *cuts]))
    with TemporaryDirectory() as folder:
        archive = ck.Archive(folder, clock=lambda: DAY + timedelta(days=40))
        for window in order:
            read(archive, kit, world, window)
        assert as_rows(archive.scan().collect()) == sorted(world)
        assert archive.restatements().is_empty()
        assert archive.verify()["problem"].null_count() == len(order)


@settings(max_examples=8)
@given(st.lists(st.dictionaries(st.integers(0, 5), st.integers(0, 3), min_size=1), min_size=2, max_size=4))
def test_every_version_is_kept(kit, worlds):
    """Records restated under sync after sync keep every version, and the past of every sync can be read."""
    instants = [DAY + timedelta(days=40 + at) for at in range(len(worlds))]
    world, seen = {}, []
    with TemporaryDirectory() as folder:
        now = iter(instants)
        for changed in worlds:
            world = {**world, **changed}
            at = next(now)
            archive = ck.Archive(folder, clock=lambda at=at: at)
            rows = [(call, call, cost) for call, cost in world.items()]
            read(archive, kit, rows, (0, HOURS))
            seen.append(sorted(rows))
        for at, rows in zip(instants, seen, strict=True):
            assert as_rows(archive.scan(as_of=at).collect()) == rows
        history = {call: [dict((c, m) for c, _, m in rows).get(call) for rows in seen] for call in world}  # noqa: C402 - clearer
        steps = [
            (before, after)
            for costs in history.values()
            for before, after in pairwise(costs)
            if before is not None and before != after
        ]
        told = archive.restatements().select("cost_before", "cost_after", "amount", "fields").rows()
        assert sorted((int(a), int(b)) for a, b, _, _ in told) == sorted(steps)
        assert all((b - a, "cost") == (amount, fields) for a, b, amount, fields in told)


def test_a_record_that_is_not_listed_any_more_stays(kit, tmp_path):
    """What the vendor lists no longer is kept: forgetting is the vendor's habit, not the archive's."""
    archive = ck.Archive(tmp_path, clock=lambda: DAY + timedelta(days=40))
    read(archive, kit, [(1, 1, 0), (2, 2, 0)], (0, 5))
    read(archive, kit, [(1, 1, 0)], (0, 5))
    assert as_rows(archive.scan().collect()) == [(1, 1, 0), (2, 2, 0)]


def test_a_record_filled_in_late(kit, tmp_path):
    """A record whose instants were missing is the same record once they are there, though it moves to its month."""
    archive = ck.Archive(tmp_path, clock=lambda: DAY + timedelta(days=40))
    kit.write(archive, kit.frame(kit.call(1, None)), DAY, DAY + HOUR)
    kit.write(archive, kit.frame(kit.call(1, DAY, cost=1)), DAY, DAY + HOUR)
    assert as_rows(archive.scan().collect()) == [(1, 0, 1)]
    assert archive.restatements()["fields"].to_list() == ["submitted_at, cost"]


def test_exact_copies_are_one(kit, tmp_path):
    """A record that comes twice alike is held once; one that comes twice otherwise is held twice."""
    archive = ck.Archive(tmp_path, clock=lambda: DAY + timedelta(days=40))
    one, other = kit.call(1, DAY, cost=1), kit.call(1, DAY, cost=2)
    kit.write(archive, kit.frame(one, one, other), DAY, DAY + HOUR)
    kit.write(archive, kit.frame(other, one), DAY, DAY + HOUR)
    assert as_rows(archive.scan().collect()) == [(1, 0, 1), (1, 0, 2)]


def test_a_clock_that_was_set_back(kit, tmp_path):
    """Versions do not overlap, whatever the clock says: the later reading is later."""
    now = [DAY + timedelta(days=40)]
    archive = ck.Archive(tmp_path, clock=lambda: now[0])
    read(archive, kit, [(1, 1, 0)], (0, 5))
    now[0] -= timedelta(days=1)
    read(archive, kit, [(1, 1, 1)], (0, 5))
    versions = archive._store.read(archive._store.scan("cdrs")).sort("seen_from")
    assert versions["seen_to"][0] == versions["seen_from"][1] > versions["seen_from"][0]
    assert versions["seen_to"][1] is None


def test_a_clock_that_is_set_back_on_the_way(kit, tmp_path):
    """Nor do they within one sync: a version never ends before it begins, and every instant shows one of them."""
    now = DAY + timedelta(days=40)
    archive = ck.Archive(tmp_path, clock=lambda: now)
    with archive._writing(0, ITNIO, "a") as writer:
        for cost, day in ((1, 42), (2, 41)):
            now = DAY + timedelta(days=day)
            window = Window(int(DAY.timestamp()), int((DAY + HOUR).timestamp()))
            writer.add(Reading("window", kit.frame(kit.call(1, DAY, cost=cost)), 1, window))
            writer.flush()
    versions = archive._store.read(archive._store.scan("cdrs"))
    assert versions.filter(pl.col("seen_to") < pl.col("seen_from")).is_empty()
    assert as_rows(archive.scan(as_of=DAY + timedelta(days=42)).collect()) == [(1, 0, 2)]


def test_the_clocks_of_two_machines(kit, tmp_path):
    """Where no lock keeps writers apart, a slow clock's version begins after the one of a fast clock that it ends."""
    slow, fast = (
        ck.Archive(f"file://{tmp_path}/archive", clock=lambda days=days: DAY + timedelta(days=days))
        for days in (40, 41)
    )
    window = Window(int(DAY.timestamp()), int((DAY + HOUR).timestamp()))
    kit.write(slow, kit.frame(kit.call(2, DAY)), DAY, DAY + HOUR)
    with slow._writing(0, ITNIO, "a") as writer:
        read(fast, kit, [(1, 0, 1)], (0, 1))
        writer.add(Reading("window", kit.frame(kit.call(1, DAY, cost=2)), 1, window))
        writer.flush()
    [row] = slow.restatements().rows(named=True)
    assert (row["cost_before"], row["cost_after"]) == (1, 2)
    assert as_rows(slow.scan(as_of=DAY + timedelta(days=41)).collect().filter(call_id=f"{1:019}")) == [
        (1, 0, 1)
    ]
    assert slow.verify()["problem"].null_count() == slow.ledger().height


@pytest.mark.parametrize("column", cdr.SCHEMA.names())
def test_every_column_counts(kit, column):
    """A record that differs in any one column is another version."""
    one = kit.frame(kit.call(1))
    other = {
        pl.String: "x", pl.Int64: 7, pl.Boolean: False, cdr.MONEY: 7, cdr.INSTANT: DAY + HOUR,
    }[cdr.SCHEMA[column]]  # fmt: skip
    changed = one.with_columns(pl.lit(other).cast(cdr.SCHEMA[column]).alias(column))
    empty = one.with_columns(pl.lit(None).cast(cdr.SCHEMA[column]).alias(column))
    digests = {prepared(frame, "a", "e")["digest"].item() for frame in (one, changed, empty)}
    assert len(digests) == (3 if one[column].item() is not None else 2)


def test_the_digest_is_the_same_everywhere(kit):
    """A record's digest is what it was when archives were made with it: they would not verify any more otherwise."""
    assert prepared(kit.frame(kit.call(1, cost=1)), "a", "e")["digest"].to_list() == [8708807998549093308]
