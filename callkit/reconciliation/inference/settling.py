"""By which rating each group of records is rated, where its own calls decide and where they do not."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    def decided(self) -> Rating | None:
        """The rating that its records decide for, if they do."""
        if self.weighed is None or self.decision is None or not self.decision.decided:
            return None
        return self.weighed.candidates[self.decision.used]

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
        elder = _elder(pool, pools)
        found = _by_charges(number, pool, elder) if row["_rows"] else _unpriced(pool, elder)
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


def _elder(pool: Pool, pools: list[Pool]) -> Rating | None:
    """What the most calls of the same source decide for, in whatever currency."""
    decided = [other for other in pools if other.source == pool.source and other.decided is not None]
    return max(decided, key=lambda other: (other.rows, -other.number)).decided if decided else None


def _by_charges(group: int, pool: Pool, elder: Rating | None) -> Settled:
    weighed, decision = pool.weighed, pool.decision
    assert weighed is not None  # noqa: S101 - a group with charges is in a pool with charges
    assert decision is not None  # noqa: S101 - the same
    own = decide(weighed.charges.filter(_group=group), weighed.candidates)
    ratings = weighed.candidates
    contenders = tuple(ratings[i] for i in own.contenders())
    if own.decided:
        # Equal for its own calls: then by the name that the other calls of the source have for it.
        named = decision.used if decision.used in own.same else own.used
        return Settled(ratings[named], "own", decided=True, contenders=(ratings[named],))
    if decision.decided and decision.used in own.open:
        return Settled(ratings[decision.used], "source", decided=False, contenders=contenders)
    borrowed = _like(elder, own, weighed)
    if borrowed is not None:
        return Settled(ratings[borrowed], "source", decided=False, contenders=contenders)
    return Settled(ratings[own.used], "convention", decided=False, contenders=contenders)


def _like(elder: Rating | None, own: Decision, weighed: Weighed) -> int | None:
    """The open candidate with the unit and rounding of another currency's rating: fees differ between currencies."""
    if elder is None:
        return None
    alike = [
        i
        for i in own.open
        if weighed.candidates[i].per_seconds == elder.per_seconds
        and weighed.candidates[i].rounding == elder.rounding
    ]
    return max(alike, key=lambda i: (own.explained[i], -i), default=None)


def _unpriced(pool: Pool, elder: Rating | None) -> Settled:
    """Rate what shows no rate at all by what others of its pool or source are rated by."""
    known = pool.decided or elder
    rating = pool.convention
    if known is not None:
        rating = replace(rating, per_seconds=known.per_seconds, rounding=known.rounding)
    if pool.decided is not None:
        rating = replace(rating, connect_fee=pool.decided.connect_fee)
    basis: Basis = "convention" if known is None else "source"
    return Settled(rating, basis, decided=False, contenders=())
