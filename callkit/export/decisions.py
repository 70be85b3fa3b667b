"""What an analyst decided about claims, and which claim each decision belongs to."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from callkit.cdr import MONEY, mask_numbers
from callkit.errors import SchemaError
from callkit.export.decided import DECISIONS, EDITED, SCHEMA, STATUSES, read_decisions
from callkit.export.texts import shown


def taken(decisions: pl.DataFrame | str | Path | None) -> pl.DataFrame:
    """Check decisions that the user hands over, or read them from the workbook that they name."""
    if decisions is None:
        return SCHEMA.to_frame()
    if isinstance(decisions, str | Path):
        return read_decisions(decisions)
    if not isinstance(decisions, pl.DataFrame):
        raise TypeError(
            f"decisions must be what callkit.read_decisions returns, or a workbook's path, "
            f"got {type(decisions).__name__}"
        )
    missing = [name for name in SCHEMA if name not in decisions.columns and name != "billed"]
    if missing:
        raise SchemaError(
            f"decisions need the columns {', '.join(SCHEMA)}; missing: {', '.join(map(repr, missing))}"
        )
    if "billed" not in decisions.columns:
        decisions = decisions.with_columns(billed=pl.lit(None, MONEY))
    for name, dtype in SCHEMA.items():
        came = decisions.schema[name]
        if came not in (dtype, pl.Null):
            raise SchemaError(f"decisions, column {name!r}: expected {dtype}, got {came}")
    for name, allowed in (("decision", DECISIONS), ("status", STATUSES)):
        values = decisions[name].cast(pl.String).drop_nulls().unique().sort()
        others = values.filter(~values.is_in(allowed)).to_list()
        if others:
            raise ValueError(
                f"decisions, column {name!r}: expected one of {', '.join(allowed)}, got {others[0]!r}"
            )
    return decisions.select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())


def with_decisions(claims: pl.DataFrame, decisions: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Put decisions beside the claims that they are about.

    A decision belongs to the claim of the same source, call and billed amount. Where the vendor has restated the
    amount it still belongs to the call, as long as there is one decision about it and one claim. Ids are compared as
    they are and as they are masked, because the workbook may have been.

    Parameters
    ----------
    claims
        Rows of the evidence, with source, call_id and billed.
    decisions
        As `read_decisions` returns them.

    Returns
    -------
    tuple of pl.DataFrame
        The claims in their order with the columns of `EDITED`; and the decisions that found no claim.
    """
    left = decisions.unique(maintain_order=True).with_row_index("_decision")
    rows = claims.with_row_index("_row").select("_row", "source", "call_id", "billed")
    known = pl.concat([rows, mask_numbers(rows)])
    as_shown = known.with_columns(shown(pl.col("source", "call_id")))
    known = pl.concat([known, as_shown]).unique(maintain_order=True)
    number = pl.int_range(pl.len(), dtype=pl.Int64).alias("_nth")
    exact = ["source", "call_id", "billed"]
    by_amount = (
        known.with_columns(number.over(exact))
        .join(left.with_columns(number.over(exact)), on=[*exact, "_nth"], how="inner", nulls_equal=True)
        .select("_row", "_decision")
        .unique("_row", maintain_order=True)
    )
    known = known.join(by_amount, on="_row", how="anti", maintain_order="left")
    still = left.join(by_amount, on="_decision", how="anti", maintain_order="left")
    single = pl.len().over("source", "call_id") == 1
    by_call = (
        known.filter(single)
        .join(still.filter(single), on=["source", "call_id"], how="inner", nulls_equal=True)
        .select("_row", "_decision")
        .unique("_row", maintain_order=True)
    )
    found = pl.concat([by_amount, by_call])
    decided = found.join(left.select("_decision", *EDITED), on="_decision", how="left").drop("_decision")
    beside = (
        claims.with_row_index("_row").join(decided, on="_row", how="left", maintain_order="left").drop("_row")
    )
    orphans = left.join(found, on="_decision", how="anti", maintain_order="left").drop("_decision")
    return beside, orphans
