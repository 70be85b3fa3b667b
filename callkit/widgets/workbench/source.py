"""The source section: where the call records come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import polars as pl
import traitlets

from callkit import cdr
from callkit.archive import Archive
from callkit.cdr import as_lazy
from callkit.fetch import ItnioVoice, NxWhatsApp
from callkit.files import read_cdrs, read_ids
from callkit.sandbox import Sandbox
from callkit.sandbox.settings import NOW, PERIOD
from callkit.widgets.workbench.credentials import Credentials
from callkit.widgets.workbench.pieces import Message, Section, folded, labelled, quiet, row, shown
from callkit.widgets.workbench.plans import Plan, of_archive, of_frame, of_itnio, of_nxcloud, of_sandbox
from callkit.widgets.workbench.uploads import HINT, Upload, Uploaded

KINDS = [
    ("Sandbox", "sandbox"),
    ("ITNIO", "itnio"),
    ("NXCloud", "nxcloud"),
    ("File", "file"),
    ("Archive", "archive"),
]
_GIVEN = ("Given from Python", "given")
_SERVED = [("ITNIO voice", "itnio"), ("NXCloud WhatsApp", "nx"), ("both vendors", "both")]
FILES = ".parquet,.csv,.xlsx"


class SourceSection(Section):
    """Where the records come from.

    Attributes
    ----------
    value : str
        `sandbox`, `itnio`, `nxcloud`, `file`, `archive`; `given` for what was given from Python.
    calls, seed, vendor : ipywidgets widgets
        The sandbox's: how many calls, which month, and which vendor (`itnio`, `nx`, `both`).
    itnio, nxcloud : Credentials
        The vendors' credentials.
    ids : ipywidgets.Textarea
        Call ids for NXCloud, one a line.
    ids_path, path, archive_path : ipywidgets.Text
        Paths of a file of call ids, a file of records, and an archive.
    file_format, file_zone, file_columns : ipywidgets widgets
        How a file of records is read.
    upload, ids_upload : Upload
        Take the same files through the browser.
    message : Message
        What is wrong with a file of ids.
    """

    value = traitlets.Unicode("sandbox", help="where the records come from")

    def __init__(self, given: object, changed: Callable[[], None]) -> None:
        self._given, self._changed = given, changed
        self._uploaded: Uploaded | None = None
        self._ids: Uploaded | None = None
        self._made: tuple[int, int, Sandbox] | None = None
        kinds = [*KINDS, *([_GIVEN] if given is not None else [])]
        self.choice = widgets.ToggleButtons(
            options=kinds,
            value="sandbox",
            style={"button_width": "auto"},
            tooltips=[name for name, _ in kinds],
        )
        self.message = Message()
        self._panes = {
            "sandbox": self._sandbox(),
            "itnio": self._itnio(),
            "nxcloud": self._nxcloud(),
            "file": self._file(),
            "archive": self._archive(),
            "given": widgets.HTML(quiet(_described(given))),
        }
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
    def now(self) -> datetime:
        """The vendor's clock: a sandbox has one of its own."""
        if self.value == "given" and isinstance(self._given, Sandbox):
            return self._given.now
        return NOW if self.value == "sandbox" else datetime.now(UTC)

    @property
    def months(self) -> tuple[datetime, datetime] | None:
        """The period that the source has calls of, where that is known beforehand."""
        if self.value == "given" and isinstance(self._given, Sandbox):
            return self._given.period
        return PERIOD if self.value == "sandbox" else None

    @property
    def asks_period(self) -> bool:
        """Whether it is asked for a period."""
        if self.is_sandbox:
            return bool(self.vendor.value != "nx")
        return bool(self.value == "itnio") or self.reads_archive or self._gave(ItnioVoice)

    @property
    def asks_ids(self) -> bool:
        """Whether it is asked call by call."""
        return self.value == "nxcloud" or self._gave(NxWhatsApp)

    @property
    def reads_archive(self) -> bool:
        """Whether it is an archive."""
        return self.value == "archive" or self._gave(Archive)

    @property
    def is_sandbox(self) -> bool:
        """Whether it is a sandbox."""
        return self.value == "sandbox" or self._gave(Sandbox)

    def sandbox(self) -> Sandbox:
        """Give the sandbox that is the source; a month is made once, and takes its time where it is large."""
        if isinstance(self._given, Sandbox) and self.value == "given":
            return self._given
        calls, seed = self.calls.value, self.seed.value
        if self._made is None or self._made[:2] != (calls, seed):
            self._made = (calls, seed, Sandbox(calls, seed))
        return self._made[2]

    @property
    def kept(self) -> Archive | None:
        """The archive that the records are from."""
        if self.value == "archive":
            return self._opened()
        return self._given if isinstance(self._given, Archive) and self.value == "given" else None

    def plan(self, between: Callable[[], tuple[datetime, datetime]]) -> Plan:
        """Say what is to be fetched; `between` is asked only where the source is asked for a period.

        Raises
        ------
        ValueError
            If something is missing that was to be typed or chosen.
        """
        if self.value == "sandbox":
            return self._of_sandbox(None, *between())
        if self.value == "itnio":
            client = self.itnio.client()
            return _period_plan(client, self.itnio.code("ItnioVoice"), *between())
        if self.value == "nxcloud":
            return self._of_nxcloud(self.nxcloud.client(), self.nxcloud.code("NxWhatsApp"))
        if self.value == "file":
            return self._of_file()
        if self.value == "archive":
            archive, (start, end) = self._opened(), between()
            code = [f"archive = ck.Archive({self.archive_path.value.strip()!r})", *_archive_code(start, end)]
            return Plan(lambda: [of_archive(archive, start, end)], code)
        return self._of_given(between)

    def forget(self) -> None:
        """Forget everything typed or uploaded."""
        self.itnio.forget()
        self.nxcloud.forget()
        self._uploaded = self._ids = self._made = None

    def _gave(self, kind: type[object]) -> bool:
        return bool(self.value == "given") and isinstance(self._given, kind)

    def _turned(self, _change: object = None) -> None:
        for kind, pane in self._panes.items():
            shown(pane, yes=kind == self.value)
        self.message.clear()
        self._changed()

    @traitlets.validate("value")
    def _known(self, proposal: dict[str, Any]) -> str:
        kinds = [value for _, value in self.choice.options]
        if proposal["value"] not in kinds:
            raise ValueError(f"source must be one of {', '.join(kinds)}; got {proposal['value']!r}")
        return str(proposal["value"])

    def _sandbox(self) -> Any:
        self.vendor = labelled(widgets.Dropdown, "Vendor", options=_SERVED, value="itnio")
        self.calls = labelled(
            widgets.BoundedIntText, "Calls", "11em", value=5_000, min=0, max=1_000_000, step=1_000
        )
        self.seed = labelled(widgets.BoundedIntText, "Seed", "9em", value=7, min=0, max=2**31)
        said = (
            "Both vendors' APIs on this machine, with a month of calls that were billed wrongly on purpose."
        )
        self.vendor.observe(lambda _: self._changed(), "value")
        self.calls.observe(lambda _: self._changed(), "value")
        self.seed.observe(lambda _: self._changed(), "value")
        return widgets.VBox([row(self.vendor, self.calls, self.seed), widgets.HTML(quiet(said))])

    def _itnio(self) -> Any:
        self.itnio = Credentials(ItnioVoice, ("api_key", "api_secret"), "https://api.itniotech.com/voice")
        return self.itnio

    def _nxcloud(self) -> Any:
        names = ("access_key", "access_secret", "app_key", "business_phone")
        self.nxcloud = Credentials(NxWhatsApp, names, "https://api2.nxcloud.com")
        self.ids = labelled(
            widgets.Textarea,
            "Call ids",
            "98%",
            placeholder="Paste call ids, one a line",
            rows=3,
            continuous_update=False,
        )
        self.ids_path = labelled(
            widgets.Text,
            "or a file",
            "24em",
            placeholder="path of a .txt, .csv or .parquet",
            continuous_update=False,
        )
        self.ids_upload = Upload("or upload one", ".txt,.csv,.parquet", self._ids_came)
        return widgets.VBox([self.nxcloud, self.ids, row(self.ids_path, self.ids_upload)])

    def _file(self) -> Any:
        self.path = labelled(
            widgets.Text, "Path", "30em", placeholder="calls.parquet, .csv or .xlsx", continuous_update=False
        )
        self.upload = Upload("or upload", FILES, self._file_came)
        self.file_format = labelled(
            widgets.Dropdown,
            "Written by",
            options=[("callkit", "callkit"), ("NXCloud's webhook", "nx-webhook")],
        )
        self.file_zone = labelled(widgets.Text, "Zone of times without one", "24em", continuous_update=False)
        self.file_columns = labelled(
            widgets.Text, "Columns", "34em", placeholder="B-number = callee, Seconds = call_duration",
            continuous_update=False,
        )  # fmt: skip
        more = folded("How it is read", row(self.file_format, self.file_zone), self.file_columns)
        return widgets.VBox([row(self.path, self.upload), more, widgets.HTML(quiet(HINT))])

    def _archive(self) -> Any:
        self.archive_path = labelled(
            widgets.Text, "Archive", "30em", placeholder="folder or s3://…", continuous_update=False
        )
        return widgets.VBox(
            [self.archive_path, widgets.HTML(quiet("What callkit sync keeps, in its newest version."))]
        )

    def _ids_came(self, uploaded: Uploaded) -> None:
        with self.message.telling():
            with uploaded.as_file() as file:
                count = len(read_ids(file))
            self._ids = uploaded
            self.message.say(f"{uploaded.name}: {count:,} call ids")

    def _file_came(self, uploaded: Uploaded) -> None:
        self._uploaded = uploaded
        self.path.value = ""
        self.message.say(f"{uploaded.name}: {len(uploaded.content) / 1e6:,.1f} MB uploaded. Now fetch.")

    def _of_sandbox(self, given: Sandbox | None, start: datetime, end: datetime) -> Plan:
        vendor = self.vendor.value
        fetched = []
        if vendor in ("itnio", "both"):
            fetched.append(
                f"sandbox.itnio_voice().fetch({start.isoformat()!r}, {end.isoformat()!r}, progress=False)"
            )
        if vendor in ("nx", "both"):
            fetched.append("sandbox.nx_whatsapp().fetch(sandbox.call_ids, progress=False)")
        cdrs = fetched[0] if len(fetched) == 1 else f"pl.concat([{', '.join(fetched)}])"
        made = (
            "sandbox"
            if given is not None
            else f"ck.Sandbox(calls={self.calls.value}, seed={self.seed.value})"
        )
        code = [f"with {made} as sandbox:", f"    cdrs = {cdrs}"]
        opened: list[Sandbox] = []

        @contextmanager
        def serving() -> Iterator[None]:
            opened[:] = [self.sandbox()]
            with nullcontext() if _runs(opened[0]) else opened[0]:
                yield

        return Plan(lambda: of_sandbox(opened[0], vendor, start, end), code, serving())

    def _of_nxcloud(self, client: Any, made: str) -> Plan:
        ids, code = self._asked_ids()
        return Plan(lambda: [of_nxcloud(client, ids)], [f"cdrs = {made}.fetch({code}, progress=False)"])

    def _asked_ids(self) -> tuple[list[str], str]:
        pasted = [line.strip() for line in self.ids.value.splitlines() if line.strip()]
        path = self.ids_path.value.strip()
        if pasted:
            return pasted, f"{pasted!r}"
        if path:
            return read_ids(Path(path)), f"read_ids(Path({path!r}))"
        if self._ids is not None:
            with self._ids.as_file() as file:
                ids = read_ids(file)
            return ids, f"read_ids(Path({self._ids.name!r}))"
        raise ValueError(
            "Source: NXCloud is asked call by call: paste call ids, name a file of them, or upload one"
        )

    def _of_file(self) -> Plan:
        options: dict[str, Any] = {}
        if self.file_format.value != "callkit":
            options["format"] = self.file_format.value
        if columns := mapping(self.file_columns.value):
            options["columns"] = columns
        if zone := self.file_zone.value.strip():
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

    def _opened(self) -> Archive:
        path = self.archive_path.value.strip()
        if not path:
            raise ValueError("Source: name the folder or the address of the archive")
        return Archive(path)

    def _of_given(self, between: Callable[[], tuple[datetime, datetime]]) -> Plan:
        given = self._given
        match given:
            case Sandbox():
                return self._of_sandbox(given, *between())
            case ItnioVoice():
                return _period_plan(given, "client", *between())
            case NxWhatsApp():
                return self._of_nxcloud(given, "client")
            case Archive():
                first, last = between()
                return Plan(lambda: [of_archive(given, first, last)], _archive_code(first, last))
            case str() | Path():
                return Plan(
                    lambda: [of_frame(Path(given).name, lambda: read_cdrs(given))],
                    [f"cdrs = ck.read_cdrs({str(given)!r})"],
                )
        frame = cdr.validate(as_lazy(given)).collect()
        return Plan(lambda: [of_frame("frame", lambda: frame)], ["# cdrs: the frame that was given"])


def _runs(sandbox: Sandbox) -> bool:
    try:
        return bool(sandbox.url)
    except RuntimeError:
        return False


def mapping(text: str) -> dict[str, str]:
    """Read `Theirs = ours, Other = ours` into a mapping.

    Raises
    ------
    ValueError
        If a part has no equals sign.
    """
    told = {}
    for part in text.split(","):
        if not part.strip():
            continue
        theirs, sign, ours = part.rpartition("=")
        if not sign or not theirs.strip() or not ours.strip():
            raise ValueError(
                f"Columns: write 'their name = our name', separated by commas; got {part.strip()!r}"
            )
        told[theirs.strip()] = ours.strip()
    return told


def _period_plan(client: ItnioVoice | NxWhatsApp, made: str, start: datetime, end: datetime) -> Plan:
    code = [f"cdrs = {made}.fetch({start.isoformat()!r}, {end.isoformat()!r}, progress=False)"]
    assert isinstance(client, ItnioVoice)  # noqa: S101 - made by the pane of ITNIO
    return Plan(lambda: [of_itnio(client, start, end)], code)


def _archive_code(start: datetime, end: datetime) -> list[str]:
    return [
        'at = pl.coalesce("submitted_at", "answered_at", "ended_at")',
        f"start, end = datetime.fromisoformat({start.isoformat()!r}), datetime.fromisoformat({end.isoformat()!r})",
        "cdrs = archive.scan().filter(at.is_between(start, end, closed='left')).pipe(ck.cdr.sort).collect()",
    ]


def _described(given: object) -> str:
    match given:
        case None:
            return ""
        case pl.DataFrame():
            return f"A frame of {given.height:,} rows, given from Python."
        case str() | Path():
            return f"The file {Path(given).name}, given from Python."
    return f"{type(given).__name__}, given from Python."
