"""Coverage: what is held of each day, and until when the vendor can be asked for the rest."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import callkit as ck
from callkit.archive import COVERAGE
from callkit.archive.calendar import calendar
from callkit.archive.coverage import forgotten_at, two_months_before
from callkit.sandbox.itnio import two_months_before as sandbox_two_months_before

pytestmark = pytest.mark.filterwarnings("ignore:.*lists .* under an id that it lists already:UserWarning")


def of(coverage: pl.DataFrame, day: date) -> dict:
    return coverage.row(by_predicate=pl.col("day") == day, named=True)


def test_days(sandbox, archive, kit):
    """Each day is complete, partial, missing, gone or open, as the readings have it, and has its records counted."""
    client = sandbox.itnio_voice()
    archive.sync(client, "2026-09-03T00:00:00Z", "2026-09-12T12:00:00Z")
    found = archive.coverage()
    assert found.schema == COVERAGE
    assert found.equals(found.sort("source", "account", "day"))
    assert found["day"].to_list() == [date(2026, 7, 20) + timedelta(days=n) for n in range(63)]
    complete = found.filter("complete")
    assert complete["day"].to_list() == [date(2026, 9, day) for day in range(3, 12)]
    records = archive.scan().collect().group_by(day=pl.col("submitted_at").dt.date()).len()
    assert dict(records.iter_rows()) == dict(
        found.filter(pl.col("records") > 0).select("day", "records").iter_rows()
    )
    assert of(found, date(2026, 9, 12))["status"] == "partial"
    assert of(found, date(2026, 9, 13))["status"] == "missing"
    assert of(found, date(2026, 9, 20))["status"] == "open"
    assert of(found, date(2026, 9, 3))["sentence"] is None
    assert of(found, date(2026, 9, 3))["read_at"] == kit.EARLY


def test_what_runs_out(sandbox, archive, kit):
    """A day that is not held says until when it can be had, and about how many records are at stake."""
    archive.sync(sandbox.itnio_voice(), "2026-09-01T00:00:00Z", "2026-09-15T00:00:00Z")
    found = archive.coverage()
    monday = of(found, date(2026, 8, 3))
    mondays = [of(found, date(2026, 9, 7))["records"], of(found, date(2026, 9, 14))["records"]]
    assert monday["expected"] == round(sum(mondays) / 2)
    assert monday["expires_at"] == datetime(2026, 10, 3, tzinfo=UTC)
    about = f"about {monday['expected']:,} records of 2026-08-03"
    assert monday["sentence"] == f"Sync before 2026-10-03 00:00 UTC or {about} are gone."
    assert of(found, date(2026, 7, 20))["sentence"].startswith("Sync now: ")
    sandbox.advance(kit.LATE)
    later = archive.coverage()
    assert later["day"].min() == date(2026, 8, 6)
    assert of(later, date(2026, 8, 6))["sentence"].startswith("Sync now: ")


def test_what_is_gone(sandbox, archive):
    """A day between what is held and what can still be had that was never read is gone, and told so."""
    archive.sync(sandbox.itnio_voice(), "2026-09-01T00:00:00Z", "2026-09-03T00:00:00Z")
    later = ck.Archive(archive.uri, clock=lambda: datetime(2026, 11, 10, tzinfo=UTC))
    gone = of(later.coverage(), date(2026, 9, 5))
    assert gone["status"] == "gone"
    assert gone["sentence"].startswith(
        "2026-09-05 was never read completely, and the vendor shows it no more"
    )
    assert of(later.coverage(), date(2026, 9, 2))["status"] == "complete"


def test_a_day_read_before_it_was_over(kit, tmp_path):
    """Reading ahead of the clock completes nothing: what was not over yet has to be read again."""
    noon = datetime(2026, 9, 2, 12, tzinfo=UTC)
    archive = ck.Archive(tmp_path, clock=lambda: noon)
    kit.write(
        archive,
        kit.frame(kit.call(1, noon - timedelta(hours=1))),
        datetime(2026, 9, 2, tzinfo=UTC),
        datetime(2026, 9, 3, tzinfo=UTC),
    )
    assert of(archive.coverage(), date(2026, 9, 2))["status"] == "open"
    later = ck.Archive(tmp_path, clock=lambda: noon + timedelta(days=2))
    assert of(later.coverage(), date(2026, 9, 2))["status"] == "partial"


def test_a_record_of_tomorrow(kit, tmp_path):
    """A vendor's clock may be ahead: a day that has not begun is open, and nothing of it has to be fetched in haste."""
    noon = datetime(2026, 9, 2, 12, tzinfo=UTC)
    archive = ck.Archive(tmp_path, clock=lambda: noon)
    kit.write(archive, kit.frame(kit.call(1, noon + timedelta(days=1))), noon - timedelta(days=1), noon)
    tomorrow = of(archive.coverage(), date(2026, 9, 3))
    assert (tomorrow["status"], tomorrow["records"], tomorrow["expires_at"]) == ("open", 1, None)


def test_records_of_days_that_nobody_lived_through(kit, tmp_path):
    """A record that the vendor dates in another century has its day, and not all the days in between."""
    noon = datetime(2026, 9, 2, 12, tzinfo=UTC)
    archive = ck.Archive(tmp_path, clock=lambda: noon)
    odd = [datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)]
    calls = [kit.call(number, at) for number, at in enumerate(odd)]
    kit.write(archive, kit.frame(*calls), noon - timedelta(days=1), noon)
    found = archive.coverage()
    assert found.filter(pl.col("records") > 0)["day"].to_list() == [at.date() for at in odd]
    assert (of(found, odd[0].date())["status"], of(found, odd[1].date())["status"]) == ("gone", "open")
    assert found.height == 2 + 63  # 2 July to 2 September


def test_a_day_that_is_forgotten_in_part(sandbox, archive, kit):
    """The vendor's oldest day is gone once all that it still shows is read; until then it is to be read now."""
    oldest = date(2026, 7, 20)  # at 8:00, two months before
    archive.sync(sandbox.itnio_voice(), "2026-07-20T12:00:00Z", "2026-07-22T00:00:00Z")
    assert of(archive.coverage(), oldest)["sentence"].startswith("Sync now: ")
    archive.sync(
        sandbox.itnio_voice(), kit.EARLY - timedelta(days=62) + timedelta(hours=1), "2026-07-22T00:00:00Z"
    )
    found = of(archive.coverage(), oldest)
    assert (found["status"], found["expires_at"]) == ("gone", None)
    assert of(archive.coverage(), date(2026, 7, 21))["status"] == "complete"


def test_calls_by_id_claim_nothing(sandbox, archive):
    """Of a vendor that is asked by id nobody can tell whether a day is complete."""
    archive.sync(sandbox.nx_whatsapp(), sandbox.call_ids)
    found = archive.coverage()
    assert set(found["status"]) == {"held"}
    assert found["complete"].null_count() == found.height
    assert found["records"].sum() == archive.scan().collect().height


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_two_months(now):
    """The vendor's two months are reckoned as the sandbox reckons them, and what they leave is not forgotten yet."""
    assert two_months_before(now) == sandbox_two_months_before(now)
    assert forgotten_at(two_months_before(now)) <= now
    assert two_months_before(forgotten_at(now)) <= now


def test_the_calendar(sandbox, archive, tmp_path):
    """The chart has a cell a day, in the colour of its state, and says above what runs out next."""
    archive.sync(sandbox.itnio_voice(), "2026-09-01T00:00:00Z", "2026-09-12T12:00:00Z")
    archive.sync(sandbox.nx_whatsapp(), sandbox.call_ids)
    coverage = archive.coverage()
    drawn = archive.coverage_chart().to_dict()
    [rows] = drawn["datasets"].values()
    assert len(rows) == coverage.height
    assert {row["strip"] for row in rows} == {
        f"{s}, account {a}" for s, a in coverage.select("source", "account").iter_rows()
    }
    assert drawn["title"]["subtitle"] == coverage.filter(pl.col("expires_at").is_not_null())["sentence"][0]
    cell = next(row for row in rows if row["day"] == "Mon 2026-09-07" and row["strip"].startswith("itnio"))
    assert cell["week"] == "2026-09-07"
    assert cell["state"] == "complete"
    assert (
        cell["records"] == of(coverage.filter(pl.col("source") == "itnio-voice"), date(2026, 9, 7))["records"]
    )
    archive.coverage_chart().save(tmp_path / "calendar.svg")
    assert (tmp_path / "calendar.svg").stat().st_size > 5_000
    with pytest.raises(ValueError, match="nothing to draw"):
        calendar(coverage.head(0))
