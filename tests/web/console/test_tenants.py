"""Tenants in the console: made, renamed, tagged and deleted by owners, and told of in the log."""

import pytest

from tests.ports import free_port
from tests.web.console.conftest import Browser, Invite, Site
from watchword.audit.models import AuditFilter
from watchword.core.pagination import PageRequest
from watchword.tenants.models import TenantTag

# Some of these questions no service's own test asks.
pytestmark = pytest.mark.both_databases


async def create(owner: Browser, **values: str) -> None:
    await owner.open("tenants")
    given = {"name": "Acme", "id": "acme", "host": "", "tag": "development", **values}
    await owner.submit("/tenants/create", **given)


async def test_a_tenant_is_created_and_shown_with_its_address(site: Site, owner: Browser) -> None:
    await owner.open("tenants")
    page = await owner.submit("/tenants/create", name="Acme", id="acme", host="", tag="development")

    assert page.address.endswith("/console/acme/tenant?done=tenant_created")
    assert "Set up a connector next." in page.words
    assert "/console/acme/connectors/set-up" in page.links
    assert "http://acme.localhost:3001/oidc" in page.html
    assert "127.0.0.1 acme.localhost" in page.words
    assert (await site.server.directory.get("acme")).tag is TenantTag.DEVELOPMENT


async def test_a_mistake_stands_at_its_field_and_what_was_typed_stays(owner: Browser) -> None:
    await owner.open("tenants")
    page = await owner.submit(
        "/tenants/create", name="Acme", id="Not an id", host="", tag="production"
    )

    assert page.status == 400
    assert "A tenant's id has 1 to 32 lower-case letters" in page.words
    assert 'value="Not an id"' in page.html


async def test_a_domain_that_is_taken_is_refused(site: Site, owner: Browser) -> None:
    await create(owner)
    await owner.open("tenants")
    page = await owner.submit(
        "/tenants/create", name="B", id="b", host="acme.localhost:3001", tag="production"
    )

    assert page.status == 422
    assert "belongs to another tenant" in page.words


async def test_a_port_of_its_own_is_the_address_and_asks_for_a_restart(
    site: Site, owner: Browser
) -> None:
    port = free_port()
    await owner.open("tenants")
    page = await owner.submit(
        "/tenants/create", name="Acme", id="acme", host="", port=str(port), tag="development"
    )

    assert f"http://localhost:{port}/oidc" in page.html
    assert "Restart the server" in page.words
    assert "hosts file" not in page.words
    page = await owner.submit("/tenant/tag", tag="production")
    assert page.status == 422
    assert "so it stays a development tenant" in page.words

    # As after the next start.
    site.server.started_at = site.server.directory.clock.now()
    assert "Restart the server" not in (await owner.open("/console/acme/tenant")).words


@pytest.mark.parametrize(
    ("port", "tag", "words"),
    [
        ("3001", "development", "This port is in use"),
        ("80", "development", "A port is a number from 1024"),
        ("x", "development", "A port is a number from 1024"),
        ("3002", "production", "Only a development tenant can have a port of its own"),
    ],
)
async def test_a_port_that_can_not_be_is_refused_at_its_field(
    owner: Browser, port: str, tag: str, words: str
) -> None:
    await owner.open("tenants")
    page = await owner.submit("/tenants/create", name="B", id="b", host="", port=port, tag=tag)

    assert page.status == 422
    assert words in page.words
    assert f'value="{port}"' in page.html


async def test_a_tenant_is_renamed_and_tagged(site: Site, owner: Browser) -> None:
    await create(owner)
    await owner.open("/console/acme/tenant")
    await owner.submit("/tenant/rename", name="Acme Inc.")
    page = await owner.submit("/tenant/tag", tag="production")

    tenant = await site.server.directory.get("acme")
    assert (tenant.name, tenant.tag) == ("Acme Inc.", TenantTag.PRODUCTION)
    assert "Acme Inc." in page.words


async def test_deleting_wants_the_id_typed_and_takes_everything_along(
    site: Site, owner: Browser
) -> None:
    await create(owner)
    await owner.open("/console/acme/tenant")
    page = await owner.submit("/tenant/delete", typed="Acme")
    assert page.status == 422
    assert "acme" in site.server.tenants

    page = await owner.submit("/tenant/delete", typed="acme")

    assert "The tenant was deleted." in page.words
    assert "acme" not in site.server.tenants
    found = await (await site.scope()).audit.list(
        PageRequest(1, 100), AuditFilter(event="tenant.deleted")
    )
    assert [entry.subject for entry in found.items] == ["tenant:acme"]


async def test_the_default_tenant_has_nothing_to_delete_it_with(owner: Browser) -> None:
    page = await owner.open("tenant")

    assert "/tenant/delete" not in page.html


async def test_only_owners_manage_tenants(invite: Invite) -> None:
    editor = await invite("editor")

    assert (await editor.open("tenants")).status == 403
    assert (await editor.open("tenant")).status == 403
    assert "Manage tenants" not in (await editor.open("get-started")).words
