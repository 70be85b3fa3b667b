from __future__ import annotations

from decimal import Decimal

import pytest

from reconciliation.calls import failed, itnio
from reconciliation.found import found, marks, only


def test_fires_on_seconds_without_a_cost():
    """Charged seconds without a cost are a warning to read the record again."""
    finding = only("unpriced", itnio(cost=None))
    assert marks(finding) == ("warning", "D", None)
    assert finding["explanation"].startswith("36 s are charged, but the record has no cost. Read it again")
    assert finding["amount"] is None


@pytest.mark.parametrize(
    "call",
    [
        itnio(),
        itnio(cost=Decimal(0)),
        failed(cost=None),
        itnio(cost=None, charged_duration=None),
        itnio(cost=None, charged_duration=0),
    ],
)
def test_silent_on_others(call):
    """A cost of zero is a cost, and no charged seconds need none."""
    assert not found("unpriced", call)
