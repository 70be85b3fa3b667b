"""Why a call has no price in the deck, and which row explains what was billed: sentences a vendor can check."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

import callkit as ck
from callkit import cdr
from callkit.rates.matching import NEEDED
from rates.naive import rows_frame

D = Decimal
SCHEMA = {name: cdr.SCHEMA[name] for name in NEEDED}


def at(month: int, day: int = 1) -> datetime:
    return datetime(2026, month, day, tzinfo=UTC)


DECK = ck.RateDeck(
    rows_frame(
        [
            {"prefix": "49", "rate": D("0.01"), "valid_from": at(1), "destination": "Germany"},
            {"prefix": "4915", "rate": D("0.04"), "valid_from": at(1), "valid_to": at(6), "destination": "DE Mobile"},
            {"prefix": "4915", "rate": D("0.05"), "valid_from": at(6), "valid_to": at(11), "destination": "DE Mobile"},
            {"prefix": "4915", "rate": D("0.06"), "valid_from": at(11), "destination": "DE Mobile"},
            {"prefix": "4916", "rate": D("0.07"), "destination": "DE Mobile"},
            {"prefix": "491511", "rate": D("0.08"), "valid_from": at(12), "destination": "DE Special"},
            {"prefix": "49", "rate": D("0.002"), "direction": "in"},
            {"prefix": "49", "rate": D("0.03"), "currency": "EUR"},
            {"prefix": "33", "rate": D("0.03"), "currency": "EUR"},
            {"prefix": "34", "rate": D("0.03"), "direction": "in"},
            {"prefix": "35", "rate": D("0.03"), "valid_from": at(1), "valid_to": at(2)},
            {"prefix": "35", "rate": D("0.03"), "valid_from": at(10, 10)},
            {"prefix": "36", "rate": D("0.03"), "valid_from": at(10)},
        ]
    )
)  # fmt: skip


def calls(**values: object) -> pl.DataFrame:
    usual = dict.fromkeys(NEEDED) | {"currency": "USD", "callee": "491511234567", "submitted_at": at(9)}
    return pl.DataFrame([usual | values], schema=SCHEMA)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ({}, None),
        ({"callee": None}, "the number is unknown"),
        ({"direction": "in"}, "the number is unknown"),
        ({"callee": "anonymous"}, "the number is no telephone number"),
        ({"currency": None}, "the call's currency is unknown"),
        ({"callee": "8613912345678"}, "no prefix of 86139… in the deck"),
        ({"callee": "86"}, "no prefix of 86 in the deck"),
        ({"callee": "33123456"}, "prefix 33 is priced only in EUR"),
        ({"callee": "49151123", "currency": "CNY"}, "prefix 491511 is priced only in USD"),
        ({"callee": "34123456"}, "prefix 34 is priced only for inbound calls"),
        ({"callee": "36123456"}, "prefix 36 is priced only from 2026-10-01 on"),
        ({"callee": "35123456"}, "prefix 35 is priced only until 2026-01-31 and from 2026-10-10 on"),
        ({"callee": "35123456", "submitted_at": at(1)}, None),
        (
            {"callee": "35123456", "submitted_at": None},
            "prefix 35 is priced only by date, and when the call was is unknown",
        ),
    ],
)
def test_why_no_row_applies(call, reason):
    """One phrase says what is missing: the prefix, the currency, the direction or the date."""
    assert DECK.reason_unmatched(calls(**call)).to_list() == [reason]


@pytest.mark.parametrize(
    ("rate", "told"),
    [
        ("0.04", "the earlier price: prefix 4915, 0.04 USD, from 2026-01-01 to 2026-05-31 (row 3)"),
        ("0.06", "the later price: prefix 4915, 0.06 USD, from 2026-11-01 on (row 5)"),
        ("0.01", "the price of a shorter prefix: prefix 49, 0.01 USD, from 2026-01-01 on (row 2)"),
        ("0.08", "the price of a longer prefix: prefix 491511, 0.08 USD, from 2026-12-01 on (row 7)"),
        ("0.07", "the price of the same destination elsewhere: prefix 4916, 0.07 USD (row 6)"),
        ("0.002", "the price of inbound calls: prefix 49, 0.002 USD (row 8)"),
        ("0.03", "the price in another currency: prefix 49, 0.03 EUR (row 9)"),
        ("0.05", None),
        ("0.09", None),
    ],
)
def test_which_row_explains_what_was_billed(rate, told):
    """Each relation is named, with the row, its price and its dates; the row that applies explains nothing."""
    exact = pl.Series([D(rate)], dtype=ck.MONEY)
    assert DECK.explaining(calls(), exact, exact).to_list() == [told]


def test_the_interval_is_inclusive_and_the_nearest_relation_goes_first():
    """A rate at either edge fits; of several that fit the earlier version is named; no interval, no answer."""

    def told(low: str | None, high: str | None) -> list[str | None]:
        edges = [pl.Series([edge and D(edge)], dtype=ck.MONEY) for edge in (low, high)]
        return DECK.explaining(calls(), *edges).to_list()

    assert told("0.01", "0.1")[0].startswith("the earlier price")
    assert told("0.06", "0.065")[0].startswith("the later price")
    assert told("0.055", "0.06")[0].startswith("the later price")
    assert told("0.0601", "0.0699") == [None]
    assert told(None, "1") == told("0", None) == [None]


def test_a_call_without_a_row_may_have_been_billed_by_one():
    """A price that is not valid at the time still explains what was billed."""
    exact = pl.Series([D("0.03")], dtype=ck.MONEY)
    assert DECK.explaining(calls(callee="36123"), exact, exact).to_list() == [
        "a price that is not valid at that time: prefix 36, 0.03 USD, from 2026-10-01 on (row 14)"
    ]
