"""One call as a vendor records it, and the ids and texts that belong to it."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from random import Random

from callkit.sandbox.pricing import MINUTE, UNIT, Tariff, charged_seconds, divide
from callkit.sandbox.routes import Route

__all__ = ["ITNIO", "NX", "Call", "charge", "epoch", "local_time", "nx_call_id", "voice_id"]

ITNIO = "itnio-voice"
NX = "nx-whatsapp"


@dataclass(slots=True, eq=False)
class Call:
    """One call detail record before it is written down. Instants are epoch seconds, money is in 10**-10.

    Attributes
    ----------
    route
        The deck's line that the call ought to be billed by.
    first, step
        The bill period that the record states; `bill_period` replaces its text where it is broken.
    rate
        As shown; `used_rate` is what the cost was computed with.
    exchange
        EUR per USD in 1/1000, else None (quoted in USD).
    recorded
        When the vendor shows the record for the first time.
    later, later_at
        The values that the vendor changes the record to, and when.
    twin
        A second row under the same id.
    raw
        Vendor fields that are written differently (text) or left out (None).
    lines
        NXCloud's cost lines, if they are not simply the cost, or the cost split in two (`split`).
    fixed
        Its times or lengths were chosen on purpose: no fault may change them.
    faults
        The checks it ought to fail, with the amount of each (None where there is none).
    """

    source: str
    call_id: str
    route: Route
    direction: str
    caller: str
    callee: str
    currency: str
    outcome: str
    submitted: int
    called: int
    ringing: int | None
    answered: int | None
    ended: int
    talk: int
    first: int
    step: int
    destination: str = ""
    charged: int = 0
    rate: int = 0
    used_rate: int = 0
    cost: int = 0
    exchange: int | None = None
    settle_rate: int = 0
    settle_cost: int = 0
    recorded: int = 0
    code: bool = False
    serial: int = 0
    later: Call | None = None
    later_at: int = 0
    twin: Call | None = None
    never: bool = False
    late_id: bool = False
    fixed: bool = False
    raw: dict[str, str | int | None] = field(default_factory=dict)
    split: bool = False
    lines: tuple[tuple[str, int], ...] | None = None
    faults: dict[str, int | None] = field(default_factory=dict)

    @property
    def bill_period(self) -> str:
        """The bill period's text."""
        return f"{self.first}+{self.step}"

    @property
    def answer(self) -> int:
        """When it was answered; only for calls that were."""
        if self.answered is None:
            raise ValueError(f"call {self.call_id!r} was not answered")
        return self.answered

    @property
    def cost_lines(self) -> tuple[tuple[str, int], ...]:
        """NXCloud's cost lines: currency and amount."""
        if self.lines is not None:
            return self.lines
        part = self.cost // 5 // MINUTE.grain * MINUTE.grain if self.split else 0
        return (
            ((self.currency, self.cost - part), (self.currency, part))
            if part
            else ((self.currency, self.cost),)
        )

    @property
    def owed_seconds(self) -> int:
        """What ought to be charged by the record's own bill period."""
        return charged_seconds(self.talk, self.first, self.step)


def charge(call: Call, tariff: Tariff, *, seconds: int | None = None, fee: int = 0) -> None:
    """Bill a call consistently: charged seconds, cost and settlement, by its own bill period and rate.

    Parameters
    ----------
    call
        Changed in place.
    tariff
        What the rate means.
    seconds
        Charged seconds, where they are not those that the bill period gives.
    fee
        The cost of a call that nobody answered.
    """
    call.charged = call.owed_seconds if seconds is None else seconds
    call.cost = tariff.cost(call.used_rate, call.charged, call.step) if call.charged else fee
    settle(call, tariff)


def settle(call: Call, tariff: Tariff) -> None:
    """Convert rate and cost into USD, each rounded half up: the cost like all costs, the rate to more digits."""
    if call.exchange is not None:
        per_usd = call.exchange * UNIT // 1000
        call.settle_rate = divide(call.rate * UNIT, per_usd * tariff.rate_grain) * tariff.rate_grain
        call.settle_cost = divide(call.cost * UNIT, per_usd * tariff.grain) * tariff.grain


def epoch(moment: datetime) -> int:
    """Whole seconds since 1970."""
    return int(moment.timestamp())


@lru_cache(maxsize=512)
def _day(days: int) -> tuple[str, str]:
    moment = datetime.fromtimestamp(days * 86_400, UTC)
    return moment.strftime("%Y-%m-%dT"), moment.strftime("%y%m%d")


def local_time(instant: int) -> str:
    """Write an instant as ITNIO does: whole seconds, at +08:00.

    Examples
    --------
    >>> from callkit.sandbox.calls import local_time
    >>> local_time(1645166560)
    '2022-02-18T14:42:40+08:00'
    """
    days, seconds = divmod(instant + 28_800, 86_400)
    return f"{_day(days)[0]}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}+08:00"


def voice_id(instant: int, serial: int) -> str:
    """Number a record like ITNIO: date and time at +08:00, then seven digits."""
    days, seconds = divmod(instant + 28_800, 86_400)
    clock = f"{seconds // 3600:02}{seconds // 60 % 60:02}{seconds % 60:02}"
    return f"{_day(days)[1]}{clock}{1_000_000 + serial % 9_000_000}"


def nx_call_id(rng: Random, prefix: str, business: str, customer: str) -> str:
    """Make an id like NXCloud's: base64 of both numbers and a random token, padded where its length wants it."""
    token = f"{rng.getrandbits(128):032X}"
    parts = (
        b"\x1c\x18" + bytes([len(business)]) + business.encode(),
        b"\x15\x02\x00\x12\x18\x20" + token.encode(),
        b"\x1c\x18" + bytes([len(customer)]) + customer.encode(),
        b"\x15\x02\x00\x158\x00",
    )
    return f"{prefix}:wacid.{b64encode(b''.join(parts)).decode()}"
