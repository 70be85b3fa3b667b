"""Our own records of the vendors' calls, and what reconciliation makes of them."""

from __future__ import annotations

import warnings
from datetime import timedelta

import polars as pl
import pytest

import callkit as ck
from callkit import cdr
from callkit.sandbox import Sandbox

ITNIO, NX = "itnio-voice", "nx-whatsapp"


def fetched(sandbox: Sandbox, source: str) -> pl.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the vendor's doubled ids are faults that are meant
        if source == NX:
            return sandbox.nx_whatsapp().fetch(sandbox.call_ids, progress=False)
        return sandbox.itnio_voice().fetch("2026-08-28T00:00:00Z", "2026-10-05T00:00:00Z", progress=False)


@pytest.mark.parametrize("source", [ITNIO, NX])
@pytest.mark.parametrize("seed", [7, 1, 4])
def test_every_call_is_matched_with_its_own_record(seed: int, source: str) -> None:
    """Clock offset and pairs come out as the truth has them, and so does every check of grade C."""
    with Sandbox(calls=2_000, seed=seed, nx_late=0) as sandbox:
        theirs = fetched(sandbox, source)
    ours, truth = sandbox.own_cdrs(source), sandbox.own_truth(source)
    found = ck.match(ours, theirs)
    assert found.clock_offset == -sandbox.own_clock
    calls = found.calls.select("source", "call_id", "our_call_id").sort("call_id")
    assert calls.equals(truth.drop_nulls("call_id").select(calls.columns).sort("call_id"))
    unmatched = truth.filter(pl.col("call_id").is_null())["our_call_id"].sort()
    assert found.ours_unmatched["call_id"].sort().equals(unmatched)
    told = ck.reconcile(theirs, match=found).findings.filter(pl.col("grade") == "C")
    expected = truth.drop_nulls("check").select("call_id", "check").sort("call_id", "check")
    assert told.select("call_id", "check").unique().sort("call_id", "check").equals(expected)
    assert set(expected["check"]) == {"not_ours", "longer_than_ours", "unanswered_by_ours"}


def test_our_records_are_a_frame_of_their_own() -> None:
    """A CDR frame with our ids and clock, the same every time; the vendor's ids are not in it."""
    sandbox = Sandbox(calls=500)
    ours = sandbox.own_cdrs()
    assert ours.schema == cdr.SCHEMA
    assert ours.equals(cdr.sort(ours))
    assert ours.equals(Sandbox(calls=500).own_cdrs())
    assert not ours.equals(Sandbox(calls=500, seed=8).own_cdrs())
    assert ours["call_id"].n_unique() == ours.height
    assert not set(ours["call_id"]) & set(sandbox.own_truth()["call_id"])
    assert abs(sandbox.own_clock) >= timedelta(seconds=12)


def test_without_faults_our_records_agree() -> None:
    """With `billing_faults=0` nothing is said against the vendor's calls; of no calls there are no records."""
    assert Sandbox(calls=500, billing_faults=0).own_truth()["check"].null_count() > 400
    assert Sandbox(calls=500, billing_faults=0).own_truth()["check"].drop_nulls().is_empty()
    assert Sandbox(calls=0).own_cdrs().is_empty()
    with pytest.raises(ValueError, match="source must be"):
        Sandbox(calls=0).own_cdrs("nobody")
