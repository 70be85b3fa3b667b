"""The archive's Delta tables: opened, read, appended to, merged into, compacted, and what goes wrong with them told.

Everything about delta-rs is here, but for the names of its files (`delta.py`). A commit of `cdrs` carries the ledger
rows of its readings in its commit info, and the number of the transaction it is: Delta refuses it if another one came
between reading and writing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from callkit.archive.delta import library, table_class
from callkit.archive.schemas import TABLES
from callkit.archive.trouble import explained
from callkit.archive.versions import Changes, changes
from callkit.errors import ArchiveError

if TYPE_CHECKING:
    from deltalake import CommitProperties, DeltaTable, WriterProperties

__all__ = ["Store"]

_FORMAT = "callkit archive, format 1"
_APP = "callkit"
_LEDGER = "callkit.ledger"
_FILE_SIZE = 32 * 1024 * 1024
_ROW_GROUP = 131_072
_SMALL = 8
_RETENTION_HOURS = 168
# delta-rs takes a folder for an address, where these mean something else; with some of them it panics.
_UNOPENED = frozenset("%[\\]^|")


class Store:
    """The tables below one folder or address.

    Parameters
    ----------
    uri
        A folder of this machine, or an address such as `s3://bucket/archive`.
    options
        What delta-rs needs for that address, e.g. credentials.
    """

    def __init__(self, uri: str | Path, options: Mapping[str, str] | None = None) -> None:
        self._lib = library()
        text = str(uri)
        self.folder: Path | None = None if "://" in text else Path(text).expanduser().absolute()
        self.uri = text.rstrip("/") if self.folder is None else str(self.folder)
        named = "" if self.folder is None else self.folder.as_posix()
        if wrong := sorted({one for one in named if one in _UNOPENED or not one.isprintable()}):
            raise ValueError(
                f"an archive's folder must not have {' or '.join(map(repr, wrong))} in its path, because the library "
                f"that reads and writes its tables cannot open it: {named!r}"
            )
        self._options = dict(options) if options else None

    def __repr__(self) -> str:
        return f"Store({self.uri!r})"

    def exists(self) -> bool:
        """Whether there is an archive."""
        return self.table("ledger") is not None

    def make(self) -> None:
        """Make the folder and the tables that are missing; what is there is looked at, not changed.

        Raises
        ------
        ArchiveError
            If the folder holds something else, or an archive that this version of callkit does not know.
        """
        with self.explained("cannot be written"):
            if self.folder is not None:
                self.folder.mkdir(parents=True, exist_ok=True)
                strangers = [
                    path.name for path in self.folder.iterdir() if path.name.partition(".")[0] not in TABLES
                ]
                strangers = [name for name in strangers if not name.startswith(".callkit")]
                if strangers and not (self.folder / "ledger").exists():
                    raise ArchiveError(
                        f"{self.uri} is no archive and holds other things ({', '.join(sorted(strangers)[:3])}): choose "
                        f"an empty folder, or one that is not there yet."
                    )
            # The ledger last: where it is, all the others are.
            for name in sorted(TABLES, key=lambda name: name == "ledger"):
                table = self.table(name)
                if table is None:
                    schema, partitions = TABLES[name]
                    self._lib.write_deltalake(
                        f"{self.uri}/{name}",
                        schema.to_frame(),
                        mode="ignore",
                        partition_by=partitions or None,
                        description=_FORMAT,
                        storage_options=self._options,
                    )

    def table(self, name: str) -> DeltaTable | None:
        """Open a table as it is now; None if there is none.

        Raises
        ------
        ArchiveError
            If it is damaged, or of a format that this version of callkit does not know.
        """
        with self.explained("cannot be read"):
            try:
                table = table_class()(f"{self.uri}/{name}", storage_options=self._options)
            except import_module("deltalake.exceptions").TableNotFoundError:
                return None
            if table.metadata().description != _FORMAT:
                raise ArchiveError(
                    f"{self.uri}/{name} is a Delta table, but not one of {_FORMAT!r}: it says "
                    f"{table.metadata().description!r}. Is it another folder, or of a newer callkit?"
                )
            return table

    def there(self, name: str) -> DeltaTable:
        """Open a table that has to be there."""
        table = self.table(name)
        if table is None:
            raise ArchiveError(
                f"there is no archive at {self.uri}: give the folder that `sync` made, or sync first."
            )
        return table

    def scan(self, name: str) -> pl.LazyFrame:
        """Read a table lazily, as it is now."""
        table = self.there(name)
        with self.explained("cannot be read"):
            return pl.scan_delta(table).select(TABLES[name][0].names())

    def changes(
        self, table: DeltaTable, records: pl.DataFrame, windows: pl.DataFrame | None, seen: datetime
    ) -> Changes:
        """Compare what was read with `cdrs` as it is in `table`."""
        with self.explained("cannot be read"):
            return changes(pl.scan_delta(table), records, windows, seen)

    def read(self, query: pl.LazyFrame) -> pl.DataFrame:
        """Collect what was read from a table; damaged files are told by name."""
        with self.explained("cannot be read"):
            return query.collect(engine="streaming")

    def append(self, name: str, rows: pl.DataFrame) -> int:
        """Append rows in one commit, and give the table's version."""
        with self.explained("cannot be written"):
            table = self.there(name)
            self._lib.write_deltalake(table, rows.match_to_schema(TABLES[name][0]), mode="append",
                                      writer_properties=self._writer())  # fmt: skip
            return int(table.version())

    def replace(self, name: str, rows: pl.DataFrame, predicate: str) -> None:
        """Put rows in place of those that fit an SQL predicate, in one commit."""
        with self.explained("cannot be written"):
            self._lib.write_deltalake(
                self.there(name), rows.match_to_schema(TABLES[name][0]), mode="overwrite", predicate=predicate
            )

    def commit(
        self, table: DeltaTable, rows: pl.DataFrame, closed: pl.DataFrame, ledger: Sequence[Mapping[str, Any]]
    ) -> int:
        """Commit new versions of records, the end of those that they replace, and the readings' ledger rows, at once.

        Parameters
        ----------
        table
            `cdrs` as it was when the changes were worked out.
        rows
            New versions, with all columns of `CDRS`.
        closed
            Versions that end: with all columns of `CDRS`, their `seen_to` being when.
        ledger
            Plain values, fit for JSON.

        Raises
        ------
        ArchiveBusy
            If the table was written to meanwhile: nothing was committed.
        """
        with self.explained("cannot be written"):
            properties = self._properties(table, ledger)
            if closed.is_empty():
                self._lib.write_deltalake(
                    table, rows, mode="append", target_file_size=_FILE_SIZE,
                    writer_properties=self._writer(), commit_properties=properties,
                )  # fmt: skip
            else:
                self._merge(table, rows, closed, properties)
            return int(table.version())

    def _merge(
        self, table: DeltaTable, rows: pl.DataFrame, closed: pl.DataFrame, properties: CommitProperties
    ) -> None:
        source = pl.concat([rows.with_columns(closes=pl.lit(value=False)), closed.with_columns(closes=True)])
        # Literal bounds: only the files that hold what ends are read and written anew.
        bounds = [
            f"t.{name} IN ({', '.join(_quoted(value) for value in closed[name].unique().sort())})"
            for name in ("source", "month")
        ]
        low, high = closed["call_id"].min(), closed["call_id"].max()
        same = ["source", "month", "account", "call_id", "digest", "seen_from"]
        predicate = " AND ".join(
            [
                *bounds,
                f"t.call_id >= {_quoted(low)} AND t.call_id <= {_quoted(high)}",
                "t.seen_to IS NULL AND s.closes",
                *(f"t.{name} = s.{name}" for name in same),
            ]
        )
        merged = table.merge(
            source, predicate=predicate, source_alias="s", target_alias="t", streamed_exec=False,
            writer_properties=self._writer(), commit_properties=properties,
        )  # fmt: skip
        insert = {name: f"s.{name}" for name in TABLES["cdrs"][0]}
        done = (
            merged.when_matched_update({"seen_to": "s.seen_to"})
            .when_not_matched_insert(insert, predicate="NOT s.closes")
            .execute()
        )
        if (done["num_target_rows_updated"], done["num_target_rows_inserted"]) != (
            closed.height,
            rows.height,
        ):
            raise ArchiveError(
                f"{self.uri}: expected to end {closed.height} versions and add {rows.height}, Delta says {done}. "
                f"Please report this, with the version of deltalake."
            )

    def ledger_in_log(self, after: int) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """Give the ledger rows in the commit info of every version of `cdrs` behind `after`, with the version."""
        table = self.there("cdrs")
        with self.explained("cannot be read"):
            newer = table.version() - max(after, 0)
            for commit in table.history(newer) if newer > 0 else []:
                if _LEDGER in commit:
                    yield int(commit["version"]), json.loads(commit[_LEDGER])

    def compact(self, name: str, *, everything: bool = False) -> int:
        """Put small files together where there are many, and delete files that nothing refers to for a week.

        Gives the number of files that were put together.
        """
        with self.explained("cannot be written"):
            table = self.there(name)
            files = pl.DataFrame(table.get_add_actions(flatten=True))
            keys = [f"partition.{column}" for column in TABLES[name][1]]
            small = files.filter(pl.col("size_bytes") < _FILE_SIZE // 2)
            groups = (small.group_by(keys) if keys else small.group_by(pl.lit(0).alias("all"))).len()
            due = groups.filter(pl.col("len") >= (2 if everything else _SMALL))
            removed = 0
            for row in due.sort(due.columns).iter_rows(named=True):
                chosen = [(key.removeprefix("partition."), "=", row[key]) for key in keys]
                done = table.optimize.compact(
                    partition_filters=chosen or None, target_size=_FILE_SIZE, writer_properties=self._writer()
                )
                removed += int(done["numFilesRemoved"])
            if removed:
                table.vacuum(retention_hours=_RETENTION_HOURS, dry_run=False)
            return removed

    def damaged(self, name: str) -> list[str]:
        """Name the files of a table that cannot be read, with the first line of why."""
        found = []
        for file in sorted(self.there(name).file_uris()):
            try:
                pl.scan_parquet(file, storage_options=self._options).collect(engine="streaming")
            except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
                found.append(f"{file}: {str(error).strip().splitlines()[0][:200]}")
        return found

    def _properties(self, table: DeltaTable, ledger: Sequence[Mapping[str, Any]]) -> CommitProperties:
        number = (table.transaction_version(_APP) or 0) + 1
        return self._lib.CommitProperties(  # type: ignore[no-any-return] # the module is imported when it is needed
            custom_metadata={_LEDGER: json.dumps(list(ledger), ensure_ascii=False)},
            app_transactions=[self._lib.Transaction(_APP, number)],
        )

    def _writer(self) -> WriterProperties:
        return self._lib.WriterProperties(  # type: ignore[no-any-return] # as above
            compression="ZSTD", compression_level=1, max_row_group_size=_ROW_GROUP
        )

    def explained(self, what: str) -> AbstractContextManager[None]:
        """Turn what goes wrong inside into an ArchiveError that says what to do."""
        return explained(self.uri, what)


def _quoted(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
