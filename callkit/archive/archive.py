"""`Archive`: call records kept in a Delta Lake table, with what was read when, and what changed since.

An archive is a folder (or an address of an object store) with five Delta tables:

    cdrs      every version of every record, partitioned by source and month; Spark reads it as it is
    ledger    what was read, when, how much it brought, and the digests that prove it
    asked     ids that the user asked for
    invoiced  which calls were on which invoice
    raw       bodies of answers, where they are kept

**A window is committed at once.** Delta commits are atomic for one table, not for two. So a reading's ledger row
travels in the commit info of the very commit of `cdrs` that brings its records; `ledger` is that written out for
queries, and is brought up to date from there (`ledger.py`). A process that is killed at any instant leaves either all
of a commit or nothing: files that no commit names are ignored, and deleted after a week.

**Repeating is harmless.** A reading is compared with what is held (`versions.py`): what is the same is not written,
what differs ends the version that is held and begins one. So windows may be read twice, overlap, and come in any order.

**One writer.** A lock file keeps a second one out (`lock.py`); behind it, every commit carries the next transaction
number of the application `callkit`, and Delta refuses it if another commit came between (optimistic concurrency): then
the reading is compared anew and committed again. On an object store this is all there is, and it is enough.

**Versions are rows.** `seen_from` and `seen_to` say when a record was seen so, and the past is read from them, not from
old files: it survives compaction and vacuum.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from callkit import cdr
from callkit.archive import restated
from callkit.archive.coverage import coverage
from callkit.archive.ledger import recovered
from callkit.archive.lock import Lock
from callkit.archive.readings import Reading, Synced
from callkit.archive.store import Store
from callkit.archive.sync import Writer, Writing
from callkit.archive.vendors import ITNIO, NX, ids_of, pending, sync_ids, sync_period
from callkit.archive.verify import verify
from callkit.arguments import instant
from callkit.cdr import INSTANT
from callkit.errors import ArchiveError, SchemaError
from callkit.fetch import ItnioVoice, NxWhatsApp
from callkit.fetch.windows import period

if TYPE_CHECKING:
    from collections.abc import Callable

    import altair as alt

__all__ = ["Archive"]

LOOK_BACK = timedelta(days=7)


class Archive:
    """Call records that are kept, and what is known about them. Needs the extra `archive`.

    Parameters
    ----------
    path
        A folder of this machine, made at the first sync, or an address such as `s3://bucket/archive`. A path with one
        of `% [ ] ^ |` in it is refused, because delta-rs cannot open it.
    keep_raw
        Keep the body of every answer, gzipped and addressed by its SHA-256: `verify` then rebuilds the records out of
        them. The bodies hold telephone numbers, and no credentials.
    storage_options
        What delta-rs needs for an object store, e.g. its credentials. They are not kept.
    clock
        What time it is; the machine's by default. With a sandbox: `clock=lambda: sandbox.now`.

    Examples
    --------
    >>> import callkit as ck
    >>> from tempfile import TemporaryDirectory
    >>> with ck.Sandbox(calls=200, seed=7, billing_faults=0) as sandbox, TemporaryDirectory() as folder:
    ...     archive = ck.Archive(f"{folder}/archive", clock=lambda: sandbox.now)
    ...     first = archive.sync(sandbox.itnio_voice(), *sandbox.period)
    ...     again = archive.sync(sandbox.itnio_voice(), *sandbox.period)
    ...     held = archive.scan().collect().height
    >>> (first.new == held, again.new, again.changed)
    (True, 0, 0)
    """

    def __init__(
        self,
        path: str | Path,
        keep_raw: bool = False,
        *,
        storage_options: Mapping[str, str] | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        if not isinstance(path, str | Path):
            raise TypeError(f"path must be a folder or an address, got {type(path).__name__}")
        if not str(path).strip():
            raise ValueError("path must be a folder or an address, and is empty")
        self._store = Store(path, storage_options)
        self._keep_raw = keep_raw
        self._time = clock

    @property
    def uri(self) -> str:
        """Where the archive is. The table of records is below it, in `cdrs`."""
        return self._store.uri

    def __repr__(self) -> str:
        return f"Archive({self.uri!r}{', keep_raw=True' if self._keep_raw else ''})"

    def sync(
        self,
        source: ItnioVoice | NxWhatsApp,
        start: datetime | str | Iterable[str] | None = None,
        end: datetime | str | None = None,
        *,
        call_ids: object = None,
        account: str | None = None,
        look_back: timedelta = LOOK_BACK,
        wait: float = 0.0,
    ) -> Synced:
        """Read from a vendor what is not held, or not for long enough, and keep it.

        Interrupted anywhere, the next sync continues; run twice, it changes nothing. Windows are cut at midnight UTC,
        of as many days as hold a few thousand records (the vendor is asked how many there are), in the look-back of
        one day; each is committed once it is verified, small ones together. The logger `callkit.archive` tells each.

        Parameters
        ----------
        source
            The vendor's client.
        start, end
            ITNIO: the half-open period, as in `fetch`. Windows of it that were read before are not read again, if they
            had been over for as long as `look_back` when they were read.
        call_ids
            NXCloud: a list, a Series, or a frame with a column `call_id` (a webhook dump, see `read_cdrs`); may
            also stand in the place of `start`. Ids without a record yet are remembered and asked again at every
            sync, so that `sync(client)` alone is of use.
        account
            A name for the vendor's account. By default a digest of the key.
        look_back
            For so long after a call its record may still be filled in or changed: recent windows, and NXCloud calls,
            are read again until they are older. Seven days by default.
        wait
            Seconds to wait for another process that writes to this archive.

        Returns
        -------
        Synced
            What was read, and how much of it was new or changed.

        Raises
        ------
        ArchiveBusy
            If another process writes to this archive.
        ArchiveError
            If the archive cannot be read or written: what was committed before is kept.
        IncompleteFetch, AuthenticationError, InvalidRequest, OutOfRange, RateLimited, VendorError
            As `fetch`. The windows before are kept.
        """
        if not isinstance(look_back, timedelta):
            raise TypeError(f"look_back must be a timedelta, like timedelta(days=7), got {look_back!r:.60}")
        if look_back < timedelta(0):
            raise ValueError(f"look_back must be 0 or more, got {look_back!r}")
        if not isinstance(source, ItnioVoice | NxWhatsApp):
            raise TypeError(f"source must be a client (ItnioVoice, NxWhatsApp), got {type(source).__name__}")
        name = source.account if account is None else _named(account)
        if isinstance(source, ItnioVoice):
            if call_ids is not None or isinstance(start, list | pl.Series | pl.DataFrame):
                raise TypeError("ITNIO is asked by period: sync(client, start, end)")
            asked = period(start, end)
            with self._writing(wait, ITNIO, name) as writer:
                sync_period(writer, source, asked, look_back, keep_raw=self._keep_raw)
                return self._tidied(writer)
        if end is not None or isinstance(start, datetime) or (call_ids is not None and start is not None):
            raise TypeError("NXCloud is asked by id: sync(client, call_ids)")
        given = start if call_ids is None else call_ids
        ids = [] if given is None else ids_of(given)
        with self._writing(wait, NX, name) as writer:
            sync_ids(writer, self._store, source, ids, look_back, keep_raw=self._keep_raw)
            return self._tidied(writer)

    def add(
        self, cdrs: object, *, account: str = "files", replace: bool = False, wait: float = 0.0
    ) -> Synced:
        """Keep records that came some other way: files of earlier fetches, a webhook dump.

        Parameters
        ----------
        cdrs
            A CDR frame. Rows without a record (`found` is false) are left out.
        account
            Whose they are: that of the syncs (`archive.ledger()` shows it), if they are to be one with them.
        replace
            What becomes of calls that are held with other values: by default they stay as they are (a file may be
            older than what is held); with True what is given is a new version.
        wait
            As in `sync`.
        """
        name = _named(account)
        frame = (
            cdr.validate(cdrs)
            .select(cdr.SCHEMA.names())
            .filter(pl.col("found").fill_null(value=True))
            .collect()
        )
        if frame["source"].null_count() or frame["call_id"].null_count():
            raise SchemaError("every record needs a source and a call_id to be kept")
        done = Synced(unit="record")
        for source in frame["source"].unique().sort():
            mine = frame.filter(pl.col("source") == source)
            with self._writing(wait, source, name) as writer:
                if not replace:
                    mine = mine.join(self._held_of(mine, source, name), on="call_id", how="anti")
                writer.add(Reading("frame", mine, mine.height))
                writer.flush()
                one = self._tidied(writer)
            done.read += one.records
            done.records += one.records
            done.new += one.new
            done.changed += one.changed
        return done

    def scan(
        self,
        as_of: datetime | str | None = None,
        *,
        source: str | None = None,
        account: str | None = None,
    ) -> pl.LazyFrame:
        """Read the records, lazily: the newest version of each, or as they were seen at an instant.

        Parameters
        ----------
        as_of
            An aware datetime, or ISO text with an offset.
        source, account
            Of one source or account only.

        Returns
        -------
        pl.LazyFrame
            `callkit.cdr.SCHEMA`, unsorted: `callkit.cdr.sort` sorts it, `callkit.reconcile` takes it as it is.
        """
        rows = self._store.scan("cdrs")
        if as_of is None:
            rows = rows.filter(pl.col("seen_to").is_null())
        else:
            at = pl.lit(instant(as_of, "as_of").astimezone(UTC), INSTANT)
            rows = rows.filter(
                pl.col("seen_from") <= at, pl.col("seen_to").is_null() | (pl.col("seen_to") > at)
            )
        if source is not None:
            rows = rows.filter(pl.col("source") == source)
        if account is not None:
            rows = rows.filter(pl.col("account") == account)
        return rows.select(cdr.SCHEMA.names())

    def files(self) -> list[str]:
        """Name the Parquet files that the table of records consists of now, for readers that know no Delta.

        Their `source` and `month` are in the paths (`source=…/month=…`), as Spark reads them with a `basePath` of
        `{uri}/cdrs`; rows whose `seen_to` is null are the newest versions. Other files in the folder are of the past.

        Returns
        -------
        list of str
            Sorted paths or addresses.
        """
        return sorted(self._store.there("cdrs").file_uris())

    def restatements(self) -> pl.DataFrame:
        """Give every change of a record that was seen: which fields, when, and the money.

        Returns
        -------
        pl.DataFrame
            `callkit.archive.RESTATEMENTS`, sorted by `seen_at`, source, account and call_id. `amount` is cost after −
            before, null where the currency changed.
        """
        return restated.restatements(self._store)

    def ledger(self) -> pl.DataFrame:
        """Give what was read, when, and what it brought: `callkit.archive.LEDGER`, in the order of reading."""
        return recovered(self._store)[0].sort(
            "read_at", "seen_at", "source", "account", "window_start", "entry"
        )

    def pending(self) -> pl.DataFrame:
        """Give the ids that were asked for and have no record yet: source, account, call_id, asked_at."""
        return pending(self._store)

    def coverage(self) -> pl.DataFrame:
        """Say of every day what is held, whether that is all, and until when the vendor can be asked for it.

        Where the vendor is asked by period, there is a row for every day since the first that was read, or since the
        first that the vendor still shows; any other day has one if records of it are held.

        Returns
        -------
        pl.DataFrame
            `callkit.archive.COVERAGE`, sorted by source, account, day (in UTC). `status`: `complete`; `partial`,
            `missing`: the vendor still shows it, until `expires_at` at the latest (two calendar months after the
            day began), and `sentence` says so; `gone`: it does not any more; `open`: the day is not over; `held`: of a
            vendor that is asked by id, where nobody can tell. `expected`: records of such a weekday, as far as known.
        """
        return coverage(self._store, recovered(self._store)[0], self._clock())

    def coverage_chart(self) -> alt.Chart:
        """Draw `coverage` as a calendar: a column a week, a row a weekday."""
        from callkit.archive.calendar import calendar  # noqa: PLC0415 - Altair takes longer to load than the rest

        return calendar(self.coverage())

    def verify(self) -> pl.DataFrame:
        """Check that the archive holds what was read.

        Every record is digested anew and compared with the ledger; where the bodies of the answers were kept, they are
        read again, the records rebuilt by the very code that read them at first, and compared.

        Returns
        -------
        pl.DataFrame
            `callkit.archive.VERIFIED`, a row a reading: `problem` is null where all is well.

        Raises
        ------
        ArchiveError
            If a file cannot be read at all: names it.
        """
        try:
            return verify(self._store, recovered(self._store)[0])
        except ArchiveError as error:
            damaged = [line for name in ("cdrs", "ledger", "raw") for line in self._store.damaged(name)]
            if not damaged:
                raise
            told = "\n".join(f"  {line}" for line in damaged[:20])
            problem = (
                f"{len(damaged)} damaged file(s) in the archive:\n{told}\nBring them back from a backup."
            )
            raise ArchiveError(problem) from error

    def raw(self, digest: str) -> bytes:
        """Give the body of an answer, as it came, by the digest that the ledger's `pages` names."""
        found = self._store.read(self._store.scan("raw").filter(pl.col("digest") == digest).head(1))
        if found.is_empty():
            raise ArchiveError(f"no body {digest!r:.80} is kept in {self.uri}")
        return gzip.decompress(found["body"].item())

    def record_invoice(
        self,
        name: str,
        cdrs: object,
        period: tuple[datetime | str, datetime | str] | None = None,
        *,
        replace: bool = False,
        wait: float = 0.0,
    ) -> None:
        """Remember which calls were on an invoice: a later one that has them again is told (check `rebilled`).

        Parameters
        ----------
        name
            The invoice's number.
        cdrs
            Its calls: any frame with source and call_id.
        period
            The period that it is for, half-open.
        replace
            Put the calls in place of those that are recorded under the name; without it, that is refused.
        wait
            As in `sync`.
        """
        rows = restated.calls_of(name, cdrs, period, self._clock())
        self._store.make()
        with self._lock(wait):
            restated.record_invoice(self._store, name, rows, replace=replace)

    def invoiced(self) -> pl.DataFrame:
        """Give the calls of the recorded invoices: `callkit.archive.INVOICED`, sorted by invoice, source, call_id."""
        return restated.invoiced(self._store)

    def compact(self, *, wait: float = 0.0) -> int:
        """Put small files together, and delete files that nothing has referred to for a week; gives how many it were.

        In a folder, `sync` does so where a month has gathered eight small files; this does it for every month.
        On an object store, where no lock keeps others out, call it while nothing else compacts the archive: delta-rs
        (1.6) does not notice two compactions of the same files, and keeps the records of both.
        """
        self._store.there("ledger")
        with self._lock(wait):
            return sum(
                self._store.compact(name, everything=True) for name in ("cdrs", "ledger", "raw", "asked")
            )

    def _held_of(self, records: pl.DataFrame, source: str, account: str) -> pl.DataFrame:
        ids = records["call_id"].unique()
        held = self.scan(source=source, account=account).filter(
            pl.col("call_id").is_between(pl.lit(ids.min()), pl.lit(ids.max()))
        )
        return self._store.read(held.select("call_id").join(ids.to_frame().lazy(), on="call_id", how="semi"))

    def _clock(self) -> datetime:
        # Days are told in UTC, whatever zone the clock is in.
        return datetime.now(UTC) if self._time is None else self._time().astimezone(UTC)

    def _lock(self, wait: float) -> Lock:
        folder = self._store.folder
        return Lock(None if folder is None else folder / ".callkit-lock", wait)

    def _writing(self, wait: float, source: str, account: str) -> Writing:
        self._store.make()
        return Writing(self._store, self._lock(wait), source, account, self._clock)

    def _tidied(self, writer: Writer) -> Synced:
        # Delta lets two writers compact the same files at once, and then has every record twice: only behind a lock.
        if self._store.folder is not None:
            for name in ("cdrs", "ledger", "raw", "asked"):
                self._store.compact(name)
        return writer.done


def _named(account: object) -> str:
    if not isinstance(account, str) or not account.strip():
        raise ValueError(f"account must be a name that is not empty, got {account!r:.60}")
    return account
