"""Uploaded files: their bytes are taken out of the widget at once, so that no saved notebook holds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from tempfile import TemporaryDirectory
from typing import Any

import ipywidgets as widgets

from callkit.errors import CallkitError

LIMIT = 200 * 1024 * 1024
"""As much as `callkit lab` lets through."""


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file that came through the browser: its name without any folder, and what is in it."""

    name: str
    content: bytes

    @contextmanager
    def as_file(self) -> Iterator[Path]:
        """Put it into a folder of its own for as long as it is read; errors name the file, not the folder."""
        with TemporaryDirectory(prefix="callkit-") as folder:
            file = Path(folder, self.name)
            file.write_bytes(self.content)
            try:
                yield file
            except CallkitError as error:
                raise type(error)(str(error).replace(str(file), self.name)) from None
            except ValueError as error:
                raise ValueError(str(error).replace(str(file), self.name)) from None


class Upload(widgets.FileUpload):  # type: ignore[misc]  # ipywidgets ships no types
    """A button for one file, which is handed over and forgotten."""

    def __init__(self, text: str, accept: str, react: Callable[[Uploaded], None]) -> None:
        super().__init__(
            accept=accept,
            multiple=False,
            description=text,
            tooltip=text,  # shown in the place of the count that ipywidgets puts behind the text
            layout=widgets.Layout(width="auto"),
        )
        self._react = react
        self.observe(self._came, "value")

    def _came(self, change: dict[str, Any]) -> None:
        if not change["new"]:
            return
        file = change["new"][0]
        uploaded = Uploaded(plain_name(file["name"]), bytes(file["content"]))
        self.value = ()
        self._react(uploaded)


def plain_name(name: str) -> str:
    """A file's name without folders of any system, and without signs that do not print."""
    last = PureWindowsPath(PurePosixPath(name).name).name
    printable = "".join(sign for sign in last if sign.isprintable() and sign not in ':*?"<>|')
    return printable.strip(". ")[-120:] or "upload"


HINT = (
    "Large uploads need a server that takes them: `callkit lab` lets 200 MB through. Elsewhere more than about 7 MB "
    "may fail without a word; then give the path of the file instead."
)
