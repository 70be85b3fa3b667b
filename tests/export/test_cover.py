"""What the user states on the cover is checked where it is stated."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

import callkit as ck


def test_text_is_taken_for_dates_and_instants() -> None:
    """ISO 8601 text says the same as a date or an aware datetime."""
    told = ck.Cover(
        invoice_date="2026-10-02",
        contract_deadline="2026-10-31",
        fetched_at="2026-10-06T09:00:00+00:00",
        period=("2026-09-01T00:00:00+08:00", "2026-10-01T00:00:00+08:00"),
    )
    same = ck.Cover(
        invoice_date=date(2026, 10, 2),
        contract_deadline=date(2026, 10, 31),
        fetched_at=datetime(2026, 10, 6, 9, tzinfo=UTC),
        period=(datetime(2026, 8, 31, 16, tzinfo=UTC), datetime(2026, 9, 30, 16, tzinfo=UTC)),
    )
    assert told == same


def test_it_shows_what_was_stated() -> None:
    """Printed, a cover shows what differs from an empty one."""
    assert repr(ck.Cover()) == "Cover()"
    assert repr(ck.Cover(invoice="INV-7", vendor_copy=True)) == "Cover(invoice='INV-7', vendor_copy=True)"


@pytest.mark.parametrize(
    ("stated", "error", "said"),
    [
        ({"customer": 7}, TypeError, "customer must be text, got 7"),
        ({"invoice_date": "02.10.2026"}, ValueError, "invoice_date must be a date such as '2026-10-31'"),
        (
            {"contract_deadline": datetime(2026, 10, 31, tzinfo=UTC)},
            TypeError,
            "contract_deadline must be a date",
        ),
        ({"fetched_at": "2026-10-06T09:00:00"}, ValueError, "2026-10-06T09:00:00 has no zone"),
        ({"fetched_at": "yesterday"}, ValueError, "fetched_at must be an instant"),
        ({"fetched_at": 5}, TypeError, "fetched_at must be a datetime"),
        ({"period": "2026-09"}, TypeError, r"period must be a pair \(start, end\)"),
        ({"period": (None, None)}, TypeError, "period must be a pair of instants"),
        (
            {"period": ("2026-10-01T00:00:00+00:00", "2026-09-01T00:00:00+00:00")},
            ValueError,
            "period: the start .* must lie before the end",
        ),
        ({"tz": "Shanghai"}, ValueError, "tz must be the name of a time zone"),
        ({"record_months": 0}, ValueError, "record_months must be from 1 to 120"),
        ({"record_months": 2.0}, TypeError, "record_months must be a whole number"),
        ({"vendor_copy": "yes"}, TypeError, "vendor_copy must be True or False"),
    ],
)
def test_what_cannot_be_meant_is_refused(stated: dict[str, Any], error: type[Exception], said: str) -> None:
    """Each wrong statement is named, with what it should be."""
    with pytest.raises(error, match=said):
        ck.Cover(**stated)
