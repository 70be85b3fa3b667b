"""What a user may set on a client, checked before anything is sent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["Settings", "is_loopback", "positive_int"]


@dataclass(frozen=True)
class Settings:
    """How to reach a vendor. `ItnioVoice` and `NxWhatsApp` describe each setting."""

    base_url: str
    timeout: float = 30.0
    max_attempts: int = 6
    max_workers: int = 4
    requests_per_second: float | None = None
    max_response_bytes: int = 32 * 1024 * 1024
    ca_bundle: str | Path | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", _checked_url(self.base_url))
        _positive("timeout", self.timeout)
        positive_int("max_attempts", self.max_attempts)
        positive_int("max_workers", self.max_workers)
        positive_int("max_response_bytes", self.max_response_bytes)
        if self.requests_per_second is not None:
            _positive("requests_per_second", self.requests_per_second)
        if self.ca_bundle is not None:
            if not isinstance(self.ca_bundle, str | Path):
                raise TypeError(
                    f"ca_bundle must be the path of a CA bundle, got {type(self.ca_bundle).__name__}; "
                    f"certificates are always verified"
                )
            if not Path(self.ca_bundle).exists():
                raise ValueError(f"ca_bundle {str(self.ca_bundle)!r} does not exist")


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine itself."""
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def positive_int(name: str, value: object) -> int:
    """Check that a setting is a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number, got {type(value).__name__}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}")
    return value


def _positive(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, got {type(value).__name__}")
    if not math.isfinite(value) or value <= 0:
        raise ValueError(f"{name} must be a finite number above 0, got {value}")


def _checked_url(url: object) -> str:
    """Never repeats a URL that is wrong: what is wrong about it may be the password in it."""
    if not isinstance(url, str):
        raise TypeError(f"base_url must be a text, got {type(url).__name__}")
    if not url.isprintable() or " " in url or "\\" in url:
        raise ValueError("base_url has blanks, backslashes or unprintable characters in it")
    problem = ""
    scheme = host = ""
    try:
        parts = urlsplit(url)
        scheme, host = parts.scheme.lower(), parts.hostname or ""
        _ = parts.port
        if "@" in parts.netloc:
            problem = "base_url must hold no user name or password: credentials are given apart"
        elif parts.query or parts.fragment or "?" in url or "#" in url:
            problem = "base_url must hold no query and no fragment: credentials are given apart"
    except ValueError:
        problem = "base_url cannot be read as a URL"
    if problem:
        raise ValueError(problem)
    if scheme not in ("http", "https") or not host:
        raise ValueError("base_url must begin with https:// and name a host")
    if scheme == "http" and not is_loopback(host):
        raise ValueError(
            f"base_url is http:// to {host}: keys would travel in the clear. Use https://; "
            f"plain http is allowed only to this machine (127.0.0.1, ::1, localhost)."
        )
    return url.rstrip("/")
