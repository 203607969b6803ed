"""`watchword tenants`: the isolated customers of this server."""

from typing import Annotated, Any

import typer

from watchword.audit.models import Actor
from watchword.cli.output import AsJson, opened, run, say, settings_or_fail
from watchword.tenants.models import Tenant, TenantTag, hosts_line

ACTOR = Actor.system("cli")

cli = typer.Typer(help="Create, list, rename, tag and delete tenants.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="The tenant's id, which is a part of its address.")]
Tag = Annotated[TenantTag, typer.Option("--tag", help="What it is for.")]


@cli.callback()
def tenants() -> None:
    """Create, list, rename, tag and delete tenants."""


@cli.command("list")
def list_tenants(as_json: AsJson = False) -> None:
    """List the tenants and their origins."""

    async def work() -> list[dict[str, Any]]:
        async with opened(settings_or_fail()) as server:
            return [_shown(tenant, server.public_url) for tenant in await server.directory.list()]

    found = run(work())
    say(as_json, found, "\n".join(f"{t['id']:<20}{t['tag']:<14}{t['origin']}" for t in found))


@cli.command()
def create(
    id: Id,
    name: Annotated[str | None, typer.Option("--name", help="What people call it.")] = None,
    tag: Tag = TenantTag.DEVELOPMENT,
    host: Annotated[
        str | None,
        typer.Option("--host", help="A domain of its own, such as `login.example.com`."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            help="A port of its own, for a development tenant of a server on this machine. The "
            "server listens on it from its next start on.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create a tenant with users, keys, connectors and settings of its own.

    It answers at `<id>.<public host>`, at --host, or at --port of the public host. Where that is
    below `localhost`, browsers find it by themselves; for other programs, the line for the hosts
    file is printed.
    """

    async def work() -> dict[str, Any]:
        async with opened(settings_or_fail()) as server:
            tenant = await server.administration.create(ACTOR, id, name or id, tag, host, port=port)
            return _shown(tenant, server.public_url)

    made = run(work())
    lines = [f"{made['id']}: {made['origin']}", f"issuer: {made['origin']}/oidc"]
    if made["hostsLine"]:
        lines += ["", "For programs other than browsers, add to the hosts file:", made["hostsLine"]]
    if made["port"]:
        lines += ["", f"Restart the server: it listens on port {port} from its next start on."]
    say(as_json, made, "\n".join(lines))


@cli.command()
def rename(
    id: Id,
    name: Annotated[str, typer.Argument(help="What people call it from now on.")],
    as_json: AsJson = False,
) -> None:
    """Call a tenant otherwise; its address stays."""

    async def work() -> None:
        async with opened(settings_or_fail()) as server:
            await server.administration.rename(ACTOR, id, name)

    run(work())
    say(as_json, {"id": id, "name": name}, f"{id} is called {name} now.")


@cli.command()
def tag(
    id: Id,
    tag: Annotated[TenantTag, typer.Argument(help="What it is for from now on.")],
    reason: Annotated[str | None, typer.Option(help="Why; the audit log keeps it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a tenant is for; production refuses what only development needs."""

    async def work() -> None:
        async with opened(settings_or_fail()) as server:
            scope = await server.scope_of(id)
            await scope.configuration.settings.set_tag(ACTOR, tag, reason=reason)

    run(work())
    say(as_json, {"id": id, "tag": tag}, f"{id} is for {tag} now.")


@cli.command()
def delete(
    id: Id,
    confirm: Annotated[
        str, typer.Option("--confirm", prompt="Type the tenant's id to delete it for good")
    ],
    as_json: AsJson = False,
) -> None:
    """Delete a tenant with its users, keys, connectors, settings and logs, for good."""

    async def work() -> None:
        async with opened(settings_or_fail()) as server:
            await server.administration.delete(ACTOR, id, confirm)

    run(work())
    say(as_json, {"id": id}, f"{id} is deleted.")


def _shown(tenant: Tenant, public_url: str) -> dict[str, Any]:
    origin = tenant.origin(public_url)
    return {
        "id": tenant.id,
        "name": tenant.name,
        "tag": tenant.tag,
        "origin": origin,
        "port": tenant.port,
        "hostsLine": hosts_line(origin),
    }
