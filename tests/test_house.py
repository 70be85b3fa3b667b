"""The promises that the repository keeps about itself."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "callkit"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

# What each part may import of the others. Parts that are not named (the command line, charts, widgets) may know
# everything, and are known by none of these.
KNOWS = {
    "errors": set(),
    "arguments": set(),
    "cdr": {"errors"},
    "billing": {"cdr", "errors"},
    "numbers": set(),
    "fetch": {"cdr", "errors"},
    "files": {"arguments", "cdr", "errors", "fetch"},
    "rates": {"arguments", "billing", "cdr", "errors", "files", "numbers"},
    "reconciliation": {"arguments", "billing", "cdr", "errors", "export", "numbers", "rates"},
    "invoice": {"arguments", "billing", "cdr", "errors", "files", "reconciliation"},
    "measures": {"billing"},
    "matching": {"arguments", "cdr", "errors"},
    "archive": {"arguments", "cdr", "errors", "fetch", "files"},
    "spark": {"arguments", "billing", "cdr", "errors", "rates", "reconciliation"},
    "sandbox": {"cdr", "errors", "fetch", "invoice", "rates"},
}
SPEAK_NO_HTTP = {"errors", "cdr", "billing", "reconciliation"}
HTTP = {"http", "requests", "requests_ratelimiter", "socket", "stamina", "urllib", "urllib3"}

CONDA_NAMES = {"duckdb": "python-duckdb", "playwright": "playwright-python"}


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    """Every file that git knows."""
    if not (ROOT / ".git").exists():
        pytest.skip("what belongs to the repository is known only in a git checkout")
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def requirements() -> dict[str, str]:
    """Each requirement of callkit and its extras, with its lower bound."""
    project = PROJECT["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    bounds = dict(line.split(">=") for group in groups for line in group if not line.startswith("callkit["))
    return {"python": project["requires-python"].removeprefix(">=")} | bounds


def test_conda_environment_is_in_step():
    """The conda environment asks for what pyproject asks for, no more and no less, with the same lower bounds."""
    text = (ROOT / "environment.yml").read_text()
    stated = re.findall(r"^  - ([\w-]+)>=([\d.]+)$", text, re.MULTILINE)
    expected = {CONDA_NAMES.get(name, name): bound for name, bound in requirements().items()}
    assert len(stated) == len(dict(stated))
    assert dict(stated) == expected
    assert re.search(r"^name: callkit\nchannels:\n  - conda-forge\n", text, re.MULTILINE)
    assert text.endswith("  - pip\n  - pip:\n      - -e .\n")


def test_one_version():
    """The version in pyproject is the installed one and the changelog's newest."""
    version = PROJECT["project"]["version"]
    assert importlib.metadata.version("callkit") == version
    newest = re.search(r"^## \[?(\d[\w.]*)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert newest[1] == version


def test_the_wheel_carries_types_and_notebooks(tracked):
    """The wheel is the package with its type marker, the notebooks for `callkit lab`, and Voilà's template."""
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    shared = {"callkit/widgets/workbench/voila": "share/jupyter/voila/templates/callkit"}
    assert wheel == {
        "packages": ["callkit"],
        "force-include": {"notebooks": "callkit/notebooks"},
        "shared-data": shared,
    }
    assert PACKAGE / "widgets/workbench/voila/index.html.j2" in tracked
    assert PACKAGE / "py.typed" in tracked


def test_top_level_is_the_agreed_one(tracked):
    """The top level holds what the layout names, and nothing else."""
    agreed = {"callkit", "notebooks", "tests", "pyproject.toml", "README.md", "environment.yml"}
    agreed |= {"CHANGELOG.md", "CONTRIBUTING.md", ".ci", ".gitignore"}
    assert {path.relative_to(ROOT).parts[0] for path in tracked} <= agreed


def test_no_path_of_one_machine(tracked):
    """No file names a folder that exists on its author's machine only."""
    somewhere = re.compile(r"(?<![\w./])/(?:{})/".format("|".join(("home", "root", "work", "Users"))))
    found = []
    for path in tracked:
        try:
            lines = path.read_text().splitlines()
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.name}:{at}: {line.strip()[:80]}"
            for at, line in enumerate(lines, 1)
            if somewhere.search(line)
        ]
    assert found == []


def comments_without_a_reason(path: Path) -> Iterator[str]:
    silenced = re.compile(r"#\s*(noqa|type: ignore|pragma: no cover)")
    reasoned = re.compile(
        r"#\s*(noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*|type: ignore\[[\w, -]+\]|pragma: no cover)[\s#-]+\w"
    )
    with tokenize.open(path) as file:
        for token in tokenize.generate_tokens(file.readline):
            if (
                token.type == tokenize.COMMENT
                and silenced.match(token.string)
                and not reasoned.match(token.string)
            ):
                yield token.line.strip()


def skips_without_a_reason(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            named = {keyword.arg for keyword in node.keywords}
            called = ast.unparse(node.func)
            if called == "pytest.skip" and not (node.args or "reason" in named):
                yield ast.unparse(node)
            if (
                re.fullmatch(r"pytest\.(importorskip|mark\.(skip|skipif|xfail))", called)
                and "reason" not in named
            ):
                yield ast.unparse(node)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bare = {ast.unparse(decorator) for decorator in node.decorator_list}
            yield from bare & {"pytest.mark.skip", "pytest.mark.xfail"}


def test_every_exception_says_why(tracked):
    """Whatever silences a check or skips a test says why, in the same line."""
    sources = [path for path in tracked if path.suffix == ".py"]
    silent = {
        path.relative_to(ROOT): [*comments_without_a_reason(path), *skips_without_a_reason(path)]
        for path in sources
    }
    assert {path: found for path, found in silent.items() if found} == {}


def test_every_test_says_what_it_promises(tracked):
    """Every test has a docstring of one sentence."""
    silent = []
    for path in tracked:
        if path.suffix == ".py" and path.name.startswith("test_"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    said = ast.get_docstring(node) or ""
                    if not said.endswith(".") or "\n\n" in said:
                        silent.append(f"{path.name}: {node.name}")
    assert silent == []


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in the file; `from callkit import cdr` is callkit.cdr."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "callkit":
            parts = {part_of(found) for found in PACKAGE.iterdir()}
            yield from (f"callkit.{alias.name}" if alias.name in parts else "callkit" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


SOURCES = sorted(PACKAGE.rglob("*.py"))


def test_the_imports_are_seen():
    """The walk that the next tests rest on sees plain, nested and from-package imports."""
    assert "callkit.errors" in set(imported(PACKAGE / "cdr.py"))
    assert "callkit.billing" in set(imported(PACKAGE / "__init__.py"))
    assert {part_of(path) for path in SOURCES} >= {"__init__", "billing", "cdr", "errors"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_run_one_way(path):
    """Each part knows the parts before it and none after: the frame knows nobody, reconciliation no HTTP."""
    part = part_of(path)
    modules = set(imported(path))
    parts = {(*module.split("."), "__init__")[1] for module in modules if module.split(".")[0] == "callkit"}
    assert part not in KNOWS or parts - {part} <= KNOWS[part]
    if part in SPEAK_NO_HTTP:
        assert not {module.split(".")[0] for module in modules} & HTTP
