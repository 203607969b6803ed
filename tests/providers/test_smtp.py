"""SMTP: e-mails as they are written, and conversations with a real mail server."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest

from tests.fakes import FakeClock
from tests.providers.mail_server import (
    CONNECT,
    HOST,
    LOCAL,
    PASSWORD,
    USER,
    MailServer,
    mail_server,
    scripted_server,
)
from watchword.connector_kit import errors
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.errors import ConnectorError, InvalidConfig
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.testing import (
    ADDRESS,
    CODE,
    EMAIL_MESSAGE,
    HOSTILE,
    EmailConnectorContract,
)
from watchword.core.email import EmailAddress
from watchword.providers.smtp import conversation as talking
from watchword.providers.smtp.access_tokens import AccessTokens
from watchword.providers.smtp.config import SmtpConfig
from watchword.providers.smtp.connector import CONNECTIONS, SmtpConnector
from watchword.providers.smtp.replies import Stage, error_of, said

HTML = (
    "<html><head><style>p {color: red}</style></head><body><p>Hello {{organization}},</p>"
    "<p>your code:<br><b>{{code}}</b></p><a href='{{link}}'>Open</a></body></html>"
)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[MailServer]:
    async with mail_server(tmp_path) as running:
        yield running


class TestSmtp(EmailConnectorContract):
    @pytest.fixture
    def connector(self) -> SmtpConnector:
        return MailServer(port=587).connector(tls=None, host="smtp.example.com")


def with_template(**template: Any) -> dict[str, Any]:
    """Return settings whose every usage type has the same template."""
    usages = ("Register", "SignIn", "ForgotPassword", "Generic")
    common = {"contentType": "text/plain", "subject": "Code", "content": "{{code}}"}
    return {"templates": [{"usageType": usage, **common, **template} for usage in usages]}


# What arrives.


async def test_an_email_arrives_with_what_mail_servers_look_for(server: MailServer) -> None:
    receipt = await server.connector(replyTo="help@acme.example").send(EMAIL_MESSAGE)

    mail = server.last_mail()
    assert mail["From"] == "Acme <no-reply@acme.example>"
    assert mail["To"] == ADDRESS.address
    assert mail["Reply-To"] == "help@acme.example"
    assert mail["Message-ID"] == "<message-1@acme.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"] is not None
    assert CODE in mail.get_content()
    [envelope] = server.mails
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@acme.example", [ADDRESS.address])
    assert receipt.provider_message_id == "message-1@acme.example"
    assert receipt.words == "250 2.0.0 Ok: queued as Q1"


async def test_html_goes_with_the_same_in_plain_text(server: MailServer) -> None:
    variables = {
        **EMAIL_MESSAGE.variables,
        "organization": {"name": "Ada & <i>Sons</i>"},
        "link": "https://app.example.com/?a=1&b=2",
    }
    connector = server.connector(**with_template(contentType="text/html", content=HTML))
    await connector.send(replace(EMAIL_MESSAGE, variables=variables))

    mail = server.last_mail()
    assert mail.get_content_type() == "multipart/alternative"
    text, html = mail.iter_parts()
    assert [part.get_content_type() for part in (text, html)] == ["text/plain", "text/html"]
    assert html.get_content().count("Ada &amp; &lt;i&gt;Sons&lt;/i&gt;") == 1
    assert "href='https://app.example.com/?a=1&amp;b=2'" in html.get_content()
    assert text.get_content().splitlines() == [
        "Hello Ada & <i>Sons</i>,",
        "",
        "your code:",
        CODE,
        "",
        "Open (https://app.example.com/?a=1&b=2)",
    ]


async def test_letters_of_any_script_arrive(server: MailServer) -> None:
    settings = with_template(subject="로그인 인증번호 🔑", content="인증번호 {{code}}")
    await server.connector(fromEmail="애크미 <no-reply@acme.example>", **settings).send(
        EMAIL_MESSAGE
    )

    mail = server.last_mail()
    assert (mail["Subject"], mail.get_content().strip()) == (
        "로그인 인증번호 🔑",
        f"인증번호 {CODE}",
    )
    assert mail["From"].addresses[0].display_name == "애크미"
    assert (server.mails[0].original_content or b"").isascii()


async def test_a_template_may_have_a_sender_and_a_reply_address_of_its_own(
    server: MailServer,
) -> None:
    settings = with_template(
        sendFrom="{{organization.name}} <team@acme.example>", replyTo="team@acme.example"
    )
    variables = {**EMAIL_MESSAGE.variables, "organization": {"name": "Ada, Inc."}}
    await server.connector(**settings).send(replace(EMAIL_MESSAGE, variables=variables))

    mail = server.last_mail()
    assert mail["From"].addresses[0].display_name == "Ada, Inc."
    assert (server.mails[0].mail_from, mail["Reply-To"]) == ("team@acme.example",) * 2


async def test_no_variable_reaches_the_headers_or_the_envelope(server: MailServer) -> None:
    settings = with_template(
        subject="Hello {{organization}} {{code}}", sendFrom="{{organization}} <a@acme.example>"
    )
    variables = {"code": "1\r\nBcc: all@example.com", "organization": HOSTILE}
    connector = server.connector(**settings)
    with pytest.raises(errors.TemplateRejected):
        # Its angle brackets make another address of the sender's name.
        await connector.send(replace(EMAIL_MESSAGE, variables=variables))
    await server.connector(**with_template(subject="Hello {{organization}} {{code}}")).send(
        replace(EMAIL_MESSAGE, variables=variables)
    )

    mail = server.last_mail()
    assert "Bcc" not in mail
    assert server.mails[0].rcpt_tos == [ADDRESS.address]


async def test_a_line_with_a_single_dot_does_not_end_the_email(server: MailServer) -> None:
    settings = with_template(content="one\n.\r\nRCPT TO:<all@example.com>\r\n{{code}}")
    await server.connector(**settings).send(EMAIL_MESSAGE)

    assert server.last_mail().get_content().splitlines() == [
        "one",
        ".",
        "RCPT TO:<all@example.com>",
        CODE,
    ]


async def test_an_address_in_another_script_needs_a_server_that_knows_it(
    server: MailServer, tmp_path: Path
) -> None:
    korean = replace(EMAIL_MESSAGE, to=EmailAddress.parse("아다@예시.example"))
    with pytest.raises(errors.InvalidRecipient):
        await server.connector().send(korean)
    async with mail_server(tmp_path, is_international=True) as international:
        await international.connector().send(korean)

        assert international.mails[0].rcpt_tos == ["아다@xn--vv4b11d.example"]
        assert "SMTPUTF8" in international.mails[0].mail_options


async def test_headers_of_the_administrator_go_along(server: MailServer) -> None:
    await server.connector(customHeaders={"X-Tag": "codes"}).send(EMAIL_MESSAGE)

    assert server.last_mail()["X-Tag"] == "codes"


# How the connection is secured.


async def test_nothing_is_said_to_a_server_without_starttls(tmp_path: Path) -> None:
    async with mail_server(tmp_path, offers_tls=False) as plain:
        with pytest.raises(errors.ProviderSettingsRefused) as refused:
            await plain.connector().send(EMAIL_MESSAGE)

    assert "STARTTLS" in refused.value.words
    assert plain.mails == []


async def test_tls_may_stand_from_the_first_byte(tmp_path: Path) -> None:
    async with mail_server(tmp_path, starts_with_tls=True) as encrypted:
        await encrypted.connector(secure=True).send(EMAIL_MESSAGE)

    assert CODE in encrypted.last_mail().get_content()


@pytest.mark.parametrize("starts_with_tls", [True, False])
async def test_a_server_that_nobody_vouches_for_gets_nothing(
    tmp_path: Path, starts_with_tls: bool
) -> None:
    async with mail_server(tmp_path, starts_with_tls=starts_with_tls) as unknown:
        with pytest.raises(errors.ProviderSettingsRefused) as refused:
            await unknown.connector(secure=starts_with_tls, tls=None).send(EMAIL_MESSAGE)

    assert refused.value.words.startswith("TLS: ")
    assert unknown.mails == []


async def test_the_certificate_is_the_hosts_or_the_named_servers(server: MailServer) -> None:
    named = {"ca": server.ca, "servername": "mail.example.com"}
    await server.connector(tls=named).send(EMAIL_MESSAGE)
    with pytest.raises(errors.ProviderSettingsRefused):
        await server.connector(tls={**named, "servername": "evil.example"}).send(EMAIL_MESSAGE)

    assert len(server.mails) == 1


async def test_plain_text_goes_only_where_the_operator_lists_the_network(tmp_path: Path) -> None:
    async with mail_server(tmp_path, offers_tls=False) as plain:
        await plain.connector(ignoreTLS=True).send(EMAIL_MESSAGE)
        with pytest.raises(errors.AddressRefused):
            await plain.connector(OutboundClient(), ignoreTLS=True).send(EMAIL_MESSAGE)

    assert len(plain.mails) == 1


async def test_a_public_server_is_reached_inside_tls_or_not_at_all() -> None:
    connector = MailServer(port=25).connector(
        OutboundClient(), host="1.1.1.1", ignoreTLS=True, tls=None
    )
    with pytest.raises(errors.AddressRefused):
        await connector.send(EMAIL_MESSAGE)


async def test_a_private_address_is_refused_whatever_the_encryption(server: MailServer) -> None:
    with pytest.raises(errors.AddressRefused):
        await server.connector(OutboundClient()).send(EMAIL_MESSAGE)

    assert server.connections == 0


async def test_an_operator_can_redirect_it(tmp_path: Path) -> None:
    async with mail_server(tmp_path, offers_tls=False) as plain:
        connector = plain.connector(
            redirected=f"http://{HOST}:{plain.port}", host="smtp.example.com", port=465
        )
        await connector.send(EMAIL_MESSAGE)

    assert len(plain.mails) == 1


# Logging in.


async def test_a_wrong_password_is_the_administrators_matter(server: MailServer) -> None:
    auth = {"user": USER, "pass": "wrong-password"}
    with pytest.raises(errors.InvalidCredentials) as refused:
        await server.connector(auth=auth).send(EMAIL_MESSAGE)

    assert refused.value.words.startswith("535")


async def test_login_is_used_where_the_server_has_no_plain(tmp_path: Path) -> None:
    async with mail_server(tmp_path, auth_exclude_mechanism=["PLAIN"]) as old:
        await old.connector().send(EMAIL_MESSAGE)

    assert len(old.mails) == 1


async def test_the_credentials_are_checked_without_an_email(server: MailServer) -> None:
    assert (await server.connector().check_credentials() or "").startswith("235")
    with pytest.raises(errors.InvalidCredentials):
        await server.connector(auth={"user": USER, "pass": "wrong"}).check_credentials()
    assert server.mails == []


OAUTH = {
    "type": "oauth2",
    "user": USER,
    "clientId": "client",
    "clientSecret": "not-a-real-secret",
    "refreshToken": "not-a-real-token",
    "accessUrl": "https://login.example.com/token",
}


def with_token_server(
    server: MailServer, answer: Callable[[httpx2.Request], httpx2.Response]
) -> SmtpConnector:
    """Return a connector that gets its access tokens from *answer*."""
    client = OutboundClient(
        is_development=True, transport=httpx2.MockTransport(answer), total=LOCAL.total
    )
    return server.connector(client, auth=OAUTH)


async def test_an_access_token_is_fetched_once_and_again_when_the_server_refuses_it(
    server: MailServer,
) -> None:
    asked: list[dict[str, list[str]]] = []

    def token(request: httpx2.Request) -> httpx2.Response:
        asked.append(parse_qs(request.content.decode()))
        return httpx2.Response(200, json={"access_token": f"t{len(asked)}", "expires_in": 3600})

    connector = with_token_server(server, token)
    server.token = "t1"
    await connector.send(EMAIL_MESSAGE)
    await connector.send(EMAIL_MESSAGE)
    assert len(asked) == 1
    assert asked[0]["grant_type"] == ["refresh_token"]
    assert asked[0]["refresh_token"] == ["not-a-real-token"]

    server.token = "t2"
    with pytest.raises(errors.InvalidCredentials):
        await connector.send(EMAIL_MESSAGE)
    await connector.send(EMAIL_MESSAGE)
    assert len(server.mails) == 3


async def test_an_access_token_is_fetched_anew_before_it_ends() -> None:
    asked: list[httpx2.Request] = []

    def token(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(200, json={"access_token": "t", "expires_in": 3600})

    clock = FakeClock()
    client = OutboundClient(transport=httpx2.MockTransport(token))
    config = SmtpConfig.parse(MailServer(port=587).config(auth=OAUTH, tls=None))
    tokens = AccessTokens(config, ConnectorContext(client=client, clock=clock))
    await tokens.current()
    clock.advance(timedelta(minutes=58))
    await tokens.current()
    assert len(asked) == 1
    clock.advance(timedelta(minutes=2))
    await tokens.current()
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx2.Response(400, json={"error": "invalid_grant"}), errors.InvalidCredentials),
        (httpx2.Response(401, json={"error": "invalid_client"}), errors.InvalidCredentials),
        (httpx2.Response(200, json={}), errors.ProviderUnavailable),
        (httpx2.Response(200, text="<html>"), errors.ProviderUnavailable),
        (httpx2.Response(503), errors.ProviderUnavailable),
        (httpx2.Response(504), errors.ProviderUnavailable),
    ],
)
async def test_without_an_access_token_nothing_is_sent_and_that_is_known(
    server: MailServer, answer: httpx2.Response, expected: type[ConnectorError]
) -> None:
    with pytest.raises(expected) as failed:
        await with_token_server(server, lambda _: answer).send(EMAIL_MESSAGE)

    assert failed.value.is_outcome_known
    assert server.mails == []


# What a refusal means.


@pytest.mark.parametrize(
    ("stage", "code", "text", "expected"),
    [
        ("greeting", 421, "Too many connections", errors.ProviderThrottled),
        ("greeting", 450, "try later", errors.ProviderUnavailable),
        ("greeting", 554, "No SMTP service here", errors.ProviderSettingsRefused),
        ("login", 454, "4.7.0 Temporary failure", errors.ProviderUnavailable),
        ("login", 535, "5.7.8 Bad credentials", errors.InvalidCredentials),
        ("login", 504, "5.5.4 Unrecognized", errors.InvalidCredentials),
        ("sender", 450, "4.2.1 Sending too fast", errors.ProviderThrottled),
        ("sender", 530, "5.7.0 Authentication required", errors.InvalidCredentials),
        ("sender", 550, "5.4.5 Daily sending quota exceeded", errors.QuotaExhausted),
        ("sender", 553, "5.7.1 Not owned by user", errors.SenderRejected),
        ("recipient", 421, "4.7.0 Closing", errors.ProviderThrottled),
        ("recipient", 450, "4.2.0 Greylisted", errors.MessageDeferred),
        ("recipient", 452, "4.2.2 Mailbox full", errors.MessageDeferred),
        ("recipient", 550, "5.1.1 No such user", errors.InvalidRecipient),
        ("recipient", 550, "No such user", errors.InvalidRecipient),
        ("recipient", 552, "5.2.2 Mailbox full", errors.RecipientUnreachable),
        ("recipient", 554, "5.7.1 Relay access denied", errors.SenderRejected),
        ("recipient", 554, "no", errors.ProviderRejected),
        ("content", 451, "4.3.0 Try later", errors.MessageDeferred),
        ("content", 550, "5.1.1 No such user", errors.InvalidRecipient),
        ("content", 552, "5.2.2 Over quota", errors.RecipientUnreachable),
        ("content", 552, "5.3.4 Too big", errors.TemplateRejected),
        ("content", 554, "5.7.1 Spam", errors.TemplateRejected),
        ("content", 521, "no", errors.ProviderRejected),
    ],
)
def test_a_refusal_says_who_must_act(
    stage: Stage, code: int, text: str, expected: type[ConnectorError]
) -> None:
    error = error_of(stage, code, text)

    assert type(error) is expected
    assert error.is_outcome_known


def test_a_reply_is_kept_on_one_line_that_any_database_takes() -> None:
    assert said(550, "5.1.1 no\x00 such\nuser \udcff") == "550 5.1.1 no such user"


@pytest.mark.parametrize(
    ("field", "reply", "expected"),
    [
        ("to_sender", "550 5.7.1 Not yours", errors.SenderRejected),
        ("to_recipient", "550 5.1.1 No such user", errors.InvalidRecipient),
        ("to_content", "554 5.7.1 Spam", errors.TemplateRejected),
    ],
)
async def test_a_refusal_at_each_stage_reaches_the_administrator_in_the_servers_words(
    server: MailServer, field: str, reply: str, expected: type[ConnectorError]
) -> None:
    setattr(server, field, reply)
    with pytest.raises(expected) as refused:
        await server.connector().send(EMAIL_MESSAGE)

    assert refused.value.words == reply
    assert server.mails == []


@pytest.mark.parametrize(("minutes", "seconds"), [(1, 30), (10, 150), (60 * 24, 300)])
async def test_a_grey_list_is_asked_again_within_what_is_left_of_the_code(
    server: MailServer, minutes: int, seconds: int
) -> None:
    server.to_recipient = "450 4.2.0 Greylisted"
    with pytest.raises(errors.MessageDeferred) as deferred:
        await server.connector().send(replace(EMAIL_MESSAGE, time_left=timedelta(minutes=minutes)))

    assert deferred.value.retry_after == timedelta(seconds=seconds)
    assert not deferred.value.holds_others


async def test_a_server_that_repeats_what_it_got_gives_nothing_away(server: MailServer) -> None:
    server.to_recipient = f"550 5.1.1 <Ada@Example.com>: {CODE}, {PASSWORD}; no mailbox ada here"
    with pytest.raises(errors.InvalidRecipient) as refused:
        await server.connector().send(EMAIL_MESSAGE)

    shown = f"{refused.value!r} {refused.value} {refused.value.words} {refused.value.detail}"
    for secret in ("ada", CODE, PASSWORD):
        assert secret not in shown.lower()


# When the server fails.


async def test_an_email_whose_answer_never_came_may_have_gone_out(server: MailServer) -> None:
    server.hangs_up = True
    with pytest.raises(errors.AnswerLost) as lost:
        await server.connector().send(EMAIL_MESSAGE)

    assert not lost.value.is_outcome_known
    assert server.connections == 1, "asking again could send twice"


async def test_a_silent_server_may_have_sent_it(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talking, "ANSWER", timedelta(milliseconds=100))
    server.is_silent = True
    with pytest.raises(errors.ProviderTimeout) as timeout:
        await server.connector().send(EMAIL_MESSAGE)

    assert not timeout.value.is_outcome_known


@pytest.mark.parametrize(
    ("last", "reply"),
    [(CONNECT, None), (CONNECT, "what?\r\n"), ("EHLO", None), ("MAIL", None), ("RCPT", None)],
)
async def test_before_the_content_a_failure_is_known_to_have_sent_nothing(
    last: str, reply: str | None
) -> None:
    def answer(line: str) -> str | None:
        if line.startswith(last):
            return reply
        return "220 mail.example.com\r\n" if line == CONNECT else "250 Ok\r\n"

    async with scripted_server(answer) as port:
        with pytest.raises(errors.ProviderUnavailable) as failed:
            await plain(port).send(EMAIL_MESSAGE)

    assert failed.value.is_outcome_known


async def test_a_server_that_says_nothing_is_waited_for_once() -> None:
    client = replace(LOCAL, total=timedelta(milliseconds=100))
    with socket.create_server((HOST, 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(errors.ProviderUnavailable) as failed:
            await plain(port, client).send(EMAIL_MESSAGE)

    assert failed.value.is_outcome_known
    assert "no answer within 0.1 seconds" in failed.value.words


async def test_no_more_connections_are_opened_than_servers_like() -> None:
    opened = 0
    all_wait = asyncio.Event()

    def answer(line: str) -> str:
        nonlocal opened
        opened += line == CONNECT
        if opened == CONNECTIONS:
            all_wait.set()
        return ""

    async with scripted_server(answer) as port:
        connector = plain(port)
        sendings = [
            asyncio.create_task(connector.send(EMAIL_MESSAGE)) for _ in range(2 * CONNECTIONS)
        ]
        await all_wait.wait()
        await asyncio.sleep(0.05)
        assert opened == CONNECTIONS

        for sending in sendings:
            sending.cancel()
        await asyncio.gather(*sendings, return_exceptions=True)


async def test_whoever_finds_no_connection_free_is_queued_again() -> None:
    connector = plain(1, replace(LOCAL, total=timedelta(milliseconds=10)))
    for _ in range(CONNECTIONS):
        await connector._places.acquire()

    with pytest.raises(errors.ProviderThrottled):
        await connector.send(EMAIL_MESSAGE)


async def test_after_the_answer_a_farewell_that_fails_changes_nothing() -> None:
    replies = {
        CONNECT: "220 hi\r\n",
        "DATA": "354 go\r\n",
        ".": "250 2.0.0 queued\r\n",
        "QUIT": None,
    }

    def answer(line: str) -> str | None:
        command = line.split(" ", maxsplit=1)[0]
        if command in replies:
            return replies[command]
        return "250 Ok\r\n" if command in {"EHLO", "MAIL", "RCPT"} else ""

    async with scripted_server(answer) as port:
        receipt = await plain(port).send(EMAIL_MESSAGE)

    assert receipt.words == "250 2.0.0 queued"


def plain(port: int, client: OutboundClient = LOCAL) -> SmtpConnector:
    return MailServer(port=port).connector(client, ignoreTLS=True, tls=None, auth=None)


# Settings.


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"host": "smtp.example.com/path"}, "host"),
        ({"port": 0}, "port"),
        ({"fromEmail": "nobody"}, "fromEmail"),
        ({"fromEmail": "A\r\nBcc: x@example.com <a@example.com>"}, "fromEmail"),
        ({"replyTo": "nobody"}, "replyTo"),
        ({"auth": {"user": "u"}}, "auth.pass"),
        ({"auth": {"pass": "p"}}, "auth.user"),
        ({"auth": {"type": "oauth2", "user": "u"}}, "auth.clientId"),
        ({"auth": {**OAUTH, "accessUrl": "ftp://x"}}, "auth.accessUrl"),
        ({"customHeaders": {"Bcc": "all@example.com"}}, "customHeaders"),
        ({"customHeaders": {"Content-Type": "text/html"}}, "customHeaders"),
        ({"customHeaders": {"X-A": "b\r\nBcc: c"}}, "customHeaders"),
        ({"customHeaders": {"X A": "b"}}, "customHeaders"),
        ({"tls": {"ca": "no certificate"}}, "tls"),
        (with_template(subject="{{nobody}}"), "templates"),
        (with_template(subject="a\nb"), "templates"),
        (with_template(contentType="text/rtf"), "templates"),
        (with_template(countries=["KR"]), "templates"),
        ({"templates": []}, "templates"),
    ],
)
def test_what_does_not_do_is_refused_when_it_is_saved(changed: dict[str, Any], key: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        SmtpConfig.parse({**MailServer(port=587).config(tls=None), **changed})

    assert key in refused.value.fields


def test_the_contracts_account_is_one_object_outside_and_sealed_parts_inside() -> None:
    given = MailServer(port=587).config(tls=None)
    config = SmtpConfig.parse(given)

    assert config.reveal()["auth.pass"] == PASSWORD
    assert "auth.pass" in SmtpConfig.secret_keys()
    assert SmtpConfig.nested(config.reveal())["auth"] == given["auth"]


def test_port_465_begins_with_tls() -> None:
    config = SmtpConfig.parse(MailServer(port=465).config(tls=None, ignoreTLS=True))

    assert (config.security, config.address.is_encrypted) == ("tls", True)


@pytest.mark.parametrize(
    "changed",
    [
        {"host": "elsewhere.example"},
        {"port": 2525},
        {"ignoreTLS": True},
        {"tls": {"servername": "elsewhere.example"}},
        {"auth.accessUrl": "https://elsewhere.example/"},
    ],
)
def test_no_saved_password_goes_along_to_another_place(changed: dict[str, Any]) -> None:
    before = SmtpConfig.flat(MailServer(port=587).config(tls=None))

    assert SmtpConfig.sends_elsewhere(before, {**before, **changed})
    assert not SmtpConfig.sends_elsewhere(before, {**before, "replyTo": "a@example.com"})
