"""An e-mail as it goes over the wire. RFC 5322; plain text and HTML side by side: RFC 2046."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage as MimeMessage
from email.policy import SMTP, SMTPUTF8

from watchword.connector_kit.mail import Mail, Mailbox
from watchword.connector_kit.models import EmailMessage
from watchword.core.email import EmailAddress
from watchword.providers.smtp.config import SmtpConfig

# ASCII alone, whatever the server is: 8BITMIME need not be asked for.
ORDINARY = SMTP.clone(cte_type="7bit")
INTERNATIONAL = SMTPUTF8.clone(cte_type="7bit")


@dataclass(frozen=True, repr=False)
class Envelope:
    """What the server is told: who sends, who receives, and the e-mail itself."""

    sender: str
    recipient: str
    content: bytes
    message_id: str
    """As it stands in the e-mail, without the angle brackets."""

    @property
    def is_international(self) -> bool:
        """Tell whether an address needs a server that knows RFC 6531."""
        return not (self.sender + self.recipient).isascii()


def envelope_of(message: EmailMessage, mail: Mail, config: SmtpConfig, now: datetime) -> Envelope:
    """Return an e-mail from the connector's sender, or from the template's own."""
    sender = mail.sender or Mailbox.parse(config.from_email)
    reply_to = mail.reply_to or (Mailbox.parse(config.reply_to) if config.reply_to else None)
    envelope = Envelope(
        spelled(sender.address),
        spelled(message.to),
        b"",
        f"{message.id}@{sender.address.ascii_domain}",
    )
    written = MimeMessage(policy=INTERNATIONAL if envelope.is_international else ORDINARY)
    written["From"] = _header(sender)
    written["To"] = _header(Mailbox(message.to))
    if reply_to is not None:
        written["Reply-To"] = _header(reply_to)
    written["Subject"] = mail.subject
    written["Date"] = now
    written["Message-ID"] = f"<{envelope.message_id}>"
    # RFC 3834: no out-of-office note in answer to a code.
    written["Auto-Submitted"] = "auto-generated"
    for name, value in (config.custom_headers or {}).items():
        written[name] = value
    written.set_content(mail.text)
    if mail.html is not None:
        written.add_alternative(mail.html, subtype="html")
    return Envelope(envelope.sender, envelope.recipient, written.as_bytes(), envelope.message_id)


def spelled(address: EmailAddress) -> str:
    """Return an address as mail servers take it: the domain in ASCII."""
    return f"{address.local}@{address.ascii_domain}"


def _header(mailbox: Mailbox) -> HeaderAddress:
    address = mailbox.address
    return HeaderAddress(mailbox.name, address.local, address.ascii_domain)
