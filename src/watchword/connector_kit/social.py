"""Providers that people sign in with, and who somebody is there."""

import re
from abc import abstractmethod
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Never, Self, TypeVar, assert_never
from urllib.parse import urlsplit

import orjson
from pydantic import Field, SecretStr

from watchword.connector_kit.config import ConnectorConfig, Setting
from watchword.connector_kit.connector import Connector
from watchword.connector_kit.errors import UnreadableAnswer
from watchword.connector_kit.models import Receipt
from watchword.core.email import EmailAddress, InvalidEmailAddress
from watchword.core.phone import InvalidPhoneNumber, PhoneNumber

LONGEST_ID = 256
LONGEST_NAME = 128
LONGEST_ADDRESS = 2048
LONGEST_RAW = 8 * 1024
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, kw_only=True, repr=False)
class SocialIdentity:
    """Who somebody is at a provider; an address or number is proved only if that is said."""

    id: str
    name: str | None = None
    avatar: str | None = None
    email: str | None = None
    email_verified: bool = False
    phone: str | None = None
    """Digits only, country code first."""
    phone_verified: bool = False
    raw: Mapping[str, Any]
    """What the provider said, as it said it."""

    @classmethod
    def read(
        cls,
        raw: Mapping[str, Any],
        *,
        id: Any,
        name: Any = None,
        avatar: Any = None,
        email: Any = None,
        email_verified: bool = False,
        phone: Any = None,
        phone_verified: bool = False,
    ) -> Self:
        """Return the identity with everything in its normal form, and without what has none.

        Raises UnreadableAnswer where the provider does not say who it is.
        """
        address, number = _email(email), _phone(phone)
        return cls(
            id=_id(id),
            name=_text(name, LONGEST_NAME),
            avatar=_web_address(avatar),
            email=address,
            email_verified=email_verified and address is not None,
            phone=number,
            phone_verified=phone_verified and number is not None,
            raw=raw if len(orjson.dumps(raw, default=str)) <= LONGEST_RAW else {},
        )

    def details(self) -> dict[str, Any]:
        """Return what an account keeps of it, in the contract's words."""
        known = {
            "id": self.id,
            "name": self.name,
            "avatar": self.avatar,
            "email": self.email,
            "phone": self.phone,
        }
        given = {name: value for name, value in known.items() if value is not None}
        return {**given, "rawData": dict(self.raw)}

    def __repr__(self) -> str:
        return "SocialIdentity()"


@dataclass(frozen=True, kw_only=True, repr=False)
class Authorization:
    """One try of one person: what goes to the provider, and what ties its answer to their visit."""

    state: str
    redirect_uri: str
    nonce: str
    code_verifier: str

    @property
    def code_challenge(self) -> str:
        """Return what the provider may know of the verifier (RFC 7636, 4.2)."""
        digest = sha256(self.code_verifier.encode()).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()


class SocialConfig(ConnectorConfig):
    """Base of the settings of a provider that people sign in with."""

    first: ClassVar[tuple[str, ...]] = ()
    """Keys of the settings that the form begins with, in order."""

    @classmethod
    def form_items(cls, language: str = "en") -> list[dict[str, Any]]:
        """Return the form; nothing is sent here, so there is no pace to ask for."""
        common, places = cls.common_keys(), {key: place for place, key in enumerate(cls.first)}
        items = [item for item in super().form_items(language) if item["key"] not in common]
        return sorted(items, key=lambda item: places.get(item["key"], len(places)))


class PublicClientConfig(SocialConfig):
    """Who this server is at the provider, which may have given no secret."""

    client_id: Annotated[str, Setting(label={"en": "Client ID", "ko": "클라이언트 ID"})] = Field(
        alias="clientId"
    )
    client_secret: Annotated[
        SecretStr | None, Setting(label={"en": "Client secret", "ko": "클라이언트 시크릿"})
    ] = Field(default=None, alias="clientSecret")


class ClientConfig(PublicClientConfig):
    """Who this server is at the provider, and what proves it."""

    client_secret: Annotated[
        SecretStr, Setting(label={"en": "Client secret", "ko": "클라이언트 시크릿"})
    ] = Field(alias="clientSecret")


SocialSettings = TypeVar("SocialSettings", bound=SocialConfig)


class SocialConnector(Connector[SocialSettings, Never]):
    """A tenant's set-up of one provider that people sign in with; its `metadata.type` is Social."""

    @abstractmethod
    async def begin(self, authorization: Authorization) -> str:
        """Return the provider's address that the person's browser goes to."""

    @abstractmethod
    async def finish(
        self, authorization: Authorization, answer: Mapping[str, str]
    ) -> SocialIdentity:
        """Return who the person is, by what the provider sent along with them.

        Raises ConnectorError. The caller has seen to it that the browser is the one that began.
        """

    async def send(self, message: Never) -> Receipt:
        """Send nothing: there is no message for this kind of connector."""
        assert_never(message)


def _id(value: Any) -> str:
    # Some providers count their people. `True` is a number to Python, and nobody's id.
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not 0 < len(text) <= LONGEST_ID or CONTROL.search(text):
        raise UnreadableAnswer("the provider does not say who this is")
    return text


def _text(value: Any, longest: int) -> str | None:
    if not isinstance(value, str):
        return None
    return CONTROL.sub(" ", value).strip()[:longest].strip() or None


def _web_address(value: Any) -> str | None:
    if not isinstance(value, str) or len(value) > LONGEST_ADDRESS or CONTROL.search(value):
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    return value if parts.scheme in {"https", "http"} and parts.netloc else None


def _email(value: Any) -> str | None:
    try:
        return EmailAddress.parse(value).address if isinstance(value, str) else None
    except InvalidEmailAddress:
        return None


def _phone(value: Any) -> str | None:
    # Without a country a number is anybody's.
    if not isinstance(value, str) or not value.strip().startswith("+"):
        return None
    try:
        return PhoneNumber.parse(value).digits
    except InvalidPhoneNumber:
        return None
