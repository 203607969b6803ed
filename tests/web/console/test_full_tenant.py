"""A development tenant that is full says so where something is made, and nothing typed is lost."""

from dataclasses import replace

import pytest

from tests.web.console.conftest import Browser, Site
from tests.web.console.test_connectors import TWILIO_FORM
from watchword.tenants.limits import Limited

GITHUB = {"clientId": "a1b2", "clientSecret": "c3d4"}
MAKING = {
    "applications/new": ({"name": "Shop", "type": "SPA"}, "name"),
    "resources/new": ({"name": "Orders", "indicator": "https://orders.example"}, "indicator"),
    "webhooks/new": (
        {"name": "Hook", "url": "https://hooks.example.com/1", "events": "User.Deleted"},
        "url",
    ),
    "organizations/new": ({"name": "Club", "description": "Thursdays"}, "description"),
    "organization-roles/new": ({"name": "Cox"}, "name"),
    "connectors/set-up/twilio-short-message-service": (
        {**TWILIO_FORM, "confirm": "yes"},
        "accountSID",
    ),
    "connectors/social/set-up/github-universal": (GITHUB, "clientId"),
}


@pytest.fixture
async def full(site: Site) -> None:
    site.server.rules = replace(site.server.rules, most_in_development=dict.fromkeys(Limited, 0))
    await site.server.forget("default")


@pytest.mark.parametrize("path", MAKING)
async def test_a_full_tenant_says_so_at_the_form_and_keeps_what_was_typed(
    full: None, owner: Browser, path: str
) -> None:
    typed, kept = MAKING[path]
    await owner.open(path)

    page = await owner.submit(path, **typed)

    assert page.status == 422
    assert "A development tenant can have 0 of these." in page.words
    assert "Delete what is no longer needed" in page.words
    assert (kept, typed[kept]) in page.form(path).pairs
