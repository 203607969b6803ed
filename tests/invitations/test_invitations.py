"""Who may accept an invitation, once, and when."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.invitations.conftest import ALICE, ALICES_MAIL, BOB, DAY, Club
from watchword.audit.models import SYSTEM, AuditFilter
from watchword.core.email import EmailAddress
from watchword.core.pagination import PageRequest
from watchword.core.phone import PhoneNumber
from watchword.invitations.errors import (
    AlreadyMember,
    ExpiryInPast,
    ForSomebodyElse,
    InvitationAccepted,
    InvitationEnded,
    InvitationExpired,
    InvitationNotFound,
    InvitationPending,
    InvitationRevoked,
)
from watchword.invitations.models import Invitation, InvitationFilter, InvitationStatus
from watchword.organization_roles.errors import RoleIsForMachines
from watchword.organization_roles.models import NewRole, RoleType
from watchword.organizations.models import NewOrganization
from watchword.storage.database import StorageReferenceMissing
from watchword.users.errors import UserNotFound
from watchword.users.models import UserChange

SECOND = timedelta(seconds=1)


async def accepted(club: Club, id_: str, user_id: str) -> str:
    """Say how an attempt to accept ended."""
    try:
        await (await club.invitations()).accept(SYSTEM, id_, user_id)
    except (InvitationEnded, ForSomebodyElse) as error:
        return error.reason
    return "yes"


# Accepting.


async def test_who_proved_the_invited_number_becomes_a_member_with_the_roles(club: Club) -> None:
    alice = await club.person(ALICE)
    invitation = await club.invite(ALICE)

    ended = await (await club.invitations()).accept(SYSTEM, invitation.id, alice.id)

    assert ended.status is InvitationStatus.ACCEPTED
    assert ended.accepted_user_id == alice.id
    assert await club.members() == {alice.id: ["player"]}


async def test_who_proved_the_invited_address_becomes_a_member(club: Club) -> None:
    alice = await club.person(email="Alice@Example.com")
    invitation = await club.invite(EmailAddress.parse("ALICE@example.com"))

    assert await accepted(club, invitation.id, alice.id) == "yes"
    assert await club.members() == {alice.id: ["player"]}


@pytest.mark.parametrize("spelling", ["4407700900123", "447700900123"])
async def test_a_number_is_the_same_with_and_without_its_trunk_zero(
    club: Club, spelling: str
) -> None:
    alice = await club.person(ALICE)
    invitation = await club.invite(PhoneNumber.from_digits(spelling))

    assert await accepted(club, invitation.id, alice.id) == "yes"


async def test_nobody_accepts_for_a_number_that_they_did_not_prove(club: Club) -> None:
    somebody, bob = await club.person(ALICE, proved=False), await club.person(BOB)
    invitation = await club.invite(ALICE)

    for user in (somebody, bob):
        assert await accepted(club, invitation.id, user.id) == "for_somebody_else"
    with pytest.raises(UserNotFound):
        await (await club.invitations()).accept(SYSTEM, invitation.id, "nobody")
    with pytest.raises(InvitationNotFound):
        await (await club.invitations()).accept(SYSTEM, "nope", bob.id)

    assert await club.members() == {}
    users = (await club.site.scope()).users
    await users.change(somebody.id, UserChange(primary_phone=ALICE, is_phone_verified=True))
    assert await accepted(club, invitation.id, somebody.id) == "yes"


async def test_an_address_that_was_not_proved_is_worth_nothing(club: Club) -> None:
    somebody = await club.person(email=ALICES_MAIL.address, proved=False)
    invitation = await club.invite(ALICES_MAIL)

    assert await accepted(club, invitation.id, somebody.id) == "for_somebody_else"


async def test_of_many_who_accept_at_once_one_is_let_in(club: Club) -> None:
    alice = await club.person(ALICE)
    invitation = await club.invite(ALICE)

    ends = await asyncio.gather(*(accepted(club, invitation.id, alice.id) for _ in range(5)))

    assert sorted(ends) == ["accepted"] * 4 + ["yes"]
    assert await club.members() == {alice.id: ["player"]}


async def test_of_accepting_and_taking_back_at_once_one_happens(club: Club) -> None:
    alice = await club.person(ALICE)
    invitation = await club.invite(ALICE)
    service = await club.invitations()

    ends = await asyncio.gather(
        service.accept(SYSTEM, invitation.id, alice.id),
        service.revoke(SYSTEM, invitation.id),
        return_exceptions=True,
    )

    status = (await service.get(invitation.id)).status
    assert sum(isinstance(end, InvitationEnded) for end in ends) == 1
    assert (status is InvitationStatus.ACCEPTED) == bool(await club.members())


async def test_of_accepting_and_deleting_the_organization_at_once_either_comes_first(
    club: Club,
) -> None:
    alice = await club.person(ALICE)
    organizations = (await club.site.scope()).organizations
    for number in range(5):
        made = await organizations.create(SYSTEM, NewOrganization(name=f"Club {number}"))
        invitation = await club.invite(ALICE, organization_id=made.id)

        outcomes = await asyncio.gather(
            (await club.invitations()).accept(SYSTEM, invitation.id, alice.id),
            organizations.delete(SYSTEM, made.id),
            return_exceptions=True,
        )

        assert outcomes[1] is None
        assert isinstance(outcomes[0], Invitation | InvitationNotFound)
    assert await club.members() == {}


async def test_who_was_added_meanwhile_gets_the_roles_all_the_same(club: Club) -> None:
    alice = await club.person(ALICE)
    invitation = await club.invite(ALICE)
    organizations = (await club.site.scope()).organizations
    await organizations.add_members(SYSTEM, club.organization_id, [alice.id])

    assert await accepted(club, invitation.id, alice.id) == "yes"
    assert await club.members() == {alice.id: ["player"]}


async def test_a_role_that_was_deleted_meanwhile_is_given_to_nobody(club: Club) -> None:
    alice = await club.person(ALICE)
    invitation = await club.invite(ALICE)
    await (await club.site.scope()).organization_roles.delete(SYSTEM, club.role_id)

    assert await accepted(club, invitation.id, alice.id) == "yes"
    assert await club.members() == {alice.id: []}


# Ends.


async def test_an_invitation_is_over_when_its_time_is(club: Club) -> None:
    alice = await club.person(ALICE)
    invitation = await club.invite(ALICE)
    service = await club.invitations()
    club.site.clock.advance(DAY - SECOND)
    assert (await service.get(invitation.id)).status is InvitationStatus.PENDING

    club.site.clock.advance(SECOND)

    assert (await service.get(invitation.id)).status is InvitationStatus.EXPIRED
    assert [found.status for found in await service.list()] == [InvitationStatus.EXPIRED]
    assert await accepted(club, invitation.id, alice.id) == "expired"
    with pytest.raises(InvitationExpired):
        await service.revoke(SYSTEM, invitation.id)
    with pytest.raises(InvitationExpired):
        await service.send(SYSTEM, invitation.id, {})
    assert await club.members() == {}


async def test_after_one_that_is_over_the_same_person_is_invited_anew(club: Club) -> None:
    first = await club.invite(ALICE)
    club.site.clock.advance(DAY)

    second = await club.invite(ALICE)

    service = await club.invitations()
    statuses = {found.id: found.status for found in await service.list()}
    assert statuses == {
        first.id: InvitationStatus.EXPIRED,
        second.id: InvitationStatus.PENDING,
    }


async def test_what_was_taken_back_is_accepted_by_nobody(club: Club) -> None:
    alice = await club.person(ALICE)
    invitation = await club.invite(ALICE)
    service = await club.invitations()

    await service.revoke(SYSTEM, invitation.id)

    assert await accepted(club, invitation.id, alice.id) == "revoked"
    with pytest.raises(InvitationRevoked):
        await service.revoke(SYSTEM, invitation.id)
    with pytest.raises(InvitationRevoked):
        await service.send(SYSTEM, invitation.id, {})
    with pytest.raises(InvitationNotFound):
        await service.revoke(SYSTEM, "nope")
    assert await club.members() == {}
    assert (await club.invite(ALICE)).status is InvitationStatus.PENDING


async def test_what_was_accepted_stays_so(club: Club) -> None:
    alice = await club.person(ALICE)
    invitation = await club.invite(ALICE)
    await accepted(club, invitation.id, alice.id)

    with pytest.raises(InvitationAccepted):
        await (await club.invitations()).revoke(SYSTEM, invitation.id)
    club.site.clock.advance(2 * DAY)

    found = await (await club.invitations()).get(invitation.id)
    assert found.status is InvitationStatus.ACCEPTED


# Inviting.


async def test_one_person_is_invited_to_one_organization_once_at_a_time(club: Club) -> None:
    outcomes = await asyncio.gather(
        *(club.invite(PhoneNumber.from_digits("4407700900123")) for _ in range(4)),
        return_exceptions=True,
    )

    assert sum(isinstance(outcome, InvitationPending) for outcome in outcomes) == 3
    with pytest.raises(InvitationPending):
        await club.invite(ALICE)
    assert len(await (await club.invitations()).list()) == 1
    await club.invite(ALICES_MAIL)


async def test_a_member_is_not_invited(club: Club) -> None:
    organizations = (await club.site.scope()).organizations
    for person in (await club.person(ALICE), await club.person(email=ALICES_MAIL.address)):
        await organizations.add_members(SYSTEM, club.organization_id, [person.id])

    for invitee in (ALICE, ALICES_MAIL):
        with pytest.raises(AlreadyMember):
            await club.invite(invitee)


async def test_what_is_over_before_it_begins_is_no_invitation(club: Club) -> None:
    with pytest.raises(ExpiryInPast):
        await club.invite(expires_at=club.site.clock.now())


@pytest.mark.parametrize(
    "changes", [{"organization_id": "nope"}, {"inviter_id": "nope"}, {"role_ids": ("nope",)}]
)
async def test_an_invitation_names_only_what_is_there(club: Club, changes: dict[str, Any]) -> None:
    with pytest.raises(StorageReferenceMissing):
        await club.invite(**changes)

    assert await (await club.invitations()).list() == []


async def test_nobody_is_invited_to_a_role_for_machines(club: Club) -> None:
    roles = (await club.site.scope()).organization_roles
    machine = await roles.create(SYSTEM, NewRole(name="m", type=RoleType.MACHINE_TO_MACHINE))

    with pytest.raises(RoleIsForMachines):
        await club.invite(role_ids=(machine.id,))


async def test_invitations_are_found_by_what_they_are_about(club: Club) -> None:
    inviter = await club.person(BOB)
    first = await club.invite(ALICE, inviter_id=inviter.id)
    club.site.clock.advance(SECOND)
    second = await club.invite(ALICES_MAIL)
    service = await club.invitations()

    async def found(**asked: str) -> list[str]:
        return [item.id for item in await service.list(InvitationFilter(**asked))]

    assert await found() == [second.id, first.id]
    assert await found(organization_id=club.organization_id) == [second.id, first.id]
    assert await found(inviter_id=inviter.id) == [first.id]
    assert await found(invitee="4407700900123") == [first.id]
    assert await found(invitee="ALICE@example.com") == [second.id]
    assert await found(invitee="nobody", organization_id=club.organization_id) == []


async def test_a_list_costs_as_many_statements_however_long_it_is(club: Club) -> None:
    service, storage = await club.invitations(), club.site.server.storage
    costs = []
    for number in (0, 29):
        for index in range(number + 1):
            await club.invite(EmailAddress(f"person{number}-{index}@example.com"))
        before = storage.statements
        listed = await service.list()
        costs.append(storage.statements - before)

    assert len(listed) == 31
    assert all(len(invitation.roles) == 1 for invitation in listed)
    assert costs[0] == costs[1] == 2


async def test_what_hangs_on_an_invitation_goes_with_it(club: Club) -> None:
    inviter = await club.person(BOB)
    first = await club.invite(ALICE, {}, inviter_id=inviter.id)
    token = await club.token()
    second = await club.invite(ALICES_MAIL)
    service, scope = await club.invitations(), await club.site.scope()

    await scope.users.delete(inviter.id)
    with pytest.raises(InvitationNotFound):
        await service.get(first.id)
    with pytest.raises(InvitationNotFound):
        await service.open(token)
    await scope.organizations.delete(SYSTEM, club.organization_id)

    with pytest.raises(InvitationNotFound):
        await service.delete(SYSTEM, second.id)


async def test_what_happens_is_in_the_audit_log_without_the_whole_number(club: Club) -> None:
    alice = await club.person(ALICE)
    invitation = await club.invite(ALICE)
    service = await club.invitations()
    await service.send(SYSTEM, invitation.id, {})
    await accepted(club, invitation.id, alice.id)
    await service.delete(SYSTEM, invitation.id)

    log = await (await club.site.scope()).audit.list(
        PageRequest(size=100), AuditFilter(subject=f"organization_invitation:{invitation.id}")
    )

    assert sorted(entry.event for entry in log.items) == [
        "organization_invitation.accepted",
        "organization_invitation.created",
        "organization_invitation.deleted",
        "organization_invitation.message_sent",
    ]
    assert ALICE.digits not in str([entry.payload for entry in log.items])
    assert "0123" in str([entry.payload for entry in log.items])
