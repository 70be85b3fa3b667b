"""Where credentials come from, and what keeps them from showing."""

from __future__ import annotations

import os
from importlib import import_module
from typing import NoReturn

__all__ = ["Secret", "from_environment", "from_keyring"]


class Secret:
    """A text that shows nowhere: not in a repr, a log, a traceback that prints variables, nor a pickle."""

    __slots__ = ("_text",)

    def __init__(self, text: object, name: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"{name} must be a text, got {type(text).__name__}")
        if not text.strip():
            raise ValueError(f"{name} is empty: give the value that the vendor's console shows")
        if text != text.strip() or not text.isprintable():
            raise ValueError(f"{name} has blanks around it or unprintable characters in it: copy it again")
        if not text.isascii():
            raise ValueError(f"{name} must be ASCII: an HTTP header cannot carry anything else")
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled or copied: make a new client where it is needed")


def from_environment(names: dict[str, str]) -> dict[str, str]:
    """Read credentials from environment variables.

    Parameters
    ----------
    names
        Argument name → name of the environment variable.

    Raises
    ------
    ValueError
        Names every variable that is not set, or is empty.
    """
    missing = [variable for variable in names.values() if not os.environ.get(variable, "").strip()]
    if missing:
        plural = "s" if len(missing) > 1 else ""
        raise ValueError(
            f"environment variable{plural} not set: {', '.join(missing)}. Set {'them' if plural else 'it'} where this "
            f"program is started from, or keep the credentials in the system's keyring."
        )
    return {argument: os.environ[variable].strip() for argument, variable in names.items()}


def from_keyring(service: str, names: tuple[str, ...]) -> dict[str, str]:
    """Read credentials from the operating system's keyring (the package `keyring`, if it is installed).

    Parameters
    ----------
    service
        The keyring's service name, e.g. `callkit-itnio`.
    names
        The entries' user names, which are the client's argument names.

    Raises
    ------
    ValueError
        The package or a backend is missing, or an entry is: says which, and how to add it.
    """
    problem = ""
    found: dict[str, str | None] = {}
    try:
        keyring = import_module("keyring")
        found = {name: keyring.get_password(service, name) for name in names}
    except ImportError:
        problem = "the package `keyring` is not installed (pip install 'callkit[keyring]')"
    except Exception as error:  # noqa: BLE001 backends raise what they like, and their text may name an entry
        problem = f"no usable backend on this machine ({type(error).__name__})"
    if problem:
        raise ValueError(f"the keyring cannot be read: {problem}. Use environment variables instead.")
    missing = [name for name in names if not (found[name] or "").strip()]
    if missing:
        raise ValueError(
            f"the keyring has no entry for {', '.join(missing)} of service {service!r}. Add it with: "
            + "; ".join(f"keyring set {service} {name}" for name in missing)
        )
    return {name: (text or "").strip() for name, text in found.items()}
