"""The bridge in a workbook: a table for every currency, and a native chart beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Literal, cast

import polars as pl

from callkit.cdr import MONEY
from callkit.export.book import Book, Column
from callkit.export.pack import Pack
from callkit.export.texts import printed
from callkit.export.waterfall import Bar, axis_start, bars
from callkit.export.words import LEVELS, NO_CURRENCY, STEPS, amount

Basis = Literal["quoted", "settled"]

COLORS = {"total": "#1F3A5F", "too much": "#D55E00", "too little": "#0072B2", "unverified": "#E69F00"}

_DATA = "chart data"
_FEWEST_ROWS = 19
_LONGEST_TITLE = 60
_COLUMNS = [
    Column("title", "step", 15),
    Column("meaning", "what it is", 58),
    Column("calls", "calls", 9, "count"),
    Column("amount", "amount", 15, "money"),
    Column("left", "what is left", 15, "money"),
]
_SHAPE = {"x_scale": 1.0, "y_scale": 1.0, "object_position": 1}


def parts(pack: Pack) -> Iterator[tuple[tuple[Basis, str | None], pl.DataFrame]]:
    """Cut the bridge by basis and currency; what was not billed anything in is left out."""
    keys = ("basis", "currency")
    for (basis, currency), part in pack.result.bridge.group_by(*keys, maintain_order=True):
        if part.select((pl.col("amount") != 0).any()).item():
            yield cast("tuple[Basis, str | None]", (basis, currency)), part.drop(keys)


def table(part: pl.DataFrame) -> pl.DataFrame:
    """The rows of one bridge from billed to expected, with what is left after each."""
    billed = part["amount"].sum()
    running = pl.lit(billed, MONEY) - pl.col("amount").cum_sum()
    titles, meanings = ({step: said[at] for step, said in STEPS.items()} for at in (0, 1))
    rows = part.with_columns(left=pl.when(pl.col("step") != "expected").then(running))
    top = pl.DataFrame(
        {"step": ["billed"], "calls": [None], "amount": [billed], "left": [billed]}, schema=rows.schema
    )
    return pl.concat([top, rows]).select(
        pl.col("step").replace(titles).alias("title"),
        pl.col("step").replace_strict(meanings, default="").alias("meaning"),
        "calls",
        "amount",
        pl.col("left").cast(MONEY),
    )


def write_bridge(book: Book, pack: Pack) -> list[list[Bar]]:
    """Write the sheet; the numbers of its charts are returned, for `write_chart_data`."""
    sheet = book.sheet("bridge")
    for place, column in enumerate(_COLUMNS):
        sheet.set_column(place, place, column.width)
    sheet.set_column(len(_COLUMNS), len(_COLUMNS), 2)
    top, first, drawn = 0, 1, []
    for (basis, currency), part in parts(pack):
        title = printed(f"{'settled in ' if basis == 'settled' else ''}{currency or NO_CURRENCY}")[
            :_LONGEST_TITLE
        ]
        told = bars(part)
        sheet.write_string(top, 0, f"From billed to expected, {title}", book.form(bold=True, font_size=13))
        rows = table(part)
        levels = rows["title"].is_in(LEVELS).arg_true().to_list()
        last = book.rows(sheet, "bridge", top + 1, rows, _COLUMNS, strong=levels)
        sheet.insert_chart(top + 1, len(_COLUMNS) + 1, _chart(book, title, told, first), _SHAPE)
        drawn.append(told)
        first += len(told)
        top = max(last + 3, top + _FEWEST_ROWS)
    if not drawn:
        sheet.write_string(0, 0, "Nothing was billed.", book.form(italic=True))
    return drawn


def write_chart_data(book: Book, drawn: Sequence[Sequence[Bar]]) -> None:
    """Write what the charts stand on: of every bar the unseen part under it, and the seen ones, below zero too."""
    if not drawn:
        return
    sheet = book.sheet(_DATA)
    sheet.set_column(0, len(_SERIES), 16)
    head, label = book.form(bold=True, text_wrap=True), book.form(text_wrap=True)
    sheet.set_row(0, 30)
    for place, name in enumerate(["step", *_SERIES]):
        sheet.write_string(0, place, name, head)
    for row, bar in enumerate((bar for told in drawn for bar in told), 1):
        sheet.set_row(row, 30)
        sheet.write_string(row, 0, f"{bar.title}\n{_label(bar)}", label)
        for place, name in enumerate(_SERIES, 1):
            sheet.write_number(row, place, _stretch(bar, name))


_SERIES = ("under", "under, below zero", *COLORS, *(f"{part}, below zero" for part in COLORS))


def _label(bar: Bar) -> str:
    """An amount as it changes what is left, with six decimals at most: the table beside it has them all."""
    change = bar.amount if bar.part == "total" else -bar.amount
    return amount(round(change, 6))


def _stretch(bar: Bar, series: str) -> float:
    """How much of a bar a series draws; one that crosses zero is drawn in two."""
    nothing = Decimal(0)
    low, high = sorted((bar.start, bar.end))
    name, _, below = series.partition(", ")
    if name == "under":
        return float(min(high, nothing) if below else max(low, nothing))
    if name != bar.part:
        return 0.0
    # The exact difference is rounded once: floats would show a last digit of their own.
    drawn = min(low, nothing) - min(high, nothing) if below else max(high, nothing) - max(low, nothing)
    return float(drawn)


def _chart(book: Book, title: str, told: Sequence[Bar], first: int) -> Any:
    chart = book.chart({"type": "column", "subtype": "stacked"})
    last = first + len(told) - 1
    for place, name in enumerate(_SERIES, 1):
        stretches = [_stretch(bar, name) for bar in told]
        if not any(stretches):
            continue
        part = name.partition(", ")[0]
        seen = part in COLORS
        series: dict[str, Any] = {
            "name": [_DATA, 0, place],
            "categories": [_DATA, first, 0, last, 0],
            "values": [_DATA, first, place, last, place],
            "fill": {"color": COLORS[part]} if seen else {"none": True},
            "border": {"none": True},
            "gap": 45,
        }
        chart.add_series(series)
    start = axis_start(list(told))
    note = f"; the axis begins at {start:,g}" if start else ""
    # xlsxwriter takes a title like "x!A1" for the cell that it stands in: a vendor's currency could be one.
    shown = title.replace("!", "\N{FULLWIDTH EXCLAMATION MARK}")
    chart.set_title(
        {
            "name": f"From billed to expected, {shown}{note}",
            "name_font": {"size": 11, "bold": False},
        }
    )
    axis: dict[str, Any] = {
        "num_format": "#,##0.00",
        "major_gridlines": {"visible": True, "line": {"color": "#E3E7EC"}},
    }
    chart.set_y_axis(axis | ({"min": start} if start else {}))
    chart.set_x_axis({"num_font": {"size": 8}, "label_position": "low"})
    chart.set_legend({"none": True})
    chart.set_size({"width": 640, "height": 340})
    return chart
