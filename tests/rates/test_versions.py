"""Decks over time: what follows what, what is odd, and what a new deck changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import callkit as ck
from callkit.rates.difference import CHANGES
from callkit.rates.validation import PROBLEMS
from rates.decks import text
from rates.naive import deck_row, rows_frame

D = Decimal
DAYS = [datetime(2026, 9, day, tzinfo=UTC) for day in range(1, 8)]


def deck(*rows: dict) -> ck.RateDeck:
    return ck.RateDeck(rows_frame(list(rows)))


def version(prefix: str, rate: str, start: int | None = None, end: int | None = None, **others) -> dict:
    return {
        "prefix": prefix,
        "rate": D(rate),
        "valid_from": None if start is None else DAYS[start - 1],
        "valid_to": None if end is None else DAYS[end - 1],
    } | others


def call(callee: str, day: int) -> dict:
    return dict.fromkeys(("direction", "caller", "answered_at", "ended_at")) | {
        "callee": callee,
        "currency": "USD",
        "submitted_at": DAYS[day - 1],
    }


prefix = st.sampled_from(["4", "44", "447", "49"])
start = st.none() | st.integers(1, 6)
old_rows = st.lists(st.tuples(prefix, start), max_size=6)
new_rows = st.lists(st.tuples(prefix, st.integers(1, 6)), max_size=4)


@given(old=old_rows, new=new_rows, day=st.integers(1, 7))
def test_a_later_deck_takes_over_from_its_first_start_on(old, new, day):
    """Before a prefix's first start in the new deck the old one's rows apply, from then on the new one's only."""
    earlier = deck(*(version(name, f"1{at}", begins) for at, (name, begins) in enumerate(old)))
    later = deck(*(version(name, f"2{at}", begins) for at, (name, begins) in enumerate(new)))
    both = earlier.followed_by(later)
    assert both.rows["row"].to_list() == list(range(both.rows.height))
    assert both.rows.filter(pl.col("valid_from") >= pl.col("valid_to")).is_empty()
    taken = {name: min(at for other, at in new if other == name) for name, _ in new}
    kept = [
        row for row in earlier.rows.to_dicts() if not (row["prefix"] in taken and day >= taken[row["prefix"]])
    ]
    expected = kept + [row | {"row": row["row"] + 100} for row in later.rows.to_dicts()]
    for number in ("4", "44", "4471", "49", "5"):
        asked = call(number, day)
        at = deck_row(expected, asked)
        rate = next((row["rate"] for row in expected if row["row"] == at), None)
        answer = both.lookup(
            pl.DataFrame([asked], schema_overrides={"callee": pl.String}).select(
                "callee", "currency", "submitted_at"
            )
        )
        assert answer["deck_rate"].to_list() == [rate]


def test_a_list_of_files_is_read_in_its_order(tmp_path):
    """Full list and amendment in one call: places name the file, the amendment needs dates."""
    full = text(tmp_path / "full.csv", "Prefix,Rate,Effective", "44,0.1,", "49,0.2,")
    change = text(tmp_path / "change.csv", "Prefix,Rate,Effective", "44,0.3,2026-09-03")
    both = ck.RateDeck.read([full, change], currency="USD")
    assert both.name == "full.csv + change.csv"
    assert both.rows.select("prefix", "rate", "valid_to", "place").rows() == [
        ("44", D("0.1"), DAYS[2], "full.csv, row 2"),
        ("49", D("0.2"), None, "full.csv, row 3"),
        ("44", D("0.3"), None, "change.csv, row 2"),
    ]
    with pytest.raises(ValueError, match=r"full\.csv, row 2: prefix '44' has no start"):
        ck.RateDeck.read([change, full], currency="USD")


def test_problems_are_named_and_graded():
    """Each kind of problem is found where it is, and nothing else."""
    found = deck(
        version("1", "0.1", 1, 3), version("1", "0.1", 5),  # a gap
        version("2", "0.1", 1), version("2", "0.25", 3),  # a jump
        version("3", "0.1", None), version("3", "0.11", 2, 4),  # comes back on the fourth
        version("4", "0.1", 1, 5), version("4", "0.12", 3),  # ends after the next has begun
        version("5", "0.1"), version("5", "0.1"), version("5", "0.2"),  # twice, and against
        version("6", "0"), version("7", "0.1", bill_period=None),
        version("8", "0.1", 1, 3), version("8", "0.12", 3),  # in order
        version("9", "0.1", currency="USD"), version("9", "0.2", currency="EUR"),  # in order
    ).validate()  # fmt: skip
    assert found.schema == PROBLEMS
    assert found.select("problem", "severity", "row", "other_row").rows() == [
        ("contradiction", "error", 10, 8),
        ("gap", "warning", 0, 1),
        ("jump", "warning", 3, 2),
        ("no_increments", "warning", 12, None),
        ("overlap", "warning", 4, 5),
        ("overlap", "warning", 6, 7),
        ("duplicate", "info", 9, 8),
        ("free", "info", 11, None),
    ]
    details = dict(zip(found["row"], found["detail"], strict=True))
    assert details[0] == "no price after 2026-09-02 until row 3 begins on 2026-09-05"
    assert details[3] == "0.25 USD from 2026-09-03 on, 2.5 times 0.10 USD before it (row 4)"
    assert details[4] == "0.10 USD is valid again after 2026-09-03, when row 7 ends"
    assert details[6] == "ends 2026-09-04, but row 9 replaces it from 2026-09-03 on"
    assert details[10] == "0.20 USD on 60+60, 0.10 USD on 60+60 in row 10"


def test_a_jump_is_what_the_user_calls_one():
    """The factor is a parameter, exact at its edge, and holds in both directions and from and to free."""
    prices = deck(
        version("1", "0.1", 1), version("1", "0.15", 2), version("1", "0.1", 3), version("1", "0", 4)
    )
    jumps = [prices.validate(jump=jump).filter(problem="jump")["row"].to_list() for jump in ("1.5", "1.51")]
    assert jumps == [[1, 2, 3], [3]]
    for wrong in (1, "one", 2.5, None):
        with pytest.raises(ValueError, match="jump must be a factor above 1"):
            prices.validate(jump=wrong)


def test_a_clean_deck_has_no_problems():
    """Nothing is found where nothing is odd: an empty frame of the same schema."""
    assert deck(version("1", "0.1", 1, 3), version("1", "0.11", 3), version("2", "0.2")).validate().is_empty()
    assert ck.RateDeck(rows_frame([])).validate().schema == PROBLEMS


def test_the_changes_of_a_new_deck():
    """New, closed, dearer, cheaper and other increments, with the notice; what stays the same is left out."""
    old = deck(
        version("1", "0.1"), version("2", "0.2", 1, 3), version("2", "0.25", 3), version("3", "0.3"),
        version("4", "0.4"), version("5", "0.5"), version("6", "0.6", 1, 2), version("1", "9", currency="EUR"),
    )  # fmt: skip
    new = deck(
        version("1", "0.15", 5), version("2", "0.2", 4), version("3", "0.3", 4, bill_period="6+6"),
        version("5", "0.5", 4), version("7", "0.7", 7), version("6", "0.6", 2),
    )  # fmt: skip
    changes = old.diff(new, announced="2026-09-02")
    assert changes.schema == CHANGES
    assert changes.select(
        "change", "prefix", "currency", "difference", "notice_days", "row_before", "row_after"
    ).rows() == [
        ("closed", "1", "EUR", None, 0, 7, None),
        ("dearer", "1", "USD", D("0.05"), 3, 0, 0),
        ("cheaper", "2", "USD", D("-0.05"), 2, 2, 1),
        ("increments", "3", "USD", D("0"), 2, 3, 2),
        ("closed", "4", "USD", None, 0, 4, None),
        ("new", "6", "USD", None, 0, None, 5),
        ("new", "7", "USD", None, 5, None, 4),
    ]
    assert old.diff(old).is_empty()
    least = old.diff(new)
    assert least.filter(prefix="7")["notice_days"].to_list() == [5]
    undated = old.diff(deck(version("1", "0.2")))
    assert undated.filter(change="dearer").select("effective", "notice_days").rows() == [(None, None)]


def test_notice_is_counted_by_the_calendar_of_the_deck(tmp_path):
    """An announcement late in the evening counts from that day in the deck's zone."""
    file = text(tmp_path / "d.csv", "Prefix,Rate", "44,0.1")
    old, new = (
        ck.RateDeck.read(file, currency="USD", tz="Asia/Shanghai", **more)
        for more in ({}, {"valid_from": "2026-09-08", "decimal": "."})
    )
    new = ck.RateDeck(new.rows.with_columns(rate=pl.lit(D("0.2"), ck.MONEY)))
    late = datetime(2026, 8, 31, 23, tzinfo=UTC)  # already September there
    assert old.diff(new, announced=late)["notice_days"].to_list() == [7]
    assert old.diff(new, announced=late - timedelta(hours=8))["notice_days"].to_list() == [8]


def test_decks_of_other_units_are_not_compared():
    """A price per second is not set against one per minute."""
    minute, second = deck(version("1", "1")), ck.RateDeck(rows_frame([version("1", "1", 1)]), per_seconds=1)
    for compare in (minute.diff, minute.followed_by):
        with pytest.raises(ValueError, match="those of frame do not say it, those of frame are per second"):
            compare(second)
        with pytest.raises(TypeError, match="needs a RateDeck"):
            compare(second.rows)
