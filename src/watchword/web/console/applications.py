"""Applications: register one, read its id, set where it may be returned to."""

from datetime import timedelta
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import Response

from watchword.applications.models import Application, ApplicationType, NewApplication
from watchword.configuration.errors import ConfigurationChanged
from watchword.configuration.models import Kind
from watchword.core.errors import DomainError
from watchword.core.pagination import PageRequest
from watchword.web.console.confirming import others_since
from watchword.web.console.deleting import configured, deleted, is_typed, version_seen
from watchword.web.console.desk import Desk, WorkDesk, text_of, whole_number
from watchword.web.console.organizations import ticked
from watchword.web.console.quick_starts import quick_starts_of
from watchword.web.console.routing import console_router

router = console_router("/console/{tenant}/applications")

SECRET_DAYS = (7, 30, 90, 180, 365)
"""After how many days a secret may end; or never."""


@router.get("")
async def list_applications(desk: WorkDesk, page: int = 1) -> Response:
    """List the applications."""
    return desk.render(
        "applications.html",
        applications=await desk.scope.applications.list(PageRequest(max(1, page))),
        page_address=lambda n: desk.address("applications", page=n),
    )


@router.get("/new")
async def show_new(desk: WorkDesk) -> Response:
    """Ask for name, type and redirect URIs."""
    return _new_page(desk, {"name": "", "type": ApplicationType.SPA, "redirect_uris": ""})


@router.post("/new")
async def create(desk: WorkDesk) -> Response:
    """Register it; the secret, where there is one, is shown on this answer only."""
    form = await desk.form()
    values = {name: text_of(form, name) for name in ("name", "type", "redirect_uris")}
    if not values["name"].strip():
        missing = desk.text("console.organizations.name_missing")
        return _new_page(desk, values, name_problem=missing, status_code=422)
    try:
        created = await desk.scope.configuration.applications.create(
            desk.actor,
            NewApplication(
                name=values["name"].strip(),
                type=values["type"],
                redirect_uris=_lines(form, "redirect_uris"),
            ),
        )
    except DomainError as error:
        return _new_page(desk, values, problem=desk.message(error), status_code=422)
    if created.secret is None:
        return desk.go("applications", created.application.id, done="application_created")
    return desk.render(
        "application_secret.html",
        application=created.application,
        secret=created.secret,
        secret_name="",
    )


@router.get("/{application_id}")
async def show(desk: WorkDesk, application_id: str) -> Response:
    """Show what a developer needs, and the settings."""
    application = await desk.scope.applications.get(application_id)
    return await _details_page(desk, application, _values(application))


@router.post("/{application_id}")
async def change(desk: WorkDesk, application_id: str) -> Response:
    """Save name and addresses."""
    form = await desk.form()
    application = await desk.scope.applications.get(application_id)
    values = {name: text_of(form, name) for name in _values(application)}
    seen = whole_number(text_of(form, "version"))
    try:
        await desk.scope.configuration.applications.change(
            desk.actor,
            application_id,
            {
                "name": values["name"].strip(),
                "oidcClientMetadata": {
                    "redirectUris": list(_lines(form, "redirect_uris")),
                    "postLogoutRedirectUris": list(_lines(form, "post_logout_redirect_uris")),
                },
                "customClientMetadata": {
                    "corsAllowedOrigins": list(_lines(form, "cors_allowed_origins"))
                },
            },
            expected_version=seen,
        )
    except DomainError as error:
        return await _details_page(
            desk,
            application,
            values,
            problem=desk.message(error),
            others=await others_since(desk, Kind.APPLICATION, seen, application_id),
            status_code=422,
            is_dirty=True,
        )
    return desk.go("applications", application_id, done="saved")


@router.post("/{application_id}/delete")
async def delete(desk: WorkDesk, application_id: str) -> Response:
    """Delete it, once its name was typed."""
    application = await desk.scope.applications.get(application_id)
    form, version = await desk.form(), application.version
    said = await deleted(
        desk,
        form,
        configured(desk, form, Kind.APPLICATION, application_id, version=version),
        lambda: desk.scope.configuration.applications.delete(
            desk.actor, application_id, expected_version=version_seen(form)
        ),
        is_named=is_typed(form, application.name),
    )
    if said is not None:
        application = await desk.scope.applications.get(application_id)
        return await _details_page(desk, application, _values(application), **said)
    return desk.go("applications", done="application_deleted")


@router.post("/{application_id}/secrets")
async def add_secret(desk: WorkDesk, application_id: str) -> Response:
    """Add a secret, which is shown on this answer only."""
    application = await desk.scope.applications.get(application_id)
    form = await desk.form()
    name, days = text_of(form, "secret_name").strip(), text_of(form, "days")
    lifetime = next((timedelta(days=one) for one in SECRET_DAYS if str(one) == days), None)
    await desk.prove_fresh()
    try:
        created = await desk.scope.configuration.applications.add_secret(
            desk.actor,
            application_id,
            name,
            desk.server.clock.now() + lifetime if lifetime else None,
        )
    except DomainError as error:
        return await _details_page(
            desk,
            application,
            _values(application),
            secret_error=desk.message(error),
            secret_name=name,
            status_code=422,
        )
    return desk.render(
        "application_secret.html",
        application=created.application,
        secret=created.value,
        secret_name=created.secret.name,
    )


@router.post("/{application_id}/secrets/delete")
async def delete_secret(desk: WorkDesk, application_id: str) -> Response:
    """Take a secret away, for good."""
    application, form = await desk.scope.applications.get(application_id), await desk.form()
    seen = version_seen(form)
    said = await deleted(
        desk,
        form,
        configured(desk, form, Kind.APPLICATION, application_id, version=application.version),
        lambda: desk.scope.configuration.applications.delete_secret(
            desk.actor, application_id, text_of(form, "secret_name"), expected_version=seen
        ),
        is_named=True,
    )
    if said is not None:
        return await _details_page(
            desk,
            application,
            _values(application),
            secrets_problem=said["delete_error"],
            secrets_others=said["changed_meanwhile"],
            status_code=said["status_code"],
        )
    return desk.go("applications", application_id, done="secret_deleted")


@router.post("/{application_id}/scopes")
async def assign_scopes(desk: WorkDesk, application_id: str) -> Response:
    """Say what it may be given of the API resources."""
    application, form = await desk.scope.applications.get(application_id), await desk.form()
    chosen, seen = ticked(form, "scope"), whole_number(text_of(form, "version"))
    try:
        await desk.scope.configuration.applications.assign_scopes(
            desk.actor, application_id, chosen, expected_version=seen
        )
    except ConfigurationChanged as error:
        return await _details_page(
            desk,
            application,
            _values(application),
            chosen_scopes=chosen,
            scopes_problem=desk.message(error),
            scopes_others=await others_since(desk, Kind.APPLICATION, seen, application_id),
            status_code=409,
        )
    return desk.go("applications", application_id, done="saved")


def _new_page(desk: Desk, values: dict[str, Any], **context: Any) -> Response:
    return desk.render(
        "application_new.html",
        **{
            "values": values,
            "types": list(ApplicationType),
            "problem": "",
            "name_problem": "",
            **context,
        },
    )


async def _details_page(
    desk: Desk, application: Application, values: dict[str, str], **context: Any
) -> Response:
    return desk.render(
        "application.html",
        **{
            "application": application,
            "values": values,
            "issuer": desk.scope.issuer,
            "quick_starts": quick_starts_of(desk.scope, application),
            "resources": await desk.scope.resources.list(),
            "secret_days": SECRET_DAYS,
            "secret_error": "",
            "secrets_problem": "",
            "secrets_others": (),
            "secret_name": "",
            "chosen_scopes": application.resource_scopes,
            "scopes_problem": "",
            "problem": "",
            "delete_error": "",
            "is_dirty": False,
            **context,
        },
    )


def _values(application: Application) -> dict[str, str]:
    return {
        "name": application.name,
        "redirect_uris": "\n".join(application.redirect_uris),
        "post_logout_redirect_uris": "\n".join(application.post_logout_redirect_uris),
        "cors_allowed_origins": "\n".join(application.metadata.cors_allowed_origins),
    }


def _lines(form: FormData, name: str) -> tuple[str, ...]:
    return tuple(filter(None, (line.strip() for line in text_of(form, name).splitlines())))
