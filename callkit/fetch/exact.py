"""JSON, exactly: amounts keep every digit from the wire on, and what is not JSON is refused."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, NoReturn

from callkit.errors import VendorError

__all__ = ["Json", "UnreadableAnswer", "read_json", "to_json", "whole"]

Json = Any
"""A value out of a JSON text: dict, list, str, int, Decimal, bool or None; never a float."""

_DEEPEST = 64
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class UnreadableAnswer(Exception):
    """The answer is not what the contract describes; asking again may help."""


def read_json(body: bytes) -> dict[str, Json]:
    """Read an answer's body.

    Numbers with a point or an exponent become Decimals with the very digits that were sent. NaN, Infinity,
    nesting deep enough to exhaust the interpreter, a name that stands twice in one object (which of its two values is
    meant?), and anything but an object raise UnreadableAnswer.
    """
    problem = ""
    value: Json = None
    try:
        value = json.loads(
            body, parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_each_name_once
        )
    except RecursionError:
        problem = "JSON nested too deeply"
    except UnreadableAnswer as error:
        problem = str(error)
    except (ValueError, ArithmeticError):
        # ArithmeticError: an exponent that even Decimal cannot hold; ValueError: also integers of absurd length.
        problem = "not JSON" if body else "an empty body"
    if problem:
        raise UnreadableAnswer(problem)
    if not isinstance(value, dict):
        raise UnreadableAnswer("JSON, but not an object")
    if b"\\" in body and _SURROGATE.search(body):
        return {str(k): v for k, v in _without_surrogates(value, 0).items()}
    return dict(value)


def to_json(value: Json, depth: int = 0) -> str:
    """Write a value as JSON text: keys sorted, numbers with the digits that came, the same input the same text."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int | Decimal):
        return str(value)
    if depth >= _DEEPEST:
        raise VendorError(
            f"the vendor sent a field nested deeper than {_DEEPEST} levels: refused.",
            reason="JSON nested too deeply",
            hint="Ask the vendor what it means.",
        )
    if isinstance(value, list):
        return "[" + ", ".join([to_json(item, depth + 1) for item in value]) + "]"
    members = [f"{json.dumps(k, ensure_ascii=False)}: {to_json(value[k], depth + 1)}" for k in sorted(value)]
    return "{" + ", ".join(members) + "}"


def whole(value: Json) -> int | None:
    """Read a count or a code that may come as a number or as text; None where it is no whole number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", value):
        return int(value)
    return None


def _refuse(constant: str) -> NoReturn:
    raise UnreadableAnswer(f"{constant} where JSON has a number")


def _each_name_once(members: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(members)
    if len(found) != len(members):
        raise UnreadableAnswer("JSON with a name that stands twice in one object")
    return found


def _without_surrogates(value: Json, depth: int) -> Json:
    """Half of a surrogate pair is no text that a frame could hold: write out its code, as JSON does."""
    if depth > _DEEPEST:
        raise UnreadableAnswer("JSON nested too deeply")
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list):
        return [_without_surrogates(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {
            _without_surrogates(k, depth + 1): _without_surrogates(v, depth + 1) for k, v in value.items()
        }
    return value
