"""Choosing a provider, and filling its form with a configuration from elsewhere."""

import json
from typing import Any

import pytest

from tests.web.console.conftest import HOME, Browser, Page, Site
from watchword.connectors.models import MASK
from watchword.web.console.template_text import NotJson, read_json

TWILIO = "connectors/set-up/twilio-short-message-service"
CONFIG: dict[str, Any] = {
    "accountSID": "AC0123456789abcdef0123456789abcdef",
    "authToken": "the-pasted-token",
    "fromMessagingServiceSID": "MG0123456789abcdef0123456789abcdef",
    "templates": [
        {"usageType": usage, "content": "Code {{code}}"}
        for usage in ("SignIn", "Register", "ForgotPassword", "Generic")
    ],
}


async def paste(owner: Browser, text: Any, path: str = TWILIO) -> Page:
    """Paste into a connector's form and return the page that comes."""
    await owner.open(path)
    end = f"/{path.rpartition('/')[2]}"
    owner.page.form(end).action += "/paste"
    pasted = text if isinstance(text, str) else json.dumps(text)
    return await owner.submit("/paste", pasted=pasted)


def values(page: Page) -> dict[str, str]:
    """Return what the connector's form holds now."""
    return dict(page.form("/twilio-short-message-service").pairs)


async def test_a_countrys_own_providers_come_first(owner: Browser) -> None:
    page = await owner.open("connectors/set-up?country=KR")

    found = page.words
    assert found.index("NAVER Cloud SENS") < found.index("Twilio SMS Service")
    assert found.index("Twilio SMS Service") < found.index("Kavenegar")


async def test_a_provider_that_lists_its_countries_is_left_out_of_others(owner: Browser) -> None:
    name = "Aliyun Short Message Authentication Service"

    assert name not in (await owner.open("connectors/set-up?country=KR")).words
    assert name in (await owner.open("connectors/set-up?country=CN")).words


async def test_a_provider_has_every_feature_that_is_asked_for(owner: Browser) -> None:
    page = await owner.open(
        "connectors/set-up?feature=approved_templates&feature=credential_check&feature=no-such"
    )

    assert "Tencent Short Message Service" in page.words
    assert "Twilio SMS Service" not in page.words
    assert "Aliyun Short Message Authentication Service" not in page.words


@pytest.mark.parametrize(
    ("query", "way"),
    [("q=nobody-has-this-name", "http-sms"), ("type=Email", "simple-mail-transfer-protocol")],
)
async def test_whoever_finds_nothing_is_shown_another_way(
    owner: Browser, query: str, way: str
) -> None:
    page = await owner.open(f"connectors/set-up?{query}")

    assert "My provider is not here" in page.words
    assert f"{HOME}/connectors/set-up/{way}" in page.links
    assert "watchword connector new acme" in page.words


@pytest.mark.parametrize(
    "wrapped",
    [
        CONFIG,
        {"connectorId": "twilio-short-message-service", "config": CONFIG},
        [
            {"connectorId": "aliyun-short-message-service", "config": {"accessKeyId": "x"}},
            {"connectorId": "twilio-short-message-service", "config": CONFIG},
        ],
    ],
)
async def test_a_pasted_configuration_fills_the_form_and_saves_nothing(
    site: Site, owner: Browser, wrapped: Any
) -> None:
    page = await paste(owner, wrapped)

    filled = values(page)
    assert "4 settings were taken over" in page.words
    assert {name: filled[name] for name in CONFIG if name != "templates"} == {
        name: value for name, value in CONFIG.items() if name != "templates"
    }
    assert json.loads(filled["templates"]) == CONFIG["templates"]
    assert filled["pasted"] == ""
    assert await (await site.scope()).connectors.active() is None


async def test_what_the_connector_does_not_know_or_was_masked_is_named(owner: Browser) -> None:
    page = await paste(owner, {**CONFIG, "authToken": MASK, "<b>stray</b>": 1})

    assert "so type it in: Auth Token" in page.words
    assert "<b>stray</b>" in page.words
    assert values(page)["authToken"] == ""


async def test_mistakes_in_what_was_pasted_are_said_at_their_fields(owner: Browser) -> None:
    page = await paste(
        owner,
        {**CONFIG, "accountSID": {"a": 1}, "templates": [{"usageType": "Generic", "content": ""}]},
    )

    assert "What was pasted here is not a text" in page.words
    assert "Line 4: Generic needs a text under content" in page.words
    assert page.html.count('aria-invalid="true"') == 2


async def test_what_is_no_configuration_is_said_and_stays_in_the_field(owner: Browser) -> None:
    cases: list[tuple[str, str]] = [
        ("", "Paste the JSON first"),
        ("{\n{", "Line 2: this is not JSON"),
        ("[" * 100_000, "Line 1: this is not JSON"),
        ("7", "There is no configuration in it"),
        ("[]", "There is no configuration in it"),
        ('{"config": 1}', "None of its settings is one of"),
        ('{"apiKey": "x"}', "None of its settings is one of Twilio SMS Service"),
        ('{"connectorId": "vonage-sms", "config": {}}', "another connector (vonage-sms)"),
    ]
    for text, said in cases:
        page = await paste(owner, text)

        assert said in page.words, text
        assert values(page)["pasted"].strip() == text.strip(), text


@pytest.mark.parametrize(("other", "is_linked"), [("vonage-sms", True), ("nobody-sms", False)])
async def test_the_connector_that_a_configuration_is_for_is_linked(
    owner: Browser, other: str, is_linked: bool
) -> None:
    page = await paste(owner, {"connectorId": other, "config": {"apiKey": "x"}})

    assert (f"{HOME}/connectors/set-up/{other}" in page.links) is is_linked


async def test_a_saved_connector_keeps_its_secret_under_a_masked_one(
    site: Site, owner: Browser
) -> None:
    await owner.open(TWILIO)
    form = {name: value for name, value in CONFIG.items() if name != "templates"}
    await owner.submit("/twilio-short-message-service", **form, confirm="yes")
    instance = owner.page.address.partition("/connectors/")[2].partition("?")[0]
    page = await paste(
        owner,
        {"accountSID": "AC" + "1" * 32, "authToken": MASK},
        f"connectors/{instance}",
    )
    assert "1 setting was taken over" in page.words

    await owner.submit(f"/{instance}")

    connectors = (await site.scope()).connectors
    saved = await connectors.get(instance)
    assert saved.config["accountSID"] == "AC" + "1" * 32
    assert connectors.opened_secrets(saved)["authToken"] == "the-pasted-token"


@pytest.mark.parametrize("text", ["NaN", "1" * 5000, "[" * 100_000, "", "{"])
def test_a_text_that_no_standard_calls_json_is_refused(text: str) -> None:
    with pytest.raises(NotJson):
        read_json(text)
