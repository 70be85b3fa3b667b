"""Results to write packs of, and workbooks as openpyxl reads them."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl

import callkit as ck
from reconciliation.calls import Call, cdrs, failed, itnio, missing, numbered, seconds, settled, whatsapp

HOSTILE = (
    "=cmd|' /C calc'!A0",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "<r><f>1+1</f></r>",
    "https://example.com/=x",
    "a\x00b\x1b[2Jc\u202ed\r\n\te",
    "_x0041_",
    "{=1+1}",
    "x" * 40_000,
)


def over(cost: str = "0.09331", **changed: Any) -> Call:
    """A call of 31 s that was charged 42 s instead of 36 s: 0.01333 too much."""
    return itnio(**({"charged_duration": 42, "cost": Decimal(cost)} | changed))


def mixed() -> list[Call]:
    """Claims in several currencies and of several causes, an undercharge, questions, and calls that agree."""
    return [
        over(),
        over(currency="EUR", destination="Peru(Lima)"),
        failed(cost=Decimal("0.05")),
        whatsapp(charged_duration=42, cost=Decimal("0.0933333333")),
        itnio(cost=Decimal("0.05")),
        itnio(bill_period=None),
        settled(),
        settled(charged_duration=42, cost=Decimal("0.09331"), settle_cost=Decimal("0.099477")),
        itnio(currency=None, cost=Decimal("0.10")),
        itnio(),
        missing(),
    ]


def result(*calls: Call, **asked: Any) -> ck.Reconciliation:
    """Reconcile calls, each with an id and a callee of its own; without any, the mixed ones."""
    return ck.reconcile(numbered(*calls), **asked) if calls else _of_mixed(asked.get("tz", "UTC"))


@cache
def _of_mixed(tz: str) -> ck.Reconciliation:
    return ck.reconcile(numbered(*mixed()), tz=tz)


def spread(count: int, **changed: Any) -> list[Call]:
    """Overcharged calls, a day apart."""
    start = itnio()["submitted_at"]
    return [over(**({"submitted_at": start + seconds(86_400 * at)} | changed)) for at in range(count)]


def as_they_are(*calls: Call, **asked: Any) -> ck.Reconciliation:
    """Reconcile calls under the ids that they have."""
    return ck.reconcile(cdrs(*calls), **asked)


def sheets(path: Path) -> dict[str, Any]:
    """The sheets of a workbook, by name."""
    book = openpyxl.load_workbook(path)
    return {name: book[name] for name in book.sheetnames}


def rows(sheet: Any) -> list[dict[str, Any]]:
    """The rows of a table sheet by the titles of its header; what says "none" is no row."""
    head, *body = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in body if row[0] != "none"]
