"""What the archive holds of each day, what it does not, and until when the vendor can still be asked for it."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta

import polars as pl

from callkit.archive.ledger import united
from callkit.archive.schemas import instant_of
from callkit.archive.store import Store
from callkit.archive.vendors import ITNIO
from callkit.cdr import INSTANT, schema_of
from callkit.fetch.windows import Window

__all__ = ["COVERAGE", "MARGIN", "coverage", "forgotten_at", "two_months_before"]

COVERAGE = schema_of(
    source=pl.String,
    account=pl.String,
    day=pl.Date,
    status=pl.String,
    complete=pl.Boolean,
    records=pl.Int64,
    expected=pl.Int64,
    read_at=INSTANT,
    expires_at=INSTANT,
    sentence=pl.String,
)
_DAY = 86_400

MARGIN = timedelta(hours=1)
"""So much of the two months is not counted on: the vendor's own reckoning of them is not documented."""


def two_months_before(now: datetime) -> datetime:
    """Go back two calendar months, as the vendor's "last two months" is read here; a day that is not there is the last.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> two_months_before(datetime(2026, 4, 30, tzinfo=UTC)).date().isoformat()
    '2026-02-28'
    """
    return _moved(now, -2)


def forgotten_at(instant: datetime) -> datetime:
    """Say when a record of an instant falls out of the vendor's two months."""
    return _moved(instant, 2)


def coverage(store: Store, ledger: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Make the table of days."""
    held = store.read(
        store.scan("cdrs")
        .filter(pl.col("seen_to").is_null())
        .group_by("source", "account", day=instant_of().dt.date())
        .agg(records=pl.len().cast(pl.Int64))
    )
    accounts = pl.concat([held.select("source", "account"), ledger.select("source", "account")]).unique()
    parts = []
    for source, account in accounts.sort("source", "account").iter_rows():
        mine = (pl.col("source") == source) & (pl.col("account") == account)
        of_days = {
            day: records for day, records in held.filter(mine).select("day", "records").iter_rows() if day
        }
        rows = (
            _listed(of_days, ledger.filter(mine), now)
            if source == ITNIO and (ledger.filter(mine)["kind"] == "window").any()
            else _by_id(of_days)
        )
        parts.append(pl.DataFrame([(source, account, *row) for row in rows], schema=COVERAGE, orient="row"))
    return pl.concat([COVERAGE.to_frame(), *parts]).sort("source", "account", "day")


_Row = tuple[date, str, bool | None, int, int | None, datetime | None, datetime | None, str | None]


def _by_id(of_days: dict[date, int]) -> list[_Row]:
    """Records that are asked for by id: nobody can say whether they are all, nor how long the vendor has them."""
    return [(day, "held", None, of_days[day], None, None, None, None) for day in sorted(of_days)]


def _listed(of_days: dict[date, int], ledger: pl.DataFrame, now: datetime) -> list[_Row]:
    # What was read before it was over is not known to be complete, as far as it was not over.
    windows = ledger.filter(pl.col("kind") == "window", "complete").with_columns(
        window_end=pl.min_horizontal("window_end", "read_at")
    )
    stretches = united(windows.filter(pl.col("window_start") < pl.col("window_end")))
    last_read = _last_read(windows)
    visible = two_months_before(now)
    first = min([visible.date(), *(_date(stretch.start) for stretch in stretches[:1])])
    since = (first + timedelta(days=n) for n in range((now.date() - first).days + 1))
    # Days before and after only where there are records: a vendor may date one of them in 1970, or in 2099.
    statuses = {day: _status(day, stretches, now) for day in sorted({*since, *of_days})}
    usual = _Usual({day: of_days.get(day, 0) for day, status in statuses.items() if status == "complete"})
    rows: list[_Row] = []
    for day, status in statuses.items():
        complete = status == "complete"
        records = of_days.get(day, 0)
        expected = records if complete else usual(day)
        expires = forgotten_at(_midnight(day)) if status in ("partial", "missing") else None
        sentence = _sentence(day, status, records, expected, expires=expires, now=now)
        rows.append((day, status, complete, records, expected, last_read.get(day), expires, sentence))
    return rows


def _status(day: date, stretches: list[Window], now: datetime) -> str:
    start = int(_midnight(day).timestamp())
    end = start + _DAY
    if any(stretch.start <= start and stretch.end >= end for stretch in stretches):
        return "complete"
    if now.timestamp() < end:
        return "open"
    # Of a day that is partly forgotten, what matters is the part that can still be had.
    rest = max(start, int((two_months_before(now) + MARGIN).timestamp()))
    if rest >= end or (
        rest > start and any(stretch.start <= rest and stretch.end >= end for stretch in stretches)
    ):
        return "gone"
    begun = any(stretch.start < end and stretch.end > start for stretch in stretches)
    return "partial" if begun else "missing"


def _sentence(
    day: date, status: str, records: int, expected: int | None, *, expires: datetime | None, now: datetime
) -> str | None:
    if status == "gone":
        about = f" (about {expected - records:,} records)" if expected and expected > records else ""
        return f"{day} was never read completely, and the vendor shows it no more{about}."
    if expires is None:
        return None
    what = f"the records of {day}"
    if expected is not None and expected > records:
        what = f"about {expected - records:,} records of {day}"
    if expires <= now:
        return f"Sync now: {what} are going, hour by hour."
    return f"Sync before {expires:%Y-%m-%d %H:%M} UTC or {what} are gone."


class _Usual:
    """How many records a day like this one has: the mean of complete days of the same weekday, else of all."""

    def __init__(self, complete: dict[date, int]) -> None:
        self._by_weekday: dict[int, list[int]] = {}
        for day, records in complete.items():
            self._by_weekday.setdefault(day.weekday(), []).append(records)
        self._all = list(complete.values())

    def __call__(self, day: date) -> int | None:
        counts = self._by_weekday.get(day.weekday()) or self._all
        return round(sum(counts) / len(counts)) if counts else None


def _last_read(windows: pl.DataFrame) -> dict[date, datetime]:
    read: dict[date, datetime] = {}
    spans = windows.select("window_start", "window_end", "read_at").sort("read_at")
    for start, end, at in spans.iter_rows():
        for n in range((end.date() - start.date()).days + 1):
            day = start.date() + timedelta(days=n)
            if start < _midnight(day) + timedelta(days=1) - timedelta(seconds=1) and end > _midnight(day):
                read[day] = at
    return read


def _moved(instant: datetime, by: int) -> datetime:
    year, month = divmod(instant.year * 12 + instant.month - 1 + by, 12)
    last = monthrange(year, month + 1)[1]
    return instant.replace(year=year, month=month + 1, day=min(instant.day, last))


def _midnight(day: date) -> datetime:
    return datetime.fromisoformat(f"{day}T00:00:00+00:00")


def _date(second: int) -> date:
    return datetime.fromisoformat(Window(second, second).start_text).date()
