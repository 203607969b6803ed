"""The forms that pages post: how they are read, and the token that ties them to a browser."""

import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass

from starlette.requests import Request

from watchword.web.pages.errors import (
    CodeMisshapen,
    CodeMissing,
    InvalidForm,
    PasswordMissing,
    TokenMismatch,
    WrongFormType,
)
from watchword.web.security import require_same_origin

FORM_TYPE = "application/x-www-form-urlencoded"
LONGEST = 1024
SEPARATORS = re.compile(r"[\s\-\u2010-\u2015\u2212.]")


@dataclass(frozen=True, repr=False)
class Form:
    """The fields of a posted form; each comes once."""

    fields: dict[str, str]

    def text(self, name: str) -> str:
        """Return what was typed, without the invisible characters that copying brings along."""
        visible = (c for c in self.fields.get(name, "") if unicodedata.category(c) != "Cf")
        return "".join(visible).strip()

    def password(self) -> str:
        """Return the password exactly as typed."""
        password = self.fields.get("password", "")
        if not password:
            raise PasswordMissing
        return password

    def code(self, length: int) -> str:
        """Return the code: spaces and dashes go, leading zeros stay."""
        typed = SEPARATORS.sub("", self.text("code"))
        if not typed:
            raise CodeMissing
        code = "".join(str(unicodedata.decimal(c, c)) for c in typed)
        if len(code) != length or not (code.isascii() and code.isdigit()):
            raise CodeMisshapen(length=length)
        return code

    def has(self, name: str) -> bool:
        """Tell whether a box was ticked or a button of that name was pressed."""
        return bool(self.fields.get(name))


async def read_form(request: Request, token: str) -> Form:
    """Return the posted form, if one of our pages made it for the interaction of *token*."""
    require_same_origin(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
        raise WrongFormType
    posted = (await request.form(max_fields=20)).multi_items()
    fields = {name: value for name, value in posted if isinstance(value, str)}
    if len(fields) != len(posted):
        raise InvalidForm("a field is repeated")
    for name, value in fields.items():
        if len(value) > LONGEST or any(unicodedata.category(c) == "Cc" for c in value):
            raise InvalidForm(f"field {name[:32]!r}")
    if not hmac.compare_digest(fields.get("token", "").encode(), form_token(token).encode()):
        raise TokenMismatch
    return Form(fields)


def form_token(interaction_token: str) -> str:
    """Return the token of an interaction's forms; it does not give the interaction away."""
    digest = hmac.new(interaction_token.encode(), b"form of a sign-in page", hashlib.sha256)
    return digest.hexdigest()[:32]
