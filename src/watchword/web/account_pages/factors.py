"""`/account/authenticator-app`, `/account/backup-codes`, `/account/second-step`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from watchword.core.errors import DomainError
from watchword.factors.errors import FactorNotEnabled, InvalidTotpSecret, TotpAlreadyInUse
from watchword.factors.models import Choice, SavedFactor, Standing, label_of
from watchword.factors.recovery_codes import are_well_made
from watchword.web.account_pages.success import done
from watchword.web.account_pages.visit import (
    AccountPageRoute,
    Looking,
    Posting,
    Visit,
    refused_on,
)
from watchword.web.pages.errors import InvalidForm
from watchword.web.pages.mfa_verification import APP_DIGITS
from watchword.web.pages.visit import HEADERS
from watchword.web.problems import phrases_of
from watchword.web.qr_codes import drawing_of

router = APIRouter(route_class=AccountPageRoute, include_in_schema=False)

APP = "/account/authenticator-app"
CODES = "/account/backup-codes"
STEP = "/account/second-step"
FACTOR_TASKS = ("authenticator-app", "backup-codes", "second-step")


@dataclass(frozen=True, kw_only=True)
class SecondSteps:
    """What the security page says of second steps."""

    app: SavedFactor | None
    codes: SavedFactor | None
    offers_app: bool
    offers_codes: bool
    is_editable: bool
    is_asked: bool
    is_choice: bool
    """Whether it is the person's to decide."""


async def second_steps(visit: Visit) -> SecondSteps | None:
    """Return what there is to see of second steps; None where there is nothing."""
    return steps_of(visit, await visit.scope.own_factors.standing(visit.asker))


def steps_of(visit: Visit, standing: Standing) -> SecondSteps | None:
    """Return what a person who stands so sees of second steps."""
    if not standing.offered and not standing.saved.all:
        return None
    return SecondSteps(
        app=standing.saved.totp,
        codes=standing.saved.codes,
        offers_app="Totp" in standing.offered,
        offers_codes="BackupCode" in standing.offered and bool(standing.main),
        is_editable=visit.settings.lets_edit("mfa"),
        is_asked=_is_asked(standing),
        is_choice=bool(standing.main) and not standing.must,
    )


def _is_asked(standing: Standing) -> bool:
    return bool(standing.to_prove())


async def _standing(visit: Visit) -> Standing:
    await visit.scope.own_factors.admit(visit.asker)
    return await visit.scope.own_factors.standing(visit.asker)


# An authenticator app.


async def _app_form(visit: Visit, error: DomainError | None, path: str) -> Response:
    factors = visit.scope.factors
    own = visit.scope.own_factors
    # The one that the app may have read already; like the picture, it is the person's to know.
    given = visit.form.text("secret")
    try:
        totp = factors.new_totp(given) if given else await own.new_totp(visit.asker)
    except InvalidTotpSecret:
        raise InvalidForm("secret") from None
    secret = factors.secret_of(totp)
    address = factors.address_of(totp, label_of(visit.user))
    return visit.show(
        "authenticator_app_new.html",
        error,
        here=visit.address(path),
        app_address=address,
        drawing=drawing_of(address),
        secret=secret,
        secret_parts=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        code_length=APP_DIGITS,
    )


async def app_screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Show the app that is there and what can be done with it, or set one up."""
    standing = await _standing(visit)
    app = standing.saved.totp
    if app is None:
        return await _app_form(visit, error, APP)
    return visit.show(
        "authenticator_app.html",
        None if isinstance(error, TotpAlreadyInUse) else error,
        app=app,
        can_replace="Totp" in standing.offered,
        is_last=standing.main == ("Totp",),
    )


async def replacing_screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Set up another app in place of the first."""
    await visit.scope.own_factors.admit(visit.asker)
    return await _app_form(visit, error, f"{APP}/replace")


async def _save_app(visit: Visit, *, replaces: bool) -> Response:
    code = visit.form.code(APP_DIGITS)
    await visit.scope.own_factors.add_totp(
        visit.asker, visit.form.text("secret"), code, visit.context, replaces=replaces
    )
    return await done(visit, "authenticator-app")


@router.get(APP)
async def show_app(visit: Looking) -> Response:
    """Show the authenticator app, or what one has to read."""
    return await app_screen(visit)


@router.post(APP)
@refused_on(app_screen)
async def add_app(visit: Posting) -> Response:
    """Check the app's first code, and keep it."""
    return await _save_app(visit, replaces=False)


@router.get(f"{APP}/replace")
async def show_replacing(visit: Looking) -> Response:
    """Show what another app has to read."""
    return await replacing_screen(visit)


@router.post(f"{APP}/replace")
@refused_on(replacing_screen)
async def replace_app(visit: Posting) -> Response:
    """Check the other app's first code, and keep it in place of the first."""
    return await _save_app(visit, replaces=True)


@router.post(f"{APP}/remove")
@refused_on(app_screen)
async def remove_app(visit: Posting) -> Response:
    """Take the app away."""
    await _remove(visit, (await _standing(visit)).saved.totp)
    return await done(visit, "authenticator-app", is_removal=True)


async def _remove(visit: Visit, factor: SavedFactor | None) -> None:
    # A button may be pressed twice.
    if factor is not None:
        await visit.scope.own_factors.remove(visit.asker, factor.id, visit.context)


# Recovery codes.


async def codes_screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Say how many recovery codes are left, and offer new ones."""
    standing = await _standing(visit)
    can_make = "BackupCode" in standing.offered and bool(standing.main)
    if standing.saved.codes is None and not can_make:
        raise FactorNotEnabled
    return visit.show("backup_codes.html", error, codes=standing.saved.codes, can_make=can_make)


@router.get(CODES)
async def show_codes(visit: Looking) -> Response:
    """Say how many recovery codes are left."""
    return await codes_screen(visit)


@router.get(f"{CODES}/generate")
async def leave_new_codes(visit: Looking) -> Response:
    """Go back: codes that were shown are not shown again."""
    return visit.go(CODES)


@router.post(f"{CODES}/generate")
@refused_on(codes_screen)
async def make_codes(visit: Posting) -> Response:
    """Show new recovery codes, which count once the person has kept them."""
    codes = await visit.scope.own_factors.new_codes(visit.asker)
    return visit.show("backup_codes_new.html", codes=codes)


@router.post(f"{CODES}/download")
async def download_codes(visit: Posting) -> Response:
    """Give the codes of the page as a file."""
    await visit.scope.own_factors.admit(visit.asker)
    phrases = phrases_of(visit.request)
    host = visit.request.url.hostname or ""
    head = phrases.text(visit.language, "pages.mfa_codes.file", host=host)
    return PlainTextResponse(
        "\n".join([head, "", *_codes(visit), ""]),
        headers={
            **HEADERS,
            "Cache-Control": "no-store",
            "Content-Disposition": 'attachment; filename="recovery-codes.txt"',
        },
    )


@router.post(CODES)
@refused_on(codes_screen)
async def keep_codes(visit: Posting) -> Response:
    """Keep the codes of the page, in place of earlier ones."""
    await visit.scope.own_factors.add_codes(
        visit.asker, _codes(visit), visit.context, replaces=True
    )
    return await done(visit, "backup-codes")


@router.post(f"{CODES}/remove")
@refused_on(codes_screen)
async def remove_codes(visit: Posting) -> Response:
    """Take the recovery codes away."""
    await _remove(visit, (await _standing(visit)).saved.codes)
    return await done(visit, "backup-codes", is_removal=True)


def _codes(visit: Visit) -> Sequence[str]:
    codes = visit.form.text("codes").split()
    if not are_well_made(codes):
        raise InvalidForm("codes")
    return codes


# Whether to be asked.


async def step_screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Say whether the person is asked for a second step, and let them decide."""
    standing = await _standing(visit)
    if not standing.main or standing.must:
        raise FactorNotEnabled
    return visit.show(
        "second_step.html", error, is_asked=_is_asked(standing), factors=standing.main
    )


@router.get(STEP)
async def show_step(visit: Looking) -> Response:
    """Say whether the person is asked for a second step."""
    return await step_screen(visit)


@router.post(STEP)
@refused_on(step_screen)
async def choose_step(visit: Posting) -> Response:
    """Ask for a second step from now on, or no more."""
    standing = await _standing(visit)
    if not standing.main or standing.must:
        raise FactorNotEnabled
    is_wanted = visit.form.has("wanted")

    def decide(said: Choice) -> Choice:
        return replace(
            said, enabled=is_wanted, skip_on_sign_in=not is_wanted, skipped=not is_wanted
        )

    await visit.scope.own_factors.choose(visit.asker, decide, visit.context)
    return await done(visit, "second-step")
