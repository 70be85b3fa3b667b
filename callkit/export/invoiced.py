"""What the invoice asks for against the records, as tables of a pack."""

from __future__ import annotations

from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from callkit.cdr import MONEY, mask_numbers
from callkit.export.book import Column, Kind
from callkit.export.deadline import instant_text
from callkit.export.words import LEVELS, STEPS, TIED

_BOUNDARY = (
    *("moved_from", "moved_to", "local_time", "source", "call_id", "caller", "callee", "destination"),
    *("call_duration", "charged_duration", "cost", "currency"),
)
_NEEDED = ("bridge", "totals", "differences", "outside", "boundary", "cut")


class Table(NamedTuple):
    """A frame of a tie-out under its title."""

    title: str
    frame: pl.DataFrame

    def levels(self) -> list[int]:
        """The rows that are no steps of a bridge."""
        there = "step" in self.frame.columns
        return self.frame["step"].is_in(LEVELS).arg_true().to_list() if there else []


def checked(tie_out: object) -> None:
    """Refuse what is no tie-out.

    Raises
    ------
    TypeError
        If it is something else than `callkit.tie_out` returns.
    """
    if tie_out is not None and not all(
        hasattr(type(tie_out), name) or hasattr(tie_out, name) for name in _NEEDED
    ):
        raise TypeError(f"tie_out must be what callkit.tie_out returns, got {type(tie_out).__name__}")


def sums(tie_out: Any) -> list[Table]:
    """What fits on one sheet: the bridge from the invoice to what is due, both totals, and what lies outside."""
    cut = tie_out.cut
    start, end = (instant_text(edge.astimezone(ZoneInfo(cut.tz))) for edge in (cut.start, cut.end))
    clock = "submitted" if cut.clock == "auto" else cut.clock
    period = f"{start} to {end} ({cut.tz}), by when a call was {clock}; {tie_out.population} calls"
    told = [
        Table(f"From the invoice's total to what is due; {period}", _bridge(tie_out.bridge)),
        Table("Invoice and records by currency: differences are invoice less records", tie_out.totals),
    ]
    # Records that were taken out before, because they lie outside, are not here to be counted.
    outside = Table("Records outside of the period and on no line of the invoice", tie_out.outside)
    return [*told, outside] if tie_out.outside.height else told


def _bridge(bridge: pl.DataFrame) -> pl.DataFrame:
    """The steps as people call them, and what they mean."""
    way = pl.DataFrame(
        [
            *(("tie_out" if step != "invoice" else "total", step, *said) for step, said in TIED.items()),
            *(("reconciliation", step, *said) for step, said in STEPS.items()),
            *(("total", step, *STEPS[step]) for step in ("billed", "expected")),
        ],
        schema=["part", "step", "_title", "what it is"],
        orient="row",
    )
    told = bridge.join(way, on=["part", "step"], how="left", maintain_order="left")
    return told.select(
        "currency",
        pl.coalesce("_title", "step").alias("step"),
        "what it is",
        # No lines or no calls are what a row is not about, rather than a number of them.
        *(pl.when(pl.col(name) > 0).then(name).alias(name) for name in ("lines", "calls")),
        "amount",
    )


def lists(tie_out: Any, *, masked: bool) -> list[Table]:
    """What may be long: the lines that differ, and the calls that the cut moves to a neighbouring period."""
    boundary: pl.DataFrame = tie_out.boundary
    calls = boundary.select(name for name in _BOUNDARY if name in boundary.columns)
    told = [Table("invoice differences", tie_out.differences), Table("boundary calls", calls)]
    return [Table(title, mask_numbers(frame)) for title, frame in told] if masked else told


def columns_of(frame: pl.DataFrame) -> list[Column]:
    """How the columns of a frame are shown, by their dtypes; what no row has is left out."""
    told = []
    for name, dtype in frame.schema.items():
        kind: Kind = "text"
        if dtype == MONEY:
            kind = "money"
        elif dtype.is_integer():
            kind = "count"
        elif isinstance(dtype, pl.Datetime):
            kind = "clock" if dtype.time_zone is None else "instant"
        if frame.is_empty() or frame[name].null_count() < frame.height:
            title = name.replace("cdr_", "CDR ").replace("_", " ")
            told.append(Column(name, title, 22 if kind in ("text", "instant", "clock") else 13, kind))
    return told


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Write as text what is neither number, instant nor text: flags, dates, lists."""
    others = [
        name
        for name, dtype in frame.schema.items()
        if not (dtype in (MONEY, pl.String) or dtype.is_integer() or isinstance(dtype, pl.Datetime))
    ]
    return frame.with_columns(
        pl.col(name).map_elements(str, return_dtype=pl.String, skip_nulls=True) for name in others
    )
