"""What our own telephone system recorded of the same calls: by its clock, in its words, and not always alike."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from callkit.sandbox.calls import Call, epoch
from callkit.sandbox.settings import ISSUED, Settings

__all__ = ["OwnCall", "own_calls", "own_clock"]

_SHARE = 0.008  # of the answered calls: so many are not ours, or shorter by our record, or not answered
_EXTRA = 0.03  # calls that went another way than through this vendor
_KINDS = ("not_ours", "longer_than_ours", "unanswered_by_ours")


@dataclass(frozen=True, slots=True)
class OwnCall:
    """A record of ours, and the vendor's call that it is.

    Attributes
    ----------
    call_id
        Ours: begin on our clock and a serial number. None where we have no record of the vendor's call.
    vendor_id
        None for a call that did not go through the vendor.
    check
        What our record says against the vendor's, or None.
    submitted, answered, ended
        Epoch seconds on our clock.
    """

    call_id: str | None
    vendor_id: str | None
    check: str | None
    direction: str
    caller: str
    callee: str
    submitted: int
    answered: int | None
    ended: int
    talk: int


def own_clock(seed: int) -> int:
    """How many seconds our clock is ahead of the vendors'; never none at all."""
    rng = Random(f"{seed}/own clock")
    return rng.choice((-1, 1)) * rng.randint(12, 95)


def own_calls(calls: list[Call], seed: int, settings: Settings, ahead: int) -> list[OwnCall]:
    """Record the vendor's calls once more, as our own telephone system did, sorted by vendor id, else by ours.

    A double billing was one call; so was a record that the vendor lists twice or changed later on: it
    had the length that it had first.
    """
    rng = Random(f"{seed}/own/{calls[0].source if calls else ''}")
    there = [call for call in calls if call.recorded <= epoch(ISSUED) and not call.never]
    wrong = _wrong(rng, there, faulty=settings.billing_faults > 0)
    made = [
        _recorded(rng, call, serial, ahead, wrong.get(call.call_id) or _grown(call))
        for serial, call in enumerate(there)
    ]
    others = [call for call in there if not call.fixed]
    extra = range(round(len(there) * _EXTRA) if others else 0)
    made += [_elsewhere(rng, rng.choice(others), len(there) + number, ahead) for number in extra]
    return sorted(made, key=lambda own: (own.vendor_id is None, own.vendor_id or "", own.call_id or ""))


def _wrong(rng: Random, calls: list[Call], *, faulty: bool) -> dict[str, str]:
    """Choose the calls of which our records say something else."""
    wrong = {call.call_id: "not_ours" for call in calls if "double_billed" in call.faults}
    free = [call for call in calls if call.talk >= 8 and not call.faults and not call.fixed]
    each = max(2, round(len(free) * _SHARE)) if faulty and len(free) >= 40 else 0
    chosen = iter(rng.sample(free, len(_KINDS) * each))
    wrong |= {next(chosen).call_id: kind for kind in _KINDS for _ in range(each)}
    return wrong


def _grown(call: Call) -> str | None:
    """A vendor's record that is, in one of its versions, longer than the call was."""
    visible = call.later is not None and call.later_at <= epoch(ISSUED)
    return "longer_than_ours" if call.twin is not None or visible else None


def _recorded(rng: Random, call: Call, serial: int, ahead: int, check: str | None) -> OwnCall:
    # The two sides of a call do not see its beginning in the same second, and each cuts the talk to whole ones.
    shift = ahead + (rng.choice((-1, 0, 0, 0, 0, 1)) if not call.fixed else 0)
    talk, submitted = call.talk, call.submitted + shift
    answered = None if call.answered is None else call.answered + shift
    if check == "longer_than_ours" and not (call.twin or call.later):
        talk -= rng.randint(3, min(30, talk - 1))
    elif talk > 1 and not call.fixed and rng.random() < 0.3:
        talk -= 1
    if check == "unanswered_by_ours":
        answered, talk = None, 0
    # How long the vendor held the line afterwards, the call's end on our side does not say.
    ended = call.ended + shift if answered is None else answered + talk
    own_id = None if check == "not_ours" else f"{submitted}.{serial}"
    caller, callee = _written(rng, call.caller), _written(rng, call.callee)
    return OwnCall(
        own_id, call.call_id, check, call.direction, caller, callee, submitted, answered, ended, talk
    )


def _elsewhere(rng: Random, like: Call, serial: int, ahead: int) -> OwnCall:
    """Make a call to the same part of the world that this vendor did not carry."""
    submitted = like.submitted + ahead + rng.randint(-40_000, 40_000)
    talk = rng.choice((0, rng.randint(5, 300)))
    answered = submitted + rng.randint(3, 20) if talk else None
    ended = submitted + rng.randint(5, 40) if answered is None else answered + talk
    callee = f"{like.callee[:-6]}{rng.randrange(10**6):06}"
    own_id = f"{submitted}.{serial}"
    return OwnCall(
        own_id,
        None,
        None,
        "out",
        _written(rng, like.caller),
        _written(rng, callee),
        submitted,
        answered,
        ended,
        talk,
    )


def _written(rng: Random, number: str) -> str:
    """Write a number as telephone systems do: with a plus, two zeros, or grouped."""
    return rng.choice((f"+{number}", f"00{number}", number, f"+{number[:-7]} {number[-7:-4]}-{number[-4:]}"))
