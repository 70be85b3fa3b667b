"""The names of countries, and those that vendors and price lists use for them."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache


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
