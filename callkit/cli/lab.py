"""`callkit lab`: the notebooks, out of the package and into a folder of one's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path

# JupyterLab's own limit lets uploads of more than ten megabytes fail without a word.
_LARGE_MESSAGES = "--ServerApp.tornado_settings={'websocket_max_message_size':209715200}"


def lab(folder: Path, *, browser: bool = True) -> int:
    """Copy the notebooks into `folder` and open JupyterLab there; returns JupyterLab's exit code.

    Raises
    ------
    ValueError
        If JupyterLab is not installed.
    """
    if find_spec("jupyterlab") is None:
        raise ValueError("JupyterLab is not installed. Install it with: pip install 'callkit[lab]'")
    copied, kept = copy_notebooks(folder)
    if copied:
        print(f"Copied into {folder}: {', '.join(copied)}")
    if kept:
        print(f"Left as they are in {folder}: {', '.join(kept)}")
    options = [] if browser else ["--no-browser"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")  # in a container everybody is root, and JupyterLab would not start
    command = [sys.executable, "-m", "jupyterlab", _LARGE_MESSAGES, *options, str(folder)]
    return subprocess.call(command)  # noqa: S603 - our own arguments


def copy_notebooks(folder: Path) -> tuple[list[str], list[str]]:
    """Copy every notebook that is not there yet.

    Returns
    -------
    tuple of two lists of str
        The names that were copied, and those that were there already and may hold somebody's work.
    """
    folder.mkdir(parents=True, exist_ok=True)
    copied, kept = [], []
    with as_file(files("callkit")) as package:
        # An installed package carries the notebooks; a checkout has them beside it.
        shipped = package / "notebooks"
        source = shipped if shipped.is_dir() else package.parent / "notebooks"
        for notebook in sorted(source.glob("*.ipynb")):
            target = folder / notebook.name
            if target.exists():
                kept.append(notebook.name)
            else:
                shutil.copyfile(notebook, target)
                copied.append(notebook.name)
    return copied, kept
