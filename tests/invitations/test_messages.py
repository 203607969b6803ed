"""What an invitation's message says, where its link leads, and when nothing is sent."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.invitations.conftest import (
    ALICE,
    ALICES_MAIL,
    BOB,
    DAY,
    LINK,
    SMS,
    SOON,
    Club,
    PickyConnector,
)
from tests.mocks.sms import MockSmsConnector
from watchword.audit.models import SYSTEM, AuditFilter
from watchword.connector_kit.errors import InvalidRecipient
from watchword.connector_kit.models import UsageType
from watchword.connectors.errors import NoConnector
from watchword.core.digests import digest_of_token
from watchword.core.phone import PhoneNumber
from watchword.guard.errors import CountryNotAllowed, TooManyMessages
from watchword.invitations.errors import (
    ForSomebodyElse,
    InvitationExpired,
    InvitationNotFound,
    InvitationRevoked,
    LinkNotInTemplate,
)
from watchword.invitations.models import InvitationStatus
from watchword.messaging.models import MessageState
from watchword.storage import ServerRepository
from watchword.storage.schema import metadata
from watchword.tenants.models import TenantTag

TEN_MINUTES = timedelta(minutes=10)


async def set_sms_up(club: Club, templates: list[dict[str, str]]) -> None:
    configuration = (await club.site.scope()).configuration
    await configuration.connectors.create(
        SYSTEM, "mock-short-message-service", {**SMS, "templates": templates}
    )


async def set_mail_up(club: Club) -> None:
    configuration = (await club.site.scope()).configuration
    await configuration.connectors.create(SYSTEM, "development-email-inbox", {})


# What it says.


async def test_a_text_names_who_invites_where_to_and_has_a_short_link_of_ours(
    club: Club,
) -> None:
    inviter = await club.person(BOB)

    invitation = await club.invite(ALICE, {}, inviter_id=inviter.id)

    text = (await club.texts())[-1]
    assert text == f"Somebody invites you to Chess club: {LINK.search(text)[0]}"  # type: ignore[index]  # else it fails
    message = MockSmsConnector.sent[-1]
    assert (message.to, message.usage) == (ALICE, UsageType.ORGANIZATION_INVITATION)
    scope = await club.site.scope()
    assert invitation.message_id == message.id
    assert (await scope.messaging.log.get(message.id)).state is MessageState.ACCEPTED


async def test_an_address_is_mailed(club: Club) -> None:
    await set_mail_up(club)

    await club.invite(ALICES_MAIL, {})

    await club.site.server.dispatch.drain(SOON)
    mail = club.site.server.inbox.list("default")[0]
    assert (mail.to, mail.subject) == (ALICES_MAIL.address, "You are invited to Chess club")
    assert LINK.search(mail.text)


async def test_what_the_caller_says_wins(club: Club) -> None:
    message = {
        "link": "https://app.example/join/1",
        "organization": {"name": "The club"},
        "locale": "ko",
        "campaign": ["spring"],
    }

    await club.invite(ALICE, message)

    assert (await club.texts())[-1] == " invites you to The club: https://app.example/join/1"
    sent = MockSmsConnector.sent[-1]
    assert (sent.language, sent.variables["campaign"]) == ("ko", ["spring"])
    assert await links(club) == []


@pytest.mark.proves("S87")
async def test_a_name_that_others_chose_brings_no_link(club: Club) -> None:
    organizations = (await club.site.scope()).organizations
    await organizations.change(
        SYSTEM, club.organization_id, {"name": "Win now https://evil.example"}
    )

    await club.invite(ALICE, {})

    assert "evil.example" not in (await club.texts())[-1]


async def test_without_a_message_nobody_hears_anything(club: Club) -> None:
    invitation = await club.invite(ALICE)

    assert (await club.texts(), invitation.message_id) == ([], None)


# Where the link leads.


async def test_the_link_shows_the_invitation_and_spends_nothing(club: Club) -> None:
    inviter, alice = await club.person(BOB), await club.person(ALICE)
    invitation = await club.invite(ALICE, {}, inviter_id=inviter.id)
    token, service = await club.token(), await club.invitations()

    opened = [await service.open(token) for _ in range(3)]

    assert opened[0] == opened[2]
    assert opened[0].invitation == invitation
    assert opened[0].organization.name == "Chess club"
    assert opened[0].inviter_name == "Somebody"
    assert [role.name for role in opened[0].invitation.roles] == ["player"]
    ended = await service.accept_by_link(SYSTEM, token, alice.id)
    assert ended.status is InvitationStatus.ACCEPTED
    assert (await service.open(token)).invitation.status is InvitationStatus.ACCEPTED


async def test_the_link_alone_lets_nobody_in(club: Club) -> None:
    bob = await club.person(BOB)
    await club.invite(ALICE, {})

    with pytest.raises(ForSomebodyElse):
        await (await club.invitations()).accept_by_link(SYSTEM, await club.token(), bob.id)
    with pytest.raises(InvitationNotFound):
        await (await club.invitations()).accept_by_link(SYSTEM, "x" * 22, bob.id)

    assert await club.members() == {}


async def test_the_link_ends_with_the_invitation(club: Club) -> None:
    alice = await club.person(ALICE)
    await club.invite(ALICE, {})
    token, service = await club.token(), await club.invitations()
    club.site.clock.advance(DAY)

    with pytest.raises(InvitationExpired):
        await service.accept_by_link(SYSTEM, token, alice.id)

    assert (await service.open(token)).invitation.status is InvitationStatus.EXPIRED


async def test_each_message_has_a_link_of_its_own_and_all_lead_to_the_invitation(
    club: Club,
) -> None:
    invitation = await club.invite(ALICE, {})
    first, service = await club.token(), await club.invitations()

    await service.send(SYSTEM, invitation.id, {})

    second = await club.token()
    assert first != second
    for token in (first, second):
        assert (await service.open(token)).invitation.id == invitation.id
    await service.delete(SYSTEM, invitation.id)
    for token in (first, second):
        with pytest.raises(InvitationNotFound):
            await service.open(token)


async def test_a_new_link_ends_those_before_it_and_is_no_secret_of_the_database(club: Club) -> None:
    invitation = await club.invite(ALICE, {})
    sent, service = await club.token(), await club.invitations()

    address = await service.new_link(SYSTEM, invitation.id)

    token = address.rpartition("/i/")[2]
    assert (await service.open(token)).invitation.id == invitation.id
    with pytest.raises(InvitationNotFound):
        await service.open(sent)
    logged = await (await club.site.scope()).audit.list(
        filters=AuditFilter(event="organization_invitation.linked")
    )
    assert [entry.subject for entry in logged.items] == [f"organization_invitation:{invitation.id}"]
    assert token not in str(logged.items)


async def test_of_two_new_links_at_once_one_is_left(club: Club) -> None:
    invitation = await club.invite(ALICE, {})
    service = await club.invitations()

    made = await asyncio.gather(*(service.new_link(SYSTEM, invitation.id) for _ in range(4)))

    async def opens(address: str) -> bool:
        try:
            await service.open(address.rpartition("/i/")[2])
        except InvitationNotFound:
            return False
        return True

    assert sum([await opens(address) for address in made]) == 1


async def test_an_invitation_that_ended_gets_no_new_link(club: Club) -> None:
    invitation = await club.invite(ALICE, {})
    service = await club.invitations()
    await service.revoke(SYSTEM, invitation.id)

    with pytest.raises(InvitationRevoked):
        await service.new_link(SYSTEM, invitation.id)
    with pytest.raises(InvitationNotFound):
        await service.new_link(SYSTEM, "nothing")


async def test_another_tenants_link_opens_nothing(club: Club) -> None:
    alice = await club.person(ALICE)
    invitation = await club.invite(ALICE, {})
    token = await club.token()
    await club.site.server.directory.create("acme", "Acme", TenantTag.DEVELOPMENT)
    await club.site.server.refresh()
    abroad = await club.invitations("acme")

    for attempt in (
        abroad.open(token),
        abroad.accept_by_link(SYSTEM, token, alice.id),
        abroad.accept(SYSTEM, invitation.id, alice.id),
        abroad.revoke(SYSTEM, invitation.id),
        abroad.new_link(SYSTEM, invitation.id),
        abroad.get(invitation.id),
    ):
        with pytest.raises(InvitationNotFound):
            await attempt

    assert await abroad.list() == []
    assert (await (await club.invitations()).get(invitation.id)).status == "Pending"


async def test_the_token_stands_nowhere_in_the_database(club: Club) -> None:
    await club.invite(ALICE, {})
    token = await club.token()
    repository = ServerRepository(club.site.server.storage)

    rows = [await repository.all(table.select()) for table in metadata.tables.values()]

    assert token not in str(rows)
    assert digest_of_token(token) in str(rows)


# When nothing is sent.


async def test_without_a_connector_nobody_is_invited_by_message(club: Club) -> None:
    with pytest.raises(NoConnector) as refused:
        await club.invite(ALICES_MAIL, {})

    assert refused.value.values == {"type": "Email"}
    assert await (await club.invitations()).list() == []
    assert (await club.invite(ALICES_MAIL)).status is InvitationStatus.PENDING


async def test_what_the_provider_refuses_at_once_is_no_invitation(club: Club) -> None:
    PickyConnector.refuses = True

    with pytest.raises(InvalidRecipient):
        await club.invite(ALICE, {})

    assert await (await club.invitations()).list() == []
    assert await links(club) == []
    log = await (await club.site.scope()).audit.list()
    undone = next(e for e in log.items if e.event == "organization_invitation.not_sent")
    assert (undone.result, undone.payload["error"]) == ("failure", "connector.general")


async def test_a_second_message_that_the_provider_refuses_leaves_the_invitation(
    club: Club,
) -> None:
    invitation = await club.invite(ALICE, {})
    first = await club.token()

    PickyConnector.refuses = True
    service = await club.invitations()
    with pytest.raises(InvalidRecipient):
        await service.send(SYSTEM, invitation.id, {})

    assert (await service.open(first)).invitation.status is InvitationStatus.PENDING


@pytest.mark.parametrize(
    "templates",
    [
        [{"usageType": "Generic", "content": "{{code}}"}],
        [{"usageType": "OrganizationInvitation", "content": "Join {{organization}}"}],
    ],
)
async def test_a_template_without_the_link_sends_nothing_but_serves_whoever_has_their_own(
    club: Club, templates: list[dict[str, str]]
) -> None:
    await set_sms_up(club, templates)

    with pytest.raises(LinkNotInTemplate):
        await club.invite(ALICE, {})
    assert await (await club.invitations()).list() == []

    await club.invite(ALICE, {"link": "https://app.example/join/1"})
    assert len(await club.texts()) == 1


@pytest.mark.proves("S24b")
async def test_the_eleventh_message_to_one_person_is_one_too_many(club: Club) -> None:
    invitation = await club.invite(ALICE, {})
    service = await club.invitations()
    for _ in range(9):
        await service.send(SYSTEM, invitation.id, {})

    with pytest.raises(TooManyMessages):
        await service.send(SYSTEM, invitation.id, {})

    assert len(await club.texts()) == 10
    await service.delete(SYSTEM, invitation.id)
    with pytest.raises(TooManyMessages):
        await club.invite(PhoneNumber.from_digits("4407700900123"), {})
    assert await service.list() == []
    await club.invite(BOB, {})
    club.site.clock.advance(TEN_MINUTES)
    await club.invite(ALICE, {})


async def test_invitations_use_up_nothing_of_the_limit_on_codes(club: Club) -> None:
    invitation = await club.invite(ALICE, {})
    for _ in range(9):
        await (await club.invitations()).send(SYSTEM, invitation.id, {})

    await (await club.site.scope()).guard.spend_send(ALICE)


async def test_invitations_that_are_refused_for_another_reason_use_up_nothing(club: Club) -> None:
    invitation = await club.invite(ALICE)
    for _ in range(11):
        with pytest.raises(Exception, match="unique"):
            await club.invite(ALICE, {})

    await (await club.invitations()).send(SYSTEM, invitation.id, {})


@pytest.mark.proves("S40")
async def test_nothing_is_sent_to_a_country_that_is_not_allowed(club: Club) -> None:
    configuration = (await club.site.scope()).configuration
    await configuration.settings.save_guard(SYSTEM, {"allowedCountries": ["KR"]})

    with pytest.raises(CountryNotAllowed):
        await club.invite(ALICE, {})

    assert await (await club.invitations()).list() == []
    await club.invite(PhoneNumber("821012345678"), {})
    await club.invite(ALICE)


async def links(club: Club) -> list[Any]:
    table = metadata.tables["organization_invitation_links"]
    return await ServerRepository(club.site.server.storage).all(table.select())
