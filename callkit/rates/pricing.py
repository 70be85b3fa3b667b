"""The rates of a sheet and their currency: what they are the price of is asserted, never assumed."""

from __future__ import annotations

import polars as pl

from callkit.errors import SchemaError
from callkit.files.amounts import amounts
from callkit.rates.names import currency_in_header, in_hundredths, unit_in_header, unit_of
from callkit.rates.part import Part
from callkit.rates.stated import Unit, unit_text

_ONE_RATE = "one rate of 0 or more, like 0.0799, with at most 10 decimals"


def rates(part: Part) -> pl.Series:
    """Read the rates; each row needs one."""
    sheet, name = part.sheet, part.named("rate")
    cells = sheet.frame[name]
    if cells.dtype == pl.String:
        cells = (
            cells.str.strip_chars()
            .str.replace(r"^[A-Z]{3}\s*([\d.,])", "$1")
            .str.replace(r"([\d.,])\s*[A-Z]{3}$", "$1")
        )
    values, bad = amounts(
        cells, sheet.rows, name, decimal=part.stated.decimal, expected=_ONE_RATE, where=part.where
    )
    part.unreadable += bad
    unread = {cell.row for cell in bad}
    for at in values.is_null().arg_true():
        if sheet.rows[at] not in unread:
            part.refuse(at, "rate", "", _ONE_RATE)
    for at in (values < 0).fill_null(value=False).arg_true():
        part.refuse(at, "rate", sheet.frame[name][at], _ONE_RATE)
    return values


def currencies(part: Part) -> pl.Series:
    """Read the currency of each row from wherever it is told; all that tell it must agree."""
    sheet, stated = part.sheet, part.stated
    name = part.named("rate")
    cells = sheet.frame[name].cast(pl.String).str.strip_chars()
    beside = (
        cells.str.extract(r"^([A-Z]{3})\s*[\d.,]")
        .to_frame("a")
        .with_columns(b=cells.str.extract(r"[\d.,]\s*([A-Z]{3})$"))
    )
    in_cells = beside.select(pl.coalesce("a", "b")).to_series()
    in_header = currency_in_header(name)
    column = sheet.text("currency").str.to_uppercase()
    said = [("in its column " + repr(part.named("currency")), column), ("in its cells", in_cells)]
    if in_header:
        said.append((f"in the header {name!r}", pl.Series([in_header] * sheet.frame.height, dtype=pl.String)))
    if stated.currency:
        said.append(("with currency=", pl.Series([stated.currency] * sheet.frame.height, dtype=pl.String)))
    answer = pl.Series("currency", [None] * sheet.frame.height, dtype=pl.String)
    for how, values in said:
        odd = ((answer != values) & answer.is_not_null() & values.is_not_null()).arg_true()
        if odd.len():
            at = odd[0]
            raise SchemaError(
                f"{part.where}, row {sheet.rows[at]}: the currency is {values[at]} {how}, but {answer[at]} by the "
                f"rest of the row. Leave out the column that is wrong, columns={{…: None}}, or mend the file."
            )
        answer = answer.to_frame("a").with_columns(b=values).select(pl.coalesce("a", "b")).to_series()
    if answer.null_count() == answer.len() and answer.len():
        raise SchemaError(
            f"{part.where}: the deck does not say in which currency its rates are. Say it: currency='USD' (or "
            f"whichever it is), or which column tells it, columns={{'…': 'currency'}}."
        )
    valid = answer.str.contains("^[A-Z]{3}$")
    for at in (~valid.fill_null(value=False)).arg_true():
        part.refuse(at, "currency", column[at], "a currency code like USD")
    return answer


def no_other_fees(part: Part) -> None:
    """A fee per call is no part of a rate: the rating states it, or the money would be wrong."""
    taken = part.sheet.column("connect_fee")
    if taken is None:
        return
    cells, rows, name = taken
    fees, bad = amounts(cells, rows, name, decimal=part.stated.decimal, where=part.where)
    charged = (fees != 0).fill_null(value=False).arg_true()
    if charged.len() or bad:
        row, value = (bad[0].row, bad[0].value) if bad else (rows[charged[0]], str(cells[charged[0]]))
        raise SchemaError(
            f"{part.where}, row {row}: column {name!r} has {value!r}, a fee per call, which a rate deck does not hold. "
            f"State it as Rating(connect_fee=…) and leave the column out: columns={{{name!r}: None}}."
        )


def unit_of_part(part: Part) -> Unit | None:
    """What the rates are the price of, as the user says or the file does; None where neither does.

    Raises
    ------
    SchemaError
        If they say it differently, or the rates are in hundredths of the currency.
    """
    name, wanted = part.named("rate"), part.stated.per_seconds
    if in_hundredths(name):
        raise SchemaError(
            f"{part.where}: column {name!r} holds hundredths of the currency (cents, pence). Divide the rates by 100 "
            f"in the file and name the column after the currency."
        )
    said: dict[str, Unit | None] = {}
    if unit_in_header(name) is not None:
        said[f"the header {name!r}"] = unit_in_header(name)
    for text in part.sheet.text("rate_unit").unique(maintain_order=True).drop_nulls():
        said[f"column {part.named('rate_unit')!r} with {text!r}"] = unit_of(text)
    for how, unit in said.items():
        if unit is None:
            raise SchemaError(
                f"{part.where}: {how} names no unit that is known. Say what the rates are per with per_seconds=, and "
                f"leave the column out: columns={{{part.named('rate_unit')!r}: None}}."
            )
        if wanted is not None and unit != wanted:
            raise SchemaError(
                f"{part.where}: by {how} the rates are per {unit_text(unit)}, but per_seconds={wanted!r} says that "
                f"they are per {unit_text(wanted)}. Say which it is: leave per_seconds= out, or the column."
            )
    if len(units := list(dict.fromkeys(said.values()))) > 1:
        ways = " and ".join(
            f"per {unit_text(unit)} ({how})" for how, unit in said.items() if unit is not None
        )
        raise SchemaError(
            f"{part.where}: the rates are {ways}. A deck has rates per one unit: convert the file, or make it two."
        )
    return units[0] if units else wanted
