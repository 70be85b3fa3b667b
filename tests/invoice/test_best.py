"""Tests of tying an invoice out by the cut that fits it best."""

from __future__ import annotations

import pytest

from callkit.invoice.best import best_tie_out
from invoice.bills import bill, line, month, on, sums
from reconciliation.calls import numbered


def test_a_cut_that_fits_best_is_no_doubt() -> None:
    """Where the calls tell the cut from all others, nothing is warned of."""
    calls = month(600, 4)
    best_tie_out(calls, bill(*sums(calls.to_dicts(), "Asia/Kolkata", "ended", "charged"), tz=None))


def test_a_cut_that_nothing_can_tell_is_a_guess() -> None:
    """Without calls around the period the warning says what to fetch, and what is taken meanwhile."""
    said = r"none is from before or after it.* Fetch from .*For now .* is taken, by which .* figures agree"
    with pytest.warns(UserWarning, match=said):
        best_tie_out(numbered(on(15)), bill(line(calls=1), tz=None))


def test_another_cut_that_fits_as_well_is_told() -> None:
    """Candidates that tie with the one that is taken are named."""
    around = [on(-5, currency="EUR"), on(15), on(40, currency="EUR")]
    with pytest.warns(
        UserWarning, match="the invoice fits as well when it is cut in .* by when a call was ended"
    ):
        best_tie_out(numbered(*around), bill(line(calls=1), tz=None))


def test_a_stated_cut_is_no_guess() -> None:
    """Zone and clock that the user states are taken without a word, whatever the records show."""
    best_tie_out(numbered(on(15)), bill(line(calls=1), tz="Asia/Shanghai"), "submitted")
