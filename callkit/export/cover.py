"""What only the user knows about a dispute: who, which invoice, until when."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime

from callkit.arguments import instant, period, time_zone

__all__ = ["Cover"]

_TEXTS = ("customer", "vendor", "contact", "account", "invoice", "product")
_MOST_MONTHS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """What stands on the cover of a dispute pack. All of it may be left out.

    Attributes
    ----------
    customer, vendor : str, optional
        The two parties.
    contact : str, optional
        Who answers questions about the claims.
    account : str, optional
        The customer's account with the vendor.
    invoice : str, optional
        The number of the disputed invoice.
    invoice_date : date or ISO 8601 text, optional
        Its date.
    product : str, optional
        What was bought, such as "Voice termination".
    period : (start, end), optional
        What the invoice is for: aware datetimes, or ISO 8601 text with an offset; the end is not part of it. By default
        the period that `reconcile` was asked about, else the invoice's, else from the first call to the last.
    tz : str, optional
        The zone of the vendor's clock, in which instants are told beside UTC. By default that of `reconcile`.
    contract_deadline : date or ISO 8601 text, optional
        The last day on which the contract allows the invoice to be disputed.
    record_months : int
        For how many calendar months the vendor shows a call's record. Afterwards it cannot be shown any more that the
        record said so. ITNIO shows two; NXCloud does not say.
    fetched_at : datetime or ISO 8601 text, optional
        When the records were fetched. A column `fetched_at` of the records goes before it.
    vendor_copy : bool
        Whether the pack goes to the vendor: then numbers are shown in full, and decisions and notes are left out.

    Examples
    --------
    >>> import callkit as ck
    >>> ck.Cover(customer="Example Ltd", invoice="INV-2026-09", invoice_date="2026-10-02").invoice_date
    datetime.date(2026, 10, 2)
    """

    customer: str | None = None
    vendor: str | None = None
    contact: str | None = None
    account: str | None = None
    invoice: str | None = None
    invoice_date: date | str | None = None
    product: str | None = None
    period: tuple[datetime | str, datetime | str] | None = None
    tz: str | None = None
    contract_deadline: date | str | None = None
    record_months: int = 2
    fetched_at: datetime | str | None = None
    vendor_copy: bool = False

    def __post_init__(self) -> None:
        for name in _TEXTS:
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise TypeError(f"Cover: {name} must be text, got {value!r}")
        for name in ("invoice_date", "contract_deadline"):
            self._set(name, _day(name, getattr(self, name)))
        if self.fetched_at is not None:
            self._set("fetched_at", instant(self.fetched_at, "Cover: fetched_at"))
        if self.period is not None:
            self._set("period", period(self.period, "Cover: period"))
        if self.tz is not None:
            time_zone(self.tz)
        months: object = self.record_months
        if isinstance(months, bool) or not isinstance(months, int):
            raise TypeError(f"Cover: record_months must be a whole number, got {months!r}")
        if not 1 <= months <= _MOST_MONTHS:
            raise ValueError(f"Cover: record_months must be from 1 to {_MOST_MONTHS}, got {months}")
        copy: object = self.vendor_copy
        if not isinstance(copy, bool):
            raise TypeError(f"Cover: vendor_copy must be True or False, got {copy!r}")

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        stated = {field.name: field.default for field in fields(self)}
        said = ", ".join(f"{name}={value!r}" for name, value in told.items() if value != stated[name])
        return f"Cover({said})"


def _day(name: str, value: object) -> date | None:
    if value is None:
        return None
    if isinstance(value, datetime) or not isinstance(value, date | str):
        raise TypeError(f"Cover: {name} must be a date or text such as '2026-10-31', got {value!r}")
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"Cover: {name} must be a date such as '2026-10-31', got {value!r}") from None
