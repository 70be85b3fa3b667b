"""Looking calls up: the same row as by hand, for every call, however many there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import callkit as ck
from callkit import cdr
from callkit.rates.matching import NEEDED
from rates.naive import deck_row, rows_frame

DAYS = [datetime(2026, 9, day, tzinfo=UTC) for day in range(1, 8)]
SCHEMA = {name: cdr.SCHEMA[name] for name in NEEDED}

digits = st.text("01", max_size=3)
edge = st.none() | st.sampled_from(DAYS)
price = st.fixed_dictionaries(
    {
        "prefix": digits,
        "currency": st.sampled_from(["USD", "USD", "EUR"]),
        "direction": st.sampled_from([None, None, "out", "in"]),
        "valid_from": edge,
        "valid_to": edge,
    }
)
number = st.one_of(
    digits,
    digits,
    digits.map(lambda text: f"{text}01111111111111111"),
    digits.map(lambda text: f"00{text}"),
    digits.map(lambda text: f"+{text}"),
    st.sampled_from([None, "", "+0011", "1e3", "1 2", "anonymous", "-1", "１２", "+", "12•••34"]),
)
instant = st.none() | st.sampled_from([*DAYS, *(day - timedelta(microseconds=1) for day in DAYS)])
call = st.fixed_dictionaries(
    {
        "direction": st.sampled_from(["out", "in", None, "other"]),
        "caller": number,
        "callee": number,
        "currency": st.sampled_from(["USD", "USD", "USD", "EUR", "CNY", None]),
        "submitted_at": instant,
        "answered_at": instant,
        "ended_at": instant,
    }
)


def later(rows: list[dict]) -> list[dict]:
    """Only rows whose end lies after their start: others are refused when a deck is read."""
    return [
        row
        for row in rows
        if row["valid_from"] is None or row["valid_to"] is None or row["valid_from"] < row["valid_to"]
    ]


@given(prices=st.lists(price, min_size=1, max_size=12), calls=st.lists(call, min_size=10, max_size=40))
def test_every_call_gets_the_row_it_gets_by_hand(prices, calls):
    """Longest prefix, validity, fall-back, currency, direction, odd numbers: as a plain loop over the rows has it."""
    deck = ck.RateDeck(rows_frame(later(prices)))
    frame = pl.DataFrame(calls, schema=SCHEMA)
    by_hand = [deck_row(deck.rows.to_dicts(), call) for call in calls]
    assert frame.select(deck.row_of()).to_series().to_list() == by_hand
    answer = deck.lookup(frame)
    assert answer.select(frame.columns).equals(frame)
    assert answer["deck_row"].to_list() == by_hand


@given(prices=st.lists(price, max_size=8), calls=st.lists(call, min_size=1, max_size=8))
def test_a_call_without_a_row_has_a_reason_and_no_other(prices, calls):
    """A reason is given for exactly the calls that no row applies to."""
    deck = ck.RateDeck(rows_frame(later(prices)))
    frame = pl.DataFrame(calls, schema=SCHEMA)
    rows = frame.select(deck.row_of()).to_series()
    assert deck.reason_unmatched(frame).is_null().to_list() == rows.is_not_null().to_list()


@pytest.mark.parametrize(
    ("rows", "call", "row"),
    [
        ([{"prefix": "1"}, {"prefix": "10"}], {"callee": "1"}, 0),
        ([{"prefix": "10"}], {"callee": "1"}, None),
        ([{"prefix": "1"}, {"prefix": "1", "direction": "out", "valid_from": DAYS[0]}], {"callee": "12"}, 1),
        ([{"prefix": "1", "valid_from": DAYS[1]}, {"prefix": "1", "direction": "out"}], {"callee": "12"}, 1),
        ([{"prefix": "1"}, {"prefix": "1", "direction": "in"}], {"caller": "12", "direction": "in"}, 1),
        ([{"prefix": "1", "direction": "out"}], {"caller": "12", "callee": "12", "direction": "in"}, None),
        ([{"prefix": "1"}, {"prefix": "12", "valid_to": DAYS[3]}], {"callee": "123"}, 0),
        ([{"prefix": "1"}, {"prefix": "12", "valid_to": DAYS[4]}], {"callee": "123"}, 1),
        ([{"prefix": "44"}], {"callee": "0044123"}, 0),
        ([{"prefix": "1"}, {"prefix": "1"}], {"callee": "12"}, 0),
        ([{"prefix": "1"}], {"callee": "12", "submitted_at": None, "answered_at": None}, 0),
        ([{"prefix": "1", "valid_from": DAYS[0]}], {"callee": "12", "submitted_at": None}, None),
        (
            [{"prefix": "1", "valid_from": DAYS[3]}],
            {"callee": "12", "submitted_at": None, "ended_at": DAYS[3]},
            0,
        ),
    ],
)
def test_one_rule_at_a_time(rows, call, row):
    """Each rule decides a case of its own."""
    usual = dict.fromkeys(NEEDED) | {"currency": "USD", "submitted_at": DAYS[3]}
    deck = ck.RateDeck(rows_frame(rows))
    assert pl.DataFrame([usual | call], schema=SCHEMA).select(deck.row_of()).to_series().to_list() == [row]


def test_a_lazy_frame_streams_in_its_order():
    """Many more calls than one morsel come back in their order, each with its own price."""
    deck = ck.RateDeck(rows_frame([{"prefix": str(prefix), "rate": prefix} for prefix in range(10, 100)]))
    calls = pl.select(pl.int_range(300_000).alias("at")).with_columns(
        callee=(pl.col("at") % 90 + 10).cast(pl.String) + "555000", currency=pl.lit("USD")
    )
    answer = deck.lookup(calls.lazy()).collect(engine="streaming")
    assert answer["at"].equals(calls["at"])
    assert (answer["deck_rate"] == (calls["at"] % 90 + 10).cast(ck.MONEY)).all()


def test_what_cannot_be_looked_up_is_refused():
    """A frame without numbers or currencies, or with answers already, is named."""
    deck = ck.RateDeck(rows_frame([{"prefix": "49"}]))
    with pytest.raises(ck.SchemaError, match="needs the column callee and currency; got at"):
        deck.lookup(pl.DataFrame({"at": [1]}))
    naive = pl.DataFrame({"callee": ["49"], "currency": ["USD"], "submitted_at": [DAYS[0]]})
    naive = naive.with_columns(pl.col("submitted_at").dt.replace_time_zone(None))
    with pytest.raises(ck.SchemaError, match=r"'submitted_at'.* Say which zone it is in"):
        deck.lookup(naive)
    with pytest.raises(ck.SchemaError, match="column 'callee': expected String, got Int64"):
        deck.lookup(pl.DataFrame({"callee": [49], "currency": ["USD"]}))
    unknown = pl.DataFrame({"callee": [None], "currency": [None], "direction": [None]})
    assert deck.lookup(unknown)["deck_row"].to_list() == [None]
    once = deck.lookup(pl.DataFrame({"callee": ["49"], "currency": ["USD"]}))
    with pytest.raises(ck.SchemaError, match="a column 'deck_row' already"):
        deck.lookup(once)
