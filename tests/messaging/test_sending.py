"""A message is written down, sent once, and its end is known."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import bindparam, select

from tests.connectors.provider import CONFIG, OTHER_PROVIDER_ID, PROVIDER_ID
from tests.connectors.rooms import ALICE, MINJI, OPERATOR, Rooms
from watchword.audit.models import AuditFilter
from watchword.connector_kit.errors import (
    InvalidConfig,
    InvalidRecipient,
    ProviderThrottled,
    ProviderTimeout,
    ProviderUnavailable,
)
from watchword.connector_kit.models import DeliveryReport, Receipt, UsageType
from watchword.connectors.errors import NoConnector, SecretsWantedAgain
from watchword.core.context import correlation_id
from watchword.messaging.models import MessageFilter, MessageState, QueuedMessage, origin_line
from watchword.storage import TenantRepository
from watchword.storage.schema import messages

CODE = "135790"
MOMENT = timedelta(seconds=5)
LIFETIME = timedelta(minutes=10)
ROWS = select(messages).where(messages.c.tenant_id == bindparam("tenant_id"))


async def queue(rooms: Rooms, to: Any = ALICE, **options: Any) -> QueuedMessage:
    return await rooms.messaging.queue(
        to,
        options.pop("usage", UsageType.SIGN_IN),
        variables={"code": CODE, **options.pop("variables", {})},
        until=rooms.clock.now() + LIFETIME,
        **options,
    )


async def rows_of(rooms: Rooms) -> list[dict[str, Any]]:
    return await TenantRepository(rooms.storage, rooms.tenant.id).all(ROWS)


async def test_a_queued_message_is_sent_with_its_code(rooms: Rooms) -> None:
    await rooms.set_up()

    queued = await queue(rooms, language="en", client_ip="192.0.2.7")
    state = await rooms.messaging.outcome(queued, MOMENT)

    assert state is MessageState.ACCEPTED
    [sent] = rooms.provider.sent
    assert (sent.to, sent.usage, sent.client_ip) == (ALICE, UsageType.SIGN_IN, "192.0.2.7")
    assert CODE in rooms.provider.texts[0]
    assert "10 min" in rooms.provider.texts[0]
    assert "{{" not in rooms.provider.texts[0]
    message = await rooms.messaging.log.get(queued.id)
    assert message.state is MessageState.ACCEPTED
    assert message.provider_message_id == f"P-{queued.id}"
    assert (message.country, message.encoding, message.segments) == ("GB", "GSM-7", 1)


@pytest.mark.proves("S11")
async def test_the_text_lies_sealed_while_it_waits_and_is_erased_when_it_is_sent(
    rooms: Rooms,
) -> None:
    await rooms.set_up()
    rooms.provider.gate = asyncio.Event()

    queued = await queue(rooms)
    [waiting] = await rows_of(rooms)
    rooms.provider.gate.set()
    await rooms.messaging.outcome(queued, MOMENT)
    [sent] = await rows_of(rooms)

    assert waiting["content"]
    assert sent["content"] is None
    for row in (waiting, sent):
        stored = " ".join(str(value) for value in row.values())
        assert CODE not in stored
        assert ALICE.digits not in stored
        assert ALICE.digits[2:] not in stored


async def test_s11_a_message_that_expired_holds_no_text(rooms: Rooms) -> None:
    await rooms.set_up()
    rooms.provider.answers.append(ProviderThrottled("slow down", retry_after=LIFETIME / 2))
    await queue(rooms)
    await rooms.messaging.drain(MOMENT)
    [waiting] = await rows_of(rooms)

    rooms.clock.advance(LIFETIME)
    await rooms.messaging.take_over_lapsed()
    await rooms.messaging.drain(MOMENT)
    [expired] = await rows_of(rooms)

    assert (waiting["state"], expired["state"]) == ("queued", "expired")
    assert waiting["content"]
    assert expired["content"] is None


@pytest.mark.proves("S80")
async def test_the_origin_line_is_the_last_line(rooms: Rooms) -> None:
    await rooms.set_up()

    line = origin_line("auth.example.com:8443", CODE)
    queued = await queue(rooms, variables={"origin_line": line})
    await rooms.messaging.outcome(queued, MOMENT)

    assert rooms.provider.texts[0].splitlines()[-1] == f"@auth.example.com #{CODE}"


async def test_a_slow_provider_is_waited_for_no_longer_than_asked(rooms: Rooms) -> None:
    await rooms.set_up()
    rooms.provider.gate = asyncio.Event()

    queued = await queue(rooms)
    state = await rooms.messaging.outcome(queued, timedelta(milliseconds=20))

    assert state.is_open
    rooms.provider.gate.set()
    assert await rooms.messaging.outcome(queued, MOMENT) is MessageState.ACCEPTED


async def test_a_client_that_goes_away_does_not_stop_the_message(rooms: Rooms) -> None:
    await rooms.set_up()
    rooms.provider.gate = asyncio.Event()

    async def request() -> None:
        await rooms.messaging.outcome(await queue(rooms), MOMENT)

    waiting = asyncio.create_task(request())
    await rooms.provider.asked.wait()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    rooms.provider.gate.set()
    assert await rooms.messaging.drain(MOMENT) == 0

    [row] = await rows_of(rooms)
    assert row["state"] == "accepted"


@pytest.mark.proves("S63b")
async def test_a_refusal_is_raised_and_its_words_are_for_administrators(rooms: Rooms) -> None:
    await rooms.set_up()
    rooms.provider.answers.append(InvalidRecipient("21211 invalid", data={"raw": "body"}))

    queued = await queue(rooms)
    with pytest.raises(InvalidRecipient) as caught:
        await rooms.messaging.outcome(queued, MOMENT)

    assert caught.value.data is None
    message = await rooms.messaging.log.get(queued.id)
    assert message.state is MessageState.FAILED
    assert (message.error_class, message.provider_words) == ("invalid_recipient", "21211 invalid")


@pytest.mark.parametrize("failure", [ProviderTimeout(), RuntimeError("a defect"), TimeoutError()])
async def test_an_unknown_outcome_is_never_sent_again(rooms: Rooms, failure: BaseException) -> None:
    await rooms.set_up()
    rooms.provider.answers.append(failure)

    queued = await queue(rooms)
    state = await rooms.messaging.outcome(queued, MOMENT)
    rooms.clock.advance(timedelta(minutes=1))
    await rooms.anew().messaging.take_over_lapsed()

    assert state is MessageState.UNKNOWN
    assert len(rooms.provider.sent) == 1


async def test_a_throttled_message_is_sent_later_within_its_life(rooms: Rooms) -> None:
    await rooms.set_up()
    rooms.provider.answers.append(ProviderThrottled(retry_after=timedelta(seconds=20)))

    queued = await queue(rooms)
    assert await rooms.messaging.outcome(queued, MOMENT) is MessageState.QUEUED
    await rooms.messaging.take_over_lapsed()
    await rooms.messaging.drain(MOMENT)
    assert len(rooms.provider.sent) == 1

    rooms.clock.advance(timedelta(seconds=21))
    await rooms.messaging.take_over_lapsed()
    await rooms.messaging.drain(MOMENT)

    message = await rooms.messaging.log.get(queued.id)
    assert (message.state, message.attempts) == (MessageState.ACCEPTED, 2)
    assert CODE in rooms.provider.texts[1]


async def test_a_throttled_message_fails_after_three_attempts(rooms: Rooms) -> None:
    await rooms.set_up()
    rooms.provider.answers.extend([ProviderThrottled() for _ in range(3)])

    queued = await queue(rooms)
    for _ in range(4):
        await rooms.messaging.drain(MOMENT)
        rooms.clock.advance(timedelta(seconds=10))
        await rooms.messaging.take_over_lapsed()

    message = await rooms.messaging.log.get(queued.id)
    assert (message.state, message.error_class) == (MessageState.FAILED, "provider_throttled")
    assert len(rooms.provider.sent) == 3


async def test_a_provider_that_asks_for_longer_than_the_code_lives_ends_the_message(
    rooms: Rooms,
) -> None:
    await rooms.set_up()
    rooms.provider.answers.append(ProviderThrottled(retry_after=timedelta(hours=1)))

    queued = await queue(rooms)
    with pytest.raises(ProviderThrottled):
        await rooms.messaging.outcome(queued, MOMENT)


async def test_without_a_connector_both_kinds_of_send_answer_alike(rooms: Rooms) -> None:
    for deliver in (True, False):
        with pytest.raises(NoConnector):
            await queue(rooms, deliver=deliver)
    assert await rows_of(rooms) == []


async def test_a_suppressed_message_is_a_row_and_nothing_else(rooms: Rooms) -> None:
    await rooms.set_up()

    queued = await queue(rooms, deliver=False)
    state = await rooms.messaging.outcome(queued, MOMENT)

    assert state is MessageState.SUPPRESSED
    assert rooms.provider.sent == []
    [row] = await rows_of(rooms)
    assert row["content"] is None


async def test_a_connector_saved_without_settings_fails_when_it_must_send(rooms: Rooms) -> None:
    await rooms.configuration.connectors.create(OPERATOR, PROVIDER_ID)

    queued = await queue(rooms)
    with pytest.raises(InvalidConfig) as caught:
        await rooms.messaging.outcome(queued, MOMENT)

    assert caught.value.data is None
    assert (await rooms.messaging.log.get(queued.id)).state is MessageState.FAILED


async def test_a_sending_costs_three_statements(rooms: Rooms) -> None:
    await rooms.set_up()
    await rooms.messaging.outcome(await queue(rooms), MOMENT)

    before = rooms.storage.statements
    await rooms.messaging.outcome(await queue(rooms), MOMENT)

    assert rooms.storage.statements - before == 3


async def test_the_message_remembers_the_request_that_asked_for_it(rooms: Rooms) -> None:
    await rooms.set_up()
    token = correlation_id.set("req-1234")
    try:
        queued = await queue(rooms)
    finally:
        correlation_id.reset(token)
    await rooms.messaging.drain(MOMENT)

    assert (await rooms.messaging.log.get(queued.id)).correlation_id == "req-1234"


# Tests from the console.


async def test_a_test_sends_the_unsaved_values(rooms: Rooms) -> None:
    message = await rooms.messaging.tests.send(
        MINJI, PROVIDER_ID, {**CONFIG, "apiKey": "not saved"}, actor=OPERATOR
    )

    assert message.state is MessageState.ACCEPTED
    assert message.is_test
    assert rooms.provider.keys == ["not saved"]
    assert "000000" in rooms.provider.texts[0]
    [entry] = (await rooms.audit.list(filters=AuditFilter(event="message.test"))).items
    assert entry.payload["to"] == MINJI.masked


async def test_a_masked_secret_in_a_test_is_the_saved_one_of_the_same_provider(
    rooms: Rooms,
) -> None:
    saved = await rooms.set_up()
    form = {**CONFIG, "apiKey": "••••••••"}

    await rooms.messaging.tests.send(ALICE, PROVIDER_ID, form, keep_from=saved, actor=OPERATOR)
    with pytest.raises(InvalidConfig):
        await rooms.messaging.tests.send(
            ALICE, OTHER_PROVIDER_ID, form, keep_from=saved, actor=OPERATOR
        )

    moved = {**form, "gateway": "https://evil.example"}
    with pytest.raises(SecretsWantedAgain):
        await rooms.messaging.tests.send(ALICE, PROVIDER_ID, moved, keep_from=saved, actor=OPERATOR)

    assert rooms.provider.keys == [CONFIG["apiKey"]]
    tested = await rooms.anew().connectors.get(saved.id)
    assert tested.tested_at == rooms.clock.now()


async def test_a_test_of_an_invitation_fills_what_an_invitation_names(rooms: Rooms) -> None:
    await rooms.messaging.tests.send(
        MINJI, PROVIDER_ID, CONFIG, usage=UsageType.ORGANIZATION_INVITATION, actor=OPERATOR
    )

    [text] = rooms.provider.texts
    assert "invited to Acme" in text
    assert "https://example.com/invitation" in text


async def test_a_failed_test_tells_the_administrator_the_providers_words(rooms: Rooms) -> None:
    rooms.provider.answers.append(ProviderUnavailable("503 from the provider"))

    message = await rooms.messaging.tests.send(ALICE, PROVIDER_ID, CONFIG, actor=OPERATOR)

    assert message.state is MessageState.FAILED
    assert message.provider_words == "503 from the provider"
    [entry] = (await rooms.audit.list()).items
    assert entry.result == "failure"


# What the console lists.


async def test_the_list_is_filtered_and_finds_a_number_without_storing_it(rooms: Rooms) -> None:
    await rooms.set_up()
    for to in (ALICE, MINJI, MINJI):
        await queue(rooms, to)
    await queue(rooms, MINJI, usage=UsageType.REGISTER, deliver=False)
    await rooms.messaging.drain(MOMENT)

    async def count(**filters: Any) -> int:
        return (await rooms.messaging.log.list(MessageFilter(**filters))).total

    assert await count() == 4
    assert await count(recipient=MINJI) == 3
    assert await count(recipient=MINJI, state=MessageState.ACCEPTED) == 2
    assert await count(country="GB") == 1
    assert await count(usage_type=UsageType.REGISTER) == 1
    assert await count(since=rooms.clock.now() + timedelta(seconds=1)) == 0
    page = await rooms.messaging.log.list()
    assert {item.recipient_masked for item in page.items} == {ALICE.masked, MINJI.masked}


async def test_a_number_is_found_under_an_older_key(rooms: Rooms) -> None:
    await rooms.set_up()
    await queue(rooms)
    await rooms.messaging.drain(MOMENT)
    rooms.keys = type(rooms.keys)(dict(reversed(rooms.keys.keys.items())))
    rooms.reload()

    assert (await rooms.messaging.log.list(MessageFilter(recipient=ALICE))).total == 1


@pytest.mark.proves("S130")
async def test_seeing_a_full_number_is_written_down(rooms: Rooms) -> None:
    await rooms.set_up()
    queued = await queue(rooms)
    await rooms.messaging.drain(MOMENT)

    assert await rooms.messaging.log.reveal_recipient(queued.id, OPERATOR) == ALICE
    [entry] = (await rooms.audit.list(filters=AuditFilter(event="message.recipient_shown"))).items
    assert (entry.actor, entry.subject) == (OPERATOR, f"message:{queued.id}")


# Delivery reports.


@pytest.mark.proves("S129")
async def test_reports_move_a_message_forward_only(rooms: Rooms) -> None:
    saved = await rooms.set_up()
    rooms.provider.answers.append(Receipt("P1"))
    queued = await queue(rooms)
    await rooms.messaging.drain(MOMENT)

    delivered = DeliveryReport("P1", "delivered")
    undelivered = DeliveryReport("P1", "undelivered", "recipient_unreachable")
    assert await rooms.messaging.reports.apply(saved.id, [delivered]) == 1
    assert await rooms.messaging.reports.apply(saved.id, [undelivered, delivered]) == 0

    message = await rooms.messaging.log.get(queued.id)
    assert (message.state, message.error_class) == (MessageState.DELIVERED, None)


async def test_a_report_counts_for_its_own_connector_only(rooms: Rooms) -> None:
    await rooms.set_up()
    rooms.provider.answers.append(Receipt("P1"))
    queued = await queue(rooms)
    await rooms.messaging.drain(MOMENT)

    assert await rooms.messaging.reports.apply("another", [DeliveryReport("P1", "delivered")]) == 0
    assert await rooms.messaging.log.find_state(queued.id) is MessageState.ACCEPTED
