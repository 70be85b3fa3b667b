"""A rate deck or an invoice: a file that was named, uploaded, or belongs to the sandbox, and how it is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import ipywidgets as widgets

from callkit.widgets.workbench.columns import mapping
from callkit.widgets.workbench.pieces import Message, button, folded, labelled, row, shown
from callkit.widgets.workbench.uploads import Upload, Uploaded

Read = TypeVar("Read")


class Paper(widgets.VBox, Generic[Read]):  # type: ignore[misc]  # ipywidgets ships no types
    """One paper, read again whenever the way it is read changes.

    Attributes
    ----------
    path : ipywidgets.Text
        The file's path.
    upload : Upload
        Takes the file through the browser.
    zone, currency, dates, columns : ipywidgets.Text
        How it is read, where the file does not tell: the arguments `tz`, `currency`, `date_format` and `columns`.
    message : Message
        What was read, or why it cannot be: with sheet, row and column.
    value
        What was read; None without a paper. Can be set.
    code : str or None
        The Python that reads the same.
    """

    def __init__(
        self, name: str, reader: Callable[..., Read], made: str, changed: Callable[[], None]
    ) -> None:
        self._reader, self._made, self._changed = reader, made, changed
        self._sandbox_code = ""
        self._name = name
        self._uploaded: Uploaded | None = None
        self._read: Read | None = None
        self.code: str | None = None
        self._sandbox: Callable[[], Read] | None = None
        self.path = labelled(
            widgets.Text, name, "19em", placeholder="path of a .csv or .xlsx", continuous_update=False
        )
        self.upload = Upload("or upload", ".csv,.xlsx,.parquet", self._came)
        self.sample = button("the sandbox's", f"Take the {name.lower()} of the sandbox")
        self._drop = button("Remove", f"Do without the {name.lower()}")
        self.zone = labelled(widgets.Text, "Zone of its days", "20em", continuous_update=False)
        self.currency = labelled(widgets.Text, "Currency", "11em", continuous_update=False)
        self.dates = labelled(widgets.Text, "Dates", "13em", placeholder="%d/%m/%Y", continuous_update=False)
        self.columns = labelled(
            widgets.Text, "Columns", "30em", placeholder="Their name = our name, …", continuous_update=False
        )
        self.message = Message()
        how = folded(
            f"How the {name.lower()} is read", row(self.zone, self.currency, self.dates), self.columns
        )
        super().__init__([row(self.path, self.upload, self.sample, self._drop), how, self.message])
        for field in (self.path, self.zone, self.currency, self.dates, self.columns):
            field.observe(self._again, "value")
        self.sample.on_click(lambda _: self.use_sandbox())
        self._drop.on_click(lambda _: self.drop())
        shown(self._drop, yes=False)
        self.offer(None)

    @property
    def value(self) -> Read | None:
        """What was read; None without a paper."""
        return self._read

    @value.setter
    def value(self, paper: Read | None) -> None:
        self._take(
            paper,
            None if paper is None else f"{self._name.lower().replace(' ', '_')}  # the one that was given",
        )

    def offer(self, of_sandbox: Callable[[], Read] | None, code: str = "") -> None:
        """Offer the sandbox's paper, or do not; one that belongs to another source is dropped."""
        was_sandbox = self.code is not None and self.code == self._sandbox_code
        self._sandbox, self._sandbox_code = of_sandbox, code
        shown(self.sample, yes=of_sandbox is not None)
        if was_sandbox:
            self.drop()

    def use_sandbox(self) -> None:
        """Take the sandbox's paper."""
        if self._sandbox is None:
            self.message.say(f"{self._name}: the source is no sandbox that has one", "error")
            return
        with self.message.telling():
            self._uploaded, self.path.value = None, ""
            self._take(self._sandbox(), self._sandbox_code)

    def drop(self) -> None:
        """Do without."""
        self._uploaded, self.path.value = None, ""
        self._take(None, None)

    def _came(self, uploaded: Uploaded) -> None:
        self.path.value = ""
        self._uploaded = uploaded
        self._again()

    def _again(self, change: dict[str, Any] | None = None) -> None:
        path = self.path.value.strip()
        if change is not None and change["owner"] is self.path and path:
            self._uploaded = None
        if not path and self._uploaded is None:
            return
        self._read, self.code = None, None
        shown(self._drop, yes=True)
        self.message.say("Reading …")
        with self.message.telling():
            options = self._options()
            name = path
            if self._uploaded is not None:
                name = self._uploaded.name
                with self._uploaded.as_file() as file:
                    paper = self._reader(file, **options)
            else:
                paper = self._reader(Path(path), **options)
            said = "".join(f", {key}={value!r}" for key, value in options.items())
            self._take(paper, f"{self._made}({name!r}{said})")
            return
        self._changed()

    def _options(self) -> dict[str, Any]:
        texts = {"tz": self.zone, "currency": self.currency, "date_format": self.dates}
        options: dict[str, Any] = {
            key: field.value.strip() for key, field in texts.items() if field.value.strip()
        }
        if columns := mapping(self.columns.value):
            options["columns"] = columns
        return options

    def _take(self, paper: Read | None, code: str | None) -> None:
        self._read, self.code = paper, code
        shown(self._drop, yes=paper is not None or self._uploaded is not None)
        if paper is None:
            self.message.clear()
        else:
            self.message.say(first_lines(repr(paper)))
        self._changed()


def first_lines(text: str, most: int = 4) -> str:
    """The first lines of a text, and how many there are beyond."""
    lines: Sequence[str] = text.splitlines()
    more = len(lines) - most
    return "\n".join([*lines[:most], *([f"… and {more} more lines"] if more > 0 else [])])
