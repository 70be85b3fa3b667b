from __future__ import annotations

import copy
import pickle

import pytest

import callkit as ck
from callkit import errors

VENDOR_ERRORS = [ck.VendorError, ck.AuthenticationError, ck.InvalidRequest, ck.OutOfRange, ck.RateLimited]


def test_everything_is_a_callkit_error():
    """One except clause catches whatever callkit raises on purpose, and every exception is public."""
    for name in errors.__all__:
        assert issubclass(getattr(ck, name), ck.CallkitError)
    assert all(issubclass(kind, ck.VendorError) for kind in VENDOR_ERRORS)
    assert not issubclass(ck.IncompleteFetch, ck.VendorError)


@pytest.mark.parametrize("kind", VENDOR_ERRORS)
def test_vendor_errors_say_what_to_do(kind):
    """A vendor's error has its code, its reason and a hint as attributes, and the whole story as its message."""
    error = kind("-18: system error. Try later.", code=-18, reason="system error", hint="Try later.")
    assert (error.code, error.reason, error.hint) == (-18, "system error", "Try later.")
    assert str(error) == "-18: system error. Try later."


def test_an_answer_that_never_came_has_no_code():
    """Where no answer came there is no code, and the texts are empty rather than None."""
    error = ck.VendorError("no answer")
    assert (error.code, error.reason, error.hint) == (None, "", "")


def test_incomplete_fetch_counts():
    """An incomplete fetch says which window, how many records were announced and how many came."""
    error = ck.IncompleteFetch("99 of 100 came", window="May", expected=100, received=99)
    assert (error.window, error.expected, error.received) == ("May", 100, 99)
    assert str(error) == "99 of 100 came"


@pytest.mark.parametrize(
    "error",
    [
        ck.CallkitError("a"),
        ck.SchemaError("a"),
        ck.IncompleteFetch("a", window="May", expected=100, received=99),
        *[kind("a", code=-1, reason="b", hint="c") for kind in VENDOR_ERRORS],
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_survive_a_process_border(error):
    """An error that crosses to another process, as from a worker, keeps its type, message and attributes."""
    pickled = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    for came in (pickled, copy.copy(error)):
        assert type(came) is type(error)
        assert str(came) == str(error)
        assert vars(came) == vars(error)
