"""`watchword operators`: the people who run the server."""

from typing import Annotated, Any

import typer

from watchword.audit.models import Actor
from watchword.cli.output import AsJson, opened, run, say, settings_or_fail

ACTOR = Actor.system("cli")

cli = typer.Typer(help="Invite and list console operators.", no_args_is_help=True)


@cli.command()
def invite(
    owner: Annotated[bool, typer.Option("--owner", help="May do everything.")] = False,
    viewer: Annotated[bool, typer.Option("--viewer", help="May look, not change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print a one-time link with which a new operator chooses a user name and password."""
    role = "owner" if owner else "viewer" if viewer else "editor"

    async def work() -> str:
        async with opened(settings_or_fail()) as server:
            audit = server.administration.audit
            async with server.storage.transaction() as tx:
                token = await server.operators.invite(role, tx=tx)
                await audit.record("operator.invited", ACTOR, payload={"role": role}, tx=tx)
            return f"{server.public_url}/console/setup?token={token}"

    link = run(work())
    say(as_json, {"link": link, "role": role}, f"{link}\nThe link works once, for one hour.")


@cli.command("list")
def list_operators(as_json: AsJson = False) -> None:
    """List the operators."""

    async def work() -> list[dict[str, Any]]:
        async with opened(settings_or_fail()) as server:
            return [
                {"username": operator.username, "role": operator.role}
                for operator in await server.operators.list()
            ]

    found = run(work())
    say(as_json, found, "\n".join(f"{o['username']:<24}{o['role']}" for o in found))
