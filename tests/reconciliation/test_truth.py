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


def month(seed: int) -> tuple[dict[str, pl.DataFrame], pl.DataFrame, dict[str, ck.RateDeck]]:
    """A month of each vendor's records, the faults in them, and the vendors' price lists."""
    # Ids that are late would be more missing records than the truth tells.
    with ck.Sandbox(calls=3_000, seed=seed, nx_late=0) as sandbox, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the vendor's doubled ids are faults that are meant
        records = {
            "itnio-voice": sandbox.itnio_voice().fetch(*sandbox.period, progress=False),
            "nx-whatsapp": sandbox.nx_whatsapp().fetch(sandbox.call_ids, progress=False),
        }
        decks = {source: sandbox.rate_deck(source) for source in records}
    # What happened to a record after it was read shows only in an archive.
    names = [check.name for check in CHECKS if check.name != "restated"]
    return records, sandbox.truth.filter(pl.col("check").is_in(names), pl.col("call_id").is_not_null()), decks


@pytest.mark.parametrize("seed", SEEDS)
def test_every_fault_is_found_with_its_exact_amount_and_no_clean_call_is_accused(
    seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the vendor's rating: recall and precision are one, and every amount is the truth's to the last digit."""
    records, truth, _ = month(seed)
    result = ck.reconcile(pl.concat(records.values()))
    truth = truth.filter(~pl.col("check").is_in(["rate", "increments"]))  # only a deck shows them
    with capsys.disabled():
        tell(f"seed {seed}: {result.rating}", result.findings, truth)
    compare(result.findings, truth)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_deck_shows_every_wrong_price_with_its_exact_amount(
    seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the contract's prices, every wrong rate and bill period is found as well, and no clean call is accused."""
    records, truth, decks = month(seed)
    results = [ck.reconcile(records[source], rate_deck=decks[source]) for source in records]
    findings = pl.concat([result.findings for result in results])
    truth = truth.filter(pl.col("check") != "rate_outlier")  # a price that the contract states needs no peers
    with capsys.disabled():
        tell(f"seed {seed}, with a deck", findings, truth)
    compare(findings, truth)


def compare(findings: pl.DataFrame, truth: pl.DataFrame) -> None:
    told = findings.filter(pl.col("call_id").is_not_null())
    exact = truth.join(told, on=[*CALL, "amount"], how="semi", nulls_equal=True)
    false = told.filter(pl.col("severity") == "error").join(truth, on=CALL, how="anti")
    assert truth.join(exact, on=[*CALL, "amount"], how="anti", nulls_equal=True).rows() == []
    assert false.select(*CALL, "grade", "amount", "explanation").rows() == []
    assert truth.height > 0


def tell(title: str, findings: pl.DataFrame, truth: pl.DataFrame) -> None:
    """Print recall and precision by check."""
    told = findings.filter(pl.col("call_id").is_not_null())
    print(f"\n{title}")
    for (check,), faults in truth.group_by("check", maintain_order=True):
        raised = told.filter(pl.col("check") == check)
        exact = faults.join(raised, on=[*CALL, "amount"], how="semi", nulls_equal=True)
        right = raised.join(truth, on=CALL, how="semi").height
        print(f"  {check:<20} recall {exact.height}/{faults.height}  precision {right}/{raised.height}")


def test_the_bridge_of_a_month_adds_up() -> None:
    """Billed equals the steps, what is unverified, and what is expected: in every currency, to the last digit."""
    records, _, _ = month(1)
    result = ck.reconcile(pl.concat(records.values()))
    quoted = (
        result.bridge.filter(pl.col("basis") == "quoted").group_by("currency").agg(pl.col("amount").sum())
    )
    billed = result.cdrs.group_by("currency").agg(pl.col("cost").sum())
    both = quoted.join(billed, on="currency", how="left", nulls_equal=True)
    assert (both["amount"] == both["cost"].fill_null(0)).all()
