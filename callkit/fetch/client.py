"""What every vendor's client is: settings, a transport, and no secret to show."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from hashlib import pbkdf2_hmac
from typing import Any, ClassVar, NoReturn, Self
from weakref import WeakSet

from callkit.fetch.credentials import Secret, from_environment, from_keyring
from callkit.fetch.settings import Settings
from callkit.fetch.transport import Endpoint, Transport
from callkit.fetch.workers import Notices, Workers

__all__ = ["Client"]


class Client:
    """Base of the vendors' clients. It can be used from several threads, and not be pickled or copied.

    Attributes
    ----------
    base_url
        Where the vendor's API is.
    """

    _environment: ClassVar[dict[str, str]] = {}
    """Argument → environment variable, for `from_env` and `from_keyring`."""
    _keyring_service: ClassVar[str] = ""

    _identity: Sequence[Secret] = ()
    """What tells one account from another."""

    def __init__(self, endpoint: Endpoint, settings: Settings) -> None:
        self._settings = settings
        self._notices = Notices()
        self._transport = Transport(endpoint, settings, self._notices)
        self._under_way: WeakSet[Workers] = WeakSet()

    @classmethod
    def from_env(cls, **settings: Any) -> Self:
        """Make a client with the credentials in the environment.

        Parameters
        ----------
        **settings
            Any other argument of the class.

        Raises
        ------
        ValueError
            Names every environment variable that is missing.
        """
        credentials: dict[str, Any] = from_environment(cls._environment)
        return cls(**credentials, **settings)

    @classmethod
    def from_keyring(cls, **settings: Any) -> Self:
        """Make a client with the credentials in the operating system's keyring.

        Needs the extra `keyring` (`pip install 'callkit[keyring]'`). The entries are `callkit-itnio` or `callkit-nx`,
        with the argument names as user names: `keyring set callkit-itnio api_key`.

        Parameters
        ----------
        **settings
            Any other argument of the class.

        Raises
        ------
        ValueError
            If there is no keyring on this machine, or no such entry; says what to do.
        """
        credentials: dict[str, Any] = from_keyring(cls._keyring_service, tuple(cls._environment))
        return cls(**credentials, **settings)

    @property
    def base_url(self) -> str:
        """Where the vendor's API is."""
        return self._settings.base_url

    @cached_property
    def account(self) -> str:
        """A name for the account that gives nothing of its credentials away: the same for the same account.

        It is a slow, salted digest of the key (not of the secret), so that it cannot be turned back by trying keys.
        """
        known = "\n".join(part.reveal() for part in self._identity).encode()
        return pbkdf2_hmac("sha256", known, f"{self._keyring_service} account".encode(), 200_000).hex()[:12]

    def close(self) -> None:
        """Close idle connections. The client stays usable."""
        self._transport.close()

    def give_up(self) -> None:
        """End what is under way in other threads: within a fraction of a second their fetch raises.

        The client stays usable: what is begun afterwards is not touched.
        """
        for workers in list(self._under_way):
            workers.stop.set()

    def _workers(self) -> Workers:
        workers = Workers(self._settings.max_workers)
        self._under_way.add(workers)
        return workers

    @staticmethod
    def _secrets(**texts: object) -> Sequence[Secret]:
        return [Secret(text, name) for name, text in texts.items()]

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} holds credentials and cannot be pickled or copied: make a new one where it is "
            f"needed, e.g. with {type(self).__name__}.from_env()"
        )
