"""The country list speaks the page's language and starts with the person's country."""

import pytest

from watchword.web.pages.countries import countries, default_country


@pytest.mark.parametrize(
    ("languages", "region"),
    [
        (["pt-BR", "en"], "BR"),
        (["ko"], "KR"),
        (["en"], "US"),
        (["en-GB"], "GB"),
        (["ja"], "JP"),
        (["zh-Hant-TW"], "TW"),
        # Arabic is not the country with the code AR.
        (["ar"], "EG"),
        (["not a tag", "x", "de-AT"], "AT"),
        ([], "US"),
    ],
)
def test_the_first_country_comes_from_the_browsers_languages(
    languages: list[str], region: str
) -> None:
    assert default_country(languages, countries("en")) == region


def test_a_country_that_is_not_allowed_is_neither_listed_nor_chosen() -> None:
    listed = countries("en", frozenset({"KR", "JP"}))

    assert [country.region for country in listed] == ["JP", "KR"]
    assert default_country(["en-US"], listed) == "JP"


def test_names_are_in_the_pages_language_and_sorted_in_it() -> None:
    korean = countries("ko")
    english = countries("en")

    assert next(country.name for country in korean if country.region == "KR") == "대한민국"
    assert [country.name for country in english[:3]] == [
        "Afghanistan",
        "Åland Islands",
        "Albania",
    ]
    assert {country.calling_code for country in english if country.region in {"US", "CA"}} == {1}
