"""Set a second step up: choose one, prove it, keep the recovery codes."""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from watchword.core.errors import DomainError
from watchword.factors.models import IDENTIFIERS, Standing, address_of
from watchword.interactions.errors import SecondFactorRequired
from watchword.sign_in_settings.sections import MfaFactor
from watchword.users.models import Identifier
from watchword.web.joining import join
from watchword.web.pages import second_steps, steps
from watchword.web.pages.mfa_verification import APP_DIGITS
from watchword.web.pages.visit import HEADERS, Looking, PageRoute, Posting, Visit, refused_on
from watchword.web.problems import language_of, phrases_of
from watchword.web.qr_codes import drawing_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)


async def choose_screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Show what there is to choose from, the safest first, and what it does not protect from."""
    try:
        standing = await second_steps.standing_of(visit)
    except SecondFactorRequired:
        return visit.go("/mfa-verification")
    if standing is None:
        return visit.go("/sign-in")
    is_suggested = standing.is_suggested
    return choices_page(
        visit,
        error,
        choices=standing.bindable if is_suggested else standing.choices,
        kind="suggested" if is_suggested else "must" if standing.must else "may",
        held={factor: _masked(standing, factor) for factor in standing.main},
    )


def choices_page(
    visit: Visit,
    error: DomainError | None = None,
    *,
    choices: Sequence[MfaFactor],
    kind: str,
    held: Mapping[MfaFactor, str],
) -> Response:
    """Return the page that offers *choices*; *held* are those that need nothing but a yes."""
    return visit.show(
        "mfa_choose.html",
        error,
        choices=choices,
        kind=kind,
        held=held,
        can_skip=kind != "must",
        error_words=visit.words(error),
    )


def _masked(standing: Standing, factor: MfaFactor) -> str:
    address = address_of(standing.user, factor)
    return Identifier(IDENTIFIERS[factor], address).masked if address else ""


@router.get("/mfa-onboarding")
async def show_onboarding(visit: Looking) -> Response:
    """Ask whether the person wants a second step."""
    return await choose_screen(visit)


@router.get("/mfa-binding")
async def show_choices(visit: Looking) -> Response:
    """Ask which second step the person wants."""
    return await choose_screen(visit)


@router.post("/mfa-onboarding/skip")
@refused_on(choose_screen)
async def skip(visit: Posting) -> Response:
    """Go on without, where that is allowed."""
    second_factor = visit.scope.interactions.second_factor
    standing = await second_steps.standing_of(visit)
    if standing is None:
        return visit.go("/sign-in")
    if standing.is_suggested:
        await second_factor.skip_suggestion(visit.interaction)
    else:
        await second_factor.skip(visit.interaction)
    return await steps.finish(await steps.again(visit))


@router.post("/mfa-onboarding/enable")
@refused_on(choose_screen)
async def enable(visit: Posting) -> Response:
    """Use codes to the number or the address that the person has."""
    if not visit.interaction.is_identified:
        return visit.go("/sign-in")
    await visit.scope.interactions.second_factor.enable(visit.interaction)
    return await steps.finish(await steps.again(visit))


# An authenticator app.


async def app_screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Show the secret as a picture and as text, and the field for the first code."""
    totp = visit.interaction.second.totp if visit.interaction.is_identified else None
    if totp is None:
        return visit.go("/mfa-binding")
    second_factor = visit.scope.interactions.second_factor
    address = await second_factor.address_of(visit.interaction, totp)
    return app_page(visit, error, address=address, secret=second_factor.factors.secret_of(totp))


def app_page(
    visit: Visit, error: DomainError | None = None, *, address: str, secret: str
) -> Response:
    """Return the page that shows an app what to read."""
    return visit.show(
        "mfa_app.html",
        error,
        app_address=address,
        drawing=drawing_of(address),
        secret=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        code_length=APP_DIGITS,
        error_words=visit.words(error),
    )


@router.get("/mfa-binding/Totp")
async def show_app(visit: Looking) -> Response:
    """Show what an authenticator app has to read."""
    return await app_screen(visit)


@router.post("/mfa-binding/Totp/start")
@refused_on(choose_screen)
async def start_app(visit: Posting) -> Response:
    """Make a secret; whoever comes by again sees the one that the app may have read already."""
    if not visit.interaction.is_identified:
        return visit.go("/sign-in")
    if visit.interaction.second.totp is None:
        await visit.scope.interactions.second_factor.new_totp(visit.interaction)
    return visit.go("/mfa-binding/Totp")


@router.post("/mfa-binding/Totp")
@refused_on(app_screen)
async def prove_app(visit: Posting) -> Response:
    """Check the app's first code, then go on."""
    second_factor = visit.scope.interactions.second_factor
    totp = visit.interaction.second.totp
    if totp is None:
        return visit.go("/mfa-binding")
    code = visit.form.code(APP_DIGITS)
    await second_factor.verify_totp(visit.interaction, code, totp.id)
    proved = await steps.again(visit)
    await second_factor.bind(proved.interaction, "Totp", totp.id)
    return await steps.finish(await steps.again(proved))


# Codes that are sent.


def _router_of(factor: MfaFactor) -> APIRouter:
    router = APIRouter(route_class=PageRoute, include_in_schema=False)
    type_ = IDENTIFIERS[factor]
    path = f"/mfa-binding/{factor}"

    async def screen(visit: Visit, error: DomainError | None = None) -> Response:
        if not visit.interaction.is_identified:
            return visit.go("/sign-in")
        return visit.show(
            "mfa_identifier.html",
            error,
            here=path,
            factor=factor,
            field=visit.identifier_field((type_,), is_new=True),
            error_words=visit.words(error),
        )

    @router.get(path)
    async def show_field(visit: Looking) -> Response:
        """Ask for a number or an address."""
        return await screen(visit)

    @router.post(path)
    @refused_on(screen)
    async def enter_identifier(visit: Posting) -> Response:
        """Send a code there, unless one went there a moment ago."""
        if await second_steps.standing_of(visit) is None:
            return visit.go("/sign-in")
        identifier = visit.read_identifier((type_,))
        if not await steps.is_on_its_way(visit, identifier):
            await steps.send_another(visit, identifier)
        return visit.go("/mfa-binding/verification-code")

    return router


for _factor in IDENTIFIERS:
    join(router, _router_of(_factor))


# Recovery codes.


async def codes_screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Show new recovery codes, for as long as it takes to keep them."""
    codes = _codes(visit)
    if not codes:
        return visit.go("/mfa-binding")
    return codes_page(visit, error, codes)


def codes_page(visit: Visit, error: DomainError | None, codes: Sequence[str]) -> Response:
    """Return the page that shows new recovery codes."""
    return visit.show("mfa_codes.html", error, codes=codes, error_words=visit.words(error))


def _codes(visit: Visit) -> tuple[str, ...]:
    codes = visit.interaction.second.codes if visit.interaction.is_identified else None
    if codes is None:
        return ()
    return visit.scope.interactions.second_factor.factors.shown(codes)


@router.get("/mfa-binding/BackupCode")
async def show_codes(visit: Looking) -> Response:
    """Show new recovery codes."""
    return await codes_screen(visit)


@router.get("/mfa-binding/BackupCode/download")
async def download_codes(visit: Looking) -> Response:
    """Give new recovery codes as a file."""
    codes = _codes(visit)
    if not codes:
        return visit.go("/mfa-binding")
    phrases = phrases_of(visit.request)
    host = visit.request.url.hostname or ""
    head = phrases.text(language_of(visit.request), "pages.mfa_codes.file", host=host)
    return PlainTextResponse(
        "\n".join([head, "", *codes, ""]),
        headers={
            **HEADERS,
            "Cache-Control": "no-store",
            "Content-Disposition": 'attachment; filename="recovery-codes.txt"',
        },
    )


@router.post("/mfa-binding/BackupCode")
@refused_on(codes_screen)
async def keep_codes(visit: Posting) -> Response:
    """Go on once the person has kept the codes."""
    codes = visit.interaction.second.codes if visit.interaction.is_identified else None
    if codes is None:
        return visit.go("/mfa-binding")
    await visit.scope.interactions.second_factor.bind(visit.interaction, "BackupCode", codes.id)
    return await steps.finish(await steps.again(visit))
