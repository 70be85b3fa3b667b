"""ITNIO voice over a real socket: the frame, the windows, completeness."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import polars as pl
import pytest

from callkit import cdr
from callkit.errors import IncompleteFetch


def spread(kit, count, seconds=60, **fields):
    return [kit.record(i, kit.START + timedelta(seconds=i * seconds), **fields) for i in range(count)]


def test_printed_sample(kit):
    """The answer printed on the vendor's page, served byte for byte, comes back as the design's table says."""
    with kit.Stub(kit.itnio_sample) as stub:
        frame = stub.itnio().fetch("2022-02-18T00:00:00+08:00", "2022-02-19T00:00:00+08:00", limit=1)
    assert frame.schema == cdr.SCHEMA

    def at(clock):
        return datetime.fromisoformat(f"2022-02-18T{clock}+08:00").astimezone(UTC)

    assert frame.row(0, named=True) == {
        "source": "itnio-voice",
        "call_id": "2203031113381000002",
        "found": True,
        "direction": "out",
        "caller": "1008122211",
        "callee": "91856321412",
        "destination": "Afghanistan(Kandahar)",
        "submitted_at": at("14:42:40"),
        "called_at": at("14:45:42"),
        "ringing_at": at("14:42:47"),
        "answered_at": at("14:42:50"),
        "ended_at": at("14:42:55"),
        "call_duration": 5,
        "charged_duration": 5,
        "bill_period": "20+20",
        "rate": Decimal("1.2"),
        "cost": Decimal(2),
        "currency": "EUR",
        "base_cost": Decimal(1),
        "exchange_rate": Decimal("0.938"),
        "settle_rate": Decimal("1.2793"),
        "settle_cost": Decimal("1.2793"),
        "status_code": "1000",
        "status_reason": "success",
        "hangup_by": None,
        "recording": "12022022570cc2484c59d4f8b9745d34226285b1e.mp3",
        "dtmf": "1",
        "note": "calledInfo",
        "extra": None,
    }


def test_sample_counts_more_than_it_lists(kit):
    """The printed sample says five and lists one: fetched in full, that is an IncompleteFetch."""
    with kit.Stub(kit.itnio_sample) as stub:
        with pytest.raises(IncompleteFetch, match="counts 5 records, 1 distinct") as caught:
            stub.itnio(max_attempts=3).fetch("2022-02-18T00:00:00+08:00", "2022-02-19T00:00:00+08:00")
        assert len(stub.requests) == 3
    assert (caught.value.expected, caught.value.received) == (5, 1)
    assert caught.value.__context__ is None


def test_everything_comes_back(kit):
    """1,234 records over 60 days come back once each, in windows of at most 31 days and pages of at most 100."""
    records = spread(kit, 1234, 4200)
    with kit.Stub(kit.ItnioModel(records)) as stub:
        frame = stub.itnio().fetch(kit.START, kit.START + timedelta(days=60))
        windows = sorted({tuple(r.body["params"].values()) for r in stub.requests})
    assert frame["call_id"].to_list() == [r["voiceId"] for r in records]
    assert all(a[1] == b[0] for a, b in pairwise(windows))
    assert frame["cost"].sum() == Decimal("0.4") * 1234


def test_many_records_are_read_in_narrower_windows(kit):
    """A window with more than some thousands of records is cut, so that batches stay small."""
    records = spread(kit, 14_000, 60)
    with kit.Stub(kit.ItnioModel(records)) as stub:
        batches = list(stub.itnio().batches(kit.START, kit.START + timedelta(days=10)))
    assert max(b.height for b in batches) <= 10_000
    assert pl.concat(batches)["call_id"].to_list() == [r["voiceId"] for r in records]
