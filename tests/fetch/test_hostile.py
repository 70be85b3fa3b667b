"""Whatever bytes come back: a frame that equals the truth, or a CallkitError; never another exception, never a hang."""

import contextlib
import json
import os
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callkit import cdr
from callkit.errors import CallkitError

FUZZED = 600 if os.environ.get("CI", "").lower() in ("1", "true") else 120


pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.fixture(scope="module")
def world(kit):
    """One server whose next answers are set by the test, and the truth about a well-behaved one."""
    records = [kit.record(i, kit.START + timedelta(minutes=i)) for i in range(130)]
    model = kit.ItnioModel(records)
    state = {"model": model, "spoil": {}}

    def answer(request):
        good = json.dumps(model(request)).encode()
        state["asked"] = state.get("asked", 0) + 1
        return state["spoil"].get(state["asked"], lambda body: body)(good)

    with kit.Stub(answer) as stub:
        client = stub.itnio(max_attempts=3, timeout=2)
        span = kit.START, kit.START + timedelta(days=1)
        state["truth"] = client.fetch(*span)
        yield state, client, span


def cut_at(place):
    return lambda body: body[: len(body) * place // 100]


def with_bytes(place, junk):
    return lambda body: body[: len(body) * place // 100] + junk + body[len(body) * place // 100 :]


def raw(head):
    def answer(_body):
        return lambda handler: handler.wfile.write(head)

    return answer


def edited(name, value):
    def answer(body):
        page = json.loads(body)
        page["data"][name] = value
        return page

    return answer


def less(count):
    def answer(body):
        page = json.loads(body)
        page["data"]["records"] = page["data"]["records"][count:]
        return page

    return answer


spoilers = st.one_of(
    st.builds(cut_at, st.integers(0, 99)),
    st.builds(with_bytes, st.integers(0, 100), st.binary(min_size=1, max_size=6)),
    st.builds(lambda body: lambda _good: body, st.binary(max_size=40)),
    st.builds(raw, st.binary(max_size=60)),
    st.builds(raw, st.builds(lambda b: b"HTTP/1.1 200 OK\r\n" + b, st.binary(max_size=40))),
    st.builds(
        edited, st.just("total"), st.sampled_from([0, -1, 1, 129, 131, "130", None, 10**12, "x", [], 130.0])
    ),
    st.builds(edited, st.just("records"), st.sampled_from([None, [], {}, [[]], [{}], [{"voiceId": 5}], "x"])),
    st.builds(less, st.integers(1, 100)),
    st.sampled_from([500, 502, 429, 302, 404, 204, 206]).map(
        lambda status: lambda _b: (status, {"Retry-After": "0"}, b"")
    ),
    st.sampled_from(["-18", "-15", -1, "-16", 10**30, "٣", True]).map(
        lambda code: lambda _b: {"status": code}
    ),
)


@settings(max_examples=FUZZED, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(st.integers(1, 8), spoilers, min_size=1, max_size=4))
def test_whatever_comes_back(world, spoil):
    """Random faults in random answers: the frame equals the fault-free frame, or a CallkitError was raised."""
    state, client, span = world
    state.update(asked=0, spoil=spoil)
    try:
        frame = client.fetch(*span)
    except CallkitError:
        return
    # Junk may land inside a text and leave valid JSON of the same shape: no client can tell that from the truth.
    assert frame["call_id"].to_list() == state["truth"]["call_id"].to_list() or _inside_a_text(spoil)


@pytest.mark.parametrize("struck", [(1,), (2,), (2, 3), (2, 3, 4), (1, 2, 3, 4)])
def test_a_total_beyond_sense_is_not_asked_for(world, struck):
    """However often a server claims a million million records, the client asks for a few pages and comes to an end."""
    state, client, span = world
    state.update(asked=0, spoil=dict.fromkeys(struck, edited("total", 10**12)))
    with contextlib.suppress(CallkitError):
        assert client.fetch(*span).height == state["truth"].height
    assert state["asked"] < 500


def _inside_a_text(spoil):
    return any(s.__qualname__.startswith("with_bytes") for s in spoil.values())


NAMES = [
    "status",
    "code",
    "data",
    "total",
    "records",
    "calls",
    "voiceId",
    "call_id",
    "costs",
    "price",
    "cost",
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*NAMES, "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def stubborn(kit):
    """A server that gives the same bytes to every request, as set by the test."""
    state = {}
    with kit.Stub(lambda _request: state["body"]) as stub:
        yield stub, state


@st.composite
def mutations(draw, good):
    """A real answer in which some bytes were changed, lost, doubled or put in."""
    text = bytearray(good)
    for _ in range(draw(st.integers(1, 3))):
        at, length = draw(st.integers(0, len(text) - 1)), draw(st.integers(1, 20))
        text[at : at + draw(st.sampled_from([0, 1, length]))] = draw(
            st.sampled_from(
                [b"", text[at : at + length], b"null", b"NaN", b"[", b'"', b"\\ud800", b"-1", b"\xff"]
            )
            | st.binary(max_size=3)
        )
    return bytes(text)


def bodies(good):
    return st.one_of(
        st.binary(max_size=60), json_values.map(lambda value: json.dumps(value).encode()), mutations(good)
    )


@settings(max_examples=FUZZED, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_whatever_bytes_itnio_sends(kit, stubborn, data):
    """Random bytes, random JSON, mutated real pages: a frame of the schema that adds up, or a CallkitError."""
    stub, state = stubborn
    state["body"] = data.draw(bodies(json.dumps(kit.page(2, [kit.record(1), kit.record(2)])).encode()))
    try:
        frame = stub.itnio(max_attempts=2, timeout=2).fetch(kit.START, kit.START + timedelta(days=1))
    except CallkitError:
        return
    assert frame.schema == cdr.SCHEMA
    assert frame.height <= int(json.loads(state["body"])["data"]["total"])


@settings(max_examples=FUZZED, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_whatever_bytes_nx_sends(kit, stubborn, data):
    """Random bytes, random JSON, mutated real answers about a call: its own row, or a CallkitError."""
    stub, state = stubborn
    state["body"] = data.draw(bodies(kit.nx_found))
    call_id = json.loads(kit.nx_found)["data"]["calls"][0]["call_id"]
    try:
        frame = stub.nx(max_attempts=2, timeout=2).fetch([call_id])
    except CallkitError:
        return
    assert frame.schema == cdr.SCHEMA
    assert frame["call_id"].to_list() == [call_id]
