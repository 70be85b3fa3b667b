"""ITNIO's page of records: the field map, and two roads from its JSON to a table.

Nearly every page has exactly the documented form, and msgspec reads such a one several times faster than Python's
own JSON can. What deviates in anything, be it an unknown field, an amount sent as a number or a broken byte, takes the
slow road, which knows what to make of it. Where both can read a page, they read the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import astuple

from callkit.fetch.exact import Json, UnreadableAnswer, read_json, whole
from callkit.fetch.kinds import DTMF, INSTANT, MONEY, NUMBER, SECONDS, TEXT, Kind
from callkit.fetch.readings import Page
from callkit.fetch.tables import Table

__all__ = ["CONSTANTS", "FIELDS", "parse", "read_page"]

FIELDS: Mapping[str, tuple[str, Kind]] = {
    "voiceId": ("call_id", TEXT),
    "displayNum": ("caller", NUMBER),
    "callee": ("callee", NUMBER),
    "code": ("destination", TEXT),
    "submitTime": ("submitted_at", INSTANT),
    "callTime": ("called_at", INSTANT),
    "ringingTime": ("ringing_at", INSTANT),
    "answerTime": ("answered_at", INSTANT),
    "hangupTime": ("ended_at", INSTANT),
    "callDuration": ("call_duration", SECONDS),
    "chargedDuration": ("charged_duration", SECONDS),
    "billPeriod": ("bill_period", TEXT),
    "rate": ("rate", MONEY),
    "cost": ("cost", MONEY),
    "currency": ("currency", TEXT),
    "baseCost": ("base_cost", MONEY),
    "quoteExchange": ("exchange_rate", MONEY),
    "settleRate": ("settle_rate", MONEY),
    "settlePay": ("settle_cost", MONEY),
    "terminationCode": ("status_code", TEXT),
    "terminationReason": ("status_reason", TEXT),
    "voiceFileId": ("recording", TEXT),
    "feedbackValue": ("dtmf", DTMF),
    "calledInfo": ("note", TEXT),
}

# "currency: only filled when the quotation currency is not US dollars" (the vendor's page).
CONSTANTS = {"source": "itnio-voice", "found": True, "direction": "out", "currency": "USD"}

_Record: Any = msgspec.defstruct(
    "_Record",
    [(name, kind.python_type | None, None) for name, (_, kind) in FIELDS.items()],
    forbid_unknown_fields=True,
    omit_defaults=True,
    gc=False,  # nothing in it could be part of a cycle
)
_Data = msgspec.defstruct(
    "_Data",
    [
        ("total", int),
        ("size", int),
        ("current", int),
        ("pages", int),
        ("searchCount", bool),
        ("records", list[_Record]),
    ],
    forbid_unknown_fields=True,
)
_Answer = msgspec.defstruct(
    "_Answer", [("status", str), ("reason", str), ("data", _Data)], forbid_unknown_fields=True
)
_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_Answer)
_ENCODER = msgspec.json.Encoder()


def parse(body: bytes) -> dict[str, Json]:
    """Read an answer's body; the records of a page in the documented form are a Table already."""
    try:
        answer = _DECODER.decode(body)
        # Written again, an answer is as short as can be. A longer one had blanks, escapes or nulls in it, or a name
        # that stands twice in one object, of which msgspec takes the second: the slow road looks closely.
        plain = len(_ENCODER.encode(answer)) == len(body)
    except (ValueError, OverflowError):  # msgspec's own errors, broken UTF-8, and integers beyond 64 bits
        plain = False
    if not plain:
        return read_json(body)
    rows: Sequence[Any] = answer.data.records
    columns = list(zip(*map(astuple, rows), strict=False)) or [()] * len(FIELDS)
    data = {"total": answer.data.total, "records": Table(columns, typed=True)}
    return {"status": answer.status, "reason": answer.reason, "data": data}


def read_page(answer: dict[str, Json]) -> Page:
    """Take counts as numbers or text; what cannot be counted or told apart is no page."""
    data = answer.get("data")
    if not isinstance(data, dict):
        raise UnreadableAnswer("a page without 'data'")
    total = whole(data.get("total"))
    records = data.get("records")
    if records is None and total == 0:
        records = []
    if total is None or total < 0 or not isinstance(records, list | Table):
        raise UnreadableAnswer("a page without a readable 'total' and 'records'")
    table = records if isinstance(records, Table) else _table(records)
    if not all(table.ids):
        raise UnreadableAnswer("a record without 'voiceId'")
    return Page(total, table)


def _table(records: list[Json]) -> Table:
    for record in records:
        if not isinstance(record, dict):
            raise UnreadableAnswer("a record that is no JSON object")
        voice_id = record.get("voiceId")
        if type(voice_id) is int:
            record["voiceId"] = voice_id = str(voice_id)
        if not isinstance(voice_id, str):
            raise UnreadableAnswer("a record without 'voiceId'")
    return Table.of(records, FIELDS)
