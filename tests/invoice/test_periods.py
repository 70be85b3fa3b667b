"""When an invoice's periods begin and end: as it shows, or as the user says, and never guessed."""

# ruff: noqa: DTZ001 - what a wall clock shows has no zone

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import callkit as ck
from callkit.invoice.periods import first_outside, instants


def period(start: object, end: object, **arguments: object) -> tuple[datetime, datetime]:
    frame = pl.DataFrame({"from": [start], "to": [end], "currency": ["USD"], "amount": [1], "calls": [1]})
    lines = ck.Invoice.read(frame, **arguments).lines
    return lines["period_start"][0], lines["period_end"][0]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-09-01", "2026-09-30"),
        ("2026-09-01", "2026-10-01"),
        ("2026-09-01 00:00", "2026-09-30 23:59:59"),
        ("2026-09-01T00:00:00Z", "2026-09-30T23:59:59.999Z"),
        ("2026-09-01", "2026-09-30 23:59"),
        (date(2026, 9, 1), date(2026, 9, 30)),
        (date(2026, 9, 1), date(2026, 10, 1)),
        (datetime(2026, 9, 1), datetime(2026, 9, 30, 23, 59, 59, 999999)),
        (datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)),
        ("1 September 2026", "30 September 2026"),
    ],
)
def test_a_month_is_a_month_however_it_is_written(start: object, end: object) -> None:
    """The last day, the first day after, and the last second of a month all end it at the same midnight."""
    assert period(start, end) == (datetime(2026, 9, 1), datetime(2026, 10, 1))


@pytest.mark.parametrize(
    ("start", "end", "after"),
    [
        ("2026-09-01", "2026-09-16", 16),  # half a month
        ("2026-10-16", "2026-10-31", 62),
        ("2026-09-07", "2026-09-13", 14),  # a week
        ("2026-09-07", "2026-09-14", 14),
        ("2026-09-03", "2026-09-03", 4),  # a day
    ],
)
def test_other_whole_periods_show_their_end(start: str, end: str, after: int) -> None:
    """Half months, weeks and single days say by themselves whether their last date belongs to them."""
    assert period(start, end)[1] == datetime(2026, 9, 1) + timedelta(days=after - 1)


def test_an_end_that_could_be_either_is_refused_with_the_choice() -> None:
    """Dates that make whole periods neither way, or both, are refused, with both readings; saying which settles it."""
    with pytest.raises(ck.SchemaError, match="15 days"):  # half a month, or two weeks
        period("2026-09-01", "2026-09-15")
    with pytest.raises(ck.SchemaError) as told:
        period("2026-09-03", "2026-09-12")
    assert "period_end='inclusive' (10 days" in str(told.value)
    assert "period_end='exclusive' (9 days" in str(told.value)
    assert period("2026-09-03", "2026-09-12", period_end="inclusive")[1] == datetime(2026, 9, 13)
    assert period("2026-09-03", "2026-09-12", period_end="exclusive")[1] == datetime(2026, 9, 12)


def test_periods_that_adjoin_show_how_they_end() -> None:
    """Odd periods of which one ends where the next begins, or the day before, need no word from the user."""
    first, second, third = (datetime(2026, 9, day) for day in (3, 12, 22))
    day = timedelta(days=1)
    assert set(first_outside([(first, second), (second, third)], None, "x").values()) == {second, third}
    inclusive = first_outside([(first, second - day), (second, third - day)], None, "x")
    assert set(inclusive.values()) == {second, third}


@given(
    starts=st.lists(st.integers(0, 300), min_size=1, max_size=6),
    lasts=st.lists(st.integers(1, 60), min_size=6, max_size=6),
    inclusive=st.booleans(),
)
def test_what_is_stated_is_taken(starts: list[int], lasts: list[int], inclusive: bool) -> None:
    """Whatever the dates look like, a stated reading of the end is the reading."""
    pairs = [
        (datetime(2026, 1, 1) + timedelta(days=at), datetime(2026, 1, 1) + timedelta(days=at + last))
        for at, last in zip(starts, lasts, strict=False)
    ]
    found = first_outside(pairs, "inclusive" if inclusive else "exclusive", "x")
    assert found == {pair: pair[1] + timedelta(days=inclusive) for pair in pairs}


def test_a_date_that_could_be_two_is_refused_until_its_form_is_stated() -> None:
    """01/09/2026 is a day only once somebody says which number is the month."""
    with pytest.raises(ck.SchemaError, match=r"row 1, column 'from': '01/09/2026'.*date_format='%d/%m/%Y'"):
        period("01/09/2026", "30/09/2026")
    assert period("01/09/2026", "30/09/2026", date_format="%d/%m/%Y")[0] == datetime(2026, 9, 1)


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        ("2026-09-30", "2026-09-01", "an end after the start, 2026-09-30"),
        ("2026-09-01", None, "both ends"),
        (None, "2026-09-30", "both ends"),
        ("2026-09-31", "2026-10-01", "a date like"),
        (None, None, r"period=\('2026-09-01', '2026-09-30'\)"),
    ],
)
def test_a_line_without_a_readable_period_is_named(start: object, end: object, told: str) -> None:
    """A period that is backwards, half there, no date or missing is refused by row, column and what was expected."""
    frame = pl.DataFrame(
        {"from": [start], "to": [end], "currency": ["USD"], "amount": ["1"]},
        schema_overrides={"from": pl.String, "to": pl.String},
    )
    with pytest.raises(ck.SchemaError, match=told) as raised:
        ck.Invoice.read(frame, period_end="inclusive")
    assert "row 1, column" in str(raised.value)


def test_the_stated_period_fills_in_and_widens() -> None:
    """A stated period holds for lines without one, and is the invoice's where days without calls have no line."""
    frame = pl.DataFrame(
        {
            "day": [date(2026, 9, 3), None],
            "currency": ["USD", "USD"],
            "amount": [1, 2],
            "type": ["usage", "fee"],
        }
    )
    invoice = ck.Invoice.read(frame, period=("2026-09-01", "2026-09-30"))
    assert invoice.lines["period_start"].to_list() == [datetime(2026, 9, 3), datetime(2026, 9, 1)]
    assert invoice.period == (datetime(2026, 9, 1), datetime(2026, 10, 1))
    assert ck.Invoice.read(frame).period == (datetime(2026, 9, 3), datetime(2026, 9, 4))
    october = frame.with_columns(pl.lit(date(2026, 10, 2)).alias("day"))
    wider = ck.Invoice.read(october, period=("2026-09-01", "2026-09-30")).period
    assert wider == (datetime(2026, 9, 1), datetime(2026, 10, 3))


def test_a_day_outside_of_its_own_period_is_named() -> None:
    """A line whose day is not in the period it states contradicts itself and is refused."""
    frame = pl.DataFrame(
        {
            "date": ["2026-10-06"],
            "from": ["2026-09-01"],
            "to": ["2026-09-30"],
            "currency": ["USD"],
            "amount": ["1"],
        }
    )
    with pytest.raises(ck.SchemaError, match=r"row 1, column 'date'.*2026-09-01 to 2026-10-01"):
        ck.Invoice.read(frame)


@pytest.mark.parametrize(
    "stated", ["2026-09", ("2026-09-01",), ("2026-09-30", "2026-09-01"), ("1/9/26", "30/9/26")]
)
def test_a_stated_period_that_is_none_is_refused(stated: object) -> None:
    """The period argument is a pair of readable dates in their order, or an error that names it."""
    frame = pl.DataFrame({"currency": ["USD"], "amount": [1]})
    with pytest.raises((ValueError, TypeError), match="period"):
        ck.Invoice.read(frame, period=stated)


def test_periods_of_a_zone_keep_its_wall_clock() -> None:
    """Datetimes with a zone stay on its wall clock, and the zone is what tie_out then takes."""
    zone = "Asia/Shanghai"
    month = pl.DataFrame({"from": [datetime(2026, 9, 1)], "to": [datetime(2026, 10, 1)]})
    frame = month.select(pl.all().dt.replace_time_zone(zone)).with_columns(
        currency=pl.lit("USD"), amount=1, calls=1
    )
    invoice = ck.Invoice.read(frame)
    assert invoice.period == (datetime(2026, 9, 1), datetime(2026, 10, 1))
    assert invoice.tz == zone
    mixed = frame.with_columns(pl.col("to").dt.convert_time_zone("UTC"))
    with pytest.raises(ck.SchemaError, match="several zones"):
        ck.Invoice.read(mixed)


def test_adjoining_periods_adjoin_in_time_too() -> None:
    """Where the clock is put back or forward at midnight, no moment is in two days and none in between."""
    zone = "America/Havana"  # from 0:00 to 1:00 in March, from 1:00 to 0:00 in November
    days = [datetime(2026, 3, 7) + timedelta(days=at) for at in range(4)]
    placed = [instants(days, zone)[day] for day in days]
    assert [later - earlier for earlier, later in pairwise(placed)] == [
        timedelta(hours=24),
        timedelta(hours=23),
        timedelta(hours=24),
    ]
