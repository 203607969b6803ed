"""What the pages do with providers: offer them, send people there, and go on when they are back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from watchword.connector_kit.config import localized
from watchword.connectors.models import ShownConnector
from watchword.core.errors import DomainError
from watchword.interactions.errors import MissingProfile
from watchword.interactions.models import InteractionEvent
from watchword.social.models import SocialVerification
from watchword.users.errors import IdentityNotExist
from watchword.users.models import Identifier
from watchword.verification.models import VerificationRecord
from watchword.web.pages import steps
from watchword.web.pages.visit import Visit, redirect
from watchword.web.problems import language_of
from watchword.web.scope import TenantScope

LONGEST_ANSWER = 4096
SIGN_IN, REGISTER = InteractionEvent.SIGN_IN, InteractionEvent.REGISTER


@dataclass(frozen=True)
class Provider:
    """A provider as a page shows it."""

    connector_id: str
    target: str
    name: str
    logo: str
    """A data URI: a sign-in page asks no other host for anything."""


class Shown(Protocol):
    """A visit to a page, of whoever: the sign-in pages show providers, and the account's."""

    @property
    def request(self) -> Request: ...

    @property
    def scope(self) -> TenantScope: ...


async def providers_of(visit: Shown) -> list[Provider]:
    """Return the providers that this tenant offers, in its order."""
    # Read once for a configuration: every first page shows them.
    offered: Sequence[ShownConnector] | None = visit.scope.derived.get("providers")
    if offered is None:
        targets = visit.scope.settings.social_sign_in_connector_targets
        offered = await visit.scope.social.offered(targets) if targets else []
        visit.scope.derived["providers"] = offered
    language = language_of(visit.request)
    return [
        Provider(
            connector_id=shown.id,
            target=shown.target,
            name=localized(shown.name, language),
            logo=shown.picture,
        )
        for shown in offered
    ]


async def provider_named(visit: Shown, target: str) -> Provider | None:
    """Return the provider of this target, if the tenant offers it."""
    return next((found for found in await providers_of(visit) if found.target == target), None)


async def provider_of(visit: Shown, connector_id: str) -> Provider | None:
    """Return the provider of this connector, if the tenant offers it."""
    listed = await providers_of(visit)
    return next((found for found in listed if found.connector_id == connector_id), None)


def callback_of(scope: TenantScope, connector_id: str) -> str:
    """Return where the provider sends people back to; each connector has an address of its own.

    So an answer can't be taken for that of another provider (RFC 9700, 4.4.2).
    """
    return f"{scope.origin}/callback/{connector_id}"


def answer_of(request: Request) -> dict[str, str]:
    """Return what the provider sent along with the browser; nothing, if it makes no sense."""
    pairs = request.query_params.multi_items()
    fields = dict(pairs)
    # RFC 6749, 3.1: no parameter comes twice.
    if len(fields) != len(pairs) or any(len(value) > LONGEST_ANSWER for _, value in pairs):
        return {}
    return fields


async def depart(visit: Visit, connector_id: str) -> Response:
    """Send the person to the provider."""
    event = SIGN_IN if visit.settings.allows_sign_in else REGISTER
    interaction = await steps.begin(visit, event)
    departure = await visit.scope.interactions.social.begin(
        interaction,
        connector_id,
        redirect_uri=callback_of(visit.scope, connector_id),
        is_agreed=visit.form.has("agree"),
    )
    return redirect(departure.address)


async def welcome(visit: Visit, proof: SocialVerification) -> Response:
    """Go on with somebody whom the provider knows: let them in, or ask what to do."""
    links = bool(visit.settings.social_sign_in.automatic_account_linking)
    try:
        await visit.scope.interactions.identify(visit.interaction, proof.id, links_social=links)
    except IdentityNotExist:
        related = await visit.scope.interactions.social.related(proof)
        if related is None and may_create(visit) and not asks_for_terms(visit, proof):
            return await create(visit, proof)
        return visit.go(question_of(proof))
    except MissingProfile as error:
        return steps.ask_for_missing(visit, error)
    return await steps.finish(await steps.again(visit))


async def link(visit: Visit, proof: SocialVerification) -> Response:
    """Link the social account to the account that the provider proved, and finish."""
    interactions = visit.scope.interactions
    await interactions.identify(visit.interaction, proof.id, links_social=True)
    return await steps.finish(await steps.again(visit))


async def create(visit: Visit, proof: SocialVerification) -> Response:
    """Create an account for the social account, or ask for what it lacks."""
    await visit.scope.interactions.switch_event(visit.interaction, REGISTER)
    return await steps.identify(await steps.again(visit), proof.id)


async def link_by_code(
    visit: Visit, proof: SocialVerification, record: VerificationRecord
) -> Response:
    """Link the social account to the account of the number that was proved by a code."""
    interactions = visit.scope.interactions
    await interactions.switch_event(visit.interaction, SIGN_IN)
    await interactions.identify((await steps.again(visit)).interaction, record.id)
    await interactions.social.add((await steps.again(visit)).interaction, proof.id)
    return await steps.finish(await steps.again(visit))


async def number_is_taken(visit: Visit, record: VerificationRecord, error: DomainError) -> Response:
    """Go on where the number somebody proved, on the way to an account, belongs to one already."""
    proof = await proof_of(visit)
    if proof is None or visit.interaction.is_identified or not steps.can_sign_in_by(visit, record):
        raise error
    if visit.settings.social_sign_in.automatic_account_linking:
        return await link_by_code(visit, proof, record)
    return visit.go(question_of(proof))


async def proof_of(visit: Visit) -> SocialVerification | None:
    """Return what the provider proved in this visit, or None."""
    proof = await visit.scope.interactions.social.of(visit.interaction)
    return proof if proof is not None and proof.is_verified else None


async def taken_record(visit: Visit) -> VerificationRecord | None:
    """Return the number or address that was proved, and that somebody's account has."""
    record = steps.code_record(visit)
    if record is None or not record.is_verified or visit.interaction.event is not REGISTER:
        return None
    owner = await owner_of(visit, record.identifier)
    return record if owner else None


async def owner_of(visit: Visit, identifier: Identifier) -> str | None:
    """Return the id of the account that has a proved number or address."""
    user = await visit.scope.users.find_by_identifier(identifier.type, identifier.value)
    return None if user is None else user.id


def may_create(visit: Visit) -> bool:
    """Tell whether new people may come by way of a provider."""
    return visit.settings.allows_register


def asks_for_terms(visit: Visit, proof: SocialVerification) -> bool:
    """Tell whether the terms have to be ticked before an account is made."""
    return visit.terms(is_registration=True) == "check" and not proof.is_agreed


def question_of(proof: SocialVerification) -> str:
    """Return the page that asks what to do with a social account that nobody is linked to."""
    return f"/social/link/{proof.connector_instance_id}"
