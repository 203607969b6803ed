"""Sign-in experience: how people sign up and sign in."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from watchword.configuration.models import Kind, changes_between
from watchword.connector_kit.models import ConnectorType
from watchword.core.errors import DomainError
from watchword.sign_in_settings.models import SignInSettings
from watchword.sign_in_settings.sections import (
    CODE_FACTORS,
    SignUpChoice,
    SocialSignIn,
    identifiers_of,
)
from watchword.sign_in_settings.service import CONNECTOR_TYPES, SignInRules
from watchword.users.models import IdentifierType
from watchword.web.console.confirming import others_since
from watchword.web.console.connector_parts import Card
from watchword.web.console.desk import Desk, WorkDesk, text_of, whole_number
from watchword.web.console.field_names import merged
from watchword.web.console.history import restored, versions_of
from watchword.web.console.preview_pane import PreviewPane
from watchword.web.console.routing import console_router
from watchword.web.console.social_connectors import card_of_social

router = console_router("/console/{tenant}/sign-in-experience")

IDENTIFIERS: tuple[IdentifierType, ...] = get_args(IdentifierType)
CHOICES: tuple[SignUpChoice, ...] = get_args(SignUpChoice)
PHONE_ALONE = "phone-alone"
MODES = ("SignInAndRegister", "SignIn", "Register")


@dataclass(frozen=True)
class MethodRow:
    """One way to sign in, as the page shows it."""

    identifier: IdentifierType
    password: bool
    verification_code: bool
    is_password_primary: bool
    can_have_code: bool
    is_password_locked: bool
    is_code_locked: bool
    lacks_connector: bool


@router.get("")
async def lead_in(desk: WorkDesk) -> Response:
    """Lead to the tab that matters first."""
    return RedirectResponse(desk.address("sign-in-experience", "sign-up-and-sign-in"), 303)


@router.get("/sign-up-and-sign-in")
async def show_methods(desk: WorkDesk) -> Response:
    """Show how people sign up and sign in."""
    settings, version = await desk.scope.configuration.settings.sign_in()
    return await _methods_page(desk, settings, version)


@router.post("/sign-up-and-sign-in")
async def edit_methods(desk: WorkDesk) -> Response:
    """Do what the pressed button says to the form, or save it after showing before and after."""
    form = await desk.form()
    saved, saved_version = await desk.scope.configuration.settings.sign_in()
    version = whole_number(text_of(form, "version"))
    edited = _edited(settings_of(saved, form), text_of(form, "do"))
    if text_of(form, "do") not in {"save", "confirm"}:
        return await _methods_page(desk, edited, version, is_dirty=True)
    try:
        SignInRules.check(saved, _patch(edited), await _available(desk))
    except DomainError as error:
        return await _methods_page(
            desk, edited, version, is_dirty=True, problem=desk.message(error), status_code=422
        )
    changes = merged(changes_between(saved.document(), edited.document()))
    if text_of(form, "do") == "save" and changes:
        await desk.words.learn(desk.scope, changes)
        return await _methods_page(desk, edited, version, is_dirty=True, changes=changes)
    try:
        await desk.scope.configuration.settings.save_sign_in(
            desk.actor, _patch(edited), expected_version=version
        )
    except DomainError as error:
        # The next press of Save means it: the page now carries the version of the others' change.
        return await _methods_page(
            desk,
            edited,
            saved_version,
            is_dirty=True,
            problem=desk.message(error),
            others=await others_since(desk, Kind.SIGN_IN, version),
            status_code=409,
        )
    return desk.go("sign-in-experience", "sign-up-and-sign-in", done="saved")


@router.get("/history")
async def show_history(desk: WorkDesk, page: int = 1) -> Response:
    """Show every version of the settings."""
    versions = await versions_of(desk, Kind.SIGN_IN, page=page)
    return desk.render("sign_in_history.html", versions=versions, tab="history")


@router.post("/restore")
async def restore(desk: WorkDesk) -> Response:
    """Bring an earlier version back, as a new one."""
    return await restored(desk, Kind.SIGN_IN, back="sign-in-experience/history", needs_proof=False)


async def _methods_page(
    desk: Desk, settings: SignInSettings, version: int | None, **context: Any
) -> Response:
    available = await _available(desk)
    missing = {
        identifier
        for identifier, type_ in CONNECTOR_TYPES.items()
        if type_ not in available and _needs_connector(settings, identifier)
    }
    rows = [
        MethodRow(
            identifier=method.identifier,
            password=method.password,
            verification_code=method.verification_code,
            is_password_primary=method.is_password_primary,
            can_have_code=method.identifier in CODE_FACTORS,
            is_password_locked=settings.is_password_locked(),
            is_code_locked=settings.is_code_locked(method.identifier),
            lacks_connector=method.identifier in missing and method.verification_code,
        )
        for method in settings.sign_in.methods
    ]
    sign_up_lacks = {
        choice: [name for name in identifiers_of(choice) if name in missing]
        for choice in settings.sign_up.choices
    }
    # Few tenants send e-mail, so it is offered once it can be sent.
    unsent: set[IdentifierType] = set() if ConnectorType.EMAIL in available else {"email"}
    return desk.render(
        "sign_up_and_sign_in.html",
        **{
            "tab": "sign-up-and-sign-in",
            "settings": settings,
            "version": version,
            "rows": rows,
            "sign_up_lacks": sign_up_lacks,
            "open_sign_up": [
                choice
                for choice in settings.open_sign_up_choices
                if unsent.isdisjoint(identifiers_of(choice))
            ],
            "open_sign_in": [
                identifier
                for identifier in IDENTIFIERS
                if settings.sign_in.method(identifier) is None and identifier not in unsent
            ],
            "modes": MODES,
            "offers_phone_alone": ConnectorType.SMS in available
            and "phone" not in settings.sign_up.required_identifiers
            and settings.sign_in.method("phone") is None
            and CODE_FACTORS["phone"] not in settings.mfa.factors,
            "social": await _social_cards(desk),
            "changes": (),
            "problem": "",
            "is_dirty": False,
            "demo_app": f"{desk.scope.origin}/demo-app",
            "pane": PreviewPane(desk, "sign-up-and-sign-in"),
            "frames": "'self'",
            **context,
        },
    )


async def _social_cards(desk: Desk) -> dict[str, Card]:
    """Return the providers that are set up, by target."""
    return {
        desk.scope.connectors.target_of(saved): card_of_social(desk, saved)
        for saved in await desk.scope.connectors.list()
        if saved.type is ConnectorType.SOCIAL
    }


async def _available(desk: Desk) -> set[ConnectorType]:
    return {saved.type for saved in await desk.scope.connectors.list()}


def _needs_connector(settings: SignInSettings, identifier: IdentifierType) -> bool:
    method = settings.sign_in.method(identifier)
    return identifier in settings.sign_up.required_identifiers or (
        method is not None and method.verification_code
    )


def settings_of(saved: SignInSettings, form: FormData) -> SignInSettings:
    """Return the settings that the form's fields spell out."""
    listed = [value for value in form.getlist("sign_up") if value in CHOICES]
    choices: list[SignUpChoice] = [c for c in CHOICES if c in listed]
    choices.sort(key=listed.index)
    edited = saved.with_sign_up_choices(choices)
    for method in saved.sign_in.methods:
        edited = edited.without_sign_in_method(method.identifier)
    order = [value for value in form.getlist("method") if value in IDENTIFIERS]
    named: list[IdentifierType] = [i for i in IDENTIFIERS if i in order]
    named.sort(key=order.index)
    for identifier in named:
        edited = edited.with_sign_in_method(identifier)
    edited = edited.with_sign_up_password("sign_up_password" in form and bool(choices))
    # Once sign-up asks for no password any more, new people have none: the code comes first.
    has_dropped_password = text_of(form, "asked_password") == "yes" and not edited.sign_up.password
    for identifier in named:
        is_code_first = text_of(form, f"{identifier}_first") == "code"
        if has_dropped_password and edited.is_code_locked(identifier):
            is_code_first = True
        edited = edited.with_sign_in_factors(
            identifier,
            password=f"{identifier}_password" in form,
            verification_code=f"{identifier}_code" in form,
            is_password_primary=not is_code_first,
        )
    mode = text_of(form, "mode")
    recovery = tuple(
        factor for factor in CODE_FACTORS.values() if factor in form.getlist("recovery")
    )
    return edited.model_copy(
        update={
            "sign_in_mode": mode if mode in MODES else saved.sign_in_mode,
            # None stands for whatever can be sent, and has no field in the form.
            "forgot_password_methods": recovery
            if recovery or saved.forgot_password_methods is not None
            else None,
            **_social_of(saved, form),
        }
    )


def _social_of(saved: SignInSettings, form: FormData) -> dict[str, Any]:
    """Return what the card of the providers says; nothing where it was not shown."""
    if "social_shown" not in form:
        return {}
    listed = dict.fromkeys(str(value) for value in form.getlist("social"))
    before = saved.social_sign_in
    ticked = {
        "automatic_account_linking": ("social_links" in form, before.automatic_account_linking),
        "skip_required_identifiers": ("social_skips" in form, before.skip_required_identifiers),
    }
    # What was never said and is not said now stays unsaid.
    said = {name: now for name, (now, then) in ticked.items() if now or then is not None}
    return {
        "social_sign_in": SocialSignIn(**said),
        "social_sign_in_connector_targets": tuple(listed),
    }


def _edited(settings: SignInSettings, action: str) -> SignInSettings:
    """Return the settings after a button such as `add-sign-up:phone` or `up:email`."""
    if action == PHONE_ALONE:
        return _phone_alone(settings)
    verb, _, name = action.partition(":")
    if verb in SOCIAL_ACTIONS:
        return SOCIAL_ACTIONS[verb](settings, name)
    choice = next((c for c in CHOICES if c == name), None)
    identifier = next((i for i in IDENTIFIERS if i == name), None)
    if choice is not None and verb == "add-sign-up" and choice in settings.open_sign_up_choices:
        return settings.with_sign_up_identifier(choice)
    if choice is not None and verb == "remove-sign-up":
        return settings.without_sign_up_identifier(choice)
    if identifier is not None and verb in METHOD_ACTIONS:
        return METHOD_ACTIONS[verb](settings, identifier)
    return settings


def _phone_alone(settings: SignInSettings) -> SignInSettings:
    """Return the settings with which people need nothing but their phone."""
    edited = settings.with_sign_up_choices(["phone"]).with_sign_up_password(False)
    for method in edited.sign_in.methods:
        edited = edited.without_sign_in_method(method.identifier)
    return edited.with_sign_in_method("phone").with_sign_in_factors(
        "phone", password=False, verification_code=True, is_password_primary=False
    )


def _swapped(settings: SignInSettings, identifier: IdentifierType) -> SignInSettings:
    method = settings.sign_in.method(identifier)
    if method is None:
        return settings
    return settings.with_sign_in_factors(
        identifier,
        password=method.password,
        verification_code=method.verification_code,
        is_password_primary=not method.is_password_primary,
    )


def _moved(settings: SignInSettings, identifier: IdentifierType, by: int) -> SignInSettings:
    order = [method.identifier for method in settings.sign_in.methods]
    if identifier not in order:
        return settings
    place = order.index(identifier)
    order.insert(min(max(place + by, 0), len(order) - 1), order.pop(place))
    return settings.with_sign_in_order(order)


def _with_target(settings: SignInSettings, target: str) -> SignInSettings:
    kept = settings.social_sign_in_connector_targets
    return _with_targets(settings, kept if target in kept else (*kept, target))


def _without_target(settings: SignInSettings, target: str) -> SignInSettings:
    kept = settings.social_sign_in_connector_targets
    return _with_targets(settings, tuple(name for name in kept if name != target))


def _moved_target(settings: SignInSettings, target: str, *, by: int) -> SignInSettings:
    order = list(settings.social_sign_in_connector_targets)
    if target not in order:
        return settings
    place = order.index(target)
    order.insert(min(max(place + by, 0), len(order) - 1), order.pop(place))
    return _with_targets(settings, tuple(order))


def _with_targets(settings: SignInSettings, targets: tuple[str, ...]) -> SignInSettings:
    return settings.model_copy(update={"social_sign_in_connector_targets": targets})


SOCIAL_ACTIONS: dict[str, Callable[[SignInSettings, str], SignInSettings]] = {
    "add-social": _with_target,
    "remove-social": _without_target,
    "up-social": partial(_moved_target, by=-1),
    "down-social": partial(_moved_target, by=1),
}
METHOD_ACTIONS: dict[str, Callable[[SignInSettings, IdentifierType], SignInSettings]] = {
    "add-sign-in": SignInSettings.with_sign_in_method,
    "remove-sign-in": SignInSettings.without_sign_in_method,
    "swap": _swapped,
    "up": partial(_moved, by=-1),
    "down": partial(_moved, by=1),
}


def _patch(settings: SignInSettings) -> dict[str, Any]:
    document = settings.document()
    return {
        name: document[name]
        for name in (
            "signUp",
            "signIn",
            "signInMode",
            "forgotPasswordMethods",
            "socialSignIn",
            "socialSignInConnectorTargets",
        )
    }
