"""Random fault plans over the real sandbox: the frame equals the fault-free frame, or a CallkitError was raised."""

import os
import threading
import time
import warnings
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from callkit.errors import CallkitError
from callkit.sandbox import Fault, FaultPlan, Sandbox
from callkit.sandbox.faults import _DEFAULTS
from callkit.sandbox.paging_faults import NX_RECORDS, PAGES

# Each plan is a fetch or two; in CI more than 300 of them.
ITNIO_PLANS, NX_PLANS = (220, 120) if os.environ.get("CI", "").lower() in ("1", "true") else (30, 20)
LONGEST = 30.0

VALUES = {
    "hang": st.just(3.0),
    "drip_headers": st.sampled_from([0.0001, 0.05]),
    "drip_body": st.sampled_from([0.00001, 0.05]),
    "huge": st.just(3_000_000.0),
    "gzip_bomb": st.just(3_000_000.0),
    "deep_json": st.sampled_from([70.0, 2_000.0, 100_000.0]),
    "wrong_date": st.sampled_from([-7_200.0, -40.0, 5.0, 40.0, 86_400.0]),
    "vendor_code": st.sampled_from([-1, -2, -15, -16, -18, -22, -25, -31, 1003, 1004, 9001, 10003, 77]),
    "wrong_total": st.sampled_from([-2, -1, 1, 2, 300]),
    "wrong_current": st.sampled_from([-1, 1, 7]),
    "wrong_page": st.integers(1, 6),
    "endless": st.sampled_from([500.0, 10.0**6, 10.0**9]),
    **dict.fromkeys(("http_408", "http_425", "http_429", "http_429_date"), st.just(0.0)),
    **dict.fromkeys(("not_yet", "short_page", "long_page", "twice"), st.integers(1, 5)),
}
ON = st.one_of(
    st.none(),
    st.sets(st.integers(1, 12), min_size=1, max_size=6),
    st.builds(lambda first, step: range(first, 60, step), st.integers(1, 8), st.integers(1, 5)),
)


def plans(others):
    """Plans of every kind of fault that this vendor can meet, in any combination, some of it all the time."""
    kinds = sorted(set(_DEFAULTS) - set(others))
    faults = st.sampled_from(kinds).flatmap(
        lambda kind: st.builds(Fault, st.just(kind), on=ON, value=VALUES.get(kind, st.none()))
    )
    offsets = st.sampled_from([0.0, 0.0, 0.0, -3_600.0, 45.0, 600.0])
    return st.builds(FaultPlan, st.lists(faults, min_size=1, max_size=5), clock_offset=offsets)


def lies(plan):
    """Whether a plan can take a record away and adjust every count to it: no client could notice."""
    kinds = {fault.kind for fault in plan.faults}
    less = any(fault.kind == "wrong_total" and fault.amount < 0 for fault in plan.faults)
    return bool(kinds & {"not_yet", "no_calls"}) or (less and len(kinds & set(PAGES)) > 1)


@pytest.fixture(autouse=True)
def _no_long_retry_after(monkeypatch):
    """A server whose dates contradict each other asks for a minute, and would get it."""
    monkeypatch.setattr("callkit.fetch.http._LONGEST_RETRY_AFTER", 0.1)


@pytest.fixture(scope="module")
def sandbox():
    return Sandbox(calls=500, seed=7, billing_faults=0)


@pytest.fixture(scope="module")
def truth(sandbox):
    with sandbox:
        ids = [*sandbox.call_ids[:20], "no-such-call", sandbox.call_ids[3]]
        frames = sandbox.itnio_voice().fetch(*sandbox.period), sandbox.nx_whatsapp().fetch(ids)
    return dict(zip(("itnio", "nx"), frames, strict=True)), ids


def outcome(sandbox, plan, fetch):
    """The frame that a fetch gave under a plan, or None for a CallkitError; it took no time and left no thread."""
    sandbox._plan = plan
    begun = time.monotonic()
    frame = None
    with sandbox, warnings.catch_warnings(), suppress(CallkitError):
        warnings.simplefilter("ignore", UserWarning)
        frame = fetch(sandbox)
    assert time.monotonic() - begun < LONGEST
    until = time.monotonic() + 2
    while any(thread.name.startswith("callkit-fetch") for thread in threading.enumerate()):
        assert time.monotonic() < until, "a thread outlived its fetch"
        time.sleep(0.01)
    return frame


PATIENCE = {"timeout": 0.4, "max_attempts": 3, "max_response_bytes": 1_000_000}
chosen = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=ITNIO_PLANS, **chosen)
@given(plans(NX_RECORDS))
@example(FaultPlan([Fault("unstable_order")]))
@example(FaultPlan([Fault("endless")]))
@example(FaultPlan([Fault("twice", value=3)]))
@example(FaultPlan([Fault("drip_body", value=0.05), Fault("gzip", on={2})]))
def test_itnio(sandbox, truth, plan):
    """Whatever happens on the way to ITNIO, a frame is the whole truth, or there is none."""
    expected = truth[0]["itnio"]
    got = outcome(sandbox, plan, lambda box: box.itnio_voice(**PATIENCE).fetch(*box.period))
    if got is None:
        return
    if lies(plan):
        assert set(got.rows()) <= set(expected.rows())
        assert got["call_id"].is_unique().all()
    else:
        assert got.equals(expected)


@settings(max_examples=NX_PLANS, **chosen)
@given(plans(PAGES))
@example(FaultPlan([Fault("other_call", on=range(1, 40, 2))]))
@example(FaultPlan([Fault("no_calls", on={1, 2, 3, 4})]))
def test_nx(sandbox, truth, plan):
    """Whatever happens on the way to NXCloud, each id has its own row, the true one, or there is no frame."""
    expected, ids = truth[0]["nx"], truth[1]
    got = outcome(sandbox, plan, lambda box: box.nx_whatsapp(**PATIENCE).fetch(ids))
    if got is None:
        return
    if any(fault.kind == "costs_object" for fault in plan.faults):
        got, expected = got.drop("extra"), expected.drop("extra")
    assert got["call_id"].to_list() == ids
    if lies(plan):
        known = got["found"]
        got, expected = got.filter(known), expected.filter(known)
    assert got.equals(expected)


def test_every_kind_of_fault_is_in_the_draw():
    """No fault that the sandbox knows is left out, and a plan that only delays is no lie."""
    drawn = (set(_DEFAULTS) - set(NX_RECORDS)) | (set(_DEFAULTS) - set(PAGES))
    assert drawn == set(_DEFAULTS)
    assert ITNIO_PLANS + NX_PLANS >= 300 or "CI" not in os.environ
    assert not lies(FaultPlan([Fault("wrong_total", value=-1)]))
