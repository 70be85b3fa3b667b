"""The period section: from day to day in a zone, and what the vendor still shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import ipywidgets as widgets

from callkit.archive.coverage import two_months_before
from callkit.arguments import time_zone
from callkit.widgets.workbench.pieces import Section, labelled, quiet, row, shown

_WHOLE = timedelta(days=1)
_FIRST = (
    "UTC", "Asia/Shanghai", "Asia/Singapore", "Asia/Kolkata", "Asia/Dubai", "Europe/Berlin", "Europe/London",
    "America/New_York", "America/Los_Angeles",
)  # fmt: skip


class PeriodSection(Section):
    """From the first to the last day, on the clock of a zone.

    Attributes
    ----------
    first, last : ipywidgets.DatePicker
        Both belong to the period.
    zone : ipywidgets.Combobox
        The name of the zone in which the days begin; tables and charts tell time in it, too.
    month : ipywidgets.Dropdown
        A whole month at once: its first day, or None.
    around : ipywidgets.Checkbox
        Whether a day before and after is fetched as well, because an invoice may count its days in another zone.
    """

    def __init__(self, tz: str, now: Callable[[], datetime]) -> None:
        self._now = now
        self._said: str | None = None
        zones = [
            *_FIRST,
            *sorted(name for name in available_timezones() if "/" in name and name not in _FIRST),
        ]
        self.first = labelled(widgets.DatePicker, "First day")
        self.last = labelled(widgets.DatePicker, "Last day")
        self.zone = labelled(
            widgets.Combobox, "Zone", "19em", options=zones, value=time_zone(tz), placeholder="Europe/Berlin"
        )
        self.month = labelled(widgets.Dropdown, "Month", options=[("of your choice", None)])
        self.around = widgets.Checkbox(
            value=True,
            description="with a day before and after",
            tooltip="An invoice may count its days in another zone; what is outside of them is left out afterwards",
            indent=False,
            layout=widgets.Layout(width="auto"),
        )
        self.told = widgets.HTML()
        super().__init__(
            2,
            "Period",
            "the days of the invoice",
            [row(self.month, self.first, self.last, self.zone, self.around), self.told],
        )
        self.month.observe(self._month_chosen, "value")
        for field in (self.first, self.last, self.zone):
            field.observe(self._tell, "value")
        self.begin_anew()

    @property
    def tz(self) -> str:
        """The zone's name; an error in words where there is none of that name."""
        return time_zone(self.zone.value)

    @property
    def start(self) -> datetime:
        """The first moment of the first day, in UTC."""
        return self._midnight("first", self.first.value)

    @property
    def end(self) -> datetime:
        """The first moment after the last day, in UTC."""
        if self.first.value and self.last.value and self.last.value < self.first.value:
            raise ValueError(
                f"Period: the last day, {self.last.value}, is before the first, {self.first.value}: change one"
            )
        return self._midnight("last", self.last.value, later=1)

    @property
    def fetched(self) -> tuple[datetime, datetime]:
        """What is to be fetched: the period, with a day around it where that is wanted and the vendor shows it."""
        start, end = self.start, self.end
        if not self.around.value:
            return start, end
        earlier = start - _WHOLE
        limit = two_months_before(self._now())
        if self._said is None and earlier < limit <= start:
            earlier = limit
        return earlier, max(end, min(end + _WHOLE, self._now()))

    def between(self, first: date, last: date) -> None:
        """Set both days."""
        self.first.value, self.last.value = first, last

    def begin_anew(
        self,
        months: tuple[datetime, datetime] | None = None,
        said: str | None = None,
        *,
        asked: bool = True,
    ) -> None:
        """Offer the months that the vendor may still show, or one stated one, and choose the newest whole one.

        `said` stands in the place of the vendor's two months, where they do not matter; `asked` says whether a
        period can be asked for at all: else only the zone matters.
        """
        self._said = said
        shown(self.around, yes=asked)
        for field in (self.month, self.first, self.last):
            shown(field, yes=asked)
        if months is not None:
            known = [months[0].date()]
        else:
            today = self._now().date().replace(day=1)
            known = [(today - _WHOLE).replace(day=1), today]
            known.append((known[0] - _WHOLE).replace(day=1))
        self.month.options = [
            *((f"{day:%B %Y}", day) for day in sorted(known)),
            ("of your choice", None),
        ]
        self.month.value = known[0]
        self._month_chosen()

    def _month_chosen(self, _change: object = None) -> None:
        chosen = self.month.value
        if chosen is not None:
            following = (chosen + timedelta(days=32)).replace(day=1)
            self.between(chosen, following - _WHOLE)
        self._tell()

    def _tell(self, _change: object = None) -> None:
        whole = self.first.value and self.first.value.day == 1
        if self.month.value is not None and (not whole or self.first.value != self.month.value):
            self.month.value = None
        if self._said is not None:
            self.told.value = quiet(self._said)
            return
        limit = two_months_before(self._now())
        said = f"ITNIO shows the last two calendar months: calls from {limit:%-d %B %Y, %H:%M} UTC on."
        early = False
        try:
            early = self.start < limit
        except ValueError as error:
            said = str(error)
        kind = "ckw-note" if early else "ckw-quiet"
        if early:
            said += " The period begins earlier: ITNIO will refuse it. What an archive kept is still there."
        self.told.value = quiet(said).replace("ckw-quiet", kind)

    def _midnight(self, which: str, day: Any, later: int = 0) -> datetime:
        if day is None:
            raise ValueError(f"Period: the {which} day is missing: choose one")
        return datetime.combine(day + later * _WHOLE, time(0), ZoneInfo(self.tz)).astimezone(UTC)
