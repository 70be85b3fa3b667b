"""Bad arguments are told before anything is sent."""

import sys
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from callkit.fetch import ItnioVoice, NxWhatsApp

NX = {"access_key": "a", "access_secret": "b", "app_key": "c", "business_phone": "86133"}


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        ({"api_key": ""}, ValueError, "api_key is empty"),
        ({"api_secret": " "}, ValueError, "api_secret is empty"),
        ({"api_key": None}, TypeError, "api_key must be a text"),
        ({"api_key": "käse"}, ValueError, "ASCII"),
        ({"api_secret": "a\nb"}, ValueError, "unprintable"),
        ({"timeout": 0}, ValueError, "timeout"),
        ({"timeout": float("nan")}, ValueError, "timeout"),
        ({"timeout": "30"}, TypeError, "timeout"),
        ({"timeout": True}, TypeError, "timeout"),
        ({"max_attempts": 0}, ValueError, "max_attempts"),
        ({"max_workers": -1}, ValueError, "max_workers"),
        ({"max_workers": 2.0}, TypeError, "max_workers"),
        ({"max_response_bytes": 0}, ValueError, "max_response_bytes"),
        ({"requests_per_second": 0}, ValueError, "requests_per_second"),
        ({"ca_bundle": False}, TypeError, "always verified"),
        ({"ca_bundle": "/no/such/file"}, ValueError, "does not exist"),
        ({"base_url": "http://api.itniotech.com/voice"}, ValueError, "https://"),
        ({"base_url": "http://127.0.0.1.evil.example/voice"}, ValueError, "https://"),
        ({"base_url": "ftp://127.0.0.1/voice"}, ValueError, "https://"),
        ({"base_url": "api.itniotech.com"}, ValueError, "https://"),
        ({"base_url": "https://me:hunter2@api.itniotech.com/voice"}, ValueError, "user name or password"),
        ({"base_url": "https://api.itniotech.com/voice?key=hunter2"}, ValueError, "query"),
        ({"base_url": "https://api.itniotech.com:99999/"}, ValueError, "URL"),
        ({"base_url": None}, TypeError, "base_url"),
    ],
)
def test_settings(settings, error, says):
    """A setting that cannot work raises at once, names itself, and repeats no password."""
    with pytest.raises(error, match=says) as caught:
        ItnioVoice(**{"api_key": "a", "api_secret": "b", **settings})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("start", "end", "error", "says"),
    [
        ("2022-04-01T00:00:00+08:00", "2022-04-31T00:00:00+08:00", ValueError, "2022-04-31"),
        ("2022-04-01T00:00:00", "2022-04-02T00:00:00+08:00", ValueError, "no zone"),
        ("2022-04-01", "2022-04-02", ValueError, "no zone"),
        (datetime(2022, 4, 1), datetime(2022, 4, 2, tzinfo=UTC), ValueError, "no zone"),  # noqa: DTZ001 the point of it
        (
            datetime(2022, 4, 2, tzinfo=UTC),
            datetime(2022, 4, 1, tzinfo=UTC),
            ValueError,
            "start is after end",
        ),
        (date(2022, 4, 1), date(2022, 4, 2), TypeError, "datetime"),
        (1650000000, 1650003600, TypeError, "datetime"),
        ("yesterday", "2022-04-02T00:00:00Z", ValueError, "yesterday"),
        (datetime.max.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), ValueError, "years"),
    ],
)
def test_periods(kit, start, end, error, says):
    """Dates that do not exist, have no zone or are the wrong way round raise before anything is sent."""
    with kit.Stub(b"") as stub:
        client = stub.itnio()
        with pytest.raises(error, match=says):
            client.fetch(start, end)
        with pytest.raises(error, match=says):
            client.batches(start, end)
        assert stub.requests == []


def test_limit_and_progress(kit):
    """A limit that is not positive, and a progress that is no yes or no, raise before anything is sent."""
    with kit.Stub(b"") as stub:
        for limit, error in ((0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError)):
            with pytest.raises(error, match="limit"):
                stub.itnio().fetch(kit.START, kit.START + timedelta(days=1), limit=limit)
        with pytest.raises(TypeError, match="progress"):
            stub.itnio().fetch(kit.START, kit.START + timedelta(days=1), progress="yes")
        assert stub.requests == []


@pytest.mark.parametrize(
    ("call_ids", "error"),
    [
        ("one-id", TypeError),
        (b"one-id", TypeError),
        (7, TypeError),
        (["a", None], TypeError),
        (["a", 7], TypeError),
        (["a", ""], ValueError),
        (["\ud800"], ValueError),
    ],
)
def test_call_ids(kit, call_ids, error):
    """What is not several texts raises before anything is sent."""
    with kit.Stub(b"") as stub:
        for ask in (stub.nx().fetch, stub.nx().batches):
            with pytest.raises(error, match="id"):
                ask(call_ids)
        assert stub.requests == []


def test_algorithm():
    """An unknown algorithm raises and names the known ones."""
    for algorithm in ("sha1", "MD5", None):
        with pytest.raises(ValueError, match="md5, sha256"):
            NxWhatsApp(**NX, algorithm=algorithm)


def test_from_env(monkeypatch):
    """Missing variables are all named in one error; set ones make a client."""
    names = [
        "CALLKIT_NX_ACCESS_KEY",
        "CALLKIT_NX_ACCESS_SECRET",
        "CALLKIT_NX_APP_KEY",
        "CALLKIT_NX_BUSINESS_PHONE",
    ]
    for name in names:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match=", ".join(names)):
        NxWhatsApp.from_env()
    monkeypatch.setenv("CALLKIT_ITNIO_API_KEY", "k")
    monkeypatch.setenv("CALLKIT_ITNIO_API_SECRET", "s")
    assert ItnioVoice.from_env(base_url="http://127.0.0.1:1/voice/").base_url == "http://127.0.0.1:1/voice"


def test_from_keyring(monkeypatch):
    """The keyring's entries make a client; a missing package, backend or entry is a clear message."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ValueError, match=r"pip install 'callkit\[keyring\]'"):
        ItnioVoice.from_keyring()

    def broken(*_):
        raise RuntimeError("secret-in-a-backend")

    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=broken))
    with pytest.raises(ValueError, match="no usable backend") as caught:
        ItnioVoice.from_keyring()
    assert "secret-in" not in str(caught.value)
    assert caught.value.__context__ is None
    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password={}.get))
    monkeypatch.setattr(sys.modules["keyring"], "get_password", lambda *_: None)
    with pytest.raises(ValueError, match="keyring set callkit-itnio api_key"):
        ItnioVoice.from_keyring()
    monkeypatch.setattr(sys.modules["keyring"], "get_password", lambda _service, name: name)
    assert ItnioVoice.from_keyring().base_url.startswith("https://")


def test_real_keyrings():
    """With the package itself: a machine without a backend is told so, and a backend that works makes a client."""
    keyring = pytest.importorskip("keyring", reason="keyring is an extra")
    backend = pytest.importorskip("keyring.backend", reason="keyring is an extra")
    fail = pytest.importorskip("keyring.backends.fail", reason="keyring is an extra")
    before = keyring.get_keyring()

    class InMemory(backend.KeyringBackend):
        priority = 0

        def get_password(self, service, username):
            return f"{service}/{username}"

        def set_password(self, service, username, password):
            raise NotImplementedError

    try:
        keyring.set_keyring(fail.Keyring())
        with pytest.raises(
            ValueError, match=r"no usable backend on this machine .NoKeyringError.*environment variables"
        ):
            ItnioVoice.from_keyring()
        keyring.set_keyring(InMemory())
        client = NxWhatsApp.from_keyring(base_url="http://127.0.0.1:1")
        assert client._transport._endpoint.secrets[0].reveal() == "callkit-nx/access_secret"
    finally:
        keyring.set_keyring(before)
