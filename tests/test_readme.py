"""The README says what the code does."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import callkit as ck
from callkit import cdr
from callkit.reconciliation.checks import CHECKS

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_explanation_in_the_readme_is_one_of_the_sandbox() -> None:
    """The example was printed by this code, not typed in."""
    shown = re.search(r"```\n(165 s on .*?)\n```", README, re.DOTALL)
    assert shown is not None
    with ck.Sandbox(calls=5_000, seed=7) as sandbox, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the vendor's doubled ids are not the matter here
        result = ck.reconcile(sandbox.itnio_voice().fetch(*sandbox.period, progress=False))
    explained = {result.explain(call_id) for call_id in result.claims["call_id"]}
    assert shown[1] in explained


def test_every_column_of_the_cdr_frame_is_in_the_nomenclature() -> None:
    """A column that is not written down does not ship."""
    table = README[README.index("### The CDR frame") : README.index("### The result of")]
    named = {
        name for row in re.findall(r"^\| ([a-z_, ]+) \|", table, re.MULTILINE) for name in row.split(", ")
    }
    assert named - {"column"} == set(cdr.SCHEMA)


def test_every_check_is_in_the_readme_with_its_severity_and_grade() -> None:
    """The table of checks is the code's, in the code's order."""
    table = re.findall(r"^\| ([a-z_]+) \| (error|warning) ([A-D])\b", README, re.MULTILINE)
    told = list(dict.fromkeys((check.name, check.severity, check.grade) for check in CHECKS))
    assert table == told
