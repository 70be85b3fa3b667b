"""Rows of the same prefix, currency and direction: how they follow one another, and where they contradict."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import polars as pl

from callkit.errors import SchemaError
from callkit.rates.schema import KEY

_NAMED = 20


def contradictions(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that begin when an earlier row of the same key does, but have another rate or bill period.

    Returns
    -------
    pl.DataFrame
        The columns of the rows, and other_row, other_place, other_rate and other_bill_period: the first row of the key
        and start. In the rows' order.
    """
    return _of_one_start(rows).filter(
        (pl.col("rate") != pl.col("other_rate"))
        | pl.col("bill_period").ne_missing(pl.col("other_bill_period"))
    )


def refuse_contradictions(rows: pl.DataFrame, name: str) -> None:
    """Refuse a deck that prices the same twice: up to twenty of the rows are named.

    Raises
    ------
    SchemaError
        If there are such rows.
    """
    found = contradictions(rows)
    if found.is_empty():
        return
    told = ("place", "prefix", "rate", "bill_period", "other_place", "other_rate", "other_bill_period")
    lines = [
        f"  {place}: prefix {prefix}, {_price(rate, period)}; but {other}: {_price(other_rate, other_period)}"
        for place, prefix, rate, period, other, other_rate, other_period in found.head(_NAMED)
        .select(told)
        .rows()
    ]
    if found.height > _NAMED:
        lines.append(f"  … and {found.height - _NAMED:,} more")
    raise SchemaError(
        f"{name}: {found.height:,} {'row contradicts' if found.height == 1 else 'rows contradict'} an earlier one of "
        "the same prefix, currency, direction and start.\n"
        + "\n".join(lines)
        + "\nSay which applies: contradictory='first' or contradictory='last'."
    )


def _price(rate: Decimal, bill_period: str | None) -> str:
    return f"{rate.normalize():f}" + (f" on {bill_period}" if bill_period else "")


def repetitions(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that say what an earlier row has said already; columns as in `contradictions`."""
    return _of_one_start(rows).join(contradictions(rows).select("row"), on="row", how="anti").sort("row")


def _of_one_start(rows: pl.DataFrame) -> pl.DataFrame:
    group = [*KEY, "valid_from"]
    others = ("row", "place", "rate", "bill_period")
    firsts = [pl.col(name).first().over(group, order_by="row").alias(f"other_{name}") for name in others]
    return rows.with_columns(firsts).filter(pl.col("row") != pl.col("other_row")).sort("row")


def followed(earlier: pl.DataFrame, later: pl.DataFrame) -> pl.DataFrame:
    """Let the later rows take over, key by key, from the first start of each on."""
    starts = later.group_by(KEY).agg(pl.col("valid_from").min().alias("taken_over"))
    kept = (
        earlier.join(starts, on=KEY, how="left", nulls_equal=True, maintain_order="left")
        .filter(
            pl.col("taken_over").is_null()
            | pl.col("valid_from").is_null()
            | (pl.col("valid_from") < pl.col("taken_over"))
        )
        .with_columns(pl.min_horizontal("valid_to", "taken_over").alias("valid_to"))
        .drop("taken_over")
    )
    return pl.concat([kept, later])


def stacked(sheets: Sequence[pl.DataFrame], where: str) -> pl.DataFrame:
    """Put the rows of a workbook's sheets together.

    Sheets with a start of their own are laid over one another from the earliest on; rows that have their own dates, or
    belong to other prefixes, simply stand beside one another.

    Raises
    ------
    SchemaError
        If two sheets price the same without saying from when.
    """
    frames = [sheet for sheet in sheets if sheet.height] or list(sheets[:1])
    if len(frames) == 1:
        return frames[0]
    starts = [sheet["valid_from"].unique() for sheet in frames]
    if all(start.len() == 1 and start[0] is not None for start in starts):
        order = sorted(range(len(frames)), key=lambda at: (starts[at][0], at))
        together = frames[order[0]]
        for at in order[1:]:
            if starts[at][0] == together["valid_from"].max():
                together = pl.concat([together, frames[at]])
            else:
                together = followed(together, frames[at])
        return together
    undated = pl.concat(
        [
            sheet.filter(pl.col("valid_from").is_null()).select(*KEY, "place", sheet=pl.lit(at))
            for at, sheet in enumerate(frames)
        ]
    )
    shared = undated.filter(pl.col("sheet").n_unique().over(KEY) > 1)
    if shared.height:
        prefix = shared["prefix"][0]
        both = shared.filter(pl.col("prefix") == prefix).unique("sheet", maintain_order=True)
        first, second = both["place"].to_list()[:2]
        raise SchemaError(
            f"{where}: prefix {prefix} is priced in {first} and in {second}, and neither says from when. Read one "
            f"sheet with sheet=…, or name the sheets after the dates from which on they hold, like '2026-09-01'."
        )
    return pl.concat(frames)
