"""Two operators at one thing: the second deletes, renames and tags nothing that they never saw."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import pytest

from tests.configuration.test_connectors import PHONE_SIGN_IN
from tests.web.console.conftest import Browser, Site
from tests.web.console.test_connectors import set_twilio_up
from tests.web.console.test_resources import orders, shop
from tests.web.console.test_webhooks import set_up
from watchword.audit.models import SYSTEM
from watchword.core.errors import DomainError
from watchword.core.phone import PhoneNumber
from watchword.organization_roles.models import NewRole, RoleType
from watchword.organizations.models import NewOrganization
from watchword.storage import Database
from watchword.tenants.models import TenantTag
from watchword.users.models import NewUser, UserChange
from watchword.webhooks.models import WebhookChange

LOOK_AGAIN = "This is what it is now"
PHONE, OTHER_PHONE = PhoneNumber("447700900123"), PhoneNumber("447700900456")
LONG_ENOUGH = 0.05
"""For a request to come to where it waits; one that does not makes the test prove less."""


class Doomed(NamedTuple):
    """What the second operator is about to delete, and what the first does to it meanwhile."""

    page: str
    action: str
    typed: dict[str, str]
    meanwhile: Callable[[], Awaitable[object]]
    hold: Callable[[Database], Awaitable[object]]
    """Keeps both waiting until the transaction ends."""
    done: str = "deleted"


def configuration(site: Site) -> Callable[[Database], Awaitable[object]]:
    return lambda tx: site.server.directory.bump_stamp("default", tx)


async def an_application(site: Site, owner: Browser) -> Doomed:
    made = (await shop(site)).application
    changing = (await site.scope()).configuration.applications
    return Doomed(
        f"applications/{made.id}",
        f"/{made.id}/delete",
        {"typed_name": "Shop"},
        lambda: changing.change(SYSTEM, made.id, {"description": "In use"}),
        configuration(site),
    )


async def an_applications_secret(site: Site, owner: Browser) -> Doomed:
    made = (await shop(site)).application
    changing = (await site.scope()).configuration.applications

    async def remade() -> None:
        await changing.delete_secret(SYSTEM, made.id, "Default secret")
        await changing.add_secret(SYSTEM, made.id, "Default secret")

    return Doomed(
        f"applications/{made.id}",
        f"/{made.id}/secrets/delete",
        {"secret_name": "Default secret"},
        remade,
        configuration(site),
    )


async def a_resource(site: Site, owner: Browser) -> Doomed:
    made = await orders(site)
    changing = (await site.scope()).configuration.resources
    return Doomed(
        f"resources/{made.id}",
        f"/{made.id}/delete",
        {"typed_name": "Orders"},
        lambda: changing.add_scope(SYSTEM, made.id, "write"),
        configuration(site),
    )


async def a_resources_scope(site: Site, owner: Browser) -> Doomed:
    changing = (await site.scope()).configuration.resources
    made = await changing.create(SYSTEM, "Bills", "https://bills.example")
    scope = await changing.add_scope(SYSTEM, made.id, "read")
    return Doomed(
        f"resources/{made.id}",
        f"/scopes/{scope.id}/delete",
        {},
        lambda: changing.change_scope(SYSTEM, made.id, scope.id, {"name": "write"}),
        configuration(site),
    )


async def a_webhook(site: Site, owner: Browser) -> Doomed:
    made, _ = await set_up(site, owner)
    scope = await site.scope()
    name = (await scope.deliveries.webhooks.get(made)).name
    return Doomed(
        f"webhooks/{made}",
        f"/{made}/delete",
        {"typed_name": name},
        lambda: scope.configuration.webhooks.change(SYSTEM, made, WebhookChange(enabled=False)),
        configuration(site),
    )


async def a_connector(site: Site, owner: Browser) -> Doomed:
    made = await set_twilio_up(owner)
    scope = await site.scope()
    config = dict(scope.connectors.masked_config(await scope.connectors.get(made)))
    changed = {**config, "fromMessagingServiceSID": "MG" + "3" * 32}
    return Doomed(
        f"connectors/{made}/delete",
        f"/{made}/delete",
        {"name": "Twilio SMS Service"},
        lambda: scope.configuration.connectors.change(SYSTEM, made, changed),
        configuration(site),
    )


async def an_organization(site: Site, owner: Browser) -> Doomed:
    organizations = (await site.scope()).organizations
    made = await organizations.create(SYSTEM, NewOrganization(name="Club"))
    return Doomed(
        f"organizations/{made.id}",
        f"/{made.id}/delete",
        {"typed_name": "Club"},
        lambda: organizations.change(SYSTEM, made.id, {"description": "In use"}),
        lambda tx: organizations.organizations.within(tx).lock(made.id),
    )


async def a_role(site: Site, owner: Browser) -> Doomed:
    roles = (await site.scope()).organization_roles
    made = (await roles.create(SYSTEM, NewRole(name="Cox", type=RoleType.USER))).id
    return Doomed(
        f"organization-roles/{made}",
        f"/{made}/delete",
        {"typed_name": "Cox"},
        lambda: roles.save(SYSTEM, made, {"description": "In use"}, scope_ids=[]),
        lambda tx: roles.roles.within(tx).lock(made),
    )


async def a_scope(site: Site, owner: Browser) -> Doomed:
    roles = (await site.scope()).organization_roles
    made = (await roles.create_scope(SYSTEM, "steer", None)).id
    return Doomed(
        f"organization-roles/scopes/{made}",
        f"/scopes/{made}/delete",
        {"typed_name": "steer"},
        lambda: roles.change_scope(SYSTEM, made, {"description": "In use"}),
        lambda tx: roles.scopes.within(tx).lock(made),
    )


async def a_person(site: Site, owner: Browser) -> Doomed:
    scope = await site.scope()
    made = await scope.accounts.create(SYSTEM, NewUser(name="Alice", primary_phone=PHONE))
    return Doomed(
        f"users/{made.id}",
        f"/{made.id}/delete",
        {"typed_id": made.id},
        lambda: scope.accounts.change(SYSTEM, made.id, UserChange(primary_phone=OTHER_PHONE)),
        lambda tx: scope.users.get_for_change(made.id, tx=tx),
    )


async def a_language(site: Site, owner: Browser) -> Doomed:
    phrases = (await site.scope()).configuration.phrases
    await phrases.replace(SYSTEM, "fr", {})
    return Doomed(
        "sign-in-experience/content/fr",
        "/remove",
        {},
        lambda: phrases.replace(SYSTEM, "fr", {"sign_in.title": "Entrer"}),
        configuration(site),
        "language_removed",
    )


EVERYTHING = (
    an_application,
    an_applications_secret,
    a_resource,
    a_resources_scope,
    a_webhook,
    a_connector,
    a_language,
    an_organization,
    a_role,
    a_scope,
    a_person,
)


async def test_what_was_changed_meanwhile_is_looked_at_again_before_it_is_deleted(
    site: Site, owner: Browser
) -> None:
    for doomed_of in EVERYTHING:
        doomed = await doomed_of(site, owner)
        await owner.open(doomed.page)
        await doomed.meanwhile()

        page = await owner.submit(doomed.action, **doomed.typed)

        assert page.status in {409, 422}, doomed_of
        assert LOOK_AGAIN in page.words
        assert "What was changed meanwhile" in page.words
        assert "This server" in page.words
        page = await owner.submit(doomed.action, **doomed.typed)
        assert doomed.done in page.address


async def test_of_a_change_and_a_deletion_at_once_none_is_lost(site: Site, owner: Browser) -> None:
    for doomed_of in EVERYTHING:
        doomed = await doomed_of(site, owner)
        await owner.open(doomed.page)
        # Both are there and wait for the same lock; the deletion has looked at what it deletes.
        async with site.server.storage.transaction() as tx:
            await doomed.hold(tx)
            change = asyncio.ensure_future(doomed.meanwhile())
            await asyncio.sleep(LONG_ENOUGH)
            deletion = asyncio.ensure_future(owner.submit(doomed.action, **doomed.typed))
            await asyncio.sleep(LONG_ENOUGH)

        page, changed = await deletion, (await asyncio.gather(change, return_exceptions=True))[0]

        is_deleted = doomed.done in page.address
        assert is_deleted is isinstance(changed, DomainError), changed
        assert is_deleted or LOOK_AGAIN in page.words


@pytest.mark.parametrize("drawn", ["", "soon", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00+09"])
async def test_a_page_that_says_no_moment_lists_nothing_and_deletes_nothing(
    site: Site, owner: Browser, drawn: str
) -> None:
    doomed = await a_person(site, owner)
    await owner.open(doomed.page)
    await doomed.meanwhile()

    page = await owner.submit(doomed.action, **doomed.typed, drawn=drawn)

    assert page.status == 422
    assert LOOK_AGAIN in page.words
    assert "What was changed meanwhile" not in page.words


async def test_a_connector_that_more_needs_than_was_shown_is_not_deleted(
    site: Site, owner: Browser
) -> None:
    doomed = await a_connector(site, owner)
    await owner.open(doomed.page)
    await (await site.scope()).configuration.settings.save_sign_in(SYSTEM, PHONE_SIGN_IN)

    page = await owner.submit(doomed.action, **doomed.typed)

    assert LOOK_AGAIN in page.words
    assert "Signing in with a code by text message" in page.words
    assert "deleted" in (await owner.submit(doomed.action, **doomed.typed)).address


async def acme(owner: Browser) -> None:
    await owner.open("tenants")
    await owner.submit("/tenants/create", name="Acme", id="acme", host="", tag="development")
    await owner.open("/console/acme/tenant")


async def test_a_name_that_another_operator_gave_is_told_before_it_is_replaced(
    site: Site, owner: Browser
) -> None:
    await acme(owner)
    await site.server.administration.rename(SYSTEM, "acme", "Theirs")

    page = await owner.submit("/tenant/rename", name="Mine")

    assert page.status == 409
    assert "it is now “Theirs”" in page.words
    assert ("name", "Mine") in page.form("/tenant/rename").pairs
    await owner.submit("/tenant/rename")
    assert (await site.server.directory.get("acme")).name == "Mine"


@pytest.mark.parametrize(
    ("action", "typed"),
    [("/tenant/tag", {"tag": "development"}), ("/tenant/delete", {"typed": "acme"})],
)
async def test_a_tenant_that_became_production_meanwhile_is_looked_at_again(
    site: Site, owner: Browser, action: str, typed: dict[str, str]
) -> None:
    await acme(owner)
    await (await site.scope("acme")).configuration.settings.set_tag(SYSTEM, TenantTag.PRODUCTION)

    page = await owner.submit(action, **typed)

    assert page.status == 409
    assert LOOK_AGAIN in page.words
    assert (await site.server.directory.get("acme")).is_production
