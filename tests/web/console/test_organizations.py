"""The console's pages of organizations: members, roles, scopes, invitations."""

import re
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.web.console.conftest import Browser, Invite, Site
from watchword.audit.models import SYSTEM
from watchword.core.email import EmailAddress
from watchword.core.pagination import PageRequest
from watchword.core.phone import PhoneNumber
from watchword.core.phrases import Phrases
from watchword.invitations.models import InvitationFilter, InvitationStatus, NewInvitation
from watchword.organization_roles.models import NewRole, RoleType
from watchword.organizations.models import NewOrganization
from watchword.users.models import NewUser, User

# Some of these questions no service's own test asks.
pytestmark = pytest.mark.both_databases

ALICE = PhoneNumber.parse("+447700900123")
BOB = PhoneNumber.parse("+447700900124")


async def club(site: Site, name: str = "Rowing club") -> str:
    """Make an organization; return its id."""
    scope = await site.scope()
    return (await scope.organizations.create(SYSTEM, NewOrganization(name=name))).id


async def role(site: Site, name: str, type_: RoleType = RoleType.USER) -> str:
    """Make a role; return its id."""
    scope = await site.scope()
    return (await scope.organization_roles.create(SYSTEM, NewRole(name=name, type=type_))).id


async def alice(site: Site) -> User:
    """Return somebody with a number."""
    return await (await site.scope()).users.create(
        NewUser(name="Alice", primary_phone=ALICE, is_phone_verified=True)
    )


async def invitations_of(site: Site, organization_id: str) -> list[Any]:
    """Return the organization's invitations."""
    found = await (await site.scope()).invitations.list(
        InvitationFilter(organization_id=organization_id)
    )
    return list(found)


class TestOrganizations:
    async def test_one_is_made_changed_and_found(self, site: Site, owner: Browser) -> None:
        await owner.open("organizations/new")
        page = await owner.submit("/organizations/new", name="Rowing club", description="Eights")
        assert "The organization was created." in page.words

        organization_id = page.address.split("/")[-2]
        await owner.open(f"organizations/{organization_id}")
        await owner.submit(f"/{organization_id}", name="Boat club", is_mfa_required="yes")

        saved = await (await site.scope()).organizations.get(organization_id)
        assert (saved.name, saved.description) == ("Boat club", "Eights")
        assert saved.is_mfa_required
        assert "Boat club" in (await owner.open("organizations?q=boat")).words
        assert "Nothing matches" in (await owner.open("organizations?q=chess")).words

    async def test_the_list_has_pages_that_are_links(self, site: Site, owner: Browser) -> None:
        for number in range(21):
            await club(site, f"Club {number:02}")

        page = await owner.open("organizations?q=club")

        assert any(link.endswith("organizations?q=club&page=2") for link in page.links)
        page = await owner.open("organizations?q=club&page=2")
        assert page.words.count("Club ") == 1

    @pytest.mark.parametrize(
        ("typed", "wrong"),
        [
            ({"name": ""}, "name"),
            ({"name": "x" * 129}, "name"),
            ({"name": "a\0b"}, "name"),
            ({"description": "x" * 257}, "description"),
        ],
    )
    async def test_what_is_wrong_is_said_beside_it_and_nothing_is_saved(
        self, site: Site, owner: Browser, typed: dict[str, str], wrong: str
    ) -> None:
        await owner.open("organizations/new")

        page = await owner.submit("/organizations/new", **{"name": "Club", **typed})

        assert page.status == 422
        assert f'id="{wrong}-note" role="alert"' in page.html
        assert (await (await site.scope()).organizations.list(PageRequest())).total == 0

    async def test_one_is_deleted_once_its_name_is_typed(self, site: Site, owner: Browser) -> None:
        organization_id = await club(site)
        await owner.open(f"organizations/{organization_id}")

        refused = await owner.submit("/delete", typed_name="Rowing")
        assert refused.status == 422
        page = await owner.submit("/delete", typed_name="Rowing club")

        assert "The organization was deleted." in page.words
        assert await (await site.scope()).organizations.find(organization_id) is None


class TestMembers:
    async def test_somebody_is_found_added_with_a_role_and_their_number_stays_masked(
        self, site: Site, owner: Browser
    ) -> None:
        organization_id, user = await club(site), await alice(site)
        captain = await role(site, "captain")
        await role(site, "robot", RoleType.MACHINE_TO_MACHINE)

        page = await owner.open(f"organizations/{organization_id}/members/add?q=ali")
        assert "robot" not in page.words
        page = await owner.submit("/members/add", user=user.id, role=captain)

        assert "Alice" in page.words
        assert "captain" in page.words
        assert ALICE.masked in page.words
        assert ALICE.digits not in page.html
        noted = [entry.event for entry in (await (await site.scope()).audit.list()).items]
        assert "organization.members_changed" in noted
        assert "organization.member_roles_changed" in noted

    async def test_adding_nobody_is_said(self, site: Site, owner: Browser) -> None:
        organization_id = await club(site)
        await alice(site)
        await owner.open(f"organizations/{organization_id}/members/add")

        page = await owner.submit("/members/add")

        assert page.status == 422
        assert "Tick at least one person." in page.words

    async def test_roles_are_changed_and_the_member_is_removed(
        self, site: Site, owner: Browser
    ) -> None:
        organization_id, user = await club(site), await alice(site)
        captain, crew = await role(site, "captain"), await role(site, "crew")
        organizations = (await site.scope()).organizations
        await organizations.add_members(SYSTEM, organization_id, [user.id])
        await organizations.add_roles(SYSTEM, organization_id, user.id, role_ids=[captain])

        await owner.open(f"organizations/{organization_id}/members/{user.id}")
        await owner.submit(f"/members/{user.id}", role=crew)
        has = await organizations.list_roles_of(organization_id, user.id, PageRequest())
        assert [one.name for one in has.items] == ["crew"]
        page = await owner.submit("/remove")

        assert "Nobody here yet" in page.words

    async def test_who_got_another_role_meanwhile_is_looked_at_before_they_are_removed(
        self, site: Site, owner: Browser
    ) -> None:
        organization_id, user = await club(site), await alice(site)
        captain = await role(site, "captain")
        organizations = (await site.scope()).organizations
        await organizations.add_members(SYSTEM, organization_id, [user.id])
        await owner.open(f"organizations/{organization_id}/members/{user.id}")
        await organizations.add_roles(SYSTEM, organization_id, user.id, role_ids=[captain])

        page = await owner.submit("/remove")

        assert page.status == 409
        assert "Someone else changed this" in page.words
        assert await organizations.find_permit(organization_id, user.id) is not None
        page = await owner.submit("/remove")
        assert "Nobody here yet" in page.words

    async def test_who_is_no_member_has_no_page_there(self, site: Site, owner: Browser) -> None:
        organization_id, user = await club(site), await alice(site)

        page = await owner.open(f"organizations/{organization_id}/members/{user.id}")

        assert page.status == 404


class TestWhoLookedAtAnOlderState:
    """Nobody overwrites what they never saw."""

    async def test_of_an_organization(self, site: Site, owner: Browser) -> None:
        organization_id = await club(site)
        organizations = (await site.scope()).organizations
        await owner.open(f"organizations/{organization_id}")
        await organizations.change(SYSTEM, organization_id, {"is_mfa_required": True})

        page = await owner.submit(f"/{organization_id}", name="Mine")

        assert page.status == 422
        assert "Someone else changed this" in page.words
        saved = await organizations.get(organization_id)
        assert (saved.name, saved.is_mfa_required) == ("Rowing club", True)
        await owner.open(f"organizations/{organization_id}")
        await owner.submit(f"/{organization_id}", name="Mine")
        assert (await organizations.get(organization_id)).name == "Mine"

    async def test_of_a_role_and_what_it_allows(self, site: Site, owner: Browser) -> None:
        captain = await role(site, "captain")
        roles = (await site.scope()).organization_roles
        steer = await roles.create_scope(SYSTEM, "steer")
        await owner.open(f"organization-roles/{captain}")
        await roles.add_scopes(SYSTEM, captain, [steer.id])

        page = await owner.submit(f"/organization-roles/{captain}", name="Mine")

        assert page.status == 422
        assert "Someone else changed this" in page.words
        kept = await roles.get(captain)
        assert (kept.role.name, [scope.name for scope in kept.scopes]) == ("captain", ["steer"])

    async def test_of_a_role_that_takes_a_name_which_is_taken(
        self, site: Site, owner: Browser
    ) -> None:
        captain, _ = await role(site, "captain"), await role(site, "crew")
        roles = (await site.scope()).organization_roles
        steer = await roles.create_scope(SYSTEM, "steer")
        await owner.open(f"organization-roles/{captain}")

        await owner.submit(f"/organization-roles/{captain}", name="crew", scope=steer.id)

        kept = await roles.get(captain)
        assert (kept.role.name, kept.scopes) == ("captain", ())

    async def test_of_a_scope(self, site: Site, owner: Browser) -> None:
        roles = (await site.scope()).organization_roles
        steer = await roles.create_scope(SYSTEM, "steer")
        await owner.open(f"organization-roles/scopes/{steer.id}")
        await roles.change_scope(SYSTEM, steer.id, {"description": "The boat"})

        page = await owner.submit(f"/scopes/{steer.id}", name="row")

        assert page.status == 422
        assert (await roles.get_scope(steer.id)).name == "steer"

    async def test_of_what_a_member_is(self, site: Site, owner: Browser) -> None:
        organization_id, user = await club(site), await alice(site)
        captain, crew = await role(site, "captain"), await role(site, "crew")
        organizations = (await site.scope()).organizations
        await organizations.add_members(SYSTEM, organization_id, [user.id])
        await owner.open(f"organizations/{organization_id}/members/{user.id}")
        await organizations.add_roles(SYSTEM, organization_id, user.id, role_ids=[captain])

        page = await owner.submit(f"/members/{user.id}", role=crew)

        assert page.status == 422
        assert await organizations.role_ids_of(organization_id, user.id) == [captain]


class TestInvitations:
    async def test_somebody_is_invited_without_a_message_and_the_invitation_taken_back(
        self, site: Site, owner: Browser
    ) -> None:
        organization_id, captain = await club(site), await role(site, "captain")
        await owner.open(f"organizations/{organization_id}/invitations/new")

        page = await owner.submit(
            "/invitations/new",
            by="phone",
            country="GB",
            phone="07700 900123",
            role=captain,
            days="3",
            is_sent=None,
        )

        [made] = await invitations_of(site, organization_id)
        assert made.invitee == ALICE
        assert [one.name for one in made.roles] == ["captain"]
        assert (made.expires_at - made.created_at).days == 3
        assert ALICE.masked in page.words
        assert ALICE.digits not in page.html
        await owner.submit("/revoke")
        [taken_back] = await invitations_of(site, organization_id)
        assert taken_back.status is InvitationStatus.REVOKED
        page = await owner.submit(f"/{made.id}/delete")
        assert "No invitations" in page.words

    async def test_many_are_shown_page_by_page_and_the_newest_first(
        self, site: Site, owner: Browser
    ) -> None:
        organization_id, scope = await club(site), await site.scope()
        for number in range(21):
            await scope.invitations.create(
                SYSTEM,
                NewInvitation(
                    organization_id=organization_id,
                    invitee=EmailAddress(f"{number}@example.com"),
                    expires_at=site.clock.now() + timedelta(days=1),
                ),
                None,
            )
            site.clock.advance(timedelta(seconds=1))
        ids = [one.id for one in await invitations_of(site, organization_id)]

        pages = [
            await owner.open(f"organizations/{organization_id}/invitations?page={number}")
            for number in (1, 2)
        ]

        shown = [[id_ for id_ in ids if id_ in page.html] for page in pages]
        assert shown == [ids[:20], ids[20:]]
        assert "2 of 2" in pages[1].words

    async def test_without_a_connector_sending_is_refused_and_nothing_typed_is_lost(
        self, site: Site, owner: Browser
    ) -> None:
        organization_id = await club(site)
        await owner.open(f"organizations/{organization_id}/invitations/new")

        page = await owner.submit("/invitations/new", by="email", email="alice@example.com")

        assert page.status >= 400
        assert dict(page.form("/invitations/new").pairs)["email"] == "alice@example.com"
        page = await owner.submit("/invitations/new", by="phone", country="US", phone=ALICE.e164)
        shown = dict(page.form("/invitations/new").pairs)
        assert (shown["country"], shown["phone"]) == ("GB", "07700 900123")
        assert 'role="alert"' in page.html
        assert await invitations_of(site, organization_id) == []

    async def test_an_invitation_is_sent_again(self, site: Site, owner: Browser) -> None:
        scope = await site.scope()
        await scope.configuration.connectors.create(SYSTEM, "development-inbox", {})
        organization_id = await club(site)
        await owner.open(f"organizations/{organization_id}/invitations/new")
        page = await owner.submit(
            "/invitations/new", by="phone", country="GB", phone="07700 900123"
        )
        assert "The invitation is on its way." in page.words, page.words
        [first] = await invitations_of(site, organization_id)

        await owner.submit("/send")

        [again] = await invitations_of(site, organization_id)
        assert again.message_id not in {None, first.message_id}

    async def test_a_link_to_pass_on_is_shown_once(self, site: Site, owner: Browser) -> None:
        organization_id = await club(site)
        await owner.open(f"organizations/{organization_id}/invitations/new")
        await owner.submit(
            "/invitations/new", by="phone", country="GB", phone="07700 900123", is_sent=None
        )

        page = await owner.submit("/link")

        [token] = set(re.findall(r"/i/([\w-]{20,})", page.html))
        opened = await (await site.scope()).invitations.open(token)
        assert opened.organization.id == organization_id
        again = await owner.open(f"organizations/{organization_id}/invitations")
        assert "/i/" not in again.html

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ({"by": "phone", "phone": "12"}, ""),
            ({"by": "email", "email": "nobody"}, ""),
            ({"by": "phone", "country": "GB", "phone": "07700 900124"}, "open invitation"),
            ({"by": "phone", "country": "GB", "phone": "07700 900123"}, "member already"),
        ],
    )
    async def test_what_speaks_against_it_is_said(
        self, site: Site, owner: Browser, typed: dict[str, str], said: str
    ) -> None:
        organization_id, user = await club(site), await alice(site)
        scope = await site.scope()
        await scope.organizations.add_members(SYSTEM, organization_id, [user.id])
        await scope.invitations.create(
            SYSTEM,
            NewInvitation(
                organization_id=organization_id,
                invitee=BOB,
                expires_at=site.clock.now().replace(year=2099),
            ),
        )
        await owner.open(f"organizations/{organization_id}/invitations/new")

        page = await owner.submit("/invitations/new", is_sent=None, **typed)

        assert page.status == 422
        assert 'role="alert"' in page.html
        assert said in page.words
        assert len(await invitations_of(site, organization_id)) == 1

    async def test_an_invitation_is_reached_by_its_own_organization_only(
        self, site: Site, owner: Browser
    ) -> None:
        organization_id, other = await club(site), await club(site, "Chess club")
        made = await (await site.scope()).invitations.create(
            SYSTEM,
            NewInvitation(
                organization_id=organization_id,
                invitee=BOB,
                expires_at=site.clock.now().replace(year=2099),
            ),
        )
        await owner.open(f"organizations/{organization_id}/invitations")
        owner.page.form(
            "/revoke"
        ).action = f"/console/default/organizations/{other}/invitations/{made.id}/revoke"

        assert (await owner.post("/revoke")).status_code == 404


class TestRoles:
    async def test_a_role_is_made_of_permissions_changed_and_deleted(
        self, site: Site, owner: Browser
    ) -> None:
        await owner.open("organization-roles/scopes")
        for name in ("read:boats", "sail"):
            await owner.submit("/organization-roles/scopes", name=name)
        roles = (await site.scope()).organization_roles
        read, sail = (await roles.list_scopes(PageRequest())).items

        await owner.open("organization-roles/new")
        page = await owner.submit("/organization-roles/new", name="crew", scope=read.id)
        assert "read:boats" in page.words
        [crew] = (await roles.list(PageRequest())).items
        await owner.open(f"organization-roles/{crew.role.id}")
        await owner.submit(f"/{crew.role.id}", name="Crew", scope=sail.id)
        changed = await roles.get(crew.role.id)
        assert (changed.role.name, [one.name for one in changed.scopes]) == ("Crew", ["sail"])
        refused = await owner.submit("/delete", typed_name="x")
        assert refused.status == 422
        await owner.submit("/delete", typed_name="Crew")

        assert (await roles.list(PageRequest())).total == 0

    async def test_a_taken_name_is_said_beside_it(self, site: Site, owner: Browser) -> None:
        await role(site, "captain")
        await owner.open("organization-roles/new")

        page = await owner.submit("/organization-roles/new", name="captain")

        assert page.status == 422
        assert "This name is taken." in page.words

    async def test_a_permission_is_changed_and_deleted(self, site: Site, owner: Browser) -> None:
        roles = (await site.scope()).organization_roles
        sail = await roles.create_scope(SYSTEM, "sail")
        await owner.open(f"organization-roles/scopes/{sail.id}")
        await owner.submit(f"/{sail.id}", name="row")
        await owner.open(f"organization-roles/scopes/{sail.id}")

        await owner.submit("/delete", typed_name="row")

        assert (await roles.list_scopes(PageRequest())).total == 0


async def test_a_viewer_looks_and_changes_nothing(site: Site, invite: Invite) -> None:
    organization_id, user, captain = await club(site), await alice(site), await role(site, "cox")
    scope = await site.scope()
    sail = await scope.organization_roles.create_scope(SYSTEM, "sail")
    await scope.organizations.add_members(SYSTEM, organization_id, [user.id])
    viewer = await invite("viewer")
    base = f"organizations/{organization_id}"
    roles = "organization-roles"

    for path in (
        "organizations",
        base,
        f"{base}/members",
        f"{base}/members/{user.id}",
        f"{base}/invitations",
        roles,
        f"{roles}/{captain}",
        f"{roles}/scopes",
        f"{roles}/scopes/{sail.id}",
    ):
        assert (await viewer.open(path)).status == 200, path
    for path in (
        "organizations/new",
        base,
        f"{base}/delete",
        f"{base}/members/add",
        f"{base}/members/{user.id}",
        f"{base}/members/{user.id}/remove",
        f"{base}/invitations/new",
        f"{roles}/new",
        f"{roles}/{captain}",
        f"{roles}/{captain}/delete",
        f"{roles}/scopes",
        f"{roles}/scopes/{sail.id}/delete",
    ):
        await viewer.open(base)
        viewer.page.form(base).action = f"/console/default/{path}"
        answer = await viewer.post(path, typed_name="Rowing club", name="Mine")
        assert answer.status_code == 403, path

    assert (await scope.organizations.get(organization_id)).name == "Rowing club"


def test_every_status_of_an_invitation_and_type_of_role_has_its_words() -> None:
    phrases = Phrases.load()
    wanted = [
        *(f"console.invitation_status.{status.value}" for status in InvitationStatus),
        *(f"console.role_type.{type_.value}" for type_ in RoleType),
        *(f"console.role_type_help.{type_.value}" for type_ in RoleType),
    ]

    for language, catalogue in phrases.languages.items():
        assert [key for key in wanted if key not in catalogue] == [], language


async def test_the_pictures_of_an_organization_say_what_came_of_them(
    site: Site, owner: Browser
) -> None:
    host = {"now": httpx2.Response(404)}
    site.server.outbound.transport = httpx2.MockTransport(lambda _: host["now"])
    organizations = (await site.scope()).organizations
    branding = {"logoUrl": "https://example.com/logo.svg"}
    club = await organizations.create(SYSTEM, NewOrganization(name="Club", branding=branding))
    bare = await organizations.create(SYSTEM, NewOrganization(name="Bare"))
    assert "Pictures" not in (await owner.open(f"organizations/{bare.id}")).words
    await owner.open(f"organizations/{club.id}")

    page = await owner.submit(f"/{club.id}/pictures", picture="logoUrl")

    assert "pages show no picture: its server answered with an error." in page.words
    host["now"] = httpx2.Response(200, content=b"<svg></svg>")
    page = await owner.submit(f"/{club.id}/pictures", picture="logoUrl")
    assert "no picture" not in page.words
    assert "Fetched in" in page.words
