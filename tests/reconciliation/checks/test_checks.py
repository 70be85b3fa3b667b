from __future__ import annotations

from pathlib import Path

import callkit.reconciliation.checks as package
from callkit.reconciliation.checks import CHECKS
from callkit.reconciliation.ledger import STEPS


def test_every_check_has_a_test_of_its_own():
    """One small file per check, in the package and here."""
    files = {path.stem for path in Path(package.__file__).parent.glob("*.py")} - {"__init__"}
    tested = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")}
    assert files <= tested


def test_checks_explain_steps_of_the_bridge():
    """A check's step is one that the bridge has, and its severity and grade are known ones."""
    for check in CHECKS:
        assert check.step in (None, "settlement", *STEPS)
        assert check.severity in ("error", "warning", "info")
        assert check.grade in "ABCD"
