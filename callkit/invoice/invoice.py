"""`Invoice`: what a vendor asks for, line by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date  # noqa: N812 - the invoice has a field of that name
from datetime import datetime
from decimal import Decimal
from html import escape
from pathlib import Path

import polars as pl

from callkit.arguments import time_zone
from callkit.cdr import as_lazy
from callkit.errors import SchemaError
from callkit.files.amounts import Sign
from callkit.files.cells import Unreadable, listed
from callkit.files.columns import ColumnMap
from callkit.files.dates import Ends
from callkit.files.sheets import name_of, sheets
from callkit.invoice.itself import day_of, said_of_itself
from callkit.invoice.kinds import KINDS, checked_kinds
from callkit.invoice.lines import lines_of
from callkit.invoice.periods import told_period
from callkit.invoice.reading import Told
from callkit.invoice.schema import LINES, NAMES, TOTALS
from callkit.invoice.spans import stated_period
from callkit.invoice.totals import without_totals
from callkit.reconciliation.wording import money_text


@dataclass(frozen=True, eq=False, repr=False)
class Invoice:
    """A vendor's invoice: lines of usage, and apart from them fees, taxes and credits.

    Attributes
    ----------
    lines : pl.DataFrame
        One row per line, in the invoice's order: line (0, 1, …), place (where it stands in the file), kind (`usage` |
        `fee` | `tax` | `credit` | `other`), period_start, period_end, destination, call_id, currency, calls,
        charged_seconds [s], charged_minutes [min], amount [currency]; behind them whatever else the file has.
        Everything is as the invoice states it, null where it does not. Periods are [period_start, period_end) on the
        wall clock of a zone that only `tie_out` is told; a line of one day has a period of one day.
    totals : pl.DataFrame
        The totals that the invoice prints: place, label, currency, amount, of (which lines), lines_amount (what these
        add up to). They are no lines.
    period : (datetime, datetime) or None
        The first moment of the invoice on the wall clock, and the first after it: from the first line of usage to the
        last, and at least what was stated. None where neither tells.
    name : str
        The file's name without its folder, or "frame".
    tz : str or None
        The zone of the periods, where it was stated or the frame's datetimes have one.
    number, vendor, account : str or None
        What the invoice says of itself.
    date : date or None
        The date of the invoice.
    """

    lines: pl.DataFrame
    totals: pl.DataFrame = field(default_factory=TOTALS.to_frame)
    period: tuple[datetime, datetime] | None = None
    name: str = "frame"
    tz: str | None = None
    number: str | None = None
    date: Date | None = None
    vendor: str | None = None
    account: str | None = None

    @classmethod
    def read(
        cls,
        source: object,
        *,
        columns: ColumnMap | None = None,
        sheet: str | Sequence[str] | None = None,
        date_format: str | None = None,
        decimal: Sign | None = None,
        currency: str | Mapping[str, str] | None = None,
        kinds: Mapping[str, str] | None = None,
        period: tuple[object, object] | None = None,
        period_end: Ends | None = None,
        tz: str | None = None,
        number: str | None = None,
        date: Date | str | None = None,
        vendor: str | None = None,
        account: str | None = None,
    ) -> Invoice:
        r"""Read an invoice's lines from a file (CSV, xlsx, Parquet) or a frame.

        Every cell is read exactly, or the whole invoice is refused with a list of what cannot be read. What could be
        read in two ways that make different money is refused, with the argument that decides.

        Parameters
        ----------
        source : str, Path or frame
            A file, whose table may begin below a letterhead, or a frame with the Arrow C stream interface.
        columns : mapping, optional
            The file's names of columns against callkit's: `{"Net USD": "amount", "Old": None}`. Usual headers are
            recognised. Callkit's are period_start, period_end, or day for lines of one day; destination, call_id
            (where each line is a call), currency, calls, charged_seconds or charged_minutes, amount, kind, direction,
            source. Only amount must be there.
        sheet : str or sequence of str, optional
            The sheets of a workbook to read; all that hold lines, by default.
        date_format : str, optional
            The form of dates, such as "%d/%m/%Y". Needed where 01/09/2026 could be two dates.
        decimal : "." or ",", optional
            The decimal sign, where the file does not show it.
        currency : str or mapping, optional
            The currency of lines that name none; or what the file's own signs stand for, `{"$": "USD"}`. A header
            like "Amount (USD)" says it, too.
        kinds : mapping, optional
            What the file's own words are: `{"DID rental": "fee"}`. Known are usage, fee, tax, credit and other, and
            usual words for them. A line without a kind is usage where it states calls or a duration; else a tax, fee or
            credit where its destination says so; else usage.
        period : (start, end), optional
            The invoice's period, as dates or text: for lines that state none, and as the invoice's whole period.
        period_end : "inclusive" or "exclusive", optional
            Whether a day given as a period's end belongs to it. By default what the invoice shows: whole months, half
            months or weeks, or periods that adjoin. An end at 23:59 or 23:59:59 is the end of that day, and any other
            time the first moment outside, whatever is said here.
        tz : str, optional
            The zone whose wall clock the periods are on, where the invoice says so. `tie_out` takes it.
        number, date, vendor, account : optional
            What the invoice says of itself. Else they are taken from columns such as "Invoice number" that hold one
            value in all lines.

        Raises
        ------
        SchemaError
            If cells cannot be read, columns are not clear, or a total does not fit the lines.
        ValueError, TypeError
            If an argument is not as above.

        Notes
        -----
        Text with an offset (2026-09-01T00:00+08:00) is taken to the wall clock of UTC; datetimes of a frame stay on
        the clock of their own zone, which becomes `tz`. Minutes are kept as they are written: 12.35 min are compared
        with seconds to half a unit of the last decimal in use.

        Examples
        --------
        >>> import polars as pl
        >>> import callkit as ck
        >>> invoice = ck.Invoice.read(
        ...     pl.DataFrame(
        ...         {
        ...             "Destination": ["Germany(Mobile)", "VAT 19 %", "Total"],
        ...             "Calls": [41, None, None],
        ...             "Minutes": ["102.60", None, None],
        ...             "Amount": ["13.68", "2.60", "16.28"],
        ...         }
        ...     ),
        ...     currency="EUR",
        ...     period=("2026-09-01", "2026-09-30"),
        ... )
        >>> invoice.lines.select("kind", "calls", "charged_minutes", "amount").row(0)
        ('usage', 41, Decimal('102.6000000000'), Decimal('13.6800000000'))
        >>> invoice
        Invoice frame: 2 lines from 2026-09-01 to 2026-09-30
          EUR: 16.28 = usage 13.68 + tax 2.60
        """
        told = Told(name_of(source), date_format, decimal, currency, checked_kinds(kinds), period, period_end)
        stated = stated_period(told)
        if isinstance(currency, Mapping):
            _currency_codes(currency)
        elif currency is not None:
            _currency_codes({"currency": currency})
        if not isinstance(source, str | Path):
            if not hasattr(source, "__arrow_c_stream__") and not isinstance(source, pl.LazyFrame):
                raise TypeError(
                    f"an invoice is read from a file's path or a frame, got {type(source).__name__}"
                )
            source = as_lazy(source).collect()
        found = sheets(source, NAMES, ["amount"], columns=columns, sheet=sheet)
        parts, bad = [], []
        for each in found:
            part, unreadable = lines_of(each, told)
            parts.append(part)
            bad += unreadable
        if bad:
            raise SchemaError(
                f"{listed(told.where, sorted(bad, key=_by_place))}\n"
                f"Mend the file; take out of it what is no line, such as a note below the table."
            )
        lines, totals = without_totals(pl.concat(parts, how="diagonal"), told.where)
        if lines.is_empty() and isinstance(source, str | Path):
            raise SchemaError(
                f"{told.where}: there is no line below the header. Was the file cut off, or edited by hand?"
            )
        own = said_of_itself(lines)
        numbered = lines.with_row_index("line").cast({"line": pl.Int64})
        others = [name for name in numbered.columns if name not in LINES]
        return cls(
            lines=numbered.select(*LINES, *others),
            totals=totals,
            period=_whole(stated, numbered),
            name=told.where,
            tz=time_zone(tz) if tz is not None else _own_zone(source, found[0].of),
            number=number or own.get("number"),
            date=day_of(
                Date.fromisoformat(date) if isinstance(date, str) else date or own.get("date"),
                told.date_format,
            ),
            vendor=vendor or own.get("vendor"),
            account=account or own.get("account"),
        )

    @property
    def amounts(self) -> pl.DataFrame:
        """What is asked for: currency, kind, lines, amount; by currency, and the kinds from usage to other."""
        order = pl.col("kind").replace_strict(KINDS, range(len(KINDS)), return_dtype=pl.Int64)
        return (
            self.lines.group_by("currency", "kind")
            .agg(pl.len().cast(pl.Int64).alias("lines"), pl.col("amount").sum())
            .sort("currency", order)
        )

    def __repr__(self) -> str:
        return "\n".join([self._title(), *(f"  {line}" for line in self._sums())])

    def _repr_html_(self) -> str:
        rows = "".join(f"<div>{escape(line)}</div>" for line in self._sums())
        return f"<div><strong>{escape(self._title())}</strong>{rows}</div>"

    def _title(self) -> str:
        named = self.number or self.name
        of = f" of {self.vendor}" if self.vendor else ""
        dated = f", {self.date}" if self.date else ""
        count = f"{self.lines.height:,} line{'' if self.lines.height == 1 else 's'}"
        return f"Invoice {named}{of}{dated}: {count}{self._when()}"

    def _when(self) -> str:
        if self.period is None:
            return ""
        return f" from {' to '.join(told_period(*self.period))}" + (f" ({self.tz})" if self.tz else "")

    def _sums(self) -> list[str]:
        told = []
        for (currency,), part in self.amounts.group_by("currency", maintain_order=True):
            terms = " + ".join(
                f"{kind} {money_text(amount)}" for kind, amount in part.select("kind", "amount").rows()
            )
            told.append(f"{currency}: {money_text(Decimal(part['amount'].sum()))} = {terms}")
        off = self.totals.filter(pl.col("amount") != pl.col("lines_amount"))
        told += [
            f"{place}: the total {money_text(amount)} {currency} is rounded; {of} add up to {money_text(sum_)}"
            for place, currency, amount, of, sum_ in off.select(
                "place", "currency", "amount", "of", "lines_amount"
            ).rows()
        ]
        return told


def _by_place(cell: Unreadable) -> tuple[str, int]:
    return cell.place, cell.row


def _whole(stated: tuple[datetime, datetime] | None, lines: pl.DataFrame) -> tuple[datetime, datetime] | None:
    """The stated period and those of all usage, from the first moment to the last."""
    periods = lines.filter(pl.col("kind") == "usage").drop_nulls("period_start")
    starts = [*(stated or ())[:1], *periods["period_start"]]
    ends = [*(stated or ())[1:], *periods["period_end"]]
    return (min(starts), max(ends)) if starts else None


def _own_zone(source: object, of: Mapping[str, str]) -> str | None:
    """Say which zone a frame's datetimes are in."""
    if not isinstance(source, pl.DataFrame):
        return None
    dtypes = [source.schema[of[name]] for name in ("period_start", "period_end", "day") if name in of]
    zones = {dtype.time_zone for dtype in dtypes if isinstance(dtype, pl.Datetime) and dtype.time_zone}
    if len(zones) > 1:
        raise SchemaError(
            f"the periods are in several zones ({', '.join(sorted(zones))}): convert them to one"
        )
    return zones.pop() if zones else None


def _currency_codes(stated: Mapping[str, str]) -> None:
    for code in stated.values():
        if len(code) != 3 or not code.isascii() or not code.isupper():
            raise ValueError(
                f"currency must be a code like 'USD', or a mapping like {{'$': 'USD'}}; got {code!r}"
            )
