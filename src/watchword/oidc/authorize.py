"""The authorization endpoint: is this a request we may answer, and must the person sign in?"""

import re
from dataclasses import dataclass
from typing import cast

from watchword.applications.models import Application, ApplicationType
from watchword.applications.service import ApplicationService
from watchword.core.clock import Clock
from watchword.oidc.authentication_context import ACR_VALUES, TWO_FACTORS
from watchword.oidc.claims_parameter import ClaimsRequest, claims_request
from watchword.oidc.errors import (
    AuthorizationRefused,
    InvalidClient,
    InvalidRedirectUri,
    InvalidRequest,
    LoginRequired,
    OidcError,
    RegistrationNotSupported,
    RequestNotSupported,
    RequestUriNotSupported,
    UnauthorizedClient,
    UnsupportedResponseMode,
    UnsupportedResponseType,
)
from watchword.oidc.jwt import ID_TOKEN_TYPE, Signer
from watchword.oidc.models import (
    OFFLINE_ACCESS,
    SCOPES,
    AuthorizationRequest,
    AuthorizationResponse,
    FirstScreen,
    ResponseMode,
    Session,
)
from watchword.oidc.organizations import ANY_ORGANIZATION, ORGANIZATION_ID
from watchword.oidc.parameters import Parameters
from watchword.oidc.resources import ResourceIndicators

RESPONSE_MODES: tuple[ResponseMode, ...] = ("form_post", "fragment", "query")
PROMPTS = ("none", "login", "consent", "select_account")
CODE_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # of SHA-256, RFC 7636, 4.2
MAX_AGE = re.compile(r"[0-9]{1,9}")
LOCALE = re.compile(r"[A-Za-z0-9-]{1,35}")
TARGET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
# Those of the contract; what is not here starts where people sign in.
FIRST_SCREENS: dict[str, FirstScreen] = {
    "sign_in": "sign-in",
    "register": "register",
    "reset_password": "reset-password",
    "identifier:sign_in": "identifier-sign-in",
    "identifier:register": "identifier-register",
}
CHOOSES_IDENTIFIERS = frozenset({"reset-password", "identifier-sign-in", "identifier-register"})
IDENTIFIERS = ("username", "email", "phone")
LONGEST_HINT = 256

# OpenID Connect Core, 6 and 7.2.1: each is refused by its own name.
UNSUPPORTED: dict[str, type[OidcError]] = {
    "request": RequestNotSupported,
    "request_uri": RequestUriNotSupported,
    "registration": RegistrationNotSupported,
}


@dataclass(frozen=True, kw_only=True)
class AuthorizationService:
    """Checks the authorization requests of one tenant."""

    applications: ApplicationService
    signer: Signer
    clock: Clock
    targets: ResourceIndicators

    async def validate(self, parameters: Parameters) -> AuthorizationRequest:
        """Return the request if it can be answered.

        Raises an OidcError where nothing may be sent to the client, and AuthorizationRefused
        where the client itself is to read the error.
        """
        application = await self._application(parameters)
        redirect_uri = self._redirect_uri(parameters, application)
        try:
            return await self._validated(parameters, application, redirect_uri)
        except OidcError as error:
            raise self._refusal(parameters, redirect_uri, error) from None

    def check_session(
        self, request: AuthorizationRequest, session: Session | None
    ) -> Session | None:
        """Return the session if it answers *request*, or None where the person must sign in.

        Raises AuthorizationRefused with LoginRequired under `prompt=none`.
        """
        if session is not None and self._is_enough(request, session):
            return session
        if "none" in request.prompt:
            raise self.refuse(request, LoginRequired("the person must sign in"))
        return None

    def refuse(self, request: AuthorizationRequest, error: OidcError) -> AuthorizationRefused:
        """Return *error* as the answer to a checked request."""
        return self._refused(request.redirect_uri, request.response_mode, request.state, error)

    def _is_enough(self, request: AuthorizationRequest, session: Session) -> bool:
        if request.hinted_subject not in {None, session.user_id}:
            return False
        # Who signed in during this very visit did what `prompt` and the like ask for.
        if session.authenticated_at.timestamp() > request.requested_at:
            return True
        if {"login", "select_account"} & set(request.prompt):
            return False
        if request.wants_two_factors and session.acr != TWO_FACTORS:
            return False
        age = self.clock.now() - session.authenticated_at
        return request.max_age is None or age.total_seconds() <= request.max_age

    async def _application(self, parameters: Parameters) -> Application:
        application = await self.applications.find(parameters.get("client_id"))
        if application is None:
            raise InvalidClient("no such client")
        return application

    def _redirect_uri(self, parameters: Parameters, application: Application) -> str:
        given = parameters.find("redirect_uri")
        if given is None and len(application.redirect_uris) == 1:
            return application.redirect_uris[0]
        if given is None:
            raise InvalidRequest("missing required parameter 'redirect_uri'")
        if not application.accepts_redirect_uri(given):
            raise InvalidRedirectUri("redirect_uri is none of the client's registered URIs")
        return given

    async def _validated(
        self, parameters: Parameters, application: Application, redirect_uri: str
    ) -> AuthorizationRequest:
        parameters.check_repeats()
        if application.type is ApplicationType.MACHINE_TO_MACHINE:
            raise UnauthorizedClient("people do not sign in to this client")
        if parameters.get("response_type") != "code":
            raise UnsupportedResponseType("only response_type 'code' is supported")
        mode = parameters.find("response_mode") or "query"
        if mode not in RESPONSE_MODES:
            raise UnsupportedResponseMode("unsupported response_mode requested")
        for name, error in UNSUPPORTED.items():
            if parameters.find(name) is not None:
                raise error(f"parameter '{name}' is not supported")
        prompt = _prompt(parameters)
        claims = claims_request(parameters)
        first_screen = _first_screen(parameters)
        targets = await self.targets.asked(application, parameters)
        return AuthorizationRequest(
            client_id=application.id,
            redirect_uri=redirect_uri,
            requested_at=self.clock.now().timestamp(),
            has_redirect_uri=parameters.find("redirect_uri") is not None,
            scope=_scope(parameters, prompt),
            state=parameters.find("state"),
            nonce=parameters.find("nonce"),
            response_mode=mode,
            code_challenge=_code_challenge(parameters, application),
            prompt=prompt,
            max_age=_max_age(parameters),
            resources=tuple(name for name in targets if name != ANY_ORGANIZATION),
            acr_values=claims.acr_values or _acr_values(parameters),
            is_acr_essential=claims.is_acr_essential,
            resource_scopes={name: scope for name, scope in targets.items() if scope},
            hinted_subject=await self._wanted_subject(parameters, claims),
            userinfo_claims=claims.userinfo,
            id_token_claims=claims.id_token,
            login_hint=(parameters.find("login_hint") or "")[:LONGEST_HINT] or None,
            ui_locales=tuple(
                tag for tag in parameters.words("ui_locales")[:10] if LOCALE.fullmatch(tag)
            ),
            first_screen=first_screen,
            direct_target=_direct_target(parameters),
            identifiers=_identifiers(parameters) if first_screen in CHOOSES_IDENTIFIERS else (),
            organization_id=_organization_id(parameters),
        )

    async def _wanted_subject(self, parameters: Parameters, asked: ClaimsRequest) -> str | None:
        hint = parameters.find("id_token_hint")
        if hint is None:
            return asked.subject
        claims = await self.signer.read(hint, ID_TOKEN_TYPE)
        if claims is None:
            raise InvalidRequest("id_token_hint is no ID token of this issuer")
        if asked.subject not in {None, claims["sub"]}:
            raise InvalidRequest("claims and id_token_hint name two different people")
        return str(claims["sub"])

    def _refusal(
        self, parameters: Parameters, redirect_uri: str, error: OidcError
    ) -> AuthorizationRefused:
        # Whatever else is wrong, the client gets its own state back if it sent exactly one.
        states = parameters.all("state")
        modes = parameters.all("response_mode")
        response_type = " ".join(parameters.all("response_type"))
        # Clients of the flows that return tokens look for errors in the fragment.
        mode = "fragment" if "token" in response_type else "query"
        if len(modes) == 1 and modes[0] in RESPONSE_MODES:
            mode = modes[0]
        state = states[0] if len(states) == 1 else None
        return self._refused(redirect_uri, cast(ResponseMode, mode), state, error)

    def _refused(
        self, redirect_uri: str, mode: ResponseMode, state: str | None, error: OidcError
    ) -> AuthorizationRefused:
        answer = {"error": error.error, "error_description": error.detail}
        if state is not None:
            answer["state"] = state
        answer["iss"] = self.signer.issuer
        return AuthorizationRefused(AuthorizationResponse(redirect_uri, mode, answer), error)


def _prompt(parameters: Parameters) -> tuple[str, ...]:
    prompt = parameters.words("prompt")
    if any(value not in PROMPTS for value in prompt):
        raise InvalidRequest("unsupported prompt value requested")
    if "none" in prompt and len(prompt) > 1:
        raise InvalidRequest("prompt none must stand alone")
    return prompt


def _scope(parameters: Parameters, prompt: tuple[str, ...]) -> tuple[str, ...]:
    # OpenID Connect Core, 11: without the person's consent, offline access is left out.
    return tuple(
        name
        for name in parameters.words("scope")
        if name in SCOPES and (name != OFFLINE_ACCESS or "consent" in prompt)
    )


def _code_challenge(parameters: Parameters, application: Application) -> str | None:
    challenge = parameters.find("code_challenge")
    method = parameters.find("code_challenge_method")
    if challenge is None:
        if method is not None:
            raise InvalidRequest("code_challenge_method needs a code_challenge")
        if application.requires_pkce:
            raise InvalidRequest("this client must use PKCE: code_challenge is missing")
        return None
    # RFC 7636, 4.3: a challenge without a method would be a plain one.
    if method != "S256":
        raise InvalidRequest("not supported value of code_challenge_method")
    if not CODE_CHALLENGE.fullmatch(challenge):
        raise InvalidRequest("code_challenge is no SHA-256 in base64url")
    return challenge


def _max_age(parameters: Parameters) -> int | None:
    text = parameters.find("max_age")
    if text is None:
        return None
    if not MAX_AGE.fullmatch(text):
        raise InvalidRequest("max_age is no number of seconds")
    return int(text)


def _acr_values(parameters: Parameters) -> tuple[str, ...]:
    # OpenID Connect Core, 3.1.2.1: a wish, whose unknown values are passed over.
    return tuple(value for value in parameters.words("acr_values") if value in ACR_VALUES)


def _first_screen(parameters: Parameters) -> FirstScreen:
    asked = FIRST_SCREENS.get(parameters.find("first_screen") or "")
    wants_register = parameters.find("interaction_mode") == "signUp"
    return asked or ("register" if wants_register else "sign-in")


def _direct_target(parameters: Parameters) -> str | None:
    # `sso:…` names what is not built; the first page is shown then, as for a made-up target.
    kind, _, target = (parameters.find("direct_sign_in") or "").partition(":")
    return target if kind == "social" and TARGET.fullmatch(target) else None


def _identifiers(parameters: Parameters) -> tuple[str, ...]:
    # The contract passes over those it does not know.
    return tuple(name for name in parameters.words("identifier") if name in IDENTIFIERS)


def _organization_id(parameters: Parameters) -> str | None:
    # The contract passes over one that it does not know; so do the pages, with what is no id.
    asked = parameters.find("organization_id") or ""
    return asked if ORGANIZATION_ID.fullmatch(asked) else None
