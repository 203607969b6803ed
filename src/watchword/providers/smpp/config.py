"""What an SMSC has to be told, and how it differs from others."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, model_validator

from watchword.connector_kit.config import Setting, rule_broken
from watchword.connector_kit.session import (
    Address,
    HostName,
    PortNumber,
    asks_for_host,
    asks_for_port,
)
from watchword.connector_kit.templates import TextTemplatesConfig

INTERNATIONAL = re.compile(r"\+?[1-9][0-9]{6,14}")
SHORT_CODE = re.compile(r"[0-9]{3,8}")

TypeOfNumber = Literal["auto", "0", "1", "2", "3", "4", "5", "6"]
NumberingPlan = Literal["auto", "0", "1", "3", "4", "6", "8", "9", "10", "14", "18"]
AUTOMATIC = {"en": "Automatic", "ko": "자동"}
# SMPP 3.4, 5.2.5 and 5.2.6.
TYPES_OF_NUMBER = {
    "auto": AUTOMATIC,
    "0": {"en": "0, unknown", "ko": "0, 알 수 없음"},
    "1": {"en": "1, international", "ko": "1, 국제 번호"},
    "2": {"en": "2, national", "ko": "2, 국내 번호"},
    "3": {"en": "3, network specific", "ko": "3, 통신망 번호"},
    "4": {"en": "4, subscriber number", "ko": "4, 가입자 번호"},
    "5": {"en": "5, alphanumeric", "ko": "5, 영문자와 숫자"},
    "6": {"en": "6, abbreviated", "ko": "6, 단축 번호"},
}
NUMBERING_PLANS = {
    "auto": AUTOMATIC,
    "0": {"en": "0, unknown", "ko": "0, 알 수 없음"},
    "1": {"en": "1, ISDN (E.164)", "ko": "1, ISDN(E.164)"},
    "8": {"en": "8, national", "ko": "8, 국내"},
    "9": {"en": "9, private", "ko": "9, 사설"},
}


class SmppConfig(TextTemplatesConfig):
    """An account at an SMSC, a sender, the texts, and the SMSC's habits."""

    host: Annotated[
        HostName,
        asks_for_host(
            {
                "en": "Name or address of the SMSC.",
                "ko": "SMSC의 이름이나 주소입니다.",
            },
            "smpp.example.com",
        ),
    ]
    port: Annotated[
        PortNumber,
        asks_for_port(
            {
                "en": "Usually 2775, and 3550 with TLS.",
                "ko": "보통 2775이고 TLS를 쓰면 3550입니다.",
            }
        ),
    ] = 2775
    tls: Annotated[
        bool,
        Setting(
            label={"en": "TLS", "ko": "TLS"},
            help={
                "en": "Without it, codes and password cross the network in the clear: then the "
                "operator has to list the SMSC's network.",
                "ko": "끄면 인증번호와 비밀번호가 암호화되지 않은 채 전송되므로, 서버 운영자가 "
                "SMSC의 네트워크를 허용 목록에 넣어야 합니다.",
            },
            decides_destination=True,
        ),
    ] = True
    system_id: Annotated[
        str,
        Setting(
            label={"en": "System ID", "ko": "시스템 ID"},
            help={
                "en": "The user name of your SMPP account, up to 15 characters.",
                "ko": "SMPP 계정의 사용자 이름으로, 15자 이하입니다.",
            },
        ),
        Field(alias="systemId", pattern=r"^[\x21-\x7e]{1,15}$"),
    ]
    password: Annotated[
        SecretStr,
        Setting(
            label={"en": "Password", "ko": "비밀번호"},
            help={
                "en": "Up to 8 characters; SMPP has room for no more.",
                "ko": "8자 이하입니다. SMPP 규격이 그 이상을 허용하지 않습니다.",
            },
        ),
        Field(max_length=8),
    ]
    system_type: Annotated[
        str,
        Setting(
            label={"en": "System type", "ko": "시스템 유형"},
            help={
                "en": "Only if the provider names one.",
                "ko": "사업자가 알려 준 경우에만 적습니다.",
            },
        ),
        Field(alias="systemType", pattern=r"^[\x21-\x7e]{0,12}$"),
    ] = ""
    sender: Annotated[
        str,
        Setting(
            label={"en": "Source address", "ko": "발신 주소"},
            help={
                "en": "A number of yours, a short code, or a name of up to 11 characters.",
                "ko": "보유 번호, 단축 번호, 또는 11자 이하의 이름입니다.",
            },
            placeholder="Example",
        ),
        Field(alias="sourceAddress", pattern=r"^(\+?[0-9]{3,15}|[A-Za-z0-9 &+_.-]{1,11})$"),
    ]
    source_type: Annotated[
        TypeOfNumber,
        Setting(
            label={"en": "Source TON", "ko": "발신 TON"},
            help={
                "en": "Automatic goes by what the source address looks like.",
                "ko": "자동이면 발신 주소의 모양을 보고 정합니다.",
            },
            titles=TYPES_OF_NUMBER,
        ),
        Field(alias="sourceTon"),
    ] = "auto"
    source_plan: Annotated[
        NumberingPlan,
        Setting(label={"en": "Source NPI", "ko": "발신 NPI"}, titles=NUMBERING_PLANS),
        Field(alias="sourceNpi"),
    ] = "auto"
    destination_type: Annotated[
        TypeOfNumber,
        Setting(
            label={"en": "Destination TON", "ko": "수신 TON"},
            help={
                "en": "Automatic is 1: numbers always go out in international form.",
                "ko": "자동이면 1입니다. 번호는 항상 국제 형식으로 보냅니다.",
            },
            titles=TYPES_OF_NUMBER,
        ),
        Field(alias="destinationTon"),
    ] = "auto"
    destination_plan: Annotated[
        NumberingPlan,
        Setting(label={"en": "Destination NPI", "ko": "수신 NPI"}, titles=NUMBERING_PLANS),
        Field(alias="destinationNpi"),
    ] = "auto"
    alphabet: Annotated[
        Literal["gsm7", "gsm7Packed", "latin1Default", "latin1"],
        Setting(
            label={"en": "Default alphabet", "ko": "기본 문자표"},
            help={
                "en": "How the SMSC reads plain texts. Wrong characters such as ¡ for @ say that "
                "it is another one.",
                "ko": "SMSC가 일반 문자를 읽는 방식입니다. @ 대신 ¡처럼 엉뚱한 글자가 보이면 다른 "
                "값을 고릅니다.",
            },
            titles={
                "gsm7": {"en": "GSM-7", "ko": "GSM-7"},
                "gsm7Packed": {"en": "GSM-7, packed", "ko": "GSM-7, 압축"},
                "latin1Default": {"en": "Latin-1", "ko": "Latin-1"},
                "latin1": {
                    "en": "Latin-1, with data coding 3",
                    "ko": "Latin-1, data coding 3으로 표시",
                },
            },
        ),
        Field(alias="defaultAlphabet"),
    ] = "gsm7"
    long_texts: Annotated[
        Literal["udh", "sar", "payload"],
        Setting(
            label={"en": "Long texts", "ko": "긴 문자"},
            help={
                "en": "How a text of more than one segment is handed over.",
                "ko": "한 건을 넘는 문자를 넘기는 방식입니다.",
            },
            titles={
                "udh": {"en": "In parts with a header (UDH)", "ko": "헤더(UDH)를 붙여 나누기"},
                "sar": {"en": "In parts with sar_ parameters", "ko": "sar_ 매개변수로 나누기"},
                "payload": {"en": "Whole, as message_payload", "ko": "message_payload로 한 번에"},
            },
        ),
        Field(alias="longTexts"),
    ] = "udh"
    validity: Annotated[
        Literal["relative", "absolute", "none"],
        Setting(
            label={"en": "Validity period", "ko": "유효 기간"},
            help={
                "en": "Tells the SMSC to drop a message whose code has expired.",
                "ko": "인증번호가 만료된 문자를 SMSC가 버리도록 알립니다.",
            },
            titles={
                "relative": {"en": "As a duration", "ko": "남은 시간으로"},
                "absolute": {"en": "As a point in time", "ko": "시각으로"},
                "none": {"en": "Say nothing", "ko": "알리지 않음"},
            },
        ),
        Field(alias="validityPeriod"),
    ] = "relative"
    wants_receipts: Annotated[
        bool,
        Setting(
            label={"en": "Delivery receipts", "ko": "전송 결과 받기"},
            help={
                "en": "Some providers charge for them.",
                "ko": "요금을 받는 사업자도 있습니다.",
            },
        ),
        Field(alias="deliveryReceipts"),
    ] = True
    message_ids: Annotated[
        Literal["automatic", "same", "hexThenDecimal", "decimalThenHex"],
        Setting(
            label={"en": "Message IDs in receipts", "ko": "전송 결과의 메시지 ID"},
            help={
                "en": "Some SMSCs write an ID in one form when they take a message, and in "
                "another when they report on it.",
                "ko": "메시지를 받을 때와 결과를 알릴 때 ID를 서로 다른 형식으로 쓰는 SMSC가 "
                "있습니다.",
            },
            titles={
                "automatic": AUTOMATIC,
                "same": {"en": "The same", "ko": "같음"},
                "hexThenDecimal": {
                    "en": "Hexadecimal, then decimal in receipts",
                    "ko": "16진수, 전송 결과에서는 10진수",
                },
                "decimalThenHex": {
                    "en": "Decimal, then hexadecimal in receipts",
                    "ko": "10진수, 전송 결과에서는 16진수",
                },
            },
        ),
        Field(alias="messageIds"),
    ] = "automatic"
    window: Annotated[
        int,
        Setting(
            label={"en": "Window size", "ko": "창 크기"},
            help={
                "en": "How many messages may wait for the SMSC's answer at once.",
                "ko": "SMSC의 응답을 동시에 기다릴 수 있는 메시지 수입니다.",
            },
        ),
        Field(alias="windowSize", ge=1, le=1000),
    ] = 10
    enquire_link: Annotated[
        int,
        Setting(
            label={"en": "Seconds between enquire_link", "ko": "enquire_link 간격(초)"},
            help={
                "en": "After so much silence we ask whether the SMSC is still there.",
                "ko": "이 시간 동안 조용하면 SMSC가 살아 있는지 확인합니다.",
            },
        ),
        Field(alias="enquireLinkSeconds", ge=5, le=600),
    ] = 30

    @property
    def address(self) -> Address:
        """Return where the SMSC listens."""
        return Address(self.host, self.port, self.tls)

    @property
    def source(self) -> dict[str, Any]:
        """Return the sender, as the fields of a `submit_sm`."""
        kind, plan = _shape(self.sender)
        return {
            "source_addr_ton": kind if self.source_type == "auto" else int(self.source_type),
            "source_addr_npi": plan if self.source_plan == "auto" else int(self.source_plan),
            "source_addr": self.sender.removeprefix("+") if kind == 1 else self.sender,
        }

    def destination(self, digits: str) -> dict[str, Any]:
        """Return the recipient, as the fields of a `submit_sm`."""
        return {
            "dest_addr_ton": 1 if self.destination_type == "auto" else int(self.destination_type),
            "dest_addr_npi": 1 if self.destination_plan == "auto" else int(self.destination_plan),
            "destination_addr": digits,
        }

    @model_validator(mode="after")
    def _has_an_ascii_password(self) -> Self:
        password = self.password.get_secret_value()
        if not password.isascii() or not password.isprintable():
            raise rule_broken("password", "SMPP passwords have ASCII characters only")
        return self


def _shape(sender: str) -> tuple[int, int]:
    # Short codes first: seven or eight digits without a + are more often one than a number.
    if SHORT_CODE.fullmatch(sender):
        return 3, 0
    if INTERNATIONAL.fullmatch(sender):
        return 1, 1
    return 5, 0
