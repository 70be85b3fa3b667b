"""Credentials: from the environment, the keyring, or typed; what is typed leaves the field at once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, TypeVar

import ipywidgets as widgets

from callkit.fetch import ItnioVoice, NxWhatsApp
from callkit.fetch.credentials import Secret
from callkit.widgets.workbench.pieces import button, labelled, quiet, row, shown

Client = TypeVar("Client", ItnioVoice, NxWhatsApp)

WAYS = [
    ("from the environment", "environment"),
    ("from the keyring", "keyring"),
    ("typed here", "typed"),
]


class Credentials(widgets.VBox):  # type: ignore[misc]  # ipywidgets ships no types
    """Makes a vendor's client, and shows nothing of its secrets.

    Attributes
    ----------
    way : ipywidgets.Dropdown
        `environment`, `keyring` or `typed`.
    fields : dict of str to ipywidgets.Password
        By the client's argument names. What is typed, or set from Python, is taken out at once: neither the browser nor
        a saved notebook keeps it.
    address : ipywidgets.Text
        Where the vendor's API is.
    """

    def __init__(
        self, vendor: type[ItnioVoice] | type[NxWhatsApp], names: Sequence[str], address: str
    ) -> None:
        self._vendor = vendor
        self._typed: dict[str, Secret] = {}
        self._variables = [vendor._environment[name] for name in names]  # noqa: SLF001 - the client's own list
        there = all(os.environ.get(variable, "").strip() for variable in self._variables)
        self.way = labelled(
            widgets.Dropdown, "Credentials", options=WAYS, value="environment" if there else "typed"
        )
        self.fields = {
            name: labelled(
                widgets.Password, name.replace("_", " ").capitalize(), "21em", continuous_update=False
            )
            for name in names
        }
        self.address = labelled(widgets.Text, "Address", "24em", value=address, continuous_update=False)
        self._forget = button("Forget", "Forget what was typed")
        self._told = widgets.HTML()
        self._typing = row(*self.fields.values(), self._forget)
        super().__init__([row(self.way, self.address), self._typing, self._told])
        self.way.observe(self._tell, "value")
        for name, field in self.fields.items():
            field.observe(self._taker(name), "value")
        self._forget.on_click(lambda _: self.forget())
        self._tell()

    def client(self) -> ItnioVoice | NxWhatsApp:
        """Make the client.

        Raises
        ------
        ValueError
            If something is missing: says what, and where it could be.
        """
        settings: dict[str, Any] = {"base_url": self.address.value.strip()}
        match self.way.value:
            case "environment":
                return self._vendor.from_env(**settings)
            case "keyring":
                return self._vendor.from_keyring(**settings)
        missing = [name.replace("_", " ") for name in self.fields if name not in self._typed]
        if missing:
            raise ValueError(
                f"Credentials: type the {', the '.join(missing)}, or take them from the environment "
                f"({', '.join(self._variables)}) or the keyring."
            )
        typed: dict[str, Any] = {name: secret.reveal() for name, secret in self._typed.items()}
        return self._vendor(**typed, **settings)

    def forget(self) -> None:
        """Forget what was typed."""
        self._typed.clear()
        self._tell()

    def code(self, name: str) -> str:
        """Write how to make the client; typed secrets are left to the environment."""
        how = "from_keyring" if self.way.value == "keyring" else "from_env"
        usual = {"ItnioVoice": "https://api.itniotech.com/voice", "NxWhatsApp": "https://api2.nxcloud.com"}
        address = self.address.value.strip()
        given = "" if address == usual[name] else f"base_url={address!r}"
        return f"ck.{name}.{how}({given})"

    def _taker(self, name: str) -> Any:
        def taken(change: dict[str, Any]) -> None:
            text = change["new"]
            if not text:
                return
            self.fields[name].value = ""
            try:
                self._typed[name] = Secret(text.strip(), name)
            except (ValueError, TypeError) as error:
                self._told.value = quiet(str(error)).replace("ckw-quiet", "ckw-error")
                return
            self._tell()

        return taken

    def _tell(self, _change: object = None) -> None:
        typed = self.way.value == "typed"
        shown(self._typing, yes=typed)
        for name, field in self.fields.items():
            field.placeholder = "entered" if name in self._typed else ""
        if typed:
            said = (
                "What you type leaves the field at once, and stays in this kernel's memory until you close."
            )
        elif self.way.value == "keyring":
            said = f"Entries of the keyring's service {self._vendor._keyring_service}."  # noqa: SLF001 - as above
        else:
            missing = [name for name in self._variables if not os.environ.get(name, "").strip()]
            said = f"Not set: {', '.join(missing)}." if missing else f"Found: {', '.join(self._variables)}."
        self._told.value = quiet(said)
