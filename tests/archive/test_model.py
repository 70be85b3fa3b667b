"""Random syncs of a vendor that adds, restates and lists twice, against a model of the archive in plain Python."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

import pytest

import callkit as ck
from callkit.sandbox.calls import local_time
from callkit.sandbox.itnio import Book

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*lists .* under an id that it lists already:UserWarning",
    "ignore:.*submitted outside of:UserWarning",
)

FIRST = datetime(2026, 9, 1, tzinfo=UTC)
NOW = datetime(2026, 10, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURS = 4 * 24


class Vendor:
    """What the vendor has: (id, instant) → costs. Most ids have one record, some several, at one instant or at two."""

    def __init__(self, dice: random.Random):
        self._dice = dice
        self.costs: dict[tuple[int, datetime], set[int]] = {}

    def moves(self) -> None:
        """Let calls come in, change what some cost, there and back, and list some twice."""
        for _ in range(self._dice.randint(0, 12)):
            key = (self._dice.randrange(30), FIRST + self._dice.randrange(HOURS * 2) * HOUR / 2)
            if self._dice.random() < 0.4 and self.costs:
                key = self._dice.choice(sorted(self.costs))
            count = self._dice.choice((1, 1, 1, 2))
            self.costs[key] = {self._dice.randrange(3) for _ in range(count)}

    def book(self, secret: str) -> Book:
        rows = sorted(
            (at.timestamp(), call, cost) for (call, at), costs in self.costs.items() for cost in costs
        )
        written = [
            json.dumps(
                {"voiceId": f"{call:019}", "submitTime": local_time(int(at)), "cost": f"{cost}.5"}
            ).encode()
            for at, call, cost in rows
        ]
        return Book(secret, [int(at) for at, _, _ in rows], written)


class Model:
    """What the archive holds, and what it has read: a reading shows all that was submitted within it."""

    def __init__(self):
        self.costs: dict[tuple[int, datetime], set[int]] = {}
        self.versions = 0
        self.read: set[int] = set()

    def reads(self, vendor: Vendor, hours: set[int]) -> int:
        begun = 0
        for key, costs in vendor.costs.items():
            if (key[1] - FIRST) // HOUR in hours:
                begun += len(costs - self.costs.get(key, set()))
                self.costs[key] = set(costs)
        self.read |= hours
        self.versions += begun
        return begun

    def rows(self) -> list[tuple[int, datetime, int]]:
        return sorted((call, at, cost) for (call, at), costs in self.costs.items() for cost in costs)


def rows_of(frame):
    return sorted(
        (int(call), at, int(cost))
        for call, at, cost in frame.select("call_id", "submitted_at", "cost").iter_rows()
    )


@pytest.mark.parametrize("seed", [1, 2, 24, 34])  # 24 and 34 have lost a record on a cut
def test_against_a_model(tmp_path, seed, monkeypatch):
    """Restated, listed twice, read in overlapping windows: now, in the past and day by day it is as the model's."""
    dice = random.Random(seed)
    monkeypatch.setattr("callkit.archive.sync._RECORDS_AT_ONCE", dice.choice((1, 10, 5_000)))
    monkeypatch.setattr("callkit.archive.vendors._RECORDS_AT_ONCE", dice.choice((1, 20, 5_000)))
    vendor, model = Vendor(dice), Model()
    past: list[tuple[datetime, list]] = []
    with ck.Sandbox(calls=0, now=NOW, window_end=dice.choice(("inclusive", "exclusive"))) as sandbox:
        keys = sandbox.credentials["itnio"]
        archive = ck.Archive(tmp_path / "a b", keep_raw=True, clock=lambda: sandbox.now)
        for turn in range(7):
            sandbox.advance(HOUR)
            vendor.moves()
            sandbox._books = {keys["api_key"]: vendor.book(keys["api_secret"])}
            first, last = sorted(dice.sample(range(HOURS + 1), 2)) if turn < 6 else (0, HOURS)
            again = dice.random() < 0.7 or turn == 6
            asked = set(range(first, last))
            done = archive.sync(
                sandbox.itnio_voice(),
                FIRST + first * HOUR,
                FIRST + last * HOUR,
                look_back=timedelta(days=60) if again else timedelta(0),
            )
            begun = model.reads(vendor, asked if again else asked - model.read)
            assert done.new + done.changed == begun
            assert rows_of(archive.scan().collect()) == model.rows()
            past.append((sandbox.now, model.rows()))
        fetched = sandbox.itnio_voice().fetch(FIRST, FIRST + HOURS * HOUR)
    order = ["submitted_at", "call_id", "cost"]
    assert archive.scan().collect().sort(order).equals(fetched.sort(order))
    for at, rows in past:
        assert rows_of(archive.scan(as_of=at).collect()) == rows
    assert archive.verify()["problem"].null_count() == archive.ledger().height
    assert archive.ledger()["added"].sum() == model.versions
    assert archive.coverage().filter("complete")["records"].sum() == len(model.rows())
    # What a call cost at first and every change since make what it costs now, where it is one record throughout.
    changes = archive.restatements()
    for (call, at), costs in model.costs.items():
        seen = [{cost for c, when, cost in rows if (c, when) == (call, at)} for _, rows in past]
        alone = sum(other == call for other, _ in model.costs) == 1 and all(len(one) < 2 for one in seen)
        if alone:
            cost = next(one for one in seen if one)
            told = changes.filter(call_id=f"{call:019}")["amount"].sum()
            assert max(cost) + told == max(costs)


@pytest.mark.usefixtures("by_day")
def test_an_id_listed_twice_once_on_a_cut(tmp_path, monkeypatch):
    """What lies where two windows meet, and is listed in both, is held beside the other record of its id."""
    monkeypatch.setattr("callkit.archive.sync._RECORDS_AT_ONCE", 1)
    vendor = Vendor(random.Random(0))
    vendor.costs = {(1, FIRST + 24 * HOUR): {1}, (1, FIRST + 30 * HOUR): {2}}
    with ck.Sandbox(calls=0, now=NOW, window_end="inclusive") as sandbox:
        keys = sandbox.credentials["itnio"]
        sandbox._books = {keys["api_key"]: vendor.book(keys["api_secret"])}
        archive = ck.Archive(tmp_path, keep_raw=True, clock=lambda: sandbox.now)
        for _ in range(2):
            done = archive.sync(sandbox.itnio_voice(), FIRST, FIRST + 72 * HOUR, look_back=timedelta(days=60))
            assert rows_of(archive.scan().collect()) == [(1, FIRST + 24 * HOUR, 1), (1, FIRST + 30 * HOUR, 2)]
    assert (done.records, done.new, done.changed) == (2, 0, 0)
    assert archive.verify()["problem"].null_count() == 6
