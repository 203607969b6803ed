"""Two operators at one thing: the second deletes, renames and tags nothing that they never saw."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import pytest

from tests.web.console.conftest import Browser, Site
from tests.web.console.test_connectors import set_twilio_up
from tests.web.console.test_resources import orders, shop
from tests.web.console.test_webhooks import set_up
from watchword.audit.models import SYSTEM
from watchword.organization_roles.models import NewRole, RoleType
from watchword.organizations.models import NewOrganization
from watchword.tenants.models import TenantTag
from watchword.webhooks.models import WebhookChange

LOOK_AGAIN = "This is what it is now"


class Doomed(NamedTuple):
    """What the second operator is about to delete, and what the first does to it meanwhile."""

    page: str
    action: str
    typed: dict[str, str]
    meanwhile: Callable[[], Awaitable[object]]


async def an_application(site: Site, owner: Browser) -> Doomed:
    made = (await shop(site)).application
    changing = (await site.scope()).configuration.applications
    return Doomed(
        f"applications/{made.id}",
        f"/{made.id}/delete",
        {"typed_name": "Shop"},
        lambda: changing.change(SYSTEM, made.id, {"description": "In use"}),
    )


async def a_resource(site: Site, owner: Browser) -> Doomed:
    made = await orders(site)
    changing = (await site.scope()).configuration.resources
    return Doomed(
        f"resources/{made.id}",
        f"/{made.id}/delete",
        {"typed_name": "Orders"},
        lambda: changing.add_scope(SYSTEM, made.id, "write"),
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
    )


async def an_organization(site: Site, owner: Browser) -> Doomed:
    organizations = (await site.scope()).organizations
    made = await organizations.create(SYSTEM, NewOrganization(name="Club"))
    return Doomed(
        f"organizations/{made.id}",
        f"/{made.id}/delete",
        {"typed_name": "Club"},
        lambda: organizations.change(SYSTEM, made.id, {"description": "In use"}),
    )


async def a_role(site: Site, owner: Browser) -> Doomed:
    roles = (await site.scope()).organization_roles
    made = (await roles.create(SYSTEM, NewRole(name="Cox", type=RoleType.USER))).id
    return Doomed(
        f"organization-roles/{made}",
        f"/{made}/delete",
        {"typed_name": "Cox"},
        lambda: roles.save(SYSTEM, made, {"description": "In use"}, scope_ids=[]),
    )


async def a_scope(site: Site, owner: Browser) -> Doomed:
    roles = (await site.scope()).organization_roles
    made = (await roles.create_scope(SYSTEM, "steer", None)).id
    return Doomed(
        f"organization-roles/scopes/{made}",
        f"/scopes/{made}/delete",
        {"typed_name": "steer"},
        lambda: roles.change_scope(SYSTEM, made, {"description": "In use"}),
    )


@pytest.mark.parametrize(
    "doomed_of",
    [an_application, a_resource, a_webhook, a_connector, an_organization, a_role, a_scope],
)
async def test_what_was_changed_meanwhile_is_looked_at_again_before_it_is_deleted(
    site: Site, owner: Browser, doomed_of: Callable[[Site, Browser], Awaitable[Doomed]]
) -> None:
    doomed = await doomed_of(site, owner)
    await owner.open(doomed.page)
    await doomed.meanwhile()

    page = await owner.submit(doomed.action, **doomed.typed)

    assert page.status == 422
    assert LOOK_AGAIN in page.words
    page = await owner.submit(doomed.action, **doomed.typed)
    assert "deleted" in page.address


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
