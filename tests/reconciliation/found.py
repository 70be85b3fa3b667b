"""What a check found, for its test."""

from __future__ import annotations

from typing import Any

import polars as pl

import callkit as ck
from callkit.reconciliation.checks import CHECKS
from reconciliation.calls import Call, cdrs, numbered

Finding = dict[str, Any]


def found(check: str, *calls: Call, keep: bool = False, **arguments: Any) -> list[Finding]:
    """Give the findings of one check; `keep` leaves ids and numbers as they are."""
    frame = cdrs(*calls) if keep else numbered(*calls)
    # What one check finds does not depend on the others, and without them it is found sooner.
    others: dict[str, Any] = {other.name: "off" for other in CHECKS if other.name != check}
    return ck.reconcile(frame, severity=others, **arguments).findings.rows(named=True)


def only(check: str, *calls: Call, **arguments: Any) -> Finding:
    """Give the one finding of a check."""
    findings = found(check, *calls, **arguments)
    assert len(findings) == 1, findings
    return findings[0]


def marks(finding: Finding) -> tuple[str, str, str | None]:
    """Severity, grade and step, as in the design's table."""
    return finding["severity"], finding["grade"], finding["step"]


def bridged(step: str, *calls: Call, keep: bool = False, **arguments: Any) -> Any:
    """Give the amount of a step of the bridge, over all currencies."""
    frame = cdrs(*calls) if keep else numbered(*calls)
    return ck.reconcile(frame, **arguments).bridge.filter(pl.col("step") == step)["amount"].sum()
