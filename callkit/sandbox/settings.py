"""Every number behind the sandbox's month: estimates, not measured vendor data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["ISSUED", "NOW", "PERIOD", "Settings"]

PERIOD = (datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC))
"""The month that `calls` counts, half-open."""

NOW = datetime(2026, 10, 6, 9, 0, 0, tzinfo=UTC)
"""The vendors' clock as far as data and allowed ranges go: late enough for every late record to be there."""

ISSUED = NOW
"""When the invoice is issued: from the records as they are then, whenever the vendors' clock stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the sandbox's traffic looks like, and how strict its vendors are.

    Each field is a keyword of `Sandbox`. Shares are fractions of 1.

    Attributes
    ----------
    itnio_share
        Of all calls; the others are NXCloud's.
    destinations, zipf
        How many ITNIO destinations there are (at most 24), and the exponent of their sizes.
    rate_low, rate_high
        Per-minute rates lie between them (currency per minute).
    bill_periods
        (first seconds, step seconds, share of ITNIO calls). NXCloud bills on 6+6.
    answered, no_answer, busy, rejected, invalid, network
        What becomes of a call.
    ring_median, ring_sigma
        Ringing before an answer: lognormal, median in seconds.
    code_share, code_median, code_sigma
        Calls that read out a one-time password: share of answered calls, talk in seconds (lognormal).
    talk_median, talk_sigma, talk_cap
        All other answered calls: talk in seconds (lognormal), and the longest call.
    zero_talk
        Of the answered calls: hung up within the first second.
    edge_calls
        At least so many calls talk exactly 1, a-1, a, a+1, a+b, and a+b+1 seconds on their bill period `a+b`.
    weekend
        Traffic of a Saturday or Sunday, as a fraction of a working day's.
    bursts, burst_share, burst_minutes
        Campaigns: how many, the share of all calls in each, and how long each lasts (minutes).
    redialled, redial_low, redial_high
        Share of failed calls dialled again, and after how many seconds.
    eur_share
        Calls quoted in EUR; the others are in USD.
    exchange_before, exchange_after
        EUR per USD in the first and in the second half of the month, in 1/1000.
    boundary_calls
        At least so many calls straddle each period boundary by each clock.
    boundary_zones
        Hours east of UTC of the zones whose month boundaries are straddled.
    margin_hours
        So many hours before and after the period have ITNIO calls, too; `calls` does not count them.
    late_share, late_low, late_high
        Records that appear late, and how many hours after the call.
    restated_share, restated_low, restated_high
        Records whose values the vendor changes later on, and how many days after the call.
    nx_countries, nx_inbound
        NXCloud: how many countries, and the share of calls that come in.
    nx_lines
        NXCloud: answered calls whose amount is split over two cost lines.
    nx_late, nx_never
        NXCloud: ids that answer 10014 the first time they are asked for, and ids that do so for ever.
    attempt_fee
        NXCloud: what each unanswered call costs, in 1/1,000,000 of the currency; a decoy, not a fault.
    switchboard_share
        ITNIO calls that overlap another one between the same two numbers; a decoy.
    shortened_rates
        ITNIO destinations whose rate is shown with fewer digits than are used; a decoy. (None of them where the seed's
        tariff is per block or rounds always up or always down.)
    billing_faults
        Scales the share of every kind of billing fault; 0 gives a month without any.
    doubly_faulty, undercharges
        Of the faults: on calls that have another one, and in the customer's favour.
    clustered
        Of each kind's faults: close together in destination and dates.
    net_low, net_high
        The net overcharge, as a fraction of the billed amount (if there are calls enough).
    deck_zone
        The zone in which the price lists' days begin and end.
    invoice_zone, invoice_clock
        The zone in which ITNIO's invoice is cut into months, and the instant of a call that decides: `"submitted"`,
        `"answered"` or `"ended"`; None takes the one that belongs to the seed.
    itnio_skew, nx_skew
        By how many seconds a Timestamp or ts may be off.
    window_end
        Whether ITNIO's window includes records submitted exactly at its end: `"inclusive"` or `"exclusive"`.
    page_order
        ITNIO's order of records: `"ascending"` or `"descending"` by submitTime, then voiceId.
    """

    itnio_share: float = 0.8
    destinations: int = 24
    zipf: float = 1.1
    rate_low: float = 0.0045
    rate_high: float = 0.48
    bill_periods: tuple[tuple[int, int, float], ...] = (
        (60, 60, 0.45),
        (6, 6, 0.25),
        (20, 20, 0.15),
        (60, 1, 0.10),
        (30, 6, 0.05),
    )
    answered: float = 0.46
    no_answer: float = 0.24
    busy: float = 0.10
    rejected: float = 0.08
    invalid: float = 0.07
    network: float = 0.05
    ring_median: float = 9.0
    ring_sigma: float = 0.6
    code_share: float = 0.4
    code_median: float = 14.0
    code_sigma: float = 0.5
    talk_median: float = 48.0
    talk_sigma: float = 1.1
    talk_cap: int = 7_200
    zero_talk: float = 0.01
    edge_calls: int = 30
    weekend: float = 0.45
    bursts: int = 6
    burst_share: float = 0.04
    burst_minutes: int = 40
    redialled: float = 0.18
    redial_low: int = 20
    redial_high: int = 180
    eur_share: float = 0.2
    exchange_before: int = 938
    exchange_after: int = 921
    boundary_calls: int = 12
    boundary_zones: tuple[int, ...] = (0, 8)
    margin_hours: int = 48
    late_share: float = 0.015
    late_low: float = 2.0
    late_high: float = 72.0
    restated_share: float = 0.003
    restated_low: float = 4.0
    restated_high: float = 30.0
    nx_countries: int = 8
    nx_inbound: float = 0.35
    nx_lines: float = 0.08
    nx_late: float = 0.03
    nx_never: float = 0.005
    attempt_fee: int = 1_000
    switchboard_share: float = 0.004
    shortened_rates: int = 2
    billing_faults: float = 1.0
    doubly_faulty: float = 0.05
    undercharges: float = 0.15
    clustered: float = 0.5
    net_low: float = 0.01
    net_high: float = 0.025
    deck_zone: str = "Asia/Shanghai"
    invoice_zone: str = "Asia/Shanghai"
    invoice_clock: Literal["submitted", "answered", "ended"] | None = None
    itnio_skew: int = 300
    nx_skew: int = 60
    window_end: Literal["inclusive", "exclusive"] = "inclusive"
    page_order: Literal["ascending", "descending"] = "ascending"

    def __post_init__(self) -> None:
        """Refuse what no month can be made of."""
        bounds = {
            "destinations": (1, 24),
            "nx_countries": (1, 20),
            "bursts": (0, 20),
            "edge_calls": (0, 10_000),
        }
        shares = (
            "itnio_share", "weekend", "burst_share", "redialled", "eur_share", "late_share", "restated_share",
            "code_share", "zero_talk", "nx_inbound", "nx_lines", "nx_late", "nx_never", "switchboard_share",
            "doubly_faulty", "undercharges", "clustered",
        )  # fmt: skip
        for name, (low, high) in {**bounds, **dict.fromkeys(shares, (0, 1))}.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} must be between {low} and {high}; got {value!r}")
        if self.bursts * self.burst_share > 1:
            raise ValueError("bursts · burst_share must be at most 1")
        for name, choices in (
            ("window_end", ("inclusive", "exclusive")),
            ("page_order", ("ascending", "descending")),
            ("invoice_clock", (None, "submitted", "answered", "ended")),
        ):
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} must be one of {choices}; got {getattr(self, name)!r}")
        for name in ("deck_zone", "invoice_zone"):
            try:
                ZoneInfo(getattr(self, name))
            except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
                raise ValueError(
                    f"{name} must be the name of a time zone, such as 'Asia/Shanghai'; got {getattr(self, name)!r}"
                ) from None
