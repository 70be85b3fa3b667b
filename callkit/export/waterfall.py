"""The bridge as a waterfall: which stretch of the axis each of its rows covers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import floor, log10
from typing import Literal

import polars as pl

from callkit.export.words import STEPS

Part = Literal["total", "too much", "too little", "unverified"]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: from where to where on the axis, and the amount it stands for."""

    title: str
    part: Part
    start: Decimal
    end: Decimal
    amount: Decimal


def bars(bridge: pl.DataFrame) -> list[Bar]:
    """Make the bars of one basis and currency: billed, every step that is not zero, and expected.

    Parameters
    ----------
    bridge
        Rows of `Reconciliation.bridge` with step and amount, in their order.
    """
    amounts = dict(bridge.select("step", "amount").iter_rows())
    running = sum(amounts.values(), Decimal(0))
    told = [Bar(STEPS["billed"][0], "total", Decimal(0), running, running)]
    for step, amount in amounts.items():
        if step == "expected":
            told.append(Bar(STEPS[step][0], "total", Decimal(0), amount, amount))
        elif amount:
            part: Part = "unverified" if step == "unverified" else "too much" if amount > 0 else "too little"
            told.append(Bar(STEPS.get(step, (step, ""))[0], part, running, running - amount, amount))
            running -= amount
    return told


def axis_start(told: list[Bar]) -> float:
    """Where the axis should begin: at zero, or closer where the steps would be too small to be seen.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from callkit.export.waterfall import Bar, axis_start
    >>> axis_start([Bar("Billed", "total", Decimal(0), Decimal(130), Decimal(130)),
    ...             Bar("Expected", "total", Decimal(0), Decimal(125), Decimal(125))])
    122.0
    """
    ends = [float(bar.end) for bar in told]
    least, most = min(ends), max(ends)
    spread = most - least
    if least <= 0 or spread <= 0 or spread > most / 3:
        return 0.0
    step = 10 ** floor(log10(spread))
    start = floor((least - spread / 2) / step) * step
    return float(max(round(start, 10), 0))
