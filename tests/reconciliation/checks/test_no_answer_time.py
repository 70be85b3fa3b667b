from __future__ import annotations

import pytest

from reconciliation.calls import failed, itnio, whatsapp
from reconciliation.found import found, marks, only


def test_fires_on_talk_without_an_answer():
    """ITNIO's talk seconds without an answer time are a warning with the seconds in it."""
    finding = only("no_answer_time", itnio(answered_at=None))
    assert marks(finding) == ("warning", "D", None)
    assert finding["explanation"].startswith("31 s of talk, but the record does not say when")
    assert finding["amount"] is None


@pytest.mark.parametrize(
    "call", [itnio(), failed(), itnio(answered_at=None, call_duration=None), whatsapp(answered_at=None)]
)
def test_silent_on_others(call):
    """Answered calls with their time, failed and unknown ones, and the other vendor's are no finding."""
    assert not found("no_answer_time", call)
