"""How the answer was found, and what it rests on, in words for the last pages of a pack."""

from __future__ import annotations

import polars as pl

from callkit.export.pack import Pack
from callkit.export.words import GRADES
from callkit.reconciliation.wording import money_text


def reading(pack: Pack) -> list[tuple[str, str]]:
    """What a reader of the claims has to know."""
    told = [
        ("claim", "What was billed less what is due, of a call that is net overcharged."),
        *((f"grade {grade}", f"{meaning[0].upper()}{meaning[1:]}.") for grade, meaning in GRADES.items()),
    ]
    if pack.materiality or pack.demand["set_aside"].sum():
        told.append(
            ("demanded", "Claims below materiality, held or withdrawn are listed, marked, and not demanded.")
        )
    return told


def method_of(pack: Pack) -> list[tuple[str, str]]:
    """The rules by which every charge was recomputed."""
    asked = pack.result.facts.asked
    tolerance = (
        "half a unit of the last decimal that the vendor uses"
        if asked.tolerance is None
        else f"{money_text(asked.tolerance)} in the currency of the call"
    )
    deck = asked.rate_deck
    return [
        (
            "Expected charge",
            "Talk seconds → charged seconds by the bill period → × rate / unit, rounded once, exactly.",
        ),
        ("Rating", str(pack.result.rating)),
        ("Tolerance of a cost", tolerance),
        ("Zone of explanations", asked.tz),
        (
            "Rate deck",
            "none: the records' own rates" if deck is None else f"{deck.name}, {deck.rows.height:,} rows",
        ),
        ("Amounts", "Exact decimals; a number that a spreadsheet could not hold exactly is written as text."),
    ]


def coverage_of(pack: Pack) -> pl.DataFrame:
    """The coverage, in words."""
    words = pl.col("status", "reason").str.replace_all("_", " ")
    return pack.result.coverage.with_columns(words)


def provenance_of(pack: Pack) -> list[tuple[str, str]]:
    """Digests of the records, the rules and the package."""
    origin = pack.result.provenance
    told = [
        (f"Records ({origin.rows:,} rows)", f"sha256-sum {origin.records}"),
        ("Rules", f"sha256 {origin.rules}"),
        ("Package", f"callkit {origin.version}"),
    ]
    deck = pack.result.facts.asked.rate_deck
    if deck is not None:
        told.insert(2, ("Rate deck", f"sha256 {deck.digest}"))
    return told
