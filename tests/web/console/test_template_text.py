"""What is wrong with a list of templates is said with the line to mend."""

import json
from typing import Any

import pytest

from tests.web.console.conftest import Browser
from watchword.connector_kit.mail import EmailTemplate
from watchword.connector_kit.templates import ProviderTemplate, Template, TextTemplate
from watchword.web.console.template_text import Wording, problems_of

USAGES = ("SignIn", "Register", "ForgotPassword", "Generic")


def listed(first: dict[str, Any], **others: Any) -> str:
    """Return a whole list whose first template is *first*, one key to a line."""
    rest = [{"usageType": usage, **others} for usage in USAGES[1:]]
    return json.dumps([{"usageType": USAGES[0], **first}, *rest], indent=1)


@pytest.mark.parametrize(
    ("first", "phrase", "line"),
    [
        ({"content": "{{code}}", "language": "ko korean"}, "wrong_language", 5),
        ({"content": "{{code}}", "language": "ko", "countries": ["KOREA"]}, "wrong_countries", 6),
        ({"content": "{{code}}", "countries": "KR"}, "wrong_countries", 5),
        ({"language": "ko", "content": "{{cod}}"}, "unknown_variable", 5),
        ({"language": "ko", "content": " "}, "no_content", 5),
        ({"language": "ko"}, "no_content", 2),
    ],
)
def test_a_text_is_judged_by_its_keys_each_in_its_line(
    first: dict[str, Any], phrase: str, line: int
) -> None:
    problems = problems_of(listed(first, content="{{code}}"), Wording.TEXT, TextTemplate)

    assert [(problem.phrase, problem.line) for problem in problems] == [(phrase, line)]


@pytest.mark.parametrize(
    ("model", "first", "phrase", "values"),
    [
        (ProviderTemplate, {}, "missing_field", {"usage": "SignIn", "field": "templateCode"}),
        (
            ProviderTemplate,
            {"templateCode": 7},
            "wrong_field",
            {"usage": "SignIn", "field": "templateCode"},
        ),
        (
            ProviderTemplate,
            {"templateCode": "7", "parameters": ["cod"]},
            "unknown_variable",
            {"names": "cod"},
        ),
    ],
)
def test_a_providers_own_template_is_judged_by_its_model(
    model: type[Template], first: dict[str, Any], phrase: str, values: dict[str, Any]
) -> None:
    problems = problems_of(listed(first, templateCode="7"), Wording.ELSEWHERE, model)

    assert [(problem.phrase, problem.values) for problem in problems] == [(phrase, values)]


def test_one_mistake_is_said_once() -> None:
    text = listed({"contentType": "x", "subject": "", "content": ""}, subject="x", content="x")

    problems = problems_of(text, Wording.EMAIL, EmailTemplate)

    assert [problem.phrase for problem in problems] == ["no_subject", "content_type", "no_content"]


async def test_the_page_says_what_a_providers_template_lacks(owner: Browser) -> None:
    await owner.open("connectors/set-up/tencent-short-message-service")
    owner.page.form("/tencent-short-message-service").action += "/preview"

    page = await owner.submit("/preview", templates='[{"usageType": "Generic"}]')

    assert "Line 1: Generic needs templateCode." in page.words
