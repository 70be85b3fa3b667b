"""Records that are there already: a file, or what was given from Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import polars as pl

from callkit.files import read_cdrs
from callkit.widgets.workbench.columns import mapping
from callkit.widgets.workbench.pieces import Message, folded, labelled, quiet, row
from callkit.widgets.workbench.plans import Plan, of_frame
from callkit.widgets.workbench.sources.pane import Between, Pane
from callkit.widgets.workbench.uploads import HINT, Upload, Uploaded


class FilePane(Pane):
    """A file of call records.

    Attributes
    ----------
    path : ipywidgets.Text
        Where it is.
    upload : Upload
        Takes it through the browser.
    format, zone, columns : ipywidgets widgets
        How it is read.
    """

    def __init__(self, message: Message) -> None:
        self._message = message
        self._uploaded: Uploaded | None = None
        self.path = labelled(
            widgets.Text, "Path", "30em", placeholder="calls.parquet, .csv or .xlsx", continuous_update=False
        )
        self.upload = Upload("or upload", ".parquet,.csv,.xlsx", self._came)
        self.format = labelled(
            widgets.Dropdown,
            "Written by",
            options=[("callkit", "callkit"), ("NXCloud's webhook", "nx-webhook")],
        )
        self.zone = labelled(widgets.Text, "Zone of times without one", "24em", continuous_update=False)
        self.columns = labelled(
            widgets.Text, "Columns", "34em", placeholder="B-number = callee, Seconds = call_duration",
            continuous_update=False,
        )  # fmt: skip
        more = folded("How it is read", row(self.format, self.zone), self.columns)
        super().__init__([row(self.path, self.upload), more, widgets.HTML(quiet(HINT))])

    def plan(self, between: Between) -> Plan:
        """Read the file."""
        del between
        options: dict[str, Any] = {}
        if self.format.value != "callkit":
            options["format"] = self.format.value
        if columns := mapping(self.columns.value):
            options["columns"] = columns
        if zone := self.zone.value.strip():
            options["tz"] = zone
        path, uploaded = self.path.value.strip(), self._uploaded
        if not path and uploaded is None:
            raise ValueError("Source: name the path of a file of call records, or upload one")

        def read() -> pl.DataFrame:
            if path:
                return read_cdrs(path, **options)
            assert uploaded is not None  # noqa: S101 - looked at above
            with uploaded.as_file() as file:
                return read_cdrs(file, **options)

        name = path or (uploaded.name if uploaded else "")
        said = "".join(f", {key}={value!r}" for key, value in options.items())
        return Plan(lambda: [of_frame(Path(name).name, read)], [f"cdrs = ck.read_cdrs({name!r}{said})"])

    def forget(self) -> None:
        """Forget what was uploaded."""
        self._uploaded = None

    def _came(self, uploaded: Uploaded) -> None:
        self._uploaded = uploaded
        self.path.value = ""
        self._message.say(f"{uploaded.name}: {len(uploaded.content) / 1e6:,.1f} MB uploaded. Now fetch.")


class HeldPane(Pane):
    """A frame or a path that was given from Python."""

    def __init__(self, said: str, name: str, read: Callable[[], pl.DataFrame], code: Sequence[str]) -> None:
        self._name, self._read, self._code = name, read, code
        super().__init__([widgets.HTML(quiet(said))])

    def plan(self, between: Between) -> Plan:
        """Take it."""
        del between
        return Plan(lambda: [of_frame(self._name, self._read)], self._code)
