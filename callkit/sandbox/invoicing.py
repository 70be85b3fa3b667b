"""ITNIO's invoice for the month: one line per destination and currency, a fee, taxes, and what is wrong with them.

An invoice is cut in the vendor's zone, by a clock that it does not name, and rounded line by line. That is no fault,
but has to be known before its lines can be held against the records. The faults come on top: a line dearer than
its calls, seconds that nobody talked, a line twice, a destination without a call, calls and a line that are missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from random import Random
from typing import TYPE_CHECKING, Literal, NamedTuple
from zoneinfo import ZoneInfo

from callkit.sandbox.calls import ITNIO, Call, epoch
from callkit.sandbox.pricing import UNIT, divide
from callkit.sandbox.settings import ISSUED, PERIOD, Settings

if TYPE_CHECKING:
    from callkit.sandbox.month import Month

__all__ = ["Bill", "Cutoff", "InvoiceFault", "InvoiceLine", "make_bill"]

CENT = UNIT // 100
_CLOCKS: tuple[Literal["submitted", "answered", "ended"], ...] = ("answered", "ended", "submitted")
_FIELDS = {"submitted": "submitTime", "answered": "answerTime", "ended": "hangupTime"}
_FEE = 49 * UNIT
_TAX = 6  # per cent
# Nobody calls there: the routes have no such numbers.
_NOBODYS = ("Nepal(Ncell)", "Sri Lanka(Dialog)", "Ghana(MTN)", "Chile(Santiago)", "Portugal(MEO)")


class Cutoff(NamedTuple):
    """Which calls are on an invoice.

    Attributes
    ----------
    zone
        Where its month begins and ends at midnight.
    clock
        The instant of a call that lies in the month: `submitted`, `answered` or `ended`; where a record does not have
        it, when it was submitted.
    population
        The calls that are counted: `charged`, those with charged seconds or a cost.
    start, end
        The month as instants, half-open.
    """

    zone: str
    clock: Literal["submitted", "answered", "ended"]
    population: Literal["charged"]
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """A line of the invoice. Money is in 10**-10, and always whole cents.

    Attributes
    ----------
    kind
        `usage`, `fee` or `tax`.
    text
        What the line says: the destination, as the records have it, or what the fee is for.
    calls, seconds
        Of usage: how many calls, and their charged seconds.
    """

    kind: Literal["usage", "fee", "tax"]
    text: str
    currency: str
    calls: int | None
    seconds: int | None
    amount: int


@dataclass(frozen=True, slots=True)
class InvoiceFault:
    """What is wrong with a line: invoice minus records, each.

    Attributes
    ----------
    kind
        `dearer`, `longer`, `line_twice`, `only_on_invoice`, `calls_missing` or `not_on_invoice`.
    """

    kind: str
    destination: str
    currency: str
    calls: int
    seconds: int
    amount: int


@dataclass(frozen=True, slots=True)
class Bill:
    """The whole invoice.

    Attributes
    ----------
    number, issued
        Its number and day.
    first, last
        The first and the last day of its month.
    lines
        Usage by destination and currency, then fees, then taxes.
    faults
        By destination and currency.
    """

    number: str
    issued: date
    first: date
    last: date
    cutoff: Cutoff
    lines: list[InvoiceLine]
    faults: list[InvoiceFault]


@dataclass(slots=True)
class _Records:
    """The records of one destination and currency that belong to the month."""

    destination: str
    currency: str
    records: list[Call]

    @property
    def cost(self) -> int:
        return sum(call.cost for call in self.records)

    def line(self, records: list[Call] | None = None) -> InvoiceLine:
        """Sum records up, rounded to cents."""
        summed = self.records if records is None else records
        cost = sum(call.cost for call in summed)
        return InvoiceLine(
            "usage", self.destination, self.currency, len(summed), sum(call.charged for call in summed),
            divide(cost, CENT) * CENT,
        )  # fmt: skip

    def fault(self, kind: str, lines: Iterable[InvoiceLine]) -> InvoiceFault:
        """Say by how much the lines that are on the invoice differ from the records."""
        there = list(lines)
        return InvoiceFault(
            kind, self.destination, self.currency,
            sum(line.calls or 0 for line in there) - len(self.records),
            sum(line.seconds or 0 for line in there) - sum(call.charged for call in self.records),
            sum(line.amount for line in there) - self.cost,
        )  # fmt: skip


def make_bill(month: Month, seed: int, settings: Settings) -> Bill:
    """Draw up the invoice from ITNIO's records as they are when it is issued: equal arguments, equal lines."""
    cutoff = _cutoff(seed, settings)
    groups = _groups(month.calls[ITNIO], cutoff)
    usage, faults = _usage(groups, Random(f"{seed}/invoice"), faulty=settings.billing_faults > 0)
    fees = [InvoiceLine("fee", "Monthly platform fee", "USD", None, None, _FEE)] if usage else []
    currencies = sorted({line.currency for line in [*usage, *fees]})
    taxes = [
        InvoiceLine("tax", f"Service tax {_TAX} %", currency, None, None, _taxed([*usage, *fees], currency))
        for currency in currencies
    ]
    zone = ZoneInfo(cutoff.zone)
    first, after = cutoff.start.astimezone(zone).date(), cutoff.end.astimezone(zone).date()
    last = date.fromordinal(after.toordinal() - 1)
    number = f"INV-{first:%Y%m}-{Random(f'{seed}/number').randrange(10**6):06}"
    return Bill(number, ISSUED.astimezone(zone).date(), first, last, cutoff, [*usage, *fees, *taxes], faults)


def _taxed(lines: list[InvoiceLine], currency: str) -> int:
    base = sum(line.amount for line in lines if line.currency == currency)
    return divide(base * _TAX, 100 * CENT) * CENT


def _cutoff(seed: int, settings: Settings) -> Cutoff:
    zone = ZoneInfo(settings.invoice_zone)
    clock = settings.invoice_clock or _CLOCKS[seed % len(_CLOCKS)]
    start, end = (moment.replace(tzinfo=zone).astimezone(UTC) for moment in PERIOD)
    return Cutoff(settings.invoice_zone, clock, "charged", start, end)


def _groups(calls: list[Call], cutoff: Cutoff) -> list[_Records]:
    start, end = epoch(cutoff.start), epoch(cutoff.end)
    groups: dict[tuple[str, str], list[Call]] = {}
    for call in calls:
        for record in _issued(call):
            instant = None if _FIELDS[cutoff.clock] in record.raw else getattr(record, cutoff.clock)
            counted = record.submitted if instant is None else instant
            if start <= counted < end and (record.charged or record.cost):
                groups.setdefault((record.destination, record.currency), []).append(record)
    return [_Records(*key, groups[key]) for key in sorted(groups)]


def _issued(call: Call) -> Iterator[Call]:
    """The rows of a call when the invoice is issued."""
    issued = epoch(ISSUED)
    if call.recorded <= issued:
        yield call.later if call.later is not None and call.later_at <= issued else call
        if call.twin is not None:
            yield call.twin


_FEWEST = 10  # calls of a line that is spoilt
_LEAST = 50 * CENT  # what such a line costs
_SEEN = 5 * CENT  # by so much at least it is wrong: more than rounding can explain
_LINES = 4  # so many lines that could be spoilt, for each one that is


def _usage(
    groups: list[_Records], rng: Random, *, faulty: bool
) -> tuple[list[InvoiceLine], list[InvoiceFault]]:
    """Sum up every group; some of the sums are wrong."""
    lines = {(group.destination, group.currency): [group.line()] for group in groups}
    faults = []
    eligible = [group for group in groups if len(group.records) >= _FEWEST and group.cost >= _LEAST]
    # Small lines: the invoice is wrong here and there, not as a whole.
    eligible.sort(key=lambda group: (group.cost, group.destination, group.currency))
    chosen = eligible[: max(_LINES, len(eligible) * 2 // 3)]
    rng.shuffle(chosen)
    kinds = ("dearer", "calls_missing", "only_on_invoice", "longer", "not_on_invoice", "line_twice")
    spoilt = zip(kinds[: len(eligible) // _LINES], chosen, strict=False) if faulty else ()
    for kind, group in spoilt:
        if kind == "only_on_invoice":
            at = _Records(rng.choice(_NOBODYS), group.currency, [])
            wrong = [_phantom(at.destination, group, rng)]
        else:
            at, wrong = group, _spoilt(kind, group, rng)
        lines[at.destination, at.currency] = wrong
        faults.append(at.fault(kind, wrong))
    faults.sort(key=lambda fault: (fault.destination, fault.currency))
    return [line for key in sorted(lines) for line in lines[key]], faults


def _phantom(destination: str, like: _Records, rng: Random) -> InvoiceLine:
    """Make up a line for a destination without a call."""
    some = rng.sample(like.records, len(like.records) // 3)
    line = like.line(some)
    return replace(line, text=destination, amount=max(line.amount, _SEEN))


def _spoilt(kind: str, group: _Records, rng: Random) -> list[InvoiceLine]:
    right = group.line()
    match kind:
        case "dearer":
            more = max(_SEEN, divide(right.amount * rng.randint(15, 60), 1000 * CENT) * CENT)
            return [replace(right, amount=right.amount + more)]
        case "longer":
            seconds = right.seconds or 0
            longer = seconds + max(60, seconds * rng.randint(20, 50) // 1000)
            amount = divide(right.amount * longer, seconds * CENT) * CENT
            return [replace(right, seconds=longer, amount=max(amount, right.amount + _SEEN))]
        case "line_twice":
            return [right, right]
        case "calls_missing":
            kept = rng.sample(group.records, len(group.records))
            while (
                len(kept) > len(group.records) * 11 // 12
                or group.cost - sum(call.cost for call in kept) < _SEEN
            ):
                kept.pop()
            return [group.line(kept)]
        case _:  # not_on_invoice
            return []
