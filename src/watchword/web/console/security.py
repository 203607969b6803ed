"""Security: the strict preset, send limits, codes and lockout."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.datastructures import FormData
from starlette.responses import Response

from watchword.configuration.models import Kind
from watchword.guard.models import GuardPolicy
from watchword.sign_in_settings.models import SignInSettings
from watchword.web.console.confirming import confirmed, sign_in_confirmed
from watchword.web.console.desk import Desk, WorkDesk, text_of
from watchword.web.console.history import restored, versions_of
from watchword.web.console.routing import console_router
from watchword.web.pages.countries import countries

router = console_router("/console/{tenant}/security")

LIMITS = ("perNumber", "perAddress", "perSubnet", "testSends")
ATTACK_LIMITS = ("perBlock", "failuresPerAddress", "failuresPerSubnet")
OPTIONAL_LIMITS = frozenset({"perAddress", "perSubnet", *ATTACK_LIMITS})
NUMBERS = ("dailyMessages", "dailyPerCountry", "countriesPerAddress", "unusedDays")
WHOLE = re.compile(r"-?[0-9]{1,7}")
UNANSWERED = ("atLeast", "percent")
CODE_POLICIES = frozenset({"captchaPolicy", "verificationCodePolicy", "sentinelPolicy"})


@router.get("")
async def show_security(desk: WorkDesk) -> Response:
    """Show the limits."""
    guard, guard_version = await desk.scope.configuration.settings.guard()
    settings, version = await desk.scope.configuration.settings.sign_in()
    return await _page(desk, guard, settings, guard_version, version)


@router.get("/history")
async def show_history(desk: WorkDesk, page: int = 1) -> Response:
    """Show every version of the limits."""
    versions = await versions_of(desk, Kind.GUARD, page=page)
    return desk.render("security_history.html", versions=versions)


@router.post("/restore")
async def restore(desk: WorkDesk) -> Response:
    """Bring an earlier version of the limits back, as a new one."""
    return await restored(desk, Kind.GUARD, back="security/history", needs_proof=False)


@router.post("/preset")
async def set_preset(desk: WorkDesk) -> Response:
    """Switch the strict preset on or off, once what it changes was seen."""
    return await _save_guard(desk, "preset", _preset_patch)


@router.post("/sending")
async def save_sending(desk: WorkDesk) -> Response:
    """Save the send limits and countries."""
    return await _save_guard(desk, "sending", lambda _, form: _sending_patch(form))


@router.post("/attacks")
async def save_attacks(desk: WorkDesk) -> Response:
    """Save the limits over all numbers."""
    return await _save_guard(desk, "attacks", lambda _, form: _attacks_patch(form))


async def _save_guard(
    desk: Desk, card: str, patch_of: Callable[[GuardPolicy, FormData], dict[str, Any]]
) -> Response:
    form, settings = await desk.form(), desk.scope.configuration.settings
    guard, version = await settings.guard()
    patch = patch_of(guard, form)
    said = await confirmed(
        desk,
        form,
        Kind.GUARD,
        before=guard.document(),
        after=lambda: guard.changed(patch).document(),
        version=version,
        save=lambda seen: settings.save_guard(desk.actor, patch, expected_version=seen),
        wrong=lambda error: _wrong(desk, error),
    )
    if said is None:
        return desk.go("security", done="saved")
    return await _form_page(desk, form, card, said)


@router.post("/codes")
async def save_codes(desk: WorkDesk) -> Response:
    """Save what codes are like and when guessing ends."""
    form = await desk.form()
    saved, version = await desk.scope.configuration.settings.sign_in()
    said = await sign_in_confirmed(
        desk,
        form,
        saved,
        version,
        _codes_patch(form),
        wrong=lambda error: _wrong(desk, error),
    )
    if said is None:
        return desk.go("security", done="saved")
    return await _form_page(desk, form, "codes", said)


@router.post("/unblock")
async def unblock(desk: WorkDesk) -> Response:
    """Let one identifier try again at once."""
    identifier = text_of(await desk.form(), "identifier").strip()
    if identifier:
        await desk.scope.unblocking.unblock(desk.actor, [identifier])
    return desk.go("security", done="unblocked")


def _wrong(desk: Desk, error: ValidationError) -> dict[str, Any]:
    """Return what the card says, and each of its fields that is at fault."""
    errors: dict[str, str] = {}
    for issue in error.errors(include_input=False):
        errors.setdefault(_field_of(issue["loc"]), _what_to_enter(desk, issue))
    return {"problem": desk.text("console.fix_fields"), "errors": errors}


def _field_of(location: Sequence[str | int]) -> str:
    first, *rest = [str(part) for part in location]
    if first == "allowedCountries":
        return "countries"
    # Codes and lockout are named by the last part alone; what follows it is a choice of types.
    if first in CODE_POLICIES:
        return rest[0]
    return ".".join([first, *rest])


def _what_to_enter(desk: Desk, issue: ErrorDetails) -> str:
    bounds = issue.get("ctx", {})
    least = bounds.get("ge", bounds["gt"] + 1 if "gt" in bounds else None)
    if least is not None:
        return desk.text("console.security.wrong.least", least=f"{least:,}")
    if "le" in bounds:
        return desk.text("console.security.wrong.most", most=f"{bounds['le']:,}")
    is_country = issue["loc"][0] == "allowedCountries"
    return desk.text(f"console.security.wrong.{'country' if is_country else 'whole'}")


async def _form_page(desk: Desk, form: FormData, card: str, said: Mapping[str, Any]) -> Response:
    """Return the page with what was filled into one card, and what is to be said of it."""
    guard, guard_version = await desk.scope.configuration.settings.guard()
    settings, version = await desk.scope.configuration.settings.sign_in()
    return await _page(
        desk, guard, settings, guard_version, version, typed=form, card=card, said=said
    )


async def _page(
    desk: Desk,
    guard: GuardPolicy,
    settings: SignInSettings,
    guard_version: int,
    version: int,
    *,
    typed: FormData | None = None,
    card: str = "",
    said: Mapping[str, Any] | None = None,
) -> Response:
    said = said or {}
    document = guard.document()
    shown: dict[str, Any] = {}
    for name in (*LIMITS, *ATTACK_LIMITS):
        limit = document[name] or {"count": "", "seconds": ""}
        shown[f"{name}.count"], shown[f"{name}.seconds"] = limit["count"], limit["seconds"]
    unanswered = document["unanswered"] or dict.fromkeys(UNANSWERED, "")
    shown |= {name: document[name] or "" for name in NUMBERS}
    shown |= {f"unanswered.{name}": unanswered[name] for name in UNANSWERED}
    shown |= {
        "expirationDuration": settings.verification_code_policy.expiration_duration or "",
        "maxRetryAttempts": settings.verification_code_policy.max_retry_attempts or "",
        "maxAttempts": settings.sentinel_policy.max_attempts or "",
        "lockoutDuration": settings.sentinel_policy.lockout_duration or "",
    }
    chosen = set(guard.allowed_countries or ())
    if typed is not None:
        shown |= {name: text_of(typed, name) for name in shown if name in typed}
        if "countries_given" in typed:
            chosen = {str(value) for value in typed.getlist("countries")}
    return desk.render(
        "security.html",
        tab="general",
        status_code=said.get("status_code", 422 if "problem" in said else 200),
        guard=guard,
        shown=shown,
        limits=LIMITS,
        attack_limits=ATTACK_LIMITS,
        numbers=NUMBERS,
        today=await desk.scope.guard.today(),
        server=desk.scope.guard.server,
        carrier=desk.scope.guard.carrier,
        optional=OPTIONAL_LIMITS,
        versions={"guard": guard_version, "settings": version},
        countries=countries(desk.language),
        chosen=chosen,
        said_of={card: said},
        errors=said.get("errors", {}),
        proof_of_work=bool(settings.captcha_policy.enabled)
        if typed is None or card != "codes"
        else "proofOfWork" in typed,
        code_policy=guard.tightened(settings.code_policy),
        lockout=guard.tightened_lockout(settings.lockout_policy),
    )


def _limits_patch(form: FormData, names: Iterable[str]) -> dict[str, Any]:
    patch: dict[str, Any] = {}
    for name in names:
        count, seconds = text_of(form, f"{name}.count"), text_of(form, f"{name}.seconds")
        is_off = name in OPTIONAL_LIMITS and not (count.strip() or seconds.strip())
        patch[name] = None if is_off else {"count": count, "seconds": seconds}
    return patch


def _preset_patch(before: GuardPolicy, form: FormData) -> dict[str, Any]:
    if text_of(form, "preset") == "strict":
        return before.strict_as_chosen().document()
    # Countries and the day's numbers are the tenant's own choice.
    return GuardPolicy(
        allowed_countries=before.allowed_countries,
        daily_messages=before.daily_messages,
        unused_days=before.unused_days,
    ).document()


def _attacks_patch(form: FormData) -> dict[str, Any]:
    patch = _limits_patch(form, ATTACK_LIMITS)
    patch |= {name: text_of(form, name).strip() or None for name in NUMBERS}
    unanswered = {name: text_of(form, f"unanswered.{name}").strip() for name in UNANSWERED}
    patch["unanswered"] = unanswered if any(unanswered.values()) else None
    return patch


def _sending_patch(form: FormData) -> dict[str, Any]:
    patch = _limits_patch(form, LIMITS)
    chosen = [str(value) for value in form.getlist("countries")]
    patch["allowedCountries"] = chosen or None
    return patch


def _codes_patch(form: FormData) -> dict[str, Any]:
    def number(name: str) -> int | str | None:
        text = text_of(form, name).strip()
        return int(text) if WHOLE.fullmatch(text) else text or None

    return {
        # As the contract spells a policy that is off.
        "captchaPolicy": {"enabled": True} if "proofOfWork" in form else {},
        "verificationCodePolicy": {
            "expirationDuration": number("expirationDuration"),
            "maxRetryAttempts": number("maxRetryAttempts"),
        },
        "sentinelPolicy": {
            "maxAttempts": number("maxAttempts"),
            "lockoutDuration": number("lockoutDuration"),
        },
    }
