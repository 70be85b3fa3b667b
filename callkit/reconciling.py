"""`callkit reconcile`: files of call records in, what is wrong with them on the terminal and in files."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from callkit.cdr import mask_numbers
from callkit.errors import SchemaError
from callkit.export import write
from callkit.files import read_cdrs
from callkit.reconciliation import Reconciliation, reconcile
from callkit.reconciliation.wording import money_text
from callkit.terminal import printable, report

__all__ = ["reconcile_files"]

_BY = {
    "self_consistent": "against the records themselves",
    "contract_verified": "by the rating given",
}


def reconcile_files(arguments: argparse.Namespace) -> int:
    """Carry out the command: what it is given was checked by the parser, as far as that can tell."""
    files: list[Path] = arguments.files
    outputs = {"--out": arguments.out, "--claims": arguments.claims}
    _writable({option: out for option, out in outputs.items() if out is not None}, files)
    cdrs = _read(files, arguments.tz)
    result = reconcile(
        cdrs,
        tolerance=arguments.tolerance,
        period=arguments.period and tuple(arguments.period),
        tz=arguments.tz or "UTC",
        severity=dict(arguments.severity),
    )
    covered = result.coverage
    copies = covered.filter(pl.col("status") == "dropped")["calls"].item()
    left_out = f", {_counted(copies, 'exact copy', 'exact copies')} left out" if copies else ""
    print(f"{_counted(cdrs.height, 'record')} in {_counted(len(files), 'file')}{left_out}.\n")
    print("\n".join([*report(result), *_covered(covered), ""]))
    _write(result, arguments.out, arguments.claims, masked=arguments.mask)
    return 0


def _writable(outputs: dict[str, Path], files: Sequence[Path]) -> None:
    """Looked at before anything is read: minutes of work should not end in a refusal, nor cost the records."""
    taken = {file.resolve(): str(file) for file in files}
    for option, out in outputs.items():
        if not out.parent.is_dir():
            raise ValueError(f"{option}: there is no folder {out.parent} to write to: make it first")
        if out.resolve() in taken:
            raise ValueError(f"{option}: {out} would replace {taken[out.resolve()]}: choose another name")
        taken[out.resolve()] = f"what {option} names"


def _read(files: Sequence[Path], tz: str | None) -> pl.DataFrame:
    try:
        frames = [read_cdrs(file, tz=tz) for file in files]
    except ImportError as error:  # a sentence already: which extra to install
        raise ValueError(str(error)) from None
    try:
        return pl.concat(frames, how="diagonal")
    except pl.exceptions.PolarsError as error:
        raise SchemaError(
            f"the files have columns of one name that cannot be put together: {error}. Rename or drop them."
        ) from None


def _covered(table: pl.DataFrame) -> list[str]:
    """One line a currency: how much of its bill was verified, by what, and why the rest was not."""
    lines = ["", "Verified, of what was billed"]
    billed = table.filter(pl.col("amount") != 0)
    for currency in billed["currency"].unique(maintain_order=True):
        of_currency = billed.filter(pl.col("currency").eq_missing(currency))
        verified = of_currency.filter(pl.col("status") != "unverified").group_by(
            "status", maintain_order=True
        )
        told = [
            f"{money_text(amount)} {_BY[status]}"
            for status, amount in verified.agg(pl.col("amount").sum()).iter_rows()
        ]
        told += [
            f"{money_text(amount)} not ({reason})"
            for status, reason, amount in of_currency.select("status", "reason", "amount").iter_rows()
            if status == "unverified"
        ]
        lines.append(f"  {printable(currency or '(none)')}: {', '.join(told)}")
    return lines


def _write(result: Reconciliation, out: Path, claims: Path | None, *, masked: bool) -> None:
    frames = [("findings", result.findings, out)]
    if claims is not None:
        frames.append(("claims", result.claims, claims))
    for what, frame, path in frames:
        write(mask_numbers(frame) if masked else frame, path)
        print(f"All {frame.height:,} {what}: {path}")


def _counted(count: int, one: str, several: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"
