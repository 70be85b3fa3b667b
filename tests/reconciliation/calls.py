"""Calls to reconcile: agreeing ones of both vendors to change, and random ones with everything wrong with them."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

import reference
from callkit import MONEY, RateDeck, Rating, cdr

Call = dict[str, Any]

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def itnio(**changed: Any) -> Call:
    """A voice call that agrees: 31 s on 6+6 are 36 s, at 0.1333 a minute."""
    submitted = changed.get("submitted_at") or NOON
    talk = changed.get("call_duration", 31)
    answered = submitted + seconds(9) if (talk or 0) > 0 else None
    usual = {
        "source": "itnio-voice",
        "call_id": "1534852416384921600",
        "found": True,
        "direction": "out",
        "caller": "8613800000000",
        "callee": "4915112345678",
        "destination": "Germany(Mobile)",
        "submitted_at": submitted,
        "called_at": submitted + seconds(1),
        "ringing_at": submitted + seconds(3),
        "answered_at": answered,
        "ended_at": submitted + seconds(9 + min(talk or 0, 10**7)),
        "call_duration": 31,
        "charged_duration": 36,
        "bill_period": "6+6",
        "rate": Decimal("0.1333"),
        "cost": Decimal("0.07998"),
        "currency": "USD",
        "status_code": "1000",
        "status_reason": "success",
        "extra": "{}",
    }
    return dict.fromkeys(cdr.SCHEMA) | usual | changed


def failed(**changed: Any) -> Call:
    """A voice call that nobody answered and nobody charged."""
    usual = {
        "call_duration": 0,
        "charged_duration": 0,
        "cost": Decimal(0),
        "status_code": "486",
        "status_reason": "busy",
    }
    return itnio(**(usual | changed))


def whatsapp(**changed: Any) -> Call:
    """A WhatsApp call that agrees: the vendor gives no rate, and 36 s for 31 s on 6+6."""
    usual = {
        "source": "nx-whatsapp",
        "call_id": "outgoing:wacid.HBgN",
        "destination": None,
        "submitted_at": None,
        "called_at": None,
        "ringing_at": None,
        "answered_at": NOON,
        "ended_at": NOON + seconds(31),
        "rate": None,
        "cost": Decimal("0.08"),
        "currency": "EUR",
        "status_code": None,
        "status_reason": "NORMAL_CLEARING",
        "hangup_by": "callee",
    }
    return itnio(**(usual | changed))


def deck(*rows: dict[str, Any], unit: int | None = None) -> RateDeck:
    """A rate deck for Germany: 6+6 at 0.1333 a minute, in dollars, or as a row says."""
    usual = {
        "prefix": "49",
        "destination": "Germany",
        "rate": Decimal("0.1333"),
        "bill_period": "6+6",
        "currency": "USD",
    }
    frame = pl.DataFrame([usual | row for row in rows or ({},)], schema_overrides={"rate": MONEY})
    return RateDeck.read(frame, per_seconds=unit)


def missing(**changed: Any) -> Call:
    """An id that the vendor knows no record of."""
    return (
        dict.fromkeys(cdr.SCHEMA)
        | {"source": "nx-whatsapp", "call_id": "wacid.gone", "found": False}
        | changed
    )


def settled(**changed: Any) -> Call:
    """A voice call quoted in euros and settled in dollars, as it should be."""
    usual = {
        "currency": "EUR",
        "exchange_rate": Decimal("0.938"),
        "settle_rate": Decimal("0.1421"),
        "settle_cost": Decimal("0.085267"),
    }
    return itnio(**(usual | changed))


def cdrs(*calls: Call) -> pl.DataFrame:
    """A CDR frame of calls, with whatever columns of the user's own they have."""
    names = {name: None for call in calls for name in call if name not in cdr.SCHEMA}
    known = {
        name: pl.Series([call[name] for call in calls], dtype=dtype) for name, dtype in cdr.SCHEMA.items()
    }
    return pl.DataFrame(known | {name: [call.get(name) for call in calls] for name in names})


def numbered(*calls: Call) -> pl.DataFrame:
    """The same, with an id and a callee of its own for each call, so that none doubles another."""
    return cdrs(
        *(call | {"call_id": f"id-{at:05}", "callee": f"49151{at:08}"} for at, call in enumerate(calls))
    )


RATINGS: tuple[Rating, ...] = (
    Rating(),
    Rating(per_seconds=1, decimals=4, rounding="up"),
    Rating(per_seconds=3600, decimals=5, rounding="half_even", connect_fee="0.0123456789"),
    Rating(per_seconds="block", rounding="down", attempt_fee="0.01"),
    Rating(per_seconds="block", decimals=10, increments="total", connect_fee="0.005"),
    Rating(decimals=2, increments="total", attempt_fee="0.002"),
    Rating(per_seconds=90, decimals=0, rounding="up"),
    Rating(per_seconds=7, decimals=10, rounding="half_even", increments="total"),
    Rating(decimals=3, connect_fee="1000000000", rounding="down"),
)

PERIODS = ("60+60", "6+6", "20+20", "60+1", "30+6", "10+6", " 1 + 1 ", "007+60")
UNREADABLE = (None, "", "60", "60+", "0+6", "6+0", "-6+6", "6.0+6", "٦+٦", "6+6\n", "6+6+6", "9" * 16 + "+1")


def random_calls(count: int, seed: int, rating: Rating) -> list[Call]:
    """Mixed calls of both vendors, made by a rating and then spoilt in every way, a few of them in several."""
    random_ = random.Random(seed)
    fee_sources = random_.random() < 0.3
    made: list[Call] = []
    for at in range(count):
        call = _right(random_, at, rating, fee_sources)
        for _ in range(random_.choice((0, 0, 0, 1, 1, 2, 4))):
            random_.choice(_FAULTS)(random_, call)
        made.append(call)
    for _ in range(count // 12):
        made.append(_again(random_, random_.choice(made)))
    random_.shuffle(made)
    return made


def _right(random_: random.Random, at: int, rating: Rating, fee: bool) -> Call:
    submitted = NOON + seconds(at * 37 % 2_600_000)
    talk = random_.choice((0, 0, random_.randint(1, 130), random_.randint(1, 130), random_.randint(1, 7200)))
    make: Callable[..., Call] = random_.choice((itnio, itnio, whatsapp))
    call = make(
        call_id=f"id-{at:06}",
        callee=f"49151{random_.randint(0, 50_000):08}",
        caller=random_.choice(("8613800000000", "12025550123")),
        direction=random_.choice(("out", "out", "in", None)),
        bill_period=random_.choice(PERIODS),
        call_duration=talk,
        currency=random_.choice(("USD", "EUR", "EUR", "JPY", None)),
    )
    if call["source"] == "itnio-voice":
        call["submitted_at"] = submitted
    call["answered_at"] = submitted + seconds(9) if talk else None
    call["ended_at"] = submitted + seconds(9 + talk)
    rate = Decimal(random_.randint(1, 20)) / 10 ** random_.choice((1, 2, 3, 4))
    true_rate = rate + Decimal(random_.randint(-4, 4)) / 10**5 if random_.random() < 0.3 else rate
    charged = reference.charged_duration(talk, call["bill_period"], rating)
    cost = reference.cost(charged, true_rate, rating, call["bill_period"])
    if not talk:
        cost = Decimal("0.01") if fee else Decimal(0)
    call |= {"charged_duration": charged, "cost": cost, "rate": rate}
    if call["source"] == "nx-whatsapp" and random_.random() < 0.8:
        call["rate"] = None
    if call["currency"] == "EUR" and call["source"] == "itnio-voice" and cost is not None:
        exchange = random_.choice((Decimal("0.938"), Decimal("0.921"), Decimal("1.5")))
        call |= {
            "exchange_rate": exchange,
            "settle_rate": round(rate / exchange, 4),
            "settle_cost": round(cost / exchange, 6),
        }
    return call


def _money(random_: random.Random) -> Decimal:
    units = random_.choice(
        (
            random_.randint(-10, 10) * 10**9,
            random_.randint(-(10**6), 10**6) * 10**4,
            random_.randint(-(10**6), 10**6),
            random_.randint(-1, 1),
            random_.randint(-(10**25), 10**25),
            random_.randint(-(10**27), 10**27),
        )
    )
    return Decimal(units).scaleb(-10)


def _set(name: str, *values: Any) -> Callable[[random.Random, Call], None]:
    def spoil(random_: random.Random, call: Call) -> None:
        call[name] = random_.choice(values)

    return spoil


def _set_money(name: str) -> Callable[[random.Random, Call], None]:
    def spoil(random_: random.Random, call: Call) -> None:
        call[name] = random_.choice((None, _money(random_)))

    return spoil


def _nudge(name: str, step: Decimal | int) -> Callable[[random.Random, Call], None]:
    def spoil(random_: random.Random, call: Call) -> None:
        if call[name] is not None and abs(call[name]) < 10**12:
            call[name] += random_.randint(-3, 3) * step

    return spoil


_SECONDS = (None, -1, 0, 1, 59, 60, 61, 10**10, 10**10 + 1, 10**15, 10**15 + 1, 2**63 - 1, -(2**63))
_FAULTS: tuple[Callable[[random.Random, Call], None], ...] = (
    _set("bill_period", *PERIODS, *UNREADABLE),
    _set("call_duration", *_SECONDS),
    _set("charged_duration", *_SECONDS),
    _nudge("charged_duration", 6),
    _nudge("charged_duration", 1),
    _nudge("call_duration", 6),
    _nudge("cost", Decimal("0.000001")),
    _nudge("cost", Decimal("0.0000005")),
    _nudge("cost", Decimal("0.01")),
    _nudge("rate", Decimal("0.01")),
    *(
        _set_money(name)
        for name in ("cost", "rate", "settle_cost", "settle_rate", "exchange_rate", "exchange_rate")
    ),
    _set("found", None, True),
    _set("answered_at", None),
    _set("submitted_at", None),
    _set("callee", None),
    _set("call_id", "id-000001", "id-000002"),
)


def _again(random_: random.Random, call: Call) -> Call:
    """A record that stands there twice: an exact copy, other values under the same id, or a double."""
    again = dict(call)
    if random_.random() < 0.2:
        return again
    if random_.random() < 0.7:
        again["call_id"] = f"{call['call_id']}-{random_.randint(0, 9)}"
    for name in ("answered_at", "submitted_at"):
        if again[name] is not None:
            again[name] += seconds(random_.choice((-2.000001, -2, 0, 0, 1, 2, 2.5)))
    if again["call_duration"] is not None and abs(again["call_duration"]) < 10**9:
        again["call_duration"] += random_.choice((0, 0, 1, 2, 3))
    return again
