"""The connector that sends nothing."""

from dataclasses import replace

import pytest

from watchword.connector_kit.errors import ProviderUnavailable
from watchword.connector_kit.models import OutgoingMessage
from watchword.connector_kit.testing import CODE, MESSAGE, ConnectorContract, context
from watchword.connector_kit.wording import default_templates
from watchword.providers.development_inbox.connector import (
    DevelopmentInboxConfig,
    DevelopmentInboxConnector,
)


def made(config: dict[str, object], kept: list[tuple[str, str]]) -> DevelopmentInboxConnector:
    def keep(message: OutgoingMessage, text: str, subject: str | None) -> None:
        assert subject is None
        kept.append((message.id, text))

    return DevelopmentInboxConnector(DevelopmentInboxConfig.parse(config), context(inbox=keep))


class TestDevelopmentInbox(ConnectorContract):
    @pytest.fixture
    def connector(self) -> DevelopmentInboxConnector:
        return made({}, [])


def test_is_for_development_only() -> None:
    assert DevelopmentInboxConnector.metadata.development_only


@pytest.mark.parametrize(
    ("language", "words"),
    [(None, "your code to sign in"), ("ko-KR", "로그인 인증번호"), ("de", "your code to sign in")],
)
async def test_keeps_the_default_text_in_the_persons_language(
    language: str | None, words: str
) -> None:
    kept: list[tuple[str, str]] = []
    receipt = await made({}, kept).send(replace(MESSAGE, language=language))

    [(message_id, text)] = kept
    assert message_id == receipt.provider_message_id == MESSAGE.id
    assert words in text
    assert CODE in text
    assert CODE not in receipt.words
    assert receipt.segments == 1


async def test_keeps_the_tenants_own_text() -> None:
    kept: list[tuple[str, str]] = []
    templates = [
        {**item, "content": f"Acme: {{{{code}}}} ({item['usageType']})"}
        for item in default_templates()
    ]
    await made({"templates": templates}, kept).send(MESSAGE)

    assert kept == [("message-1", f"Acme: {CODE} (SignIn)")]


async def test_without_an_inbox_nothing_is_pretended() -> None:
    connector = DevelopmentInboxConnector(DevelopmentInboxConfig.parse({}), context())
    with pytest.raises(ProviderUnavailable):
        await connector.send(MESSAGE)
