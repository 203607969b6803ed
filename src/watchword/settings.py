"""Every environment variable, in one frozen class."""

import ipaddress
import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from watchword.connector_kit.number_checks import installed_check
from watchword.core.hosts import is_loopback
from watchword.core.keys import SecretKeys
from watchword.guard.models import country_code

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PREFIX = "WATCHWORD_"
DEVELOPMENT_URL = "http://localhost:3001"
LONGEST_NUMBER_CHECK = timedelta(seconds=10)


class InvalidSettings(Exception):
    """A setting is missing or wrong; each line of the message names a variable and the remedy."""


def _networks(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(
            ipaddress.ip_network(item.strip()) for item in value.split(",") if item.strip()
        )
    return value


def _json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value.strip() else {}
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} at character {error.pos}") from None


def _countries(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    listed = frozenset(country_code(item.strip()) for item in value.split(",") if item.strip())
    # An empty value means that nothing was set, not that nothing may be sent.
    return listed or None


def _prefixes(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    listed = tuple(item.strip().removeprefix("+") for item in value.split(",") if item.strip())
    for item in listed:
        if not (item.isascii() and item.isdigit()):
            raise ValueError(f"{item!r} is not the beginning of a number, such as 882")
    return listed


Countries = Annotated[frozenset[str] | None, NoDecode, BeforeValidator(_countries)]
Prefixes = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_prefixes)]
Holding = Annotated[int, Field(ge=1, le=100_000_000)]
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)]


class Settings(BaseSettings):
    """What the operator sets; read once, at start. Variables are these names after `WATCHWORD_`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    mode: Literal["production", "development"] = Field(
        default="production",
        description="`development` allows loopback targets, plain-http cookies and the "
        "development inbox, and refuses to listen beyond loopback; only `make run` sets it.",
    )
    database_url: str = Field(
        default="sqlite:///var/watchword.db",
        description="`sqlite:///path` or `postgresql://user:password@host:port/name`.",
    )
    public_url: str | None = Field(
        default=None,
        description="Where browsers reach this server: `https://auth.example.com`. The issuer is "
        "`<public url>/oidc`. Needed in production, with https unless it is loopback.",
    )
    secret_keys: SecretKeys | None = Field(
        default=None,
        repr=False,
        description="`<key id>:<base64 of 32 random bytes>,…`; the first one is current. "
        "Needed in production.",
    )
    provider_base_urls: Annotated[dict[str, str], NoDecode, BeforeValidator(_json)] = Field(
        default_factory=dict,
        description="JSON object from connector id to base URL, for emulators and private "
        "gateways; https or listed networks only in production.",
    )
    outbound_allow: Networks = Field(
        default=(),
        description="Networks that connector and webhook URLs may reach although private, "
        "comma-separated.",
    )
    trusted_proxies: Networks = Field(
        default=(),
        description="Networks whose `X-Forwarded-*` headers are believed, comma-separated.",
    )
    allowed_countries: Countries = Field(
        default=None,
        description="Countries (ISO 3166, comma-separated: `KR,US`) that texts may go to; a tenant "
        "may only narrow it. Every country without it.",
    )
    refused_prefixes: Prefixes = Field(
        default=(),
        description="How no number may begin that gets a text, country code first, "
        "comma-separated: `882,979,44870`. Binds every tenant.",
    )
    number_check: str | None = Field(
        default=None,
        description="Which installed package is asked what a carrier knows of a number before a "
        "code goes there: the name of its entry point. Nothing is asked without it.",
    )
    number_check_config: Annotated[dict[str, Any], NoDecode, BeforeValidator(_json)] = Field(
        default_factory=dict,
        repr=False,
        description="JSON object of what that package is set up with, such as its key.",
    )
    number_check_wait: timedelta = Field(
        default=timedelta(seconds=2),
        description="How long a code waits for that answer, in seconds; 10 at most.",
    )
    number_check_failure: Literal["refuse", "send"] = Field(
        default="refuse",
        description="What happens to a code where no answer comes in time: it is refused, or sent.",
    )
    development_users: Holding = Field(
        default=1_000, description="Users that a development tenant can have."
    )
    development_applications: Holding = Field(
        default=100, description="Applications that a development tenant can have."
    )
    development_connectors: Holding = Field(
        default=50, description="Connectors that a development tenant can have in use."
    )
    development_resources: Holding = Field(
        default=100, description="API resources that a development tenant can have."
    )
    development_webhooks: Holding = Field(
        default=50, description="Webhooks that a development tenant can have."
    )
    development_organizations: Holding = Field(
        default=100, description="Organizations that a development tenant can have."
    )
    development_organization_roles: Holding = Field(
        default=100, description="Organization roles that a development tenant can have."
    )
    development_messages: Holding = Field(
        default=1_000,
        description="Texts, and as many e-mails, that a development tenant sends in a day of UTC.",
    )
    metrics_token: str | None = Field(
        default=None, repr=False, description="Bearer token that may read `/metrics`."
    )
    metrics_allow: Networks = Field(
        default=(),
        description="Networks that may read `/metrics` without a token, comma-separated.",
    )
    log_format: Literal["json", "text"] | None = Field(
        default=None, description="`json` (production's default) or `text` (development's)."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least severe log line to write."
    )
    database_pool: int = Field(
        default=10, ge=1, le=200, description="PostgreSQL connections of each server process."
    )
    delivery_wait: timedelta = Field(
        default=timedelta(seconds=3),
        description="How long a request waits for the provider's answer, in seconds.",
    )
    message_retention_days: int = Field(
        default=90, ge=1, description="Days that rows of the message log are kept."
    )
    audit_retention_days: int = Field(
        default=365, ge=1, description="Days that rows of the audit log are kept."
    )
    configuration_retention_days: int = Field(
        default=365,
        ge=1,
        description="Days that earlier versions of the configuration are kept; of each thing the "
        "newest two always are.",
    )

    @field_validator("secret_keys", mode="before")
    @classmethod
    def _parse_keys(cls, value: Any) -> Any:
        return SecretKeys.parse(value) if isinstance(value, str) else value

    @field_validator("delivery_wait", "number_check_wait", mode="before")
    @classmethod
    def _parse_seconds(cls, value: Any) -> Any:
        return timedelta(seconds=float(value)) if isinstance(value, str | int | float) else value

    @field_validator("database_url")
    @classmethod
    def _check_database(cls, value: str) -> str:
        try:
            backend = make_url(value).get_backend_name()
        except ArgumentError:
            raise ValueError("is not a database URL") from None
        if backend not in {"sqlite", "postgresql"}:
            raise ValueError(f"names {backend!r}; use sqlite:///… or postgresql://…")
        return value

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("is not an address like https://auth.example.com")
        if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
            raise ValueError("has more than a scheme, a host and a port")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError("needs https (plain http is for loopback only)")
        return value.rstrip("/")

    @field_validator("provider_base_urls")
    @classmethod
    def _check_base_urls(cls, value: dict[str, str]) -> dict[str, str]:
        for name, url in value.items():
            if urlsplit(url).scheme not in {"http", "https"}:
                raise ValueError(f"has no http(s) address for {name!r}")
        return value

    @field_validator("number_check_wait")
    @classmethod
    def _check_wait(cls, value: timedelta) -> timedelta:
        if not timedelta() < value <= LONGEST_NUMBER_CHECK:
            raise ValueError("is not between 0 and 10 seconds")
        return value

    @field_validator("number_check")
    @classmethod
    def _check_number_check(cls, value: str | None) -> str | None:
        # An empty value means that nothing was set.
        if not value:
            return None
        installed_check(value)
        return value

    @model_validator(mode="after")
    def _check_number_check_config(self) -> "Settings":
        if self.number_check is None:
            return self
        try:
            installed_check(self.number_check).config_type.model_validate(self.number_check_config)
        except ValidationError as error:
            wrong = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
            raise ValueError(f"{PREFIX}NUMBER_CHECK_CONFIG: {'; '.join(wrong)}") from None
        return self

    @model_validator(mode="after")
    def _check_production(self) -> "Settings":
        if self.is_development:
            return self
        missing = [
            f"{PREFIX}{name.upper()} is needed in production: {remedy}"
            for name, value, remedy in (
                ("public_url", self.public_url, "set it to where browsers reach this server"),
                ("secret_keys", self.secret_keys, "make one with `watchword keys new`"),
            )
            if value is None
        ]
        wrong = [
            f"{PREFIX}PROVIDER_BASE_URLS: {name!r} is plain http; use https, or list its network "
            f"in {PREFIX}OUTBOUND_ALLOW"
            for name, url in self.provider_base_urls.items()
            if not self._may_be_called(url)
        ]
        if missing or wrong:
            raise ValueError("\n".join([*missing, *wrong]))
        return self

    def _may_be_called(self, url: str) -> bool:
        parts = urlsplit(url)
        if parts.scheme == "https":
            return True
        try:
            address = ipaddress.ip_address(parts.hostname or "")
        except ValueError:
            # What a name stands for is looked at when it is called, and then it must be listed.
            return bool(self.outbound_allow)
        return any(address in network for network in self.outbound_allow)

    @property
    def is_development(self) -> bool:
        """Tell whether this is a developer's own machine."""
        return self.mode == "development"

    @property
    def uses_sqlite(self) -> bool:
        """Tell whether the database is the embedded one."""
        return self.database_url.startswith("sqlite")

    @property
    def keys(self) -> SecretKeys:
        """Return the secret keys; `load_settings` made sure that there are some."""
        assert self.secret_keys is not None
        return self.secret_keys


def load_settings(**given: Any) -> Settings:
    """Read the environment; raises InvalidSettings with one line for each thing to mend."""
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise InvalidSettings("\n".join(_line(item) for item in error.errors())) from None
    made_up: dict[str, Any] = {}
    if settings.secret_keys is None:
        made_up["secret_keys"] = _development_keys()
    if settings.public_url is None:
        made_up["public_url"] = DEVELOPMENT_URL
    return settings.model_copy(update=made_up)


def _line(item: Any) -> str:
    message = str(item["msg"]).removeprefix("Value error, ")
    if not item["loc"]:
        return message
    return f"{PREFIX}{str(item['loc'][0]).upper()}: {message}"


def _development_keys(path: Path = Path("var/secret-keys")) -> SecretKeys:
    """Return the keys kept in `var/` for development, made at the first start."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(SecretKeys.generate("dev") + "\n", encoding="ascii")
    return SecretKeys.parse(path.read_text(encoding="ascii").strip())
