from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import callkit.reconciliation

PACKAGE = Path(callkit.reconciliation.__file__).parent
FILES = {
    ".".join(path.relative_to(PACKAGE.parents[1]).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}

# `Sendable` is a part of the one class that it speaks of, in a file of its own.
SENDABLE, RESULT = "callkit.reconciliation.sendable", "callkit.reconciliation.result"


def known_by(module: str) -> set[str]:
    """The modules of the package that one imports, wherever in its file: also for its types only."""
    named = [
        (node.module, f"{node.module}.{alias.name}")
        for node in ast.walk(ast.parse(FILES[module].read_text()))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    return {whole if whole in FILES else str(part) for part, whole in named} & FILES.keys()


def test_imports_run_one_way():
    """No module of reconciliation imports one that imports it, not even for its types."""
    known = {module: known_by(module) for module in FILES}
    known[SENDABLE].remove(RESULT)
    order = list(TopologicalSorter(known).static_order())  # raises CycleError, with the circle
    assert order.index("callkit.reconciliation.facts") < order.index("callkit.reconciliation.settlement")
