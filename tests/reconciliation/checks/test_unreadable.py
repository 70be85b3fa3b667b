from __future__ import annotations

import json

import pytest

from reconciliation.calls import itnio
from reconciliation.found import found, marks, only


def test_fires_on_a_field_that_could_not_be_read():
    """A value kept as unreadable is an error that shows the vendor's field and text."""
    extra = json.dumps({"unreadable": {"chargedDuration": "thirty"}, "wabaId": "1"})
    finding = only("unreadable", itnio(extra=extra, charged_duration=None))
    assert marks(finding) == ("error", "D", None)
    assert finding["reported"] == '{"chargedDuration": "thirty"}'
    assert '{"chargedDuration": "thirty"}. The cell is empty' in finding["explanation"]


@pytest.mark.parametrize(
    "extra", [None, "", "{}", json.dumps({"note": '"unreadable": {"cost": "1"}'}), "nonsense"]
)
def test_silent_on_what_was_read(extra):
    """No extra, other fields, and text that only quotes the word are no finding."""
    assert not found("unreadable", itnio(extra=extra))


def test_long_values_are_cut():
    """A value of many thousand characters does not fill the finding."""
    finding = only("unreadable", itnio(extra=json.dumps({"unreadable": {"cost": "9" * 5000}})))
    assert len(finding["reported"]) <= 400
    assert len(finding["explanation"]) < 600
