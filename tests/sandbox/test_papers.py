"""The papers as callkit reads them: objects and files agree, and the invoice is found to be what the truth says."""

from __future__ import annotations

import warnings
from pathlib import Path

import polars as pl
import pytest

from callkit.invoice import Invoice, find_cutoff, tie_out
from callkit.rates import RateDeck
from callkit.sandbox import Sandbox
from sandbox.papers import month

ITNIO, NX = "itnio-voice", "nx-whatsapp"


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.parametrize("source", [ITNIO, NX])
def test_the_deck_is_the_file(tmp_path: Path, source: str, ending: str) -> None:
    """`rate_deck()` is what is read from the file, row by row, if the zone and the unit are stated."""
    sandbox = month(2)
    path = sandbox.write_rate_deck(tmp_path / f"deck.{ending}", source)
    unit = sandbox.rating[source]["per_seconds"]
    read = RateDeck.read(path, tz=sandbox.settings.deck_zone, per_seconds=unit)
    deck = sandbox.rate_deck(source)
    assert read.rows.drop("place").equals(deck.rows.drop("place"))
    assert (read.tz, read.per_seconds) == (deck.tz, deck.per_seconds) == ("Asia/Shanghai", unit)
    assert deck.validate().is_empty()


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_the_invoice_is_the_file(tmp_path: Path, ending: str) -> None:
    """`invoice()` is what is read from the file, line by line, with the invoice's number and date."""
    read, invoice = Invoice.read(month(2).write_invoice(tmp_path / f"invoice.{ending}")), month(2).invoice()
    names = [name for name in invoice.lines.columns[:12] if name != "place"]
    assert read.lines.select(names).equals(invoice.lines.select(names))
    assert (read.number, read.date, read.period) == (invoice.number, invoice.date, invoice.period)
    assert invoice.number is not None
    assert str(invoice.date) == "2026-10-06"


@pytest.mark.parametrize("seed", [7, 2, 3])
def test_the_cutoff_and_the_faults_are_found(seed: int) -> None:
    """From the records alone the stated cut-off comes out best, and by it the lines differ by exactly the faults."""
    with Sandbox(calls=3_000, seed=seed) as sandbox, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the vendor's doubled ids are faults that are meant
        cdrs = sandbox.itnio_voice().fetch("2026-08-30T12:00:00Z", "2026-10-02T12:00:00Z", progress=False)
    zone, clock, population, *_ = sandbox.cutoff
    best, second, *_ = find_cutoff(cdrs, sandbox.invoice()).iter_rows(named=True)
    assert (best["tz"], best["clock"], best["population"]) == (zone, clock, population)
    assert second["rank"] == 2
    lines = tie_out(cdrs, sandbox.invoice(), tz=zone, clock=clock).lines
    differing = lines.filter(pl.col("status") != "agrees").sort("destination", "currency")
    faults = sandbox.invoice_faults
    names = {
        "calls": "calls_difference",
        "charged_seconds": "seconds_difference",
        "amount": "amount_difference",
    }
    assert differing.select("destination", "currency", **names).equals(
        faults.select("destination", "currency", *names)
    )
    assert faults["amount"].sort().equals(sandbox.truth.filter(check="invoice")["amount"].sort())
