"""A workbook of tables: real numbers and dates, text that is only text, and a form that prints."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

import polars as pl

from callkit.export.cells import MOST_ROWS, holds_instant, write_number, write_text
from callkit.export.texts import PIECE, printable, shown
from callkit.export.words import decimals_of

Kind = Literal["text", "wrap", "money", "count", "instant", "clock", "share"]

_DARK, _EDGE, _EDITED, _EDITED_HEAD = "#1F3A5F", "#C9D1DB", "#FFF8E1", "#F2C14E"
_LINE_HEIGHT, _MOST_HEIGHT = 15, 405
_A_LINE = 1.1
"""So many characters of running text fill a column of width one."""
_INSTANT = "yyyy-mm-dd hh:mm:ss"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: what it is called, how wide, and what kind of cells it has.

    Attributes
    ----------
    kind
        A `clock` is a local time, as somebody's clock showed it.
    zone
        Of an instant: the zone it is told in.
    edited
        Whether the reader fills it in; `choices` are then offered.
    """

    name: str
    title: str
    width: float = 12
    kind: Kind = "text"
    zone: str = "UTC"
    edited: bool = False
    choices: tuple[str, ...] = ()


class Book:
    """Writes sheets one after the other, each row by row, so that memory does not grow with them."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        # Equal packs are equal files: no date of today.
        workbook.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC), "title": "Dispute pack"})
        self._forms: dict[tuple[tuple[str, Any], ...], Any] = {}
        self._long: list[tuple[str, int, str, str]] = []

    def form(self, **looks: Any) -> Any:
        """Make a format once."""
        key = tuple(sorted(looks.items()))
        if key not in self._forms:
            self._forms[key] = self._workbook.add_format({"valign": "top", **looks})
        return self._forms[key]

    def sheet(self, name: str, *, pages_wide: int = 1, landscape: bool = True) -> Any:
        """Add a sheet that prints on A4, with its name and page numbers at the foot."""
        sheet = self._workbook.add_worksheet(name)
        if landscape:
            sheet.set_landscape()
        sheet.set_paper(9)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.fit_to_pages(pages_wide, 0)
        sheet.set_footer("&L&8&A&R&8&P / &N")
        sheet.hide_gridlines(2)
        return sheet

    def chart(self, kind: dict[str, str]) -> Any:
        """Make a chart for a sheet to insert."""
        return self._workbook.add_chart(kind)

    def table(
        self, name: str, frame: pl.DataFrame, columns: Sequence[Column], *, fixed: int, pages_wide: int = 1
    ) -> None:
        """Write a frame on a sheet of its own, with a filter and a header that stays; on several where it is too long.

        Parameters
        ----------
        fixed
            How many columns stay when the sheet is scrolled to the side, and are printed on every page.
        """
        for at, start in enumerate(range(0, max(frame.height, 1), MOST_ROWS)):
            part = frame.slice(start, MOST_ROWS)
            title = name if at == 0 else f"{name} {at + 1}"
            sheet = self.sheet(title, pages_wide=pages_wide)
            sheet.freeze_panes(1, fixed)
            sheet.repeat_rows(0)
            if pages_wide > 1:
                sheet.repeat_columns(0, fixed - 1)
            for place, column in enumerate(columns):
                sheet.set_column(place, place, column.width)
                if column.edited and part.height:
                    sheet.data_validation(1, place, part.height, place, _validation(column))
            last = self.rows(sheet, title, 0, part, columns)
            sheet.autofilter(0, 0, max(last, 1), len(columns) - 1)
            if not part.height:
                sheet.write_string(1, 0, "none", self.form(italic=True))

    def rows(
        self,
        sheet: Any,
        name: str,
        top: int,
        frame: pl.DataFrame,
        columns: Sequence[Column],
        *,
        strong: Collection[int] = (),
    ) -> int:
        """Write a header and the rows under it, some in bold; the number of the last row is returned."""
        sheet.set_row(top, 30)
        for place, column in enumerate(columns):
            sheet.write_string(top, place, _title(column), self._head(column))
        writers = {
            bold: [
                self._writer(sheet, frame, column, place, bold=bold) for place, column in enumerate(columns)
            ]
            for bold in ((False, True) if strong else (False,))
        }
        self._keep_long(name, top, frame, columns)
        lines = frame.select(_lines(columns)).to_series()
        for at, (row, tall) in enumerate(
            zip(_prepared(frame, columns).iter_rows(), lines, strict=True), top + 1
        ):
            if tall > 1:
                sheet.set_row(at, min(_LINE_HEIGHT * tall, _MOST_HEIGHT))
            for write, value in zip(writers[at - top - 1 in strong], row, strict=True):
                write(at, value)
        return top + frame.height

    def close(self) -> None:
        """Put what was too long for its cell on a sheet of its own, in pieces."""
        if not self._long:
            return
        schema = {
            "sheet": pl.String,
            "row": pl.Int64,
            "column": pl.String,
            "part": pl.Int64,
            "text": pl.String,
        }
        pieces = [
            (sheet, row, column, at // PIECE + 1, text[at : at + PIECE])
            for sheet, row, column, text in self._long
            for at in range(0, len(text), PIECE)
        ]
        self._long = []
        columns = [
            Column("sheet", "sheet", 16),
            Column("row", "row", 8, "count"),
            Column("column", "column", 16),
            Column("part", "part", 8, "count"),
            Column("text", "text", 120, "wrap"),
        ]
        self.table("long texts", pl.DataFrame(pieces, schema=schema, orient="row"), columns, fixed=1)

    def _head(self, column: Column) -> Any:
        right = column.kind in ("money", "count", "share")
        return self.form(
            bold=True,
            text_wrap=True,
            valign="vcenter",
            **({"align": "right"} if right else {"indent": 1}),
            bg_color=_EDITED_HEAD if column.edited else _DARK,
            font_color="#222222" if column.edited else "#FFFFFF",
        )

    def _writer(
        self, sheet: Any, frame: pl.DataFrame, column: Column, place: int, *, bold: bool
    ) -> Callable[[int, Any], None]:
        """How the cells of a column are written; what each is was settled before the first row."""
        looks: dict[str, Any] = {"bottom": 1, "bottom_color": _EDGE} | ({"bold": True} if bold else {})
        if column.edited:
            looks |= {"bg_color": _EDITED}
        blank = self.form(**looks)
        if column.kind in ("instant", "clock"):
            looks |= {"align": "left", "indent": 1}
            usual, fine = (self.form(**looks, num_format=form) for form in (_INSTANT, f"{_INSTANT}.000"))
            return lambda row, value: _write_instant(sheet, (row, place), value, (usual, fine, blank))
        if column.kind in ("money", "count", "share"):
            values = frame[column.name].drop_nulls().to_list() if column.kind == "money" else []
            form = {"count": "#,##0", "share": "0.00 %", "money": f"#,##0.{'0' * decimals_of(values)}"}[
                column.kind
            ]
            number = self.form(**looks, num_format=form)

            def write(row: int, value: int | Decimal | None) -> None:
                if value is None:
                    sheet.write_blank(row, place, None, blank)
                else:
                    write_number(sheet, row, place, value, number)

            return write
        wrap = {"align": "left", "indent": 1, "text_wrap": column.kind == "wrap"}
        # A cell that is edited later would be read anew: the prefix keeps it text then, too.
        plain, quoted = self.form(**looks, **wrap), self.form(**looks, **wrap, quote_prefix=True)

        def write_words(row: int, value: str | None) -> None:
            if value:
                write_text(sheet, row, place, value, quoted if value[0] in "=+-@'" else plain)
            else:
                sheet.write_blank(row, place, None, blank)

        return write_words

    def _keep_long(self, name: str, top: int, frame: pl.DataFrame, columns: Sequence[Column]) -> None:
        for column in columns:
            if frame.schema[column.name] != pl.String:
                continue
            text = printable(pl.col(column.name))
            long = frame.select(
                pl.int_range(pl.len(), dtype=pl.Int64).alias("row"), text.alias("text")
            ).filter(pl.col("text").str.len_chars() > PIECE)
            self._long += [(name, top + 2 + row, _title(column), whole) for row, whole in long.iter_rows()]


def _lines(columns: Sequence[Column]) -> pl.Expr:
    """How many lines the rows need: not every program makes room for wrapped text by itself."""
    wrapped = [column for column in columns if column.kind == "wrap"]
    needed = [
        (pl.col(column.name).str.len_chars() / (column.width * _A_LINE)).ceil()
        + pl.col(column.name).str.count_matches("\n")
        for column in wrapped
    ]
    lines: pl.Expr = pl.max_horizontal(
        pl.repeat(1, pl.len()), *(each.cast(pl.Int64).fill_null(1) for each in needed)
    )
    return lines


def _title(column: Column) -> str:
    return f"{column.title} ({column.zone})" if column.kind == "instant" else column.title


def _prepared(frame: pl.DataFrame, columns: Sequence[Column]) -> pl.DataFrame:
    """The values as they are written: text printable and short enough, instants as the zone's clock shows them."""
    told = []
    for at, column in enumerate(columns):
        value = pl.col(column.name)
        if frame.schema[column.name] == pl.String:
            value = shown(value)
        elif column.kind == "instant":
            value = value.dt.convert_time_zone(column.zone).dt.replace_time_zone(None)
        told.append(value.alias(str(at)))
    return frame.select(told)


def _write_instant(
    sheet: Any, cell: tuple[int, int], value: date | None, forms: tuple[Any, Any, Any]
) -> None:
    usual, fine, blank = forms
    if value is None:
        sheet.write_blank(*cell, None, blank)
    elif not holds_instant(value):
        write_text(sheet, *cell, value.isoformat(), blank)
    else:
        exact = isinstance(value, datetime) and value.microsecond
        sheet.write_datetime(*cell, value, fine if exact else usual)


def _validation(column: Column) -> dict[str, Any]:
    if column.choices:
        return {
            "validate": "list",
            "source": list(column.choices),
            "error_title": column.title,
            "error_message": f"One of: {', '.join(column.choices)}",
        }
    if column.kind == "money":
        return {
            "validate": "decimal",
            "criteria": ">=",
            "value": 0,
            "error_title": column.title,
            "error_message": "An amount, without a currency.",
        }
    return {"validate": "any"}
