"""`watchword apps`: applications that people sign in to, or that call the Management API."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from watchword.applications.models import NewApplication
from watchword.audit.models import Actor
from watchword.cli.output import AsJson, Tenant, opened, run, say, settings_or_fail
from watchword.core.pagination import PageRequest

cli = typer.Typer(help="Register and list applications.", no_args_is_help=True)


class Kind(StrEnum):
    """The kinds an application can be registered as."""

    SPA = "SPA"
    NATIVE = "Native"
    TRADITIONAL = "Traditional"
    MACHINE_TO_MACHINE = "MachineToMachine"


@cli.command()
def create(
    name: Annotated[str, typer.Option(help="The name people see.")],
    type: Annotated[Kind, typer.Option(help="Public (SPA, Native) or with a secret.")],
    redirect_uri: Annotated[list[str] | None, typer.Option(help="May be repeated.")] = None,
    post_logout_redirect_uri: Annotated[
        list[str] | None, typer.Option(help="May be repeated.")
    ] = None,
    management: Annotated[
        bool, typer.Option("--management", help="Let a machine call the Management API.")
    ] = False,
    tenant: Tenant = "default",
    as_json: AsJson = False,
) -> None:
    """Register an application and print its id and secret."""

    async def work() -> dict[str, Any]:
        async with opened(settings_or_fail()) as server:
            scope = await server.scope_of(tenant)
            created = await scope.configuration.applications.create(
                Actor.system("cli"),
                NewApplication(
                    name=name,
                    type=type.value,
                    redirect_uris=tuple(redirect_uri or ()),
                    post_logout_redirect_uris=tuple(post_logout_redirect_uri or ()),
                    is_management=management,
                ),
            )
            return {"id": created.application.id, "secret": created.secret}

    made = run(work())
    lines = [f"id      {made['id']}"]
    if made["secret"]:
        lines.append(f"secret  {made['secret']}")
    say(as_json, made, "\n".join(lines))


@cli.command("list")
def list_applications(tenant: Tenant = "default", as_json: AsJson = False) -> None:
    """List the tenant's applications."""

    async def work() -> list[dict[str, Any]]:
        async with opened(settings_or_fail()) as server:
            scope = await server.scope_of(tenant)
            page = await scope.applications.list(PageRequest(size=1000))
            return [
                {"id": application.id, "name": application.name, "type": application.type}
                for application in page.items
            ]

    found = run(work())
    say(as_json, found, "\n".join(f"{a['id']}  {a['type']:<18}{a['name']}" for a in found))
