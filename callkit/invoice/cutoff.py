"""`find_cutoff()`: in whose zone, by which clock, and over which calls an invoice was cut."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from callkit.billing import units_of
from callkit.cdr import MONEY, schema_of
from callkit.invoice.asked import Asked, an_invoice, asked
from callkit.invoice.calls import CLOCKS, POPULATIONS, at, charged_seconds, checked_by, taken, with_keys
from callkit.invoice.calls import population as counts
from callkit.invoice.candidates import distinct
from callkit.invoice.edges import uncovered
from callkit.invoice.fitting import Fit, fits, summed, targets
from callkit.invoice.invoice import Invoice
from callkit.invoice.zones import edges_by_zones, offsets, zones

CUTOFF = schema_of(
    rank=pl.Int64,
    tz=pl.String,
    clock=pl.String,
    population=pl.String,
    tied=pl.Int64,
    measures=pl.Int64,
    behind=pl.Int64,
    lines_tied=pl.Int64,
    lines=pl.Int64,
    calls_off=pl.Int64,
    seconds_off=pl.Int64,
    amounts_off=pl.List(pl.Struct({"currency": pl.String, "amount": MONEY})),
    off=pl.Float64,
    covered=pl.Boolean,
    utc_offset=pl.String,
    zones=pl.List(pl.String),
)
"""The columns of `find_cutoff`'s answer."""

_EDGES = ("period_start", "period_end")


def find_cutoff(cdrs: object, invoice: Invoice, *, by: Sequence[str] = ("destination",)) -> pl.DataFrame:
    """Find in whose time zone, by which clock and over which calls an invoice was cut.

    Every zone that this machine knows, summer time included, is tried with every clock and population: how many of the
    invoice's statements (calls, seconds and money of each line, and of each currency in total) agree with the calls
    between the edges that it makes. Zones that put the same calls into the same periods are one candidate.

    Parameters
    ----------
    cdrs : frame or Reconciliation
        As in `tie_out`. They should reach some 36 hours beyond both ends of the invoice's period, because that is how
        far zones and clocks move its edges.
    invoice : Invoice
        See `Invoice.read`. The zone that it states plays no part.
    by : sequence of str
        As in `tie_out`.

    Returns
    -------
    pl.DataFrame
        One row per candidate: rank (equal for what ties equally well), tz, clock (`submitted` | `answered` | `ended`),
        population (`all` | `answered` | `charged`: the calls that are on the invoice); tied of measures, the
        statements that agree but for rounding, and behind, how many fewer than with the best; lines_tied of lines,
        those that agree in all that they state; calls_off, seconds_off [s] and amounts_off (by currency), the sizes
        of the differences of all lines; off, the same as shares of what is stated, averaged over currencies and
        measures; covered, whether there are calls on both sides of the period, without which some may be missing;
        utc_offset; zones, all names of the candidate. The best first: by tied, then off, then clock, population
        and tz.

    Raises
    ------
    SchemaError, ValueError, TypeError
        As in `tie_out`.

    Warns
    -----
    UserWarning
        If the records do not reach over both ends of the period by the best candidate: what to fetch. There another one
        may be the right one.

    Notes
    -----
    A decision is as good as its lead: several candidates of rank 1, or a second one with `behind` near zero, say that
    these calls and lines do not tell the candidates apart. Clocks are those of `tie_out`.

    Examples
    --------
    >>> import callkit as ck
    >>> with ck.Sandbox(calls=2_000, seed=9, billing_faults=0) as sandbox:
    ...     cdrs = sandbox.itnio_voice().fetch("2026-08-30T12:00:00Z", "2026-10-02T12:00:00Z")
    ...     invoice = sandbox.invoice()
    >>> found = ck.find_cutoff(cdrs, invoice).select("rank", "tz", "clock", "population", "behind")
    >>> for row in found.head(3).rows():
    ...     print(*row)
    1 Asia/Shanghai answered answered 0
    1 Asia/Shanghai answered charged 0
    3 Asia/Karachi submitted answered 39
    """
    found, doubt = searched(cdrs, invoice, by)
    if doubt is not None:
        warnings.warn(doubt, UserWarning, stacklevel=2)
    return found


def searched(
    cdrs: object, invoice: Invoice, by: Sequence[str] = ("destination",)
) -> tuple[pl.DataFrame, str | None]:
    """Give what `find_cutoff` does; and what makes the best candidate doubtful, which it warns of."""
    records = taken(cdrs)
    usage = asked(invoice, checked_by(by, an_invoice(invoice).lines, records), itemise=False)
    moments = sorted({moment for level in targets(usage) for name in _EDGES for moment in level[name]})
    placed = edges_by_zones([*moments, *usage.period])
    calls = _collected(records, usage)
    found: list[_Found] = []
    for clock in CLOCKS:
        timed = calls.rename({f"t_{clock}": "t"}).filter(pl.col("t").is_not_null()).sort("t")
        candidates = distinct(placed, timed["t"])
        by_edges = {candidate.edges: place for place, candidate in enumerate(candidates)}
        held = fits(timed, usage, moments, list(by_edges))
        zones_of = {candidate.edges: candidate.zones for candidate in candidates}
        for population in POPULATIONS:
            fit = summed(held, population)
            counted = timed.filter(pl.col(f"{population}_calls") > 0)["t"]
            found += [
                _Found(clock, population, one.zones, fit[by_edges[one.edges]], _sides(timed["t"], one.edges))
                for one in distinct(zones_of, counted)
                if by_edges[one.edges] in fit
            ]
    answer = _ranked(found, usage)
    return answer, uncovered(usage.period, found[0].sides)


@dataclass(slots=True)
class _Found:
    """A candidate and how it fits."""

    clock: str
    population: str
    zones: list[str]
    fit: Fit
    sides: frozenset[str]


def _collected(records: pl.LazyFrame, usage: Asked) -> pl.DataFrame:
    """Collect the instants of every call, what it counts in each population, and the keys of its lines."""
    measures = {
        "calls": pl.lit(1, pl.Int64),
        "seconds": charged_seconds(),
        "billed": units_of(pl.col("cost")).fill_null(0),
    }
    calls = records.select(
        "currency",
        *usage.by,
        *(at(clock).dt.timestamp("us").alias(f"t_{clock}") for clock in CLOCKS),
        *(
            pl.when(counts(name)).then(value).otherwise(0).alias(f"{name}_{what}")
            for name in POPULATIONS
            for what, value in measures.items()
        ),
    )
    return with_keys(calls, usage.by, usage.lumped).drop(usage.by).collect(engine="streaming")


def _sides(instants: pl.Series, edges: tuple[int, ...]) -> frozenset[str]:
    """On which sides of the whole period, whose edges come last, there are calls."""
    if instants.is_empty():
        return frozenset()
    start, end = edges[-2:]
    return frozenset(
        side for side, there in (("before", instants[0] < start), ("after", instants[-1] >= end)) if there
    )


def _ranked(found: list[_Found], usage: Asked) -> pl.DataFrame:
    order = {name: place for place, name in enumerate((*CLOCKS, *POPULATIONS, *zones()))}
    for one in found:
        one.zones.sort(key=order.__getitem__)
    found.sort(
        key=lambda one: (one.fit.quality, order[one.clock], order[one.population], order[one.zones[0]])
    )
    ranks: dict[object, int] = {}
    rows = [
        (
            ranks.setdefault(one.fit.quality, place),
            one.zones[0],
            one.clock,
            one.population,
            one.fit.tied,
            one.fit.measures,
            found[0].fit.tied - one.fit.tied,
            one.fit.lines_tied,
            one.fit.lines,
            one.fit.calls_off,
            one.fit.seconds_off,
            one.fit.amounts_off,
            float(one.fit.off),
            len(one.sides) == 2,
            offsets(one.zones[0], usage.period),
            one.zones,
        )
        for place, one in enumerate(found, 1)
    ]
    return pl.DataFrame(rows, schema=CUTOFF, orient="row")
