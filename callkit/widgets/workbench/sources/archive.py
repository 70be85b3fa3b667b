"""An archive as a source."""

from __future__ import annotations

import ipywidgets as widgets

from callkit.archive import Archive
from callkit.widgets.workbench.pieces import labelled, quiet
from callkit.widgets.workbench.plans import Plan, of_archive
from callkit.widgets.workbench.sources.pane import Between, Pane

_ABOUT = "What callkit sync keeps, in its newest version."


class ArchivePane(Pane):
    """What `callkit sync` keeps, taken day by day.

    Attributes
    ----------
    path : ipywidgets.Text
        The archive's folder or address; of no effect where an archive was given from Python.
    """

    asks_period = True
    about_period = "Calls of these days are taken out of the archive."

    def __init__(self, given: Archive | None = None) -> None:
        self._given = given
        self.path = labelled(
            widgets.Text, "Archive", "30em", placeholder="folder or s3://…", continuous_update=False
        )
        said = _ABOUT if given is None else f"{_ABOUT} Given from Python."
        super().__init__([*([self.path] if given is None else []), widgets.HTML(quiet(said))])

    @property
    def kept(self) -> Archive:
        """The archive."""
        if self._given is not None:
            return self._given
        path = self.path.value.strip()
        if not path:
            raise ValueError("Source: name the folder or the address of the archive")
        return Archive(path)

    def plan(self, between: Between) -> Plan:
        """Take the newest version of every record of the period."""
        archive, (start, end) = self.kept, between()
        opened = [] if self._given is not None else [f"archive = ck.Archive({self.path.value.strip()!r})"]
        code = [
            *opened,
            'at = pl.coalesce("submitted_at", "answered_at", "ended_at")',
            f"start, end = datetime.fromisoformat({start.isoformat()!r}), datetime.fromisoformat({end.isoformat()!r})",
            "cdrs = archive.scan().filter(at.is_between(start, end, closed='left')).pipe(ck.cdr.sort).collect()",
        ]
        return Plan(lambda: [of_archive(archive, start, end)], code)
