"""Whom a message can reach: a phone by a text, a mailbox by an e-mail."""

from watchword.core.email import EmailAddress
from watchword.core.phone import PhoneNumber

Recipient = PhoneNumber | EmailAddress


def stored_form(recipient: Recipient) -> str:
    """Return what is sealed and digested of a recipient: one form for all spellings."""
    return recipient.digits if isinstance(recipient, PhoneNumber) else recipient.address
