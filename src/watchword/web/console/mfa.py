"""Multi-factor authentication: which second steps there are, and who is asked for one."""

from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import Response

from watchword.connector_kit.models import ConnectorType
from watchword.factors.models import IDENTIFIERS, SUPPORTED
from watchword.sign_in_settings.models import SignInSettings, is_method_enabled
from watchword.sign_in_settings.sections import MfaFactor, MfaPolicy
from watchword.sign_in_settings.service import CONNECTOR_TYPES
from watchword.web.console.confirming import sign_in_confirmed
from watchword.web.console.desk import Desk, WorkDesk, text_of
from watchword.web.console.routing import console_router

router = console_router("/console/{tenant}/mfa")

POLICIES: tuple[MfaPolicy, ...] = (
    "NoPrompt",
    "PromptOnlyAtSignIn",
    "PromptAtSignInAndSignUp",
    "Mandatory",
)
"""What the page offers; a policy of another name is shown where a script has set it."""
OLDER_NAMES: dict[str, MfaPolicy] = {"UserControlled": "PromptAtSignInAndSignUp"}
"""What means the same as one that the page offers: it is chosen there, and kept."""


@dataclass(frozen=True)
class FactorRow:
    """One second step, as the page shows it."""

    factor: MfaFactor
    is_on: bool
    signs_in: bool
    """Whether the same code is a way to sign in, which it can't be besides."""
    lacks_connector: bool
    recovers: bool
    """Whether the same code recovers a password, so that it is no second step there."""


@router.get("")
async def show_mfa(desk: WorkDesk) -> Response:
    """Show the factors and the policy."""
    settings, version = await desk.scope.configuration.settings.sign_in()
    return await _page(desk, settings, version)


@router.post("")
async def save_mfa(desk: WorkDesk) -> Response:
    """Save the factors and the policy."""
    form = await desk.form()
    saved, version = await desk.scope.configuration.settings.sign_in()
    said = await sign_in_confirmed(
        desk,
        form,
        saved,
        version,
        _patch(form, saved),
        available=await _available(desk),
        wrong=lambda _: {"problem": desk.text("console.mfa.no_policy")},
    )
    if said is None:
        return desk.go("mfa", done="saved")
    typed = saved.model_copy(update={"mfa": _typed(form, saved)})
    return await _page(desk, typed, version, **said)


async def _available(desk: Desk) -> set[ConnectorType]:
    return {saved.type for saved in await desk.scope.connectors.list()}


async def _page(desk: Desk, settings: SignInSettings, version: int, **context: Any) -> Response:
    available = await _available(desk)
    chosen = OLDER_NAMES.get(settings.mfa.policy, settings.mfa.policy)
    return desk.render(
        "mfa.html",
        **{
            "rows": [_row(settings, factor, available) for factor in SUPPORTED],
            "policies": POLICIES if chosen in POLICIES else (*POLICIES, chosen),
            "chosen": chosen,
            "mfa": settings.mfa,
            "has_passkeys": "WebAuthn" in settings.mfa.factors,
            "version": version,
            "problem": "",
            "others": (),
            "changes": (),
            "is_dirty": False,
            **context,
        },
    )


def _row(settings: SignInSettings, factor: MfaFactor, available: set[ConnectorType]) -> FactorRow:
    identifier, is_on = IDENTIFIERS.get(factor), factor in settings.mfa.factors
    if identifier is None:
        return FactorRow(factor, is_on, False, False, False)
    return FactorRow(
        factor=factor,
        is_on=is_on,
        signs_in=is_method_enabled(settings, identifier, "verificationCode"),
        lacks_connector=CONNECTOR_TYPES[identifier] not in available,
        recovers=settings.recovers_by(identifier),
    )


def _patch(form: FormData, saved: SignInSettings) -> dict[str, Any]:
    mfa = saved.mfa.model_dump(by_alias=True, exclude_none=True)
    listed = form.getlist("factor")
    # Factors that this page does not know stay as a script has set them.
    kept = [factor for factor in saved.mfa.factors if factor not in SUPPORTED]
    insists = text_of(form, "organizations") == "yes"
    # What was never set is off, and needs no change to stay so.
    if insists or saved.mfa.organization_required_mfa_policy:
        mfa["organizationRequiredMfaPolicy"] = "Mandatory" if insists else "NoPrompt"
    return {
        "mfa": {
            **mfa,
            "factors": [*kept, *(factor for factor in SUPPORTED if factor in listed)],
            "policy": _policy(form, saved) or text_of(form, "policy"),
        }
    }


def _typed(form: FormData, saved: SignInSettings) -> Any:
    listed = form.getlist("factor")
    policy = _policy(form, saved) or saved.mfa.policy
    factors = tuple(factor for factor in SUPPORTED if factor in listed)
    insists = text_of(form, "organizations") == "yes"
    return saved.mfa.model_copy(
        update={
            "factors": factors,
            "policy": policy,
            "organization_required_mfa_policy": "Mandatory" if insists else "NoPrompt",
        }
    )


def _policy(form: FormData, saved: SignInSettings) -> MfaPolicy | None:
    """Return the chosen one, under the name that it is saved under; None if there is no such."""
    chosen = text_of(form, "policy")
    if chosen == OLDER_NAMES.get(saved.mfa.policy):
        return saved.mfa.policy
    return next((policy for policy in POLICIES if policy == chosen), None)
