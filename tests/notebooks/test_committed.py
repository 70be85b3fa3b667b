"""What is committed of the notebooks gives nothing away, and was run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest

import callkit as ck

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(path for path in FOLDER.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@cache
def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def texts(path: Path) -> Iterator[str]:
    """All that can be read in a notebook: sources, and outputs but for pictures."""
    for cell in read(path).cells:
        yield cell.source
        for output in cell.get("outputs", []):
            yield output.get("text", "")
            for kind, data in output.get("data", {}).items():
                if kind.startswith(("text/", "application/")):
                    yield data if isinstance(data, str) else repr(data)


def parameters(path: Path) -> dict[str, Any]:
    """The values in the cell that is tagged `parameters`."""
    [cell] = [cell for cell in read(path).cells if "parameters" in cell.metadata.get("tags", [])]
    return {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(cell.source).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }


def test_it_was_run(path: Path) -> None:
    """Every code cell has been run from top to bottom without an error, and no state of widgets is kept."""
    notebook = read(path)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [out for cell in cells for out in cell.outputs if out.output_type == "error"]
    assert notebook.metadata.kernelspec.name == "python3"
    assert "widgets" not in notebook.metadata


def test_it_takes_parameters(path: Path) -> None:
    """A cell tagged `parameters` holds plain values, so that papermill can set others."""
    assert parameters(path)


def test_it_holds_no_path_of_a_machine(path: Path) -> None:
    """No folder of the machine that ran it is told."""
    somewhere = re.compile(r"(?<![\w./<])/(?:home|root|tmp|var|work|Users|private)/|\b[A-Z]:\\\\?\w")
    assert [found[0] for text in texts(path) for found in somewhere.finditer(text)] == []


def test_it_holds_no_secret(path: Path) -> None:
    """No key or secret of an account is told, not even the sandbox's."""
    sandbox = ck.Sandbox(calls=0)
    accounts = [*sandbox.credentials.values(), *sandbox.other_credentials.values()]
    secrets = {value for account in accounts for name, value in account.items() if name != "business_phone"}
    assert [secret for secret in secrets for text in texts(path) if secret in text] == []


def test_its_numbers_are_masked(path: Path) -> None:
    """No telephone number of the month that it is about can be read in it."""
    stated = {name: value for name, value in parameters(path).items() if name in ("calls", "seed")}
    sandbox = ck.Sandbox(**stated)  # else the sandbox's own month
    month = [*sandbox.records("itnio"), *sandbox.records("nx")]
    numbers = {
        str(record[name])
        for record in month
        for name in ("displayNum", "callee", "from", "to")
        if record.get(name)
    }
    assert len(numbers) > 100
    shown = {digits for text in texts(path) for digits in re.findall(r"(?<!\d)\d{8,15}(?!\d)", text)}
    assert sorted(shown & numbers) == []


def test_it_needs_no_network(path: Path) -> None:
    """What it shows is loaded from no address."""
    loaded = re.compile(r"""(?:src|href|import)\s*[=(]?\s*["']?\s*(?:https?:)?//[^"'\s)]+""")
    outputs = [text for text in texts(path) if "<" in text]
    assert [found[0] for text in outputs for found in loaded.finditer(text)] == []
