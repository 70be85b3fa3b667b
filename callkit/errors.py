"""What can go wrong, as exceptions: every one of them is a `CallkitError`.

    CallkitError
    ├── SchemaError              a frame is not what it should be
    ├── ArchiveError             the archive cannot be read or written
    │   └── ArchiveBusy          another process writes to it
    ├── IncompleteFetch          what came is not what the vendor said there is
    └── VendorError              the vendor (or the way to it) answered with an error
        ├── AuthenticationError  the credentials, the signature or the permission
        ├── InvalidRequest       the vendor refused the parameters
        ├── OutOfRange           the period asked for is not one the vendor shows
        └── RateLimited          too many requests

A message says what happened, to which request, and what to do about it. Bad arguments raise
`ValueError` or `TypeError` before anything is sent. No message ever holds a secret.
"""

from __future__ import annotations

__all__ = [
    "ArchiveBusy",
    "ArchiveError",
    "AuthenticationError",
    "CallkitError",
    "IncompleteFetch",
    "InvalidRequest",
    "OutOfRange",
    "RateLimited",
    "SchemaError",
    "VendorError",
]


class CallkitError(Exception):
    """The root of everything that callkit raises on purpose."""


class SchemaError(CallkitError):
    """A frame does not have the documented columns, dtypes or values."""


class ArchiveError(CallkitError):
    """The archive cannot be read or written. What was committed to it before is intact."""


class ArchiveBusy(ArchiveError):
    """Another process writes to the archive."""


class IncompleteFetch(CallkitError):
    """The records that came are not the records that the vendor counted.

    Attributes
    ----------
    window : str
        The stretch of time (or the ids) that could not be completed.
    expected, received : int or None
        How many records the vendor announced, and how many distinct ones came.
    """

    def __init__(
        self, message: str, *, window: str, expected: int | None = None, received: int | None = None
    ) -> None:
        super().__init__(message)
        self.window = window
        self.expected = expected
        self.received = received

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (
            type(self),
            self.args[0],
            {"window": self.window, "expected": self.expected, "received": self.received},
        )


class VendorError(CallkitError):
    """The vendor answered with an error, or did not answer at all.

    Attributes
    ----------
    code : int or None
        The vendor's own code (`-18`, `9001`), the HTTP status where there was none, or None where
        no answer came.
    reason : str
        What the vendor said, or what happened on the way to it.
    hint : str
        What to do about it.
    """

    def __init__(self, message: str, *, code: int | None = None, reason: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (
            type(self),
            self.args[0],
            {"code": self.code, "reason": self.reason, "hint": self.hint},
        )


class AuthenticationError(VendorError):
    """The credentials, the signature, the clock, the address or the permission was refused."""


class InvalidRequest(VendorError):
    """The vendor refused the request's parameters."""


class OutOfRange(VendorError):
    """The period asked for lies outside of what the vendor shows."""


class RateLimited(VendorError):
    """The vendor asked for fewer requests, and kept asking for as long as we retried."""


def _rebuild(
    kind: type[CallkitError], message: str, fields: dict[str, object]
) -> CallkitError:  # an exception with keyword arguments must say itself how it is pickled
    return kind(message, **fields)
