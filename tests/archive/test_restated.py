"""What the vendor changed, which invoices calls were on, and what reconciliation makes of both."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

import callkit as ck
from callkit.archive import INVOICED, RESTATEMENTS

pytestmark = pytest.mark.filterwarnings("ignore:.*lists .* under an id that it lists already:UserWarning")
PERIOD = ("2026-09-01T00:00:00Z", "2026-10-01T00:00:00Z")


@pytest.fixture
def restated(sandbox, archive, kit):
    """An archive that has seen a month before and after the vendor changed some of it."""
    client = sandbox.itnio_voice()
    archive.sync(client, *PERIOD)
    before = archive.scan().collect()
    sandbox.advance(kit.LATE)
    archive.sync(client, *PERIOD, look_back=kit.ALWAYS)
    return archive, before, archive.scan().collect()


def test_restatements(restated, kit):
    """Each change has its fields, the money before and after, the difference, and when it was seen."""
    archive, before, after = restated
    found = archive.restatements()
    assert found.schema == RESTATEMENTS
    both = before.join(after, on="call_id", suffix="_now")
    once = both.filter(pl.len().over("call_id") == 1)
    changed = once.filter(pl.col("cost").ne_missing(pl.col("cost_now"))).sort("call_id")
    assert changed.height > 3
    money = found.filter(pl.col("fields").str.contains("cost")).filter(
        pl.col("call_id").is_in(changed["call_id"].implode())
    )
    told = money.sort("call_id").select("call_id", "cost_before", "cost_after", "amount", "seen_at")
    expected = changed.select(
        "call_id", cost_before="cost", cost_after="cost_now", amount=pl.col("cost_now") - pl.col("cost")
    ).with_columns(seen_at=pl.lit(kit.LATE).cast(ck.cdr.INSTANT))
    assert told.equals(expected)
    assert found.equals(found.sort("seen_at", "source", "account", "call_id", "fields"))


def test_reconciliation_of_an_archive(restated):
    """An archive's records reconcile as fetched ones do, lazily, and with it what was restated is told."""
    archive, _, after = restated
    lazily = ck.reconcile(archive.scan(), archive=archive)
    assert lazily.totals.equals(ck.reconcile(after).totals)
    money = archive.restatements().filter(
        pl.col("cost_before").ne_missing(pl.col("cost_after"))
        | pl.col("settle_cost_before").ne_missing(pl.col("settle_cost_after"))
    )
    told = lazily.findings.filter(pl.col("check") == "restated")
    assert set(told["call_id"]) == set(money["call_id"])


def test_an_amount_in_another_currency(kit, tmp_path):
    """Where the currency changed there is no difference to tell, and both costs stand for themselves."""
    start, end = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 2, tzinfo=UTC)
    archive = ck.Archive(tmp_path, clock=lambda: datetime(2026, 10, 1, tzinfo=UTC))
    kit.write(archive, kit.frame(kit.call(1, start, cost=Decimal(1), currency="USD")), start, end)
    kit.write(archive, kit.frame(kit.call(1, start, cost=Decimal(1), currency="EUR")), start, end)
    [row] = archive.restatements().rows(named=True)
    assert (row["amount"], row["currency"], row["fields"]) == (None, "EUR", "currency")


def test_invoices(restated):
    """Calls that were on an invoice are remembered with its period, and found where they are billed again."""
    archive, before, after = restated
    archive.record_invoice("2026/09-1", before.head(20), period=PERIOD)
    found = archive.invoiced()
    assert found.schema == INVOICED
    assert found.height == 20
    assert set(found["period_end"]) == {datetime(2026, 10, 1, tzinfo=UTC)}
    result = ck.reconcile(after, archive=archive, period=("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"))
    charged = found.join(after.filter(pl.col("cost") != 0), on="call_id", how="semi")
    assert charged.height > 3
    assert set(result.findings.filter(pl.col("check") == "rebilled")["call_id"]) == set(charged["call_id"])


def test_an_invoice_twice(restated):
    """The same again changes nothing, something else under its name is refused, and replaced where that is said."""
    archive, before, _ = restated
    name = "it's; DROP"
    archive.record_invoice("other", before.head(3))
    archive.record_invoice(name, before.head(20))
    version = archive._store.there("invoiced").version()
    archive.record_invoice(name, before.head(20))
    assert archive._store.there("invoiced").version() == version
    with pytest.raises(ValueError, match="recorded already, with 20 calls; these are 5"):
        archive.record_invoice(name, before.head(5))
    archive.record_invoice(name, before.head(5), replace=True)
    assert archive.invoiced().group_by("invoice").len().sort("invoice").rows() == [(name, 5), ("other", 3)]
    with pytest.raises(ValueError, match="name must be"):
        archive.record_invoice(" ", before)


@pytest.mark.parametrize(
    ("name", "calls", "period", "says"),
    [
        (None, {"source": ["a"], "call_id": ["1"]}, None, "name must be"),
        (5, {"source": ["a"], "call_id": ["1"]}, None, "name must be"),
        ("A", {"source": ["a"]}, None, "need call_id; there is"),
        ("A", {"source": ["a"], "call_id": [None]}, None, "needs a source and a call_id"),
        ("A", {"source": ["a"], "call_id": ["1"]}, "2026-09", r"period must be \(start, end\)"),
        ("A", {"source": ["a"], "call_id": ["1"]}, ("2026-09-01", "2026-10-01"), "has no zone"),
    ],
)
def test_an_invoice_that_cannot_be_meant(tmp_path, name, calls, period, says):
    """What is no invoice, or names no calls, is refused in words before anything is made."""
    archive = ck.Archive(tmp_path / "archive")
    with pytest.raises((TypeError, ValueError, ck.SchemaError), match=says):
        archive.record_invoice(name, pl.DataFrame(calls), period=period)
    assert not list(tmp_path.iterdir())
