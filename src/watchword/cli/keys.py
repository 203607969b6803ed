"""`watchword keys`: make a secret key, re-seal what older keys sealed, follow a signing key."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from watchword.audit.models import Actor
from watchword.cli.output import AsJson, Tenant, opened, run, say, settings_or_fail
from watchword.core.ids import new_id
from watchword.core.keys import SecretKeys
from watchword.storage.resealing import keys_in_use, reseal

ACTOR = Actor.system("cli")

cli = typer.Typer(help="Make and rotate secret keys and signing keys.", no_args_is_help=True)


class SigningAlgorithm(StrEnum):
    """What tokens are signed with."""

    ES256 = "ES256"
    RS256 = "RS256"


@cli.command()
def new(
    key_id: Annotated[str | None, typer.Option("--id", help="The key's id.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print a new key, to be put first in WATCHWORD_SECRET_KEYS."""
    made = SecretKeys.generate(key_id or new_id(8))
    say(as_json, {"key": made}, made)


@cli.command()
def rotate(as_json: AsJson = False) -> None:
    """Seal everything with the first listed key, in batches, while the server runs."""

    async def work() -> dict[str, Any]:
        settings = settings_or_fail()
        async with opened(settings) as server:
            resealed = await reseal(server.storage, settings.keys)
            told = {"current": settings.keys.current_id, "resealed": resealed}
            await server.administration.audit.record("secret_key.rotated", ACTOR, payload=told)
            in_use = await keys_in_use(server.storage)
            return {
                "resealed": resealed,
                "current": settings.keys.current_id,
                "stillInUse": {
                    key_id: places
                    for key_id, places in in_use.items()
                    if key_id != settings.keys.current_id
                },
                "mayGo": [key_id for key_id in settings.keys.ids[1:] if key_id not in in_use],
            }

    done = run(work())
    lines = [f"{done['resealed']} values sealed anew with {done['current']!r}."]
    lines += [f"{key!r} may go: nothing needs it any more." for key in done["mayGo"]]
    lines += [
        f"{key!r} is still needed by {', '.join(places)}; codes and limits expire by themselves."
        for key, places in done["stillInUse"].items()
    ]
    say(as_json, done, "\n".join(lines))


@cli.command("rotate-signing")
def rotate_signing(
    algorithm: Annotated[
        SigningAlgorithm | None, typer.Option(help="One of the two; both where it is left out.")
    ] = None,
    tenant: Tenant = "default",
    as_json: AsJson = False,
) -> None:
    """Let new signing keys follow the tenant's present ones, while the server runs.

    A new key is published at once and signs a quarter of an hour later; the old one stays published
    until the last token it signed has expired.
    """

    async def work() -> list[dict[str, Any]]:
        async with opened(settings_or_fail()) as server:
            scope = await server.scope_of(tenant)
            rotated = []
            for chosen in [algorithm] if algorithm else SigningAlgorithm:
                rotation = await scope.oidc.keys.rotate(chosen.value)
                told = {
                    "algorithm": rotation.algorithm,
                    "keyId": rotation.key_id,
                    "signsFrom": rotation.signs_from.isoformat(timespec="seconds"),
                }
                rotated.append(told)
                await scope.audit.record("signing_key.rotated", ACTOR, payload={"after": told})
            return rotated

    done = run(work())
    say(
        as_json,
        done,
        "\n".join(
            f"{key['algorithm']}: key {key['keyId']} signs from {key['signsFrom']}." for key in done
        ),
    )
