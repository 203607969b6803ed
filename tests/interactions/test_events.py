"""What interactions leave in the audit log, and what a tenant's servers are told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from tests.interactions.world import ALICE, PASSWORD, REGISTER, SIGN_IN, World
from watchword.audit.models import AuditEntry
from watchword.core.errors import DomainError
from watchword.interactions.errors import MissingProfile
from watchword.interactions.models import InteractionEvent
from watchword.storage import Database
from watchword.users.models import Identifier
from watchword.webhooks.models import Event
from watchword.webhooks.samples import sample_of
from watchword.webhooks.service import WebhookService

FORGOT = InteractionEvent.FORGOT_PASSWORD


@dataclass(frozen=True)
class Listener(WebhookService):
    """Hears every event, and whether it was part of a transaction."""

    told: list[tuple[Event, Mapping[str, Any], bool]] = field(default_factory=list, kw_only=True)

    def is_heard(self, event: Event) -> bool:
        return True

    async def announce(
        self, event: Event, payload: Mapping[str, Any], *, tx: Database | None = None
    ) -> None:
        self.told.append((event, payload, tx is not None))


@pytest.fixture
def listener(world: World) -> Listener:
    """Return who hears what the tenant's servers are told."""
    world.webhooks = Listener()
    world.set_up(forgotPasswordMethods=["PhoneVerificationCode"])
    return world.webhooks


async def entries(world: World) -> list[AuditEntry]:
    return (await world.audit.list()).items


@pytest.mark.proves("S134")
async def test_a_sign_in_is_noted_and_told_once_with_what_it_wrote(
    world: World, listener: Listener
) -> None:
    user = await world.add_user()
    token = await world.begin()
    await world.identify(token, await world.prove(token))
    assert await entries(world) == []
    await world.submit(token)
    await world.submit(token)

    (entry,) = await entries(world)
    assert entry.event == "Interaction.SignIn.Submit"
    assert (entry.user_id, entry.application_id) == (user.id, "demo-app")
    assert (entry.method, entry.result) == ("PhoneVerificationCode", "success")
    ((event, payload, is_part),) = listener.told
    assert (event, is_part) == (Event.POST_SIGN_IN, True)
    sample = sample_of(event)
    assert set(payload) == set(sample)
    assert set(payload["user"]) == set(sample["user"])
    assert set(payload["application"]) == set(sample["application"])
    assert payload["interactionEvent"] == "SignIn"
    assert payload["userId"] == payload["user"]["id"] == user.id
    assert payload["user"]["lastSignInAt"] == int(world.clock.now().timestamp() * 1000)
    assert payload["applicationId"] == payload["application"]["id"] == "demo-app"
    assert payload["ip"] == "192.0.2.7"
    assert payload["userAgent"] == "a browser"
    assert "password" not in str(payload).lower().replace("haspassword", "")


async def test_a_sign_up_is_told_as_one(world: World, listener: Listener) -> None:
    token = await world.begin(REGISTER)
    await world.identify(token, await world.prove(token, event=REGISTER))
    await world.submit(token)

    assert [event for event, _, _ in listener.told] == [Event.USER_CREATED, Event.POST_REGISTER]
    assert listener.told[0][1]["data"]["primaryPhone"] == ALICE.value
    assert all(is_part for _, _, is_part in listener.told)
    assert "Interaction.Register.Submit" in [entry.event for entry in await entries(world)]


async def test_a_recovered_password_is_told_without_it(world: World, listener: Listener) -> None:
    user = await world.add_user(password=PASSWORD)
    token = await world.begin(FORGOT)
    record_id = await world.send(token, ALICE, FORGOT)
    await world.messaging.drain(timedelta(seconds=5))
    await world.interactions.verify_code(await world.load(token), ALICE, record_id, world.last_code)
    await world.identify(token, record_id)
    await world.interactions.set_new_password(await world.load(token), "Another-pass-4-Phone")
    await world.submit(token)

    told = [payload for event, payload, _ in listener.told if event is Event.POST_RESET_PASSWORD]
    assert [payload["userId"] for payload in told] == [user.id]
    noted = [e for e in await entries(world) if e.event == "Interaction.ForgotPassword.Submit"]
    assert [entry.user_id for entry in noted] == [user.id]
    for text in ("Another-pass-4-Phone", "argon2"):
        assert text not in str(listener.told)
        assert text not in str(noted)


async def test_what_is_taken_back_is_neither_noted_nor_told(
    world: World, listener: Listener
) -> None:
    await world.add_user()
    token = await world.begin()
    await world.identify(token, await world.prove(token))
    world.set_up(signUp={"identifiers": ["username"], "password": True, "verify": False})

    with pytest.raises(MissingProfile):
        await world.submit(token)

    assert await entries(world) == []
    assert listener.told == []


@pytest.mark.parametrize(
    ("identifier", "shown"),
    [
        (ALICE, "+82 10-••••-5678"),
        (Identifier("email", "ada@example.com"), "a•••@example.com"),
        (Identifier("username", "alice"), "alice"),
    ],
)
@pytest.mark.proves("S134")
async def test_a_wrong_password_is_noted_without_it_and_without_the_number(
    world: World, identifier: Identifier, shown: str
) -> None:
    interaction = await world.load(await world.begin())

    with pytest.raises(DomainError):
        await world.interactions.verify_password(interaction, identifier, "wrong-4-sure")

    (entry,) = await entries(world)
    assert entry.event == "Interaction.SignIn.Verification.Password.Submit"
    assert (entry.result, entry.user_id) == ("failure", None)
    assert entry.payload["error"] == "session.invalid_credentials"
    assert entry.payload["identifier"] == {"type": identifier.type, "value": shown}
    assert "wrong-4-sure" not in str(entry)


@pytest.mark.proves("S10")
async def test_a_wrong_code_is_noted_without_it(world: World) -> None:
    token = await world.begin()
    record_id = await world.send(token)

    with pytest.raises(DomainError):
        await world.interactions.verify_code(await world.load(token), ALICE, record_id, "nope-1")

    (entry,) = await entries(world)
    assert entry.event == "Interaction.SignIn.Verification.VerificationCode.Submit"
    assert entry.method == "PhoneVerificationCode"
    assert entry.payload["error"] == "verification_code.code_mismatch"
    assert ALICE.value not in str(entry.payload)
    assert "nope-1" not in str(entry)
    assert SIGN_IN in entry.event
