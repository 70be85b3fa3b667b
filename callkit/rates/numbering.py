"""The prefixes of a sheet: from one column, or from a country code and an area code."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from callkit.errors import SchemaError
from callkit.rates import prefixes
from callkit.rates.part import Part


def prefix_lists(part: Part) -> pl.Series:
    """Read the prefixes of every row: a list each."""
    sheet = part.sheet
    codes = sheet.text("country_code").to_list()
    name, cells = "prefix", sheet.text("prefix").to_list()
    before: list[str | None] = [None] * len(cells)
    if "prefix" not in sheet.of and "area_code" in sheet.of:
        name, cells, before = "area_code", sheet.text("area_code").to_list(), codes
    elif "prefix" not in sheet.of:
        name, cells = "country_code", codes
    elif "area_code" in sheet.of:
        raise SchemaError(
            f"{part.where}: columns {part.named('prefix')!r} and {part.named('area_code')!r} both tell the digits of a "
            f"number. Say which to leave out, e.g. columns={{{part.named('area_code')!r}: None}}."
        )
    else:
        _complete(part, cells, codes)
    lists = part.stated.prefix_lists
    if lists is None:
        lists = True if prefixes.shows_lists(cells) else None
    read: list[list[str]] = []
    for at, (cell, code) in enumerate(zip(cells, before, strict=True)):
        try:
            ahead = prefixes.prefixes(code)[0] if code else ""
            if name == "area_code" and not ahead:
                part.refuse(at, "country_code", code, "the country code before the area code")
            # A country code without an area code is the prefix of the whole country.
            read.append([ahead] if ahead and not cell else prefixes.prefixes(cell or "", ahead, lists=lists))
        except prefixes.Unclear as unclear:
            part.refuse(at, name, cell, str(unclear))
            read.append([])
    return pl.Series("prefix", read, dtype=pl.List(pl.String))


def _complete(part: Part, cells: Sequence[str | None], codes: Sequence[str | None]) -> None:
    """Whether the prefix holds the country code that stands beside it: in every row, or it must be said."""
    for at, (cell, code) in enumerate(zip(cells, codes, strict=True)):
        digits = "".join(sign for sign in code or "" if sign.isdigit())
        if (
            digits
            and digits == (code or "").lstrip("+0 ")
            and cell
            and not cell.lstrip("+0' ").startswith(digits)
        ):
            prefix, country = part.named("prefix"), part.named("country_code")
            raise SchemaError(
                f"{part.where}, row {part.sheet.rows[at]}: prefix {cell!r} does not begin with the country "
                f"code {code!r} beside it. Say whether it stands alone, columns={{{country!r}: None}}, or follows the "
                f"country code, columns={{{prefix!r}: 'area_code'}}."
            )
