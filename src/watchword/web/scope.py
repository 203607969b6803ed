"""What a request is given: the services of its tenant and of the process, and who asks."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from watchword.core.context import RequestContext
from watchword.core.inbox import Inbox
from watchword.core.phrases import Phrases
from watchword.custom_phrases.service import CustomPhraseService
from watchword.factors.recovery_codes import CodeDigest
from watchword.factors.service import FactorService
from watchword.guard.models import GuardPolicy
from watchword.guard.service import Lockout, SendGuard, Unblocking
from watchword.interactions.service import InteractionService
from watchword.invitations.service import InvitationService
from watchword.messaging.dispatch import Dispatch
from watchword.messaging.health import HealthService
from watchword.messaging.service import MessagingService
from watchword.messaging.statistics.service import StatisticsService
from watchword.oidc.service import OpenIdProvider
from watchword.operators.service import OperatorService
from watchword.organization_roles.service import OrganizationRoleService
from watchword.organizations.service import OrganizationService
from watchword.pictures.service import PictureService
from watchword.resources.service import ResourceService
from watchword.sign_in_settings.models import SignInSettings
from watchword.social.service import SocialService
from watchword.storage import Storage
from watchword.storage.leases import Leases
from watchword.tenants.models import Tenant
from watchword.tenants.service import TenantDirectory, resolve
from watchword.test_numbers.service import FixedNumbers
from watchword.users.passwords import Passwords
from watchword.users.service import UserService
from watchword.verification.service import VerificationService
from watchword.webhooks.courier import Courier
from watchword.webhooks.deliveries import Deliveries
from watchword.webhooks.service import WebhookService

__all__ = ("Context", "Scope", "Server", "ServerScope", "TenantScope")


async def tenant_scope(request: Request) -> TenantScope:
    """Return the services of the tenant this request came to."""
    return request.state.scope  # type: ignore[no-any-return]  # set by FrontDoor


async def server_scope(request: Request) -> ServerScope:
    """Return what belongs to the process."""
    return request.app.state.server  # type: ignore[no-any-return]  # set by app.py


async def request_context(request: Request) -> RequestContext:
    """Return who is asking."""
    return request.state.context  # type: ignore[no-any-return]  # set by FrontDoor


Scope = Annotated[TenantScope, Depends(tenant_scope)]
Server = Annotated[ServerScope, Depends(server_scope)]
Context = Annotated[RequestContext, Depends(request_context)]
