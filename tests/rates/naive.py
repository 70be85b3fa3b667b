"""A deck looked up one call and one row at a time: the reference for what callkit does in bulk."""

from __future__ import annotations

from typing import Any

import polars as pl

from callkit.rates.schema import ROWS


def deck_row(rows: list[dict[str, Any]], call: dict[str, Any]) -> int | None:
    """The row that prices a call, by the rules as they are told in `RateDeck`."""
    inbound = call["direction"] == "in"
    number = call["caller"] if inbound else call["callee"]
    instant = call["submitted_at"] or call["answered_at"] or call["ended_at"]
    if number is None or call["currency"] is None:
        return None
    number = number.removeprefix("+").removeprefix("00")
    if not (number.isascii() and number.isdigit()):
        return None
    fitting = [
        row
        for row in rows
        if number.startswith(row["prefix"])
        and row["currency"] == call["currency"]
        and row["direction"] in (None, "in" if inbound else "out")
    ]
    if instant is None:
        # Without an instant there is an answer only where every instant gives the same.
        edges = {row[name] for row in fitting for name in ("valid_from", "valid_to") if row[name]}
        answers = {_best(fitting, edge) for edge in [None, *edges]}
        return answers.pop() if len(answers) == 1 else None
    return _best(fitting, instant)


def _best(fitting: list[dict[str, Any]], instant: Any) -> int | None:
    """Instant None is before every start and end that is stated."""
    best: dict[str, Any] | None = None
    for row in fitting:
        begun = row["valid_from"] is None or (instant is not None and row["valid_from"] <= instant)
        over = row["valid_to"] is not None and instant is not None and instant >= row["valid_to"]
        if begun and not over and (best is None or _rank(row) > _rank(best)):
            best = row
    return None if best is None else best["row"]


def _rank(row: dict[str, Any]) -> tuple[Any, ...]:
    start = row["valid_from"].timestamp() if row["valid_from"] else float("-inf")
    return len(row["prefix"]), row["direction"] is not None, start, -row["row"]


def rows_frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows of a deck from what differs from an open price of one dollar."""
    usual = {"destination": None, "rate": 1, "bill_period": "60+60", "currency": "USD", "direction": None}
    usual |= {"valid_from": None, "valid_to": None}
    full = [usual | {"row": at, "place": f"row {at + 2}"} | row for at, row in enumerate(rows)]
    return pl.DataFrame(
        {name: pl.Series([row[name] for row in full]).cast(dtype) for name, dtype in ROWS.items()},
        schema=ROWS,
    )
