"""What an analyst has beside the records: the vendors' price lists and ITNIO's invoice, as objects and as files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl

from callkit import cdr
from callkit.sandbox.calls import ITNIO, NX
from callkit.sandbox.deck import DeckRow, deck_rows
from callkit.sandbox.invoicing import Bill, Cutoff, make_bill
from callkit.sandbox.month import Month
from callkit.sandbox.own import OwnCall, own_calls, own_clock
from callkit.sandbox.pricing import exact, text
from callkit.sandbox.sheet import write_sheet

if TYPE_CHECKING:
    from callkit.invoice import Invoice
    from callkit.rates import RateDeck
    from callkit.sandbox.settings import Settings

__all__ = ["Papers"]

_DECK = cdr.schema_of(
    prefix=pl.String,
    destination=pl.String,
    rate=cdr.MONEY,
    bill_period=pl.String,
    currency=pl.String,
    direction=pl.String,
    valid_from=cdr.INSTANT,
    valid_to=cdr.INSTANT,
)
_INVOICE = cdr.schema_of(
    invoice_number=pl.String,
    invoice_date=pl.Date,
    period_start=pl.Date,
    period_end=pl.Date,
    kind=pl.String,
    destination=pl.String,
    currency=pl.String,
    calls=pl.Int64,
    charged_seconds=pl.Int64,
    amount=cdr.MONEY,
)
_FAULTS = cdr.schema_of(
    kind=pl.String,
    destination=pl.String,
    currency=pl.String,
    calls=pl.Int64,
    charged_seconds=pl.Int64,
    amount=cdr.MONEY,
)
_OWN = cdr.schema_of(source=pl.String, call_id=pl.String, our_call_id=pl.String, check=pl.String)


def _checked(source: str) -> str:
    if source not in (ITNIO, NX):
        raise ValueError(f"source must be {ITNIO!r} or {NX!r}; got {source!r}")
    return source


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


class Papers:
    """The sandbox's price lists and invoice. They follow from its arguments alone: its clock does not change them."""

    seed: int
    settings: Settings
    _month: Month

    def rate_deck(self, source: str = ITNIO) -> RateDeck:
        """Give a vendor's price list, with versions that are over and announced ones; its zone is not UTC.

        Every call is billed by the row that was in force when it was submitted, but for the `rate` and `increments`
        faults of `truth`. Some of the wrong rates stand elsewhere in the list. Of a rate that records show with fewer
        digits than are used, the list has them all.

        Parameters
        ----------
        source
            `"itnio-voice"` or `"nx-whatsapp"`: each vendor has prices of its own for the same numbers.

        Returns
        -------
        RateDeck
            Its days begin and end in the zone `settings.deck_zone`; its rates are for what the source's are.
        """
        from callkit.rates import RateDeck  # noqa: PLC0415  # the sandbox serves without any price list

        rows = self._deck_frame(source)
        unit = self._month.tariffs[source].per_seconds
        return RateDeck.read(rows, tz=self.settings.deck_zone, per_seconds=unit)

    def write_rate_deck(self, path: str | Path, source: str = ITNIO) -> Path:
        """Write a vendor's price list as the vendor would send it: a CSV file or a workbook, by the path's ending.

        Its dates are days in the zone `settings.deck_zone`; an end date is the last day on which a price is in force.

        Returns
        -------
        Path
            Where it was written.
        """
        header = (
            "Prefix", "Destination", "Rate", "Billing increment", "Currency", "Direction", "Effective date", "End date"
        )  # fmt: skip
        rows = (
            (
                row.prefix, row.destination, text(row.rate), row.bill_period, row.currency, row.direction,
                row.valid_from, row.last_day,
            )
            for row in self._deck(source)
        )  # fmt: skip
        return write_sheet(path, "Rates", header, rows)

    def invoice(self) -> Invoice:
        """Give ITNIO's invoice for the month, by destination and currency, with a fee, taxes, and faults.

        It is cut as `cutoff` says, which the invoice itself does not. What is wrong with it stands in `invoice_faults`
        and in `truth`; all other lines are the sums of their records, rounded to cents. It was issued on 6 October
        2026, from the records as they were then.

        Returns
        -------
        Invoice
            Its period is a month of the wall clock, without a zone.
        """
        from callkit.invoice import Invoice  # noqa: PLC0415  # the sandbox serves without any invoice

        bill = self._bill
        rows = [
            (
                bill.number,
                bill.issued,
                bill.first,
                bill.last,
                line.kind,
                line.text,
                line.currency,
                line.calls,
                line.seconds,
                exact(line.amount),
            )
            for line in bill.lines
        ]
        return Invoice.read(pl.DataFrame(rows, schema=_INVOICE, orient="row"))

    def write_invoice(self, path: str | Path) -> Path:
        """Write ITNIO's invoice as an analyst gets it: a CSV file or a workbook, by the path's ending.

        Returns
        -------
        Path
            Where it was written.
        """
        header = (
            "Invoice number", "Invoice date", "Period start", "Period end", "Type", "Destination", "Currency", "Calls",
            "Billed seconds", "Amount",
        )  # fmt: skip
        bill = self._bill
        rows = (
            (
                bill.number, bill.issued, bill.first, bill.last, line.kind, line.text, line.currency, line.calls,
                line.seconds, text(line.amount, 2),
            )
            for line in bill.lines
        )  # fmt: skip
        return write_sheet(path, "Invoice", header, rows)

    def own_cdrs(self, source: str = ITNIO) -> pl.DataFrame:
        """Give what our own telephone system recorded of a vendor's calls, those around the month among them.

        Its clock is off by `own_clock`, its ids are its own, and it writes numbers in its own way. Some calls did not
        go through the vendor, some of the vendor's it does not know, and some were shorter or not answered by it:
        `own_truth` says which.

        Parameters
        ----------
        source
            `"itnio-voice"` or `"nx-whatsapp"`.

        Returns
        -------
        pl.DataFrame
            A CDR frame with the source `pbx`.
        """
        ours = [own for own in self._own(source) if own.call_id is not None]
        rows = [
            {
                "source": "pbx",
                "call_id": own.call_id,
                "found": True,
                "direction": own.direction,
                "caller": own.caller,
                "callee": own.callee,
                "submitted_at": _instant(own.submitted),
                "answered_at": None if own.answered is None else _instant(own.answered),
                "ended_at": _instant(own.ended),
                "call_duration": own.talk,
            }
            for own in ours
        ]
        return cdr.sort(pl.DataFrame(rows, schema=cdr.SCHEMA))

    @property
    def own_clock(self) -> timedelta:
        """How far our telephone system's clock is ahead of the vendors'."""
        return timedelta(seconds=own_clock(self.seed))

    def own_truth(self, source: str = ITNIO) -> pl.DataFrame:
        """Say which of the vendor's calls is which of ours, and what our record says against it.

        Returns
        -------
        pl.DataFrame
            source, call_id (the vendor's; null for a call that went another way), our_call_id (null: none of ours),
            check (`not_ours`, `longer_than_ours`, `unanswered_by_ours`, or null); sorted by call_id and our_call_id,
            nulls last.
        """
        rows = [
            (source if own.vendor_id else None, own.vendor_id, own.call_id, own.check)
            for own in self._own(source)
        ]
        frame = pl.DataFrame(rows, schema=_OWN, orient="row")
        return frame.sort("call_id", "our_call_id", nulls_last=True)

    @property
    def cutoff(self) -> Cutoff:
        """Which calls are on the invoice: zone, clock, population, and the month's start and end as instants."""
        return self._bill.cutoff

    @cached_property
    def invoice_faults(self) -> pl.DataFrame:
        """One row per line of the invoice that is wrong: what is wrong, and by how much, as invoice minus records.

        kind (`dearer`, `longer`, `line_twice`, `calls_missing`, `only_on_invoice`, `not_on_invoice`), destination,
        currency, calls, charged_seconds, amount; sorted by destination and currency. The same amounts stand in `truth`.
        """
        rows = [
            (fault.kind, fault.destination, fault.currency, fault.calls, fault.seconds, exact(fault.amount))
            for fault in self._bill.faults
        ]
        return pl.DataFrame(rows, schema=_FAULTS, orient="row")

    def _invoice_truth(self) -> Iterator[tuple[None, str, str, int]]:
        return ((None, ITNIO, "invoice", fault.amount) for fault in self._bill.faults)

    @cached_property
    def _bill(self) -> Bill:
        return make_bill(self._month, self.seed, self.settings)

    @cached_property
    def _decks(self) -> Sequence[DeckRow]:
        return deck_rows(self._month, self.seed, self.settings)

    def _own(self, source: str) -> list[OwnCall]:
        calls = self._month.calls[_checked(source)]
        return own_calls(calls, self.seed, self.settings, own_clock(self.seed))

    def _deck(self, source: str) -> list[DeckRow]:
        _checked(source)
        return [row for row in self._decks if row.source == source]

    def _deck_frame(self, source: str) -> pl.DataFrame:
        zone = ZoneInfo(self.settings.deck_zone)

        def instant(day: Any) -> datetime | None:
            return None if day is None else datetime.combine(day, time(0), zone)

        rows = [
            {
                "prefix": row.prefix,
                "destination": row.destination,
                "rate": exact(row.rate),
                "bill_period": row.bill_period,
                "currency": row.currency,
                "direction": row.direction,
                "valid_from": instant(row.valid_from),
                "valid_to": instant(row.valid_to),
            }
            for row in self._deck(source)
        ]
        return pl.DataFrame(rows, schema=_DECK)
