"""`infer_bill_period()`: which `a+b` makes these charged seconds out of these talk seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import polars as pl

from callkit import cdr
from callkit.billing import Increments, seconds_charged
from callkit.cdr import schema_of

Pair = tuple[int, int]
"""Talk seconds and charged seconds."""

FEWEST_AGAINST = 5
"""So many calls must speak against a candidate that explains nearly all: a stray error is not enough."""

_MOST_PAIRS = 3_000
_MOST_STEPS = 300
_MOST_FIRSTS = 8
_MOST_PAIRED = 12
_MOST_REFUTED = 10
_MOST_SECONDS = 10**10

_FOUND = schema_of(
    bill_period=pl.String,
    first=pl.Int64,
    step=pl.Int64,
    increments=pl.String,
    rows=pl.Int64,
    explained=pl.Float64,
    fits=pl.Boolean,
    decided=pl.Boolean,
    against=pl.Int64,
    in_favour=pl.Int64,
    example_call_duration=pl.Int64,
    example_charged_duration=pl.Int64,
    example_expected=pl.Int64,
)


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """One `a+b` in one of its meanings. Where both meanings are one, it is after_first."""

    first: int
    step: int
    total: bool

    @property
    def meaning(self) -> Increments:
        """The meaning by its name."""
        return "total" if self.total else "after_first"

    @property
    def unconventional(self) -> tuple[bool, bool, int, int]:
        """Sort key: the usual meaning first, then `b+b`, then small numbers."""
        return self.total, self.first != self.step, self.first, self.step


def infer_bill_period(cdrs: object, by: Sequence[str] = ()) -> pl.DataFrame:
    """Find every `a+b` that fits pairs of talk and charged seconds, whatever bill period the records state.

    Candidates are read off the data: `b` from the differences between charged durations and their divisors, `a` from
    the charged durations themselves. A tenth of the calls may be wrong. A candidate fits when it explains nine tenths
    of the calls, and unless the best one explains at least 5 calls that it does not, and at least four times as many
    as the other way round. Where `a` is a multiple of `b` both meanings are one, and
    "total" with `a` below `b` is `b+b`. As long as fewer than 5 calls go beyond `a`, nothing is decided.

    Parameters
    ----------
    cdrs
        A CDR frame, or any frame with call_duration, charged_duration [s] and the columns of `by`. Only answered calls
        with charged seconds count.
    by
        Columns whose every combination of values is looked at on its own, such as ("destination",).

    Returns
    -------
    pl.DataFrame
        The columns of `by` (one that has the name of a column below gets the suffix `_stated`), then bill_period
        (`a+b`), first and step [s], increments ("after_first" | "total"), rows (calls looked at), explained (share of
        them, 0 to 1), fits, decided (it fits, and no other does), against (calls that the best candidate explains and
        this one does not), in_favour (the other way round), and the most frequent call against it:
        example_call_duration, example_charged_duration, example_expected [s]. Sorted by `by`, nulls last; then what
        fits, the best first and the conventional first among equals; then at most ten that do not. A group without
        any such call has no row. Of a group with more than 3,000 distinct pairs the most frequent ones are looked at.

    Raises
    ------
    SchemaError
        If a duration is missing or not in whole seconds.
    ValueError, TypeError
        If `by` is not a sequence of names of columns.

    Examples
    --------
    >>> import polars as pl
    >>> import callkit as ck
    >>> from callkit.reconciliation.inference import infer_bill_period
    >>> calls = pl.DataFrame({"call_duration": range(1, 200), "bill_period": "30+20"})
    >>> found = infer_bill_period(calls.select("call_duration", ck.charged_duration()))
    >>> found.filter("fits").select("bill_period", "increments", "explained", "decided").rows()
    [('30+20', 'after_first', 1.0, True)]
    """
    names = _names(by)
    lazy = cdr.validate(cdrs, schema_of(call_duration=pl.Int64, charged_duration=pl.Int64))
    columns = lazy.collect_schema()
    unknown = [name for name in names if name not in columns]
    if unknown:
        raise ValueError(f"by: no column {', '.join(map(repr, unknown))}; there are {', '.join(columns)}")
    given = {f"{name}_stated" if name in _FOUND else name: name for name in names}
    talk, charged = pl.col("call_duration"), pl.col("charged_duration")
    counted = (
        lazy.filter(talk.is_between(1, _MOST_SECONDS), charged.is_between(0, _MOST_SECONDS))
        .group_by(
            *(pl.col(name).alias(key) for key, name in given.items()),
            talk.alias("_talk"),
            charged.alias("_charged"),
        )
        .agg(pl.len().cast(pl.Int64).alias("_rows"))
        .collect(engine="streaming")
        .sort(*given, "_talk", "_charged", nulls_last=True)
    )
    schema = pl.Schema({**{key: columns[name] for key, name in given.items()}, **_FOUND})
    parts = [schema.to_frame()]
    for group in counted.partition_by(*given, maintain_order=True) if given else [counted]:
        found = _fitted(group.select("_talk", "_charged", "_rows"))
        keys = {key: pl.lit(group[key][0], schema[key]) for key in given if not group.is_empty()}
        parts.append(found.with_columns(**keys).select(schema.names()))
    return pl.concat(parts)


def _names(by: object) -> list[str]:
    given = list(by) if isinstance(by, Iterable) and not isinstance(by, str) else [by]
    names = [name for name in given if isinstance(name, str)]
    if len(names) < len(given):
        raise TypeError(f"by must be names of columns, got {by!r}")
    return list(dict.fromkeys(names))


def _fitted(pairs: pl.DataFrame) -> pl.DataFrame:
    """Weigh every candidate on the pairs of one group."""
    weighed = pairs.sort("_rows", "_talk", "_charged", descending=[True, False, False]).head(_MOST_PAIRS)
    tried = sorted(set(_candidates(weighed.rows())), key=lambda candidate: candidate.unconventional)
    if not tried:
        return _FOUND.to_frame()
    fits = weighed.with_columns(
        (_expected(candidate) == pl.col("_charged")).alias(f"fits_{i}") for i, candidate in enumerate(tried)
    )
    explained = fits.select(_calls(pl.col(f"fits_{i}")) for i in range(len(tried))).row(0)
    leader = max(range(len(tried)), key=lambda i: (explained[i], -i))
    best = pl.col(f"fits_{leader}")
    against = fits.select(_calls(best & ~pl.col(f"fits_{i}")).alias(f"{i}") for i in range(len(tried))).row(0)
    rows = int(weighed["_rows"].sum())
    told = [
        (candidate, explained[i], against[i], explained[i] - explained[leader] + against[i])
        for i, candidate in enumerate(tried)
    ]
    told.sort(key=lambda one: (not _fits(rows, *one[1:]), -one[1], one[0].unconventional))
    left = sum(_fits(rows, *one[1:]) for one in told)
    beyond = int(fits.select(_calls(best & (pl.col("_talk") > tried[leader].first))).item())
    return pl.DataFrame(
        [
            _told(
                weighed,
                tried[leader],
                candidate,
                rows,
                counts,
                decided=left == 1 and beyond >= FEWEST_AGAINST,
            )
            for candidate, *counts in told[: left + _MOST_REFUTED]
        ],
        schema=_FOUND,
        orient="row",
    )


def _calls(condition: pl.Expr) -> pl.Expr:
    return pl.col("_rows").filter(condition).sum().alias(condition.meta.output_name() + "_calls")


def _expected(candidate: Candidate) -> pl.Expr:
    first, step = pl.lit(candidate.first, pl.Int64), pl.lit(candidate.step, pl.Int64)
    return seconds_charged(pl.col("_talk"), first, step, candidate.meaning)


def _fits(rows: int, explained: int, against: int, in_favour: int) -> bool:
    beaten = against >= FEWEST_AGAINST and against >= 4 * in_favour
    return explained * 10 >= rows * 9 and not beaten


def _told(
    pairs: pl.DataFrame, best: Candidate, candidate: Candidate, rows: int, counts: list[int], *, decided: bool
) -> tuple[object, ...]:
    explained, against, in_favour = counts
    fits = _fits(rows, explained, against, in_favour)
    charged, expected = pl.col("_charged"), _expected(candidate)
    contrary = (
        pairs.filter(_expected(best) == charged, expected != charged)
        .sort("_rows", "_talk", descending=[True, False])
        .select("_talk", "_charged", expected.alias("_expected"))
        .head(1)
        .rows()
    )
    return (
        f"{candidate.first}+{candidate.step}",
        candidate.first,
        candidate.step,
        candidate.meaning,
        rows,
        explained / rows,
        fits,
        fits and decided,
        against,
        in_favour,
        *(contrary[0] if contrary else (None, None, None)),
    )


def _candidates(pairs: list[tuple[int, int, int]]) -> Iterator[Candidate]:
    """Derive them from the pairs: `b` from differences of charged seconds, then `a` for each of them."""
    calls = Counter[int]()
    for _, charged, rows in pairs:
        calls[charged] += rows
    everything = calls.total()
    del calls[0]
    for step in _steps(calls, everything):
        for first in _firsts(calls, step):
            yield Candidate(first, step, total=False)
            if first % step:
                # With `a` below `b` the whole call in steps of `b` is never less than `b` anyway.
                yield (
                    Candidate(first, step, total=True) if first > step else Candidate(step, step, total=False)
                )


def _steps(calls: Counter[int], everything: int) -> list[int]:
    """Divisors of charged durations and of their distances, if four fifths of the calls keep to them.

    Calls of the most frequent charged duration are let off: it may be `a`, which need not keep to `b`.
    """
    often = _by_frequency(calls)
    # Stray values lie between the right ones, so that neighbours alone would not do.
    far = {abs(one - other) for one, other in combinations(often[:_MOST_PAIRED], 2)}
    near = Counter(high - low for low, high in pairwise(sorted(calls)))
    lengths = {*far, *_by_frequency(near)[:_MOST_PAIRED], *often[:_MOST_PAIRED]}
    steps = sorted({step for length in lengths for step in _divisors(length)})
    return [step for step in steps if _kept(calls, step) * 5 >= everything * 4][:_MOST_STEPS]


def _kept(calls: Counter[int], step: int) -> int:
    exempt = max(calls, key=lambda charged: (calls[charged], -charged), default=0)
    residues = Counter[int]()
    for charged, rows in calls.items():
        residues[charged % step] += rows if charged != exempt else 0
    return calls[exempt] + max(residues.values(), default=0)


def _firsts(calls: Counter[int], step: int) -> list[int]:
    """Charged durations that could be `a`: `b` itself, the most frequent, the least, and what lies just below those."""
    often = _by_frequency(calls)
    least = sorted(calls)
    seen = [*often[:_MOST_FIRSTS], *least[:_MOST_FIRSTS]]
    below = [charged - step for charged in seen]
    return sorted({step, *seen, *(first for first in below if first > 0)})


def _by_frequency(counts: Counter[int]) -> list[int]:
    return [value for value, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def _divisors(number: int) -> set[int]:
    small = [divisor for divisor in range(1, int(number**0.5) + 1) if number % divisor == 0]
    return {*small, *(number // divisor for divisor in small)}
