"""The zones that an invoice may have been cut in, each with where it puts the invoice's periods."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

_USUAL = (
    "UTC",
    "Asia/Shanghai",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "Europe/Athens",
    "Europe/Istanbul",
    "Asia/Dubai",
    "Asia/Karachi",
    "Asia/Kolkata",
    "Asia/Dhaka",
    "Asia/Jakarta",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Pacific/Auckland",
    "America/Sao_Paulo",
)
_NO_PLACES = ("Factory", "localtime", "posixrules")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@cache
def zones() -> tuple[str, ...]:
    """Name every zone that this machine knows, the ones that bills are usually cut in first."""
    known = available_timezones().difference(_NO_PLACES) | {"UTC"}
    usual = [name for name in _USUAL if name in known]
    cities = sorted(name for name in known if "/" in name and not name.startswith("Etc/"))
    return tuple(dict.fromkeys([*usual, *cities, *sorted(known)]))


def edges_by_zones(edges: Sequence[datetime]) -> dict[tuple[int, ...], list[str]]:
    """Put the zones together that place all of these moments of a wall clock at the same instants.

    Returns
    -------
    dict
        Instants in microseconds since 1970, one for each edge, against the zones' names.
    """
    same: dict[tuple[int, ...], list[str]] = {}
    for name in zones():
        zone = ZoneInfo(name)
        placed = tuple(_microseconds(edge.replace(tzinfo=zone, fold=0)) for edge in edges)
        same.setdefault(placed, []).append(name)
    return same


def offsets(zone: str, edges: Sequence[datetime]) -> str:
    """Tell how far a zone is ahead of UTC at these moments: `+08:00`, or `+02:00 to +01:00`.

    Examples
    --------
    >>> from datetime import datetime
    >>> from callkit.invoice.zones import offsets
    >>> offsets("Europe/Berlin", [datetime(2026, 10, 1), datetime(2026, 11, 1)])
    '+02:00 to +01:00'
    """
    placed = [edge.replace(tzinfo=ZoneInfo(zone)).strftime("%z") for edge in edges]
    return " to ".join(dict.fromkeys(f"{told[:3]}:{told[3:5]}" for told in placed))


def _microseconds(moment: datetime) -> int:
    since = moment.astimezone(UTC) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
