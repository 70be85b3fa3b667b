"""The two vendors as sources: ITNIO by period, NXCloud by call id."""

from __future__ import annotations

from pathlib import Path

import ipywidgets as widgets

from callkit.fetch import ItnioVoice, NxWhatsApp
from callkit.files import read_ids
from callkit.widgets.workbench.credentials import Credentials
from callkit.widgets.workbench.pieces import Message, labelled, quiet, row
from callkit.widgets.workbench.plans import Plan, of_itnio, of_nxcloud
from callkit.widgets.workbench.sources.pane import Between, Pane
from callkit.widgets.workbench.uploads import Upload, Uploaded

_GIVEN = "Fetched with the client that was given from Python."


class ItnioPane(Pane):
    """ITNIO voice, asked for a period.

    Attributes
    ----------
    credentials : Credentials or None
        None where a client was given from Python.
    """

    asks_period = True

    def __init__(self, given: ItnioVoice | None = None) -> None:
        self._given = given
        self.credentials = (
            Credentials(ItnioVoice, ("api_key", "api_secret"), "https://api.itniotech.com/voice")
            if given is None
            else None
        )
        super().__init__([self.credentials or widgets.HTML(quiet(_GIVEN))])

    def plan(self, between: Between) -> Plan:
        """Fetch the period."""
        client = self._given if self.credentials is None else self.credentials.client()
        assert isinstance(client, ItnioVoice)  # noqa: S101 - there is the one or the other
        made = "client" if self.credentials is None else self.credentials.code("ItnioVoice")
        start, end = between()
        code = [f"cdrs = {made}.fetch({start.isoformat()!r}, {end.isoformat()!r}, progress=False)"]
        return Plan(lambda: [of_itnio(client, start, end)], code)

    def forget(self) -> None:
        """Forget what was typed."""
        if self.credentials is not None:
            self.credentials.forget()


class NxCloudPane(Pane):
    """NXCloud WhatsApp calling, asked call by call.

    Attributes
    ----------
    credentials : Credentials or None
        None where a client was given from Python.
    ids : ipywidgets.Textarea
        Call ids, one a line.
    path : ipywidgets.Text
        The path of a file of call ids.
    upload : Upload
        Takes such a file through the browser.
    """

    about_period = "NXCloud is asked call by call, whatever the period; days and times are told in this zone."

    def __init__(self, message: Message, given: NxWhatsApp | None = None) -> None:
        self._message, self._given = message, given
        self._uploaded: Uploaded | None = None
        names = ("access_key", "access_secret", "app_key", "business_phone")
        self.credentials = (
            Credentials(NxWhatsApp, names, "https://api2.nxcloud.com") if given is None else None
        )
        self.ids = labelled(
            widgets.Textarea,
            "Call ids",
            "98%",
            placeholder="Paste call ids, one a line",
            rows=3,
            continuous_update=False,
        )
        self.path = labelled(
            widgets.Text,
            "or a file",
            "24em",
            placeholder="path of a .txt, .csv or .parquet",
            continuous_update=False,
        )
        self.upload = Upload("or upload one", ".txt,.csv,.parquet", self._came)
        head = self.credentials or widgets.HTML(quiet(_GIVEN))
        super().__init__([head, self.ids, row(self.path, self.upload)])

    def plan(self, between: Between) -> Plan:
        """Fetch the calls with these ids."""
        del between
        client = self._given if self.credentials is None else self.credentials.client()
        assert isinstance(client, NxWhatsApp)  # noqa: S101 - there is the one or the other
        made = "client" if self.credentials is None else self.credentials.code("NxWhatsApp")
        ids, told = self._asked()
        return Plan(lambda: [of_nxcloud(client, ids)], [f"cdrs = {made}.fetch({told}, progress=False)"])

    def forget(self) -> None:
        """Forget what was typed and uploaded."""
        self._uploaded = None
        if self.credentials is not None:
            self.credentials.forget()

    def _asked(self) -> tuple[list[str], str]:
        pasted = [line.strip() for line in self.ids.value.splitlines() if line.strip()]
        path = self.path.value.strip()
        if pasted:
            return pasted, f"{pasted!r}"
        if path:
            return read_ids(Path(path)), f"read_ids(Path({path!r}))"
        if self._uploaded is not None:
            with self._uploaded.as_file() as file:
                return read_ids(file), f"read_ids(Path({self._uploaded.name!r}))"
        raise ValueError(
            "Source: NXCloud is asked call by call: paste call ids, name a file of them, or upload one"
        )

    def _came(self, uploaded: Uploaded) -> None:
        with self._message.telling():
            with uploaded.as_file() as file:
                count = len(read_ids(file))
            self._uploaded = uploaded
            self._message.say(f"{uploaded.name}: {count:,} call ids")
