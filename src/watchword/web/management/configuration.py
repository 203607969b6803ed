"""`/api/configuration`, ours alone: a tenant's whole configuration as one document."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field, SecretStr

from watchword.configuration.connector_tests import ConnectorTests, TriedConnector
from watchword.configuration.document import schema
from watchword.configuration.document_plan import Plan
from watchword.configuration.errors import (
    ConfigurationChanged,
    ConnectorNotTested,
    DeletionsNotAllowed,
    DocumentRefused,
    VersionNotFound,
    VersionNotRestorable,
)
from watchword.configuration.models import ConfigurationVersion, Kind
from watchword.connectors.errors import ReceiverMissing
from watchword.core.email import EmailAddress, InvalidEmailAddress
from watchword.core.phone import InvalidPhoneNumber, PhoneNumber
from watchword.core.recipients import Recipient
from watchword.messaging.models import MessageState
from watchword.tenants.errors import TenantLimitReached
from watchword.web.documented import problems
from watchword.web.management.access import Caller
from watchword.web.management.paging import InvalidPagination, Paged, describe_page
from watchword.web.models import ApiModel, PhoneDigits

router = APIRouter(prefix="/configuration", tags=["Configuration"])

# What speaks against a version depends on what it is of; these are the likely ones.
RESTORING = (
    "connector.invalid_config",
    "connector.development_only",
    "connector.not_found_with_connector_id",
    "resource.resource_identifier_in_use",
)

Reason = Annotated[str, Field(max_length=1024, pattern=r"^[^\x00]*$")]


class ExportedDocument(ApiModel):
    """A configuration, and the number of the state that it is of."""

    stamp: int
    document: dict[str, Any]


class GivenDocument(ApiModel):
    """A document, and what its `${env:NAME}` stand for; a secret that is not named stays."""

    document: dict[str, Any]
    variables: dict[str, SecretStr] = Field(default_factory=dict, max_length=1000)
    keep_others: bool = False
    """Whether what a list leaves out stays, as it does where something is moved over."""

    @property
    def values(self) -> dict[str, str]:
        """Return the variables in the clear."""
        return {name: value.get_secret_value() for name, value in self.variables.items()}


class DocumentToApply(GivenDocument):
    """A document to apply, if the state is still the expected one."""

    expected_stamp: Annotated[int, Field(ge=0, lt=2**53)] | None = None
    allow_deletions: bool = False
    tests: list[Annotated[str, Field(max_length=256)]] = Field(default_factory=list, max_length=10)
    """Proofs of `POST /api/configuration/test`, which a connector needs that is moved over."""
    allow_untested: bool = False
    reason: Reason | None = None


class ConnectorToTest(GivenDocument):
    """A document, and whom its connector is to reach: a `phone` through `sms`, or an `email`."""

    phone: PhoneDigits | None = None
    email: Annotated[str, Field(max_length=320)] | None = None
    locale: Annotated[str, Field(max_length=35)] | None = None

    def receiver(self) -> Recipient:
        """Return who is to hear; raises ReceiverMissing or what speaks against it."""
        if self.phone is not None:
            return PhoneNumber.from_digits(self.phone)
        if self.email is None:
            raise ReceiverMissing
        return EmailAddress.parse(self.email)


class OutcomeOfTest(ApiModel):
    """What came of a test; `proof` is null where the provider did not take it."""

    message_id: str
    state: MessageState
    provider_words: str | None
    proof: str | None

    @classmethod
    def of(cls, tried: TriedConnector) -> "OutcomeOfTest":
        """Return the wire's form."""
        message = tried.message
        return cls(
            message_id=message.id,
            state=message.state,
            provider_words=message.provider_words,
            proof=tried.proof,
        )


class ChangedField(ApiModel):
    """One field before and after; a secret is masked on both sides."""

    field: str
    before: Any
    after: Any


class ChangeOfDocument(ApiModel):
    """One thing that changes, and where in the document it stands."""

    path: list[str | int]
    action: str
    changes: list[ChangedField]


class PlanOfDocument(ApiModel):
    """What changes, as of which state; `keptSecrets` are those that no variable was given for."""

    stamp: int
    changes: list[ChangeOfDocument]
    kept_secrets: list[list[str | int]]

    @classmethod
    def of(cls, plan: Plan) -> "PlanOfDocument":
        """Return the wire's form."""
        return cls(
            stamp=plan.stamp,
            changes=[
                ChangeOfDocument(
                    path=[*change.path],
                    action=change.action,
                    changes=[ChangedField(**vars(field)) for field in change.changes],
                )
                for change in plan.changes
            ],
            kept_secrets=[[*path] for path in plan.kept_secrets],
        )


class PublishedKey(ApiModel):
    """The public key that secrets for this tenant are sealed to, with HPKE (RFC 9180)."""

    sealing_key: str


SubjectId = Annotated[str, Path(max_length=128)]
Number = Annotated[int, Field(ge=1, lt=2**31)]


class VersionOfConfiguration(ApiModel):
    """One change of one thing: who made it, when, why, and what differs; secrets are masked."""

    kind: Kind
    subject_id: str
    version: int
    action: str
    actor: str
    reason: str | None
    changes: list[ChangedField]
    created_at: datetime

    @classmethod
    def of(cls, version: ConfigurationVersion) -> "VersionOfConfiguration":
        """Show a version."""
        return cls(
            kind=version.kind,
            subject_id=version.subject_id,
            version=version.version,
            action=version.action,
            actor=str(version.author),
            reason=version.reason,
            changes=[ChangedField(**vars(change)) for change in version.changes],
            created_at=version.created_at,
        )


class VersionToRestore(ApiModel):
    """Which version is to come back, and why."""

    version: Number
    reason: Reason | None = None


@router.get("/versions", responses=problems(InvalidPagination))
async def list_versions(  # noqa: PLR0917  # the parts of the address
    caller: Caller,
    page: Paged,
    request: Request,
    response: Response,
    kind: Kind | None = None,
    subject_id: Annotated[str | None, Query(alias="subjectId", max_length=128)] = None,
) -> list[VersionOfConfiguration]:
    """List what was changed of the configuration, newest first."""
    found = await caller.tenant.configuration.history(kind, subject_id, page)
    describe_page(request, response, found)
    return [VersionOfConfiguration.of(version) for version in found.items]


@router.get("/versions/{kind}/{subject_id}/compare", responses=problems(VersionNotFound))
async def compare_versions(
    kind: Kind,
    subject_id: SubjectId,
    caller: Caller,
    before: Annotated[Number, Query()],
    after: Annotated[Number, Query()],
) -> list[ChangedField]:
    """Tell what differs between two versions of one thing."""
    found = await caller.tenant.configuration.compare(kind, subject_id, before, after)
    return [ChangedField(**vars(change)) for change in found]


@router.post(
    "/versions/{kind}/{subject_id}/restore",
    responses=problems(VersionNotFound, VersionNotRestorable, TenantLimitReached, codes=RESTORING),
)
async def restore_version(
    kind: Kind, subject_id: SubjectId, body: VersionToRestore, caller: Caller
) -> VersionOfConfiguration:
    """Bring a version back as a new one, secrets included; it must still be valid."""
    restored = await caller.tenant.configuration.restore(
        caller.actor, kind, subject_id, body.version, reason=body.reason
    )
    return VersionOfConfiguration.of(restored)


@router.get("/document")
async def get_document(caller: Caller) -> ExportedDocument:
    """Export the configuration; each secret is the name of a variable."""
    exported = await caller.tenant.configuration.documents.export()
    return ExportedDocument(stamp=exported.stamp, document=dict(exported.document))


@router.get("/schema", response_model=dict[str, Any])
async def get_schema(caller: Caller) -> dict[str, Any]:  # noqa: ARG001  # lets only callers in
    """Show the JSON Schema of the document."""
    return schema()


@router.get("/sealing-key")
async def get_sealing_key(caller: Caller) -> PublishedKey:
    """Show the public key that other servers seal secrets for this tenant to."""
    return PublishedKey(sealing_key=str(caller.tenant.configuration.documents.sealed.published))


@router.post("/plan", responses=problems(DocumentRefused))
async def plan_document(body: GivenDocument, caller: Caller) -> PlanOfDocument:
    """Tell what applying a document would change; nothing is changed."""
    documents = caller.tenant.configuration.documents
    plan = await documents.plan(
        caller.actor, body.document, body.values, keeps_others=body.keep_others
    )
    return PlanOfDocument.of(plan)


@router.post(
    "/test",
    responses=problems(DocumentRefused, ReceiverMissing, InvalidPhoneNumber, InvalidEmailAddress),
)
async def test_document(body: ConnectorToTest, caller: Caller) -> OutcomeOfTest:
    """Send a test through a connector as a document would make it; nothing is saved.

    The proof lets it go live for an hour, with exactly these settings and secrets.
    """
    tenant, to = caller.tenant, body.receiver()
    tests = ConnectorTests(documents=tenant.configuration.documents, messaging=tenant.messaging)
    given = await tests.prepare(body.document, to, body.values)
    await tenant.guard.spend_test_send(caller.actor.id)
    return OutcomeOfTest.of(await tests.send(caller.actor, given, to, body.locale))


@router.post(
    "/apply",
    responses=problems(
        DocumentRefused, DeletionsNotAllowed, ConfigurationChanged, ConnectorNotTested
    ),
)
async def apply_document(body: DocumentToApply, caller: Caller) -> PlanOfDocument:
    """Make the configuration what a document says, all of it or nothing; answer what changed."""
    done = await caller.tenant.configuration.documents.apply(
        caller.actor,
        body.document,
        body.values,
        expected_stamp=body.expected_stamp,
        keeps_others=body.keep_others,
        may_delete=body.allow_deletions,
        tests=body.tests,
        may_be_untested=body.allow_untested,
        reason=body.reason,
    )
    return PlanOfDocument.of(done)
