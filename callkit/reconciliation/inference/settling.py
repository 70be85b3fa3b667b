"""By which rating each group of records is rated, where its own calls decide and where they do not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from callkit.billing import Rating
from callkit.reconciliation.inference.deciding import Decision, decide
from callkit.reconciliation.inference.evidence import Evidence
from callkit.reconciliation.inference.meaning import NOTHING_SEEN, meanings
from callkit.reconciliation.inference.weighing import Weighed

Basis = Literal["own", "source", "convention"]


@dataclass(frozen=True, slots=True)
class Pool:
    """The records of one source in one currency, weighed together."""

    number: int
    source: str | None
    convention: Rating
    weighed: Weighed | None
    decision: Decision | None

    @property
    def decided(self) -> bool:
        """Whether its records decide for a rating."""
        return self.decision is not None and self.decision.decided

    @property
    def used(self) -> Rating:
        """The rating that its records decide for, else what is the convention among those they leave."""
        if self.weighed is None or self.decision is None:
            return self.convention
        return self.weighed.candidates[self.decision.used]

    @property
    def open(self) -> list[Rating]:
        """The ratings that its records leave."""
        if self.weighed is None or self.decision is None:
            return []
        return [self.weighed.candidates[i] for i in self.decision.open]

    @property
    def fee(self) -> Decimal:
        """The connect fee of the rating used."""
        return Decimal(self.used.connect_fee)

    @property
    def rows(self) -> int:
        """How many of its calls were weighed."""
        return self.decision.rows if self.decision else 0


@dataclass(frozen=True, slots=True)
class Settled:
    """What a group of records is rated by, and why.

    Attributes
    ----------
    basis
        "own": its own calls decide. "source": they do not, but other calls of the source do, and its own do not speak
        against it. "convention": nothing decides.
    decided
        Whether its own calls decide.
    contenders
        The candidates that its own calls leave, and between which money is at stake.
    open_meaning
        Whether neither its own calls nor the source's tell what `a+b` means, though it matters.
    """

    rating: Rating
    basis: Basis
    decided: bool
    contenders: tuple[Rating, ...]
    open_meaning: bool = False


def settle(evidence: Evidence, pools: list[Pool]) -> dict[int, Settled]:
    """Settle every group, by its number."""
    by_group, by_source = meanings(evidence, "_group"), meanings(evidence, "_source")
    sources = evidence.groups["source"].rle_id().to_list()
    settled = {}
    for row, source in zip(evidence.groups.iter_rows(named=True), sources, strict=True):
        number, pool = row["_group"], pools[row["_pool"]]
        relatives = _relatives(pool, pools)
        found = _by_charges(number, pool, relatives) if row["_rows"] else _unpriced(pool, relatives)
        own, shared = by_group.get(number, NOTHING_SEEN), by_source.get(source, NOTHING_SEEN)
        settled[number] = replace(
            found,
            rating=replace(
                found.rating,
                attempt_fee=pool.convention.attempt_fee,
                increments=own.chosen if own.decided and own.disputed else shared.chosen,
            ),
            decided=found.decided and own.decided,
            open_meaning=not own.decided and not shared.decided,
        )
    return settled


def _relatives(pool: Pool, pools: list[Pool]) -> list[Pool]:
    """What the same source charges: the pool itself, then in other currencies, the most calls first."""
    others = [other for other in pools if other.source == pool.source and other is not pool and other.rows]
    return [pool, *sorted(others, key=lambda other: (-other.rows, other.number))]


def _by_charges(group: int, pool: Pool, relatives: list[Pool]) -> Settled:
    """Keep to what the group's own calls leave open, and of that to what the rest of the source does."""
    weighed = pool.weighed
    assert weighed is not None  # noqa: S101 - a group with charges is in a pool with charges
    own = decide(weighed.charges.filter(_group=group), weighed.candidates)
    left, by_source = sorted(own.open), False
    for relative in relatives:
        common = _common(left, weighed.candidates, relative.open)
        if common:
            left, by_source = common, by_source or relative.decided
    basis: Basis = "own" if own.decided else "source" if by_source else "convention"
    at_stake = (
        {left[0], *(i for i in left if own.explained[i] * 2 >= own.rows)} if not own.decided else {left[0]}
    )
    return Settled(
        weighed.candidates[left[0]],
        basis,
        decided=own.decided,
        contenders=tuple(weighed.candidates[i] for i in sorted(at_stake)),
    )


def _common(left: list[int], candidates: tuple[Rating, ...], others: list[Rating]) -> list[int]:
    """Those candidates that are among the others too; fees may differ, if they must: they are in another currency."""
    terms = {(other.per_seconds, other.rounding, other.connect_fee) for other in others}
    alike = {(unit, rounding) for unit, rounding, _ in terms}
    fully = [
        i
        for i in left
        if (candidates[i].per_seconds, candidates[i].rounding, candidates[i].connect_fee) in terms
    ]
    return fully or [i for i in left if (candidates[i].per_seconds, candidates[i].rounding) in alike]


def _unpriced(pool: Pool, relatives: list[Pool]) -> Settled:
    """Rate what shows no rate at all by what others of its pool or source are rated by."""
    known = next((relative.used for relative in relatives if relative.decided), None)
    if known is None:
        return Settled(pool.convention, "convention", decided=False, contenders=())
    rating = replace(
        pool.convention,
        per_seconds=known.per_seconds,
        rounding=known.rounding,
        connect_fee=known.connect_fee if pool.decided else 0,
    )
    return Settled(rating, "source", decided=False, contenders=())
