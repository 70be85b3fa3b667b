"""Whatever bytes come back: a frame that equals the truth, or a CallkitError; never another exception, never a hang."""

import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callkit.errors import CallkitError


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


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
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


def _inside_a_text(spoil):
    return any(s.__qualname__.startswith("with_bytes") for s in spoil.values())
