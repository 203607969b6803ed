"""The development inbox for e-mail: what it shows instead of mailing it."""

from dataclasses import replace

import pytest

from watchword.connector_kit.errors import ProviderUnavailable
from watchword.connector_kit.models import OutgoingMessage
from watchword.connector_kit.testing import (
    CODE,
    EMAIL_MESSAGE,
    EmailConnectorContract,
    context,
)
from watchword.providers.development_inbox.email.connector import (
    DevelopmentEmailInboxConfig,
    DevelopmentEmailInboxConnector,
)

Kept = list[tuple[str, str, str | None]]


def made(config: dict[str, object], kept: Kept) -> DevelopmentEmailInboxConnector:
    def keep(message: OutgoingMessage, text: str, subject: str | None) -> None:
        kept.append((message.id, text, subject))

    return DevelopmentEmailInboxConnector(
        DevelopmentEmailInboxConfig.parse(config), context(inbox=keep)
    )


class TestDevelopmentEmailInbox(EmailConnectorContract):
    @pytest.fixture
    def connector(self) -> DevelopmentEmailInboxConnector:
        return made({}, [])


@pytest.mark.parametrize(
    ("language", "subject"),
    [("en", "Your code to sign in"), ("ko-KR", "로그인 인증번호"), (None, "Your code to sign in")],
)
async def test_keeps_the_default_email_in_the_persons_language(
    language: str | None, subject: str
) -> None:
    kept: Kept = []
    await made({}, kept).send(replace(EMAIL_MESSAGE, language=language))

    [(id_, text, shown)] = kept
    assert (id_, shown) == (EMAIL_MESSAGE.id, subject)
    assert CODE in text


async def test_keeps_the_tenants_own_wording_as_plain_text() -> None:
    kept: Kept = []
    usages = ("Register", "SignIn", "ForgotPassword", "Generic")
    template = {"contentType": "text/html", "subject": "Hi", "content": "<p>Code<br>{{code}}</p>"}
    templates = [{"usageType": usage, **template} for usage in usages]
    await made({"templates": templates}, kept).send(EMAIL_MESSAGE)

    assert kept == [(EMAIL_MESSAGE.id, f"Code\n{CODE}", "Hi")]


async def test_without_an_inbox_it_says_so() -> None:
    config = DevelopmentEmailInboxConfig.parse({})
    with pytest.raises(ProviderUnavailable):
        await DevelopmentEmailInboxConnector(config, context()).send(EMAIL_MESSAGE)
