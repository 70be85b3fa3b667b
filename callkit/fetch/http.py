"""What happened on the way, in HTTP's terms, and what to do about it."""

from __future__ import annotations

import re
import socket
import time
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from requests.exceptions import ConnectTimeout, ProxyError, ReadTimeout, SSLError

from callkit.errors import AuthenticationError, InvalidRequest, RateLimited, VendorError

__all__ = ["Reply", "http_date", "http_meaning", "retry_after", "what_happened"]

_LONGEST_RETRY_AFTER = 60.0


class Reply(NamedTuple):
    """A whole answer: the status, two headers, and the body, decompressed."""

    status: int
    date: str
    retry_after: str
    body: bytes


def what_happened(error: Exception, timeout: float) -> tuple[str, str, bool]:
    """Say what went wrong on the way, in our words: the library's would quote addresses and proxies."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and len(chain) < 8:
        chain.append(link)
        inner = next(
            (a for a in (getattr(link, "reason", None), *link.args) if isinstance(a, BaseException)), None
        )
        link = inner or link.__cause__ or link.__context__
    if isinstance(error, ProxyError):
        return "the proxy did not connect us", "Check HTTPS_PROXY and NO_PROXY.", True
    if isinstance(error, SSLError):
        return (
            "the TLS connection could not be verified",
            "If a company's gateway re-signs traffic, give its certificate as ca_bundle; verification stays on.",
            False,
        )
    if isinstance(error, ConnectTimeout | ReadTimeout) or any(isinstance(e, TimeoutError) for e in chain):
        return f"no complete answer within {timeout:g} s", "Raise timeout, or try again later.", True
    if any(isinstance(e, socket.gaierror) for e in chain):
        return "the host's name is not known here", "Check the network and base_url.", True
    kind = type(chain[-1]).__name__
    return f"the connection failed ({kind})", "Check the network and base_url, or try again later.", True


def http_meaning(status: int) -> tuple[type[VendorError], str, bool]:
    """Give the exception, the hint, and whether to try again."""
    if status in (401, 403):
        return (
            AuthenticationError,
            "Check the credentials, and whether this machine's address is allowed.",
            False,
        )
    if status == 404:
        return VendorError, "There is no such address: check base_url.", False
    if status == 429:
        return RateLimited, "Set requests_per_second, or fewer max_workers.", True
    if status in (408, 425) or status >= 500:
        return VendorError, "The vendor's server has a problem: try again later.", True
    if status in (400, 422):
        return InvalidRequest, "The vendor refused the request: check the arguments.", False
    if 300 <= status < 400:
        return (
            VendorError,
            "Redirects are not followed, so that no key goes elsewhere: check base_url.",
            False,
        )
    return VendorError, "Check base_url.", False


def http_date(text: str) -> float | None:
    """Read a date as HTTP writes it, to Unix seconds."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def retry_after(reply: Reply) -> float | None:
    """Say how many seconds the server asks us to wait, within reason; None where it does not say."""
    text = reply.retry_after.strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(float(text), _LONGEST_RETRY_AFTER)
    until = http_date(text) if text else None
    if until is None:
        return None
    # Both dates by the server's clock, if it says its own.
    now = http_date(reply.date)
    return min(max(until - (time.time() if now is None else now), 0.0), _LONGEST_RETRY_AFTER)
