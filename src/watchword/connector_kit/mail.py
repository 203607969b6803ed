"""What an e-mail says: its templates, its addresses, and its plain text where it is HTML."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from watchword.connector_kit.config import ConnectorConfig, Setting
from watchword.connector_kit.errors import TemplateRejected
from watchword.connector_kit.models import EmailMessage
from watchword.connector_kit.templates import (
    TEMPLATES_LABEL,
    Template,
    choose,
    fill,
    require_known_variables,
    require_usage_types,
    variables_of,
)
from watchword.connector_kit.wording import DEFAULT_EMAILS, default_email_templates
from watchword.core.email import EmailAddress, InvalidEmailAddress

LONGEST_SUBJECT = 200
LINE_BREAKS = re.compile(r"[\r\n]")
NAMED = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]+)>")


@dataclass(frozen=True, kw_only=True)
class Mail:
    """One e-mail, ready to be sent."""

    subject: str
    """One line."""
    text: str
    """Plain text, which every e-mail has."""
    html: str | None = None
    """The same as HTML, where the template is HTML."""
    sender: "Mailbox | None" = None
    """From whom, where the template says so."""
    reply_to: "Mailbox | None" = None
    """Where answers go, where the template says so."""


@dataclass(frozen=True)
class Mailbox:
    """An address and whose it is: `Acme <no-reply@acme.example>`."""

    address: EmailAddress
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> "Mailbox":
        """Read `Name <address>` or an address; raises InvalidEmailAddress."""
        named = NAMED.fullmatch(text.strip())
        name, address = (named["name"], named["address"]) if named else ("", text)
        if not name.isprintable():
            # A line break here would begin another header.
            raise InvalidEmailAddress
        return cls(EmailAddress.parse(address), name.strip().strip('"').strip())


class EmailTemplate(Template):
    """The wording of an e-mail for one usage type; the keys are the contract's."""

    content_type: Literal["text/plain", "text/html"] = Field("text/plain", alias="contentType")
    subject: str = Field(min_length=1, max_length=LONGEST_SUBJECT)
    content: str = Field(min_length=1)
    reply_to: str | None = Field(None, alias="replyTo")
    send_from: str | None = Field(None, alias="sendFrom")

    @field_validator("subject", "content", "reply_to", "send_from")
    @classmethod
    def _names_known_variables(cls, text: str | None) -> str | None:
        if text is not None:
            require_known_variables(text)
        return text

    @field_validator("subject", "reply_to", "send_from")
    @classmethod
    def _is_one_line(cls, text: str | None) -> str | None:
        if text is not None and LINE_BREAKS.search(text):
            raise PydanticCustomError("rule", "This is one line", {})
        return text

    @field_validator("countries")
    @classmethod
    def _has_no_country(cls, countries: tuple[str, ...]) -> tuple[str, ...]:
        if countries:
            raise PydanticCustomError("rule", "An e-mail address has no country", {})
        return countries

    def filled(self, variables: Mapping[str, Any]) -> Mail:
        """Return the e-mail with the variables in; raises TemplateRejected."""
        content = fill(self.content, variables, escape if self.is_html else str)
        return Mail(
            subject=_one_line(fill(self.subject, variables)),
            text=text_of_html(content) if self.is_html else content,
            html=content if self.is_html else None,
            sender=_mailbox(self.send_from, variables),
            reply_to=_mailbox(self.reply_to, variables),
        )

    @property
    def is_html(self) -> bool:
        """Tell whether the content is HTML."""
        return self.content_type == "text/html"


EMAIL_TEMPLATES_HELP = {
    "en": "One e-mail for each usage type: subject, contentType (text/plain or text/html) and "
    "content. {{code}} is the code, {{minutes}} its lifetime, {{link}} the link of an invitation.",
    "ko": "용도마다 이메일을 하나씩 적습니다. subject는 제목, contentType은 형식(text/plain 또는 "
    "text/html), content는 본문입니다. {{code}}는 인증번호, {{minutes}}는 유효 시간(분), "
    "{{link}}는 초대 링크입니다.",
}


class EmailTemplatesConfig(ConnectorConfig):
    """Base of the settings of a connector whose e-mails are worded here."""

    templates: Annotated[
        tuple[EmailTemplate, ...],
        Setting(
            label=TEMPLATES_LABEL,
            help=EMAIL_TEMPLATES_HELP,
            default={language: default_email_templates(language) for language in DEFAULT_EMAILS},
        ),
    ]

    @field_validator("templates")
    @classmethod
    def _has_required(cls, templates: tuple[EmailTemplate, ...]) -> tuple[EmailTemplate, ...]:
        require_usage_types(templates)
        return templates

    def mail_for(self, message: EmailMessage) -> Mail:
        """Return the e-mail for *message*; raises TemplateNotFound, TemplateRejected."""
        return render_email(self.templates, message)


def render_email(templates: Sequence[EmailTemplate], message: EmailMessage) -> Mail:
    """Return the e-mail of *message* after the template for its usage; raises TemplateNotFound."""
    if message.notice is not None:
        return Mail(subject=message.subject, text=message.notice)
    return choose(templates, message.usage, message.language).filled(variables_of(message))


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST_SUBJECT]


def _mailbox(text: str | None, variables: Mapping[str, Any]) -> Mailbox | None:
    if text is None:
        return None
    try:
        return Mailbox.parse(_one_line(fill(text, variables)))
    except InvalidEmailAddress:
        raise TemplateRejected("sendFrom or replyTo of a template is no e-mail address") from None


def text_of_html(html: str) -> str:
    """Return HTML as the plain text that stands beside it: blocks on lines, links written out."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


BLOCK = re.compile(
    r"address|article|blockquote|br|d[dlt]|div|footer|h[1-6]|header|hr|li|main|[ou]l|p|pre|section"
    r"|table|tr"
)
PARAGRAPH = re.compile(r"blockquote|h[1-6]|[ou]l|p|table")
EMPTY = frozenset({"br", "hr"})
CELLS = frozenset({"td", "th"})
UNREAD = frozenset({"script", "style", "title"})


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unread = 0
        self._link = ""
        self._link_began = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unread += tag in UNREAD
        self._break(tag)
        if tag == "a":
            self._link, self._link_began = dict(attrs).get("href") or "", len(self.parts)

    def handle_endtag(self, tag: str) -> None:
        self._unread -= tag in UNREAD and self._unread > 0
        if tag == "a" and self._link:
            if self._link not in "".join(self.parts[self._link_began :]):
                self.parts.append(f" ({self._link})")
            self._link = ""
        if tag not in EMPTY:
            self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._unread:
            # The source's own line breaks are blanks, as a browser has it.
            self.parts.append(re.sub(r"\s+", " ", data))

    def _break(self, tag: str) -> None:
        if BLOCK.fullmatch(tag):
            self.parts.append("\n\n" if PARAGRAPH.fullmatch(tag) else "\n")
        elif tag in CELLS:
            self.parts.append(" ")
