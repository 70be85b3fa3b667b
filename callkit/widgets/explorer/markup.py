"""The Explorer's numbers as markup: every measure of what is chosen, and a table of members.

All text of the records is escaped: it comes from a vendor.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from html import escape

import polars as pl

from callkit.charts.asking import written
from callkit.measures import Measure

STYLE = """<style>
.callkit-explorer { color: var(--jp-ui-font-color1, #1f1f1f); font-size: 13px; line-height: 1.4;
  font-family: var(--jp-ui-font-family, system-ui, sans-serif); }
.callkit-tiles { display: flex; flex-wrap: wrap; gap: 8px 26px; margin: 6px 0 2px; }
.callkit-tiles div { min-width: 84px; }
.callkit-tiles span { display: block; color: var(--jp-ui-font-color2, #5f5f5f); font-size: 12px; }
.callkit-tiles b { font-size: 18px; font-weight: 600; font-variant-numeric: tabular-nums; }
.callkit-quiet { color: var(--jp-ui-font-color2, #5f5f5f); }
.callkit-explorer ul { margin: 2px 0 2px 18px; padding: 0; }
.callkit-explorer table { border-collapse: collapse; margin-top: 4px; font-size: 12px;
  font-variant-numeric: tabular-nums; }
.callkit-wide { overflow-x: auto; }
.callkit-explorer th { text-align: right; font-weight: 500; font-size: 12px; line-height: 1.25; padding: 2px 5px;
  color: var(--jp-ui-font-color2, #5f5f5f); vertical-align: bottom; max-width: 74px; }
.callkit-explorer td { text-align: right; padding: 2px 5px; border-top: 1px solid var(--jp-border-color2, #e0e0e0);
  white-space: nowrap; }
.callkit-explorer th:first-child, .callkit-explorer td:first-child { text-align: left; padding-left: 0;
  max-width: 200px; overflow: hidden; text-overflow: ellipsis; }
</style>"""


def wrapped(body: str) -> str:
    """Give markup the Explorer's style."""
    return f'{STYLE}<div class="callkit-explorer">{body}</div>'


def tiles(
    totals: pl.DataFrame,
    before: pl.DataFrame | None,
    measures: Sequence[Measure],
    currency: str | None,
    *,
    chosen: str,
) -> str:
    """Show every measure of what is chosen, and how it differs from the same in another period."""
    cells = []
    for measure in measures:
        value = totals[measure.name][0]
        change = "" if before is None else _change(measure, value, before[measure.name][0])
        title = re.sub(r" \([A-Z]+\)$", "", measure.title)
        shown = written(measure, _rounded(measure, value), currency)
        cells.append(
            f'<div title="{escape(_capital(measure.definition))}"><span>{escape(title)}</span>'
            f"<b>{escape(shown)}</b><span>{change}</span></div>"
        )
    return wrapped(
        f'<div class="callkit-quiet">{chosen}</div><div class="callkit-tiles">{"".join(cells)}</div>'
    )


def table(
    rows: pl.DataFrame, names: pl.Series, title: str, measures: Sequence[Measure], currency: str | None
) -> str:
    """Show members with every measure."""
    head = "".join(f"<th>{escape(_head(measure, currency))}</th>" for measure in measures)
    decimals = {measure.name: _decimals(measure, rows[measure.name]) for measure in measures}
    lines = [
        [name[:200], *(_bare(measure, row[measure.name], decimals[measure.name]) for measure in measures)]
        for name, row in zip(names, rows.iter_rows(named=True), strict=True)
    ]
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in line)}</tr>" for line in lines)
    return wrapped(
        f'<div class="callkit-wide"><table><thead><tr><th>{escape(title)}</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def sentences(told: Sequence[str], more: int) -> str:
    """Show what stands out, or that nothing does."""
    if not told:
        return wrapped('<span class="callkit-quiet">Nothing stands out.</span>')
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in told)
    beyond = f'<li class="callkit-quiet">and {more} more</li>' if more else ""
    return wrapped(f"<b>Stands out</b><ul>{items}{beyond}</ul>")


def _head(measure: Measure, currency: str | None) -> str:
    unit = measure.unit_in(currency)
    return f"{measure.short} [{unit}]" if unit else measure.short


def _bare(measure: Measure, value: Decimal | float | None, decimals: Decimal | None) -> str:
    if value is None:
        return "–"
    if decimals is not None and isinstance(value, Decimal):
        return f"{value.quantize(decimals):,f}".replace("-", "−")
    return written(measure, value, None).split(" ")[0]


def _decimals(measure: Measure, values: pl.Series) -> Decimal | None:
    """Of a column of money: four, and two where it is about hundreds; the frames have all digits."""
    if not measure.of_money:
        return None
    largest = values.abs().max()
    return Decimal("0.01") if isinstance(largest, Decimal) and largest >= 100 else Decimal("0.0001")


def _rounded(measure: Measure, value: Decimal | float | None) -> Decimal | float | None:
    """Money to the cent in a headline and a table; the frames have all digits."""
    if measure.kind == "money" and isinstance(value, Decimal) and abs(value) >= 10:
        return value.quantize(Decimal("0.01"))
    if measure.kind == "rate" and isinstance(value, Decimal):
        return value.quantize(Decimal("0.0001"))
    return value


def _change(measure: Measure, value: Decimal | float | None, before: Decimal | float | None) -> str:
    if value is None or before is None:
        return "– before"
    if measure.kind == "share":
        return f"{_signed(float(value) - float(before), '.1f')} points"
    if not before:
        return "none before"
    return f"{_signed(100 * (float(value) / float(before) - 1), '.1f')} %"


def _signed(value: float, how: str) -> str:
    return f"{'−' if value < 0 else '+'}{abs(value):{how}}"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
