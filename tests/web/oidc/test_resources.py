"""Tokens for APIs over HTTP, checked by the code of the how-to page with the key set alone."""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from joserfc.jwk import KeySet

from tests.web.experience.conftest import Site
from tests.web.oidc.conftest import Shop, open_shop
from watchword.applications.models import NewApplication
from watchword.audit.models import SYSTEM
from watchword.users.models import User

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "protect-an-api.md"
EXAMPLE = re.compile(r'^```python title="orders_auth.py"\n(?P<code>.*?)^```$', re.M | re.S)
ORDERS = "https://orders.example.com"


@dataclass
class Api:
    """An API that checks tokens as the page says."""

    site: Site
    code: Any

    async def verify(self, token: str, scope: str = "read:orders") -> dict[str, Any]:
        """Return the claims that the page's code lets through."""
        visitor = await self.site.visitor()
        keys = KeySet.import_key_set((await visitor.get("/oidc/jwks")).json())
        claims: dict[str, Any] = self.code.verify(token, keys, scope)
        return claims


@pytest.fixture
async def api(site: Site) -> Api:
    """Return the page's API, registered with the page's scope."""
    found = EXAMPLE.search(PAGE.read_text(encoding="utf-8"))
    assert found is not None
    # As on the page, but for this test's issuer and clock.
    code = found["code"].replace("https://auth.example.com/oidc", (await site.scope()).issuer)
    code = code.replace("JWTClaimsRegistry(", "JWTClaimsRegistry(now,")
    module = ModuleType("orders_auth")
    module.__dict__["now"] = lambda: int(site.clock.now().timestamp())
    exec(compile(code, str(PAGE), "exec"), module.__dict__)  # noqa: S102  # our own page
    configuration = (await site.scope()).configuration.resources
    resource = await configuration.create(SYSTEM, "Orders", ORDERS)
    for name in ("read:orders", "write:orders"):
        await configuration.add_scope(SYSTEM, resource.id, name)
    return Api(site, module)


async def allow(site: Site, application_id: str, *names: str) -> None:
    """Let an application be given scopes."""
    scope = await site.scope()
    resource = next(one for one in await scope.resources.list() if one.indicator == ORDERS)
    ids = [found.id for found in resource.scopes if found.name in names]
    await scope.configuration.applications.assign_scopes(SYSTEM, application_id, ids)


async def test_a_person_and_a_refresh_bring_tokens_that_the_api_takes(
    api: Api, signed_in: Shop, alice: User
) -> None:
    await allow(api.site, signed_in.application.id, "read:orders")
    asked = {
        "scope": "openid offline_access read:orders write:orders",
        "resource": ORDERS,
        "prompt": "consent",
    }
    code = await signed_in.code(**asked)

    first = (await signed_in.exchange(code, resource=ORDERS)).json()
    refreshed = await signed_in.token(
        grant_type="refresh_token", refresh_token=first["refresh_token"], resource=ORDERS
    )

    for tokens in (first, refreshed.json()):
        claims = await api.verify(tokens["access_token"])
        assert (claims["sub"], claims["client_id"]) == (alice.id, signed_in.application.id)
        assert tokens["scope"] == claims["scope"] == "read:orders"
        with pytest.raises(api.code.Refused, match="403"):
            await api.verify(tokens["access_token"], "write:orders")


async def test_a_machine_brings_a_token_that_the_api_takes(api: Api) -> None:
    scope = await api.site.scope()
    machine = await scope.configuration.applications.create(
        SYSTEM, NewApplication(name="Robot", type="MachineToMachine")
    )
    await allow(api.site, machine.application.id, "read:orders")
    client = await api.site.visitor()

    answer = await client.post(
        "/oidc/token",
        data={"grant_type": "client_credentials", "resource": ORDERS, "scope": "read:orders"},
        auth=(machine.application.id, machine.secret or ""),
    )

    token = answer.json()["access_token"]
    claims = await api.verify(token)
    assert claims["sub"] == claims["client_id"] == machine.application.id
    api.site.clock.advance(timedelta(hours=1, seconds=1))
    with pytest.raises(api.code.Refused, match="401"):
        await api.verify(token)


async def test_the_api_takes_no_other_token(api: Api, signed_in: Shop) -> None:
    tokens = await signed_in.tokens(scope="openid")
    management = await signed_in.tokens(
        scope="read:orders", resource=f"{(await api.site.scope()).origin}/api"
    )
    for token in (
        tokens["id_token"],
        tokens["access_token"],
        management["access_token"],
        "e30.e30.e30",
        "",
    ):
        with pytest.raises(api.code.Refused, match="401"):
            await api.verify(token)


async def test_a_third_party_gets_one_once_the_person_agreed(
    api: Api, site: Site, alice: User
) -> None:
    shop = await open_shop(site, name="Ledger", is_third_party=True)
    await allow(site, shop.application.id, "read:orders")
    await shop.sign_in(alice)
    asked = {"scope": "openid read:orders", "resource": ORDERS}

    sent_to = (await shop.authorize(**asked)).headers["location"]
    page = await shop.client.get(sent_to)
    described = (await shop.client.get("/api/interaction/consent")).json()

    assert "Orders" in page.text
    assert "read:orders" in page.text
    (missing,) = described["missingResourceScopes"]
    assert missing["resource"]["indicator"] == ORDERS
    assert [found["name"] for found in missing["scopes"]] == ["read:orders"]
    assert described["missingOIDCScope"] == ["openid"]
    allowed = await shop.client.post("/api/interaction/consent", json={})
    answer = await shop.client.get(allowed.json()["redirectTo"])
    tokens = (await shop.exchange(shop.returned(answer)["code"], resource=ORDERS)).json()
    assert (await api.verify(tokens["access_token"]))["scope"] == "read:orders"


async def test_refusals_have_the_standards_name(api: Api, signed_in: Shop) -> None:
    returned = signed_in.returned(await signed_in.authorize(resource="https://unknown.example"))
    assert (returned["error"], returned["state"]) == ("invalid_target", "s1")
    code = await signed_in.code(scope="openid")
    answer = await signed_in.exchange(code, resource=ORDERS)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_target"
    assert answer.json()["code"] == "oidc.invalid_target"
    assert api.code.AUDIENCE == ORDERS


async def test_scripts_of_the_applications_origins_may_read_tokens_and_userinfo(
    site: Site, alice: User
) -> None:
    shop = await open_shop(
        site, custom_client_metadata={"corsAllowedOrigins": ["https://cdn.shop.example"]}
    )
    await shop.sign_in(alice)

    async def allowed(origin: str) -> tuple[str | None, str | None]:
        shop.client.headers["origin"] = origin
        given = await shop.exchange(await shop.code())
        me = await shop.me(given.json()["access_token"])
        name = "access-control-allow-origin"
        return given.headers.get(name), me.headers.get(name)

    for origin in ("https://shop.example", "https://cdn.shop.example"):
        assert await allowed(origin) == (origin, origin)
    for origin in ("https://evil.example", "https://cdn.shop.example:8443", "null"):
        assert await allowed(origin) == (None, None)
