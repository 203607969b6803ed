"""`watchword connectors`: a test message and a credential check from the terminal."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests import local
from tests.cli.conftest import Watchword
from watchword.audit.models import Actor
from watchword.cli.output import opened
from watchword.connector_kit.wording import default_templates
from watchword.emulators.twilio import ACCOUNT_SID, AUTH_TOKEN, MESSAGING_SERVICE_SID
from watchword.settings import load_settings

ID = "twilio-short-message-service"
TO = "+447700900123"
# The emulator refuses this one as a number whose owner answered STOP.
OPTED_OUT = "+15005550004"
CONFIG = {
    "accountSID": ACCOUNT_SID,
    "authToken": AUTH_TOKEN,
    "fromMessagingServiceSID": MESSAGING_SERVICE_SID,
    "templates": default_templates(),
}


@pytest.fixture
def config(tmp_path: Path) -> str:
    """Return a file with settings that the emulator knows."""
    path = tmp_path / "twilio.json"
    path.write_text(json.dumps(CONFIG))
    return str(path)


def taken(twilio: str) -> list[dict[str, Any]]:
    """Return what the emulated provider took."""
    found: list[dict[str, Any]] = local.get(f"{twilio}/emulator/messages").json()
    return found


def save(connector_id: str, config: dict[str, Any]) -> None:
    """Set the default tenant's connector up."""

    async def work() -> None:
        async with opened(load_settings()) as server:
            scope = await server.scope_of("default")
            await scope.configuration.connectors.create(Actor.system("test"), connector_id, config)

    asyncio.run(work())


class TestTest:
    def test_sends_with_settings_that_nobody_saved(
        self, watchword: Watchword, twilio: str, config: str
    ) -> None:
        ended = watchword(
            "connectors", "test", "--connector", ID, "--to", TO, "--config", config, "--json"
        )

        [message] = taken(twilio)
        assert (message["to"], ended.code) == (TO, 0)
        assert "000000 is your verification code" in message["body"]
        assert ended.json["state"] == "accepted"
        assert ended.json["words"] == "Twilio: accepted"
        assert ended.json["providerMessageId"] == message["sid"]
        assert TO not in ended.stdout + ended.stderr
        assert watchword("connectors", "list", "--json").json == []

    def test_says_it_in_words_too(self, watchword: Watchword, twilio: str, config: str) -> None:
        ended = watchword("connectors", "test", "--connector", ID, "--to", TO, "--config", config)

        [message] = taken(twilio)
        assert ended.stdout.splitlines() == [
            "state          accepted",
            "to             +44 77•• ••0123",
            "provider said  Twilio: accepted",
            f"provider's id  {message['sid']}",
        ]

    def test_sends_with_the_saved_connector_and_notes_that_it_was_tried(
        self, watchword: Watchword, twilio: str
    ) -> None:
        save(ID, CONFIG)

        ended = watchword("connectors", "test", "--to", TO, "--json")

        assert (ended.code, ended.json["connectorId"], len(taken(twilio))) == (0, ID, 1)
        assert is_tested()

    def test_a_refusal_is_an_error_with_the_providers_words_and_what_to_do(
        self, watchword: Watchword, twilio: str, config: str
    ) -> None:
        arguments = ("connectors", "test", "--connector", ID, "--to", OPTED_OUT)
        ended = watchword(*arguments, "--config", config)

        assert ended.code == 1
        assert taken(twilio) == []
        assert "state          failed" in ended.stdout
        assert "provider said  Twilio 21610: " in ended.stdout
        assert "what to do     The person asked the provider for no more messages" in ended.stdout
        assert OPTED_OUT[1:] not in ended.stdout

    def test_the_usage_type_and_the_language_choose_the_template(
        self, watchword: Watchword, twilio: str
    ) -> None:
        korean = {"usageType": "SignIn", "language": "ko", "content": "로그인 {{code}}"}
        given = json.dumps({**CONFIG, "templates": [*default_templates(), korean]})

        watchword(
            *("connectors", "test", "--connector", ID, "--to", TO, "--config", "-"),
            *("--usage", "SignIn", "--language", "ko"),
            given=given,
        )

        assert [message["body"] for message in taken(twilio)] == ["로그인 000000"]

    def test_a_secret_may_come_from_the_environment(
        self, watchword: Watchword, twilio: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TWILIO_TOKEN", AUTH_TOKEN)
        given = json.dumps({**CONFIG, "authToken": "${env:TWILIO_TOKEN}"})

        arguments = ("connectors", "test", "--connector", ID, "--to", TO, "--config", "-")
        assert watchword(*arguments, given=given).code == 0
        monkeypatch.delenv("TWILIO_TOKEN")
        ended = watchword(*arguments, given=given)

        assert ended.code == 2
        assert ended.stderr.strip() == (
            "--config names ${env:TWILIO_TOKEN}, and the environment has no TWILIO_TOKEN"
        )

    def test_what_looks_unusual_is_said_and_sent(self, watchword: Watchword, twilio: str) -> None:
        given = json.dumps({**CONFIG, "from": "?", "fromMessagingServiceSID": None})

        ended = watchword(
            *("connectors", "test", "--connector", ID, "--to", TO, "--config", "-", "--json"),
            given=given,
        )

        [unusual] = ended.json["unusual"]
        assert unusual.startswith("from (")
        assert ended.json["errorClass"] == "sender_rejected"

    def test_an_inbox_message_is_not_part_of_the_answer(
        self, watchword: Watchword, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WATCHWORD_MODE", "development")
        ended = watchword(
            *("connectors", "test", "--connector", "development-inbox", "--to", TO),
            *("--config", "-", "--json"),
            given="{}",
        )

        assert ended.json["state"] == "accepted"
        assert "000000" in ended.stderr

    @pytest.mark.parametrize(
        ("arguments", "given", "words"),
        [
            (("--to", "12"), "{}", "--to is no phone number"),
            (("--to", TO, "--connector", "none"), "{}", "There is no connector 'none'"),
            (("--to", TO), "{}", "--config needs --connector"),
            (("--to", TO, "--connector", ID), "[]", "is no JSON object"),
            (("--to", TO, "--connector", ID), "{", "is not JSON: Expecting property name"),
            (
                ("--to", TO, "--connector", ID),
                "{}",
                "accountSID: Required",
            ),
            (
                ("--to", TO, "--connector", "development-inbox"),
                "{}",
                "development-inbox is for development",
            ),
        ],
    )
    def test_a_mistake_is_named_and_nothing_is_sent(
        self, watchword: Watchword, twilio: str, arguments: tuple[str, ...], given: str, words: str
    ) -> None:
        ended = watchword("connectors", "test", *arguments, "--config", "-", given=given)

        assert (ended.code, ended.stdout) == (2, "")
        assert words in ended.stderr
        assert taken(twilio) == []

    def test_a_file_that_is_not_there_is_named(self, watchword: Watchword) -> None:
        ended = watchword(
            "connectors", "test", "--connector", ID, "--to", TO, "--config", "none.json"
        )

        assert (ended.code, ended.stderr) == (2, "--config: No such file or directory: none.json\n")

    def test_without_a_saved_connector_there_is_nothing_to_test(self, watchword: Watchword) -> None:
        ended = watchword("connectors", "test", "--to", TO)

        assert ended.code == 2
        assert "The tenant has no SMS connector" in ended.stderr

    def test_another_connector_than_the_saved_one_needs_its_settings(
        self, watchword: Watchword
    ) -> None:
        save("http-sms", {"endpoint": "https://sms.example.com/send"})

        ended = watchword("connectors", "test", "--connector", ID, "--to", TO)

        assert ended.code == 2
        assert f"The tenant sends through http-sms, not {ID}." in ended.stderr


class TestCheck:
    def test_good_credentials_are_what_the_provider_says_of_the_account(
        self, watchword: Watchword, twilio: str, config: str
    ) -> None:
        ended = watchword("connectors", "check", "--connector", ID, "--config", config, "--json")

        assert (ended.code, taken(twilio)) == (0, [])
        assert (ended.json["state"], ended.json["connectorId"]) == ("good", ID)
        assert ended.json["words"].startswith("Twilio: Emulated account, active")

    def test_the_saved_connector_is_asked_where_no_settings_come(
        self, watchword: Watchword, twilio: str
    ) -> None:
        save(ID, {**CONFIG, "authToken": "not-the-token"})

        ended = watchword("connectors", "check")

        assert ended.code == 1
        assert ended.stdout.splitlines() == [
            "state          refused",
            "provider said  Twilio 20003: Authenticate",
            "what to do     The provider does not accept the credentials. Copy them again and send "
            "a test.",
        ]

    def test_no_free_question_is_neither_good_nor_refused(self, watchword: Watchword) -> None:
        save("http-sms", {"endpoint": "https://sms.example.com/send"})

        ended = watchword("connectors", "check")

        assert (ended.code, ended.stdout) == (2, "")
        assert "no question that costs nothing" in ended.stderr


def is_tested() -> bool:
    """Tell whether the tenant's connector counts as tried."""

    async def work() -> bool:
        async with opened(load_settings()) as server:
            saved = await (await server.scope_of("default")).connectors.active()
            return saved is not None and saved.tested_at is not None

    return asyncio.run(work())


class TestEmail:
    ADDRESS = "ada@example.com"

    def test_an_address_is_mailed_and_shown_masked(
        self, watchword: Watchword, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WATCHWORD_MODE", "development")
        ended = watchword(
            *("connectors", "test", "--connector", "development-email-inbox"),
            *("--to", "Ada@Example.com", "--config", "-", "--json"),
            given="{}",
        )

        assert (ended.code, ended.json["state"]) == (0, "accepted")
        assert ended.json["to"] == "a•••@example.com"
        assert "000000" in ended.stderr

    def test_the_saved_connector_is_the_one_that_reaches_the_receiver(
        self, watchword: Watchword, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WATCHWORD_MODE", "development")
        save("http-sms", {"endpoint": "https://sms.example.com/send"})
        without = watchword("connectors", "test", "--to", self.ADDRESS)
        assert without.code == 2
        assert "The tenant has no e-mail connector" in without.stderr

        save("development-email-inbox", {})
        ended = watchword("connectors", "test", "--to", self.ADDRESS, "--json")
        assert ended.json["connectorId"] == "development-email-inbox"

    @pytest.mark.parametrize(
        ("to", "connector", "words"),
        [
            ("ada@", "http-sms", "--to is no e-mail address"),
            (ADDRESS, "http-sms", "http-sms does not send to a•••@example.com"),
        ],
    )
    def test_a_receiver_that_is_none_is_named(
        self, watchword: Watchword, to: str, connector: str, words: str
    ) -> None:
        ended = watchword(
            *("connectors", "test", "--connector", connector, "--to", to, "--config", "-"),
            given='{"endpoint": "https://sms.example.com/send"}',
        )

        assert (ended.code, ended.stdout) == (2, "")
        assert words in ended.stderr
