"""`callkit reconcile`: files of call records in, what is wrong with them on the terminal and in files."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from callkit.cdr import mask_numbers
from callkit.cli.telling import report
from callkit.errors import SchemaError
from callkit.export import Cover, read_decisions, write
from callkit.files import read_cdrs
from callkit.invoice import Invoice, TieOut
from callkit.invoice.best import best_tie_out, tied_again
from callkit.rates import RateDeck
from callkit.reconciliation import Reconciliation, reconcile
from callkit.reconciliation.wording import money_text, printable

__all__ = ["reconcile_files"]

FINDINGS = Path("callkit-findings.csv")

_BY = {
    "self_consistent": "against the records themselves",
    "contract_verified": "by the contract",
}


def reconcile_files(arguments: argparse.Namespace) -> int:
    """Carry out the command: what it is given was checked by the parser, as far as that can tell."""
    files: list[Path] = arguments.files
    papers = [
        paper for paper in (arguments.deck, arguments.invoice, arguments.decisions) if paper is not None
    ]
    outs = [("--out", out) for out in arguments.out or [FINDINGS]]
    if arguments.claims is not None:
        outs.append(("--claims", arguments.claims))
    for file in [*files, *papers]:
        if not file.exists():
            raise ValueError(f"there is no file {file}")
    _writable(outs, [*files, *papers])
    decisions = None if arguments.decisions is None else read_decisions(arguments.decisions)
    cdrs, deck, invoice = _given(arguments)
    tied = None if invoice is None else best_tie_out(cdrs, invoice, arguments.clock)
    result = reconcile(
        cdrs if tied is None else tied.cdrs,
        rate_deck=deck,
        tolerance=arguments.tolerance,
        period=arguments.period and tuple(arguments.period),
        tz=arguments.tz or (tied.cut.tz if tied else "UTC"),
        severity=dict(arguments.severity),
    )
    cover = _cover(arguments, tied)
    covered = result.coverage
    copies = covered.filter(pl.col("status") == "dropped")["calls"].item()
    left_out = f", {_counted(copies, 'exact copy', 'exact copies')} left out" if copies else ""
    print(f"{_counted(cdrs.height, 'record')} in {_counted(len(files), 'file')}{left_out}.\n")
    if tied is not None:
        # Held against the judged records, so that the way goes on from what they bill to what is due.
        tied = tied_again(result, tied)
        print(f"The invoice against the records\n{_indented(repr(tied))}\n")
        print(
            f"Below: the {_counted(tied.cdrs.height, 'record')} that the invoice is about; the others lie outside.\n"
        )
    print("\n".join([*report(result), *_covered(covered), ""]))
    for _, out in outs[: len(arguments.out or [FINDINGS])]:
        _write(result, out, cover, decisions, tied, masked=arguments.mask)
    if arguments.claims is not None:
        _write_table("claims", result.claims, arguments.claims, masked=arguments.mask)
    return 0


def _writable(outs: Sequence[tuple[str, Path]], files: Sequence[Path]) -> None:
    """Looked at before anything is read: minutes of work should not end in a refusal, nor cost the records."""
    taken = {file.resolve(): str(file) for file in files}
    for option, out in outs:
        if not out.parent.is_dir():
            raise ValueError(f"{option}: there is no folder {out.parent} to write to: make it first")
        if out.resolve() in taken:
            raise ValueError(f"{option}: {out} would replace {taken[out.resolve()]}: choose another name")
        taken[out.resolve()] = f"what {option} names"


def _given(arguments: argparse.Namespace) -> tuple[pl.DataFrame, RateDeck | None, Invoice | None]:
    """Read all that is given before any of it is worked on."""
    try:
        cdrs = _read(arguments.files, arguments.tz)
        deck = arguments.deck and RateDeck.read(
            arguments.deck,
            columns=dict(arguments.deck_column),
            date_format=arguments.deck_dates,
            currency=arguments.deck_currency,
            tz=arguments.deck_tz or "UTC",
        )
        invoice = arguments.invoice and Invoice.read(
            arguments.invoice,
            columns=dict(arguments.invoice_column),
            date_format=arguments.invoice_dates,
            currency=arguments.invoice_currency,
            tz=arguments.invoice_tz,
        )
    except ImportError as error:  # a sentence already: which extra to install
        raise ValueError(str(error)) from None
    return cdrs, deck, invoice


def _read(files: Sequence[Path], tz: str | None) -> pl.DataFrame:
    frames = [read_cdrs(file, tz=tz) for file in files]
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


def _write(
    result: Reconciliation,
    out: Path,
    cover: Cover,
    decisions: pl.DataFrame | None,
    tied: TieOut | None,
    *,
    masked: bool,
) -> None:
    match out.suffix.lower():
        case ".xlsx":
            result.to_excel(out, cover=cover, decisions=decisions, tie_out=tied)
            print(f"Dispute workbook: {out}")
        case ".html":
            result.to_html(out, cover=cover, decisions=decisions, tie_out=tied)
            print(f"Report: {out}")
        case ".txt":
            out.write_text(result.claim_letter(cover=cover, decisions=decisions), encoding="utf-8")
            print(f"Claim letter: {out}")
        case _:
            _write_table("findings", result.findings, out, masked=masked)


def _cover(arguments: argparse.Namespace, tied: TieOut | None) -> Cover:
    """What the user says, else the invoice of itself, and how it is cut."""
    told = Cover(
        customer=arguments.customer,
        vendor=arguments.vendor,
        contact=arguments.contact,
        account=arguments.account,
        contract_deadline=arguments.deadline,
        vendor_copy=arguments.vendor_copy,
    )
    if tied is None:
        return told
    return replace(
        told,
        vendor=told.vendor or tied.invoice.vendor,
        account=told.account or tied.invoice.account,
        invoice=tied.invoice.number,
        invoice_date=tied.invoice.date,
        period=(tied.cut.start, tied.cut.end),
        tz=tied.cut.tz,
    )


def _write_table(what: str, frame: pl.DataFrame, path: Path, *, masked: bool) -> None:
    write(mask_numbers(frame) if masked else frame, path)
    print(f"All {frame.height:,} {what}: {path}")


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _counted(count: int, one: str, several: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"
