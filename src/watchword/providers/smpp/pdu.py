"""Protocol data units: python-smpplib's codec, with types and without surprises.

Only its codec: its client blocks, and opens connections that nobody guards.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from smpplib import command, command_codes, consts, exceptions

Value = int | str | bytes

HEADER = struct.Struct(">IIII")
# A receipt or a bind answer is far smaller; whoever sends more does not speak SMPP.
LARGEST = 64 * 1024
LARGEST_SEQUENCE = 0x7FFFFFFF
IS_RESPONSE = 0x80000000
TAG_AND_LENGTH = struct.Struct(">HH")
NAMES: Mapping[int, str] = {code: name for name, code in command_codes.commands.items()}
PARAMETERS: Mapping[int, str] = {code: name for name, code in consts.OPTIONAL_PARAMS.items()}

# What foreign octets make the codec raise.
UNREADABLE = (
    exceptions.UnknownCommandError,
    struct.error,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
)


class UnreadablePdu(ValueError):
    """These octets are no SMPP."""


@dataclass(frozen=True, repr=False)
class Header:
    """What every unit begins with."""

    length: int
    command_id: int
    status: int
    sequence: int

    @classmethod
    def read(cls, octets: bytes) -> "Header":
        """Read the first sixteen octets; raises UnreadablePdu."""
        header = cls(*HEADER.unpack(octets))
        if not HEADER.size <= header.length <= LARGEST:
            raise UnreadablePdu(f"a unit of {header.length} octets")
        return header

    @property
    def command(self) -> str:
        """Return the command's name; blank where SMPP 3.4 has none."""
        return NAMES.get(self.command_id, "")

    @property
    def is_response(self) -> bool:
        """Tell whether it answers one of our requests."""
        return bool(self.command_id & IS_RESPONSE)


@dataclass(frozen=True, repr=False)
class Pdu:
    """One unit. Its `repr` would hold numbers, texts and passwords, so it has none."""

    command: str
    sequence: int
    status: int = 0
    fields: Mapping[str, Value] = field(default_factory=dict)

    def octets(self) -> bytes:
        """Return it as it goes over the wire."""
        unit = command.factory(self.command, status=self.status, sequence=self.sequence)
        unit.sequence = self.sequence
        for name, value in self.fields.items():
            setattr(unit, name, value)
        octets: bytes = unit.generate()
        return octets

    @classmethod
    def read(cls, header: Header, octets: bytes) -> "Pdu":
        """Read a whole unit, header included; raises UnreadablePdu.

        Parameters that 3.4 does not know are passed over, as it asks for (3.3).
        """
        optional: list[bytes] = []
        try:
            unit = command.factory(header.command, sequence=header.sequence)
            # The codec's own reader cuts the last character of an id without a NUL after it, and
            # lets one wrong length spoil what follows.
            unit.parse_optional_params = optional.append
            unit.parse(octets)
            parameters = dict(_parameters(b"".join(optional)))
        except UNREADABLE as error:
            raise UnreadablePdu(f"{header.command}: {type(error).__name__}") from None
        fields = {name: value for name in unit.params if (value := getattr(unit, name, None))}
        return cls(header.command, header.sequence, header.status, fields | parameters)

    def number(self, name: str) -> int:
        """Return a numeric field; 0 where it is absent."""
        value = self.fields.get(name, 0)
        return int.from_bytes(value, "big") if isinstance(value, bytes) else int(value)

    def text(self, name: str) -> str:
        """Return a text field; blank where it is absent."""
        value = self.fields.get(name, b"")
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        return text.partition("\0")[0]

    def content(self, name: str) -> bytes:
        """Return a field of octets; empty where it is absent."""
        value = self.fields.get(name, b"")
        return value if isinstance(value, bytes) else b""


def _parameters(octets: bytes) -> Iterator[tuple[str, bytes]]:
    position = 0
    while position < len(octets):
        tag, length = TAG_AND_LENGTH.unpack_from(octets, position)
        position += TAG_AND_LENGTH.size
        value = octets[position : position + length]
        if len(value) < length:
            raise UnreadablePdu("a parameter that ends too early")
        position += length
        if tag in PARAMETERS:
            yield PARAMETERS[tag], value
