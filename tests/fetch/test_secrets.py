"""Nothing leaks: every place that could show a secret is searched for it."""

import copy
import io
import json
import logging
import pickle
import traceback
import warnings
from datetime import timedelta

import nbformat
import pytest
from nbclient import NotebookClient

from callkit.errors import CallkitError


@pytest.fixture
def everything(caplog, capsys):
    """Gathers what was logged and printed, with logging as loud as it gets."""
    caplog.set_level(logging.DEBUG)

    def gathered():
        printed = capsys.readouterr()
        logged = [f"{r.getMessage()} {r.__dict__}" for r in caplog.records]
        return "\n".join([printed.out, printed.err, caplog.text, *logged])

    return gathered


def told(error):
    """All that an exception could show: itself, its chain, its notes, its pickle, and its frames' variables."""
    parts = []
    link = error
    while link is not None:
        parts += [
            str(link),
            repr(link),
            repr(link.args),
            repr(vars(link)),
            repr(getattr(link, "__notes__", None)),
        ]
        link = link.__cause__ or link.__context__
    parts.append("".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()))
    parts.append(pickle.dumps(error).decode("latin-1"))
    return "\n".join(parts)


def searched(kit, text):
    for secret in (*kit.KEYS.values(), *[v for k, v in kit.NX_KEYS.items() if k != "business_phone"]):
        assert secret not in text


def said(request):
    """The keys, as the request carried them."""
    return " ".join(v for k, v in sorted(request.headers.items()) if k.lower() in ("api-key", "accesskey"))


def echoing(request):
    """A server that repeats every header in its words, as unfriendly ones do."""
    words = f"{said(request)} {request.raw}"
    return {"status": "-1", "code": 1003, "reason": words, "message": words}


def hang_up(_handler):
    pass


@pytest.mark.parametrize(
    "answer",
    [
        echoing,
        lambda request: (500, {}, {"reason": said(request), "message": said(request)}),
        lambda request: (302, {"Location": "/?" + str(sorted(request.headers.items()))[:200]}, b""),
        lambda _request: hang_up,
        lambda _request: b"not JSON",
        lambda request: {"status": "0", "code": 0, "data": said(request)},
        lambda request: {"status": "-16", "code": 1004, "reason": said(request), "message": said(request)},
    ],
)
def test_errors_logs_and_output(kit, everything, answer):
    """No secret in an exception, its chain, frames or pickle, in a log record, or in what is printed."""
    texts = []
    with kit.Stub(answer) as stub, warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        itnio, nx = stub.itnio(max_attempts=2), stub.nx(max_attempts=2)
        for work in (
            lambda: itnio.fetch(kit.START, kit.START + timedelta(days=1), progress=True),
            lambda: list(itnio.batches(kit.START, kit.START + timedelta(days=1))),
            lambda: nx.fetch(["some-id"], progress=True),
        ):
            with pytest.raises(CallkitError) as caught:
                work()
            assert caught.value.__cause__ is caught.value.__context__ is None
            texts.append(told(caught.value))
        assert len(stub.requests) >= 3
    texts += [str(w.message) for w in given]
    texts.append(everything())
    # The variables of this test's own frames hold what it looks for: only those of callkit and below count.
    searched(kit, "\n".join(_without_tests(text) for text in texts))


def _without_tests(text):
    kept, ours = [], False
    for line in text.splitlines():
        if line.startswith("  File "):
            ours = "/tests/" in line
        if not ours:
            kept.append(line)
    return "\n".join(kept)


def test_clients(kit):
    """No secret in a client's repr, str or variables; it can be neither pickled nor copied."""
    with kit.Stub(b"") as stub:
        for client in (stub.itnio(), stub.nx()):
            seen = f"{client!r} {client!s} {vars(client)} {vars(client._transport)} {client._transport._endpoint!r}"
            searched(kit, seen)
            for copied in (pickle.dumps, copy.copy, copy.deepcopy):
                with pytest.raises(TypeError, match="credentials and cannot be pickled"):
                    copied(client)
            pickler = pickle.Pickler(io.BytesIO())
            with pytest.raises(TypeError, match="secret cannot be pickled"):
                pickler.dump(list(client._transport._endpoint.secrets))


def test_the_vendors_words_are_data(kit):
    """A reason is shown on one line, without control characters, and not at any length."""
    reason = "bad\r\n\x1b[31mred\u202e" + "x" * 100_000
    with kit.Stub({"status": "-1", "reason": reason}) as stub, pytest.raises(CallkitError) as caught:
        stub.itnio().fetch(kit.START, kit.START + timedelta(days=1))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500
    assert caught.value.reason.startswith("bad [31mred")


def test_no_secret_in_a_request_but_where_it_belongs(kit):
    """Secrets are never sent: only what the vendor's page puts into headers and body, and nothing in the URL."""
    with kit.Stub({"status": "0", "code": 10014, "data": {"total": 0, "records": []}}) as stub:
        stub.itnio().fetch(kit.START, kit.START + timedelta(days=1))
        stub.nx().fetch(["a"])
        itnio, nx = stub.requests
    assert set(itnio.headers) - {"Host"} == {
        "User-Agent",
        "Accept",
        "Accept-Encoding",
        "Content-Length",
        "Content-Type",
        "Api-Key",
        "Timestamp",
        "Sign",
    }
    for request, secret in ((itnio, kit.KEYS["api_secret"]), (nx, kit.NX_KEYS["access_secret"])):
        assert secret not in str(request)
        assert "?" not in request.path


NOTEBOOK = """
import warnings

import callkit as ck

vendor = ck.ItnioVoice.from_env(base_url={url!r}, max_attempts=2)
display(vendor, vars(vendor), [vendor])
frame = vendor.fetch("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", progress=True)
display(frame)
---
%pdb off
%xmode Verbose
vendor.fetch("2026-04-01T00:00:00Z", "2026-04-02T00:00:00Z")
---
import pickle

pickle.dumps(vendor)
---
from tqdm.auto import tqdm

tqdm.write(repr(vendor))
%whos
"""


def test_a_notebook(kit, monkeypatch, tmp_path):
    """No secret in a notebook: outputs, widgets, verbose tracebacks, progress bar, though the server repeats keys."""
    records = [kit.record(i, kit.START + timedelta(minutes=i)) for i in range(120)]
    model = kit.ItnioModel(records)

    def answer(request):
        return echoing(request) if "2026-04-01" in request.raw.decode() else model(request)

    for name, value in kit.KEYS.items():
        monkeypatch.setenv(f"CALLKIT_ITNIO_{name.upper()}", value)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    with kit.Stub(answer) as stub:
        cells = NOTEBOOK.format(url=f"{stub.url}/voice").split("---\n")
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.strip()) for cell in cells])
        NotebookClient(notebook, allow_errors=True, timeout=60, kernel_name="python3").execute()
    outputs = json.dumps([[cell.get("outputs"), cell["execution_count"]] for cell in notebook.cells])
    outputs += json.dumps(notebook.metadata)
    assert "AuthenticationError" in outputs
    assert "cannot be pickled" in outputs
    assert "ITNIO voice" in outputs
    assert "120" in outputs
    searched(kit, outputs)
