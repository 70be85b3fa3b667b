"""Every check, one file each. To add one: write its file, and name it here."""

from __future__ import annotations

from callkit.reconciliation.checks import (
    bill_period,
    charged_duration,
    conflicting_record,
    cost,
    destination,
    double_billed,
    inbound_charged,
    missing_record,
    missing_stretch,
    mixed_currency,
    no_answer_time,
    out_of_period,
    overlap,
    rate_outlier,
    rate_precision,
    settlement,
    talk_time,
    timeline,
    unanswered_charged,
    unpriced,
    unreadable,
)
from callkit.reconciliation.findings import Check

CHECKS: tuple[Check, ...] = (
    *double_billed.CHECKS,
    *unanswered_charged.CHECKS,
    *cost.CHECKS,
    *charged_duration.CHECKS,
    *settlement.CHECKS,
    *conflicting_record.CHECKS,
    *out_of_period.CHECKS,
    *mixed_currency.CHECKS,
    *bill_period.CHECKS,
    *unreadable.CHECKS,
    *unpriced.CHECKS,
    *missing_record.CHECKS,
    *missing_stretch.CHECKS,
    *rate_precision.CHECKS,
    *rate_outlier.CHECKS,
    *inbound_charged.CHECKS,
    *overlap.CHECKS,
    *destination.CHECKS,
    *talk_time.CHECKS,
    *timeline.CHECKS,
    *no_answer_time.CHECKS,
)
"""In the order in which findings of equal severity are listed: money first, then questions."""
