"""`/api/applications`: what people sign in to, the machines that call us, and their secrets."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import AfterValidator, Field

from watchword.applications.errors import (
    ApplicationNotFound,
    InvalidApplication,
    InvalidOrigin,
    InvalidRedirectUri,
    InvalidThirdPartyType,
    NoSecretsForPublicApplication,
    SecretExpiryInPast,
    SecretNameTaken,
    SecretNotFound,
    TooManySecrets,
)
from watchword.applications.models import (
    Application,
    ApplicationFilter,
    ApplicationSecret,
    ApplicationType,
    ClientMetadata,
    NewApplication,
    check_redirect_uri,
    origin_of,
)
from watchword.configuration.errors import ConfigurationChanged
from watchword.connectors.models import MASK
from watchword.core.moments import milliseconds, moment_of
from watchword.resources.errors import UnknownScopes
from watchword.resources.models import Resource, ResourceScope
from watchword.tenants.errors import TenantLimitReached
from watchword.web.documented import problems
from watchword.web.management.access import Caller, Management
from watchword.web.management.paging import InvalidPagination, PagedIfAsked, describe_page
from watchword.web.models import ApiModel

router = APIRouter(prefix="/applications", tags=["Applications"])

ApplicationId = Annotated[str, Path(max_length=128)]
SecretName = Annotated[str, Path(alias="name", max_length=256)]
LAST_MOMENT = 253_402_300_799_999  # the end of the year 9999, in milliseconds


def _uri(value: str) -> str:
    try:
        # Of the types, a native application's may have most; the service knows which this one is.
        check_redirect_uri(value, ApplicationType.NATIVE)
    except InvalidRedirectUri:
        raise ValueError("this is no whole address without a fragment") from None
    return value


def _origin(value: str) -> str:
    if origin_of(value) != value:
        raise ValueError("an origin is a scheme, a host and a port, and nothing after them")
    return value


def _stored(value: dict[str, Any]) -> dict[str, Any]:
    try:
        stored: dict[str, Any] = orjson.loads(orjson.dumps(value))
    except orjson.JSONEncodeError:
        raise ValueError("this can't be stored as JSON") from None
    return stored


RedirectUri = Annotated[str, Field(max_length=2048), AfterValidator(_uri)]
Uris = Annotated[list[RedirectUri], Field(max_length=100)]
Origins = Annotated[
    tuple[Annotated[str, AfterValidator(_origin)], ...], Field(max_length=100, default=())
]
JsonObject = Annotated[dict[str, Any], AfterValidator(_stored)]
ScopeId = Annotated[str, Field(min_length=1, max_length=64)]


class ClientUris(ApiModel):
    """Where people may be returned to."""

    redirect_uris: Uris = Field(default_factory=list)
    post_logout_redirect_uris: Uris = Field(default_factory=list)


class Metadata(ClientMetadata):
    """How its tokens are made."""

    cors_allowed_origins: Origins


class CreateApplication(ApiModel):
    """An application to register."""

    name: str = Field(min_length=1, max_length=256)
    type: ApplicationType
    description: str | None = Field(default=None, max_length=2048)
    oidc_client_metadata: ClientUris = ClientUris()
    custom_client_metadata: Metadata = Metadata()
    is_third_party: bool = False
    is_management: bool = False
    """Ours: let a machine call this API, with the scope `all`."""
    custom_data: JsonObject = Field(default_factory=dict)

    @property
    def wanted(self) -> NewApplication:
        """Return the registration as it is asked for."""
        return NewApplication(
            name=self.name,
            type=self.type,
            description=self.description,
            redirect_uris=tuple(self.oidc_client_metadata.redirect_uris),
            post_logout_redirect_uris=tuple(self.oidc_client_metadata.post_logout_redirect_uris),
            is_third_party=self.is_third_party,
            is_management=self.is_management,
            custom_client_metadata=self.custom_client_metadata.model_dump(by_alias=True),
            custom_data=self.custom_data,
        )


class ChangeApplication(ApiModel):
    """What changes; of the two metadata objects, only the keys that are there."""

    name: str = Field(default="", min_length=1, max_length=256)
    description: str | None = Field(default=None, max_length=2048)
    oidc_client_metadata: ClientUris = ClientUris()
    custom_client_metadata: Metadata = Metadata()
    is_third_party: bool = False
    is_admin: bool = False
    """The contract's word for `isManagement`."""
    is_management: bool = False
    custom_data: JsonObject = Field(default_factory=dict)
    expected_version: int | None = None
    """Ours: refuse with 409 if somebody else changed the application since this version."""

    @property
    def patch(self) -> dict[str, Any]:
        """Return what was named."""
        given = self.model_dump(by_alias=True, exclude_unset=True, exclude={"expected_version"})
        if "isAdmin" in given:
            given.setdefault("isManagement", given.pop("isAdmin"))
        return given


class AddSecret(ApiModel):
    """One more secret, for as long as its predecessor is still in use."""

    name: str = Field(min_length=1, max_length=256)
    expires_at: Annotated[int, Field(ge=1, le=LAST_MOMENT)] | None = None
    """In milliseconds since 1970."""

    @property
    def moment(self) -> datetime | None:
        """Return when it is over."""
        return None if self.expires_at is None else moment_of(self.expires_at)


class RenameSecret(ApiModel):
    """Another name for a secret."""

    name: str = Field(min_length=1, max_length=256)


class AssignScopes(ApiModel):
    """Every scope that the application may be given; those that are not named are taken away."""

    scope_ids: Annotated[list[ScopeId], Field(max_length=1000)]


class ApplicationAnswer(ApiModel):
    """One application; its secret is masked, but in the answer that registers it."""

    tenant_id: str
    id: str
    name: str
    secret: str
    """Empty for a type that keeps none."""
    description: str | None
    type: ApplicationType
    oidc_client_metadata: dict[str, Any]
    custom_client_metadata: dict[str, Any]
    protected_app_metadata: None = None
    is_third_party: bool
    custom_data: dict[str, Any]
    created_at: int
    is_admin: bool
    is_management: bool
    version: int

    @classmethod
    def of(cls, caller: Management, application: Application, secret: str | None = None) -> Self:
        """Show an application."""
        document = application.document()
        return cls(
            tenant_id=caller.tenant.tenant.id,
            id=application.id,
            name=application.name,
            secret=secret or (MASK if application.secrets else ""),
            description=application.description,
            type=application.type,
            oidc_client_metadata=document["oidcClientMetadata"],
            custom_client_metadata=document["customClientMetadata"],
            is_third_party=application.is_third_party,
            custom_data=document["customData"],
            created_at=milliseconds(application.created_at),
            is_admin=application.is_management,
            is_management=application.is_management,
            version=application.version,
        )


class SecretAnswer(ApiModel):
    """One secret; its value is masked, but in the answer that adds it."""

    tenant_id: str
    application_id: str
    name: str
    value: str
    created_at: int
    expires_at: int | None

    @classmethod
    def of(
        cls, caller: Management, application_id: str, secret: ApplicationSecret, value: str = MASK
    ) -> Self:
        """Show a secret."""
        return cls(
            tenant_id=caller.tenant.tenant.id,
            application_id=application_id,
            name=secret.name,
            value=value,
            created_at=milliseconds(secret.created_at),
            expires_at=None if secret.expires_at is None else milliseconds(secret.expires_at),
        )


class AssignedScope(ApiModel):
    """A scope that an application may be given."""

    id: str
    name: str
    description: str | None


class ResourceName(ApiModel):
    """Which API it is of."""

    id: str
    name: str
    indicator: str


class AssignedScopes(ApiModel):
    """The scopes of one API that an application may be given."""

    resource: ResourceName
    scopes: list[AssignedScope]

    @classmethod
    def of(cls, resource: Resource, scopes: tuple[ResourceScope, ...]) -> Self:
        """Show them."""
        return cls(
            resource=ResourceName(id=resource.id, name=resource.name, indicator=resource.indicator),
            scopes=[
                AssignedScope(id=scope.id, name=scope.name, description=scope.description)
                for scope in scopes
            ],
        )


# Who lists all types that the contract knows must not be refused for those that are not built here.
AskedType = Literal["SPA", "Native", "Traditional", "MachineToMachine", "Protected", "SAML"]


async def asked_applications(
    types: Annotated[list[AskedType] | None, Query(max_length=10)] = None,
    is_third_party: Annotated[Literal["true", "false"] | None, Query(alias="isThirdParty")] = None,
    search: Annotated[
        str | None,
        Query(max_length=256, description="Of id, name or description, with `%` for anything."),
    ] = None,
) -> ApplicationFilter:
    """Return which applications are asked for."""
    return ApplicationFilter(
        types=frozenset(types or ()),
        is_third_party=None if is_third_party is None else is_third_party == "true",
        search=search or None,
    )


Asked = Annotated[ApplicationFilter, Depends(asked_applications)]
INVALID = (InvalidApplication, InvalidRedirectUri, InvalidOrigin, InvalidThirdPartyType)


@router.get("", responses=problems(InvalidPagination))
async def list_applications(
    caller: Caller, asked: Asked, page: PagedIfAsked, request: Request, response: Response
) -> list[ApplicationAnswer]:
    """List the applications, the newest first; all of them where no page is asked for."""
    found = await caller.tenant.applications.list(page, asked)
    describe_page(request, response, found)
    return [ApplicationAnswer.of(caller, application) for application in found.items]


@router.post("", responses=problems(TenantLimitReached, *INVALID))
async def create_application(body: CreateApplication, caller: Caller) -> ApplicationAnswer:
    """Register an application. Its secret is in this answer, and in no other."""
    created = await caller.tenant.configuration.applications.create(caller.actor, body.wanted)
    return ApplicationAnswer.of(caller, created.application, created.secret)


@router.get("/{application_id}", responses=problems(ApplicationNotFound))
async def get_application(application_id: ApplicationId, caller: Caller) -> ApplicationAnswer:
    """Show one application, or the built-in `demo-app`."""
    return ApplicationAnswer.of(caller, await caller.tenant.applications.get(application_id))


@router.patch(
    "/{application_id}", responses=problems(ApplicationNotFound, ConfigurationChanged, *INVALID)
)
async def change_application(
    application_id: ApplicationId, body: ChangeApplication, caller: Caller
) -> ApplicationAnswer:
    """Change an application; what the body does not name stays."""
    changed = await caller.tenant.configuration.applications.change(
        caller.actor, application_id, body.patch, expected_version=body.expected_version
    )
    return ApplicationAnswer.of(caller, changed)


@router.delete("/{application_id}", status_code=204, responses=problems(ApplicationNotFound))
async def delete_application(application_id: ApplicationId, caller: Caller) -> None:
    """Forget an application: nobody can sign in to it any more."""
    await caller.tenant.configuration.applications.delete(caller.actor, application_id)


@router.patch(
    "/{application_id}/custom-data", responses=problems(ApplicationNotFound, ConfigurationChanged)
)
async def change_custom_data(
    application_id: ApplicationId, body: JsonObject, caller: Caller
) -> dict[str, Any]:
    """Change what is kept for an application's owner, key by key."""
    changed = await caller.tenant.configuration.applications.change_custom_data(
        caller.actor, application_id, body
    )
    return dict(changed.custom_data)


@router.get("/{application_id}/secrets", responses=problems(ApplicationNotFound))
async def list_secrets(application_id: ApplicationId, caller: Caller) -> list[SecretAnswer]:
    """List an application's secrets, masked, those that have expired included."""
    application = await caller.tenant.applications.get(application_id)
    return [SecretAnswer.of(caller, application_id, secret) for secret in application.secrets]


@router.post(
    "/{application_id}/secrets",
    status_code=201,
    responses=problems(
        ApplicationNotFound,
        NoSecretsForPublicApplication,
        SecretNameTaken,
        SecretExpiryInPast,
        TooManySecrets,
        InvalidApplication,
    ),
)
async def add_secret(
    application_id: ApplicationId, body: AddSecret, caller: Caller
) -> SecretAnswer:
    """Add a secret beside those in use. Its value is in this answer, and in no other."""
    created = await caller.tenant.configuration.applications.add_secret(
        caller.actor, application_id, body.name, body.moment
    )
    return SecretAnswer.of(caller, application_id, created.secret, created.value)


@router.patch(
    "/{application_id}/secrets/{name:path}",
    responses=problems(ApplicationNotFound, SecretNotFound, SecretNameTaken, InvalidApplication),
)
async def rename_secret(
    application_id: ApplicationId, name: SecretName, body: RenameSecret, caller: Caller
) -> SecretAnswer:
    """Call a secret otherwise; its value stays."""
    changed = await caller.tenant.configuration.applications.rename_secret(
        caller.actor, application_id, name, body.name
    )
    return SecretAnswer.of(caller, application_id, changed.secret_named(body.name))


@router.delete(
    "/{application_id}/secrets/{name:path}",
    status_code=204,
    responses=problems(ApplicationNotFound, SecretNotFound),
)
async def delete_secret(application_id: ApplicationId, name: SecretName, caller: Caller) -> None:
    """Take a secret away: whoever still uses it is refused."""
    await caller.tenant.configuration.applications.delete_secret(caller.actor, application_id, name)


@router.get("/{application_id}/resource-scopes", responses=problems(ApplicationNotFound))
async def list_resource_scopes(
    application_id: ApplicationId, caller: Caller
) -> list[AssignedScopes]:
    """List the scopes of APIs that an application may be given, by API."""
    return await _assigned(caller, await caller.tenant.applications.get(application_id))


@router.put(
    "/{application_id}/resource-scopes", responses=problems(ApplicationNotFound, UnknownScopes)
)
async def assign_resource_scopes(
    application_id: ApplicationId, body: AssignScopes, caller: Caller
) -> list[AssignedScopes]:
    """Say which scopes of APIs an application may be given, in the place of those before."""
    changed = await caller.tenant.configuration.applications.assign_scopes(
        caller.actor, application_id, body.scope_ids
    )
    return await _assigned(caller, changed)


async def _assigned(caller: Management, application: Application) -> list[AssignedScopes]:
    grouped = await caller.tenant.resources.grouped(application.resource_scopes)
    return [AssignedScopes.of(resource, scopes) for resource, scopes in grouped]
