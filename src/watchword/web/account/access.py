"""Who asks the Account API, and which pages' scripts may read its answers."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.requests import Request
from starlette.responses import Response

from watchword.account.errors import AccountCenterNotEnabled, ThirdPartyForbidden
from watchword.account.models import Asker
from watchword.account.own_account import OwnAccount
from watchword.account.step_up import StepUp
from watchword.core.context import RequestContext
from watchword.core.errors import DomainError
from watchword.oidc.management_access import (
    AuthorizationHeaderMissing,
    AuthorizationTypeNotSupported,
    Forbidden,
    Unauthorized,
)
from watchword.web.documented import problems
from watchword.web.problems import on_domain_error, on_invalid_request
from watchword.web.scope import TenantScope, request_context, tenant_scope

PROOF_HEADER = "logto-verification-id"


class AccountRoute(APIRoute):
    """A route whose answers, refusals too, the application's own pages may read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the cross-origin header set and nothing cached."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                response = await handle(request)
            except DomainError as error:
                response = await on_domain_error(request, error)
            except RequestValidationError as error:
                response = await on_invalid_request(request, error)
            response.headers.setdefault("Cache-Control", "no-store")
            origin = getattr(request.state, "cors", None)
            if origin is not None:
                response.headers["Access-Control-Allow-Origin"] = origin
            response.headers.append("Vary", "Origin")
            return response

        return answer


# For the OpenAPI document alone: the header is read by the OpenID provider's own rules.
BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="Account API",
    description="A person's own access token from `/oidc/token`, of no API resource, with the "
    "scope `openid`.",
)


@dataclass(frozen=True, kw_only=True)
class Me:
    """One request of a person's application."""

    tenant: TenantScope
    context: RequestContext
    asker: Asker

    @property
    def account(self) -> OwnAccount:
        """Return what can be done with the account."""
        return self.tenant.own_account

    @property
    def step_up(self) -> StepUp:
        """Return what can be proved."""
        return self.account.step_up


async def me(
    request: Request,
    proof_id: Annotated[
        str | None,
        Header(
            alias=PROOF_HEADER,
            description="The verification record that shows that it is the person who asks.",
        ),
    ] = None,
) -> Me:
    """Return who asks.

    Raises what `AccountAccess` raises, and AccountCenterNotEnabled.
    """
    scope = await tenant_scope(request)
    access = scope.oidc.account
    grant, application = await access.find_caller(request.headers.get("authorization"))
    origin = request.headers.get("origin")
    if origin is not None and origin in application.origins:
        request.state.cors = origin
    access.require_openid(grant)
    user = await scope.users.find(grant.user_id)
    if user is None or user.is_suspended:
        raise Unauthorized
    if not scope.account_center.enabled:
        raise AccountCenterNotEnabled
    asker = Asker(
        user=user,
        application=application,
        scope=frozenset(grant.scope),
        session_digest=grant.session_digest,
        grant_id=grant.id,
        proof_id=proof_id,
    )
    return Me(tenant=scope, context=await request_context(request), asker=asker)


Asking = Annotated[Me, Depends(me)]


async def preflight(request: Request) -> Response:
    """Answer a browser's question before a cross-origin call.

    It names no application yet, so any origin may ask; only the answer itself decides who may
    read.
    """
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Origin": request.headers.get("origin", "*"),
            "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
            "Access-Control-Allow-Headers": f"Authorization, Content-Type, {PROOF_HEADER}",
            "Access-Control-Max-Age": "3600",
            "Vary": "Origin",
        },
    )


def refusals(*errors: type[DomainError], codes: tuple[str, ...] = ()) -> dict[int | str, Any]:
    """Return the responses of a route of the Account API that raises *errors* or *codes*, too."""
    return problems(
        AuthorizationHeaderMissing,
        AuthorizationTypeNotSupported,
        Unauthorized,
        Forbidden,
        AccountCenterNotEnabled,
        ThirdPartyForbidden,
        *errors,
        codes=codes,
    )
