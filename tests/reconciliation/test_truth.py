"""The sandbox knows where its faults are; reconciliation is told nothing, not even the rating."""

from __future__ import annotations

import os
import warnings

import polars as pl
import pytest

import callkit as ck
from callkit.reconciliation.checks import CHECKS

SEEDS = range(20 if os.environ.get("CI") else 4)
CALL = ["call_id", "source", "check"]


def month(seed: int) -> tuple[ck.Reconciliation, pl.DataFrame]:
    """A month of both vendors, reconciled, and the faults in it that a check exists for."""
    # Ids that are late would be more missing records than the truth tells.
    with ck.Sandbox(calls=3_000, seed=seed, nx_late=0) as sandbox, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the vendor's doubled ids are faults that are meant
        itnio = sandbox.itnio_voice().fetch(*sandbox.period, progress=False)
        whatsapp = sandbox.nx_whatsapp().fetch(sandbox.call_ids, progress=False)
        # What happened to a record after it was read shows only in an archive; rates contradict only a deck.
        single = [check.name for check in CHECKS if check.name != "missing_stretch"]
        truth = sandbox.truth.filter(pl.col("check").is_in(single), pl.col("call_id").is_not_null())
    return ck.reconcile(pl.concat([itnio, whatsapp])), truth


@pytest.mark.parametrize("seed", SEEDS)
def test_every_fault_is_found_with_its_exact_amount_and_no_clean_call_is_accused(
    seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the vendor's rating: recall and precision are one, and every amount is the truth's to the last digit."""
    result, truth = month(seed)
    told = result.findings.filter(pl.col("call_id").is_not_null())
    exact = truth.join(told, on=[*CALL, "amount"], how="semi", nulls_equal=True)
    false = told.filter(pl.col("severity") == "error").join(truth, on=CALL, how="anti")
    with capsys.disabled():
        print(f"\nseed {seed}: {result.rating}")
        for check, faults in truth.group_by("check", maintain_order=True):
            found = faults.join(exact, on=CALL, how="semi").height
            raised = told.filter(pl.col("check") == check[0])
            right = raised.join(truth, on=CALL, how="semi").height
            print(f"  {check[0]:<20} recall {found}/{faults.height}  precision {right}/{raised.height}")
    assert exact.height == truth.height > 0
    assert false.is_empty()


def test_the_bridge_of_a_month_adds_up() -> None:
    """Billed equals the steps, what is unverified, and what is expected: in every currency, to the last digit."""
    result, _ = month(1)
    quoted = (
        result.bridge.filter(pl.col("basis") == "quoted").group_by("currency").agg(pl.col("amount").sum())
    )
    billed = result.cdrs.group_by("currency").agg(pl.col("cost").sum())
    both = quoted.join(billed, on="currency", how="left", nulls_equal=True)
    assert (both["amount"] == both["cost"].fill_null(0)).all()
