from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pyarrow as pa
import pytest

from callkit.spark import judging
from callkit.spark.arrow import to_polars, with_columns
from reconciliation.calls import NOON


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "+05:45", "America/Sao_Paulo"])
def test_instants_do_not_depend_on_the_zone_they_are_shown_in(zone):
    """Whatever zone an Arrow timestamp is labelled with, the instant is the same, and in UTC."""
    at = [NOON, datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), None]
    table = pa.table({"at": pa.array(at, pa.timestamp("us", zone))})
    found = to_polars(table)["at"]
    assert found.dtype == pl.Datetime("us", "UTC")
    assert found.to_list() == at


def test_naive_times_stay_naive():
    """A time without a zone is not given one."""
    table = pa.table({"at": pa.array([datetime(2026, 3, 1)], pa.timestamp("us"))})  # noqa: DTZ001 - naive on purpose
    assert to_polars(table)["at"].dtype == pl.Datetime("us")


def test_added_columns_have_sparks_types():
    """Text has 32-bit offsets and money 38 digits, behind columns that stay as they are."""
    table = pa.table({"own": pa.array([timedelta(1), None])})
    added = pl.DataFrame({"verdict": ["agrees", None], "cost": [1, None]}).cast({"cost": pl.Decimal(38, 10)})
    found = with_columns(table, added)
    assert found.schema.types == [pa.duration("us"), pa.string(), pa.decimal128(38, 10)]
    assert found.column("own").equals(table.column("own"))


def test_small_batches_are_put_together_in_their_order(monkeypatch):
    """Every row comes once, in order, in tables of about the stated size; the last one may be smaller."""
    monkeypatch.setattr(judging, "BATCH_ROWS", 10)
    batches = [pa.record_batch({"at": list(range(at, at + 4))}) for at in range(0, 44, 4)]
    tables = list(judging.larger(iter(batches)))
    assert [table.num_rows for table in tables] == [12, 12, 12, 8]
    assert [at for table in tables for at in table["at"].to_pylist()] == list(range(44))
    monkeypatch.setattr(judging, "BATCH_BYTES", 1)
    assert [table.num_rows for table in judging.larger(iter(batches))] == [4] * 11
    assert list(judging.larger(iter([]))) == []
