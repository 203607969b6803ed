"""Choosing and filling texts, the defaults, and counting segments."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from watchword.connector_kit.errors import InvalidConfig, TemplateNotFound
from watchword.connector_kit.models import UsageType
from watchword.connector_kit.segments import count_segments
from watchword.connector_kit.templates import (
    ProviderTemplate,
    TextTemplate,
    TextTemplatesConfig,
    choose,
    fill,
    render,
)
from watchword.connector_kit.testing import CODE, MESSAGE
from watchword.connector_kit.wording import default_templates

ORIGIN_LINE = "@auth.example.com #135790"


def template(usage: str, content: str) -> TextTemplate:
    return TextTemplate(usage_type=usage, content=content)


def test_the_exact_usage_type_wins_over_generic_wherever_it_stands() -> None:
    templates = [template("Generic", "any"), template("SignIn", "sign in")]

    assert choose(templates, UsageType.SIGN_IN).content == "sign in"
    assert choose(templates, UsageType.BIND_MFA).content == "any"


def test_without_a_generic_one_a_missing_template_is_an_error() -> None:
    with pytest.raises(TemplateNotFound):
        choose([template("SignIn", "sign in")], UsageType.REGISTER)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{{code}}", "135790"),
        ("{{ code }} and {{\tcode}}", "135790 and 135790"),
        ("{{unknown}} stays", "{{unknown}} stays"),
        ("{{user.name}}", "Ada"),
        ("[{{user.missing}}]", "[]"),
        ("[{{code.part}}]", "[]"),
        ("{{evil}}", "{{code}}"),
        ("{{co de}} {code}", "{{co de}} {code}"),
    ],
)
@pytest.mark.proves("S132")
def test_placeholders_are_filled_as_the_contract_says(content: str, expected: str) -> None:
    variables = {"code": "135790", "user": {"name": "Ada"}, "evil": "{{code}}"}

    assert fill(content, variables) == expected


@pytest.mark.parametrize(
    "content", ["Code {{code}}\n{{origin_line}}", "Code {{code}}\n\n{{ origin_line }}"]
)
@pytest.mark.proves("S80")
def test_an_origin_line_is_the_last_line_or_leaves_no_trace(content: str) -> None:
    filled = fill(content, {"code": "1", "origin_line": ORIGIN_LINE})

    assert filled.splitlines()[-1] == ORIGIN_LINE
    assert fill(content, {"code": "1", "origin_line": ""}) == "Code 1"
    assert fill(content, {"code": "1"}) == "Code 1"


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (timedelta(minutes=10), "10"),
        (timedelta(minutes=9, seconds=58), "10"),
        (timedelta(minutes=4, seconds=10), "4"),
        (timedelta(seconds=20), "1"),
    ],
)
def test_minutes_come_from_the_time_left_unless_they_are_given(
    left: timedelta, expected: str
) -> None:
    texts = [template("Generic", "{{minutes}}")]
    message = replace(MESSAGE, variables={"code": "1"}, time_left=left)

    assert render(texts, message) == expected
    assert render(texts, replace(message, variables={"minutes": "7"})) == "7"


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.proves("S80")
def test_every_default_text_names_code_and_lifetime_in_one_segment(language: str) -> None:
    templates = default_templates(language)

    assert [item["usageType"] for item in templates] == [usage.value for usage in UsageType]
    for item in templates:
        assert item["content"].splitlines()[-1] == "{{origin_line}}"
        if item["usageType"] == UsageType.ORGANIZATION_INVITATION:
            continue
        assert "{{code}}" in item["content"]
        assert "{{minutes}}" in item["content"]
        assert "10" not in item["content"]
        text = fill(
            item["content"], {"code": "135790", "minutes": "10", "origin_line": ORIGIN_LINE}
        )
        assert count_segments(text).count == 1, text


@pytest.mark.parametrize(("language", "segments"), [("en", 1), ("ko", 2)])
def test_an_invitations_default_text_names_the_organization_and_ends_with_the_link(
    language: str, segments: int
) -> None:
    link = "https://auth.example.com/i/4NpTqWzB7cXhK2mYr8dL0s"
    [content] = [
        item["content"]
        for item in default_templates(language)
        if item["usageType"] == UsageType.ORGANIZATION_INVITATION
    ]

    text = fill(content, {"organization": {"name": "Chess club"}, "link": link})

    assert "Chess club" in text
    assert text.endswith(link)
    assert count_segments(text).count == segments, text


def test_an_unknown_language_gets_english_defaults() -> None:
    assert default_templates("de") == default_templates("en")


def test_the_four_usage_types_of_the_contract_must_be_there() -> None:
    present = [item for item in default_templates() if item["usageType"] != "ForgotPassword"]
    with pytest.raises(InvalidConfig) as refused:
        TextTemplatesConfig.parse({"templates": present})

    assert refused.value.fields == {"templates": "connector_kit.form.template_missing"}
    assert "ForgotPassword" in refused.value.words


def test_other_usage_types_are_taken_as_they_come() -> None:
    more = [*default_templates(), {"usageType": "OfTomorrow", "content": "x"}]

    assert TextTemplatesConfig.parse({"templates": more}).reveal() == {"templates": more}


@pytest.mark.parametrize(
    ("text", "encoding", "count", "units"),
    [
        ("", "GSM-7", 1, 0),
        ("a" * 160, "GSM-7", 1, 160),
        ("a" * 161, "GSM-7", 2, 161),
        ("a" * 306, "GSM-7", 2, 306),
        ("a" * 307, "GSM-7", 3, 307),
        ("€" * 80, "GSM-7", 1, 160),
        ("{" + "a" * 159, "GSM-7", 2, 161),
        # 152 + an escaped pair that would be cut: it moves to the next segment whole.
        ("a" * 152 + "€" + "a" * 151, "GSM-7", 2, 305),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 3, 306),
        ("가" * 70, "UCS-2", 1, 70),
        ("가" * 71, "UCS-2", 2, 71),
        ("가" * 134, "UCS-2", 2, 134),
        ("🙂" * 35, "UCS-2", 1, 70),
        ("🙂" * 36, "UCS-2", 2, 72),
        # 67 is odd: a pair that would be cut moves, too.
        ("🙂" * 67, "UCS-2", 3, 134),
    ],
)
def test_counts_segments(text: str, encoding: str, count: int, units: int) -> None:
    segments = count_segments(text)

    assert (segments.encoding, segments.count, segments.units) == (encoding, count, units)


def test_names_the_character_that_makes_a_text_dearer() -> None:
    assert count_segments("Don’t share").forcing_character == "’"
    assert count_segments("Don't share").forcing_character is None


def in_language(language: str | None, content: str, *countries: str) -> TextTemplate:
    return TextTemplate(
        usage_type="SignIn", content=content, language=language, countries=countries
    )


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("ko", "ko"),
        ("ko-KR", "ko"),
        ("pt-br", "pt-BR"),
        ("pt-PT", "pt-BR"),
        ("fr", "any"),
        (None, "any"),
    ],
)
def test_a_text_is_in_the_persons_language_if_there_is_one(
    wanted: str | None, expected: str
) -> None:
    templates = [
        in_language("en", "en"),
        in_language("pt-BR", "pt-BR"),
        in_language(None, "any"),
        in_language("ko", "ko"),
    ]

    assert choose(templates, UsageType.SIGN_IN, wanted).content == expected


def test_english_comes_before_other_foreign_languages() -> None:
    templates = [in_language("ja", "ja"), in_language("en-GB", "en")]

    assert choose(templates, UsageType.SIGN_IN, "fr").content == "en"


def test_a_template_for_the_country_comes_first_and_serves_no_other() -> None:
    templates = [
        in_language("ko", "korean"),
        in_language(None, "china", "CN"),
        in_language(None, "abroad", "US", "JP"),
    ]

    assert choose(templates, UsageType.SIGN_IN, "ko", "CN").content == "china"
    assert choose(templates, UsageType.SIGN_IN, "en", "JP").content == "abroad"
    assert choose(templates, UsageType.SIGN_IN, "en", "KR").content == "korean"


def test_a_template_of_other_countries_only_is_none() -> None:
    with pytest.raises(TemplateNotFound):
        choose([in_language(None, "china", "CN")], UsageType.SIGN_IN, "en", "KR")


@pytest.mark.parametrize(
    "broken",
    [
        {"content": "{{cod}} is your code"},
        {"content": "x", "language": "english please"},
        {"content": "x", "countries": ["XX"]},
    ],
)
def test_a_template_that_can_not_work_is_refused_when_it_is_saved(broken: dict[str, Any]) -> None:
    templates = [*default_templates(), {"usageType": "BindMfa", **broken}]

    with pytest.raises(InvalidConfig) as refused:
        TextTemplatesConfig.parse({"templates": templates})

    assert isinstance(refused.value.data, Mapping)
    issue = refused.value.data["issues"][0]
    assert issue["path"][0] == "templates"
    assert issue["path"][1] == "9"


@pytest.mark.proves("S132")
def test_an_unknown_variable_is_named() -> None:
    templates = [*default_templates(), {"usageType": "BindMfa", "content": "{{cod}} {{pin.x}}"}]

    with pytest.raises(InvalidConfig) as refused:
        TextTemplatesConfig.parse({"templates": templates})
    assert "cod, pin" in refused.value.words
    assert refused.value.fields == {"templates": "connector_kit.form.unknown_variable"}


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("Acme", "Acme"),
        ("Acme: best of 3.5", "Acme: best of 3.5"),
        ("win at https://evil.example/x", "win at evil. example/x"),
        ("evil.example", "evil. example"),
        ("mailto:me@evil.example", "me@evil. example"),
        ("two\r\nlines\t\x07here", "two lines here"),
        ("\u202eelpmaxe", "elpmaxe"),
        ("long " * 40, ("long " * 12).strip()),
    ],
)
@pytest.mark.proves("S87")
def test_a_name_that_others_chose_brings_no_link_and_no_line_break(written: str, sent: str) -> None:
    variables = {"organization": {"name": written}, "application": written}

    assert fill("<{{organization.name}}>", variables) == f"<{sent}>"
    assert fill("<{{organization}}>", variables) == f"<{sent}>"
    assert fill("<{{application}}>", variables) == f"<{sent}>"


def test_our_own_link_stays_one() -> None:
    assert fill("{{link}}", {"link": "https://id.example/i/1"}) == "https://id.example/i/1"


def test_a_template_of_the_provider_gets_the_declared_variables_and_no_other() -> None:
    declared = ProviderTemplate.model_validate(
        {"usageType": "SignIn", "templateCode": "42", "parameters": ["minutes", "code"]}
    )

    assert declared.values(MESSAGE) == ["10", CODE]
    assert ProviderTemplate(usage_type="SignIn", template_code="42").values(MESSAGE) == [CODE]
