"""The tables in a user's file: found wherever they begin, under whatever they are called."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import callkit as ck
from callkit.files.columns import Names
from callkit.files.sheets import WHOLE_ROW, sheets

NAMES = Names(
    "price list",
    {"code": "code|prefix", "price": r"price|\w+ price", "place": "place|name"},
    harmless=frozenset({"place"}),
)


def text(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read(source: object, **arguments: object) -> list:
    return sheets(source, NAMES, ["code", "price"], **arguments)


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_table_is_found_below_a_title(tmp_path, sign):
    """Title, blank line, header, rows, blank line, note: rows keep the numbers that a spreadsheet shows."""
    rows = [["Prices of ACME"], [], ["Code", "Price", "Remark"], ["1", "5", ""], [], ["2", "6", "x"], ["Bye"]]
    (found,) = read(text(tmp_path / "list.csv", *(sign.join(row) for row in rows)))
    assert found.of == {"code": "Code", "price": "Price"}
    assert found.rows.to_list() == [4, 6]
    assert found.text("code").to_list() == ["1", "2"]
    assert found.text("place").to_list() == [None, None]
    assert [(cell.row, cell.column, cell.value) for cell in found.unreadable] == [(7, WHOLE_ROW, "Bye")]


def test_decimal_commas_do_not_part_cells(tmp_path):
    """The sign that parts every line is taken, not the comma within its numbers."""
    (found,) = read(text(tmp_path / "list.csv", "Code;Price", "1;0,5", "2;0,6"))
    assert found.text("price").to_list() == ["0,5", "0,6"]


def test_what_the_user_states_goes_first():
    """A stated column is taken, a column that is left out does not count, and both must be there."""
    frame = pl.DataFrame({"Code": ["1"], "Old price": ["5"], "New price": ["6"]})
    with pytest.raises(ck.SchemaError, match="columns 'Old price', 'New price' could each be the price"):
        read(frame)
    for stated in ({"New price": "price"}, {"Old price": None}):
        assert read(frame, columns=stated)[0].text("price").to_list() == ["6"]
    with pytest.raises(ValueError, match=r"has no column 'Newest price'; it has Code, New price, Old price"):
        read(frame, columns={"New price": "price", "Newest price": None})
    with pytest.raises(ValueError, match="'price' is named for more than one"):
        read(frame, columns={"New price": "price", "Old price": "price"})
    with pytest.raises(TypeError, match="columns must be a mapping"):
        read(frame, columns=["Code"])


def test_where_no_money_depends_on_it_the_first_column_is_taken():
    """Two names of a place are no reason to refuse a table."""
    frame = pl.DataFrame({"Code": ["1"], "Price": ["5"], "Place": ["here"], "Name": ["there"]})
    assert read(frame)[0].text("place").to_list() == ["here"]


def test_a_header_that_could_be_two_things_is_asked_about():
    """The message names both, and how to say which."""
    names = Names("list", {"start": "from|date", "end": "to|date", "code": "code"})
    with pytest.raises(ck.SchemaError, match=r"column 'Date' could be start or end\. Say which"):
        sheets(pl.DataFrame({"code": ["1"], "Date": ["x"]}), names, ["code"])


def test_typed_frames_keep_their_types():
    """Cells of a frame are taken as they are; text is asked for where text is needed."""
    (found,) = read(pl.DataFrame({"code": [44], "price": [5]}))
    cells, rows, name = found.column("price")
    assert (cells.dtype, rows.to_list(), name) == (pl.Int64, [1], "price")
    assert found.text("code").to_list() == ["44"]
    assert found.column("place") is None
