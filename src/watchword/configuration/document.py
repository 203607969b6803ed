"""A tenant's configuration as one document: what stands in it, and its published schema."""

import re
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from watchword.account.models import AccountCenterSettings
from watchword.applications.models import ApplicationType, ClientMetadata
from watchword.configuration.models import TenantSettings
from watchword.configuration.social_connectors import ConnectorOverride
from watchword.connector_kit.models import ConnectorType
from watchword.connectors.models import SavedConnector
from watchword.custom_phrases.models import is_language_tag
from watchword.guard.models import GuardPolicy
from watchword.resources.models import DEFAULT_TTL, LONGEST_TTL, SHORTEST_TTL, is_indicator
from watchword.sign_in_settings.models import SignInSettings
from watchword.webhooks.models import Event

FORMAT: Final = 1
"""Moves when a document of before would be read otherwise than it was meant."""

Path = tuple[str | int, ...]
"""Where something stands in a document: keys, and numbers of list items."""

SLOTS: Mapping[str, ConnectorType] = {"sms": ConnectorType.SMS, "email": ConnectorType.EMAIL}
"""The places of the connectors that a tenant has at most one of."""

REFERENCE = re.compile(r"\$\{(env|sealed):([^}]+)\}")
"""What stands in the place of a secret, or of any value of a connector or a header."""

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]


def _indicator(value: str) -> str:
    if not is_indicator(value):
        raise ValueError("an API is named by an absolute address without a fragment")
    return value


def _language(value: str) -> str:
    if not is_language_tag(value):
        raise ValueError("this is not a language tag")
    return value


class Part(BaseModel):
    """A part of the document: camelCase; a key that nobody knows is a mistake, and named."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True
    )


class ConnectorPart(Part):
    """A provider as it is set up; a secret is `${env:NAME}` or `${sealed:…}`."""

    connector_id: Annotated[str, Field(min_length=1, max_length=128)]
    config: dict[str, Any] = Field(default_factory=dict)
    metadata: ConnectorOverride = ConnectorOverride()
    sync_profile: bool = False


class ApplicationUris(Part):
    """Where an application may be returned to."""

    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()


class ApplicationPart(Part):
    """An application without its secrets."""

    name: Annotated[str, Field(min_length=1, max_length=256)]
    description: str | None = None
    type: ApplicationType
    is_third_party: bool = False
    is_management: bool = False
    oidc_client_metadata: ApplicationUris = ApplicationUris()
    custom_client_metadata: ClientMetadata = ClientMetadata()
    custom_data: dict[str, Any] = Field(default_factory=dict)
    resource_scopes: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Names of scopes by the API's indicator."""


class ResourcePart(Part):
    """An API and its scopes; a scope's description may be null."""

    name: Annotated[str, Field(min_length=1, max_length=256)]
    access_token_ttl: Annotated[
        int, Field(ge=int(SHORTEST_TTL.total_seconds()), le=int(LONGEST_TTL.total_seconds()))
    ] = int(DEFAULT_TTL.total_seconds())
    is_default: bool = False
    scopes: dict[str, str | None] = Field(default_factory=dict)


class WebhookPart(Part):
    """An address that hears of events; its signing key is each tenant's own."""

    name: Annotated[str, Field(min_length=1, max_length=256)]
    url: Annotated[str, Field(max_length=2048)]
    events: tuple[Event, ...]
    enabled: bool = True
    retries: Annotated[int, Field(ge=0, le=3)] | None = None
    headers: dict[str, str] = Field(default_factory=dict)


class Document(Part):
    """A tenant's configuration.

    A section that is missing stays as it is. Of `tenant`, `signIn`, `guard` and `accountCenter`, so
    does a key that is missing; the other sections are complete lists.
    """

    version: Literal[1] = FORMAT
    tenant: TenantSettings | None = None
    sign_in: SignInSettings | None = None
    guard: GuardPolicy | None = None
    account_center: AccountCenterSettings | None = None
    connectors: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,128}$")], ConnectorPart] | (
        None
    ) = None
    """By `sms`, `email`, or the id of a social connector."""
    resources: dict[Annotated[str, AfterValidator(_indicator)], ResourcePart] | None = None
    """By indicator."""
    applications: dict[Id, ApplicationPart] | None = None
    """By id, which is the `client_id`."""
    webhooks: dict[Id, WebhookPart] | None = None
    phrases: dict[Annotated[str, AfterValidator(_language)], dict[str, str]] | None = None
    """Own texts of the pages, by language and dotted key."""


def schema() -> dict[str, Any]:
    """Return the JSON Schema that editors and pipelines check a document with."""
    made = Document.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Watchword configuration",
        **{key: value for key, value in made.items() if key != "title"},
    }


def stray_keys(given: Any, model: Any = Document, path: Path = ()) -> Iterator[Path]:
    """Return where *given* says something that no part of the document knows.

    The settings' own models pass such keys over, as the contract does; in a file that somebody
    wrote, one is a slip that would otherwise change nothing and say nothing.
    """
    found = _model_in(model)
    if found is not None and isinstance(given, Mapping):
        known = {item.alias or name: item for name, item in found.model_fields.items()}
        for key, value in given.items():
            if key in known:
                yield from stray_keys(value, known[key].annotation, (*path, key))
            else:
                yield (*path, key)
        return
    inner = _item_in(model)
    if inner is None:
        return
    if isinstance(given, Mapping):
        for key, value in given.items():
            yield from stray_keys(value, inner, (*path, key))
    elif isinstance(given, list):
        for number, value in enumerate(given):
            yield from stray_keys(value, inner, (*path, number))


def _choices(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from _choices(get_args(annotation)[0])
    elif get_origin(annotation) in {Union, UnionType}:
        for choice in get_args(annotation):
            yield from _choices(choice)
    else:
        yield annotation


def _model_in(annotation: Any) -> type[BaseModel] | None:
    for choice in _choices(annotation):
        if isinstance(choice, type) and issubclass(choice, BaseModel):
            return choice
    return None


def _item_in(annotation: Any) -> Any:
    """Return what a list or an object by keys holds, where that has a shape."""
    for choice in _choices(annotation):
        if get_origin(choice) in {dict, tuple}:
            item = get_args(choice)[1 if get_origin(choice) is dict else 0]
            if _model_in(item) is not None:
                return item
    return None


def slot_of(saved: SavedConnector) -> str:
    """Return the key that a connector has in a document."""
    for slot, sends in SLOTS.items():
        if saved.type is sends:
            return slot
    return saved.id
