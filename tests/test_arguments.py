"""Tests of the arguments that several parts take."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

import pytest

from callkit.arguments import instant, period

START = "2026-09-01T00:00:00+08:00"


class NoOffset(tzinfo):
    """A zone that tells no offset, as a datetime may have one."""

    def utcoffset(self, _: datetime | None) -> None:
        return None


def test_an_instant_is_read_from_text_and_datetime():
    """Text with an offset and an aware datetime are the same instant."""
    assert instant(START, "at") == instant(datetime(2026, 8, 31, 16, tzinfo=UTC), "at")


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [
        (
            "2026-09-01",
            ValueError,
            "as_of must be an instant with an offset, like .*; 2026-09-01 has no zone",
        ),
        ("yesterday", ValueError, "as_of must be an instant .*; cannot read 'yesterday'"),
        ("", ValueError, "cannot read ''"),
        (datetime(2026, 9, 1, tzinfo=NoOffset()), ValueError, "has no zone"),
        (5, TypeError, "as_of must be a datetime or ISO 8601 text with an offset, got int"),
        (None, TypeError, "got NoneType"),
    ],
)
def test_what_is_no_instant_is_refused(value, error, said):
    """The message names the argument, what it must be, and what was given."""
    with pytest.raises(error, match=said):
        instant(value, "as_of")


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [
        ("2026-09", TypeError, r"^asked must be a pair \(start, end\), got '2026-09'"),
        ((START,), TypeError, r"must be a pair \(start, end\)"),
        ((START, None), TypeError, "pair of instants .* got NoneType"),
        ((START, "2026-10-01"), ValueError, "^asked: the end must be an instant"),
        ((START, START), ValueError, "^asked: the start .* must lie before the end"),
    ],
)
def test_what_is_no_period_is_refused(value, error, said):
    """The message says which edge is wrong, and how."""
    with pytest.raises(error, match=said):
        period(value, "asked")
