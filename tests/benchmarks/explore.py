"""The Explorer: from a brush or a click to pictures that are ready to be sent, and the bytes that are sent.

    python tests/benchmarks/explore.py                    # 10,000, 100,000 and 1,000,000 reconciled CDRs
    python tests/benchmarks/explore.py --rows 1000000     # these only

The browser's share, which this does not see, does not depend on the number of calls. Needs the extra `bench`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from itertools import cycle
from pathlib import Path

import polars as pl
from reconcile import make

import callkit as ck

REPEATS = 5


def timed(act: Callable[[], object]) -> float:
    """The median of several runs, in seconds."""
    took = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        act()
        took.append(time.perf_counter() - begun)
    return sorted(took)[REPEATS // 2]


def measure(cdrs: pl.DataFrame) -> None:
    """Open the Explorer on reconciled calls, and do with it what a user does."""
    begun = time.perf_counter()
    explorer = ck.widgets.Explorer(cdrs, tz="Asia/Shanghai")
    opened = time.perf_counter() - begun
    first = cdrs["submitted_at"].min().date() + timedelta(days=3)
    weeks = cycle((first + timedelta(days=at), first + timedelta(days=at + 6)) for at in range(5))
    names = cycle(explorer.table["destination"].head(5).to_list())
    dimensions = cycle(["caller", "destination", "country"])
    doing = {
        "brush a week": lambda: setattr(explorer, "stretch", next(weeks)),
        "click a bar": lambda: setattr(explorer, "only", {"destination": [next(names)]}),
        "by another dimension": lambda: setattr(explorer.by, "value", next(dimensions)),
        "the selection as a frame": lambda: explorer.selection,
    }
    print(f"\n{cdrs.height:,} calls: open {opened:.2f} s")
    for what, act in doing.items():
        took = timed(act)
        shown = (
            explorer.days.spec,
            explorer.hours.spec,
            explorer.ranking.spec,
            explorer.told.value,
            explorer.listed.value,
        )
        print(f"  {what:26} {took:5.2f} s, {len(json.dumps(shown)) / 1000:4.0f} kB")


def main() -> None:
    """Make the calls, reconcile them, and measure."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rows", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    ck.widgets.ChartView(ck.charts.daily(ck.cdr.empty()))  # the renderer is bundled once per kernel
    with tempfile.TemporaryDirectory() as folder:
        for rows in asked.parse_args().rows:
            path = Path(folder) / f"{rows}.parquet"
            make(path, rows)
            measure(ck.reconcile(pl.read_parquet(path)).cdrs)


if __name__ == "__main__":
    main()
