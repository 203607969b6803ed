"""What deleting a connector breaks and what replacing it loses, before it is done."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Insert, Table, bindparam, insert

from tests.connectors.provider import CONFIG, OTHER_PROVIDER_ID, PROVIDER_ID
from tests.connectors.rooms import OPERATOR, Rooms
from tests.migrations.rows import row_of
from tests.plans import plan_of
from watchword.audit.models import Actor, interaction_event
from watchword.configuration.errors import ConnectorInUse
from watchword.configuration.models import SINGLE, Breakage, Kind, Losses
from watchword.configuration.repository import (
    COUNTED_AT_MOST,
    PEOPLE_WITH_ONLY,
    SIGN_INS_READ,
    SIGNED_IN_BY,
)
from watchword.connector_kit.models import ConnectorType
from watchword.core.ids import new_id
from watchword.core.phone import PhoneNumber
from watchword.sign_in_settings.models import SignInSettings
from watchword.storage import TenantRepository
from watchword.storage.schema import organization_invitations, organizations
from watchword.users.models import IdentifierType, NewUser

BY_PHONE: dict[str, Any] = {
    "signUp": {"identifiers": ["phone"], "password": False, "verify": True},
    "signIn": {
        "methods": [
            {
                "identifier": "phone",
                "password": False,
                "verificationCode": True,
                "isPasswordPrimary": False,
            }
        ]
    },
}
ONLY_PASSWORDS: dict[str, Any] = {
    "signUp": {"identifiers": ["username"], "password": True, "verify": False},
    "signIn": {
        "methods": [
            {
                "identifier": "username",
                "password": True,
                "verificationCode": False,
                "isPasswordPrimary": True,
            }
        ]
    },
    "forgotPasswordMethods": [],
}


def written(table: Table) -> Insert:
    """Return the statement that writes a whole row."""
    return insert(table).values({column.name: bindparam(column.name) for column in table.columns})


async def broken(rooms: Rooms, id_: str) -> list[Breakage]:
    """Return what deleting would break."""
    return await rooms.configuration.connectors.what_breaks(id_)


async def invite(rooms: Rooms, invitee: str, status: str = "Pending", days: int = 1) -> None:
    """Write an invitation, and the organization it is to."""
    db = TenantRepository(rooms.storage, rooms.tenant.id)
    id_, now = new_id(), rooms.clock.now()
    moments = {"created_at": now, "updated_at": now}
    organization = {**row_of(organizations), **moments, "id": id_}
    for name in ("tenant_id", "updated_at"):
        del organization[name]
    await db.run(written(organizations), **organization)
    invitation: dict[str, Any] = {
        **row_of(organization_invitations),
        **moments,
        **dict.fromkeys(("inviter_id", "accepted_user_id")),
        "id": id_,
        "organization_id": id_,
        "invitee": invitee,
        "status": status,
        "expires_at": now + timedelta(days=days),
    }
    del invitation["tenant_id"]
    await db.run(written(organization_invitations), **invitation)


async def test_everything_that_needs_it_is_named_in_the_order_people_meet_it(
    rooms: Rooms,
) -> None:
    saved = await rooms.set_up()
    await rooms.configuration.settings.save_sign_in(
        OPERATOR, {**BY_PHONE, "forgotPasswordMethods": ["PhoneVerificationCode"]}
    )

    assert [each.setting for each in await broken(rooms, saved.id)] == [
        "sign_up",
        "sign_in",
        "forgot_password",
    ]


async def test_people_are_counted_who_have_neither_an_address_nor_a_password(
    rooms: Rooms,
) -> None:
    saved = await rooms.set_up()
    await rooms.configuration.settings.save_sign_in(OPERATOR, BY_PHONE)
    kept: list[dict[str, Any]] = [
        {},
        {"username": "with_a_name_but_no_password"},
        {"primary_email": "a@example.com"},
        {"password_digest": "x"},
    ]
    for number, others in enumerate(kept):
        phone = PhoneNumber(f"82101234567{number}")
        await rooms.users.create(NewUser(primary_phone=phone, **others))
    await rooms.users.create(NewUser(username="no_phone", password_digest="x"))

    assert Breakage("people_with_only_this", 2) in await broken(rooms, saved.id)


async def test_people_are_counted_who_signed_in_by_it_in_seven_days_each_once(
    rooms: Rooms,
) -> None:
    saved = await rooms.set_up()
    await rooms.configuration.settings.save_sign_in(OPERATOR, BY_PHONE)

    async def sign_in(user: str, method: str = "PhoneVerificationCode", **more: Any) -> None:
        event = interaction_event("SignIn")
        await rooms.audit.record(event, Actor("user", user), method=method, **more)

    await sign_in("long-ago")
    rooms.clock.advance(timedelta(days=7, seconds=1))
    await sign_in("ada")
    await sign_in("ada")
    await sign_in("bob")
    await sign_in("by-password", "Password")
    await sign_in("by-mail", "EmailVerificationCode")
    await sign_in("refused", result="failure")

    assert Breakage("signed_in_lately", 2) in await broken(rooms, saved.id)


async def test_open_invitations_are_counted_by_their_channel(rooms: Rooms) -> None:
    saved = await rooms.set_up()
    await rooms.configuration.settings.save_sign_in(OPERATOR, ONLY_PASSWORDS)
    await invite(rooms, "821012345678")
    await invite(rooms, "821012345679", days=-1)
    await invite(rooms, "821012345670", status="Accepted")
    await invite(rooms, "ada@example.com")

    assert await broken(rooms, saved.id) == [Breakage("invitations", 1)]


async def test_what_nobody_needs_is_deleted_without_a_word(rooms: Rooms) -> None:
    saved = await rooms.set_up()
    await rooms.configuration.settings.save_sign_in(OPERATOR, ONLY_PASSWORDS)
    await rooms.users.create(NewUser(primary_phone=PhoneNumber("821012345678")))

    assert await broken(rooms, saved.id) == []
    await rooms.configuration.connectors.delete(OPERATOR, saved.id)


async def test_a_permissive_tenant_deletes_for_whoever_does_not_say(rooms: Rooms) -> None:
    saved = await rooms.set_up()
    await rooms.configuration.settings.save_sign_in(OPERATOR, BY_PHONE)
    delete = rooms.configuration.connectors.delete
    await rooms.configuration.settings.save_tenant(OPERATOR, {"connectorDeletion": "permissive"})

    with pytest.raises(ConnectorInUse):
        await delete(OPERATOR, saved.id, force=False)
    await delete(OPERATOR, saved.id)

    assert await rooms.connectors.active() is None


async def test_a_tenant_is_strict_again_when_its_first_version_comes_back(rooms: Rooms) -> None:
    settings = rooms.configuration.settings
    await settings.save_tenant(OPERATOR, {"connectorDeletion": "strict"})
    await settings.save_tenant(OPERATOR, {"connectorDeletion": "permissive"})
    await settings.save_tenant(OPERATOR, {"connectorDeletion": "strict"})

    await rooms.configuration.restore(OPERATOR, Kind.TENANT, SINGLE, 1)

    assert (await settings.tenant())[0].connector_deletion == "permissive"


async def test_counting_stops_and_says_so(rooms: Rooms) -> None:
    assert Breakage("x", COUNTED_AT_MOST, is_at_least=True).document() == {
        "setting": "x",
        "count": COUNTED_AT_MOST,
        "isAtLeast": True,
    }
    assert COUNTED_AT_MOST < SIGN_INS_READ


@pytest.mark.parametrize("identifier", ["phone", "email"])
async def test_counting_people_walks_an_index(rooms: Rooms, identifier: IdentifierType) -> None:
    people = await plan_of(rooms.storage, PEOPLE_WITH_ONLY[identifier])
    sign_ins = await plan_of(rooms.storage, SIGNED_IN_BY, method="x", since=rooms.clock.now())

    assert f"ix_users_{identifier}_only" in people, people
    assert "ix_audit_log_event" in sign_ins, sign_ins


def templates(*usages: str, **more: Any) -> list[dict[str, Any]]:
    """Return a template for each usage type."""
    return [{"usageType": usage, "content": "{{code}}", **more} for usage in usages]


async def lost(
    rooms: Rooms, before: list[dict[str, Any]], after: Mapping[str, Any] | list[dict[str, Any]]
) -> Losses:
    """Return what replacing a connector with some templates by one with others loses."""
    present = await rooms.set_up(config={**CONFIG, "templates": [*before, *NEEDED]})
    config = {**CONFIG, "templates": [*after, *NEEDED]}
    return rooms.configuration.connectors.what_is_lost(present, OTHER_PROVIDER_ID, config)


NEEDED = templates("SignIn", "Register", "ForgotPassword", "Generic")


async def test_replacing_like_with_like_loses_nothing(rooms: Rooms) -> None:
    same = templates("BindMfa", language="ko")

    found = await lost(rooms, same, templates("BindMfa", language="ko-KR"))

    assert found == Losses()
    assert not found


async def test_a_usage_type_and_a_language_without_a_text_are_named(rooms: Rooms) -> None:
    before = [*templates("BindMfa"), *templates("Generic", language="ko")]

    found = await lost(rooms, before, templates("Generic", language="en"))

    assert (found.usage_types, found.languages, found.countries) == (("BindMfa",), ("ko",), ())


async def test_countries_that_no_template_serves_any_more_are_named(rooms: Rooms) -> None:
    present = await rooms.set_up()
    only_china = [{**template, "countries": ["cn"]} for template in NEEDED]

    found = rooms.configuration.connectors.what_is_lost(
        present, PROVIDER_ID, {**CONFIG, "templates": only_china}
    )

    assert (found.countries, found.allowed_countries) == (("*",), ("CN",))


async def test_a_connector_without_templates_has_a_text_for_every_use(rooms: Rooms) -> None:
    present = await rooms.set_up()

    found = rooms.configuration.connectors.what_is_lost(present, "a-package-that-is-gone", {})

    assert found == Losses()


async def test_an_email_connector_is_judged_by_addresses(rooms: Rooms) -> None:
    saved = replace(await rooms.set_up(), type=ConnectorType.EMAIL)
    by_email = json.loads(json.dumps(BY_PHONE).replace('"phone"', '"email"'))
    versions = rooms.configuration.writer.versions
    # As if an e-mail connector had been there when they were chosen.
    await versions.save_settings(
        Kind.SIGN_IN,
        document=SignInSettings.model_validate(by_email).document(),
        version=1,
        updated_at=rooms.clock.now(),
    )
    await rooms.users.create(NewUser(primary_email="only@example.com"))
    await rooms.users.create(NewUser(primary_phone=PhoneNumber("821012345678")))
    await invite(rooms, "ada@example.com")
    event = interaction_event("SignIn")
    await rooms.audit.record(event, Actor("user", "ada"), method="EmailVerificationCode")

    found = await rooms.configuration.connectors.consequences.of_deleting(versions, saved)

    assert found == [
        Breakage("sign_up"),
        Breakage("sign_in"),
        Breakage("invitations", 1),
        Breakage("people_with_only_this", 1),
        Breakage("signed_in_lately", 1),
    ]
