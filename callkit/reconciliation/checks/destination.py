"""The number that was called is in another country than the destination that the call is priced for."""

from __future__ import annotations

import polars as pl

from callkit.numbers import country, country_name, meant_by
from callkit.reconciliation.findings import CallCheck


def _contradicts(calls: pl.Series) -> pl.Series:
    """Whether callee and destination certainly differ; where either tells no country, they do not."""
    frame = calls.struct.unnest()
    meant = {label: meant_by(label) for label in frame["destination"].unique().drop_nulls()}
    telling = [label for label, regions in meant.items() if regions]
    if not telling:
        return pl.repeat(value=False, n=calls.len(), eager=True)
    told = pl.when(pl.col("destination").is_in(telling)).then("callee")
    found = frame.select("destination", region=country(told))
    # Calls are many, countries and destinations few.
    pairs = found.unique().drop_nulls().rows()
    differing = [(label, region) for label, region in pairs if region not in meant[label]]
    schema = {"destination": pl.String, "region": pl.String}
    wrong = pl.DataFrame(differing, schema, orient="row").with_columns(wrong=True)
    joined = found.join(wrong, on=list(schema), how="left", maintain_order="left")
    return joined["wrong"].fill_null(value=False)


def _names(regions: pl.Series) -> pl.Series:
    distinct = regions.unique().drop_nulls().to_list()
    names = [country_name(region) for region in distinct]
    return regions.replace_strict(distinct, names, default=None, return_dtype=pl.String)


_CALLED = country("callee").map_batches(_names, return_dtype=pl.String, is_elementwise=True)
_LABEL = pl.col("destination").str.slice(0, 60)

CHECKS = (
    CallCheck(
        "destination",
        "warning",
        "D",
        # A pass of its own over two columns takes less time and memory than one together with all others.
        among=pl.all_horizontal(pl.col("callee", "destination").is_not_null()),
        fires=lambda _: pl.struct("callee", "destination").map_batches(
            _contradicts, return_dtype=pl.Boolean, is_elementwise=True
        ),
        reported=pl.col("destination"),
        expected=_CALLED,
        explanation=lambda _: pl.format(
            "The number called, {}…, is in {}, but the destination is {}. Which of the two is the price for?",
            pl.col("callee").str.slice(0, 4),
            _CALLED,
            _LABEL,
        ),
    ),
)
