"""API resources, an application's secrets and scopes, and the code to copy."""

from datetime import timedelta

import pytest

from tests.web.console.conftest import Browser, Invite, Site
from watchword.applications.models import CreatedApplication, NewApplication
from watchword.audit.models import SYSTEM
from watchword.resources.models import Resource

CALLBACK = "https://shop.example/callback"


async def shop(site: Site, type_: str = "Traditional") -> CreatedApplication:
    """Register an application."""
    scope = await site.scope()
    return await scope.configuration.applications.create(
        SYSTEM, NewApplication(name="Shop", type=type_, redirect_uris=(CALLBACK,))
    )


async def orders(site: Site) -> Resource:
    """Register an API with one scope."""
    resources = (await site.scope()).configuration.resources
    made = await resources.create(SYSTEM, "Orders", "https://orders.example")
    await resources.add_scope(SYSTEM, made.id, "read")
    return await (await site.scope()).resources.get(made.id)


class TestResources:
    async def test_one_is_made_given_scopes_made_the_default_and_deleted(
        self, site: Site, owner: Browser
    ) -> None:
        await owner.open("resources/new")
        page = await owner.submit(
            "/resources/new", name="Orders", indicator="https://orders.example", ttl="600"
        )
        assert "The API resource was created." in page.words
        [_, made] = await (await site.scope()).resources.list()

        page = await owner.submit("/scopes", scope_name="read:orders", description="See them")
        assert "read:orders" in page.words
        await owner.submit(f"/{made.id}", name="Order API", is_default="yes")
        saved = await (await site.scope()).resources.get(made.id)
        assert (saved.name, saved.access_token_ttl) == ("Order API", timedelta(minutes=10))
        assert saved.is_default
        await owner.submit(f"/scopes/{saved.scopes[0].id}/delete")
        assert (await (await site.scope()).resources.get(made.id)).scopes == ()
        await owner.submit(f"/{made.id}/delete", typed_name="Order API")

        assert len(await (await site.scope()).resources.list()) == 1

    async def test_who_looked_at_an_older_version_overwrites_nothing(
        self, site: Site, owner: Browser
    ) -> None:
        made = await orders(site)
        await owner.open(f"resources/{made.id}")
        changing = (await site.scope()).configuration.resources
        await changing.change(SYSTEM, made.id, name="Order API")

        page = await owner.submit(f"/{made.id}", name="Mine")

        assert page.status == 422
        assert 'role="alert"' in page.html
        assert (await (await site.scope()).resources.get(made.id)).name == "Order API"

    async def test_an_earlier_version_comes_back(self, site: Site, owner: Browser) -> None:
        made = await orders(site)
        await owner.open(f"resources/{made.id}")
        await owner.submit(f"/{made.id}", name="Changed")
        await owner.open(f"resources/{made.id}/history")

        await owner.submit("/restore", version=str(made.version))
        await owner.submit("/restore", do="confirm")

        back = await (await site.scope()).resources.get(made.id)
        assert (back.name, [scope.name for scope in back.scopes]) == ("Orders", ["read"])

    @pytest.mark.parametrize(
        ("typed", "wrong"),
        [
            ({"name": ""}, "name"),
            ({"indicator": "orders"}, "indicator"),
            ({"ttl": "59"}, "ttl"),
            ({"ttl": "²"}, "ttl"),
        ],
    )
    async def test_what_is_wrong_is_said_beside_it_and_nothing_is_saved(
        self, site: Site, owner: Browser, typed: dict[str, str], wrong: str
    ) -> None:
        await owner.open("resources/new")
        right = {"name": "Orders", "indicator": "https://orders.example", "ttl": "600"}

        page = await owner.submit("/resources/new", **{**right, **typed})

        assert page.status == 422
        assert f'id="{wrong}-note" role="alert"' in page.html
        assert len(await (await site.scope()).resources.list()) == 1

    async def test_a_taken_scope_name_is_said(self, site: Site, owner: Browser) -> None:
        made = await orders(site)
        await owner.open(f"resources/{made.id}")

        page = await owner.submit("/scopes", scope_name="read")

        assert page.status == 422
        assert 'id="scope_name-note" role="alert"' in page.html

    async def test_the_built_in_one_is_shown_and_offers_no_change(self, owner: Browser) -> None:
        page = await owner.open("resources/management-api")

        assert page.status == 200
        assert not [form for form in page.forms if "/resources/" in form.action]


class TestSecrets:
    async def test_one_is_added_shown_once_and_deleted(self, site: Site, owner: Browser) -> None:
        created = await shop(site)
        address = f"applications/{created.application.id}"
        await owner.open(address)

        shown = await owner.submit("/secrets", secret_name="spring", days="30")

        application = await (await site.scope()).applications.get(created.application.id)
        spring = application.secret_named("spring")
        value = (await site.scope()).applications.opened(application.id, spring)
        assert value in shown.html
        assert spring.expires_at == spring.created_at + timedelta(days=30)
        page = await owner.open(address)
        assert value not in page.html
        assert "spring" in page.words
        await owner.submit("/secrets/delete", secret_name="spring")
        kept = (await (await site.scope()).applications.get(created.application.id)).secrets
        assert "spring" not in {secret.name for secret in kept}

    async def test_a_taken_name_is_said_and_no_secret_made(
        self, site: Site, owner: Browser
    ) -> None:
        created = await shop(site)
        await owner.open(f"applications/{created.application.id}")

        page = await owner.submit("/secrets", secret_name="Default secret")

        assert page.status == 422
        assert 'id="secret_name-note" role="alert"' in page.html

    async def test_adding_one_wants_a_fresh_proof_of_who_one_is(
        self, site: Site, owner: Browser
    ) -> None:
        created = await shop(site)
        site.clock.advance(timedelta(hours=2))
        await owner.open(f"applications/{created.application.id}")

        page = await owner.submit("/secrets", secret_name="spring")

        assert "_password" in page.html
        application = await (await site.scope()).applications.get(created.application.id)
        assert len(application.secrets) == 1


async def test_scopes_of_apis_are_assigned(site: Site, owner: Browser) -> None:
    created, api = await shop(site), await orders(site)
    await owner.open(f"applications/{created.application.id}")

    await owner.submit(f"/{created.application.id}/scopes", scope=api.scopes[0].id)

    application = await (await site.scope()).applications.get(created.application.id)
    assert application.resource_scopes == (api.scopes[0].id,)


@pytest.mark.parametrize(
    ("type_", "titles"),
    [
        ("Traditional", ["OpenID Connect", "Authlib", "openid-client", "Logto SDK"]),
        ("SPA", ["OpenID Connect", "oidc-client-ts", "Logto SDK"]),
        ("MachineToMachine", ["OAuth 2.0", "curl", "Authlib"]),
    ],
)
async def test_quick_starts_have_the_applications_values_and_never_its_secret(
    site: Site, owner: Browser, type_: str, titles: list[str]
) -> None:
    scope = await site.scope()
    uris = () if type_ == "MachineToMachine" else (CALLBACK,)
    created = await scope.configuration.applications.create(
        SYSTEM, NewApplication(name="Shop", type=type_, redirect_uris=uris)
    )

    page = await owner.open(f"applications/{created.application.id}")

    starts = page.html.partition('id="quick-start"')[2].partition("</section>")[0]
    assert [title for title in titles if title not in starts] == []
    assert starts.count(created.application.id) >= len(titles)
    assert scope.issuer in starts
    assert all(uri in starts for uri in uris)
    assert "$" not in starts.replace("$WATCHWORD_CLIENT_SECRET", "")
    assert created.secret is None or created.secret not in page.html


async def test_a_viewer_looks_and_changes_nothing(site: Site, invite: Invite) -> None:
    created, api = await shop(site), await orders(site)
    viewer = await invite("viewer")
    application, resource = f"applications/{created.application.id}", f"resources/{api.id}"

    for path in ("resources", resource, application):
        assert (await viewer.open(path)).status == 200
    for path in (
        f"{application}/secrets",
        f"{application}/secrets/delete",
        f"{application}/scopes",
        "resources/new",
        resource,
        f"{resource}/delete",
        f"{resource}/scopes",
        f"{resource}/scopes/{api.scopes[0].id}/delete",
    ):
        await viewer.open(resource)
        viewer.page.form(resource).action = f"/console/default/{path}"
        answer = await viewer.post(path, typed_name="Orders", secret_name="Default secret")
        assert answer.status_code == 403, path

    assert len((await (await site.scope()).resources.get(api.id)).scopes) == 1
