"""E-mail addresses, in the one form that everything inside uses."""

import re
from dataclasses import dataclass

from watchword.core.errors import DomainError

LONGEST = 128  # as long as the contract lets an identifier be
LONGEST_LOCAL = 64  # RFC 5321, 4.5.3.1.1
LONGEST_DOMAIN_SHOWN = 48

# RFC 5321's dot-string, and letters of any script (RFC 6531): no quotes, no brackets, no blanks,
# so that nothing in an address can end the command or the header it stands in.
ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
ADDRESS = re.compile(rf"(?P<local>{ATOM}(?:\.{ATOM})*)@(?P<domain>{LABEL}(?:\.{LABEL})+)")


class InvalidEmailAddress(DomainError):
    """The text is not an e-mail address that mail can be sent to."""

    code = "user.invalid_email"
    status = 422


@dataclass(frozen=True, repr=False)
class EmailAddress:
    """An address that mail can be sent to, in small letters."""

    address: str
    """The stored form, which is the form that is compared: `ada@example.com`."""

    @classmethod
    def parse(cls, text: str) -> "EmailAddress":
        """Read what a person typed; raises InvalidEmailAddress."""
        address = text.strip().lower()
        found = ADDRESS.fullmatch(address)
        if found is None or len(address) > LONGEST or len(found["local"]) > LONGEST_LOCAL:
            raise InvalidEmailAddress
        parsed = cls(address)
        try:
            parsed.ascii_domain  # noqa: B018  # a name that DNS can't hold is no address
        except UnicodeError:
            raise InvalidEmailAddress from None
        return parsed

    @property
    def local(self) -> str:
        """Return what stands before the `@`."""
        return self.address.rpartition("@")[0]

    @property
    def domain(self) -> str:
        """Return what stands after the `@`."""
        return self.address.rpartition("@")[2]

    @property
    def ascii_domain(self) -> str:
        """Return the domain as DNS knows it: `xn--…` for names in other scripts."""
        return self.domain.encode("idna").decode()

    @property
    def masked(self) -> str:
        """Return the form to show on screens and in logs: `a•••@example.com`."""
        shown = self.local[0] if len(self.local) > 1 else ""
        domain = self.domain
        if len(domain) > LONGEST_DOMAIN_SHOWN:
            domain = f"…{domain[1 - LONGEST_DOMAIN_SHOWN :]}"
        return f"{shown}•••@{domain}"

    def __repr__(self) -> str:
        return f"EmailAddress({self.masked})"

    __str__ = __repr__
