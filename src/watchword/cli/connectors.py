"""`watchword connectors`: what this server can send through, and what a tenant has set up."""

from typing import Annotated, Any

import typer

from watchword.cli.output import AsJson, Tenant, opened, run, say, settings_or_fail

cli = typer.Typer(help="List connectors.", no_args_is_help=True)


@cli.callback()
def connectors() -> None:
    """List connectors."""


@cli.command("list")
def list_connectors(
    available: Annotated[
        bool, typer.Option("--available", help="Those this server ships with.")
    ] = False,
    tenant: Tenant = "default",
    as_json: AsJson = False,
) -> None:
    """List a tenant's active connectors, or all that can be set up."""

    async def work() -> list[dict[str, Any]]:
        async with opened(settings_or_fail()) as server:
            if available:
                return [
                    {"connectorId": found.metadata.id, "name": found.metadata.name["en"]}
                    for found in server.registry.list()
                ]
            scope = await server.scope_of(tenant)
            return [
                {"id": saved.id, "connectorId": saved.connector_id, "type": saved.type}
                for saved in await scope.connectors.list()
            ]

    found = run(work())
    say(as_json, found, "\n".join("  ".join(str(value) for value in row.values()) for row in found))
