"""Errors to answers: one table from error class to status, one shape of JSON body."""

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from watchword.core.errors import DomainError
from watchword.core.logs import get_logger
from watchword.core.phrases import DEFAULT_LANGUAGE, Phrases
from watchword.web.issues import details_of, issue_of

log = get_logger(__name__)

# The contract's status for each code; a code that is not here is a 400.
STATUS_BY_CODE: dict[str, int] = {
    "auth.authorization_header_missing": 401,
    "auth.forbidden": 403,
    "auth.unauthorized": 401,
    "configuration.changed": 409,
    "connector.authorization_failed": 401,
    "connector.in_use": 422,
    "connector.not_found_with_connector_id": 422,
    "connector.rate_limit_exceeded": 429,
    "connector.report_refused": 403,
    "connector.social_auth_code_invalid": 401,
    "connector.social_invalid_access_token": 401,
    "connector.social_invalid_id_token": 401,
    "connector.usage_limit_exceeded": 429,
    "connector.invalid_type_for_syncing_profile": 422,
    "entity.conflict": 422,
    "entity.invalid_input": 422,
    "entity.not_found": 404,
    "guard.country_not_allowed": 422,
    "guard.number_at_risk": 422,
    "guard.number_type_not_allowed": 422,
    "guard.number_unchecked": 503,
    "localization.cannot_delete_default_language": 409,
    "localization.invalid_translation_structure": 422,
    "localization.phrases_refused": 422,
    "localization.too_many_languages": 422,
    "oidc.access_denied": 400,
    "oidc.invalid_token": 401,
    "password.rejected": 422,
    "request.body_too_large": 413,
    "request.cross_origin": 403,
    "request.media_type_not_supported": 415,
    "request.message_rate_limited": 429,
    "request.method_not_allowed": 405,
    "request.not_found": 404,
    "request.too_many_requests": 429,
    "server.internal": 500,
    "server.storage_unavailable": 503,
    "session.captcha_failed": 422,
    "session.captcha_required": 422,
    "session.email_blocklist.email_not_allowed": 422,
    "session.email_blocklist.email_subaddressing_not_allowed": 422,
    "session.identifier_not_found": 404,
    "session.identity_conflict": 409,
    "session.interaction_conflict": 409,
    "session.interaction_not_found": 404,
    "session.invalid_credentials": 422,
    "session.invalid_interaction_type": 400,
    "session.mfa.backup_code_can_not_be_alone": 422,
    "session.mfa.backup_code_required": 422,
    "session.mfa.mfa_policy_not_user_controlled": 422,
    "session.mfa.pending_info_not_found": 404,
    "session.mfa.require_mfa_verification": 403,
    "session.mfa.suggest_additional_mfa": 422,
    "session.number_long_unused": 422,
    "session.verification_session_not_found": 404,
    "sign_in_experiences.adaptive_mfa_requires_mfa": 422,
    "sign_in_experiences.adaptive_mfa_requires_non_skippable_policy": 422,
    "sign_in_experiences.non_adaptive_mfa_requires_skippable_policy": 422,
    "sign_in_experiences.password_expiration_invalid_period_days": 422,
    "sign_in_experiences.password_expiration_requires_forgot_password": 422,
    "sign_in_experiences.username_policy_case_conflicts_exist": 409,
    "tenant.unknown_host": 421,
    "user.email_already_in_use": 422,
    "user.email_exists_in_profile": 422,
    "user.identity_already_in_use": 422,
    "user.identity_not_exist": 404,
    "user.invalid_email": 422,
    "user.invalid_password_digest": 422,
    "user.invalid_phone": 422,
    "user.invalid_username": 422,
    "user.backup_code_already_in_use": 422,
    "user.missing_mfa": 422,
    "user.missing_profile": 422,
    "user.totp_already_in_use": 422,
    "user.totp_secret_invalid": 422,
    "user.new_password_required_in_profile": 422,
    "user.password_exists_in_profile": 422,
    "user.password_algorithm_not_supported": 422,
    "user.phone_already_in_use": 422,
    "user.phone_exists_in_profile": 422,
    "user.same_password": 422,
    "user.sign_in_method_not_enabled": 422,
    "user.social_account_exists_in_profile": 422,
    "user.suspended": 401,
    "user.user_not_exist": 404,
    "user.username_already_in_use": 422,
    "user.username_exists_in_profile": 422,
    "user.username_rejected": 422,
}

# The model system's OpenID library answers this one, in its own words too.
ALSO_SAID: dict[str, dict[str, str]] = {
    "session.not_found": {
        "error": "invalid_request",
        "error_description": "interaction session not found",
    }
}

STATUS_BY_HTTP: dict[int, str] = {
    404: "request.not_found",
    405: "request.method_not_allowed",
    413: "request.body_too_large",
    415: "request.media_type_not_supported",
}

NOT_JSON = {"loc": (), "type": "custom", "msg": "The body is not JSON."}


def status_of(error: DomainError) -> int:
    """Return the HTTP status of *error*; a class may carry its own where the code is shared."""
    return int(getattr(error, "status", None) or STATUS_BY_CODE.get(error.code, 400))


def phrases_of(request: Request) -> Phrases:
    """Return what this request's pages and answers say: the tenant's own words before ours.

    The console speaks our words alone, but where it draws a tenant's page to be looked at.
    """
    found: Phrases | None = getattr(request.state, "phrases", None)
    return request.app.state.server.phrases if found is None else found


def language_of(request: Request) -> str:
    """Return the answer's language: chosen before, asked for, the browser's, or the tenant's."""
    phrases = phrases_of(request)
    fallback = getattr(request.state, "fallback_language", DEFAULT_LANGUAGE)
    return phrases.choose(getattr(request.state, "languages", ()), fallback)


def problem(request: Request, error: DomainError) -> Response:
    """Return *error* as the contract's JSON body, in the caller's language."""
    body: dict[str, Any] = {"code": error.code, "message": message_of(request, error)}
    body |= ALSO_SAID.get(error.code, {})
    if error.data is not None:
        body["data"] = error.data if isinstance(error.data, list) else dict(error.data)
    headers = dict(getattr(error, "headers", None) or {})
    return JSONResponse(body, status_of(error), headers=headers)


def message_of(request: Request, error: DomainError) -> str:
    """Return what a person may read of *error*."""
    phrases = phrases_of(request)
    language = language_of(request)
    key = _phrase_of(request, error.code)
    if phrases.find(language, key) is None and not phrases.find(language, f"{key}.other"):
        key = "errors.request.general"
    return phrases.text(language, key, **error.values)


def invalid_input(request: Request, issues: Iterable[Mapping[str, Any]]) -> Response:
    """Return the contract's body for a request that has not the right shape."""
    wire = [issue_of(issue) for issue in issues]
    phrases = phrases_of(request)
    language = language_of(request)
    return JSONResponse(
        {
            "code": "guard.invalid_input",
            "message": phrases.text(language, "errors.guard.invalid_input"),
            "data": {"issues": wire, "name": "ZodError"},
            "details": details_of(wire),
        },
        400,
    )


async def on_domain_error(request: Request, error: Exception) -> Response:
    """Answer an error a caller can act on."""
    assert isinstance(error, DomainError)
    status = status_of(error)
    log.log(
        40 if status >= 500 else 20,
        "refused",
        code=error.code,
        status=status,
        detail=error.detail if error.detail != error.code else None,
    )
    if wants_page(request):
        return error_page(request, error.code, message_of(request, error), status)
    return problem(request, error)


async def on_invalid_request(request: Request, error: Exception) -> Response:
    """Answer a request whose parameters or body have not the right shape."""
    assert isinstance(error, RequestValidationError | ValidationError)
    issues = error.errors()
    if any(issue["type"] == "json_invalid" for issue in issues):
        issues = [NOT_JSON]
    if wants_page(request):
        code = "guard.invalid_input"
        return error_page(request, code, message_of_code(request, code), 400)
    return invalid_input(request, issues)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer what the router itself refuses: no such route, no such method."""
    assert isinstance(error, HTTPException)
    if error.status_code == 400 and not wants_page(request):
        # The framework's own word for a body that is not even text.
        return invalid_input(request, [NOT_JSON])
    code = STATUS_BY_HTTP.get(error.status_code, "request.general")
    headers = dict(error.headers or {})
    path = request.url.path
    if error.status_code == 405 and request.method == "GET" and path.startswith("/console/"):
        # What a form was sent to, opened again from the address bar: its page is one step up.
        return RedirectResponse(path.rpartition("/")[0], 303)
    if wants_page(request):
        return error_page(request, code, message_of_code(request, code), error.status_code)
    return JSONResponse(
        {"code": code, "message": message_of_code(request, code)}, error.status_code, headers
    )


def message_of_code(request: Request, code: str) -> str:
    """Return the phrase of an error code, in the caller's language."""
    return phrases_of(request).text(language_of(request), _phrase_of(request, code))


def _phrase_of(request: Request, code: str) -> str:
    # Operators are spoken to differently from people who sign in, in some languages.
    own = f"console.errors.{code}"
    is_own = is_in_console(request) and phrases_of(request).find(language_of(request), own)
    return own if is_own else f"errors.{code}"


def is_in_console(request: Request) -> bool:
    """Tell whether the address is one of the console's."""
    return request.url.path == "/console" or request.url.path.startswith("/console/")


async def on_crash(request: Request, error: Exception) -> Response:
    """Answer a defect of ours, without saying more than its correlation id."""
    log.error("crashed", path=request.url.path, exc_info=error)
    code = "server.internal"
    if wants_page(request):
        return error_page(request, code, message_of_code(request, code), 500)
    return JSONResponse({"code": code, "message": message_of_code(request, code)}, 500)


JSON_PREFIXES = ("/api/", "/oidc/", "/receipts/", "/health/", "/metrics")


def wants_page(request: Request) -> bool:
    """Tell whether a person in a browser asks, rather than a program."""
    path = request.url.path
    if path.startswith("/oidc/auth") or path.startswith("/oidc/session"):
        return "text/html" in request.headers.get("accept", "")
    return not path.startswith(JSON_PREFIXES)


def error_page(request: Request, code: str, message: str, status: int) -> Response:
    """Return the page that says what happened, what to do, and the correlation id."""
    from watchword.web.pages.brand import brand_of
    from watchword.web.templating import render

    kind = NEXT_STEPS.get(code) or ("request" if code.startswith("oidc.") else None)
    scope = getattr(request.state, "scope", None)
    path = request.url.path
    # A page that says that something broke needs nothing that may be what broke.
    is_plain = kind == "fault" or is_in_console(request)
    return render(
        request,
        "error.html",
        status_code=status,
        message=message,
        kind=kind,
        is_in_console=is_in_console(request),
        # What a form said is gone: only a page that was asked for can be asked for again.
        can_repeat=kind in PASSING and request.method in {"GET", "HEAD"},
        in_account=path.startswith("/account/") and scope and scope.account_center.enabled,
        brand=brand_of(request, scope, None, path) if scope and not is_plain else None,
    )


NEXT_STEPS: dict[str, str] = {
    "account_center.field_not_editable": "account",
    "account_center.not_enabled": "account",
    "connector.not_found": "sending",
    "form.token_mismatch": "outdated",
    "oidc.invalid_client": "application",
    "oidc.invalid_redirect_uri": "way_back",
    "request.cross_origin": "outdated",
    "request.message_rate_limited": "wait",
    "request.not_found": "no_page",
    "request.too_many_requests": "wait",
    "server.internal": "fault",
    "server.storage_unavailable": "fault",
    "session.not_found": "expired",
    "tenant.unknown_host": "no_tenant",
}
"""Errors whose page has a title and a next step of its own: the phrases below `pages.error`."""

PASSING = {"wait", "fault"}
