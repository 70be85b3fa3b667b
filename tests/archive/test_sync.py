"""Syncing: what is held is what the vendor has, however often and in whatever pieces it was read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

import callkit as ck
from callkit import cdr
from callkit.sandbox import Fault, FaultPlan, Sandbox

pytestmark = pytest.mark.filterwarnings("ignore:.*lists .* under an id that it lists already:UserWarning")


def held(archive: ck.Archive, **of: str) -> pl.DataFrame:
    return cdr.sort(archive.scan(**of).collect())


def test_a_sync_holds_what_a_fetch_gives(sandbox, archive, kit):
    """After a sync the newest versions are the very frame that fetching the period gives."""
    client = sandbox.itnio_voice()
    done = archive.sync(client, kit.START, kit.END)
    fetched = client.fetch(kit.START, kit.END)
    assert fetched.height > 100
    assert held(archive).equals(fetched)
    assert (done.records, done.new, done.changed) == (fetched.height, fetched.height, 0)


def test_the_second_sync_changes_nothing(sandbox, archive, kit):
    """Run twice, it adds no version and commits nothing to the records, though the look-back is read again."""
    client = sandbox.itnio_voice()
    archive.sync(client, kit.START, kit.END)
    before, version = held(archive), archive._store.there("cdrs").version()
    again = archive.sync(client, kit.START, kit.END)
    assert (again.new, again.changed) == (0, 0)
    assert again.read > 0
    assert held(archive).equals(before)
    assert archive._store.there("cdrs").version() == version


@pytest.mark.usefixtures("by_day")
def test_what_was_read_late_enough_is_not_read_again(sandbox, archive, kit):
    """Days that had been over for as long as the look-back are skipped; with a longer look-back they are not."""
    client = sandbox.itnio_voice()
    assert archive.sync(client, kit.START, kit.END, look_back=timedelta(days=3)).read == 11
    # 16 September 8:00 and later is younger than three days and a bit: the 17th to the 20th.
    again = archive.sync(client, kit.START, kit.END, look_back=timedelta(days=3))
    assert again.read == 4
    assert again.settled == 7 * 86_400
    assert archive.sync(client, kit.START, kit.END, look_back=kit.ALWAYS).read == 11


def test_windows_are_as_long_as_they_may_be(sandbox, archive, kit):
    """What is settled is read in windows of many days where there are few records; the look-back day by day."""
    archive.sync(sandbox.itnio_voice(), kit.START, kit.END, look_back=timedelta(days=3))
    starts = archive.ledger()["window_start"].dt.day().to_list()
    assert starts == [10, 17, 18, 19, 20]


def test_late_and_restated_records(sandbox, archive, kit):
    """Records that come late are added and restated ones replaced; the past can still be seen."""
    client = sandbox.itnio_voice()
    archive.sync(client, kit.START, kit.END)
    before, then = held(archive), sandbox.now
    sandbox.advance(kit.LATE)
    done = archive.sync(client, kit.START, kit.END, look_back=kit.ALWAYS)
    assert done.new > 0
    assert done.changed > 0
    assert held(archive).equals(client.fetch(kit.START, kit.END))
    assert cdr.sort(archive.scan(as_of=then).collect()).equals(before)
    assert cdr.sort(archive.scan(as_of="2026-10-06T11:00:00+02:00").collect()).equals(held(archive))
    assert archive.scan(as_of=then - timedelta(seconds=1)).collect().is_empty()


def test_the_past_survives_compaction(sandbox, archive, kit):
    """Putting files together and deleting old ones changes neither the present nor the past."""
    client = sandbox.itnio_voice()
    archive.sync(client, kit.START, kit.END)
    before, then = held(archive), sandbox.now
    sandbox.advance(kit.LATE)
    archive.sync(client, kit.START, kit.END, look_back=kit.ALWAYS)
    now, changes = held(archive), archive.restatements()
    assert archive.compact() > 0
    archive._store.there("cdrs").vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    assert len(archive._store.there("cdrs").file_uris()) == 1
    assert held(archive).equals(now)
    assert cdr.sort(archive.scan(as_of=then).collect()).equals(before)
    assert archive.restatements().equals(changes)
    assert archive.verify()["problem"].null_count() == archive.ledger().height


def test_the_files_without_delta(sandbox, archive, kit):
    """The files named, their partitions read off the paths, hold every version, and the newest are the open ones."""
    client = sandbox.itnio_voice()
    archive.sync(client, kit.START, kit.END)
    sandbox.advance(kit.LATE)
    archive.sync(client, kit.START, kit.END, look_back=kit.ALWAYS)
    rows = pl.scan_parquet(archive.files(), hive_partitioning=True, try_parse_hive_dates=False)
    newest = rows.filter(pl.col("seen_to").is_null()).select(cdr.SCHEMA.names()).collect()
    assert cdr.sort(newest).equals(held(archive))
    assert rows.collect().height > newest.height


def test_small_files_are_put_together_on_the_way(sandbox, archive):
    """A month that has gathered eight small files is compacted by the sync itself."""
    client = sandbox.itnio_voice()
    for day in range(1, 10):
        archive.sync(client, f"2026-09-{day:02}T00:00:00Z", f"2026-09-{day + 1:02}T00:00:00Z")
    assert len(archive._store.there("cdrs").file_uris()) < 8
    assert held(archive).equals(client.fetch("2026-09-01T00:00:00Z", "2026-09-10T00:00:00Z"))


def test_windows_too_large_to_be_read_at_once(sandbox, archive, monkeypatch):
    """A day that is read in parts is complete only with the last of them, and holds the same records."""
    monkeypatch.setattr("callkit.fetch.paging.RECORDS_AT_ONCE", 5)
    raw = ck.Archive(archive.uri, keep_raw=True, clock=lambda: sandbox.now)
    raw.sync(sandbox.itnio_voice(), "2026-09-14T00:00:00Z", "2026-09-16T00:00:00Z")
    assert held(archive).equals(sandbox.itnio_voice().fetch("2026-09-14T00:00:00Z", "2026-09-16T00:00:00Z"))
    ledger = archive.ledger()
    whole = ledger.filter("complete")
    assert ledger.height > whole.height == 2
    assert whole["window_start"].to_list() == [datetime(2026, 9, day, tzinfo=UTC) for day in (14, 15)]
    verified = raw.verify()
    assert verified["problem"].null_count() == verified.height
    assert verified["pages"].sum() > 2


def test_a_failure_on_the_way_keeps_what_was_before(kit, tmp_path):
    """Days read before the vendor fails are kept, and the next sync goes on from there."""
    faults = FaultPlan([Fault("vendor_code", value=-1, on=range(8, 99))])
    with Sandbox(calls=300, seed=7, now=kit.EARLY, faults=faults) as failing:
        archive = ck.Archive(tmp_path / "archive", clock=lambda: failing.now)
        with pytest.raises(ck.AuthenticationError):
            archive.sync(failing.itnio_voice(), kit.START, kit.END)
        kept = held(archive)
        assert kept.height
    with Sandbox(calls=300, seed=7, now=kit.EARLY) as well:
        done = archive.sync(well.itnio_voice(), kit.START, kit.END, look_back=timedelta(0))
        assert 0 < done.read < 11
        assert held(archive).equals(well.itnio_voice().fetch(kit.START, kit.END))


def test_two_accounts_do_not_mix(sandbox, archive, kit):
    """The same vendor's other account has its own windows and records, whose name is no secret."""
    ours = sandbox.itnio_voice()
    theirs = sandbox.itnio_voice(**sandbox.other_credentials["itnio"])
    archive.sync(ours, kit.START, kit.END)
    archive.sync(theirs, kit.START, kit.END, account="branch office")
    assert ours.account != theirs.account
    assert held(archive, account=ours.account).equals(ours.fetch(kit.START, kit.END))
    assert held(archive, account="branch office").equals(theirs.fetch(kit.START, kit.END))
    assert set(archive.coverage()["account"]) == {ours.account, "branch office"}


def test_calls_by_id(sandbox, archive, kit):
    """Calls are kept, ids without a record remembered and asked again by a sync that names none."""
    client = sandbox.nx_whatsapp()
    ids = [*sandbox.call_ids, "no such call"]
    first = archive.sync(client, ids)
    assert first.read == len(ids)
    assert first.pending == len(ids) - first.new
    assert set(archive.pending()["call_id"]) == set(ids) - set(held(archive)["call_id"])
    sandbox.advance(kit.LATE)
    second = archive.sync(client, look_back=timedelta(0))
    assert second.read == first.pending
    assert second.new > 0
    third = archive.sync(
        client, call_ids=ids, look_back=timedelta(0)
    )  # some are not there at the first time of asking
    assert third.read == second.pending
    assert held(archive).equals(cdr.sort(client.fetch(ids).filter("found")))
    assert "no such call" in set(archive.pending()["call_id"])


def test_calls_of_the_look_back_are_asked_again(sandbox, archive, kit):
    """A WhatsApp call that is young enough is read again, and what was changed is seen."""
    client = sandbox.nx_whatsapp()
    calls = client.fetch(sandbox.call_ids).filter("found")
    archive.add(calls.with_columns(pl.col("cost") + 1), account=client.account)
    young = calls.filter(pl.coalesce("answered_at", "ended_at") >= kit.EARLY - timedelta(days=2))
    again = archive.sync(client, look_back=timedelta(days=2))
    assert 0 < again.read < calls.height
    assert (again.read, again.changed) == (young.height, young.height)
    now = held(archive).filter(pl.col("call_id").is_in(young["call_id"].implode()))
    assert now.equals(cdr.sort(young))


def test_a_call_without_a_time_is_asked_again(sandbox, archive):
    """A WhatsApp call that has no time yet is as young as its record: it is read again until the look-back is over."""
    client = sandbox.nx_whatsapp()
    call = client.fetch(sandbox.call_ids).filter("found").head(1)
    timeless = call.with_columns(
        pl.lit(None, cdr.INSTANT).alias(name) for name in ("answered_at", "ended_at")
    )
    archive.add(timeless, account=client.account)
    assert archive.sync(client, look_back=timedelta(days=2)).changed == 1
    assert held(archive).equals(call)
    archive.add(timeless, account=client.account, replace=True)
    sandbox.advance(timedelta(days=3))
    assert archive.sync(client, look_back=timedelta(days=2)).read == 0


def test_a_body_is_kept_once(sandbox, archive, kit):
    """Answers that come again as they were are not stored again, though every reading names its pages."""
    raw = ck.Archive(archive.uri, keep_raw=True, clock=lambda: sandbox.now)
    for _ in range(3):
        raw.sync(sandbox.itnio_voice(), kit.START, kit.END, look_back=kit.ALWAYS)
    bodies = raw._store.read(raw._store.scan("raw").select("digest"))["digest"]
    assert bodies.is_unique().all()
    verified = raw.verify()
    assert verified["problem"].null_count() == verified.height
    assert verified["pages"].sum() == 3 * bodies.len()


@pytest.mark.usefixtures("by_day")
def test_nothing_is_compacted_where_no_lock_keeps_others_out(sandbox, archive, kit, monkeypatch):
    """Two compactions at once would leave every record twice, so a sync to an address leaves its small files alone."""
    monkeypatch.setattr("callkit.archive.sync._RECORDS_AT_ONCE", 1)
    remote = ck.Archive(f"file://{archive.uri}", clock=lambda: sandbox.now)
    done = remote.sync(sandbox.itnio_voice(), kit.START, kit.END)
    assert done.new == remote.scan().collect().height
    assert len(remote.files()) >= 8
    archive.sync(sandbox.itnio_voice(), kit.START, kit.END)
    assert len(archive.files()) == 1
    assert done.new == archive.scan().collect().height


def test_records_from_elsewhere(sandbox, archive, kit):
    """Records of earlier fetches are kept; those that are held already stay as they are unless they should not."""
    calls = sandbox.itnio_voice().fetch(kit.START, kit.END)
    assert archive.add(calls.head(50)).new == 50
    dearer = calls.head(60).with_columns(pl.col("cost") + 1)
    assert archive.add(dearer).new == 10
    assert held(archive).filter(pl.col("cost") >= 1).height == 10
    assert archive.add(dearer, replace=True).changed == 50
    assert archive.restatements().height == 50
    assert held(archive).equals(dearer)


def test_no_secret_is_kept(sandbox, kit, tmp_path):
    """Neither a body, a name, the ledger nor the log of an archive holds a credential."""
    archive = ck.Archive(tmp_path / "archive", keep_raw=True, clock=lambda: sandbox.now)
    archive.sync(sandbox.itnio_voice(), kit.START, kit.END)
    archive.sync(sandbox.nx_whatsapp(), sandbox.call_ids)
    bodies = archive._store.read(archive._store.scan("raw"))
    texts = [archive.raw(digest) for digest in bodies["digest"]]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    texts += [path.read_bytes() for path in files] + [str(path).encode() for path in files]
    texts.append(archive.ledger().write_csv().encode())
    secrets = {
        value
        for keys in sandbox.credentials.values()
        for name, value in keys.items()
        if name != "business_phone"  # the number that calls came from is in the calls
    }
    assert len(texts) > 20
    assert not [secret for secret in secrets if any(secret.encode() in text for text in texts)]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("itnio", "2026-09-01T00:00:00", "2026-09-02T00:00:00Z"), "no zone"),
        (("itnio", ["a"]), "by period"),
        (("nx", "an id"), "several ids"),
        (("nx", ["a", ""]), "number 2"),
        (("nx", {"call_id": ["1"]}), "several ids"),
        (("nx", pl.DataFrame({"a": ["1"], "b": ["2"]})), "no column 'call_id'"),
        (("nx", datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 2, tzinfo=UTC)), "by id"),
    ],
)
def test_wrong_arguments(sandbox, archive, arguments, says):
    """What cannot be meant is refused before anything is asked for or made."""
    vendor, *rest = arguments
    client = sandbox.itnio_voice() if vendor == "itnio" else sandbox.nx_whatsapp()
    with pytest.raises((TypeError, ValueError), match=says):
        archive.sync(client, *rest)
    assert not Path(archive.uri).exists()


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ({"look_back": 7}, r"look_back must be a timedelta, like timedelta\(days=7\), got 7"),
        ({"look_back": -timedelta(1)}, "look_back must be 0 or more"),
        ({"account": ""}, "account must be a name"),
        ({"account": 5}, "account must be a name"),
        ({"wait": "long"}, "wait must be seconds, got 'long'"),
    ],
)
def test_wrong_options(sandbox, archive, kit, named, says):
    """An option that is not what it should be is told by its name."""
    with pytest.raises((TypeError, ValueError), match=says):
        archive.sync(sandbox.itnio_voice(), kit.START, kit.END, **named)


def test_an_account_without_a_name(archive):
    """Records of nobody could never be found again by their account."""
    with pytest.raises(ValueError, match="account must be a name"):
        archive.add(cdr.empty(), account=" ")


@pytest.mark.parametrize("as_of", ["2026-09-01", "yesterday", datetime(2026, 9, 1)])  # noqa: DTZ001 - refused
def test_an_instant_without_a_zone(sandbox, archive, kit, as_of):
    """A past that could be several is refused, with how to say it."""
    archive.sync(sandbox.itnio_voice(), kit.START, kit.END)
    with pytest.raises(ValueError, match="as_of must be an instant with an offset, like 2026-10-01T00:00:00"):
        archive.scan(as_of=as_of)


def test_an_archive_that_is_not_there(tmp_path):
    """Reading where nothing is says so, and makes nothing: a mistyped folder is no empty archive."""
    archive = ck.Archive(tmp_path / "nowhere")
    for read in (archive.scan, archive.coverage, archive.restatements, archive.invoiced, archive.verify):
        with pytest.raises(ck.ArchiveError, match="no archive at"):
            read()
    assert not (tmp_path / "nowhere").exists()
