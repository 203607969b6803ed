"""`/api/connectors` and `/api/connector-factories`: what a tenant sends through."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from watchword.configuration.errors import (
    ConfigurationChanged,
    ConnectorInUse,
    VersionNotFound,
    VersionNotRestorable,
)
from watchword.configuration.models import ConfigurationVersion, Kind
from watchword.configuration.social_connectors import ConnectorOverride
from watchword.connector_kit.connector import Connector
from watchword.connector_kit.errors import ConnectorClassNotFound, ConnectorError, InvalidConfig
from watchword.connector_kit.guides import guide, logo
from watchword.connector_kit.models import ConnectorType
from watchword.connectors.errors import (
    ConnectorIdTaken,
    ConnectorNotFound,
    InstanceExists,
    MetadataNotAllowed,
    NeedsVisit,
    ReceiverMissing,
    ReceiverOfAnotherType,
    SyncProfileNotAllowed,
    TargetFixed,
    TargetMissing,
    TargetTaken,
    TestConnectorNotFound,
    UnknownConnectorClass,
)
from watchword.connectors.models import SavedConnector
from watchword.core.email import EmailAddress
from watchword.core.phone import PhoneNumber
from watchword.core.recipients import Recipient
from watchword.messaging.models import Channel
from watchword.social.errors import InsufficientInfo, NotSocial
from watchword.tenants.errors import TenantLimitReached
from watchword.web.documented import problems
from watchword.web.management.access import Caller, Management
from watchword.web.management.paging import InvalidPagination, Paged, describe_page
from watchword.web.models import ApiModel, PhoneDigits

router = APIRouter(tags=["Connectors"])

ConnectorClass = type[Connector[Any, Any]]
InstanceId = Annotated[str, Path(max_length=128)]


class CreateConnector(ApiModel):
    """A provider to set up; of SMS and of e-mail, it takes the place of the active one."""

    connector_id: str = Field(max_length=128)
    config: dict[str, Any] | None = None
    metadata: ConnectorOverride | None = None
    sync_profile: bool = False
    enable_token_storage: bool = False
    id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,128}$")


class ChangeConnector(ApiModel):
    """What changes; `config` is replaced as a whole, and a secret sent as its mask stays."""

    config: dict[str, Any] | None = None
    metadata: ConnectorOverride | None = None
    sync_profile: bool | None = None
    enable_token_storage: bool | None = None
    expected_version: int | None = None
    """Ours: refuse with 409 if somebody else changed the connector since this version."""


class SendTest(ApiModel):
    """Where to send a test, and with which settings."""

    phone: PhoneDigits | None = None
    email: str | None = Field(default=None, max_length=320)
    config: dict[str, Any]
    locale: str | None = Field(default=None, max_length=35)

    def receiver_for(self, found: ConnectorClass | None) -> Recipient:
        """Return whom the connector is to reach; raises what speaks against it."""
        if self.phone is None and self.email is None:
            raise ReceiverMissing
        if found is None or found.metadata.type is ConnectorType.SOCIAL:
            raise TestConnectorNotFound(type=ConnectorType.SMS)
        if self.phone is not None:
            to: Recipient = PhoneNumber.from_digits(self.phone)
        else:
            to = EmailAddress.parse(self.email or "")
        if found.metadata.type is not Channel.to(to).connector_type:
            raise ReceiverOfAnotherType
        return to


class AskForAddress(ApiModel):
    """What an address to a provider would be made of."""

    state: str = Field(max_length=1024)
    redirect_uri: str = Field(max_length=2048)


class RestoreConnector(ApiModel):
    """Which version to bring back."""

    version: int = Field(ge=1, le=2**31 - 1)
    reason: str | None = Field(default=None, max_length=500)


class CredentialCheck(ApiModel):
    """What the provider says of the credentials; null where it has no such question."""

    words: str | None


class VersionAnswer(ApiModel):
    """One change of a connector: who made it, when, and what differs; secrets are masked."""

    version: int
    action: str
    actor: str
    reason: str | None
    changes: list[dict[str, Any]]
    created_at: datetime


@router.get("/connector-factories", response_model=list[dict[str, Any]])
async def list_factories(caller: Caller) -> list[dict[str, Any]]:
    """List the connectors that this server can set up."""
    return [_factory(found) for found in caller.server.registry.list()]


@router.get(
    "/connector-factories/{id}",
    response_model=dict[str, Any],
    responses=problems(ConnectorClassNotFound),
)
async def get_factory(id: InstanceId, caller: Caller) -> dict[str, Any]:
    """Describe one connector that this server can set up."""
    return _factory(caller.server.registry.get(id))


@router.get("/connectors", response_model=list[dict[str, Any]])
async def list_connectors(
    caller: Caller, target: Annotated[str | None, Query(max_length=128)] = None
) -> list[dict[str, Any]]:
    """List the active connectors, of one target if it is named."""
    saved = sorted(await caller.tenant.connectors.list(), key=lambda connector: connector.id)
    answers = [_connector(caller, connector) for connector in saved]
    return [answer for answer in answers if target in {None, answer["target"]}]


@router.get(
    "/connectors/{id}", response_model=dict[str, Any], responses=problems(ConnectorNotFound)
)
async def get_connector(id: InstanceId, caller: Caller) -> dict[str, Any]:
    """Show one active connector; its secrets are masked."""
    return _connector(caller, await caller.tenant.connectors.get(id))


@router.post(
    "/connectors",
    response_model=dict[str, Any],
    responses=problems(
        UnknownConnectorClass,
        InvalidConfig,
        ConnectorIdTaken,
        TenantLimitReached,
        TargetMissing,
        TargetTaken,
        InstanceExists,
    ),
)
async def create_connector(body: CreateConnector, caller: Caller) -> dict[str, Any]:
    """Set a provider up. The active connector of its type is replaced, and kept in history."""
    saved = await caller.tenant.configuration.connectors.create(
        caller.actor,
        body.connector_id,
        body.config,
        id=body.id,
        metadata=body.metadata.document() if body.metadata else None,
        sync_profile=body.sync_profile,
        store_tokens=body.enable_token_storage,
    )
    return _connector(caller, saved)


@router.patch(
    "/connectors/{id}",
    response_model=dict[str, Any],
    responses=problems(
        ConnectorNotFound,
        MetadataNotAllowed,
        TargetFixed,
        SyncProfileNotAllowed,
        InvalidConfig,
        ConfigurationChanged,
    ),
)
async def change_connector(id: InstanceId, body: ChangeConnector, caller: Caller) -> dict[str, Any]:
    """Change an active connector; what the body does not name stays."""
    saved = await caller.tenant.configuration.connectors.change(
        caller.actor,
        id,
        body.config,
        metadata=body.metadata.document() if body.metadata else None,
        sync_profile=body.sync_profile,
        store_tokens=body.enable_token_storage,
        expected_version=body.expected_version,
    )
    return _connector(caller, saved)


@router.delete(
    "/connectors/{id}",
    status_code=204,
    responses=problems(ConnectorNotFound, ConnectorInUse),
)
async def delete_connector(
    id: InstanceId,
    caller: Caller,
    force: Annotated[
        bool | None,
        Query(
            description="Delete it although something needs it. Left out, the tenant's setting "
            "`connectorDeletion` decides: `strict` refuses, `permissive` deletes."
        ),
    ] = None,
) -> None:
    """Stop using a connector; refused with what would break while the settings need it."""
    await caller.tenant.configuration.connectors.delete(caller.actor, id, force=force)


@router.post(
    "/connectors/{factory_id}/test",
    status_code=204,
    responses=problems(
        TestConnectorNotFound, ReceiverMissing, ReceiverOfAnotherType, InvalidConfig, ConnectorError
    ),
)
async def test_connector(
    factory_id: Annotated[str, Path(max_length=128)], body: SendTest, caller: Caller
) -> None:
    """Send a test with the config of the body: nothing needs to be saved."""
    to = body.receiver_for(caller.server.registry.find(factory_id))
    await caller.tenant.guard.spend_test_send(caller.actor.id)
    await caller.tenant.messaging.tests.require_taken(
        to, factory_id, body.config, actor=caller.actor, language=body.locale
    )


@router.post(
    "/connectors/{id}/authorization-uri",
    responses=problems(ConnectorNotFound, NotSocial, InsufficientInfo, NeedsVisit),
)
async def make_authorization_uri(id: InstanceId, body: AskForAddress, caller: Caller) -> None:
    """Refuse: an address to a provider has a nonce and a verifier that one browser's visit keeps.

    `POST /api/experience/verification/social/{id}/authorization-uri` makes one.
    """
    if not body.state or not body.redirect_uri:
        raise InsufficientInfo
    await caller.tenant.social.connector(id)
    raise NeedsVisit


@router.get(
    "/connectors/{id}/history",
    response_model=list[VersionAnswer],
    responses=problems(ConnectorNotFound, InvalidPagination),
)
async def connector_history(
    id: InstanceId, caller: Caller, page: Paged, request: Request, response: Response
) -> list[VersionAnswer]:
    """List what was changed of a connector, replaced and deleted ones included; newest first."""
    found = await caller.tenant.configuration.history(Kind.CONNECTOR, id, page)
    if not found.total:
        raise ConnectorNotFound(id)
    describe_page(request, response, found)
    return [_version(version) for version in found.items]


@router.post(
    "/connectors/{id}/restore",
    response_model=dict[str, Any],
    responses=problems(VersionNotFound, VersionNotRestorable, InvalidConfig, TenantLimitReached),
)
async def restore_connector(
    id: InstanceId, body: RestoreConnector, caller: Caller
) -> dict[str, Any]:
    """Bring a version back, secrets included; it takes the place of the active connector."""
    await caller.tenant.configuration.restore(
        caller.actor, Kind.CONNECTOR, id, body.version, reason=body.reason
    )
    return _connector(caller, await caller.tenant.connectors.get(id))


@router.post(
    "/connectors/{id}/check",
    responses=problems(ConnectorNotFound, ConnectorError, InvalidConfig),
)
async def check_credentials(id: InstanceId, caller: Caller) -> CredentialCheck:
    """Ask the provider whether it knows our credentials: nothing is sent, nothing is paid."""
    saved = await caller.tenant.connectors.get(id)
    return CredentialCheck(words=await caller.tenant.connectors.build(saved).check_credentials())


def _factory(found: ConnectorClass, language: str = "en") -> dict[str, Any]:
    metadata = found.metadata
    is_social = metadata.type is ConnectorType.SOCIAL
    return {
        **({"isStandard": metadata.is_standard, **NO_TOKENS} if is_social else {}),
        "id": metadata.id,
        "type": metadata.type,
        "target": metadata.target,
        "platform": metadata.platform,
        "name": dict(metadata.name),
        "description": dict(metadata.description),
        "logo": logo(found),
        "logoDark": None,
        "readme": guide(found, language),
        "formItems": found.config_type.form_items(language),
        "isDemo": False,
    }


def _connector(caller: Management, saved: SavedConnector) -> dict[str, Any]:
    found = caller.server.registry.find(saved.connector_id)
    described = _factory(found) if found else {"type": saved.type, "target": saved.connector_id}
    config = caller.tenant.connectors.masked_config(saved)
    overridden = saved.override
    return {
        **described,
        **{name: overridden[name] for name in OVERRIDABLE & overridden.keys()},
        "id": saved.id,
        "connectorId": saved.connector_id,
        "syncProfile": saved.sync_profile,
        "enableTokenStorage": False,
        "config": config if found is None else found.config_type.nested(config),
        "metadata": overridden,
        "extraInfo": {},
        # Ours.
        "version": saved.version,
        "testedAt": saved.tested_at,
    }


NO_TOKENS = {"isTokenStorageSupported": False}
OVERRIDABLE = frozenset({"target", "name", "logo", "logoDark"})


def _version(version: ConfigurationVersion) -> VersionAnswer:
    return VersionAnswer(
        version=version.version,
        action=version.action,
        actor=str(version.author),
        reason=version.reason,
        changes=[vars(change) for change in version.changes],
        created_at=version.created_at,
    )
