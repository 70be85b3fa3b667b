"""The columns of an invoice's lines, and what the usual headers call them."""

from __future__ import annotations

import polars as pl

from callkit.cdr import MONEY, schema_of
from callkit.files.columns import Names
from callkit.invoice.periods import LOCAL

LINES = schema_of(
    line=pl.Int64,
    place=pl.String,
    kind=pl.String,
    period_start=LOCAL,
    period_end=LOCAL,
    destination=pl.String,
    call_id=pl.String,
    currency=pl.String,
    calls=pl.Int64,
    charged_seconds=pl.Int64,
    charged_minutes=MONEY,
    amount=MONEY,
)
"""The lines of an invoice, in its own order. Periods are [period_start, period_end) on the wall clock."""

TOTALS = schema_of(
    place=pl.String,
    label=pl.String,
    currency=pl.String,
    amount=MONEY,
    of=pl.String,
    lines_amount=MONEY,
)
"""The totals that an invoice prints, and what the lines that they are of add up to."""

_PERIOD = r"(billing |service |usage |invoice )?(period )?"

_DURATION = r"(charged |billed |billable |total )?duration"
_CODES = "usd|eur|gbp|cny|jpy|inr|aud|cad|chf|sgd|hkd|aed|brl|mxn|zar|idr|php|thb|vnd|try|pln|sek"

NAMES = Names(
    "invoice",
    {
        "period_start": _PERIOD
        + r"(start|starts|from|begin|begins|beginning)( date)?|(start|from) (date|day)|date from",
        "period_end": _PERIOD + r"(end|ends|to|until|till|through)( date)?|(end|to) (date|day)|date to",
        "day": r"(call |usage |service )?(day|date)",
        "destination": r"destination( name)?|目的地",
        "call_id": r"call ?id|voice ?id|cdr ?id|call (uuid|reference)|uuid",
        "currency": r"currency( code)?|cur|curr|ccy|币种|货币",
        "calls": r"(no |nr |number |num |total |billed |charged |answered )?(of )?calls|call count|count|通话数",
        # A duration that does not say its unit could be either: the user is asked.
        "charged_seconds": _DURATION
        + r"|(charged |billed |billable |chargeable |rated |total )?(seconds?|secs?|s)|"
        r"(charged |billed |billable |rated )?duration (in )?(seconds?|secs?|s)|计费秒数",
        "charged_minutes": _DURATION
        + r"|(charged |billed |billable |chargeable |rated |total )?(minutes?|mins?)|"
        r"(charged |billed |billable |rated )?duration (in )?(minutes?|mins?)|计费分钟数?",
        # A bare "total" is no header: it begins the row below the last line.
        "amount": rf"(net |total |line |billed )?(amount|charges?|cost|value)( (in )?({_CODES}))?|金额|费用",
        "kind": r"kind|(line |charge |item |fee )?(type|category|class)",
        "direction": "direction",
        "source": "source",
    },
)

LABELS = r"country|area|route|region|description|item|product|service|details?|国家"
"""Headers that hold destinations where no other column does."""

CURRENCY_OF_HEADER = rf".* ({_CODES})"
"""An amount's header that says which currency it is in."""
