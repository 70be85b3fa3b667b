"""The deadline is the earlier of the contract's and the evidence's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import callkit as ck
from callkit.export.deadline import Deadline, months_later
from callkit.export.pack import gather
from export.packs import over, result
from reconciliation.calls import failed, itnio, seconds

SHANGHAI = ZoneInfo("Asia/Shanghai")


def deadline(*calls: dict[str, object], **stated: object) -> Deadline:
    return gather(result(*calls), cover=ck.Cover(tz="Asia/Shanghai", **stated)).deadline  # type: ignore[arg-type]  # fields of Cover


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)), st.integers(1, 120))  # noqa: DTZ001 - a wall clock
def test_months_are_calendar_months(start: datetime, months: int) -> None:
    """The day and time stay, in the month so many after; a month that is too short ends with its last day."""
    end = months_later(start, months)
    assert (end.year * 12 + end.month) - (start.year * 12 + start.month) == months
    assert end.time() == start.time()
    assert end.day == start.day or (end.day < start.day and (end + timedelta(1)).month != end.month)


def test_the_first_disputed_call_sets_it() -> None:
    """Two calendar months after the first disputed call, by the vendor's clock, its record is gone."""
    first = datetime(2026, 12, 31, 20, 30, tzinfo=UTC)
    later = over(submitted_at=first + timedelta(days=3))
    earlier_but_right = itnio(submitted_at=first - timedelta(days=9))
    told = deadline(later, over(submitted_at=first), earlier_but_right)
    assert told.first_call == first
    assert told.at == told.evidence == datetime(2027, 3, 1, 4, 30, tzinfo=SHANGHAI)
    assert str(told).startswith(
        "2027-03-01 04:30 +08:00: then the record of the first disputed call, of 2027-01-01"
    )


def test_the_contract_may_be_earlier() -> None:
    """The contract's last day counts to its end, and wins where it comes before the evidence's."""
    told = deadline(over(), contract_deadline="2026-11-20")
    assert told.at == told.contract == datetime(2026, 11, 21, tzinfo=SHANGHAI)
    assert str(told) == "end of 2026-11-20 (Asia/Shanghai), by the contract"
    assert deadline(over(), contract_deadline="2027-01-31").at == datetime(2026, 12, 5, 20, tzinfo=SHANGHAI)


def test_other_vendors_show_records_for_longer() -> None:
    """How long records are shown is a setting."""
    assert deadline(over(), record_months=6).at == datetime(2027, 4, 5, 20, tzinfo=SHANGHAI)


def test_without_a_claim_there_is_none() -> None:
    """Nothing demanded and no contract: no deadline is made up."""
    assert deadline(itnio()).at is None
    assert "none is known" in str(deadline(itnio()))


def test_only_what_is_demanded_counts() -> None:
    """A claim below materiality sets no deadline."""
    small = failed(cost=Decimal("0.01"), submitted_at=itnio()["submitted_at"] - seconds(86_400))
    large = over(cost="9.99", charged_duration=36)
    made = result(small, large, *([itnio()] * 3))
    rule = ck.Materiality(share=None, amounts={"USD": 1})
    assert gather(made).deadline.first_call == small["submitted_at"]
    assert gather(made, materiality=rule).deadline.first_call == large["submitted_at"]


@pytest.mark.parametrize("months", [1, 2])
def test_the_reason_is_told_in_words(months: int) -> None:
    """One month, several months."""
    assert f"is {months} month{'s' if months > 1 else ''} old" in str(deadline(over(), record_months=months))
