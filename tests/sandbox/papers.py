"""The sandbox's papers, read by somebody who has only the files, the raw records, and fractions."""

from __future__ import annotations

import csv
import math
import re
from datetime import datetime
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from callkit.sandbox import Sandbox

Rows = list[dict[str, str]]


@cache
def month(seed: int) -> Sandbox:
    return Sandbox(calls=3_000, seed=seed)


def read(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def instant(text: Any) -> datetime | None:
    """Read ITNIO's time; None where there is none that can be read."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def period(text: Any) -> tuple[int, int] | None:
    found = re.fullmatch(r"([1-9]\d*)\+([1-9]\d*)", text or "")
    return (int(found[1]), int(found[2])) if found else None


def owed(talk: int, increments: tuple[int, int]) -> int:
    first, step = increments
    return 0 if talk <= 0 else first if talk <= first else first + -(-(talk - first) // step) * step


def rounded(value: Fraction, decimals: int, rounding: str = "half_up") -> Fraction:
    scaled = value * 10**decimals
    low = math.floor(scaled)
    rest = scaled - low
    up = {
        "down": False,
        "up": rest > 0,
        "half_up": rest >= Fraction(1, 2),
        "half_even": rest > Fraction(1, 2) or (rest == Fraction(1, 2) and low % 2 == 1),
    }[rounding]
    return Fraction(low + up, 10**decimals)


def charge(rate: Fraction, seconds: int, increments: tuple[int, int], rating: dict[str, Any]) -> Fraction:
    if seconds == 0:
        return Fraction(0)
    unit = increments[1] if rating["per_seconds"] == "block" else rating["per_seconds"]
    exact = Fraction(rating["connect_fee"]) + rate * seconds / unit
    return rounded(exact, rating["decimals"], rating["rounding"])
