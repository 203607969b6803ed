"""Sign-in experience, branding: colour, logo, terms and language."""

from typing import Any

from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from watchword.configuration.models import Kind
from watchword.core.errors import DomainError
from watchword.pictures.models import ADDRESSES, addresses_of, digest_of
from watchword.sign_in_settings.models import (
    SignInSettings,
)
from watchword.web.console.confirming import others_since
from watchword.web.console.desk import Desk, WorkDesk, text_of, whole_number
from watchword.web.console.preview_pane import PreviewPane
from watchword.web.console.routing import console_router
from watchword.web.pages.custom_css import problems_of

router = console_router("/console/{tenant}/sign-in-experience/branding")

TERMS = ("Automatic", "ManualRegistrationOnly", "Manual")

BRANDING_FIELDS = (
    "primaryColor",
    "darkPrimaryColor",
    "logoUrl",
    "darkLogoUrl",
    "favicon",
    "termsOfUseUrl",
    "privacyPolicyUrl",
    "agreeToTermsPolicy",
    "fallbackLanguage",
)
LONGEST_CSS = 64 * 1024
MOST_PROBLEMS = 5


@router.get("")
async def show_branding(desk: WorkDesk) -> Response:
    """Show colour, logo and terms."""
    settings, version = await desk.scope.configuration.settings.sign_in()
    values = _branding_values(settings)
    return _branding_page(
        desk, values, version, without_picture=await _without_picture(desk, values), is_dirty=False
    )


@router.post("")
async def save_branding(desk: WorkDesk) -> Response:
    """Save colour, logo and terms."""
    form = await desk.form()
    values = _posted_values(form)
    version = whole_number(text_of(form, "version"))
    saved, saved_version = await desk.scope.configuration.settings.sign_in()
    sheet_error = css_error(desk, values["customCss"])
    if sheet_error:
        errors = {"customCss": sheet_error}
        return _branding_page(desk, values, version, errors=errors, status_code=422)
    try:
        await desk.scope.configuration.settings.save_sign_in(
            desk.actor, _branding_patch(saved, values), expected_version=version
        )
        await desk.scope.pictures.fetch(addresses_of(values))
    except ValidationError as error:
        errors = {
            str(issue["loc"][-1]): desk.text(
                "console.branding.bad_colour"
                if "olor" in str(issue["loc"][-1])
                else "console.branding.bad_address"
            )
            for issue in error.errors(include_input=False)
        }
        return _branding_page(desk, values, version, errors=errors, status_code=422)
    except DomainError as error:
        return _branding_page(
            desk,
            values,
            saved_version,
            problem=desk.message(error),
            others=await others_since(desk, Kind.SIGN_IN, version),
            status_code=409,
        )
    return desk.go("sign-in-experience", "branding", done="saved")


def css_error(desk: Desk, sheet: str) -> str:
    """Return what is wrong with a style sheet, line by line; empty where nothing is."""
    if len(sheet) > LONGEST_CSS:
        return desk.text("console.css.too_long", most=LONGEST_CSS // 1024)
    problems = problems_of(sheet)[:MOST_PROBLEMS]
    return " ".join(
        desk.text(f"console.css.{problem.phrase}", line=problem.line, what=problem.what)
        for problem in problems
    )


def previewed(saved: SignInSettings, form: FormData) -> SignInSettings:
    """Return the settings with what is filled in; half a colour or address counts as the saved."""
    patch, document = _branding_patch(saved, _posted_values(form)), saved.document()
    try:
        return SignInSettings.model_validate({**document, **patch})
    except ValidationError as error:
        for issue in error.errors(include_input=False):
            _put_back(patch, document, [str(part) for part in issue["loc"]])
    return SignInSettings.model_validate({**document, **patch})


def _put_back(patch: dict[str, Any], saved: dict[str, Any], place: list[str]) -> None:
    section, name = patch[place[0]], place[-1]
    if not isinstance(section, dict):
        patch[place[0]] = saved[place[0]]
    elif name in saved[place[0]]:
        section[name] = saved[place[0]][name]
    else:
        section.pop(name, None)


def _posted_values(form: FormData) -> dict[str, Any]:
    return {
        **{name: text_of(form, name).strip() for name in BRANDING_FIELDS},
        "customCss": text_of(form, "customCss").replace("\r\n", "\n").rstrip(),
        "isDarkModeEnabled": "isDarkModeEnabled" in form,
        "autoDetect": "autoDetect" in form,
    }


def _branding_page(
    desk: Desk, values: dict[str, Any], version: int | None, **context: Any
) -> Response:
    return desk.render(
        "branding.html",
        **{
            "tab": "branding",
            "values": values,
            "version": version,
            "terms": TERMS,
            "errors": {},
            "without_picture": {},
            "problem": "",
            "is_dirty": bool(context),
            "demo_app": f"{desk.scope.origin}/demo-app",
            "pane": PreviewPane(desk, "branding"),
            "frames": "'self'",
            **context,
        },
    )


async def _without_picture(desk: Desk, values: dict[str, Any]) -> dict[str, str]:
    """Return, by field, why pages show nothing of an address."""
    problems = await desk.scope.pictures.problems()
    found = {name: problems.get(digest_of(values[name])) for name in ADDRESSES}
    return {
        name: desk.text(f"console.branding.no_picture.{problem}")
        for name, problem in found.items()
        if problem
    }


def _branding_values(settings: SignInSettings) -> dict[str, Any]:
    document = settings.document()
    every = {**document, **document["color"], **document["branding"], **document["languageInfo"]}
    values = {name: every.get(name) or "" for name in (*BRANDING_FIELDS, "customCss")}
    return {
        **values,
        "isDarkModeEnabled": every["isDarkModeEnabled"],
        "autoDetect": every["autoDetect"],
    }


def _branding_patch(saved: SignInSettings, values: dict[str, Any]) -> dict[str, Any]:
    kept = saved.document()["branding"]
    pictures = {name: values[name] for name in ADDRESSES}
    return {
        "color": {
            "primaryColor": values["primaryColor"],
            "darkPrimaryColor": values["darkPrimaryColor"],
            "isDarkModeEnabled": values["isDarkModeEnabled"],
        },
        "branding": {name: value for name, value in {**kept, **pictures}.items() if value},
        "customCss": values["customCss"] or None,
        "termsOfUseUrl": values["termsOfUseUrl"] or None,
        "privacyPolicyUrl": values["privacyPolicyUrl"] or None,
        "agreeToTermsPolicy": values["agreeToTermsPolicy"]
        if values["agreeToTermsPolicy"] in TERMS
        else saved.agree_to_terms_policy,
        "languageInfo": {
            "autoDetect": values["autoDetect"],
            "fallbackLanguage": values["fallbackLanguage"],
        },
    }
