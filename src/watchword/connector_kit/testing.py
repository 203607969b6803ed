"""The promises that hold for any connector, as pytest classes to inherit from."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from watchword.connector_kit.answers import error_of_status
from watchword.connector_kit.config import FASTEST, SLOWEST, ConnectorConfig
from watchword.connector_kit.connector import (
    Connector,
    ConnectorContext,
    EmailConnector,
    HttpSmsConnector,
)
from watchword.connector_kit.errors import (
    AnswerLost,
    AuthorizationDenied,
    AuthorizationFailed,
    ConnectorError,
    InvalidConfig,
    InvalidCredentials,
    ProviderRejected,
    ProviderThrottled,
    ProviderTimeout,
    ProviderUnavailable,
    ReportRefused,
    UnreadableAnswer,
)
from watchword.connector_kit.guides import guide, logo
from watchword.connector_kit.models import EmailMessage, ReportRequest, SmsMessage, UsageType
from watchword.connector_kit.numbers import parts_of
from watchword.connector_kit.oauth import OAuthConnector
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.registry import SHAPES, ConnectorRegistry
from watchword.connector_kit.social import Authorization, SocialIdentity
from watchword.core.email import EmailAddress
from watchword.core.phone import PhoneNumber

CODE = "135790"
PHONE = PhoneNumber("447700900123")
SPELLING_FORMS = (
    "{code}{national}",
    "+{code}{national}",
    "00{code}{national}",
    "%2B{code}{national}",
    "+{code} {first} {rest}",
    "+{code} (0){first} {middle}-{last}",
    "0{first} {middle} {last}",
    "{national}",
)


def spelled(form: str, phone: PhoneNumber) -> str:
    """Return a number as people and providers write it."""
    code, national = parts_of(phone)
    return form.format(
        code=code,
        national=national,
        first=national[:4],
        rest=national[4:],
        middle=national[4:-3],
        last=national[-3:],
    )


SPELLINGS = tuple(spelled(form, PHONE) for form in SPELLING_FORMS)
MESSAGE = SmsMessage(
    id="message-1",
    to=PHONE,
    usage=UsageType.SIGN_IN,
    variables={"code": CODE, "locale": "en", "minutes": "10", "origin_line": ""},
    time_left=timedelta(minutes=10),
    language="en",
    client_ip="203.0.113.9",
    receipt_url="https://auth.example.com/receipts/instance-1",
)


def message_to(to: PhoneNumber, **others: Any) -> SmsMessage:
    """Return the message of these tests to another number, or with other values."""
    return replace(MESSAGE, to=to, **others)


ADDRESS = EmailAddress("ada@example.com")
EMAIL_MESSAGE = EmailMessage(
    id="message-1",
    to=ADDRESS,
    usage=UsageType.SIGN_IN,
    variables={"code": CODE, "locale": "en", "minutes": "10", "origin_line": ""},
    time_left=timedelta(minutes=10),
    language="en",
    client_ip="203.0.113.9",
)
HOSTILE = "Acme\r\nBcc: all@example.com\r\n\r\n<b>https://evil.example</b>"
"""A name that somebody gave an organization."""

FORM_TYPES = {"Text", "Number", "MultilineText", "Switch", "Select", "MultiSelect", "Json"}
SECTIONS = {
    "guide.md": (
        "What you need",
        "Settings",
        "Templates",
        "Limits and quirks",
        "Errors",
    ),
    "guide.ko.md": ("준비할 것", "설정", "템플릿", "한도와 특이 사항", "오류"),
}
SOCIAL_SECTIONS = {
    "guide.md": (
        "What you need",
        "Settings",
        "What is believed",
        "Limits and quirks",
        "Errors",
    ),
    "guide.ko.md": ("준비할 것", "설정", "믿는 정보", "한도와 특이 사항", "오류"),
}
AUTHORIZATION = Authorization(
    state="state-1",
    redirect_uri="https://auth.example.com/callback/instance-1",
    nonce="nonce-1",
    code_verifier="verifier-1-verifier-1-verifier-1-verifier-1",
)
NONSENSE = (b"", b"<html>", b"null", b"[]", b'"x"', b"{}", b"\xff\xfe")
"""Bodies that no provider means."""
SECRET_NAME = re.compile(r"(token|secret|password|authorization|key)$", re.IGNORECASE)

Answer = Callable[[httpx2.Request], httpx2.Response]


def context(answer: Answer | None = None, **others: Any) -> ConnectorContext:
    """Return a context whose network is the function *answer*."""

    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("no network in this test", request=request)

    transport = httpx2.MockTransport(answer or refuse)
    return ConnectorContext(client=OutboundClient(transport=transport), **others)


class _Cases:
    """Cases of one test, which costs less than a test for each; all are tried, whatever fails."""

    def __init__(self) -> None:
        self._failed: list[BaseException] = []

    @contextmanager
    def case(self, *names: object) -> Iterator[None]:
        """Try one case, and remember how it failed."""
        try:
            yield
        except (Exception, pytest.fail.Exception) as error:
            error.add_note(f"The case was {names}.")
            self._failed.append(error)

    def must_all_hold(self) -> None:
        """Fail with every case that did."""
        if self._failed:
            raise BaseExceptionGroup("some cases failed", self._failed)


def _always(status: int, **body: Any) -> Answer:
    return lambda _: httpx2.Response(status, **body)


class ConnectorContract:
    """What every connector promises; a subclass gives the fixture `connector`."""

    sections: ClassVar[Mapping[str, tuple[str, ...]]] = SECTIONS
    """Of its guide, by file."""

    @pytest.fixture
    def connector(self) -> Connector[Any, Any]:
        """Return the connector under test, with made-up settings."""
        raise NotImplementedError

    def test_names_itself_in_english_and_korean(self, connector: Connector[Any, Any]) -> None:
        metadata = connector.metadata

        assert re.fullmatch(r"[a-z0-9-]{1,128}", metadata.id)
        assert metadata.target
        assert isinstance(connector, SHAPES[metadata.type])
        for text in (metadata.name, metadata.description):
            assert all(text.get(language) for language in ("en", "ko"))

    def test_is_taken_by_the_registry(self, connector: Connector[Any, Any]) -> None:
        registry = ConnectorRegistry([type(connector)])

        assert registry.get(connector.metadata.id) is type(connector)

    def test_draws_a_form_in_the_contracts_shape(self, connector: Connector[Any, Any]) -> None:
        for language in ("en", "ko"):
            items = connector.config_type.form_items(language)
            keys = [item["key"] for item in items]
            assert len(set(keys)) == len(keys)
            for item in items:
                assert item["label"]
                assert item["type"] in FORM_TYPES
                assert isinstance(item["required"], bool)
                assert not item.get("isConfidential") or item["type"] == "Text"
                if item["type"] == "Select":
                    assert all({"value", "title"} <= set(i) for i in item["selectItems"])

    def test_labels_are_translated_setting_by_setting(self, connector: Connector[Any, Any]) -> None:
        english, korean = (connector.config_type.form_items(tag) for tag in ("en", "ko"))

        assert [item["key"] for item in english] == [item["key"] for item in korean]
        assert all(
            "description" in b for a, b in zip(english, korean, strict=True) if "description" in a
        )

    def test_what_is_called_a_secret_is_one(self, connector: Connector[Any, Any]) -> None:
        secrets = connector.config_type.secret_keys()
        confidential = {
            item["key"] for item in connector.config_type.form_items() if item.get("isConfidential")
        }

        assert confidential == secrets
        for name, field in connector.config_type.model_fields.items():
            key = field.alias or name
            assert key in secrets or not SECRET_NAME.search(key), f"{key} needs SecretStr"

    def test_settings_survive_being_saved(self, connector: Connector[Any, Any]) -> None:
        config: ConnectorConfig = connector.config
        saved = config.reveal()

        assert type(config).parse(saved) == config
        assert type(config).parse({**saved, "notOurs": 1}) == config
        assert config.secret_keys() & saved.keys() <= saved.keys()

    def test_secrets_are_in_no_repr(self, connector: Connector[Any, Any]) -> None:
        for secret in connector.config.secret_values():
            assert secret not in repr(connector.config)
            assert secret not in repr(connector)

    def test_a_missing_setting_is_named(self, connector: Connector[Any, Any]) -> None:
        required = [item["key"] for item in connector.config_type.form_items() if item["required"]]
        saved = connector.config.reveal()
        for key in required:
            with pytest.raises(InvalidConfig) as refused:
                connector.config_type.parse({k: v for k, v in saved.items() if k != key})
            assert key in refused.value.fields

    def test_has_a_guide_in_both_languages_of_one_shape(
        self, connector: Connector[Any, Any]
    ) -> None:
        english, korean = (guide(type(connector), language) for language in ("en", "ko"))

        assert tuple(headings(english)) == self.sections["guide.md"]
        assert tuple(headings(korean)) == self.sections["guide.ko.md"]
        assert len(re.findall(r"^### ", english, re.M)) == len(re.findall(r"^### ", korean, re.M))

    def test_the_guide_explains_every_setting(self, connector: Connector[Any, Any]) -> None:
        for language in ("en", "ko"):
            text = guide(type(connector), language)
            for item in connector.config_type.form_items(language):
                if item["key"] in connector.config_type.common_keys():
                    continue  # explained once, for all connectors
                assert item["label"] in text, f"{item['label']} is not in the {language} guide"

    def test_keeps_a_pace_that_could_be_set_by_hand(self, connector: Connector[Any, Any]) -> None:
        pace = connector.metadata.messages_per_second

        assert pace is None or SLOWEST <= pace <= FASTEST

    def test_has_a_logo(self, connector: Connector[Any, Any]) -> None:
        assert re.match(r"data:image/(svg\+xml|png);base64,[A-Za-z0-9+/=]+$", logo(type(connector)))

    def test_believes_no_unsigned_report(self, connector: Connector[Any, Any]) -> None:
        if connector.has_reports and not connector.signs_reports:
            pytest.skip("its reports carry a token in their address")
        request = ReportRequest("POST", str(MESSAGE.receipt_url), {}, b"MessageStatus=delivered")
        with pytest.raises(ReportRefused):
            connector.read_report(request)


class HttpConnectorContract(ConnectorContract):
    """What every connector over HTTP promises besides."""

    message: ClassVar[SmsMessage] = MESSAGE
    """One that this provider sends: to another number where it serves one country only."""

    def accepted(self) -> httpx2.Response:
        """Return the provider's answer to a message that it took, recorded or documented."""
        raise NotImplementedError

    def test_builds_a_request_and_nothing_else(self, connector: HttpSmsConnector[Any]) -> None:
        first, second = connector.build_request(self.message), connector.build_request(self.message)

        assert first.url == second.url
        assert first.method == second.method
        assert first.url.host

    async def test_an_operator_can_redirect_it(self, connector: HttpSmsConnector[Any]) -> None:
        redirected = answered_by(
            connector, lambda _: self.accepted(), base_url_override="http://127.0.0.1:9/emulated"
        )
        request = redirected.build_request(self.message)

        assert str(request.url).startswith("http://127.0.0.1:9/emulated")

    def test_no_unmarked_setting_leads_elsewhere(self, connector: HttpSmsConnector[Any]) -> None:
        host = connector.build_request(self.message).url.host
        saved = connector.config.reveal()
        for item in connector.config_type.form_items():
            for elsewhere in ("elsewhere.example", "https://elsewhere.example/", "a@b.example/"):
                changed = {**saved, item["key"]: elsewhere}
                if connector.config_type.sends_elsewhere(saved, changed):
                    continue
                try:
                    config = connector.config_type.parse(changed)
                    request = type(connector)(config, connector.context).build_request(self.message)
                except (ConnectorError, httpx2.InvalidURL):
                    continue
                assert request.url.host == host, f"{item['key']} needs decides_destination=True"

    async def test_reads_a_success(self, connector: HttpSmsConnector[Any]) -> None:
        receipt = await answered_by(connector, lambda _: self.accepted()).send(self.message)

        assert CODE not in receipt.words

    async def test_a_status_without_a_body_is_understood(
        self, connector: HttpSmsConnector[Any]
    ) -> None:
        expected: dict[int, type[ConnectorError]] = {
            401: InvalidCredentials,
            429: ProviderThrottled,
            500: ProviderUnavailable,
            502: AnswerLost,
            503: ProviderUnavailable,
            504: ProviderTimeout,
        }
        cases = _Cases()
        for status, error in expected.items():
            with cases.case(status), pytest.raises(error):
                await answered_by(connector, _always(status)).send(self.message)
        cases.must_all_hold()

    async def test_waits_as_long_as_a_throttling_provider_asks(
        self, connector: HttpSmsConnector[Any]
    ) -> None:
        throttled = httpx2.Response(429, headers={"Retry-After": "7"})
        with pytest.raises(ProviderThrottled) as refused:
            await answered_by(connector, lambda _: throttled).send(self.message)
        assert refused.value.retry_after == timedelta(seconds=7)
        assert refused.value.is_outcome_known

    async def test_an_unknown_error_is_sorted_by_its_status(
        self, connector: HttpSmsConnector[Any]
    ) -> None:
        body = {"code": 987654321, "message": "a new kind of trouble", "error": "new"}
        cases = _Cases()
        for status in (400, 401, 404, 418, 429, 500):
            expected = type(error_of_status(httpx2.Response(status, json=body)))
            with cases.case(status), pytest.raises(expected):
                await answered_by(connector, _always(status, json=body)).send(self.message)
        cases.must_all_hold()

    async def test_nonsense_ends_in_one_of_our_errors_or_a_receipt(
        self, connector: HttpSmsConnector[Any]
    ) -> None:
        cases = _Cases()
        for status, body in product((200, 201, 400), NONSENSE):
            answer = answered_by(connector, _always(status, content=body))
            with cases.case(status, body):
                try:
                    await answer.send(self.message)
                except ConnectorError as error:
                    expected = UnreadableAnswer if status < 300 else ProviderRejected
                    assert isinstance(error, expected)  # noqa: PT017
                else:
                    assert status < 300
        cases.must_all_hold()

    async def test_a_provider_that_repeats_what_it_got_gives_nothing_away(
        self, connector: HttpSmsConnector[Any]
    ) -> None:
        secrets = connector.config.secret_values()
        cases = _Cases()
        for form in SPELLING_FORMS:
            said = f"{spelled(form, self.message.to)} can't get {CODE}; {' '.join(secrets)}"
            body = {"code": 987654321, "message": said, "status": 400}
            answers = {400: _always(400, json=body), 503: _always(503, text=said)}
            for status, answer in answers.items():
                with cases.case(form, status):
                    with pytest.raises(ConnectorError) as refused:
                        await answered_by(connector, answer).send(self.message)
                    self._gives_nothing_away(refused.value, secrets)
        cases.must_all_hold()

    def _gives_nothing_away(self, error: ConnectorError, secrets: Iterable[str]) -> None:
        shown = f"{error!r} {error} {error.words} {error.detail}"
        digits = re.sub(r"[^0-9]", "", shown.replace("987654321", ""))
        assert self.message.to.digits[-6:] not in digits
        assert CODE not in shown
        assert not any(secret in shown for secret in secrets)

    async def test_no_connection_is_known_to_have_sent_nothing(
        self, connector: HttpSmsConnector[Any]
    ) -> None:
        def unreachable(request: httpx2.Request) -> httpx2.Response:
            raise httpx2.ConnectError("refused", request=request)

        with pytest.raises(ProviderUnavailable) as failed:
            await answered_by(connector, unreachable).send(self.message)
        assert failed.value.is_outcome_known

    @pytest.mark.parametrize("failure", [httpx2.ReadTimeout, httpx2.ReadError])
    async def test_a_lost_answer_may_have_sent(
        self, connector: HttpSmsConnector[Any], failure: type[httpx2.TransportError]
    ) -> None:
        asked = []

        def lost(request: httpx2.Request) -> httpx2.Response:
            asked.append(request)
            raise failure("lost", request=request)

        with pytest.raises(ProviderUnavailable) as failed:
            await answered_by(connector, lost).send(self.message)
        assert not failed.value.is_outcome_known
        assert len(asked) == 1, "asking again could send twice"

    async def test_follows_no_redirect(self, connector: HttpSmsConnector[Any]) -> None:
        asked = []

        def elsewhere(request: httpx2.Request) -> httpx2.Response:
            asked.append(request.url.host)
            return httpx2.Response(307, headers={"Location": "https://elsewhere.example/"})

        with pytest.raises(ConnectorError):
            await answered_by(connector, elsewhere).send(self.message)
        assert len(asked) == 1


class EmailConnectorContract(ConnectorContract):
    """What every connector that sends e-mail promises besides."""

    @pytest.fixture
    def connector(self) -> EmailConnector[Any]:
        """Return the connector under test, with made-up settings."""
        raise NotImplementedError

    @pytest.mark.parametrize("language", ["en", "ko"])
    @pytest.mark.parametrize("usage", list(UsageType))
    def test_says_the_code_or_the_link_in_plain_text(
        self, connector: EmailConnector[Any], usage: UsageType, language: str
    ) -> None:
        link = "https://app.example.com/join?id=1&token=2"
        variables = {**EMAIL_MESSAGE.variables, "link": link, "organization": {"name": "Acme"}}
        mail = connector.mail_of(
            replace(EMAIL_MESSAGE, usage=usage, language=language, variables=variables)
        )

        assert CODE in mail.text or link in mail.text
        assert "{{" not in mail.text + mail.subject
        assert mail.subject

    @pytest.mark.parametrize("name", [HOSTILE, {"name": HOSTILE}])
    def test_a_name_that_others_chose_brings_no_line_link_or_tag(
        self, connector: EmailConnector[Any], name: Any
    ) -> None:
        variables = {
            **EMAIL_MESSAGE.variables,
            "link": "https://app.example.com/",
            **dict.fromkeys(("organization", "inviter", "application"), name),
        }
        mail = connector.mail_of(
            replace(EMAIL_MESSAGE, usage=UsageType.ORGANIZATION_INVITATION, variables=variables)
        )

        assert len(mail.subject.splitlines()) == 1
        assert "https://evil" not in mail.subject + mail.text
        assert "<b>" not in (mail.html or "")


class SocialConnectorContract(ConnectorContract):
    """What every provider that people sign in with promises besides, over OAuth 2."""

    sections = SOCIAL_SECTIONS

    @pytest.fixture
    def connector(self) -> OAuthConnector[Any]:
        """Return the connector under test, with made-up settings."""
        raise NotImplementedError

    def published(self) -> Mapping[str, Any]:
        """Return what the provider publishes of itself, where that is read."""
        return {}

    def introduced(
        self, connector: OAuthConnector[Any], answer: Answer | None = None
    ) -> OAuthConnector[Any]:
        """Return the connector at a provider that publishes itself, and answers the rest so."""

        def reply(request: httpx2.Request) -> httpx2.Response:
            if request.url.path.endswith("/.well-known/openid-configuration"):
                return httpx2.Response(200, json=dict(self.published()))
            return answer(request) if answer else httpx2.Response(500)

        client = OutboundClient(transport=httpx2.MockTransport(reply))
        return type(connector)(connector.config, replace(connector.context, client=client))

    async def test_asks_for_a_code_for_this_browser_alone(
        self, connector: OAuthConnector[Any]
    ) -> None:
        url = urlsplit(await self.introduced(connector).begin(AUTHORIZATION))
        asked = parse_qs(url.query)

        assert url.scheme == "https"
        assert all(len(values) == 1 for values in asked.values())
        assert asked["response_type"] == ["code"]
        assert asked["client_id"] == [connector.client_id]
        assert asked["redirect_uri"] == [AUTHORIZATION.redirect_uri]
        assert asked["state"] == [AUTHORIZATION.state]
        assert asked["code_challenge"] == [AUTHORIZATION.code_challenge]
        assert asked["code_challenge_method"] == ["S256"]
        assert AUTHORIZATION.code_verifier not in url.query
        for secret in connector.config.secret_values():
            assert secret not in url.query

    async def test_proves_itself_with_the_code(self, connector: OAuthConnector[Any]) -> None:
        endpoints = await self.introduced(connector).endpoints()
        request = connector.token_request(endpoints, AUTHORIZATION, "code-1")
        sent = parse_qs(request.content.decode())

        assert request.method == "POST"
        assert sent["grant_type"] == ["authorization_code"]
        assert sent["code"] == ["code-1"]
        assert sent["code_verifier"] == [AUTHORIZATION.code_verifier]
        assert sent["redirect_uri"] == [AUTHORIZATION.redirect_uri]

    async def test_somebody_who_turned_back_is_told_from_a_fault(
        self, connector: OAuthConnector[Any]
    ) -> None:
        introduced = self.introduced(connector)
        with pytest.raises(AuthorizationDenied):
            await introduced.finish(AUTHORIZATION, {"error": "access_denied"})
        with pytest.raises(AuthorizationFailed) as failed:
            await introduced.finish(AUTHORIZATION, {"error": "server_error"})
        assert not isinstance(failed.value, AuthorizationDenied)
        with pytest.raises(AuthorizationFailed):
            await introduced.finish(AUTHORIZATION, {})

    async def test_nonsense_is_nobody(self, connector: OAuthConnector[Any]) -> None:
        cases = _Cases()
        for status, body in product((200, 302, 400, 401, 500), NONSENSE):
            introduced = self.introduced(connector, _always(status, content=body))
            with cases.case(status, body):
                with pytest.raises(ConnectorError) as refused:
                    await introduced.finish(AUTHORIZATION, {"code": "code-1"})
                assert "code-1" not in refused.value.words
        cases.must_all_hold()

    async def test_words_hold_neither_code_nor_secret(self, connector: OAuthConnector[Any]) -> None:
        kept = ["code-1-code-1", AUTHORIZATION.code_verifier, *connector.config.secret_values()]
        said = {"error": "invalid_grant", "error_description": " ".join(kept)}
        introduced = self.introduced(connector, lambda _: httpx2.Response(400, json=said))
        with pytest.raises(ConnectorError) as refused:
            await introduced.finish(AUTHORIZATION, {"code": kept[0]})
        shown = f"{refused.value!r} {refused.value} {refused.value.words} {refused.value.detail}"
        assert refused.value.words
        assert not any(secret in shown for secret in kept)

    def test_an_identity_names_nobody_in_its_repr(self) -> None:
        identity = SocialIdentity.read({}, id="1", email="ada@example.com")

        assert "ada" not in repr(identity)


def answered_by(
    connector: HttpSmsConnector[Any], answer: Answer, **others: Any
) -> HttpSmsConnector[Any]:
    """Return the connector in a network where *answer* is everyone."""
    client = OutboundClient(transport=httpx2.MockTransport(answer))
    changed = replace(connector.context, client=client, **others)
    return type(connector)(connector.config, changed)


def headings(markdown: str) -> list[str]:
    """Return the second-level headings."""
    return re.findall(r"^## (.+?)\s*$", markdown, re.M)
