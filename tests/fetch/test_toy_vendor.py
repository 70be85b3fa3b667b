"""The seam for a third vendor: a client in under eighty lines, with everything the others have."""

import inspect
from functools import partial
from typing import ClassVar

import polars as pl
import pytest

from callkit import cdr
from callkit.errors import AuthenticationError, IncompleteFetch
from callkit.fetch.client import Client
from callkit.fetch.exact import UnreadableAnswer, whole
from callkit.fetch.kinds import EPOCH, MONEY, NUMBER, SECONDS, TEXT
from callkit.fetch.paging import Listing, Settled
from callkit.fetch.readings import Page
from callkit.fetch.records import to_frame
from callkit.fetch.settings import Settings
from callkit.fetch.tables import Table
from callkit.fetch.transport import Code, Endpoint
from callkit.fetch.windows import period


class ToyVoice(Client):
    """A vendor with a token in a header, pages counted from 1, and its own names for everything."""

    _environment: ClassVar = {"token": "TOY_TOKEN"}
    _fields: ClassVar = {
        "ref": ("call_id", TEXT),
        "a": ("caller", NUMBER),
        "b": ("callee", NUMBER),
        "t": ("submitted_at", EPOCH),
        "talk": ("call_duration", SECONDS),
        "billed": ("charged_duration", SECONDS),
        "step": ("bill_period", TEXT),
        "eur": ("cost", MONEY),
    }
    _constants: ClassVar = {"source": "toy", "found": True, "direction": "out", "currency": "EUR"}

    def __init__(self, token, *, base_url, **settings):
        [secret] = self._secrets(token=token)
        endpoint = Endpoint(
            vendor="Toy",
            path="/cdr",
            sign=lambda _body, now: {"Token": secret.reveal(), "At": str(int(now))},
            encode=lambda question: f"{question}".replace("'", '"').encode(),
            status="ok",
            reason="why",
            codes={
                7: Code(AuthenticationError, "Check token."),
                8: Code(AuthenticationError, "Later.", retry=True),
            },
            secrets=[secret],
        )
        super().__init__(endpoint, Settings(base_url, **settings))

    def fetch(self, start, end):
        with self._workers() as workers:
            listing = Listing("Toy", partial(self._page, workers))
            settled = Settled(listing, workers, self._notices, self._settings.max_attempts)
            frames = [
                to_frame(r, self._fields, self._constants) for r in settled.windows([period(start, end)])
            ]
        self._notices.give()
        return cdr.sort(pl.concat([cdr.empty(), *frames]))

    def _page(self, workers, window, number, size):
        question = {"from": window.start, "to": window.end, "page": number, "per": size}
        return self._transport.ask(question, f"{window}, page {number}", self._read, workers.stop)

    @staticmethod
    def _read(answer):
        count, rows = whole(answer.get("count")), answer.get("rows")
        if count is None or not isinstance(rows, list) or not all("ref" in row for row in rows):
            raise UnreadableAnswer("no page")
        return Page(count, Table.of(rows, ToyVoice._fields))


def toy(rows, lost=0):
    def answer(request):
        body = request.body
        if request.headers["Token"] != "t0ken":
            return {"ok": 7}
        if request.number == 2:
            return {"ok": 8}
        found = [r for r in rows if body["from"] <= r["t"] < body["to"]]
        start = (body["page"] - 1) * body["per"]
        return {"ok": 0, "count": len(found) + lost, "rows": found[start : start + body["per"]]}

    return answer


def test_the_toy_is_small():
    """A third vendor takes fewer than eighty lines."""
    assert len(inspect.getsource(ToyVoice).splitlines()) < 80


def test_the_toy_fetches(kit):
    """Signing, paging, counting, retrying, mapping, masking of the token: all of it comes with the seam."""
    begun = int(kit.START.timestamp())
    rows = [
        {
            "ref": f"r{i}",
            "a": "+49 1",
            "b": "2",
            "t": begun + i,
            "talk": 5,
            "billed": 6,
            "step": "6+6",
            "eur": 0.06,
            "x": 1,
        }
        for i in range(330)
    ]
    with kit.Stub(toy(rows)) as stub:
        frame = ToyVoice("t0ken", base_url=stub.url).fetch(kit.START, "2026-03-02T00:00:00Z")
        with pytest.raises(AuthenticationError, match="Check token"):
            ToyVoice("wrong", base_url=stub.url).fetch(kit.START, "2026-03-02T00:00:00Z")
        assert "t0ken" not in repr(vars(ToyVoice("t0ken", base_url=stub.url)))
    assert frame.schema == cdr.SCHEMA
    assert frame.sort("submitted_at")["call_id"].to_list() == [r["ref"] for r in rows]
    assert str(frame["cost"].sum()) == "19.8000000000"
    assert frame["extra"].unique().to_list() == ['{"x": 1}']
    with kit.Stub(toy(rows, lost=1)) as stub, pytest.raises(IncompleteFetch):
        ToyVoice("t0ken", base_url=stub.url, max_attempts=2).fetch(kit.START, "2026-03-02T00:00:00Z")
