"""`watchword keys`: make a secret key, and re-seal what older keys sealed."""

from typing import Annotated, Any

import typer

from watchword.cli.output import AsJson, opened, run, say, settings_or_fail
from watchword.core.ids import new_id
from watchword.core.keys import SecretKeys
from watchword.storage.resealing import keys_in_use, reseal

cli = typer.Typer(help="Make and rotate secret keys.", no_args_is_help=True)


@cli.command()
def new(
    key_id: Annotated[str | None, typer.Option("--id", help="The key's id.")] = None,
) -> None:
    """Print a new key, to be put first in WATCHWORD_SECRET_KEYS."""
    print(SecretKeys.generate(key_id or new_id(8)))


@cli.command()
def rotate(as_json: AsJson = False) -> None:
    """Seal everything with the first listed key, in batches, while the server runs."""

    async def work() -> dict[str, Any]:
        settings = settings_or_fail()
        async with opened(settings) as server:
            resealed = await reseal(server.storage, settings.keys)
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
