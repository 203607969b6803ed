"""Delivery receipts: parameters first, else the text that SMPP 3.4 describes in appendix B."""

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import StrEnum

from watchword.connector_kit.models import DeliveryReport
from watchword.providers.smpp.errors import FINAL_STATES, STATES
from watchword.providers.smpp.pdu import Pdu
from watchword.providers.smpp.texts import UCS_2_CODING

# 5.2.12: bits 5 to 2 of `esm_class`.
MESSAGE_TYPE, RECEIPT_TYPE = 0x3C, 0x04
FIELD = r"(?:^|\s){name}:\s*(\S+)"
ID, STATE, ERROR = (
    re.compile(FIELD.format(name=name), re.IGNORECASE) for name in ("id", "stat", "err")
)
# Its first characters, which may be the code: never looked at.
MESSAGE_TEXT = re.compile(r"(?:^|\s)text:.*", re.IGNORECASE | re.DOTALL)
SAFE = re.compile(r"[^A-Za-z0-9._-]")
REMEMBERED = 10_000
LONGEST_ID = 64


class MessageIds(StrEnum):
    """How an SMSC writes one message's id in its answer, and in the receipt."""

    AUTOMATIC = "automatic"
    SAME = "same"
    HEX_THEN_DECIMAL = "hexThenDecimal"
    DECIMAL_THEN_HEX = "decimalThenHex"


def is_receipt(pdu: Pdu) -> bool:
    """Tell whether the SMSC itself says so.

    A text that merely looks like a receipt may be anyone's reply to us.
    """
    has_type = pdu.number("esm_class") & MESSAGE_TYPE == RECEIPT_TYPE
    return has_type or bool(pdu.text("receipted_message_id"))


def read_receipt(pdu: Pdu) -> DeliveryReport | None:
    """Return the final state that a receipt names; None for stations on the way and nonsense."""
    text = _text_of(pdu)
    message_id = pdu.text("receipted_message_id") or _found(ID, text)
    state = STATES.get(pdu.number("message_state")) or _found(STATE, text).upper()[:7]
    if not 0 < len(message_id) <= LONGEST_ID or state not in FINAL_STATES:
        return None
    error_type = FINAL_STATES[state]
    reason = SAFE.sub("", _found(ERROR, text))[:16]
    words = f"SMPP: {state}" + (f", err {reason}" if reason.strip("0") else "")
    if error_type is None:
        return DeliveryReport(message_id, "delivered", words=words)
    return DeliveryReport(message_id, "undelivered", error_type.error_class, words)


def _text_of(pdu: Pdu) -> str:
    octets = pdu.content("short_message") or pdu.content("message_payload")
    encoding = "utf-16-be" if pdu.number("data_coding") == UCS_2_CODING else "latin-1"
    return MESSAGE_TEXT.sub("", octets.decode(encoding, "replace"))


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[1] if match else ""


@dataclass
class SentIds:
    """The ids of messages whose receipts are to come, in the form that they were given in.

    Many SMSCs answer a submission with a number in hexadecimal and report it in decimal, or the
    other way round.
    """

    form: MessageIds
    _known: "OrderedDict[str, None]" = field(default_factory=OrderedDict, repr=False)

    def given(self, message_id: str) -> str:
        """Return the id to keep for a message that was just taken."""
        kept = self._as_reported(message_id)
        self._known[kept] = None
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return kept

    def reported(self, message_id: str) -> str:
        """Return the id that was kept for the message of a receipt."""
        if self.form is MessageIds.AUTOMATIC:
            candidates = [message_id, *_other_forms(message_id)]
        else:
            candidates = [self._as_kept(message_id)]
        for candidate in candidates:
            if candidate in self._known:
                return candidate
        # Of a message that another process sent, or this one before it was started anew.
        return candidates[0]

    def _as_reported(self, given: str) -> str:
        if self.form is MessageIds.HEX_THEN_DECIMAL:
            return _number(given, 16) or given
        if self.form is MessageIds.DECIMAL_THEN_HEX:
            return _number(given, 10) or given
        return given

    def _as_kept(self, reported: str) -> str:
        if self.form is MessageIds.HEX_THEN_DECIMAL:
            return _number(reported, 10) or reported
        if self.form is MessageIds.DECIMAL_THEN_HEX:
            return _number(reported, 16) or reported
        return reported


def _number(text: str, base: int) -> str:
    # Written out in decimal without leading zeros, so that one number has one form.
    try:
        return str(int(text, base)) if text.isalnum() and text.isascii() else ""
    except ValueError:
        return ""


def _other_forms(message_id: str) -> list[str]:
    forms = []
    if message_id.isascii() and message_id.isdigit():
        number = int(message_id)
        forms += [f"{number:x}", f"{number:X}", f"{number:08x}", f"{number:08X}", str(number)]
    if as_decimal := _number(message_id, 16):
        forms += [as_decimal, as_decimal.zfill(10)]
    return forms
