"""Two operators at one form: the second is told, sees both versions, and chooses."""

import json
import re
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import NamedTuple

import pytest

from tests.web.console.conftest import Browser, Site
from tests.web.console.test_connectors import TEMPLATES, TWILIO_FORM, set_twilio_up
from tests.web.console.test_resources import orders, shop
from tests.web.console.test_webhooks import set_up
from watchword.audit.models import SYSTEM
from watchword.organization_roles.models import NewRole, RoleType
from watchword.organizations.models import NewOrganization
from watchword.users.models import NewUser
from watchword.webhooks.models import WebhookChange

FORM = re.compile(r'<form[^>]*method="post"[^>]*data-dirty.*?</form>', re.DOTALL)
VERSION = re.compile(r'name="(version|revision)"')
NEED_NONE = {"guide.html", "prove.html"}
"""What is set up is not there yet; a password is asked for with the other form's fields carried."""


class Case(NamedTuple):
    """One form, what the first operator saves, and what the second has typed."""

    page: str
    action: str
    first: Callable[[], Awaitable[object]]
    typed: dict[str, str]
    theirs: str
    now: Callable[[], Awaitable[str]]


async def the_application(site: Site, owner: Browser) -> Case:
    made = (await shop(site)).application
    changing = (await site.scope()).configuration.applications

    async def now() -> str:
        return (await (await site.scope()).applications.get(made.id)).name

    return Case(
        f"applications/{made.id}",
        f"/{made.id}",
        lambda: changing.change(SYSTEM, made.id, {"name": "Their shop"}),
        {"name": "My shop"},
        "Their shop",
        now,
    )


async def the_scopes(site: Site, owner: Browser) -> Case:
    made, resource = (await shop(site)).application, await orders(site)
    changing = (await site.scope()).configuration.applications
    read = resource.scopes[0].id

    async def now() -> str:
        return " ".join((await (await site.scope()).applications.get(made.id)).resource_scopes)

    return Case(
        f"applications/{made.id}",
        f"/{made.id}/scopes",
        lambda: changing.change(SYSTEM, made.id, {"name": "Their shop"}),
        {"scope": read},
        "Their shop",
        now,
    )


async def the_resource(site: Site, owner: Browser) -> Case:
    made = await orders(site)
    changing = (await site.scope()).configuration.resources

    async def now() -> str:
        return (await (await site.scope()).resources.get(made.id)).name

    return Case(
        f"resources/{made.id}",
        f"/{made.id}",
        lambda: changing.change(SYSTEM, made.id, name="Their orders"),
        {"name": "My orders"},
        "Their orders",
        now,
    )


async def the_webhook(site: Site, owner: Browser) -> Case:
    webhook_id, _ = await set_up(site, owner)
    changing = (await site.scope()).configuration.webhooks

    async def now() -> str:
        return (await (await site.scope()).deliveries.webhooks.get(webhook_id)).name

    return Case(
        f"webhooks/{webhook_id}",
        f"/webhooks/{webhook_id}",
        lambda: changing.change(SYSTEM, webhook_id, WebhookChange(name="Their hook")),
        {"name": "My hook"},
        "Their hook",
        now,
    )


async def the_connector(site: Site, owner: Browser) -> Case:
    instance = await set_twilio_up(owner)
    changing = (await site.scope()).configuration.connectors
    theirs, mine = "MG" + "3" * 32, "MG" + "2" * 32

    async def now() -> str:
        saved = await (await site.scope()).connectors.get(instance)
        return str(saved.config["fromMessagingServiceSID"])

    return Case(
        f"connectors/{instance}",
        f"/{instance}",
        lambda: changing.change(
            SYSTEM,
            instance,
            {**TWILIO_FORM, "templates": json.loads(TEMPLATES), "fromMessagingServiceSID": theirs},
        ),
        {"fromMessagingServiceSID": mine},
        theirs,
        now,
    )


async def the_branding(site: Site, owner: Browser) -> Case:
    settings = (await site.scope()).configuration.settings

    async def now() -> str:
        return (await site.scope()).settings.color.primary_color

    return Case(
        "sign-in-experience/branding",
        "/branding",
        lambda: settings.save_sign_in(SYSTEM, {"termsOfUseUrl": "https://example.com/theirs"}),
        {"do": "confirm", "primaryColor": "#0b6e4f"},
        "https://example.com/theirs",
        now,
    )


async def the_blocklist(site: Site, owner: Browser) -> Case:
    settings = (await site.scope()).configuration.settings

    async def now() -> str:
        return str((await site.scope()).settings.email_blocklist_policy.custom_blocklist)

    return Case(
        "security/blocklist",
        "/security/blocklist",
        lambda: settings.save_sign_in(SYSTEM, {"termsOfUseUrl": "https://example.com/theirs"}),
        {"do": "confirm", "customBlocklist": "@mine.example"},
        "https://example.com/theirs",
        now,
    )


async def the_methods(site: Site, owner: Browser) -> Case:
    settings = (await site.scope()).configuration.settings

    async def now() -> str:
        mode = (await site.scope()).settings.sign_in_mode
        return mode.replace("SignInAndRegister", "both")

    return Case(
        "sign-in-experience/sign-up-and-sign-in",
        "/sign-up-and-sign-in",
        lambda: settings.save_sign_in(SYSTEM, {"termsOfUseUrl": "https://example.com/theirs"}),
        {"do": "confirm", "mode": "Register"},
        "https://example.com/theirs",
        now,
    )


async def the_organization(site: Site, owner: Browser) -> Case:
    organizations = (await site.scope()).organizations
    made = await organizations.create(SYSTEM, NewOrganization(name="Club"))

    async def now() -> str:
        return (await organizations.get(made.id)).name

    return Case(
        f"organizations/{made.id}",
        f"/organizations/{made.id}",
        lambda: organizations.change(SYSTEM, made.id, {"description": "Theirs"}),
        {"name": "My club"},
        "Description Theirs",
        now,
    )


async def the_role(site: Site, owner: Browser) -> Case:
    roles = (await site.scope()).organization_roles
    made = (await roles.create(SYSTEM, NewRole(name="Cox", type=RoleType.USER))).id

    async def now() -> str:
        return (await roles.get(made)).role.name

    return Case(
        f"organization-roles/{made}",
        f"/organization-roles/{made}",
        lambda: roles.save(SYSTEM, made, {"description": "Theirs"}, scope_ids=[]),
        {"name": "My cox"},
        "Description Theirs",
        now,
    )


async def the_scope(site: Site, owner: Browser) -> Case:
    roles = (await site.scope()).organization_roles
    made = await roles.create_scope(SYSTEM, "steer", None)

    async def now() -> str:
        return (await roles.get_scope(made.id)).name

    return Case(
        f"organization-roles/scopes/{made.id}",
        f"/scopes/{made.id}",
        lambda: roles.change_scope(SYSTEM, made.id, {"description": "Theirs"}),
        {"name": "my-steer"},
        "Description Theirs",
        now,
    )


async def the_members_roles(site: Site, owner: Browser) -> Case:
    scope = await site.scope()
    organizations, roles = scope.organizations, scope.organization_roles
    club = (await organizations.create(SYSTEM, NewOrganization(name="Club"))).id
    cox, oar = [
        (await roles.create(SYSTEM, NewRole(name=name, type=RoleType.USER))).id
        for name in ("Cox", "Oar")
    ]
    user = (await scope.users.create(NewUser(name="Alice"))).id
    await organizations.add_members(SYSTEM, club, [user])

    async def now() -> str:
        return " ".join(await organizations.role_ids_of(club, user))

    return Case(
        f"organizations/{club}/members/{user}",
        f"/members/{user}",
        lambda: organizations.replace_roles(SYSTEM, club, user, role_ids=[cox]),
        {"role": oar},
        "Roles Cox",
        now,
    )


@pytest.mark.parametrize(
    "case_of",
    [
        the_application,
        the_scopes,
        the_resource,
        the_webhook,
        the_connector,
        the_branding,
        the_blocklist,
        the_methods,
        the_organization,
        the_role,
        the_scope,
        the_members_roles,
    ],
)
async def test_the_second_sees_both_versions_and_saves_over_what_they_saw(
    site: Site, owner: Browser, case_of: Callable[[Site, Browser], Awaitable[Case]]
) -> None:
    case = await case_of(site, owner)
    name, mine = list(case.typed.items())[-1]
    await owner.open(case.page)
    await case.first()

    page = await owner.submit(case.action, **case.typed)

    assert page.status in {409, 422}
    assert "The form below holds your version." in page.words
    assert case.theirs in page.words
    assert (name, mine) in page.form(case.action).pairs
    assert mine not in await case.now()
    await owner.submit(case.action, **{"do": "confirm"} if "do" in case.typed else {})
    assert mine in await case.now()


def test_every_form_that_changes_what_is_there_carries_what_it_was_drawn_from() -> None:
    templates = files("watchword").joinpath("templates/console")
    found = [
        (file.name, form)
        for file in templates.iterdir()
        if file.name not in NEED_NONE
        for form in FORM.findall(file.read_text(encoding="utf-8"))
    ]

    assert len(found) > 10
    assert [name for name, form in found if not VERSION.search(form)] == []
