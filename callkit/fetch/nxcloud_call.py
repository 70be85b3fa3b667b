"""NXCloud's answer about one call: what is in it, and the frame of many of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import polars as pl

from callkit import cdr
from callkit.fetch.costs import with_costs
from callkit.fetch.exact import Json, UnreadableAnswer, read_json, to_json, whole
from callkit.fetch.kinds import EPOCH, MONEY, NUMBER, SECONDS, TEXT, Kind, choice
from callkit.fetch.records import to_frame
from callkit.fetch.tables import Record, Table

__all__ = ["NO_CDR", "Call", "pushed", "read_answer", "replayed", "settled_call", "to_rows"]

NO_CDR = 10014
"""The code that says that there is no CDR for an id."""

_FIELDS: Mapping[str, tuple[str, Kind]] = {
    "call_id": ("call_id", TEXT),
    "from": ("caller", NUMBER),
    "to": ("callee", NUMBER),
    "start_time": ("answered_at", EPOCH),
    "end_time": ("ended_at", EPOCH),
    "call_duration": ("call_duration", SECONDS),
    "fee_duration": ("charged_duration", SECONDS),
    "bill_type": ("bill_period", TEXT),
    "end_reason": ("status_reason", TEXT),
    "end_direction": ("hangup_by", choice({"0": "caller", "1": "callee", "2": "server", "3": "unknown"})),
    "record": ("recording", TEXT),
    # Three that `with_costs` makes out of `costs`.
    "costs.direction": ("direction", choice({"1": "out", "0": "in"})),
    "costs.price": ("cost", MONEY),
    "costs.currency": ("currency", TEXT),
    # There only where it could not be taken apart: no value of it is readable, and no column holds it.
    "costs": ("costs", choice({})),
}


class Call(NamedTuple):
    """What the vendor has on one id: a record and what goes aside, or neither."""

    record: Record | None
    aside: Record


def read_answer(call_id: str, answer: dict[str, Json]) -> tuple[list[Record] | None, Record]:
    """Give the records on the asked id, None where the vendor says that there is none, and what goes aside."""
    if whole(answer.get("code")) == NO_CDR:
        return None, {}
    data = answer.get("data")
    if not isinstance(data, dict):
        raise UnreadableAnswer("a good answer without 'data'")
    calls = data.get("calls")
    if not isinstance(calls, list) or not all(isinstance(call, dict) for call in calls):
        raise UnreadableAnswer("a good answer without readable 'calls'")
    for call in calls:
        if type(call.get("call_id")) is int:
            call["call_id"] = str(call["call_id"])
    about = [call for call in calls if call.get("call_id") == call_id]
    if calls and not about:
        raise UnreadableAnswer("an answer about another call than the one asked for")
    others = [call for call in calls if call.get("call_id") != call_id]
    aside = {name: value for name, value in data.items() if name != "calls" and value not in (None, "")}
    return about, {**aside, "other_calls": others} if others else aside


def settled_call(ask: Callable[[], tuple[list[Record] | None, Record]], tell: Callable[[str], None]) -> Call:
    """Ask for a call, once more where the answer is not one that the vendor documents, and decide what is its record.

    Parameters
    ----------
    ask
        Asks, and gives what `read_answer` makes of the answer.
    tell
        Is told what the user should know.
    """
    calls, aside = ask()
    if calls == []:
        # Not what the vendor documents for a missing CDR, so it has to say it twice.
        calls, aside = ask()
        if calls == []:
            tell("twice a good answer without a record; taken as no CDR.")
    if not calls:
        return Call(None, {})
    return _distinct(calls, aside, tell)


def _distinct(calls: Sequence[Record], aside: Record, tell: Callable[[str], None]) -> Call:
    distinct = list({to_json(call): call for call in calls}.values())
    if len(distinct) > 1:
        tell(
            f"the vendor gives {len(distinct)} differing records; the first is the row, the others are in its `extra`."
        )
        aside = {**aside, "other_records": distinct[1:]}
    return Call(distinct[0], aside)


def replayed(call_id: str, bodies: Sequence[bytes]) -> pl.DataFrame:
    """Make the row of a call again, out of the bodies that were kept when it was asked for, in their order."""
    left = iter(bodies)
    call = settled_call(lambda: read_answer(call_id, read_json(next(left))), lambda _: None)
    return to_rows([call_id], [call])


def pushed(payload: Json) -> pl.DataFrame:
    """Make the frame of what the vendor's `calls` webhook pushed: the same records, under other siblings.

    Raises
    ------
    UnreadableAnswer
        If it has no readable `calls`.
    """
    calls = payload.get("calls") if isinstance(payload, dict) else None
    if not isinstance(calls, list) or not all(isinstance(call, dict) for call in calls):
        raise UnreadableAnswer("no readable 'calls'")
    for call in calls:
        if type(call.get("call_id")) is int:
            call["call_id"] = str(call["call_id"])
        if not isinstance(call.get("call_id"), str) or not call["call_id"]:
            raise UnreadableAnswer("a call without 'call_id'")
    aside = {name: value for name, value in payload.items() if name != "calls" and value not in (None, "")}
    return to_rows([call["call_id"] for call in calls], [Call(call, aside) for call in calls])


def to_rows(ids: Sequence[str], calls: Sequence[Call]) -> pl.DataFrame:
    """Make the frame of what the vendor has on these ids, one row for each, in their order."""
    rows = [with_costs(call.record, call.aside) for call in calls if call.record is not None]
    found = to_frame(
        Table.of([record for record, _ in rows], _FIELDS),
        _FIELDS,
        {"source": "nx-whatsapp", "found": True},
        aside=[aside for _, aside in rows],
    )
    missing = [call_id for call_id, call in zip(ids, calls, strict=True) if call.record is None]
    if not missing:
        return found
    nothing = pl.DataFrame({"call_id": missing}, schema={"call_id": pl.String})
    nothing = nothing.with_columns(source=pl.lit("nx-whatsapp"), found=pl.lit(value=False))
    absent = pl.concat([cdr.empty(), nothing.select("source", "call_id", "found")], how="diagonal")
    # Where each row stands among the found, then the missing ones: a permutation, not a join, for ids may repeat.
    found_at, missing_at = iter(range(found.height)), iter(range(found.height, len(ids)))
    order = [next(missing_at if call.record is None else found_at) for call in calls]
    return pl.concat([found, absent])[order]
