"""`callkit demo`: the whole job in a terminal, on the sandbox."""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter

import polars as pl

from callkit.cli.telling import report
from callkit.export import write_csv
from callkit.reconciliation import reconcile
from callkit.sandbox import Sandbox


def demo(*, calls: int, seed: int, out: Path) -> int:
    """Fetch a month from both vendors, reconcile it, print what was found, and write the findings."""
    if not out.parent.is_dir():
        raise ValueError(f"--out: there is no folder {out.parent} to write to: make it first")
    began = perf_counter()
    with Sandbox(calls=calls, seed=seed) as sandbox:
        start, end = sandbox.period
        print(f"The sandbox plays both vendors on {sandbox.url}: {calls:,} calls, seed {seed}.")
        print(f"Fetching {start:%Y-%m-%d} to {end:%Y-%m-%d} …", flush=True)
        progress = sys.stderr.isatty()
        itnio = sandbox.itnio_voice().fetch(start, end, progress=progress)
        nx = sandbox.nx_whatsapp().fetch(sandbox.call_ids, progress=progress)
    print(f"  ITNIO Tech  {itnio.height:>7,} call records")
    print(f"  NXCloud     {nx.height:>7,} call ids, {nx['found'].sum():,} of them with a record")
    result = reconcile(pl.concat([itnio, nx]), period=(start, end))
    print()
    print("\n".join(report(result)))
    write_csv(result.findings, out)
    print(f"\nAll {result.findings.height:,} findings: {out}")
    print(
        f"Done in {perf_counter() - began:.1f} s. Next: callkit lab  (opens the notebooks; start with 01_quickstart)"
    )
    return 0
