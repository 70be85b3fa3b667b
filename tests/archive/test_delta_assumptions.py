"""What delta-rs does that the archive rests on.

Nothing here tests callkit: an upgrade of delta-rs that changes it turns one of these red.
"""

from __future__ import annotations

import json
from functools import partial

import polars as pl
import pytest
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError

ROWS = pl.DataFrame(
    {"id": ["a", "b"], "part": ["1", "2"], "value": [1, None]}, schema_overrides={"value": pl.Int64}
)


def numbered(number: int, **said: object) -> CommitProperties:
    return CommitProperties(
        custom_metadata={"said": json.dumps(said)}, app_transactions=[Transaction("app", number)]
    )


@pytest.fixture
def table(tmp_path) -> DeltaTable:
    write_deltalake(tmp_path / "table", ROWS.head(0), partition_by=["part"], description="mine")
    return DeltaTable(tmp_path / "table")


def test_an_empty_frame_makes_a_table(table):
    """A table without rows has its schema, partitions and description."""
    assert table.metadata().description == "mine"
    assert pl.scan_delta(table).collect().schema == ROWS.schema
    assert table.metadata().partition_columns == ["part"]


@pytest.mark.parametrize("how", ["append", "merge"])
def test_transactions_of_one_application_follow_each_other(table, how):
    """A commit that carries an application's transaction is refused where another came since the table was read."""
    other = DeltaTable(table.table_uri)
    write_deltalake(table, ROWS, mode="append", commit_properties=numbered(1))
    merged = other.merge(
        ROWS, "t.id = s.id", source_alias="s", target_alias="t", commit_properties=numbered(1)
    ).when_not_matched_insert_all()
    append = partial(write_deltalake, other, ROWS, mode="append", commit_properties=numbered(1))
    with pytest.raises(CommitFailedError):
        _ = append() if how == "append" else merged.execute()
    assert pl.scan_delta(DeltaTable(table.table_uri)).collect().height == 2


def test_compaction_does_not_hinder_an_append(table):
    """A table that was compacted meanwhile can be appended to: nothing of what was read has changed."""
    for _ in range(3):
        write_deltalake(table, ROWS, mode="append")
    reader = DeltaTable(table.table_uri)
    assert table.optimize.compact()["numFilesRemoved"] == 6
    write_deltalake(reader, ROWS, mode="append", commit_properties=numbered(1))
    assert pl.scan_delta(DeltaTable(table.table_uri)).collect().height == 8


def test_what_a_commit_says_is_in_the_history(table):
    """Custom metadata of a commit come back with its version, and the transaction's number survives a checkpoint."""
    write_deltalake(table, ROWS, mode="append", commit_properties=numbered(7, text="ü'\"\n"))
    [commit] = table.history(1)
    assert (json.loads(commit["said"]), commit["version"]) == ({"text": "ü'\"\n"}, 1)
    table.create_checkpoint()
    assert DeltaTable(table.table_uri).transaction_version("app") == 7


def test_a_merge_says_how_much_it_did(table):
    """A merge that ends some rows and adds others does both in one version, and counts them."""
    write_deltalake(table, ROWS, mode="append")
    source = pl.concat(
        [ROWS.with_columns(ends=True), ROWS.with_columns(ends=pl.lit(value=False), value=pl.lit(9, pl.Int64))]
    )
    done = (
        table.merge(source, "t.id = s.id AND s.ends", source_alias="s", target_alias="t", streamed_exec=False)
        .when_matched_update({"value": "5"})
        .when_not_matched_insert({name: f"s.{name}" for name in ROWS.columns}, predicate="NOT s.ends")
        .execute()
    )
    assert (done["num_target_rows_updated"], done["num_target_rows_inserted"]) == (2, 2)
    assert sorted(pl.scan_delta(table).collect()["value"]) == [5, 5, 9, 9]
    assert table.version() == 2


def test_a_folder_s_name_is_given_as_in_an_address(tmp_path):
    """The files of a table are named with the folder percent-encoded, and what follows as it is called on the disk."""
    folder = tmp_path / "two words"
    write_deltalake(folder, ROWS.with_columns(part=pl.lit("a b")), partition_by=["part"])
    [file] = DeltaTable(folder).file_uris()
    [there] = folder.rglob("*.parquet")
    assert file == str(there).replace("two words", "two%20words")
    assert "part=a%20b" in file
