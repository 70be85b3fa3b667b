"""Which differences are large enough to be disputed, by cause, currency and month."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction

import polars as pl

from callkit.billing import DIGITS
from callkit.cdr import MONEY, schema_of

__all__ = ["Materiality"]

RATES = ("rate", "increments", "cost", "settlement")
"""Causes that are about prices: carriers dispute these whatever they are worth."""

SCHEMA = schema_of(
    currency=pl.String,
    cause=pl.String,
    month=pl.Date,
    claims=pl.Int64,
    claim=MONEY,
    limit=MONEY,
    material=pl.Boolean,
    accumulated=pl.Boolean,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Materiality:
    """From what amount on a cause is disputed. The defaults are what carriers usually agree.

    The claims of one cause in one currency and one calendar month (in the vendor's zone) are judged together. They are
    material if they reach the share of what was billed in that currency and month, or the amount for that
    currency: whichever is lower. An amount is never converted: a currency without one has only the share. What repeats
    for more than `months` consecutive months accumulates: the sum of all those months is held against the limit of the
    dearest one, and if it reaches that, all of them are material.

    Attributes
    ----------
    share : Decimal, int or str, optional
        The share of what was billed; 0.01 is 1 %. None: no share.
    amounts : mapping
        The amount by currency.
    exempt : tuple of str
        Causes without a limit: by default those about rates.
    months : int
        After how many consecutive months a cause accumulates.

    Examples
    --------
    >>> import callkit as ck
    >>> ck.Materiality(share=None, amounts={"EUR": 50, "USD": "50.00"}).amounts["USD"]
    Decimal('50.00')
    """

    share: Decimal | int | str | None = Decimal("0.01")
    amounts: Mapping[str, Decimal | int | str] = field(default_factory=lambda: {"USD": Decimal(1000)})
    exempt: tuple[str, ...] = RATES
    months: int = 3

    def __post_init__(self) -> None:
        if self.share is not None:
            share = _amount("share", self.share)
            if share > 1:
                raise ValueError(f"Materiality: share must be from 0 to 1 (0.01 is 1 %), got {self.share!r}")
            object.__setattr__(self, "share", share)
        if not isinstance(self.amounts, Mapping):
            raise TypeError(
                f"Materiality: amounts must be a mapping like {{'USD': 1000}}, got {self.amounts!r}"
            )
        amounts = {currency: _amount(f"amounts[{currency!r}]", at) for currency, at in self.amounts.items()}
        object.__setattr__(self, "amounts", amounts)
        exempt: object = self.exempt
        if not isinstance(exempt, tuple | list) or not all(isinstance(cause, str) for cause in exempt):
            raise TypeError(f"Materiality: exempt must be names of checks, got {exempt!r}")
        object.__setattr__(self, "exempt", tuple(exempt))
        months: object = self.months
        if isinstance(months, bool) or not isinstance(months, int) or months < 1:
            raise ValueError(f"Materiality: months must be a whole number from 1 on, got {months!r}")

    def __str__(self) -> str:
        """Say the rule in one sentence."""
        limits = [f"{_percent(self.share)} of the month's bill"] if self.share is not None else []
        limits += [f"{Decimal(at):,f} {currency}" for currency, at in self.amounts.items()]
        if not limits:
            return "no limit: every claim counts"
        without = f"; no limit for {', '.join(self.exempt)}" if self.exempt else ""
        return (
            f"per cause, currency and month from {' or '.join(limits)} on, whichever is lower; what repeats for more "
            f"than {self.months} months accumulates{without}"
        )

    def limit(self, currency: str | None, billed: Decimal) -> Decimal | None:
        """From what amount on a cause is material, given what was billed; None: from any amount on."""
        limits = []
        if self.share is not None:
            # By a fraction, because a caller's decimal context may keep only a few digits.
            units = Fraction(billed) * Fraction(self.share) * 10**DIGITS
            limits.append(Decimal(f"{max(round(units), 0)}e-{DIGITS}"))
        if currency is not None and currency in self.amounts:
            limits.append(Decimal(self.amounts[currency]))
        return min(limits, default=None)

    def judge(self, claims: pl.DataFrame, billed: pl.DataFrame) -> pl.DataFrame:
        """Judge the claims of every cause, currency and month.

        Parameters
        ----------
        claims
            currency, cause, month (the first day of it; null: unknown) and claim.
        billed
            currency, month and billed.

        Returns
        -------
        pl.DataFrame
            currency, cause, month, claims (how many), claim (their sum), limit (null: none), material, and accumulated
            (material only because it repeats). Sorted by its first three columns, nulls last.
        """
        bills = {(currency, month): amount for currency, month, amount in billed.iter_rows()}
        keys = ("currency", "cause", "month")
        summed = (
            claims.group_by(keys)
            .agg(pl.len().cast(pl.Int64).alias("claims"), pl.col("claim").sum())
            .sort(keys, nulls_last=True)
        )
        told = []
        for (currency, cause), months in summed.group_by("currency", "cause", maintain_order=True):
            exempt = cause in self.exempt
            limits: dict[date | None, Decimal | None] = {
                month: None
                if exempt
                else self.limit(_text(currency), bills.get((currency, month)) or Decimal(0))
                for month in months["month"]
            }
            for run in _runs(list(months.select("month", "claims", "claim").iter_rows())):
                dearest = max(limits[month] or Decimal(0) for month, _, _ in run)
                repeats = len(run) > self.months and sum(Fraction(row[2]) for row in run) >= Fraction(dearest)
                for month, count, claim in run:
                    limit = limits[month]
                    alone = limit is None or claim >= limit
                    told.append(
                        (currency, cause, month, count, claim, limit, alone or repeats, repeats and not alone)
                    )
        return pl.DataFrame(told, schema=SCHEMA, orient="row")


def _runs(months: list[tuple[date | None, int, Decimal]]) -> Iterator[list[tuple[date | None, int, Decimal]]]:
    """Cut months, in their order, where one is missing between them; an unknown one stands alone."""
    run: list[tuple[date | None, int, Decimal]] = []
    for row in months:
        if run and not _follows(run[-1][0], row[0]):
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def _follows(before: date | None, after: date | None) -> bool:
    if before is None or after is None:
        return False
    return (after.year - before.year) * 12 + after.month - before.month == 1


def _amount(name: str, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise TypeError(f"Materiality: {name} must be a Decimal, a whole number or text, got {value!r}")
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"Materiality: {name} must be a number like '0.01', got {value!r}") from None
    if not amount.is_finite() or not 0 <= amount <= 10**18:
        raise ValueError(f"Materiality: {name} must be from 0 to 10^18, got {value!r}")
    return amount


def _percent(share: Decimal | int | str) -> str:
    """`1 %`, `0.25 %`."""
    text = f"{Decimal(share).scaleb(2):f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
