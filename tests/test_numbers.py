from __future__ import annotations

import polars as pl
import pytest
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, SUPPORTED_REGIONS, example_number, format_number
from phonenumbers import PhoneNumberFormat as Format

from callkit.numbers import country, country_name, meant_by, valid


def countries(*numbers: str | None) -> list[str | None]:
    frame = pl.DataFrame({"callee": pl.Series(numbers, dtype=pl.String)})
    return frame.select(country("callee"))["callee"].to_list()


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("4915112345678", "DE"),
        ("+919810012345", "IN"),
        ("009370123456", "AF"),
        ("2902123", "SH"),
        ("12125550123", "US"),
        ("14165550123", "CA"),
        ("18765550123", "JM"),
        ("17875550123", "PR"),
        ("18005550123", None),
        ("79161234567", "RU"),
        ("77011234567", "KZ"),
        ("442079460011", "GB"),
        ("447797712345", "JE"),
        ("447781123456", "GG"),
        ("441624756789", "IM"),
        ("390669812345", "IT"),
        ("881612345678", None),
        ("21012345678", None),
        ("015112345678", None),
        ("491511", None),
        ("1234567890123456", None),
        ("4915•••••••78", None),
        ("anonymous", None),
        ("-4915112345678", None),
        ("", None),
        (None, None),
    ],
)
def test_the_country_of_a_number(number, expected):
    """Digits with country code tell the country, shared codes included; whatever tells none is null."""
    assert countries(number) == [expected]


def test_every_country_has_numbers_of_its_own():
    """The numbering plans' own example of every country is found to be there, or on the larger country's code."""
    for region in sorted(SUPPORTED_REGIONS):
        if example := example_number(region):
            number = format_number(example, Format.E164)
            code = COUNTRY_CODE_TO_REGION_CODE[example.country_code]
            assert countries(number) == [region if example.country_code in (1, 7, 44) else code[0]]


def test_lazily_and_in_any_order():
    """Expressions work in lazy frames, on other expressions, and row by row."""
    numbers = ["4915112345678", None, "12125550123", "77011234567", "x", "442079460011"] * 50
    frame = pl.DataFrame({"callee": numbers})
    expected = frame.select(country("callee"))
    assert frame.lazy().select(country(pl.col("callee"))).collect(engine="streaming").equals(expected)
    assert frame.reverse().select(country("callee")).reverse().equals(expected)
    assert frame.clear().select(country("callee")).height == 0


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("USA|U.S.A.|us|United States|The United States of America|America", "US"),
        ("UK|U.K.|Great Britain|England|united kingdom", "GB"),
        ("South Korea|Korea, South|KOREA (SOUTH)|Korea|Republic of Korea|Korea, Rep. of", "KR"),
        ("Türkiye|Turkey|Turkiye|TURKEY(Turkcell)", "TR"),
        ("Côte d'Ivoire|Cote d’Ivoire|Ivory Coast|COTE D IVOIRE", "CI"),
        ("Congo, Democratic Republic of the|DR Congo|Congo (Kinshasa)|Congo", "CD"),
        ("Bosnia & Herzegovina|Bosnia and Herzegovina|Bosnia-Herzegovina", "BA"),
        ("St. Lucia|Saint Lucia|ST LUCIA", "LC"),
        ("Virgin Islands, British|British Virgin Islands|BVI", "VG"),
        ("Russian Federation(MTS)|russia", "RU"),
        ("Hong Kong|Hong Kong SAR|China(Hong Kong)|China", "HK"),
        ("Réunion|Reunion|France(Réunion)", "RE"),
        ("UAE|United Arab Emirates（du）", "AE"),
        ("Kosovo|Serbia", "XK"),
        ("Vietnam|Viet Nam", "VN"),
    ],
)
def test_names_of_one_country(names, expected):
    """A country is recognised under the names and spellings that price lists use."""
    for name in names.split("|"):
        assert expected in meant_by(name), name


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Niger", "NG"),
        ("Guinea", "GQ"),
        ("Guinea", "GW"),
        ("Dominica", "DO"),
        ("Samoa", "AS"),
        ("South Korea", "KP"),
        ("Congo Brazzaville", "CD"),
        ("Hong Kong", "CN"),
        ("Puerto Rico", "US"),
        ("Jersey", "GB"),
        ("Ireland", "GB"),
        ("Russia", "KZ"),
        ("Canada", "US"),
        ("Austria", "AU"),
        ("Slovakia", "SI"),
    ],
)
def test_names_that_sound_alike_are_kept_apart(name, other):
    """A name stands for its own country and not for its neighbour in the alphabet or its parent."""
    assert meant_by(name)
    assert other not in meant_by(name)


@pytest.mark.parametrize(
    "name", ["", " ", "(Mobile)", "Elbonia", "of the Islands", "Mobile", "=1+1", "1234567"]
)
def test_unknown_names(name):
    """A name that is no country's stands for none."""
    assert meant_by(name) == frozenset()


def test_every_country_has_a_name_that_means_it():
    """The English name of each country is one that means it, with and without an operator behind it."""
    for region in sorted(SUPPORTED_REGIONS):
        name = country_name(region)
        assert name != region
        assert region in meant_by(name), name
        assert meant_by(f"{name.split('(')[0].upper()} (Mobile)") == meant_by(name)
    assert country_name("ZZ") == "ZZ"


@pytest.mark.parametrize("written", ["4915112345678", "+4915112345678", "004915112345678"])
def test_a_number_of_a_known_range_is_valid(written):
    """A mobile number of the German plan is valid, however its country code is written."""
    assert pl.DataFrame({"n": [written]}).select(valid("n")).item() is True


def test_validity_is_asked_of_numbers_only():
    """A number of no range is invalid; what is no number, too short or masked is neither."""
    numbers = ["49999999999999", "999123456789", "112", "4915••••78", "anonymous", "", None]
    told = pl.DataFrame({"n": numbers}).select(valid("n"))["n"].to_list()
    assert told == [False, False, None, None, None, None, None]


def test_the_sandboxs_numbers_have_a_validity():
    """Every call keeps its row, whatever is said of its number."""
    frame = pl.DataFrame({"n": ["4915112345678", None] * 50})
    assert frame.lazy().select(valid("n")).collect()["n"].to_list() == [True, None] * 50
