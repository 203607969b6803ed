"""SMPP: texts as octets, receipts as reports, and sessions with a real SMSC process."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.emulators.smsc import RunningSmsc, cleared, running_smsc, until
from watchword.connector_kit import errors
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.errors import ConnectorError, InvalidConfig
from watchword.connector_kit.models import DeliveryReport
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.segments import GSM_7, GSM_7_EXTENSION, count_segments
from watchword.connector_kit.testing import CODE, MESSAGE, PHONE, ConnectorContract, message_to
from watchword.core.phone import PhoneNumber
from watchword.emulators import smpp as emulated
from watchword.emulators import smpp_units
from watchword.emulators.kit import Trouble
from watchword.providers.smpp import session as smpp_session
from watchword.providers.smpp.config import SmppConfig
from watchword.providers.smpp.connector import SmppConnector
from watchword.providers.smpp.errors import STATUSES, error_of
from watchword.providers.smpp.pdu import HEADER, Header, Pdu, UnreadablePdu
from watchword.providers.smpp.receipts import MessageIds, SentIds, is_receipt, read_receipt
from watchword.providers.smpp.session import validity
from watchword.providers.smpp.texts import Alphabet, LongTexts, Part, pack, parts_of

MINUTES = timedelta(minutes=10)
RECEIPT = (
    b"id:00C3A7 sub:001 dlvrd:001 submit date:2605010900 done date:2605010901 "
    b"stat:DELIVRD err:000 text:135790 is your code"
)


@pytest.fixture(scope="module")
def smsc_process() -> Iterator[RunningSmsc]:
    with running_smsc() as smsc:
        yield smsc


@pytest.fixture
def smsc(smsc_process: RunningSmsc) -> RunningSmsc:
    return cleared(smsc_process)


@pytest.fixture
async def session(smsc: RunningSmsc) -> AsyncIterator[SmppConnector]:
    """Return a connector whose session is open."""
    connector = smsc.connector()
    await connector.open()
    yield connector
    await connector.close()


def number(trouble: Trouble | str) -> PhoneNumber:
    return PhoneNumber(f"44770090{trouble}")


class TestSmpp(ConnectorContract):
    @pytest.fixture
    def connector(self) -> SmppConnector:
        return RunningSmsc(2775, "").connector(host="smpp.example.com", tls=True)


# Texts.


def alone(text: str, alphabet: Alphabet = Alphabet.GSM_7) -> Part:
    [part] = parts_of(text, alphabet, LongTexts.HEADERS, 7)
    return part


def shown(parts: list[Part]) -> str:
    """Return what the emulator reads, which has tables of its own."""
    skip = 6 if parts[0].esm_class else 0
    return "".join(
        smpp_units.decode(part.message_payload or part.short_message[skip:], part.data_coding)
        for part in parts
    )


def test_every_character_of_gsm_7_is_read_as_it_was_written() -> None:
    for text in ("".join(sorted(GSM_7)), "".join(sorted(GSM_7_EXTENSION))):
        part = alone(text)
        assert part.data_coding == 0
        assert shown([part]) == text


def test_a_text_with_hangul_or_an_emoji_is_ucs_2() -> None:
    part = alone("인증번호 135790 🔑")

    assert (part.data_coding, part.short_message) == (8, "인증번호 135790 🔑".encode("utf-16-be"))


def test_septets_are_packed_as_the_specification_packs_them() -> None:
    assert pack(b"hellohello").hex() == "e8329bfd4697d9ec37"
    # Seven characters leave seven bits, which would read as an eighth: an `@`.
    assert pack(b"1234567").hex() == "31d98c56b3dd1a"
    # After a header of six octets, one bit is left over before the first character.
    assert pack(b"A", 1) == bytes([ord("A") << 1])


@pytest.mark.parametrize(
    ("alphabet", "text", "coding", "octets"),
    [
        (Alphabet.GSM_7, "@é€", 0, b"\x00\x05\x1be"),
        (Alphabet.GSM_7_PACKED, "hellohello", 0, bytes.fromhex("e8329bfd4697d9ec37")),
        (Alphabet.LATIN_1_DEFAULT, "@é", 0, b"@\xe9"),
        (Alphabet.LATIN_1, "@é", 3, b"@\xe9"),
        (Alphabet.LATIN_1, "€", 8, b"\x20\xac"),
    ],
)
def test_a_plain_text_is_written_in_the_smscs_alphabet(
    alphabet: Alphabet, text: str, coding: int, octets: bytes
) -> None:
    part = alone(text, alphabet)

    assert (part.data_coding, part.short_message) == (coding, octets)


@pytest.mark.parametrize("unit", ["a", "€", "가", "🔑", "a€"])
@pytest.mark.parametrize("length", [1, 66, 67, 70, 71, 134, 153, 160, 161, 306, 307, 500])
@pytest.mark.parametrize("long_texts", list(LongTexts))
def test_a_text_of_any_length_is_joined_again_and_costs_what_was_counted(
    unit: str, length: int, long_texts: LongTexts
) -> None:
    text = (unit * length)[:length]
    parts = parts_of(text, Alphabet.GSM_7, long_texts, 7)

    assert shown(parts) == text
    if long_texts is not LongTexts.PAYLOAD:
        assert len(parts) == count_segments(text).count
        # A header takes six octets of what a phone gets.
        assert all(len(part.short_message) <= 160 for part in parts)


def test_packed_parts_begin_where_phones_look_for_them() -> None:
    text = "Your code is 135790. " * 20
    parts = parts_of(text, Alphabet.GSM_7_PACKED, LongTexts.HEADERS, 7)

    assert [len(part.short_message) <= 140 for part in parts] == [True, True, True]
    assert "".join(unpacked(part.short_message) for part in parts) == text


def unpacked(octets: bytes) -> str:
    """Return the characters after a header: every seven bits, and the header's ones, too."""
    bits = "".join(f"{octet:08b}" for octet in reversed(octets))[::-1]
    septets = [bits[place : place + 7][::-1] for place in range(0, len(bits) - 6, 7)]
    # The header's 48 bits are seven septets, the last with one bit to spare.
    return smpp_units.decode(bytes(int(septet, 2) for septet in septets[7:]), 0).rstrip("\r")


def test_parts_are_numbered_for_the_phone_or_for_the_smsc() -> None:
    text = "a" * 161
    with_headers = parts_of(text, Alphabet.GSM_7, LongTexts.HEADERS, 7)
    with_parameters = parts_of(text, Alphabet.GSM_7, LongTexts.SAR, 7)
    [whole] = parts_of(text, Alphabet.GSM_7, LongTexts.PAYLOAD, 7)

    assert [part.short_message[:6].hex() for part in with_headers] == [
        "050003070201",
        "050003070202",
    ]
    assert [part.esm_class for part in with_headers] == [0x40, 0x40]
    assert [part.sar for part in with_parameters] == [(7, 2, 1), (7, 2, 2)]
    assert (whole.message_payload, whole.short_message) == (text.encode(), b"")


def test_a_text_of_more_parts_than_phones_join_is_the_templates_fault() -> None:
    with pytest.raises(errors.TemplateRejected):
        parts_of("a" * (153 * 255 + 1), Alphabet.GSM_7, LongTexts.HEADERS, 7)


# Settings.


def config(**settings: Any) -> SmppConfig:
    return SmppConfig.parse(RunningSmsc(2775, "").config(**settings))


@pytest.mark.parametrize(
    ("sender", "kind", "plan", "address"),
    [
        ("Example", 5, 0, "Example"),
        ("12345", 3, 0, "12345"),
        ("+447700900001", 1, 1, "447700900001"),
        ("447700900001", 1, 1, "447700900001"),
        ("Shop 24", 5, 0, "Shop 24"),
    ],
)
def test_a_senders_type_goes_by_its_shape(sender: str, kind: int, plan: int, address: str) -> None:
    assert config(sourceAddress=sender).source == {
        "source_addr_ton": kind,
        "source_addr_npi": plan,
        "source_addr": address,
    }


def test_types_and_plans_that_were_chosen_win() -> None:
    chosen = config(sourceTon="0", sourceNpi="9", destinationTon="2", destinationNpi="8")

    assert (chosen.source["source_addr_ton"], chosen.source["source_addr_npi"]) == (0, 9)
    assert chosen.destination("447700900123") == {
        "dest_addr_ton": 2,
        "dest_addr_npi": 8,
        "destination_addr": "447700900123",
    }


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("host", "smpp.example.com/path"),
        ("port", 0),
        ("systemId", "sixteen-letters-"),
        ("password", "ninechars"),
        ("password", "pässword"),
        ("sourceAddress", "TwelveLetter"),
        ("windowSize", 0),
        ("enquireLinkSeconds", 1),
    ],
)
def test_what_smpp_has_no_room_for_is_refused_by_name(key: str, value: Any) -> None:
    with pytest.raises(InvalidConfig) as refused:
        config(**{key: value})

    assert set(refused.value.fields) == {key}
    assert str(value) not in refused.value.words or isinstance(value, int)


@pytest.mark.parametrize(("key", "value"), [("host", "h"), ("port", 1), ("tls", True)])
def test_a_change_of_the_way_there_asks_for_the_password_again(key: str, value: Any) -> None:
    before = RunningSmsc(2775, "").config()

    assert SmppConfig.sends_elsewhere(before, {**before, key: value})


def test_the_time_left_is_written_as_the_specification_writes_it() -> None:
    now = datetime(2026, 5, 1, 23, 55, 30, tzinfo=UTC)

    assert validity("relative", MINUTES, now) == "000000001000000R"
    assert validity("absolute", MINUTES, now) == "260502000530000+"
    assert validity("none", MINUTES, now) == ""
    assert validity("relative", timedelta(days=9), now) == "000001000000000R"
    assert validity("relative", timedelta(0), now) == "000000000001000R"


# Errors.


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0x01, errors.TemplateRejected),
        (0x05, errors.ProviderSettingsRefused),
        (0x08, errors.ProviderUnavailable),
        (0x0A, errors.SenderRejected),
        (0x0B, errors.InvalidRecipient),
        (0x0D, errors.ProviderSettingsRefused),
        (0x0E, errors.InvalidCredentials),
        (0x0F, errors.InvalidCredentials),
        (0x14, errors.ProviderThrottled),
        (0x45, errors.ProviderRejected),
        (0x48, errors.SenderRejected),
        (0x58, errors.ProviderThrottled),
        (0xFE, errors.RecipientUnreachable),
        (0x401, errors.ProviderRejected),
    ],
)
def test_a_status_is_sorted_by_who_must_act(status: int, expected: type[ConnectorError]) -> None:
    error = error_of(status)

    assert type(error) is expected
    assert error.words.startswith(f"SMPP {status} ({status:#x}, ")
    # Whoever refuses has not sent.
    assert error.is_outcome_known


def test_every_status_of_the_specification_is_known() -> None:
    # 5.1.3: the reserved ones have no meaning.
    named = {*range(0x01, 0x09), *range(0x0A, 0x10), 0x11, 0x13, 0x14, 0x15, 0x33, 0x34, 0x40}
    named |= {0x42, 0x43, 0x44, 0x45, 0x48, 0x49, 0x50, 0x51, 0x53, 0x54, 0x55, 0x58}
    named |= {*range(0x61, 0x68), *range(0xC0, 0xC5), 0xFE, 0xFF}

    assert named <= STATUSES.keys()


# Units.


def read(octets: bytes) -> Pdu:
    return Pdu.read(Header.read(octets[: HEADER.size]), octets)


def test_a_unit_is_read_as_it_was_written() -> None:
    written = Pdu("submit_sm", 7, fields={"destination_addr": "447700900123", "esm_class": 0x40})
    back = read(written.octets())

    assert (back.command, back.sequence, back.status) == ("submit_sm", 7, 0)
    assert back.text("destination_addr") == "447700900123"
    assert back.number("esm_class") == 0x40


def test_an_id_without_a_nul_and_unknown_parameters_are_read_all_the_same() -> None:
    unit = Pdu("deliver_sm", 1, fields={"esm_class": 4}).octets()
    parameters = b"\x00\x1e\x00\x03abc" + b"\x14\x01\x00\x01\x07" + b"\x04\x27\x00\x01\x02"
    octets = HEADER.pack(len(unit) + len(parameters), 5, 0, 1) + unit[HEADER.size :] + parameters

    assert read_receipt(read(octets)) == DeliveryReport("abc", "delivered", words="SMPP: DELIVRD")


def test_no_octets_break_the_reader() -> None:
    # Repeatable, and of every command there is.
    noise = b"".join(secrets_of(n) for n in range(40))
    for command in (0x80000004, 0x80000009, 5, 0x103, 0x102, 0x15):
        for length in range(0, 200, 3):
            body = noise[length : 2 * length]
            octets = HEADER.pack(HEADER.size + len(body), command, 0, 1) + body
            try:
                pdu = read(octets)
            except UnreadablePdu:
                continue
            assert read_receipt(pdu) is None or is_receipt(pdu) in {True, False}


def secrets_of(n: int) -> bytes:
    return bytes((n * 37 + place * 101 + place * place) % 256 for place in range(64))


@pytest.mark.parametrize("length", [0, 15, 64 * 1024 + 1, 0x48545450])
def test_a_length_that_no_unit_has_is_unreadable(length: int) -> None:
    with pytest.raises(UnreadablePdu):
        Header.read(HEADER.pack(length, 5, 0, 1))


# Receipts.


def delivery(text: bytes = b"", **fields: Any) -> Pdu:
    return Pdu("deliver_sm", 1, fields={"esm_class": 4, "short_message": text, **fields})


def test_a_receipt_in_words_is_a_report_without_the_text() -> None:
    report = read_receipt(delivery(RECEIPT))

    assert report == DeliveryReport("00C3A7", "delivered", words="SMPP: DELIVRD")
    assert CODE not in repr(report)


def test_parameters_come_before_words() -> None:
    fields = {"receipted_message_id": b"C3A7\0", "message_state": 5}

    assert read_receipt(delivery(RECEIPT, **fields)) == DeliveryReport(
        "C3A7", "undelivered", "recipient_unreachable", "SMPP: UNDELIV"
    )


@pytest.mark.parametrize(
    ("state", "error_class"),
    [
        ("EXPIRED", "recipient_unreachable"),
        ("UNDELIV", "recipient_unreachable"),
        ("DELETED", "provider_rejected"),
        ("REJECTD", "provider_rejected"),
        ("rejectd", "provider_rejected"),
    ],
)
def test_what_did_not_arrive_is_undelivered_with_the_smscs_number(
    state: str, error_class: str
) -> None:
    text = f"id:1 sub:001 dlvrd:000 stat:{state} err:0A7 text:x".encode()

    assert read_receipt(delivery(text)) == DeliveryReport(
        "1", "undelivered", error_class, f"SMPP: {state.upper()}, err 0A7"
    )


@pytest.mark.parametrize(
    "text",
    [
        b"id:1 stat:ACCEPTD err:000 text:",
        b"id:1 stat:ENROUTE err:000 text:",
        b"id:1 stat:UNKNOWN err:000 text:",
        b"stat:DELIVRD err:000",
        b"id:" + b"9" * 5000 + b" stat:DELIVRD",
        b"hello",
        b"",
        # What the message itself said.
        b"text:id:1 stat:DELIVRD",
        b"text: id:1 stat:DELIVRD",
    ],
)
def test_stations_on_the_way_and_nonsense_report_nothing(text: bytes) -> None:
    assert read_receipt(delivery(text)) is None


def test_nothing_of_the_message_itself_gets_into_a_report() -> None:
    report = read_receipt(delivery(b"id:1 stat:UNDELIV Text:err:135790 err:135790"))

    assert report is not None
    assert CODE not in report.words


def test_a_receipt_in_a_parameter_and_in_ucs_2_is_read() -> None:
    text = RECEIPT.decode().encode("utf-16-be")
    pdu = delivery(message_payload=text, data_coding=8)

    assert read_receipt(pdu) == DeliveryReport("00C3A7", "delivered", words="SMPP: DELIVRD")


def test_a_persons_text_that_looks_like_a_receipt_is_none() -> None:
    assert is_receipt(delivery(RECEIPT))
    assert is_receipt(delivery(esm_class=0, receipted_message_id=b"1"))
    assert not is_receipt(delivery(RECEIPT, esm_class=0))
    # An intermediate notification, and a delivery acknowledgement of a phone.
    assert not is_receipt(delivery(RECEIPT, esm_class=0x20))
    assert not is_receipt(delivery(RECEIPT, esm_class=0x08))


@pytest.mark.parametrize(
    ("form", "answered", "reported"),
    [
        (MessageIds.AUTOMATIC, "C3A7", "C3A7"),
        (MessageIds.AUTOMATIC, "c3a7", "0000050087"),
        (MessageIds.AUTOMATIC, "0000C3A7", "50087"),
        (MessageIds.AUTOMATIC, "50087", "C3A7"),
        (MessageIds.AUTOMATIC, "0000050087", "c3a7"),
        (MessageIds.SAME, "C3A7", "C3A7"),
        (MessageIds.HEX_THEN_DECIMAL, "0000C3A7", "0000050087"),
        (MessageIds.DECIMAL_THEN_HEX, "50087", "0000c3a7"),
        (MessageIds.HEX_THEN_DECIMAL, "not-a-number", "not-a-number"),
    ],
)
def test_an_id_in_another_form_is_the_same_message(
    form: MessageIds, answered: str, reported: str
) -> None:
    ids = SentIds(form)
    kept = ids.given(answered)

    assert ids.reported(reported) == kept
    # As often as the SMSC says it.
    assert ids.reported(reported) == kept


@pytest.mark.parametrize("form", [MessageIds.HEX_THEN_DECIMAL, MessageIds.DECIMAL_THEN_HEX])
def test_a_chosen_form_holds_after_a_restart(form: MessageIds) -> None:
    pairs = {
        MessageIds.HEX_THEN_DECIMAL: ("C3A7", "050087"),
        MessageIds.DECIMAL_THEN_HEX: ("50087", "C3A7"),
    }
    answered, reported = pairs[form]

    assert SentIds(form).reported(reported) == SentIds(form).given(answered)


def test_an_id_is_not_taken_for_another_messages() -> None:
    ids = SentIds(MessageIds.AUTOMATIC)
    ids.given("10")
    ids.given("16")

    assert ids.reported("16") == "16"
    assert ids.reported("unknown") == "unknown"


# With a real SMSC.


async def test_checks_credentials_without_sending(smsc: RunningSmsc) -> None:
    assert await smsc.connector().check_credentials() == "SMPP: bound to EMULATOR"

    assert await smsc.messages() == []
    await until(lambda: nobody_bound(smsc))


async def nobody_bound(smsc: RunningSmsc) -> bool:
    return not (await smsc.sessions())["bound"]


@pytest.mark.parametrize(
    ("settings", "expected", "words"),
    [
        ({"password": "wrong"}, errors.InvalidCredentials, "ESME_RINVPASWD"),
        ({"systemId": "nobody"}, errors.InvalidCredentials, "ESME_RINVSYSID"),
        ({"systemId": "suspended"}, errors.ProviderSettingsRefused, "ESME_RBINDFAIL"),
        ({"systemType": "OTHER"}, errors.ProviderSettingsRefused, "ESME_RINVSYSTYP"),
    ],
)
async def test_a_refused_bind_is_the_administrators_to_mend(
    smsc: RunningSmsc, settings: dict[str, Any], expected: type[ConnectorError], words: str
) -> None:
    for attempt in (
        smsc.connector(**settings).check_credentials(),
        smsc.connector(**settings).send(MESSAGE),
    ):
        with pytest.raises(expected) as refused:
            await attempt
        assert words in refused.value.words
        assert refused.value.acts == "administrator"
        assert str(settings.get("password", "-none-")) not in refused.value.words


async def test_a_message_outside_a_session_has_one_of_its_own(smsc: RunningSmsc) -> None:
    receipt = await smsc.connector().send(MESSAGE)

    [message] = await smsc.messages()
    assert message["id"] == receipt.provider_message_id
    assert receipt.segments == 1
    await until(lambda: nobody_bound(smsc))


async def test_a_code_goes_out_with_its_sender_its_number_and_the_time_it_is_good_for(
    smsc: RunningSmsc, session: SmppConnector
) -> None:
    await session.send(replace(MESSAGE, time_left=timedelta(minutes=3, seconds=9)))

    [message] = await smsc.messages()
    assert message["to"] == PHONE.digits
    assert message["sender"] == "Watchword"
    assert message["text"] == session.text_of(MESSAGE)
    assert message["data_coding"] == 0
    assert message["registered"] == [True]
    assert message["validity"] == "000000000309000R"


@pytest.mark.parametrize("sender", ["Watchword", "12345", "+447700900001"])
@pytest.mark.parametrize("validity_form", ["relative", "absolute", "none"])
async def test_every_sender_and_validity_is_one_that_an_smsc_takes(
    smsc: RunningSmsc, sender: str, validity_form: str
) -> None:
    connector = smsc.connector(
        sourceAddress=sender, validityPeriod=validity_form, deliveryReceipts=False
    )
    await connector.send(MESSAGE)

    [message] = await smsc.messages()
    assert message["sender"] == sender.removeprefix("+")
    assert message["registered"] == [False]


def worded(text: str) -> list[dict[str, str]]:
    return [
        {"usageType": usage, "content": text}
        for usage in ("Register", "SignIn", "ForgotPassword", "Generic")
    ]


async def test_a_korean_text_arrives_as_it_was_written(smsc: RunningSmsc) -> None:
    text = "로그인 인증번호 {{code}}. 10분간 유효합니다. 🔑"
    await smsc.connector(templates=worded(text)).send(MESSAGE)

    [message] = await smsc.messages()
    assert message["text"] == text.replace("{{code}}", CODE)
    assert message["data_coding"] == 8


@pytest.mark.parametrize("alphabet", ["gsm7", "latin1"])
@pytest.mark.parametrize("long_texts", ["udh", "sar", "payload"])
@pytest.mark.parametrize("sentence", ["Your {{code}} costs €5 [sic]. ", "인증번호 {{code}} 🔑 "])
async def test_a_long_text_arrives_whole(
    smsc: RunningSmsc, alphabet: str, long_texts: str, sentence: str
) -> None:
    settings: dict[str, Any] = {
        "templates": worded(sentence * 14),
        "longTexts": long_texts,
        "defaultAlphabet": alphabet,
    }
    receipt = await smsc.connector(**settings).send(MESSAGE)

    [message] = await smsc.messages()
    assert message["text"] == sentence.replace("{{code}}", CODE) * 14
    assert message["is_whole"] is (long_texts == "payload")
    if long_texts != "payload":
        assert receipt.segments == message["parts"] > 1
        # One receipt for all of it: the last part's, whose id is the message's.
        assert message["registered"] == [False] * (message["parts"] - 1) + [True]
    assert message["id"] == receipt.provider_message_id


async def test_no_more_messages_wait_for_answers_than_the_window_has_room_for(
    smsc: RunningSmsc,
) -> None:
    connector = smsc.connector(windowSize=10)
    await connector.open()
    receipts = await asyncio.gather(*(connector.send(MESSAGE) for _ in range(60)))
    sessions = await smsc.sessions()
    await connector.close()

    assert len({receipt.provider_message_id for receipt in receipts}) == 60
    assert len(await smsc.messages()) == 60
    assert sessions["binds"] == 1
    assert 1 < sessions["peak"] <= 10


async def test_a_window_that_is_too_wide_is_throttled_and_not_sent(smsc: RunningSmsc) -> None:
    connector = smsc.connector(windowSize=20)
    await connector.open()
    waiting = [
        asyncio.create_task(connector.send(message_to(number(Trouble.SLOW)))) for _ in range(10)
    ]
    await until(lambda: accepted(smsc, 10))

    for _ in range(3):
        with pytest.raises(errors.ProviderThrottled) as refused:
            await connector.send(MESSAGE)
        assert refused.value.is_outcome_known
        assert refused.value.retry_after
    assert len(await smsc.messages()) == 10
    for each in waiting:
        each.cancel()
    await connector.close()


async def test_a_message_that_finds_no_room_in_the_window_is_known_not_to_be_sent(
    smsc: RunningSmsc,
) -> None:
    # The one before waits longer for its answer than the other one for its turn.
    connector = smsc.connector(windowSize=1)
    await connector.open()
    waiting = asyncio.create_task(connector.send(message_to(number(Trouble.SLOW))))
    await until(lambda: accepted(smsc, 1))
    assert connector._shared is not None
    connector._shared._total = 0.05  # type: ignore[attr-defined]  # SMPP's

    with pytest.raises(errors.ProviderThrottled) as refused:
        await connector.send(MESSAGE)
    waiting.cancel()
    await connector.close()

    assert refused.value.is_outcome_known
    assert len(await smsc.messages()) == 1


@pytest.mark.parametrize(
    ("trouble", "expected", "words"),
    [
        (Trouble.LANDLINE, errors.InvalidRecipient, "SMPP 11 (0xb, ESME_RINVDSTADR)"),
        (Trouble.BLOCKED, errors.RecipientUnreachable, "SMPP 254 (0xfe, ESME_RDELIVERYFAILURE)"),
        (Trouble.TEMPLATE, errors.TemplateRejected, "SMPP 1 (0x1, ESME_RINVMSGLEN)"),
        (
            Trouble.BALANCE,
            errors.ProviderRejected,
            "SMPP 1025 (0x401, a code of the provider's own)",
        ),
        (Trouble.CREDENTIALS, errors.InvalidCredentials, "SMPP 14 (0xe, ESME_RINVPASWD)"),
        (Trouble.THROTTLED, errors.ProviderThrottled, "SMPP 88 (0x58, ESME_RTHROTTLED)"),
        (Trouble.FAULT, errors.ProviderUnavailable, "SMPP 8 (0x8, ESME_RSYSERR)"),
    ],
)
async def test_a_refusal_is_sorted_and_keeps_the_smscs_number(
    smsc: RunningSmsc,
    session: SmppConnector,
    trouble: Trouble,
    expected: type[ConnectorError],
    words: str,
) -> None:
    with pytest.raises(expected) as refused:
        await session.send(message_to(number(trouble)))

    assert refused.value.words == words
    assert refused.value.is_outcome_known
    assert await smsc.messages() == []
    assert session.is_open


async def test_an_answer_that_does_not_come_in_time_leaves_the_outcome_open(
    smsc: RunningSmsc, session: SmppConnector
) -> None:
    slow = asyncio.create_task(session.send(message_to(number(Trouble.SLOW))))
    # Others go on meanwhile.
    await session.send(MESSAGE)

    with pytest.raises(errors.ProviderTimeout) as failed:
        await slow
    assert not failed.value.is_outcome_known
    assert session.is_open
    assert len(await smsc.messages()) == 2


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [(Trouble.DROPPED, errors.AnswerLost), (Trouble.NONSENSE, errors.UnreadableAnswer)],
)
async def test_a_link_that_breaks_before_the_answer_leaves_the_outcome_open(
    smsc: RunningSmsc, session: SmppConnector, trouble: Trouble, expected: type[ConnectorError]
) -> None:
    with pytest.raises(expected) as failed:
        await session.send(message_to(number(trouble)))

    assert not failed.value.is_outcome_known
    assert len(await smsc.messages()) == 1
    async with asyncio.timeout(5):
        await session.ended()
    assert not session.is_open


async def test_messages_on_their_way_when_the_link_breaks_are_all_unknown(
    smsc: RunningSmsc, session: SmppConnector
) -> None:
    sending = [
        asyncio.create_task(session.send(message_to(number(Trouble.SLOW)))) for _ in range(3)
    ]
    await until(lambda: accepted(smsc, 3))
    await smsc.do("drop")

    for each in sending:
        with pytest.raises(errors.AnswerLost):
            await each


async def accepted(smsc: RunningSmsc, count: int) -> bool:
    return len(await smsc.messages()) == count


async def test_a_session_that_the_smsc_ended_is_opened_again(
    smsc: RunningSmsc, session: SmppConnector
) -> None:
    assert (await smsc.do("unbind"))["answered"] == 1
    async with asyncio.timeout(5):
        await session.ended()

    waiting = asyncio.create_task(session.send(MESSAGE))
    await session.open()
    await waiting

    assert (await smsc.sessions())["binds"] == 2
    assert len(await smsc.messages()) == 1


async def test_says_that_it_is_there_when_the_smsc_asks(
    smsc: RunningSmsc, session: SmppConnector
) -> None:
    assert (await smsc.do("enquire"))["answered"] == 1


async def reports_of(connector: SmppConnector, count: int) -> list[DeliveryReport]:
    found: list[DeliveryReport] = []
    async with asyncio.timeout(5), aclosing(connector.receipts()) as reports:
        async for report in reports:
            found.append(report)
            if len(found) == count:
                # The next is asked for, so that this one is acknowledged.
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await anext(reports)
                break
    return found


async def test_a_receipt_reports_that_the_message_arrived(session: SmppConnector) -> None:
    receipt = await session.send(MESSAGE)

    assert await reports_of(session, 1) == [
        DeliveryReport(str(receipt.provider_message_id), "delivered", words="SMPP: DELIVRD")
    ]


async def test_a_receipt_in_words_with_its_id_in_decimal_is_of_the_same_message(
    smsc: RunningSmsc,
) -> None:
    connector = smsc.connector(systemId=emulated.TEXTUAL)
    await connector.open()
    receipt = await connector.send(MESSAGE)
    reports = await reports_of(connector, 1)
    await connector.close()

    assert reports == [
        DeliveryReport(str(receipt.provider_message_id), "delivered", words="SMPP: DELIVRD")
    ]


async def test_a_message_that_did_not_arrive_is_reported_with_its_reason(
    session: SmppConnector,
) -> None:
    receipt = await session.send(message_to(number(Trouble.UNDELIVERED)))

    assert await reports_of(session, 1) == [
        DeliveryReport(
            str(receipt.provider_message_id),
            "undelivered",
            "recipient_unreachable",
            "SMPP: UNDELIV, err 027",
        )
    ]


async def test_a_report_that_nobody_could_write_down_comes_again(session: SmppConnector) -> None:
    await session.send(MESSAGE)
    async with asyncio.timeout(5), aclosing(session.receipts()) as reports:
        first = await anext(reports)

    assert await reports_of(session, 1) == [first]


async def test_a_text_in_the_form_of_a_receipt_is_not_believed(session: SmppConnector) -> None:
    await session.send(message_to(number(Trouble.REPORTS_BADLY_SIGNED)))
    honest = await session.send(MESSAGE)

    [report] = await reports_of(session, 1)
    assert report.provider_message_id == honest.provider_message_id


async def test_a_receipt_that_nobody_took_is_there_for_the_next_session(smsc: RunningSmsc) -> None:
    sent = await smsc.connector().send(MESSAGE)
    connector = smsc.connector()
    await connector.open()
    reports = await reports_of(connector, 1)
    await connector.close()

    assert [report.provider_message_id for report in reports] == [sent.provider_message_id]


# With an SMSC that a test writes the part of.


class Reluctant(emulated.Smsc):
    """An SMSC that throttles the second part of a text a few times."""

    refusals = 0

    def take(self, submitted: smpp_units.Submitted, system_id: str) -> str:
        """Refuse, or take it as the emulator does."""
        if self.refusals and submitted.part is not None and submitted.part[2] == 2:
            self.refusals -= 1
            raise smpp_units.Refused(smpp_units.THROTTLED)
        return super().take(submitted, system_id)


@asynccontextmanager
async def listening(serve: Any) -> AsyncIterator[RunningSmsc]:
    """Serve in this process, and see every conversation to its end."""
    conversations = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.append(asyncio.current_task())
        await serve(reader, writer)
        await writer.wait_closed()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    yield RunningSmsc(server.sockets[0].getsockname()[1], "")
    server.close()
    async with asyncio.timeout(5):
        await asyncio.gather(*filter(None, conversations))


@pytest.mark.parametrize(("refusals", "is_sent"), [(2, True), (3, False)])
async def test_a_part_that_is_throttled_is_sent_again_and_never_the_whole_text(
    monkeypatch: pytest.MonkeyPatch, refusals: int, is_sent: bool
) -> None:
    monkeypatch.setattr(smpp_session, "THROTTLED", timedelta(milliseconds=5))
    smsc = Reluctant()
    smsc.refusals = refusals
    async with listening(smsc.serve) as running:
        connector = running.connector(templates=worded("a" * 400))
        if is_sent:
            assert (await connector.send(MESSAGE)).segments == 3
        else:
            # Not ProviderThrottled, which would put the whole text back into the queue.
            with pytest.raises(errors.ProviderRejected) as refused:
                await connector.send(MESSAGE)
            assert refused.value.is_outcome_known

    assert [message["parts"] for message in smsc.accepted] == [3] * is_sent


class Peer:
    """An SMSC that lets everyone in, and then says what the test wants said."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[tuple[int, int, int, bytes]] = asyncio.Queue()
        self.writer: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the log-in and the farewell, and note the rest."""
        self.writer = writer
        with suppress(asyncio.IncompleteReadError):
            while True:
                length, command, status, sequence = HEADER.unpack(await reader.readexactly(16))
                body = await reader.readexactly(length - 16)
                if command in {9, 6}:
                    self.say(command | 0x80000000, 0, sequence, b"PEER\0" if command == 9 else b"")
                else:
                    self.heard.put_nowait((command, status, sequence, body))
        writer.close()

    def say(self, command: int, status: int, sequence: int, body: bytes = b"") -> None:
        """Send a unit."""
        assert self.writer is not None
        self.writer.write(HEADER.pack(16 + len(body), command, status, sequence) + body)

    async def hears(self) -> tuple[int, int, int, bytes]:
        """Return the next unit that came."""
        async with asyncio.timeout(5):
            return await self.heard.get()


@pytest.fixture
async def peer() -> AsyncIterator[tuple[Peer, SmppConnector]]:
    """Return an SMSC, and a connector that is bound to it."""
    peer = Peer()
    async with listening(peer.serve) as running:
        connector = running.connector()
        await connector.open()
        yield peer, connector
        await connector.close()


async def test_answers_every_request_and_refuses_what_it_does_not_know(
    peer: tuple[Peer, SmppConnector],
) -> None:
    smsc, _ = peer
    person = delivery(b"STOP", esm_class=0).octets()[16:]
    for command, body, answer, status in (
        (0x15, b"", 0x80000015, 0),
        (5, person, 0x80000005, 0),
        (0x103, Pdu("data_sm", 1, fields={"esm_class": 0}).octets()[16:], 0x80000103, 0),
        (0x21, b"", 0x80000000, 0x03),
        (0x7777, b"?", 0x80000000, 0x03),
    ):
        smsc.say(command, 0, 77, body)
        assert (await smsc.hears())[:3] == (answer, status, 77)
    # This one has no answer.
    smsc.say(0x102, 0, 78, b"\x01\x01447700900123\0\x05\x00Watchword\0")
    smsc.say(0x15, 0, 79)
    assert (await smsc.hears())[:3] == (0x80000015, 0, 79)


async def test_a_receipt_may_come_as_data_sm(peer: tuple[Peer, SmppConnector]) -> None:
    smsc, connector = peer
    unit = Pdu("data_sm", 1, fields={"esm_class": 4}).octets()[16:]
    tlvs = b"\x00\x1e\x00\x02" + b"7\0" + b"\x04\x27\x00\x01\x02"
    smsc.say(0x103, 0, 5, unit + tlvs)

    assert await reports_of(connector, 1) == [
        DeliveryReport("7", "delivered", words="SMPP: DELIVRD")
    ]
    assert (await smsc.hears())[:3] == (0x80000103, 0, 5)


@pytest.mark.parametrize(
    ("answer", "status", "expected"),
    [
        (0x80000000, 0x03, errors.ProviderRejected),
        (0x80000000, 0, errors.ProviderRejected),
        (0x80000004, 0x04, errors.ProviderUnavailable),
    ],
)
async def test_an_answer_without_a_body_is_a_refusal(
    peer: tuple[Peer, SmppConnector], answer: int, status: int, expected: type[ConnectorError]
) -> None:
    smsc, connector = peer
    sending = asyncio.create_task(connector.send(MESSAGE))
    smsc.say(answer, status, (await smsc.hears())[2])

    with pytest.raises(expected) as refused:
        await sending
    assert refused.value.is_outcome_known
    # Who forgot our log-in needs to hear it again.
    assert connector.is_open is (status != 0x04)


async def test_an_smsc_that_falls_silent_is_left() -> None:
    peer = Peer()
    async with listening(peer.serve) as running:
        connector = running.connector(total=timedelta(milliseconds=50))
        connector.config = connector.config.model_copy(update={"enquire_link": 0.05})
        await connector.open()
        assert (await peer.hears())[0] == 0x15
        async with asyncio.timeout(5):
            await connector.ended()
        assert not connector.is_open
        await connector.close()


async def test_reports_that_nobody_takes_are_refused_before_they_fill_the_memory(
    peer: tuple[Peer, SmppConnector], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smpp_session, "WAITING_REPORTS", 2)
    smsc, _ = peer
    for number in range(3):
        smsc.say(5, 0, 10 + number, delivery(RECEIPT).octets()[16:])

    assert (await smsc.hears())[:3] == (0x80000005, 0x14, 12)


async def test_numbers_of_requests_begin_anew_where_the_specification_ends_them(
    peer: tuple[Peer, SmppConnector],
) -> None:
    smsc, connector = peer
    session = connector._shared
    session._sequence = 0x7FFFFFFE  # type: ignore[union-attr]  # SMPP's
    for expected in (0x7FFFFFFF, 1):
        sending = asyncio.create_task(connector.send(MESSAGE))
        number = (await smsc.hears())[2]
        assert number == expected
        smsc.say(0x80000004, 0, number, b"id\0")
        await sending


@pytest.mark.parametrize("tls", [True, False])
async def test_a_private_address_is_refused_unless_the_operator_lists_it(
    smsc: RunningSmsc, tls: bool
) -> None:
    config = SmppConfig.parse(smsc.config(tls=tls))
    connector = SmppConnector(config, ConnectorContext(client=OutboundClient()))

    with pytest.raises(errors.AddressRefused):
        await connector.send(MESSAGE)


async def test_a_public_address_is_not_reached_in_the_clear() -> None:
    config = SmppConfig.parse(RunningSmsc(2775, "").config(host="192.0.9.1"))
    client = OutboundClient(is_development=True)

    with pytest.raises(errors.AddressRefused):
        await SmppConnector(config, ConnectorContext(client=client)).check_credentials()


async def test_the_operator_can_redirect_it(smsc: RunningSmsc) -> None:
    config = SmppConfig.parse(smsc.config(host="smpp.example.com", port=1, tls=True))
    context = ConnectorContext(
        client=OutboundClient(is_development=True),
        base_url_override=f"http://127.0.0.1:{smsc.port}",
    )
    await SmppConnector(config, context).send(MESSAGE)

    assert len(await smsc.messages()) == 1
