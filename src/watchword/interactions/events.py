"""What is remembered of interactions, and what a tenant's own servers are told of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from watchword.applications.models import Application
from watchword.applications.service import ApplicationService
from watchword.audit.models import Actor, interaction_event
from watchword.audit.service import AuditService
from watchword.core.context import RequestContext
from watchword.core.errors import DomainError
from watchword.interactions.models import AMR, Interaction, InteractionEvent
from watchword.storage import Database
from watchword.users.models import Identifier, User
from watchword.users.told import told_of_user
from watchword.verification.models import RecordType
from watchword.webhooks.models import Event
from watchword.webhooks.service import WebhookService

TOLD: Mapping[InteractionEvent, Event] = {
    InteractionEvent.SIGN_IN: Event.POST_SIGN_IN,
    InteractionEvent.REGISTER: Event.POST_REGISTER,
    InteractionEvent.FORGOT_PASSWORD: Event.POST_RESET_PASSWORD,
}

# What `amr` tells the application tells the log which record it came from.
METHODS = {
    AMR[type_]: type_ for type_ in (RecordType.PHONE_CODE, RecordType.EMAIL_CODE, RecordType.SOCIAL)
}


@dataclass(frozen=True, kw_only=True)
class Events:
    """Writes the audit rows of interactions and announces how they ended."""

    audit: AuditService
    webhooks: WebhookService
    applications: ApplicationService

    async def submitted(
        self, interaction: Interaction, user: User, context: RequestContext, *, tx: Database
    ) -> None:
        """Note, as part of *tx*, that the person came in or has a new password."""
        event = _event_of(interaction)
        await self.audit.record(
            interaction_event(event),
            Actor("user", user.id),
            subject=f"user:{user.id}",
            application_id=interaction.application_id,
            method=METHODS.get(interaction.state.amr, RecordType.PASSWORD),
            tx=tx,
        )
        if self.webhooks.is_heard(TOLD[event]):
            payload = await self._payload(interaction, user, context)
            await self.webhooks.announce(TOLD[event], payload, tx=tx)

    async def written(self, event: Event, user: User, *, tx: Database) -> None:
        """Tell, as part of *tx*, that a visit made an account or changed one."""
        if not self.webhooks.is_heard(event):
            return
        await self.webhooks.announce(event, told_of_user(user.id, user), tx=tx)

    async def factors_added(self, user: User, types: Sequence[str], *, tx: Database) -> None:
        """Note, as part of *tx*, what a person set up."""
        for type_ in types:
            await self.audit.record(
                "user.factor_added",
                Actor("user", user.id),
                subject=f"user:{user.id}",
                payload={"after": {"factor": type_}},
                tx=tx,
            )

    async def factor_refused(
        self, interaction: Interaction, method: str, error: DomainError
    ) -> None:
        """Note a second proof that was wrong."""
        await self.audit.record(
            interaction_event(_event_of(interaction), method=method),
            Actor.system("interactions"),
            subject=f"user:{interaction.user_id}",
            application_id=interaction.application_id,
            method=method,
            error=error,
        )

    async def _payload(
        self, interaction: Interaction, user: User, context: RequestContext
    ) -> dict[str, Any]:
        application = await self.applications.find(interaction.application_id)
        return {
            "interactionEvent": _event_of(interaction),
            "userId": user.id,
            "user": user.row(),
            "applicationId": interaction.application_id,
            "application": _application(application) if application else None,
            "ip": context.client_ip,
            "userAgent": context.user_agent,
        }

    async def refused(
        self,
        interaction: Interaction,
        type_: RecordType,
        identifier: Identifier,
        error: DomainError,
    ) -> None:
        """Note a proof that was wrong; whose account it was for is not looked up."""
        await self.audit.record(
            interaction_event(_event_of(interaction), method=type_),
            Actor.system("interactions"),
            application_id=interaction.application_id,
            method=type_,
            payload={"identifier": {"type": identifier.type, "value": identifier.masked}},
            error=error,
        )

    async def refused_by_provider(
        self, interaction: Interaction, target: str, error: DomainError
    ) -> None:
        """Note that a provider let nobody in, with its own words for administrators."""
        await self.audit.record(
            interaction_event(_event_of(interaction), method=RecordType.SOCIAL),
            Actor.system("interactions"),
            application_id=interaction.application_id,
            method=RecordType.SOCIAL,
            payload={"target": target, "words": getattr(error, "words", "")},
            error=error,
        )


def _event_of(interaction: Interaction) -> InteractionEvent:
    return interaction.event or InteractionEvent.SIGN_IN


def _application(application: Application) -> dict[str, Any]:
    return {
        "id": application.id,
        "type": application.type,
        "name": application.name,
        "description": application.description,
    }
