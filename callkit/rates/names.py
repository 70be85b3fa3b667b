"""What the columns of rate decks are called, and what else their headers say: currency and unit of the rate."""

from __future__ import annotations

import re
from typing import Literal

from callkit.files.columns import Names, plain

_UNIT = r"(?: (?:per )?(?:min(?:ute)?|sec(?:ond)?|s|m|hour|hr|h|60s?|60 sec(?:onds)?))?"
_MONEY = r"(?: (?:in )?[a-z]{3}| us| cents?| pence)?"
_WHICH = r"(?: \d| (?:off )?peak| night| day| weekend| local| national| initial| subsequent)?"
_OF_OTHER_THINGS = r"(?:.* )?(?:exchange|settle|settlement|tax|vat|answer|success|completion) rate"
_RATE = (
    rf"(?:[a-z]+ ){{0,3}}(?:\w*rates?|prices?|tariff|cost|amount|charge){_UNIT}{_MONEY}{_UNIT}{_WHICH}"
    rf"|(?:usd|eur|gbp|cny|inr|hkd|sgd){_UNIT}|费率|单价|价格|资费"
)
_SECONDS = r"(?: sec(?:onds)?| s)?"
_INCREMENT = r" ?(?:increments?|incr?|interval|period|duration|time|billing|block)?"

NAMES = Names(
    "rate deck",
    {
        "prefix": r"(?:full |code |dial(?:ing|ling)? |destination |dest |number |route )?(?:codes?|prefix(?:es)?)"
        r"|dialcodes?|(?:dial(?:l?ed)? )?digits|breakouts?|number range|前缀|号段",
        "country_code": r"(?:country|ctry|intl|international)(?: dial(?:ing)?)? ?codes?|cc|国家代码|国码",
        "area_code": r"(?:area|city|national|region|local|network)(?: dest(?:ination)?)? ?codes?|ndc|区号",
        "destination": r"destinations?(?: name)?|dest|description|(?:code |dest |zone |route |area )?name|zone"
        r"|目的地|运营商",
        "rate": rf"(?!(?:{_OF_OTHER_THINGS})$)(?:{_RATE})",
        "bill_period": r"bill(?:ing)? ?(?:period|increments?|intervals?|step|cycle|terms?)|pulse"
        rf"|(?:increments?|intervals?)(?: (?:1st|first|initial|min) (?:next|subsequent|additional|n))?{_SECONDS}"
        r"|rounding(?: rules?)?|min(?:imum)? and (?:increments?|incr?)|计费周期|计费单位",
        "initial": rf"(?:initial|first|1st|min(?:imum)?|minimal){_INCREMENT}{_SECONDS}"
        r"|(?:interval|increment|period) ?1|connect increment",
        "subsequent": rf"(?:subsequent|sub|next|additional|second|2nd|following|incremental){_INCREMENT}{_SECONDS}"
        r"|(?:interval|increment|period) ?(?:n|2)",
        "currency": r"currency(?: code)?|ccy|curr|币种|货币",
        "direction": r"(?:call |traffic )?direction|方向",
        "valid_from": r"(?:effective|eff|start|begin)(?: (?:date|from|since|time|start|as of))*"
        r"|(?:valid|active|activation|applies)(?: (?:date|from|since|time|as of))+|from(?: date)?|生效日期|生效时间",
        "valid_to": r"(?:effective|valid)(?: date)? (?:to|until|till|thru|through)"
        r"|(?:expir(?:y|es|ed|ation)|end|terminat(?:es|ed|ion)|closing)(?: (?:date|time|on))*|until|to(?: date)?"
        r"|失效日期|失效时间",
        "rate_unit": r"(?:rate|price|charging|billing) unit|unit|per|unit of rate",
        "connect_fee": r"(?:connect(?:ion)?|set ?up|call set ?up|flag ?fall|access|initial)"
        r" ?(?:fee|charge|cost|rate|price)|surcharge",
    },
    harmless=frozenset({"destination"}),
)
"""The columns of a deck, and what files call them."""

_PER: dict[str, int | Literal["block"]] = {
    **dict.fromkeys(("min", "minute", "minutes", "mins", "m", "60", "60s", "60sec", "60 s", "60 sec", "per min"), 60),
    **dict.fromkeys(("s", "sec", "second", "seconds", "secs", "1", "1s", "1 s", "1 sec", "per second"), 1),
    **dict.fromkeys(("h", "hr", "hour", "hours", "3600", "per hour"), 3600),
    **dict.fromkeys(("block", "increment", "interval", "period", "pulse", "step"), "block"),
}  # fmt: skip

_HUNDREDTHS = re.compile(r".*(?<![a-z])(?:cents?|ct|cts|pence|¢|c min)(?![a-z]).*|.*¢.*")
_NO_CURRENCY = {
    "min",
    "sec",
    "per",
    "new",
    "old",
    "the",
    "buy",
    "out",
    "one",
    "all",
    "day",
    "net",
    "vat",
    "tax",
    "fix",
}


def unit_of(text: str) -> int | Literal["block"] | None:
    """How many seconds a unit is, in the words of a deck; None where it is not one.

    Examples
    --------
    >>> from callkit.rates.names import unit_of
    >>> unit_of("per minute"), unit_of("sec"), unit_of("call")
    (60, 1, None)
    """
    return _PER.get(plain(text).removeprefix("per ").strip())


def unit_in_header(header: str) -> int | Literal["block"] | None:
    """The unit in the header of a rate: `Rate/min`, `USD per second`; None where it says none."""
    several = re.search(r"(\d+) ?(s|secs?|seconds?|mins?|minutes?)\b", plain(header))
    if several:
        return int(several[1]) * (60 if several[2].startswith("m") else 1)
    words = plain(header).split()
    return next(
        (_PER[word] for word in reversed(words) if word in _PER and word not in ("m", "s", "h", "1")), None
    )


def currency_in_header(header: str) -> str | None:
    """The currency in the header of a rate: `Rate (USD)`, `EUR/min`; None where it says none."""
    codes: list[str] = re.findall(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])", header)
    found = [word for word in codes if word.lower() not in _NO_CURRENCY]
    if found:
        return found[0]
    return next((code for sign, code in (("US$", "USD"), ("€", "EUR"), ("£", "GBP")) if sign in header), None)


def in_hundredths(header: str) -> bool:
    """Whether a header says that the rates are in cents or pence."""
    return bool(_HUNDREDTHS.fullmatch(header.casefold()))
