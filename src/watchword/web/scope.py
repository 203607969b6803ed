"""What a request is given: the services of its tenant and of the process, and who asks."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from watchword.core.context import RequestContext
from watchword.scopes.server import ServerScope
from watchword.scopes.tenant import TenantScope

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
