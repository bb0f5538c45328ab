"""What an entry of the log holds: many commands, so that one sync carries them all, or a seal."""

import struct
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from replication.engine import configuration_codec
from replication.membership import Configuration

_FORMAT: Final = 1
_FORMAT_OF_SEALS: Final = 2
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


def pack_seal(configuration: Configuration) -> bytes:
    """The entry that ends one configuration, and names the next."""
    return bytes((_FORMAT_OF_SEALS,)) + configuration_codec.encode(configuration)


def holds_commands(payload: bytes) -> bool:
    """Neither a seal nor a leader's own first entry."""
    return bool(payload) and payload[0] != _FORMAT_OF_SEALS


def seal_in(payload: bytes, index: int, term: int) -> Configuration | None:
    """The configuration that begins behind this entry; None if it is no seal."""
    if payload[:1] != bytes((_FORMAT_OF_SEALS,)):
        return None
    try:
        configuration = configuration_codec.decode(payload[1:])
    except configuration_codec.ConfigurationUnreadable as error:
        raise EntryUnreadable(f"entry {index}: {error}") from error
    return replace(configuration, base_index=index, base_term=term)


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
