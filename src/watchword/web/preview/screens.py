"""Every page that can be looked at, by the flow it belongs to."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial

from starlette.responses import Response

from watchword.core.errors import DomainError
from watchword.factors.models import IDENTIFIERS, SUPPORTED
from watchword.interactions.models import InteractionEvent
from watchword.sign_in_settings.sections import MfaFactor, SignUpChoice
from watchword.sign_in_settings.service import NON_SKIPPABLE_POLICIES
from watchword.users.errors import InvalidCredentials
from watchword.users.models import IdentifierType
from watchword.verification.errors import CodeMismatch
from watchword.web.account_pages import hub, profile, sessions
from watchword.web.account_pages.factors import steps_of
from watchword.web.account_pages.visit import Visit as AccountVisit
from watchword.web.pages import (
    confirmations,
    forgot_password,
    mfa_binding,
    missing_profile,
    register,
    sign_in,
    steps,
)
from watchword.web.pages.mfa_verification import ProofPage, ways_page
from watchword.web.pages.verification_code import CodePage
from watchword.web.pages.visit import ending
from watchword.web.preview.samples import EMAIL, NOWHERE, PHONE, SAMPLES, Stage

SIGN_IN, REGISTER = InteractionEvent.SIGN_IN, InteractionEvent.REGISTER
SECRET = "FAKEFAKEFAKEFAKE"  # noqa: S105  # nobody's
CODES = ("1111-2222", "3333-4444", "5555-6666", "7777-8888")

Draw = Callable[[Stage], Awaitable[Response]]


# Sign in.


async def _sign_in(stage: Stage) -> Response:
    return await sign_in.show_sign_in(await stage.visit())


async def _password(stage: Stage, error: DomainError | None = None) -> Response:
    taking = (m.identifier for m in stage.settings.sign_in.methods if m.password)
    by = next(taking, None)
    if by is None or not stage.settings.allows_sign_in:
        return await stage.never_shown()
    return await sign_in.password_screen(await stage.visit(SIGN_IN, typed=by), error)


async def _sign_in_code(stage: Stage, error: DomainError | None = None) -> Response:
    methods = stage.settings.sign_in.methods if stage.settings.allows_sign_in else ()
    by = (method.identifier for method in methods if sign_in.has_code(method))
    return await _code_page(stage, "sign-in", SIGN_IN, by, error)


async def _code_page(
    stage: Stage,
    flow: str,
    event: InteractionEvent,
    ways: Iterable[IdentifierType],
    error: DomainError | None = None,
) -> Response:
    by = next((way for way in ways if way in steps.CODES), None)
    if by is None:
        return await stage.never_shown()
    visit = await stage.visit(event, records=[stage.code(by)])
    return await CodePage(flow, NOWHERE).screen(visit, error)


async def _no_account(stage: Stage) -> Response:
    return await _turned(stage, SIGN_IN, confirmations.no_account_screen)


async def _has_account(stage: Stage) -> Response:
    return await _turned(stage, REGISTER, confirmations.has_account_screen)


async def _turned(
    stage: Stage, event: InteractionEvent, screen: Callable[..., Awaitable[Response]]
) -> Response:
    for by in steps.CODES:
        record = stage.code(by, "verified")
        visit = await stage.visit(event, records=[record])
        if steps.can_register_by(visit, record) and steps.can_sign_in_by(visit, record):
            return await screen(visit)
    return await stage.never_shown()


# Create an account.


async def _register(stage: Stage) -> Response:
    return await register.show_register(await stage.visit())


async def _register_code(stage: Stage) -> Response:
    allowed = stage.settings.sign_up.identifiers if stage.settings.allows_register else ()
    return await _code_page(stage, "register", REGISTER, allowed)


async def _register_password(stage: Stage) -> Response:
    settings = stage.settings
    if "username" not in settings.sign_up.identifiers or not settings.allows_register:
        return await stage.never_shown()
    return await register.password_screen(await stage.visit(REGISTER, typed="username"))


# What an account lacks.


async def _missing(stage: Stage, choice: SignUpChoice) -> Response:
    if choice not in stage.settings.sign_up.choices:
        return await stage.never_shown()
    types: tuple[IdentifierType, ...] = ("email", "phone")
    asked = "email-or-phone" if choice == "emailOrPhone" else choice
    visit = await stage.visit(SIGN_IN, is_identified=True)
    return missing_profile.field_screen(
        visit, None, asked, types if choice == "emailOrPhone" else (choice,)
    )


async def _missing_password(stage: Stage) -> Response:
    if not stage.settings.sign_up.password:
        return await stage.never_shown()
    return await missing_profile.password_screen(await stage.visit(SIGN_IN, is_identified=True))


# A forgotten password.


async def _forgot(stage: Stage) -> Response:
    return await forgot_password.identifier_screen(await stage.visit())


async def _forgot_code(stage: Stage) -> Response:
    ways = await steps.recovery_types(await stage.visit())
    return await _code_page(stage, "forgot-password", steps.FORGOT, ways)


async def _new_password(stage: Stage) -> Response:
    ways = await steps.recovery_types(await stage.visit())
    if not ways:
        return await stage.never_shown()
    records = [stage.code(ways[0], "verified")]
    visit = await stage.visit(steps.FORGOT, records=records, is_identified=True)
    return await forgot_password.password_screen(visit)


async def _changed(stage: Stage) -> Response:
    if not await steps.recovery_types(await stage.visit()):
        return await stage.never_shown()
    return await forgot_password.show_changed(await stage.visit(steps.FORGOT))


# Second steps.


def _factors(stage: Stage) -> list[MfaFactor]:
    return [factor for factor in SUPPORTED if factor in stage.settings.mfa.factors]


async def _choose_factor(stage: Stage) -> Response:
    choices = [factor for factor in _factors(stage) if factor != "BackupCode"]
    if not choices:
        return await stage.never_shown()
    kind = "must" if stage.settings.mfa.policy in NON_SKIPPABLE_POLICIES else "may"
    visit = await stage.visit(SIGN_IN, is_identified=True)
    return mfa_binding.choices_page(visit, choices=choices, kind=kind, held={})


async def _app(stage: Stage) -> Response:
    if "Totp" not in _factors(stage):
        return await stage.never_shown()
    visit = await stage.visit(SIGN_IN, is_identified=True)
    address = f"otpauth://totp/{SAMPLES['username'].value}?secret={SECRET}"
    return mfa_binding.app_page(visit, address=address, secret=SECRET)


async def _recovery_codes(stage: Stage) -> Response:
    if "BackupCode" not in _factors(stage):
        return await stage.never_shown()
    visit = await stage.visit(SIGN_IN, is_identified=True)
    return mfa_binding.codes_page(visit, None, CODES)


async def _prove(stage: Stage, factor: MfaFactor) -> Response:
    factors = _factors(stage)
    if factor not in factors:
        return await stage.never_shown()
    record = stage.code(IDENTIFIERS[factor]) if factor in IDENTIFIERS else None
    visit = await stage.visit(SIGN_IN, is_identified=True)
    return ProofPage(factor).page(visit, None, record, has_others=len(factors) > 1)


async def _ways_to_prove(stage: Stage) -> Response:
    factors = _factors(stage)
    if len(factors) < 2:
        return await stage.never_shown()
    sent: Mapping[MfaFactor, str] = {
        "PhoneVerificationCode": PHONE.masked,
        "EmailVerificationCode": EMAIL.masked,
    }
    visit = await stage.visit(SIGN_IN, is_identified=True)
    return ways_page(visit, None, {factor: sent.get(factor, "") for factor in factors})


# Invitations, and what ends a visit.


async def _invitation(stage: Stage, *, is_signed_in: bool) -> Response:
    return stage.guest(is_signed_in=is_signed_in).show()


async def _ending(stage: Stage, reason: str) -> Response:
    visit = await stage.visit()
    return ending(stage.request, stage.scope, visit.application, reason, 200)


# Account pages.


async def _account(stage: Stage, show: Callable[..., Awaitable[Response]]) -> Response:
    if not stage.scope.account_center.enabled:
        return await stage.never_shown()
    return await show(await stage.account_visit())


async def _security(stage: Stage) -> Response:
    async def show(visit: AccountVisit) -> Response:
        standing = stage.standing(visit.user)
        shown = steps_of(visit, standing) if visit.settings.shows("mfa") else None
        return await hub.security_page(visit, shown)

    return await _account(stage, show)


async def _sessions(stage: Stage) -> Response:
    if not stage.scope.account_center.shows("session"):
        return await stage.never_shown()

    async def show(visit: AccountVisit) -> Response:
        return sessions.page(visit, None, [visit.session], [])

    return await _account(stage, show)


FLOWS: Mapping[str, Mapping[str, Draw]] = {
    "sign_in": {
        "sign-in": _sign_in,
        "password": _password,
        "code": _sign_in_code,
        "no-account": _no_account,
    },
    "register": {
        "register": _register,
        "register-code": _register_code,
        "register-password": _register_password,
        "has-account": _has_account,
    },
    "forgot_password": {
        "forgot-password": _forgot,
        "forgot-password-code": _forgot_code,
        "new-password": _new_password,
        "changed": _changed,
    },
    "missing": {
        "missing-username": partial(_missing, choice="username"),
        "missing-phone": partial(_missing, choice="phone"),
        "missing-email": partial(_missing, choice="email"),
        "missing-email-or-phone": partial(_missing, choice="emailOrPhone"),
        "missing-password": _missing_password,
    },
    "mfa": {
        "mfa-choose": _choose_factor,
        "mfa-app": _app,
        "mfa-recovery-codes": _recovery_codes,
        "mfa-prove-app": partial(_prove, factor="Totp"),
        "mfa-prove-phone": partial(_prove, factor="PhoneVerificationCode"),
        "mfa-prove-email": partial(_prove, factor="EmailVerificationCode"),
        "mfa-prove-recovery-code": partial(_prove, factor="BackupCode"),
        "mfa-ways": _ways_to_prove,
    },
    "invitation": {
        "invitation": partial(_invitation, is_signed_in=False),
        "invitation-signed-in": partial(_invitation, is_signed_in=True),
    },
    "errors": {
        "wrong-code": partial(_sign_in_code, error=CodeMismatch()),
        "wrong-password": partial(_password, error=InvalidCredentials()),
        "expired": partial(_ending, reason="expired"),
        "suspended": partial(_ending, reason="suspended"),
    },
    "account": {
        "account": partial(_account, show=hub.show_hub),
        "account-security": _security,
        "account-profile": partial(_account, show=profile.show_profile),
        "account-sessions": _sessions,
    },
}
"""The pages of each flow, in the order in which people meet them."""

SCREENS: Mapping[str, Draw] = {
    name: draw for screens in FLOWS.values() for name, draw in screens.items()
}
FIRST = "sign-in"


async def draw(stage: Stage, name: str) -> Response:
    """Draw a page; where the settings lead nobody to it, say so."""
    try:
        response = await SCREENS[name](stage)
    except DomainError:
        response = await stage.never_shown()
    # A page that says what went wrong is what was asked for.
    response.status_code = 200
    return response
