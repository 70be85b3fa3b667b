"""The countries of telephone numbers, and the names that vendors give them.

A number's country follows from its first digits, so that each distinct beginning is looked up once. The numbering plans
and the names are those of the package `phonenumbers`, which is loaded when the first number is asked for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache

import polars as pl

__all__ = ["country", "country_name", "leading", "meant_by", "valid"]

LEADING = 7
"""So many leading digits tell the country, whatever the numbering plan."""

_FEWEST, _MOST = 7, 15
"""Digits of an international number; with fewer it is a short code, which every country has its own of."""

_CLOSER = {"1": 4, "7": 3, "44": 7}
"""Codes of several countries whose numbers can be told apart, and by how many digits with the code."""


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
    text = (
        (pl.col(number) if isinstance(number, str) else number).str.strip_prefix("+").str.strip_prefix("00")
    )
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


@cache
def country_name(region: str) -> str:
    """Name a country in English by its ISO 3166 code; the code itself where it has no name.

    Examples
    --------
    >>> from callkit.numbers import country_name
    >>> country_name("AF"), country_name("XK")
    ('Afghanistan', 'Kosovo')
    """
    import phonenumbers  # noqa: PLC0415 - takes a moment, and only numbers need it
    from phonenumbers import geocoder  # noqa: PLC0415 - 0.2 s and 100 MB

    example = phonenumbers.example_number(region)
    named = geocoder.country_name_for_number(example, "en") if example else ""
    return named or _UNNAMED.get(region, region)


@lru_cache(maxsize=10_000)
def meant_by(label: str) -> frozenset[str]:
    """Tell which countries' numbers a name may stand for, such as a destination of ITNIO: `Country(Operator)`.

    Case, accents, punctuation and the order of words do not matter. A state's name may stand for its territories, too:
    price lists have "China(Hong Kong)" and "France(Réunion)". This is about price lists, not about whose they are.

    Returns
    -------
    frozenset of str
        ISO 3166 codes as `country` gives them; empty for an unknown name.

    Examples
    --------
    >>> from callkit.numbers import meant_by
    >>> sorted(meant_by("Korea, South (SKT)")), sorted(meant_by("UK(Vodafone)")) == sorted(meant_by("great britain"))
    (['KR'], True)
    >>> meant_by("Elbonia(Mobile)")
    frozenset()
    """
    named = _names().get(_words(re.split(r"[(（\[]", label, maxsplit=1)[0]), frozenset())
    return named.union(*(_ALSO.get(region, ()) for region in named))


def _validity(numbers: pl.Series) -> pl.Series:
    from phonenumbers import NumberParseException, is_valid_number, parse  # noqa: PLC0415 - only numbers need it

    digits = numbers.str.strip_prefix("+").str.strip_prefix("00")
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


@cache
def _names() -> dict[frozenset[str], frozenset[str]]:
    """Every known name, as the set of its words, with the countries that it names."""
    from phonenumbers import SUPPORTED_REGIONS  # noqa: PLC0415 - only numbers need it

    names: dict[frozenset[str], frozenset[str]] = {}
    for region in sorted(SUPPORTED_REGIONS):
        names[_words(country_name(region).split("(")[0])] = frozenset([region])
    for regions, others in _OTHER_NAMES.items():
        for name in others.split(","):
            names[_words(name)] = frozenset(regions.split())
    return names


def _words(name: str) -> frozenset[str]:
    """The words of a name that tell: `Korea, Republic of` → {korea}, `St. Lucia` and `Saint Lucia` → {st, lucia}."""
    letters = unicodedata.normalize("NFKD", name).casefold()
    kept = "".join(letter for letter in letters if letter not in ".'’`" and not unicodedata.combining(letter))
    words = re.findall(r"[^\W_]+", kept)
    return frozenset({"saint": "st", "sint": "st"}.get(word, word) for word in words) - _SAY_NOTHING


_NO_COUNTRY = "001"
_SAY_NOTHING = frozenset(("the", "of", "and", "republic", "rep", "islands", "island", "is"))
_UNNAMED = {
    "AC": "Ascension Island",
    "BL": "Saint Barthélemy",
    "EH": "Western Sahara",
    "MF": "Saint Martin",
    "TA": "Tristan da Cunha",
    "XK": "Kosovo",
}
"""Countries that `phonenumbers` does not name."""

_OTHER_NAMES = {
    "AE": "UAE, Emirates",
    "AG": "Antigua",
    "BA": "Bosnia",
    "BL": "St Barts, St Barth",
    "BN": "Brunei Darussalam",
    "BO": "Plurinational State of Bolivia",
    "BQ": "Caribbean Netherlands, Bonaire, Bonaire Sint Eustatius Saba",
    "CC": "Keeling, Cocos Keeling",
    "CD": "DR Congo, DRC, Congo DR, Democratic Congo, Congo Kinshasa, Zaire",
    "CG": "Congo Brazzaville",
    "CG CD": "Congo",
    "CI": "Ivory Coast, Cote d Ivoire",
    "CV": "Cabo Verde",
    "CW BQ SX": "Netherlands Antilles, Dutch Antilles",
    "CZ": "Czechia",
    "FK": "Falklands, Malvinas",
    "FM": "Federated States of Micronesia",
    "GB": "UK, Great Britain, Britain, England, Scotland, Wales, Northern Ireland, "
    "United Kingdom of Great Britain and Northern Ireland",
    "GP MQ BL MF": "French Antilles, French West Indies",
    "HK": "Hong Kong SAR, Hong Kong China, Hong Kong SAR China, HongKong",
    "IO": "Diego Garcia",
    "IR": "Islamic Republic of Iran",
    "KN": "St Kitts",
    "KP": "DPRK, DPR Korea, Democratic Peoples Republic of Korea",
    "KR KP": "Korea",
    "LA": "Lao, Lao PDR, Lao Peoples Democratic Republic",
    "MK": "North Macedonia, FYROM, FYR Macedonia, Former Yugoslav Republic of Macedonia",
    "MM": "Burma",
    "MO": "Macau, Macau SAR, Macao SAR, Macau China, Macao China, Macau SAR China, Macao SAR China",
    "MP": "Saipan",
    "NL": "Holland",
    "PF": "Tahiti",
    "PG": "PNG",
    "PS": "Palestinian Territory, Palestinian Territories, Occupied Palestinian Territory, State of Palestine, "
    "Palestinian Authority",
    "RU": "Russian Federation",
    "SA": "KSA, Kingdom of Saudi Arabia",
    "ST": "Sao Tome",
    "SY": "Syrian Arab Republic",
    "SZ": "Eswatini",
    "TL": "East Timor",
    "TR": "Türkiye",
    "TT": "Trinidad, Tobago",
    "TW": "Taiwan China, Taiwan Province of China, Chinese Taipei",
    "TZ": "United Republic of Tanzania",
    "US": "USA, US, United States of America, America",
    "VA": "Vatican City, Vatican City State, Holy See",
    "VC": "St Vincent",
    "VE": "Bolivarian Republic of Venezuela",
    "VG": "BVI",
    "VG VI": "Virgin Islands",
    "VI": "USVI, United States Virgin Islands",
    "VN": "Viet Nam",
    "WS": "Western Samoa",
    "ZA": "RSA",
}
"""Names that price lists use for countries, beside those of `phonenumbers`."""

_ALSO = {
    "AU": ("CC", "CX", "NF"),
    "CN": ("HK", "MO", "TW"),
    "DK": ("FO", "GL"),
    "FI": ("AX",),
    "FR": ("BL", "GF", "GP", "MF", "MQ", "NC", "PF", "PM", "RE", "WF", "YT"),
    "GB": ("AC", "AI", "BM", "FK", "GG", "GI", "IM", "IO", "JE", "KY", "MS", "SH", "TA", "TC", "VG"),
    "MA": ("EH",),
    "NL": ("AW", "BQ", "CW", "SX"),
    "NO": ("SJ",),
    "NZ": ("CK", "NU", "TK"),
    "RS": ("XK",),
    "US": ("AS", "GU", "MP", "PR", "VI"),
    # The other way round: their numbers are on the larger one's code, or were until lately.
    "AX": ("FI",),
    "BL": ("GP",),
    "BQ": ("CW",),
    "CC": ("AU",),
    "CX": ("AU",),
    "EH": ("MA",),
    "MF": ("GP",),
    "SJ": ("NO",),
    "SM": ("IT",),
    "TA": ("SH",),
    "VA": ("IT",),
    "XK": ("MC", "RS", "SI"),
    "YT": ("RE",),
}
"""Whose numbers may stand under a country's name, beside its own."""
