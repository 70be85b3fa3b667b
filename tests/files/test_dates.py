"""Dates of a user's table: the instant that is meant in the stated zone, or a question."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callkit.files.dates import dates

ZONES = ["UTC", "Asia/Shanghai", "America/Chicago", "Asia/Kolkata"]
day = st.dates(date(1990, 1, 1), date(2090, 12, 31))


def read(*cells: object, **arguments: str) -> tuple[list[datetime | None], list[str]]:
    values, unreadable = dates(pl.Series(cells), pl.Series(range(len(cells))), "Date", **arguments)
    return values.to_list(), [cell.expected for cell in unreadable]


@given(on=day, tz=st.sampled_from(ZONES))
def test_a_day_begins_in_its_zone_however_it_is_written(on, tz):
    """ISO, compact, spelt out, by a stated format or typed: the same first instant; as an end the next day's."""
    begins = datetime(on.year, on.month, on.day, tzinfo=ZoneInfo(tz)).astimezone(UTC)
    after = on + timedelta(days=1)
    ends = datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(tz)).astimezone(UTC)
    texts = [
        on.isoformat(),
        f"{on:%Y%m%d}",
        f"{on:%d-%b-%Y}",
        f"{on:%B} {on.day}, {on.year}",
        f"{on:%d/%m/%Y}",
    ]
    assert read(*texts, tz=tz, date_format="%d/%m/%Y") == ([begins] * 5, [])
    assert read(*texts, tz=tz, date_format="%d/%m/%Y", end="exclusive") == ([begins] * 5, [])
    assert read(*texts, tz=tz, date_format="%d/%m/%Y", end="inclusive") == ([ends] * 5, [])
    assert read(on, tz=tz, end="inclusive") == ([ends], [])


@given(on=day)
def test_day_and_month_are_never_guessed(on):
    """Not even where a day above twelve would show the order: it would only show it for some rows."""
    for form in ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y", "%m-%d-%Y"):
        values, expected = read(f"{on:{form}}")
        assert values == [None]
        assert "can be read in one way only" in expected[0]


def test_a_stated_format_goes_first_and_says_what_was_expected():
    """Another order is read as stated; what fits neither it nor ISO is named with the format."""
    assert read("2026-01-02", date_format="%Y-%d-%m")[0] == [datetime(2026, 2, 1, tzinfo=UTC)]
    assert read("01.02.2026", date_format="%d/%m/%Y")[1] == [
        "a date in the form %d/%m/%Y (date_format=), or like 2026-09-01"
    ]


def test_a_format_that_is_none_is_refused():
    """A spreadsheet's way to write a format would fit no cell."""
    with pytest.raises(ValueError, match="such as '%d/%m/%Y', got 'dd/mm/yyyy'"):
        read("01/02/2026", date_format="dd/mm/yyyy")


@pytest.mark.parametrize(
    ("cell", "tz", "instant"),
    [
        ("2026-09-01 12:00", "Asia/Shanghai", datetime(2026, 9, 1, 4, tzinfo=UTC)),
        ("2026-09-01T12:00:00.25Z", "Asia/Shanghai", datetime(2026, 9, 1, 12, 0, 0, 250_000, tzinfo=UTC)),
        ("2026-09-01T12:00:00-0330", "UTC", datetime(2026, 9, 1, 15, 30, tzinfo=UTC)),
        ("2026-10-25 02:30", "Europe/Berlin", None),  # twice
        ("2026-03-29 02:30", "Europe/Berlin", None),  # never
        ("2026-09-01 25:00", "UTC", None),
    ],
)
def test_times_are_read_with_their_offset_or_in_the_zone(cell, tz, instant):
    """What the clock shows twice or never is unreadable."""
    assert read(cell, tz=tz)[0] == [instant]


def test_an_end_at_the_last_second_of_a_day_is_the_end_of_the_day():
    """Only as an end: a beginning is taken as it is written."""
    last = "2026-09-30 23:59:59"
    assert read(last, "2026-09-30 23:59", end="inclusive")[0] == [datetime(2026, 10, 1, tzinfo=UTC)] * 2
    assert read(last)[0] == [datetime(2026, 9, 30, 23, 59, 59, tzinfo=UTC)]
