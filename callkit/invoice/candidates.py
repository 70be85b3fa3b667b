"""Ways to cut the same calls: zones that put the same calls into the same periods are one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

Edges = tuple[int, ...]
"""Where a zone puts the edges of an invoice's periods: microseconds since 1970."""


@dataclass(slots=True)
class Candidate:
    """Zones between whose edges there is no call, and the edges of the first of them."""

    edges: Edges
    zones: list[str] = field(default_factory=list)


def distinct(placed: Mapping[Edges, Sequence[str]], instants: pl.Series) -> list[Candidate]:
    """Put zones together between whose edges there is none of some calls.

    Parameters
    ----------
    placed
        Zones by the edges that they make.
    instants
        When the calls were, as Int64 microseconds, sorted.

    Examples
    --------
    >>> import polars as pl
    >>> from callkit.invoice.candidates import distinct
    >>> placed = {(0, 100): ["UTC"], (10, 110): ["A"], (20, 120): ["B"]}
    >>> [candidate.zones for candidate in distinct(placed, pl.Series([5, 50, 130]))]
    [['UTC'], ['A', 'B']]
    """
    among: dict[Edges, Candidate] = {}
    for edges, zones in placed.items():
        positions = tuple(instants.search_sorted(pl.Series(edges, dtype=pl.Int64), side="left"))
        among.setdefault(positions, Candidate(edges)).zones.extend(zones)
    return list(among.values())
