"""What was found, told of all the records: how much each rating explains, and what an open choice is worth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

import polars as pl

from callkit.billing import DIGITS, Rating, cost_units
from callkit.reconciliation.inference.candidates import conventionality
from callkit.reconciliation.inference.evidence import GROUP, Evidence
from callkit.reconciliation.inference.fit import BY, CANDIDATES, RatingFit
from callkit.reconciliation.inference.meaning import MEANINGS, NOTHING_SEEN, Meaning, charged_by, meanings
from callkit.reconciliation.inference.settling import Pool, Settled
from callkit.reconciliation.inference.weighing import explains
from callkit.reconciliation.wording import money_text

_MOST_TRIED = 8  # ratings that are tried on all groups


def tell(evidence: Evidence, pools: list[Pool], settled: dict[int, Settled]) -> RatingFit:
    """Make the result."""
    shortened = _shortened(pools)
    explained = _explained(evidence, settled, shortened)
    worth = _worth(evidence, settled)
    by = _by(evidence, settled, explained, worth)
    rows, right = int(by["rows"].sum()), sum(explained.values())
    answerable = by.filter(pl.col("rows") > 0)
    unsettled = [
        group for group, found in settled.items() if found.basis == "convention" or found.open_meaning
    ]
    return RatingFit(
        rating=_whole(evidence, settled, shortened),
        explained=right / rows if rows else 0.0,
        decided=rows > 0
        and not (answerable["basis"] == "convention").any()
        and not any(found.open_meaning for found in settled.values()),
        money_between=_per_currency(evidence, {group: worth[group] for group in unsettled}),
        by=by,
        candidates=_candidates(evidence, pools),
    )


def _shortened(pools: list[Pool]) -> pl.DataFrame:
    found = [pool.weighed.shortened for pool in pools if pool.weighed is not None]
    nothing = pl.DataFrame(
        schema={
            "_group": pl.UInt32,
            "_rate": pl.Int128,
            "unit": pl.String,
            "connect_fee": pl.String,
            "_half": pl.Int128,
        }
    )
    return pl.concat([nothing, *found])


def _explained(evidence: Evidence, settled: dict[int, Settled], shortened: pl.DataFrame) -> dict[int, int]:
    """How many answerable calls of every group its rating explains."""
    groups = defaultdict[Rating, list[int]](list)
    for group, found in settled.items():
        groups[found.rating].append(group)
    explained: dict[int, int] = {}
    for rating, members in groups.items():
        charges = evidence.charges.filter(pl.col("_group").is_in(members))
        fits = explains(rating, shortened, charges).filter("_fits")
        explained.update(fits.group_by("_group").agg(pl.col("_rows").sum()).rows())
    return explained


def _worth(evidence: Evidence, settled: dict[int, Settled]) -> dict[int, int]:
    """What the choice between a group's contenders is worth on its calls, in units of 10⁻¹⁰."""
    worth = dict.fromkeys(settled, 0)
    for group, found in settled.items():
        if len(found.contenders) > 1:
            charges = evidence.charges.filter(_group=group)
            totals = [_total(charges, rating, "charged_duration") for rating in found.contenders]
            worth[group] = max(totals) - min(totals)
        if found.open_meaning:
            calls = charged_by(
                evidence.calls.filter(pl.col("_group") == group, pl.col("_rate").is_not_null())
            )
            after_first, total = (_total(calls, found.rating, f"_{meaning}") for meaning in MEANINGS)
            worth[group] += abs(after_first - total)
    return worth


def _total(charges: pl.DataFrame, rating: Rating, seconds: str) -> int:
    steps = (pl.col("_first"), pl.col("_step"))
    cost = cost_units(pl.col("_rate"), pl.col(seconds), rating, steps) * pl.col("_rows")
    return int(charges.select(cost.sum()).item() or 0)


def _by(
    evidence: Evidence, settled: dict[int, Settled], explained: dict[int, int], worth: dict[int, int]
) -> pl.DataFrame:
    told = []
    for row in evidence.groups.iter_rows(named=True):
        group, rows = row["_group"], row["_rows"]
        found = settled[group]
        right = explained.get(group, 0)
        told.append(
            {
                **{key: row[key] for key in GROUP},
                **_fields(found.rating),
                "attempt_fee": found.rating.attempt_fee,
                "increments": found.rating.increments,
                "calls": row["_calls"],
                "rows": rows,
                "explained": right / rows if rows else None,
                "disagreeing": rows - right,
                "decided": found.decided,
                "basis": found.basis,
                "money_between": _money(worth[group]),
            }
        )
    return pl.DataFrame(told, schema=BY)


def _fields(rating: Rating) -> dict[str, object]:
    return {
        "per_seconds": str(rating.per_seconds),
        "decimals": rating.decimals,
        "rounding": rating.rounding,
        "connect_fee": Decimal(rating.connect_fee),
    }


def _per_currency(evidence: Evidence, worth: dict[int, int]) -> dict[str | None, Decimal]:
    sums: dict[str | None, int] = dict.fromkeys(evidence.groups["currency"].unique().sort(nulls_last=True), 0)
    for group, currency in evidence.groups.select("_group", "currency").iter_rows():
        sums[currency] += worth.get(group, 0)
    return {currency: _money(units) for currency, units in sums.items()}


def _whole(evidence: Evidence, settled: dict[int, Settled], shortened: pl.DataFrame) -> Rating:
    """The rating that explains the most calls of all groups; ties go to the most calls, then to the convention."""
    weights = defaultdict[Rating, list[int]](lambda: [0, 0])
    for group, rows, calls in evidence.groups.select("_group", "_rows", "_calls").iter_rows():
        weight = weights[settled[group].rating]
        weight[0] += rows
        weight[1] += calls
    heaviest = sorted(
        weights, key=lambda rating: ([-size for size in weights[rating]], conventionality(rating))
    )
    if len(heaviest) < 2:
        return heaviest[0] if heaviest else Rating()
    return max(
        heaviest[:_MOST_TRIED],  # `max` takes the first of equals
        key=lambda rating: _calls(explains(rating, shortened, evidence.charges).filter("_fits")),
    )


def _calls(charges: pl.DataFrame) -> int:
    return int(charges["_rows"].sum())


def _candidates(evidence: Evidence, pools: list[Pool]) -> pl.DataFrame:
    found = meanings(evidence, "_pool")
    told: list[dict[str, object]] = []
    for pool, row in zip(pools, evidence.pools.iter_rows(named=True), strict=True):
        keys = {"source": row["source"], "currency": row["currency"]}
        told += ({**keys, **candidate} for candidate in _costs(pool))
        told += ({**keys, **candidate} for candidate in _durations(evidence, pool, found))
    return pl.DataFrame(told, schema=CANDIDATES)


def _costs(pool: Pool) -> Iterator[dict[str, object]]:
    decision, weighed = pool.decision, pool.weighed
    if decision is None or weighed is None:
        return
    best = max(decision.rows, 1)
    order = sorted(
        range(len(weighed.candidates)), key=lambda i: (i != decision.used, -decision.explained[i], i)
    )
    for i in order:
        yield {
            "part": "cost",
            **_fields(weighed.candidates[i]),
            "increments": None,
            "rows": decision.rows,
            "explained": decision.explained[i] / best,
            "against": decision.against[i],
            "in_favour": decision.in_favour[i],
            "verdict": (
                "chosen"
                if i == decision.used
                else "same"
                if decision.used in decision.same and i in decision.same
                else "open"
                if i in decision.open
                else "refuted"
            ),
            "example": _example(weighed.charges, i, decision.leader),
        }


def _example(charges: pl.DataFrame, candidate: int, leader: int) -> str | None:
    """The most frequent charge that the leader explains and this one does not."""
    contrary = charges.filter(pl.col(f"fits_{leader}") & ~pl.col(f"fits_{candidate}"))
    if contrary.is_empty():
        return None
    keys = ["_rows", "_rate", "charged_duration", "_cost", "_group"]
    row = contrary.sort(keys, descending=[True, *[False] * 4]).row(0, named=True)
    said = row[f"cost_{candidate}"]
    due = f"not {money_text(_money(said))}" if said is not None else "where this one is not defined"
    return (
        f"{row['charged_duration']:,} s at {money_text(_money(row['_rate']))} cost "
        f"{money_text(_money(row['_cost']))}, {due}"
    )


def _durations(evidence: Evidence, pool: Pool, found: dict[int, Meaning]) -> Iterator[dict[str, object]]:
    meaning = found.get(pool.number, NOTHING_SEEN)
    if not meaning.rows:
        return
    for i in sorted((0, 1), key=lambda i: MEANINGS[i] != meaning.chosen):
        chosen = MEANINGS[i] == meaning.chosen
        yield {
            "part": "duration",
            "increments": MEANINGS[i],
            "rows": meaning.rows,
            "explained": meaning.explained[i] / meaning.rows,
            "against": meaning.siding[1 - i],
            "in_favour": meaning.siding[i],
            "verdict": "chosen"
            if chosen
            else "same"
            if not meaning.disputed
            else "refuted"
            if meaning.decided
            else "open",
            "example": _contrary(evidence, pool.number, i),
        }


def _contrary(evidence: Evidence, pool: int, meaning: int) -> str | None:
    """The most frequent talk time that is charged as only the other meaning has it."""
    this, other = MEANINGS[meaning], MEANINGS[1 - meaning]
    charged = pl.col("charged_duration")
    contrary = charged_by(evidence.calls.filter(_pool=pool)).filter(
        charged == pl.col(f"_{other}"), charged != pl.col(f"_{this}")
    )
    if contrary.is_empty():
        return None
    counted = contrary.group_by("_first", "_step", "call_duration", "charged_duration", f"_{this}").agg(
        pl.col("_rows").sum()
    )
    keys = ["_rows", "_first", "_step", "call_duration"]
    row = counted.sort(keys, descending=[True, False, False, False]).row(0, named=True)
    return (
        f"{row['call_duration']:,} s on {row['_first']}+{row['_step']} charged {row['charged_duration']:,} s, "
        f"not {row[f'_{this}']:,} s"
    )


def _money(units: int) -> Decimal:
    return Decimal(units).scaleb(-DIGITS)
