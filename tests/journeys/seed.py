"""Set a server up for a journey. May run in the tested installation: it imports nothing of ours.

python seed.py '{"connector": "http-sms", "config": {…}, "redirectUri": "…"}' prints the
application's id; a key that is left out leaves its part as it is. With `applications`, each as
`NewApplication` has it, it prints their ids and secrets as JSON.
"""

import asyncio
import json
import sys
from typing import Any

from watchword.applications.models import NewApplication
from watchword.audit.models import Actor
from watchword.cli.output import opened
from watchword.settings import Settings, load_settings
from watchword.web.scope import ServerScope

ACTOR = Actor.system("journey")


async def seed(settings: Settings, wish: dict[str, Any]) -> str:
    """Do what is wished for and return the application's id."""
    async with opened(settings) as server:
        if "connector" in wish:
            scope = await server.scope_of("default")
            await scope.configuration.connectors.create(
                ACTOR,
                wish["connector"],
                wish["config"],
                id=wish.get("connectorId"),
                metadata=wish.get("metadata"),
            )
        if "signIn" in wish:
            scope = await server.scope_of("default")
            await scope.configuration.settings.save_sign_in(ACTOR, wish["signIn"])
        if "applications" in wish:
            return json.dumps([await register(server, values) for values in wish["applications"]])
        if "redirectUri" not in wish:
            return ""
        scope = await server.scope_of("default")
        created = await scope.configuration.applications.create(
            ACTOR,
            NewApplication(
                name="Shop",
                type="SPA",
                redirect_uris=(wish["redirectUri"],),
                post_logout_redirect_uris=(wish["redirectUri"],),
            ),
        )
        return created.application.id


async def register(server: ServerScope, values: dict[str, Any]) -> dict[str, Any]:
    """Register one application and return its id and secret."""
    scope = await server.scope_of("default")
    created = await scope.configuration.applications.create(ACTOR, NewApplication(**values))
    return {"id": created.application.id, "secret": created.secret}


if __name__ == "__main__":
    sys.stdout.write(asyncio.run(seed(load_settings(), json.loads(sys.argv[1]))))
