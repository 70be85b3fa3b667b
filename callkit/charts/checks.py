"""What was found, check by check: how many calls, and what it is worth."""

from __future__ import annotations

import altair as alt
import polars as pl

from callkit.cdr import MONEY
from callkit.charts.asking import joined, money_words, needed, one_of, sized
from callkit.charts.dressing import (
    VERDICT_COLORS,
    Chart,
    Theme,
    dressed,
    faded,
    layered,
    look,
    nothing,
    picking,
    shared,
    titled,
)
from callkit.reconciliation import Reconciliation

ROW = 22
SEVERITY_COLORS = {"error": "#CC79A7", "warning": "#999999", "info": "#56B4E9"}
_SIDES = {
    "billed too much": VERDICT_COLORS["overcharged"],
    "billed too little": VERDICT_COLORS["undercharged"],
}


def findings(
    of: Reconciliation | pl.DataFrame,
    *,
    currency: str | None = None,
    theme: Theme = "light",
    width: int = 520,
) -> Chart:
    """Draw the findings by check: their number on the left, their money in one currency on the right.

    Parameters
    ----------
    of : Reconciliation or pl.DataFrame
        A result, or its `.findings` or a part of them.
    currency : str, optional
        Of the amounts; by default the one with the most money. The numbers count all findings.
    theme : str
        `light` or `dark`.
    width : int
        Of both plots together, in pixels; names and numbers stand outside of them.

    Returns
    -------
    alt.HConcatChart
        One row per check, errors first. A click selects `pick`, by `check`.

    Raises
    ------
    ValueError
        If the frame holds no findings, or the currency does not occur.

    Examples
    --------
    >>> import callkit as ck
    >>> with ck.Sandbox(calls=500, seed=7) as sandbox:
    ...     result = ck.reconcile(sandbox.nx_whatsapp().fetch(sandbox.call_ids))
    >>> ck.charts.findings(result).to_dict()["title"]["text"]
    'Findings by check'
    """
    frame = of.findings if isinstance(of, Reconciliation) else of
    needed(frame.columns, ["check", "severity", "amount", "currency"], "findings", "Reconciliation.findings")
    width = sized(width)
    if frame.is_empty():
        return nothing("Nothing was found.", title="Findings by check", theme=theme, width=width)
    worth = frame.filter(pl.col("amount") != 0)
    sizes = (
        worth.group_by("currency")
        .agg(pl.col("amount").abs().sum())
        .sort("amount", "currency", descending=[True, False])
    )
    known = [*sizes["currency"], *sorted(set(frame["currency"].drop_nulls()) - set(sizes["currency"]))]
    chosen, others = one_of(known, currency, "findings")
    rows = _by_check(frame, chosen)
    told = joined(
        *(f"{count:,} {severity}{'s' if count != 1 and severity != 'info' else ''}"
          for severity, count in _severities(frame)),
        f"amounts in {chosen}" if chosen else "",
        others,
    )  # fmt: skip
    left, pick = 150, picking("check")
    chart: alt.HConcatChart = (
        alt.hconcat(
            _numbers(rows, pick, theme, left), _money(rows, pick, chosen, theme, width - left), spacing=70
        )
        .resolve_scale(color="independent")
        .properties(title=titled("Findings by check", told, width + 260))
    )
    return dressed(shared(chart, pick), theme)


def _severities(frame: pl.DataFrame) -> list[tuple[str, int]]:
    counts = dict(frame["severity"].value_counts().iter_rows())
    return [(name, counts[name]) for name in SEVERITY_COLORS if name in counts]


def _by_check(frame: pl.DataFrame, currency: str | None) -> pl.DataFrame:
    """One row per check and severity: findings, and what is over and under in one currency."""
    amount = pl.col("amount").filter(pl.col("currency").eq_missing(pl.lit(currency, pl.String)))
    rank = pl.col("severity").replace_strict(
        list(SEVERITY_COLORS),
        range(len(SEVERITY_COLORS)),
        default=len(SEVERITY_COLORS),
        return_dtype=pl.Int64,
    )
    rows = (
        frame.group_by("check", "severity")
        .agg(
            pl.len().cast(pl.Int64).alias("findings"),
            amount.filter(amount > 0).sum().cast(MONEY).alias("over"),
            amount.filter(amount < 0).sum().cast(MONEY).alias("under"),
        )
        .sort(
            rank, pl.col("over") - pl.col("under"), "findings", "check", descending=[False, True, True, False]
        )
        .with_row_index("rank")
    )
    return rows.with_columns(
        pl.col("rank").cast(pl.Int64),
        pl.col("check").str.replace_all("_", " ").alias("name"),
        pl.Series("count", [f"{count:,}" for count in rows["findings"]]),
        *(pl.Series(f"{side}_text", [money_words(value) if value else "" for value in rows[side]])
          for side in ("over", "under")),
    )  # fmt: skip


def _numbers(rows: pl.DataFrame, pick: alt.Parameter, theme: str, width: int) -> alt.LayerChart:
    colors = look(theme)
    data = rows.select("rank", "check", "name", "severity", "findings", "count")
    severities = [name for name in SEVERITY_COLORS if name in set(rows["severity"])]
    y = alt.Y("rank:O", title=None, axis=None)
    # One check with thousands of findings must not hide that others have some.
    scale = alt.Scale(type="sqrt", domain=[0, max(data["findings"])], nice=False)
    bars = (
        alt.Chart(data)
        .mark_bar(height=ROW - 8, cursor="pointer")
        .encode(
            x=alt.X("findings:Q", title="Findings (root scale)", scale=scale, axis=alt.Axis(tickCount=3)),
            y=y,
            color=alt.Color(
                "severity:N",
                title=None,
                scale=alt.Scale(domain=severities, range=[SEVERITY_COLORS[name] for name in severities]),
                legend=alt.Legend(orient="bottom", direction="horizontal"),
            ),
            opacity=faded(pick),
            tooltip=[
                alt.Tooltip("check:N", title="Check"),
                alt.Tooltip("severity:N", title="Severity"),
                alt.Tooltip("findings:Q", title="Findings", format=","),
            ],
        )
        .properties(name="checks", width=width, height=ROW * rows.height)
    )
    base = alt.Chart(data)
    texts = base.mark_text(align="left", dx=5, color=colors.text, fontSize=11).encode(
        x=alt.X("findings:Q", scale=scale), y=y, text="count:N"
    )
    names = base.mark_text(align="right", color=colors.text, fontSize=12).encode(
        x=alt.value(-8), y=y, text="name:N"
    )
    return layered(bars, texts, names)


def _money(
    rows: pl.DataFrame, pick: alt.Parameter, currency: str | None, theme: str, width: int
) -> alt.LayerChart:
    colors = look(theme)
    amounts = pl.concat(
        rows.select(
            "rank",
            "check",
            pl.lit(side).alias("side"),
            pl.col(name).cast(pl.Float64).alias("amount"),
            pl.col(f"{name}_text").alias("text"),
        )
        for name, side in zip(("over", "under"), _SIDES, strict=True)
    ).filter(pl.col("amount") != 0)
    y = alt.Y("rank:O", title=None, axis=None, scale=alt.Scale(domain=rows["rank"].to_list()))
    height = ROW * rows.height
    if amounts.is_empty():
        said = alt.Chart(pl.DataFrame({"said": ["no finding has an amount of its own"]}))
        text = said.mark_text(color=colors.quiet, fontSize=12, align="center").encode(
            text="said:N", x=alt.value(width / 2), y=alt.value(height / 2)
        )
        return layered(text).properties(width=width, height=height)
    low, high = min(0.0, *amounts["amount"]), max(0.0, *amounts["amount"])
    # Numbers stand beside the bars, inside the plot.
    span = high - low
    domain = [low - (0.22 * span if low < 0 else 0), high + (0.22 * span if high > 0 else 0)]
    scale = alt.Scale(domain=domain, nice=False)
    sides = [side for side in _SIDES if side in set(amounts["side"])]
    unit = currency or "no currency"
    bars = (
        alt.Chart(amounts)
        .mark_bar(height=ROW - 8, strokeWidth=1, cursor="pointer")
        .encode(
            x=alt.X(
                "amount:Q", title=f"Billed minus expected [{unit}]", scale=scale, axis=alt.Axis(tickCount=5)
            ),
            y=y,
            color=alt.Color(
                "side:N",
                title=None,
                scale=alt.Scale(domain=sides, range=[_SIDES[side] for side in sides]),
                legend=alt.Legend(orient="bottom", direction="horizontal"),
            ),
            opacity=faded(pick),
            tooltip=[
                alt.Tooltip("check:N", title="Check"),
                alt.Tooltip("text:N", title=f"Amount [{unit}]"),
                alt.Tooltip("side:N", title="Meaning"),
            ],
        )
        .properties(name="money", width=width, height=height)
    )
    base = alt.Chart(amounts)
    texts = [
        base.transform_filter("datum.amount > 0").mark_text(
            align="left", dx=5, color=colors.text, fontSize=11
        ),
        base.transform_filter("datum.amount < 0").mark_text(
            align="right", dx=-5, color=colors.text, fontSize=11
        ),
    ]
    x = alt.X("amount:Q", scale=scale)
    return layered(bars, *(text.encode(x=x, y=y, text="text:N") for text in texts))
