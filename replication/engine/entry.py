"""Many commands in one log entry: one sync carries them all."""

import struct
from collections.abc import Sequence
from typing import Final

_FORMAT: Final = 1
_COUNT: Final = struct.Struct("<BI")
_LENGTH: Final = struct.Struct("<I")
COMMAND_OVERHEAD_BYTES: Final = _LENGTH.size


class EntryUnreadable(Exception):
    """A committed entry was written by a program that this one does not understand."""


def pack(commands: Sequence[bytes]) -> bytes:
    parts = [_COUNT.pack(_FORMAT, len(commands))]
    for command in commands:
        parts.append(_LENGTH.pack(len(command)))
        parts.append(command)
    return b"".join(parts)


def unpack(payload: bytes) -> list[bytes]:
    """The commands of an entry. A leader's own first entry is empty and has none."""
    if not payload:
        return []
    try:
        entry_format, count = _COUNT.unpack_from(payload)
        if entry_format != _FORMAT:
            raise EntryUnreadable(f"entry format {entry_format}, not {_FORMAT}")
        commands: list[bytes] = []
        at = _COUNT.size
        for _ in range(count):
            (length,) = _LENGTH.unpack_from(payload, at)
            at += _LENGTH.size
            commands.append(payload[at : at + length])
            at += length
    except struct.error as error:
        raise EntryUnreadable(str(error)) from error
    if at != len(payload):
        raise EntryUnreadable(f"{len(payload)} bytes where its lengths say {at}")
    return commands
