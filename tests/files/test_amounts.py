"""Amounts of a user's table: every digit, or a question."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import callkit as ck
from callkit.files.amounts import amounts

D = Decimal
money = st.decimals(allow_nan=False, allow_infinity=False, places=10, min_value=-(10**15), max_value=10**15)


def read(*cells: str | None, **arguments: str) -> tuple[list[Decimal | None], list[str]]:
    column = pl.Series("Amount", cells, dtype=pl.String)
    values, unreadable = amounts(column, pl.Series(range(2, len(cells) + 2)), "Amount", **arguments)
    return values.to_list(), [cell.value for cell in unreadable]


@given(value=money)
def test_either_decimal_sign_and_thousands_are_read_exactly(value):
    """However thousands are set apart, and whichever the decimal sign: the same amount to the last digit."""
    point = f"{value:,f}"
    comma = point.replace(",", "_").replace(".", ",").replace("_", ".")
    blank = point.replace(",", "\u00a0")
    swiss = point.replace(",", "'")
    assert read(point, blank, swiss, f"{value:f}", decimal=".") == ([value] * 4, [])
    assert read(comma, comma.replace(".", " "), decimal=",") == ([value] * 2, [])


@given(values=st.lists(money, min_size=1, max_size=5), german=st.booleans())
def test_a_column_is_read_right_or_not_at_all(values, german):
    """Without a stated sign the reading is the one that was written, or the column is refused with the choice."""
    texts = [f"{value:,f}".rstrip("0").rstrip(".") for value in values]
    written = [text.translate(str.maketrans(",.", ".,")) for text in texts] if german else texts
    try:
        answer, bad = read(*written)
    except ck.SchemaError as error:
        assert "decimal='.' or decimal=','" in str(error)  # noqa: PT017 - either outcome is right
        return
    if answer != values:
        # "1.234" alone is a fraction everywhere but where a comma is the decimal sign, which nothing shows here.
        assert german
        assert not any("," in text for text in written)
    assert bad == []


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("(12.50)", "-12.5"),
        ("12.50-", "-12.5"),
        ("−12.50", "-12.5"),
        ("+3", "3"),
        (" 7 ", "7"),
        ("-.5", "-0.5"),
    ],
)
def test_negative_amounts_as_accounts_write_them(cell, value):
    """Brackets, a minus behind and the typographic minus are all the same."""
    assert read(cell) == ([D(value)], [])


@pytest.mark.parametrize(
    "cell",
    ["1e5", "NaN", "-", ".", "1.2.3,4", "12 34", "1,23,456.7", "$5", "5%", "0.05-0.07", "٣", "0.12345678901"],
)
def test_what_is_no_amount_is_named(cell):
    """It is listed, and its value is missing."""
    assert read(cell, "0.5", decimal=".") == ([None, D("0.5")], [cell])


def test_empty_cells_are_missing_and_not_unreadable():
    """Nothing at all, and nothing but blanks."""
    assert read(None, "", "  ") == ([None] * 3, [])


def test_typed_amounts_are_taken_over_but_floats_are_not():
    """Whole numbers and Decimals keep their value; a float has lost it."""
    rows = pl.Series([1])
    for typed in (pl.Series([5]), pl.Series([D("5.00")])):
        assert amounts(typed, rows, "Amount")[0].to_list() == [D(5)]
    with pytest.raises(ck.SchemaError, match=r"deck: column 'Amount': expected amounts.* got Float64"):
        amounts(pl.Series([0.1]), rows, "Amount", where="deck")
