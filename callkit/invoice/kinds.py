"""What a line of an invoice is for: usage, a fee, a tax, a credit; or no line at all, but a total."""

from __future__ import annotations

import re
from collections.abc import Mapping

from callkit.files.columns import plain

KINDS = ("usage", "fee", "tax", "credit", "other")
"""What a line can be for. Only usage is held against call records."""

TOTAL = "total"

_WORDS = {
    "usage": r"usage|voice|calls?|call charges?|usage charges?|traffic|minutes|termination|airtime",
    "fee": r"fees?|(service|monthly|setup|platform|number|minimum|regulatory) (fees?|charges?)|"
    r"(one time|recurring|non recurring)( (fees?|charges?))?|mrc|nrc|subscription|rental|surcharges?|setup",
    "tax": r"tax(es)?|vat|gst|hst|sales tax|mwst|ust|iva|tva|税|增值税",
    "credit": r"credits?|credit notes?|discounts?|refunds?|rebates?|adjustments?",
    "other": r"other|miscellaneous|misc|payments?( (received|made))?|(previous|opening|prior|last) balance|"
    r"balance (brought|carried) forward",
    TOTAL: r"((grand|sub|invoice|net|gross|overall) ?)?totals?"
    r"( (due|amount|usage|calls|fees?|tax(es)?|charges?))?( [a-z]{3})?|"
    r"total (in|excl|incl|before|after|without|with) .*|amount due|balance due|sum|summe|gesamt(summe|betrag)?|"
    r"zwischensumme|合计|总计|小计",
}
_WITHIN = {
    "tax": r"\b(tax|taxes|vat|gst|mwst)\b",
    "credit": r"\b(credit|discount|refund|rebate)\b",
    "fee": r"\b(fee|fees|subscription|rental|surcharge)\b",
    "other": r"\b((previous|opening|prior|last) balance|balance (brought|carried) forward|payments? (received|made))\b",
}


def kind_of(text: str, own: Mapping[str, str]) -> str | None:
    """Say which kind an invoice's own word is; None for a word that is not known.

    Examples
    --------
    >>> from callkit.invoice.kinds import kind_of
    >>> [kind_of(word, {}) for word in ("Usage", "VAT", "Monthly fee", "GRAND TOTAL", "Sundries")]
    ['usage', 'tax', 'fee', 'total', None]
    """
    if text in own:
        return own[text]
    told = plain(text)
    return next((kind for kind, words in _WORDS.items() if re.fullmatch(words, told)), None)


def kind_by_label(label: str | None) -> str:
    """Say what a line is for that tells neither kind nor calls nor seconds: by the words in its label."""
    told = plain(label or "")
    return next((kind for kind, words in _WITHIN.items() if re.search(words, told)), "usage")


def is_total(text: str) -> bool:
    """Whether a cell says that its row is a total.

    Examples
    --------
    >>> from callkit.invoice.kinds import is_total
    >>> is_total("Grand total:"), is_total("Sub-Total USD"), is_total("Total Access (Mobile)")
    (True, True, False)
    """
    return re.fullmatch(_WORDS[TOTAL], plain(text)) is not None


def checked_kinds(own: Mapping[str, str] | None) -> dict[str, str]:
    """Check the user's own words.

    Raises
    ------
    ValueError
        If one of them is to be a kind that there is not.
    """
    kinds = dict(own or {})
    for word, kind in kinds.items():
        if kind not in KINDS:
            raise ValueError(f"kinds: {word!r} cannot be {kind!r}; a line is one of {', '.join(KINDS)}")
    return kinds
