"""E-mails: templates, what is put into them, and plain text beside HTML."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from watchword.connector_kit.errors import TemplateNotFound, TemplateRejected
from watchword.connector_kit.mail import (
    LONGEST_SUBJECT,
    EmailTemplate,
    Mailbox,
    render_email,
    text_of_html,
)
from watchword.connector_kit.models import UsageType
from watchword.connector_kit.testing import CODE, EMAIL_MESSAGE, HOSTILE
from watchword.connector_kit.wording import (
    DEFAULT_EMAILS,
    DEFAULTS,
    default_email_templates,
)
from watchword.core.email import EmailAddress, InvalidEmailAddress


def template(usage: str = "Generic", **given: Any) -> EmailTemplate:
    values = {"usageType": usage, "subject": "Code", "content": "{{code}}", **given}
    return EmailTemplate.model_validate(values)


def test_the_template_is_chosen_by_usage_then_language() -> None:
    templates = [
        template(subject="generic"),
        template("SignIn", subject="english", language="en"),
        template("SignIn", subject="korean", language="ko"),
    ]

    def subject(usage: UsageType, language: str) -> str:
        return render_email(
            templates, replace(EMAIL_MESSAGE, usage=usage, language=language)
        ).subject

    assert subject(UsageType.SIGN_IN, "ko-KR") == "korean"
    assert subject(UsageType.SIGN_IN, "de") == "english"
    assert subject(UsageType.REGISTER, "ko") == "generic"
    with pytest.raises(TemplateNotFound):
        render_email([template("Register")], EMAIL_MESSAGE)


def test_plain_text_stays_as_it_is_and_html_escapes_what_is_put_in() -> None:
    variables = {"code": "<1&2>", "organization": "<b>Acme</b>"}
    content = "<p>{{code}} {{organization.name}} {{organization}}</p>"
    plain = template(content=content).filled(variables)
    html = template(content=content, contentType="text/html").filled(variables)

    assert plain.html is None
    assert plain.text == "<p><1&2>  <b>Acme</b></p>"
    assert html.html == "<p>&lt;1&amp;2&gt;  &lt;b&gt;Acme&lt;/b&gt;</p>"
    assert html.text == "<1&2> <b>Acme</b>"


def test_a_value_can_not_leave_its_attribute() -> None:
    content = """<a href="{{link}}" title='{{organization}}'>{{link}}</a>"""
    variables = {"link": 'https://a.example/"onclick="x', "organization": "' onclick='x"}
    html = template(content=content, contentType="text/html").filled(variables).html

    assert html is not None
    assert 'onclick="' not in html
    assert "onclick='" not in html


@given(st.text())
def test_a_subject_is_one_line_whatever_is_put_in(value: str) -> None:
    subject = template(subject="Hello {{user}} {{code}}").filled({"user": value, "code": value})

    assert subject.subject.isprintable()
    assert len(subject.subject) <= LONGEST_SUBJECT


@pytest.mark.parametrize(
    "given",
    [
        {"subject": ""},
        {"subject": "two\nlines"},
        {"subject": "{{nobody}}"},
        {"content": ""},
        {"content": "{{nobody}}"},
        {"contentType": "text/markdown"},
        {"replyTo": "a@example.com\r\nBcc: b@example.com"},
        {"countries": ["KR"]},
        {"language": "not a language"},
    ],
)
def test_a_template_that_could_not_be_sent_is_none(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        template(**given)


def test_a_sender_that_became_no_address_is_not_sent_from() -> None:
    with pytest.raises(TemplateRejected):
        template(sendFrom="{{organization}} <a@example.com>").filled({"organization": HOSTILE})
    with pytest.raises(TemplateRejected):
        template(replyTo="{{organization}}").filled({"organization": "Acme"})


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("a@example.com", "", "a@example.com"),
        ("Acme <A@example.com>", "Acme", "a@example.com"),
        ('"Acme, Inc." <a@example.com>', "Acme, Inc.", "a@example.com"),
        ("애크미<a@example.com>", "애크미", "a@example.com"),
    ],
)
def test_a_mailbox_is_a_name_and_an_address(text: str, name: str, address: str) -> None:
    assert Mailbox.parse(text) == Mailbox(EmailAddress(address), name)


@pytest.mark.parametrize("text", ["", "Acme", "Acme <>", "a <b> <a@example.com>", "A\nB <a@b.de>"])
def test_what_is_no_mailbox_is_refused(text: str) -> None:
    with pytest.raises(InvalidEmailAddress):
        Mailbox.parse(text)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("One<br>Two<br/>Three", "One\nTwo\nThree"),
        ("<style>p {}</style><script>x()</script><title>t</title>Text", "Text"),
        ("<html><head><title>x</title><body>Text", "Text"),
        ("<a href='https://a.example/?a=1&amp;b=2'>Open</a>", "Open (https://a.example/?a=1&b=2)"),
        ("<a href='https://a.example/'>https://a.example/</a>", "https://a.example/"),
        ("<a>Nowhere</a>", "Nowhere"),
        ("<ul><li>One</li><li>Two</li></ul>", "One\n\nTwo"),
        ("<table><tr><td>A</td><td>B</td></tr></table>", "A B"),
        ("  a \n  b  &nbsp; &lt;c&gt; ", "a b <c>"),
        ("<b>135790", "135790"),
        ("", ""),
    ],
)
def test_html_is_readable_without_its_tags(html: str, text: str) -> None:
    assert text_of_html(html) == text


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_defaults_word_every_usage_and_keep_codes_out_of_subjects(language: str) -> None:
    templates = default_email_templates(language)

    assert [item["usageType"] for item in templates] == list(UsageType)
    assert set(DEFAULT_EMAILS) == set(DEFAULTS)
    for item in templates:
        parsed = EmailTemplate.model_validate(item)
        assert "{{code}}" not in parsed.subject
        is_invitation = parsed.usage_type == UsageType.ORGANIZATION_INVITATION
        assert ("{{link}}" if is_invitation else "{{code}}") in parsed.content
        assert is_invitation or "{{minutes}}" in parsed.content


def test_a_language_without_texts_of_its_own_reads_english() -> None:
    assert default_email_templates("de") == default_email_templates("en")


def test_the_code_is_in_the_text() -> None:
    assert CODE in template().filled(EMAIL_MESSAGE.variables).text
