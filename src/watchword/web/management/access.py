"""The services of a Management API request, once it is known who calls."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPBearer
from starlette.requests import Request

from watchword.audit.models import Actor
from watchword.core.context import RequestContext
from watchword.web.scope import ServerScope, TenantScope, request_context, tenant_scope


@dataclass(frozen=True, kw_only=True)
class Management:
    """One request of a machine that may change the tenant."""

    tenant: TenantScope
    server: ServerScope
    context: RequestContext
    actor: Actor


# For the OpenAPI document alone: the header is read by the OpenID provider's own rules.
BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="Management API",
    description="A token from `/oidc/token` by `client_credentials`, with the scope `all`.",
)


async def management(request: Request) -> Management:
    """Return the caller's services; raises what `ManagementAccess.caller_of` raises."""
    scope = await tenant_scope(request)
    caller = await scope.oidc.management.caller_of(request.headers.get("authorization"))
    return Management(
        tenant=scope,
        server=request.app.state.server,
        context=await request_context(request),
        actor=Actor("application", caller.id, caller.name),
    )


Caller = Annotated[Management, Depends(management)]
