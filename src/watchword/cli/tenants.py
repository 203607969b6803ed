"""`watchword tenants`: the isolated customers of this server."""

from typing import Any

import typer

from watchword.cli.output import AsJson, opened, run, say, settings_or_fail

cli = typer.Typer(help="List tenants.", no_args_is_help=True)


@cli.callback()
def tenants() -> None:
    """List tenants."""


@cli.command("list")
def list_tenants(as_json: AsJson = False) -> None:
    """List the tenants and their origins."""

    async def work() -> list[dict[str, Any]]:
        async with opened(settings_or_fail()) as server:
            return [
                {
                    "id": tenant.id,
                    "name": tenant.name,
                    "tag": tenant.tag,
                    "origin": tenant.origin(server.public_url),
                }
                for tenant in await server.directory.list()
            ]

    found = run(work())
    say(as_json, found, "\n".join(f"{t['id']:<20}{t['tag']:<14}{t['origin']}" for t in found))
