"""What an SMSC's answers mean for us. SMPP 3.4, 5.1.3 (`command_status`) and 5.2.28."""

from watchword.connector_kit.errors import (
    AccountSuspended,
    ConnectorError,
    InvalidCredentials,
    InvalidRecipient,
    ProviderRejected,
    ProviderSettingsRefused,
    ProviderThrottled,
    ProviderUnavailable,
    RecipientUnreachable,
    SenderRejected,
    TemplateRejected,
)

SUCCESS = 0x00

# The name as the specification has it, and whom it concerns.
STATUSES: dict[int, tuple[str, type[ConnectorError]]] = {
    0x01: ("ESME_RINVMSGLEN", TemplateRejected),
    0x02: ("ESME_RINVCMDLEN", ProviderRejected),
    0x03: ("ESME_RINVCMDID", ProviderRejected),
    # It dropped the log-in without telling us.
    0x04: ("ESME_RINVBNDSTS", ProviderUnavailable),
    0x05: ("ESME_RALYBND", ProviderSettingsRefused),
    0x06: ("ESME_RINVPRTFLG", ProviderRejected),
    0x07: ("ESME_RINVREGDLVFLG", ProviderSettingsRefused),
    0x08: ("ESME_RSYSERR", ProviderUnavailable),
    0x0A: ("ESME_RINVSRCADR", SenderRejected),
    0x0B: ("ESME_RINVDSTADR", InvalidRecipient),
    0x0C: ("ESME_RINVMSGID", ProviderRejected),
    0x0D: ("ESME_RBINDFAIL", ProviderSettingsRefused),
    0x0E: ("ESME_RINVPASWD", InvalidCredentials),
    0x0F: ("ESME_RINVSYSID", InvalidCredentials),
    0x11: ("ESME_RCANCELFAIL", ProviderRejected),
    0x13: ("ESME_RREPLACEFAIL", ProviderRejected),
    0x14: ("ESME_RMSGQFUL", ProviderThrottled),
    0x15: ("ESME_RINVSERTYP", ProviderSettingsRefused),
    0x33: ("ESME_RINVNUMDESTS", ProviderRejected),
    0x34: ("ESME_RINVDLNAME", ProviderRejected),
    0x40: ("ESME_RINVDESTFLAG", ProviderRejected),
    0x42: ("ESME_RINVSUBREP", ProviderRejected),
    0x43: ("ESME_RINVESMCLASS", ProviderSettingsRefused),
    0x44: ("ESME_RCNTSUBDL", ProviderRejected),
    0x45: ("ESME_RSUBMITFAIL", ProviderRejected),
    0x48: ("ESME_RINVSRCTON", SenderRejected),
    0x49: ("ESME_RINVSRCNPI", SenderRejected),
    0x50: ("ESME_RINVDSTTON", ProviderSettingsRefused),
    0x51: ("ESME_RINVDSTNPI", ProviderSettingsRefused),
    0x53: ("ESME_RINVSYSTYP", ProviderSettingsRefused),
    0x54: ("ESME_RINVREPFLAG", ProviderRejected),
    0x55: ("ESME_RINVNUMMSGS", ProviderRejected),
    0x58: ("ESME_RTHROTTLED", ProviderThrottled),
    0x61: ("ESME_RINVSCHED", ProviderRejected),
    0x62: ("ESME_RINVEXPIRY", ProviderSettingsRefused),
    0x63: ("ESME_RINVDFTMSGID", ProviderRejected),
    0x64: ("ESME_RX_T_APPN", ProviderUnavailable),
    0x65: ("ESME_RX_P_APPN", ProviderRejected),
    0x66: ("ESME_RX_R_APPN", ProviderRejected),
    0x67: ("ESME_RQUERYFAIL", ProviderRejected),
    0xC0: ("ESME_RINVOPTPARSTREAM", ProviderSettingsRefused),
    0xC1: ("ESME_ROPTPARNOTALLWD", ProviderSettingsRefused),
    0xC2: ("ESME_RINVPARLEN", ProviderSettingsRefused),
    0xC3: ("ESME_RMISSINGOPTPARAM", ProviderSettingsRefused),
    0xC4: ("ESME_RINVOPTPARAMVAL", ProviderSettingsRefused),
    0xFE: ("ESME_RDELIVERYFAILURE", RecipientUnreachable),
    0xFF: ("ESME_RUNKNOWNERR", ProviderRejected),
    # Not of 3.4, and yet sent by many: SMPP 5.0, 4.7.6.
    0x100: ("ESME_RSERTYPUNAUTH", ProviderSettingsRefused),
    0x101: ("ESME_RPROHIBITED", AccountSuspended),
    0x102: ("ESME_RSERTYPUNAVAIL", ProviderUnavailable),
    0x103: ("ESME_RSERTYPDENIED", ProviderSettingsRefused),
    0x104: ("ESME_RINVDCS", ProviderSettingsRefused),
    0x105: ("ESME_RINVSRCADDRSUBUNIT", ProviderRejected),
    0x106: ("ESME_RINVDSTADDRSUBUNIT", ProviderRejected),
}

# `message_state`, and the same in the text of a receipt (appendix B). What is not here is a station
# on the way, or says nothing.
FINAL_STATES: dict[str, type[ConnectorError] | None] = {
    "DELIVRD": None,
    "EXPIRED": RecipientUnreachable,
    "DELETED": ProviderRejected,
    "UNDELIV": RecipientUnreachable,
    "REJECTD": ProviderRejected,
}
STATES = {
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
}


def error_of(status: int, words: str = "") -> ConnectorError:
    """Return the error that an unsuccessful answer stands for, with its number in the words."""
    name, error_type = STATUSES.get(status, ("a code of the provider's own", ProviderRejected))
    return error_type(f"SMPP {status} ({status:#x}, {name}){words and ': '}{words}")
