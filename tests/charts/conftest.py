"""A reconciled month of both vendors in two currencies, as every chart is given one."""

from __future__ import annotations

import warnings

import polars as pl
import pytest

import callkit as ck


@pytest.fixture(scope="package")
def result() -> ck.Reconciliation:
    with ck.Sandbox(calls=1_500, seed=7) as sandbox, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the vendor's doubled ids are not the matter here
        itnio = sandbox.itnio_voice().fetch(*sandbox.period, progress=False)
        nx = sandbox.nx_whatsapp().fetch(sandbox.call_ids, progress=False)
        return ck.reconcile(pl.concat([itnio, nx]))
