"""`callkit lab` brings the notebooks to the user and never overwrites what is theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from callkit.cli.lab import copy_notebooks, lab

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def test_every_notebook_is_copied(tmp_path: Path) -> None:
    """A new folder gets all notebooks, byte for byte."""
    copied, kept = copy_notebooks(tmp_path / "new" / "folder")
    assert copied == sorted(file.name for file in NOTEBOOKS.glob("*.ipynb"))
    assert not kept
    for name in copied:
        assert (tmp_path / "new" / "folder" / name).read_bytes() == (NOTEBOOKS / name).read_bytes()


def test_a_notebook_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    """Somebody's work in a copied notebook survives the next `callkit lab`."""
    (tmp_path / "01_quickstart.ipynb").write_text("mine")
    copied, kept = copy_notebooks(tmp_path)
    assert kept == ["01_quickstart.ipynb"]
    assert "01_quickstart.ipynb" not in copied
    assert (tmp_path / "01_quickstart.ipynb").read_text() == "mine"


@pytest.mark.parametrize(("user", "allowed"), [(0, True), (1000, False)])
def test_root_may_open_the_lab(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int, *, allowed: bool
) -> None:
    """In a container, where everybody is root, JupyterLab starts all the same."""
    commands: list[list[str]] = []
    monkeypatch.setattr("callkit.cli.lab.os.geteuid", lambda: user, raising=False)
    monkeypatch.setattr("callkit.cli.lab.subprocess.call", lambda command: commands.append(command) or 0)
    assert lab(tmp_path / "notebooks", browser=False) == 0
    assert ("--allow-root" in commands[0]) is allowed
    assert "--no-browser" in commands[0]
