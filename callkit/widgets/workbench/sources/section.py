"""The source section: where the call records come from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import polars as pl
import traitlets

from callkit import cdr
from callkit.archive import Archive
from callkit.cdr import as_lazy
from callkit.fetch import ItnioVoice, NxWhatsApp
from callkit.files import read_cdrs
from callkit.sandbox import Sandbox
from callkit.widgets.workbench.pieces import Message, Section, shown
from callkit.widgets.workbench.sources.archive import ArchivePane
from callkit.widgets.workbench.sources.files import FilePane, HeldPane
from callkit.widgets.workbench.sources.pane import Pane
from callkit.widgets.workbench.sources.sandbox import SandboxPane
from callkit.widgets.workbench.sources.vendors import ItnioPane, NxCloudPane

_KINDS = [
    ("Sandbox", "sandbox"),
    ("ITNIO", "itnio"),
    ("NXCloud", "nxcloud"),
    ("File", "file"),
    ("Archive", "archive"),
    ("Given from Python", "given"),
]


class SourceSection(Section):
    """Where the records come from.

    Attributes
    ----------
    value : str
        `sandbox`, `itnio`, `nxcloud`, `file`, `archive`; `given` for what was given from Python.
    sandbox, itnio, nxcloud, file, archive : Pane
        What each kind of source has to be told.
    given : Pane or None
        The same for what was given from Python.
    message : Message
        What came through the browser, or what is wrong with it.
    """

    value = traitlets.Unicode("sandbox", help="where the records come from")

    def __init__(self, given: object, changed: Callable[[], None]) -> None:
        self._changed = changed
        self.message = Message()
        self.sandbox, self.itnio, self.nxcloud = SandboxPane(changed), ItnioPane(), NxCloudPane(self.message)
        self.file, self.archive = FilePane(self.message), ArchivePane()
        self.given = None if given is None else _of_given(given, self.message, changed)
        panes: dict[str, Pane | None] = {kind: getattr(self, kind) for _, kind in _KINDS}
        self._panes = {kind: pane for kind, pane in panes.items() if pane is not None}
        kinds = [(name, kind) for name, kind in _KINDS if kind in self._panes]
        self.choice = widgets.ToggleButtons(
            options=kinds,
            value="sandbox",
            style={"button_width": "auto"},
            tooltips=[name for name, _ in kinds],
        )
        super().__init__(
            1,
            "Source",
            "where the call records come from",
            [self.choice, *self._panes.values(), self.message],
        )
        widgets.link((self.choice, "value"), (self, "value"))
        self.observe(self._turned, "value")
        if given is not None:
            self.value = "given"
        self._turned()

    @property
    def pane(self) -> Pane:
        """The kind of source that is chosen."""
        return self._panes[self.value]

    def forget(self) -> None:
        """Forget everything typed or uploaded."""
        for pane in self._panes.values():
            pane.forget()

    def _turned(self, _change: object = None) -> None:
        for kind, pane in self._panes.items():
            shown(pane, yes=kind == self.value)
        self.message.clear()
        self._changed()

    @traitlets.validate("value")
    def _known(self, proposal: dict[str, Any]) -> str:
        if proposal["value"] not in self._panes:
            raise ValueError(f"source must be one of {', '.join(self._panes)}; got {proposal['value']!r}")
        return str(proposal["value"])


def _of_given(given: object, message: Message, changed: Callable[[], None]) -> Pane:
    """Make the pane of what was given from Python; what can be no source is refused here."""
    match given:
        case Sandbox():
            return SandboxPane(changed, given)
        case ItnioVoice():
            return ItnioPane(given)
        case NxWhatsApp():
            return NxCloudPane(message, given)
        case Archive():
            return ArchivePane(given)
        case str() | Path():
            name = Path(given).name
            said = f"The file {name}, given from Python."
            return HeldPane(said, name, lambda: read_cdrs(given), [f"cdrs = ck.read_cdrs({str(given)!r})"])
    frame = as_lazy(given)
    rows = f" of {given.height:,} rows" if isinstance(given, pl.DataFrame) else ""
    said = f"A frame{rows}, given from Python."
    code = ["# cdrs: the frame that was given"]
    return HeldPane(said, "frame", lambda: cdr.validate(frame).collect(), code)
