"""A dump of what NXCloud's `calls` webhook pushed: JSON objects, one a line, in an array, or just one.

Each has the calls under `calls`, with the fields of the query's answer, and beside them `app_id`, `business_phone`,
`wabaId` and more, which go to every call's `extra`. What pushes about messages have instead of calls is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from callkit import cdr
from callkit.errors import SchemaError
from callkit.fetch.exact import Json, UnreadableAnswer, read_json
from callkit.fetch.nxcloud_call import pushed

__all__ = ["read"]


def read(path: Path) -> pl.DataFrame:
    """Read a dump into a CDR frame, sorted; of calls that were pushed several times, the last push counts.

    Raises
    ------
    SchemaError
        If the file is not JSON or holds no calls: says where.
    """
    frames = []
    for place, payload in _payloads(path):
        # Events about messages have no calls; a `calls` that cannot be read is another matter.
        if not isinstance(payload, dict) or "calls" in payload:
            with _told(path, place):
                frames.append(pushed(payload))
    if not frames:
        raise SchemaError(f"{path}: nothing in it has 'calls'. {_EXPECTED}")
    return cdr.sort(pl.concat(frames).unique("call_id", keep="last", maintain_order=True))


_EXPECTED = (
    "Expected what NXCloud's webhook pushes: an object with 'calls', one a line, or several in an array."
)


def _payloads(path: Path) -> Iterator[tuple[str, Json]]:
    text = path.read_bytes().removeprefix(b"\xef\xbb\xbf").strip()
    if text[:1] == b"[":
        with _told(path, "the array"):
            several = read_json(b'{"pushes":%s}' % text)["pushes"]
        yield from ((f"object {number}", payload) for number, payload in enumerate(several, 1))
        return
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and not _is_json(lines[0]):  # one object, spread over lines
        lines = [text]
    for number, line in enumerate(lines, 1):
        place = f"line {number}" if len(lines) > 1 else "the file"
        with _told(path, place):
            payload = read_json(line)
        yield place, payload


def _is_json(line: bytes) -> bool:
    try:
        read_json(line)
    except UnreadableAnswer:
        return False
    return True


@contextmanager
def _told(path: Path, place: str) -> Iterator[None]:
    problem = ""
    try:
        yield
    except UnreadableAnswer as error:
        problem = str(error)
    if problem:
        raise SchemaError(f"{path}: {place} cannot be read ({problem}). {_EXPECTED}")
