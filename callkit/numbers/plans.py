"""The countries of telephone numbers.

A number's country follows from its first digits, so that each distinct beginning is looked up once. The numbering plans
are those of the package `phonenumbers`, which is loaded when the first number is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import polars as pl

LEADING = 7
"""So many leading digits tell the country, whatever the numbering plan."""

_FEWEST, _MOST = 7, 15
"""Digits of an international number; with fewer it is a short code, which every country has its own of."""

_NO_COUNTRY = "001"

_CLOSER = {"1": 4, "7": 3, "44": 7}
"""Codes of several countries whose numbers can be told apart, and by how many digits with the code."""


def bare(number: str | pl.Expr) -> pl.Expr:
    """Take a leading `+` or `00` off telephone numbers: what is dialled before the country code is none of it.

    Examples
    --------
    >>> import polars as pl
    >>> from callkit.numbers import bare
    >>> calls = pl.DataFrame({"callee": ["4915112345678", "+4915112345678", "004915112345678"]})
    >>> calls.select(bare("callee").n_unique()).item()
    1
    """
    column = pl.col(number) if isinstance(number, str) else number
    return column.str.strip_prefix("+").str.strip_prefix("00")


def country(number: str | pl.Expr) -> pl.Expr:
    """Tell the country of telephone numbers.

    Parameters
    ----------
    number : str or pl.Expr
        Digits with country code, as in the CDR frame; a leading `+` or `00` is passed over.

    Returns
    -------
    pl.Expr
        Its ISO 3166 code; null for what is no such number (a short code, a name, a masked number), and for numbers of
        no country: satellite telephones, toll-free numbers of the +1 countries, codes that nobody uses.
        Numbers on +1, +7 and +44 are told apart. On any other code that countries share (Italy and the
        Vatican, Norway and Svalbard) they count as the largest one's.

    Examples
    --------
    >>> import polars as pl
    >>> from callkit.numbers import country
    >>> calls = pl.DataFrame({"callee": ["4915112345678", "12425550123", "77011234567", "anonymous"]})
    >>> calls.select(country("callee"))["callee"].to_list()
    ['DE', 'BS', 'KZ', None]
    """
    column = pl.col(number) if isinstance(number, str) else number
    return column.map_batches(_countries, return_dtype=pl.String, is_elementwise=True)


def leading(number: str | pl.Expr) -> pl.Expr:
    """Take the digits that tell the country of a telephone number, as a number of seven digits.

    Null where `country` is: numbers of the same leading digits are of the same country.

    Examples
    --------
    >>> import polars as pl
    >>> from callkit.numbers import leading
    >>> calls = pl.DataFrame({"callee": ["4915112345678", "+4915112345678", "112"]})
    >>> calls.select(leading("callee"))["callee"].to_list()
    [4915112, 4915112, None]
    """
    text = bare(number)
    long_enough = text.str.len_bytes().is_between(_FEWEST, _MOST)
    lead = text.str.head(LEADING).cast(pl.Int64, strict=False)
    return pl.when(long_enough & (lead >= 10 ** (LEADING - 1))).then(lead)


def valid(number: str | pl.Expr) -> pl.Expr:
    """Tell whether telephone numbers can exist in their country's numbering plan.

    Each distinct number takes some 20 µs, so ask it of few calls: of those that cost the most, for example. Plans
    change; an invalid number is a question, no proof.

    Parameters
    ----------
    number : str or pl.Expr
        Digits with country code, as in the CDR frame; a leading `+` or `00` is passed over.

    Returns
    -------
    pl.Expr
        Boolean; null for a missing number, and for what is no run of 7 to 15 digits.

    Examples
    --------
    >>> import polars as pl
    >>> from callkit.numbers import valid
    >>> calls = pl.DataFrame({"callee": ["4915112345678", "+49999", "49999999999999", "anonymous", None]})
    >>> calls.select(valid("callee"))["callee"].to_list()
    [True, None, False, None, None]
    """
    column = pl.col(number) if isinstance(number, str) else number
    return column.map_batches(_validity, return_dtype=pl.Boolean, is_elementwise=True)


def _validity(numbers: pl.Series) -> pl.Series:
    from phonenumbers import NumberParseException, is_valid_number, parse  # noqa: PLC0415 - only numbers need it

    digits = numbers.to_frame("number").select(bare("number")).to_series()
    told = digits.set(~digits.str.contains(rf"^[0-9]{{{_FEWEST},{_MOST}}}$").fill_null(value=False), None)
    found: dict[str, bool] = {}
    for number in told.unique().drop_nulls():
        try:
            found[number] = is_valid_number(parse(f"+{number}"))
        except NumberParseException:
            found[number] = False
    return told.replace_strict(list(found), list(found.values()), default=None, return_dtype=pl.Boolean)


def _countries(numbers: pl.Series) -> pl.Series:
    lead = numbers.to_frame("number").select(leading("number")).to_series()
    by_code = _each_distinct(lead // 10 ** (LEADING - 3), _by_code)
    shared = by_code.is_in(list(_CLOSER)).fill_null(value=False)
    if shared.any():
        by_code = by_code.zip_with(~shared, _each_distinct(lead.set(~shared, None), _closer))
    return by_code.alias(numbers.name)


def _each_distinct(keys: pl.Series, look_up: Callable[[int], str | None]) -> pl.Series:
    distinct = keys.unique().drop_nulls().to_list()
    found = [look_up(key) for key in distinct]
    return keys.replace_strict(distinct, found, default=None, return_dtype=pl.String)


@cache
def _by_code(digits: int) -> str | None:
    """The country of three leading digits, or their country code where more digits must tell."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE  # noqa: PLC0415 - only numbers need it

    for length in (1, 2, 3):
        code = str(digits)[:length]
        if regions := COUNTRY_CODE_TO_REGION_CODE.get(int(code)):
            return code if code in _CLOSER else None if regions[0] == _NO_COUNTRY else regions[0]
    return None


def _closer(lead: int) -> str | None:
    digits = str(lead)
    code = next(code for code in reversed(tuple(_CLOSER)) if digits.startswith(code))
    return _on_shared_code(code, digits[len(code) : _CLOSER[code]])


@cache
def _on_shared_code(code: str, known: str) -> str | None:
    """The country of the digits after a code of several countries; null where they are nobody's, or all of theirs'."""
    import phonenumbers  # noqa: PLC0415 - only numbers need it

    kinds = phonenumbers.PhoneNumberType
    everybody = (kinds.TOLL_FREE, kinds.PREMIUM_RATE, kinds.PERSONAL_NUMBER, kinds.SHARED_COST, kinds.UAN)
    # Plans say which subscribers' numbers are in use, so several endings are tried.
    for ending in "2345678905":
        number = phonenumbers.PhoneNumber(int(code), int(f"{known:{ending}<10}"))
        region = phonenumbers.region_code_for_number(number)
        if region:
            return None if code == "1" and phonenumbers.number_type(number) in everybody else str(region)
    return None
